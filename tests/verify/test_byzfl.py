"""The conformance suite on ByzFL's aggregators, where they are installed: what the how-to says is found."""

from __future__ import annotations

import pytest
from benchmarks.peers import load_byzfl

from byzbounds.verify import check_rule

_MODULES = load_byzfl()
if _MODULES is None:
    pytest.skip("ByzFL is not installed", allow_module_level=True)
byzfl, before = _MODULES

CLAIMS = ("permutation", "translation", "scale", "breakdown")


@pytest.mark.parametrize(
    ("rule", "kappa", "found"),
    [
        (byzfl.TrMean(f=2), 1 / 3, set()),
        (byzfl.MultiKrum(f=2), 8.0, set()),
        (byzfl.Median(), 1.0, {"non-finite input"}),
        (byzfl.Meamed(f=2), 4 / 3, {"non-finite input"}),
        (byzfl.Krum(f=2), 8.0, {"non-finite input"}),
        (byzfl.Average(), None, {"breakdown", "non-finite input"}),
        (byzfl.GeometricMedian(nu=0.1, T=3), 5 / 3, {"translation", "scale", "non-finite input"}),
    ],
    ids=lambda value: type(value).__name__ if callable(value) else "",
)
def test_what_the_suite_finds(rule, kappa, found) -> None:
    result = check_rule(rule, 10, 2, kappa=kappa, claims=CLAIMS, max_examples=40)
    assert {verdict.key.removeprefix("conformance.") for verdict in result.refuted} == found, str(result)


def test_centred_clipping_keeps_a_state() -> None:
    result = check_rule(byzfl.CenteredClipping(), 10, 2, claims=(), max_examples=20)
    assert result["determinism"].outcome == "REFUTED"


@pytest.mark.parametrize(
    ("rule", "among"),
    [
        (byzfl.MDA(f=2), {"permutation": "order matters"}),
        (byzfl.MoNNA(f=2), {"permutation": "order matters", "breakdown": "carry the result"}),
        (byzfl.CAF(f=2), {"unanimity": "NoneType", "translation": "differs", "breakdown": "did not return"}),
        (byzfl.SMEA(f=2), {"unanimity": "IndexError", "determinism": "two calls"}),
    ],
    ids=lambda value: type(value).__name__ if callable(value) else "",
)
def test_what_the_suite_finds_among_other_things(rule, among) -> None:
    result = check_rule(rule, 10, 2, claims=CLAIMS, max_examples=40, time_limit=1.0)
    for name, detail in among.items():
        assert result[name].outcome == "REFUTED", str(result)
        assert detail in result[name].detail


def compose(pre, rule):
    return lambda messages: rule(pre(messages))


@pytest.mark.parametrize(
    ("pre", "found"),
    [
        (before.NNM(f=2), set()),
        (before.Clipping(c=2.0), {"no mutation", "translation", "scale", "unanimity"}),
        (before.ARC(f=2), {"no mutation", "translation"}),
        (before.Bucketing(s=2), {"determinism", "permutation", "translation", "scale"}),
    ],
    ids=lambda value: type(value).__name__ if callable(value) else "",
)
def test_what_the_suite_finds_in_what_comes_before_a_trimmed_mean(pre, found) -> None:
    result = check_rule(compose(pre, byzfl.TrMean(f=2)), 10, 2, claims=CLAIMS[:3], max_examples=40)
    assert {verdict.key.removeprefix("conformance.") for verdict in result.refuted} == found, str(result)

"""The conformance suite on ByzFL's aggregators, where they are installed: what the how-to says is found."""

from __future__ import annotations

import pytest
from benchmarks.peers import load_byzfl

from byzbounds.verify import check_rule

_MODULES = load_byzfl()
if _MODULES is None:
    pytest.skip("ByzFL is not installed", allow_module_level=True)
byzfl = _MODULES[0]

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


def test_the_smallest_diameter_depends_on_the_order() -> None:
    result = check_rule(byzfl.MDA(f=2), 10, 2, claims=("permutation",), max_examples=40)
    assert result["permutation"].outcome == "REFUTED"

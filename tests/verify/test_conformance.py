"""The conformance suite sees each kind of fault, and passes rules that have none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from byzbounds.simulate.aggregation import NNM, Krum, Mean, Median, TrimmedMean
from byzbounds.verify.conformance import NotConforming, RuleCase, check_property, check_rule, rule_checks
from byzbounds.verify.subject import CLAIMABLE, subject
from byzbounds.verify.verdict import Outcome

Array = np.ndarray[Any, Any]


def honest_rule(messages: Array) -> Array:
    """A trimmed mean that a user could have written."""
    ordered = np.sort(messages, axis=-2)
    return ordered[..., 2:-2, :].mean(axis=-2, dtype=messages.dtype)


def in_place(messages: Array) -> Array:
    messages.sort(axis=0)
    return messages[2:-2].mean(axis=0)


def random_rule(messages: Array) -> Array:
    return messages.mean(axis=0) * np.random.default_rng().normal()


def tenth_device(messages: Array) -> Array:
    return np.asarray(messages)[-1]


def shrunk(messages: Array) -> Array:
    return honest_rule(messages) * (1 - 1e-6)


def clipped(messages: Array) -> Array:
    return np.clip(honest_rule(messages), -1, 1)


FAULTS: list[tuple[Callable[..., Any], str]] = [
    (lambda m: honest_rule(m)[None], "shape"),
    (lambda m: honest_rule(m).astype(np.float64), "dtype"),
    (random_rule, "determinism"),
    (in_place, "no mutation"),
    (shrunk, "unanimity"),
    (lambda m: m.mean(axis=0), "non-finite input"),
    (lambda m, f: m[np.arange(len(m)) // f == 0].mean(axis=0) if f else 1 / f, "f = 0"),
    (lambda m: np.asarray(honest_rule(np.asarray(m))), "backend"),
    (lambda m: np.sort(m, axis=0)[2:-2].mean(axis=0), "batch"),
    (tenth_device, "permutation"),
    (lambda m: honest_rule(m) * 1.01, "translation"),
    (clipped, "scale"),
    (honest_rule, "orthogonal"),
    (lambda m: m.mean(axis=0), "breakdown"),
    (lambda m: m.mean(axis=0), "kappa"),
]


@pytest.mark.parametrize(("rule", "name"), FAULTS, ids=[name for _, name in FAULTS])
def test_each_property_is_refuted_on_a_rule_that_lacks_it(rule: Callable[..., Any], name: str) -> None:
    pytest.importorskip("array_api_strict")
    tested = subject(rule, 10, 2, kappa=1.0, claims="all")
    verdict = check_property(tested, name, max_examples=100)
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.counterexample is not None
    json.dumps(verdict.to_json())
    shows_the_fault(rule, name, verdict.counterexample["code"])


def shows_the_fault(rule: Callable[..., Any], name: str, code: str) -> None:
    """Run the code with the faulty rule: what the property looks at is in its results."""
    found: dict[str, Any] = {"rule": rule}
    with np.errstate(all="ignore"):
        exec(code, found)
    result = np.asarray(found["result"], dtype=np.float64)
    if name == "non-finite input":
        assert not np.all(np.isfinite(result))
    elif name == "breakdown":
        assert np.linalg.norm(result - found["honest"].mean(axis=0)) > 1e4
    elif name == "determinism":
        assert not np.array_equal(result, found["result_2"])
    elif name == "no mutation":
        untouched: dict[str, Any] = {"rule": honest_rule}
        exec(code, untouched)
        assert not np.array_equal(found["messages"], untouched["messages"])


def test_the_counterexample_is_code_that_shows_the_fault() -> None:
    verdict = check_property(subject(Mean(), 10, 2, kappa=0.5), "kappa")
    assert verdict.counterexample is not None
    found: dict[str, Any] = {"rule": Mean()}
    exec(verdict.counterexample["code"], found)
    honest = found["honest"]
    deviation = np.sum((found["result"] - honest.mean(axis=0)) ** 2)
    assert deviation > 0.5 * np.mean(np.sum((honest - honest.mean(axis=0)) ** 2, axis=1))


@pytest.mark.parametrize(
    "rule", [TrimmedMean(f=2), Median(), Krum(f=2), NNM(f=2) >> TrimmedMean(f=2), Mean()], ids=repr
)
def test_rules_of_this_package_keep_what_they_declare(rule: Any) -> None:
    result = check_rule(rule, 10, 2, max_examples=25)
    refuted = {verdict.key for verdict in result.refuted}
    assert refuted <= ({"conformance.non-finite input"} if rule == Mean() else set()), str(result)


def test_kappa_is_sharp_from_both_sides() -> None:
    sharp = 2 / (10 - 2 * 2)
    for kappa, outcome in ((sharp, Outcome.HOLDS), (0.95 * sharp, Outcome.REFUTED)):
        assert check_property(subject(TrimmedMean(f=2), 10, 2, kappa=kappa), "kappa").outcome is outcome


def test_what_is_not_claimed_is_not_held_against_a_rule() -> None:
    result = check_rule(honest_rule, 10, 2, max_examples=10)
    assert result.passed
    for name in set(CLAIMABLE) - {"permutation"}:
        assert result[name].outcome is Outcome.VACUOUS
    assert "not claimed" in str(result)


def test_strict_raises_with_the_example() -> None:
    with pytest.raises(NotConforming, match=r"np\.concatenate"):
        check_rule(in_place, 10, 2, max_examples=20, strict=True)


def test_a_rule_that_raises_is_refuted_with_its_error() -> None:
    def raises(messages: Array) -> Array:
        raise RuntimeError(f"no such luck with {len(messages)}")

    assert "no such luck" in check_property(subject(raises, 10, 2), "shape").detail


@rule_checks(
    [RuleCase(TrimmedMean(f=2), n=10, f=2, kappa=1 / 3, max_examples=10), RuleCase(Median(), 5, 1, max_examples=10)]
)
def test_the_decorator_gives_one_test_a_rule_and_property(rule: Any, check: Callable[[Any], None]) -> None:
    check(rule)


def test_the_decorator_fails_on_a_fault() -> None:
    marks = rule_checks([RuleCase(in_place, n=10, f=2, max_examples=20)])
    failed = set()
    for rule, check in (parameter.values for parameter in marks.args[1]):
        try:
            check(rule)
        except AssertionError as error:
            failed.add(str(error).split(":")[0])
    assert failed == {"no mutation"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rule": 3}, "callable"),
        ({"n": 4}, "2f < n"),
        ({"n": 4.0}, "whole number n"),
        ({"f": -1}, "0 <= 2f"),
        ({"kappa": -1}, "kappa >= 0"),
        ({"claims": ["elegance"]}, "elegance"),
        ({"dim": 0}, "dim >= 1"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_rule(**{"rule": honest_rule, "n": 10, "f": 2, **arguments})

"""Exact worst cases of L-statistics, against brute force, closed forms and planted constants."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import pytest
import sympy as sp

from byzbounds.verify.adversary.bracket import judge, worst_case
from byzbounds.verify.adversary.claims import Constant
from byzbounds.verify.adversary.exact_lstat import evaluate, isotonic
from byzbounds.verify.adversary.exact_lstat import worst_case as lstat
from byzbounds.verify.adversary.lstat_dimension import every_dimension, in_dimension
from byzbounds.verify.verdict import Outcome


def trimmed(n, cut):
    return [Fraction(0)] * cut + [Fraction(1, n - 2 * cut)] * (n - 2 * cut) + [Fraction(0)] * cut


def median(n):
    return trimmed(n, (n - 1) // 2)


def lower_median(n):
    return [Fraction(int(i == (n - 1) // 2)) for i in range(n)]


def uneven(n):
    """No symmetry: weights 1, 2, ... on the values but the extremes."""
    total = (n - 2) * (n - 1) // 2
    return [Fraction(0), *(Fraction(i, total) for i in range(1, n - 1)), Fraction(0)]


def on_a_grid(weights, f, norm, reach):
    best = Fraction(0)
    places = [Fraction(i) for i in range(-reach, reach + 1)]
    for honest in itertools.combinations_with_replacement(places, len(weights) - f):
        if len(set(honest)) > 1:
            for byzantine in itertools.combinations_with_replacement(places, f):
                best = max(best, evaluate(weights, honest, byzantine, norm))
    return best


@pytest.mark.parametrize("norm", ["mean", "max"])
@pytest.mark.parametrize(("n", "f"), [(3, 0), (3, 1), (4, 1), (5, 1), (5, 2)])
@pytest.mark.parametrize("make", [median, lower_median, uneven, lambda n: trimmed(n, (n - 1) // 2)])
def test_no_grid_point_is_worse(make, n, f, norm):
    weights = make(n)
    if weights[0] and f:
        return
    worst = lstat(weights, f, norm)
    if worst.value is None:
        return
    assert evaluate(weights, worst.honest, worst.byzantine, norm) == worst.value
    assert on_a_grid(weights, f, norm, 3) <= worst.value


@pytest.mark.parametrize(("n", "f"), [(4, 1), (5, 1), (5, 2), (6, 2)])
def test_grid_attains_the_trimmed_mean(n, f):
    assert (
        on_a_grid(trimmed(n, f), f, "mean", 2 if n > 5 else 3)
        == lstat(trimmed(n, f), f).value
        == Fraction(f, n - 2 * f)
    )


@pytest.mark.parametrize("n", [7, 8, 20, 41])
def test_closed_forms(n):
    for f in range((n + 1) // 2):
        assert lstat(trimmed(n, f), f).value == Fraction(f, n - 2 * f)
        expected = Fraction(n - 1, n + 1 - 2 * f) if n % 2 else Fraction(n - 2, n + 2 - 2 * f)
        assert lstat(median(n), f).value == expected
        assert n % 2 or lstat(lower_median(n), f).value == Fraction(n, n - 2 * f)


def test_isotonic_projection_pools_violators():
    assert isotonic([1, 3, 2, 4]) == [(1, 1), (5, 2), (4, 1)]
    assert isotonic([3, 2, 1]) == [(6, 3)]


def test_thousand_messages():
    bracket = worst_case("cwtm", 1000, 200)
    assert bracket.exact
    assert bracket.lower == Fraction(1, 3)


@pytest.mark.parametrize("rule", ["mean", "cwtm:trim=1"])
def test_rule_without_a_constant(rule):
    bracket = worst_case(rule, 9, 2)
    assert bracket.upper is None
    assert bracket.unbounded
    assert "unbounded, the ratio grows as s^2" in bracket.upper_source
    assert bracket.lower > 10**6
    assert bracket.to_json()["lower"] == math.inf
    assert bracket.verdict is (Outcome.REFUTED if rule.startswith("cwtm") else None)


@pytest.mark.parametrize(
    ("weights", "message"), [([Fraction(1, 2)], "sum to 1"), ([Fraction(2), Fraction(-1)], "weights >= 0")]
)
def test_bad_weights(weights, message):
    with pytest.raises(ValueError, match=message):
        lstat(weights, 0)


def test_largest_norm_reaches_kappa_over_all_dimensions():
    bracket = every_dimension(trimmed(10, 2), 2)
    assert bracket.lower == bracket.upper == Fraction(1, 3)
    assert lstat(trimmed(10, 2), 2, "max").value == Fraction(1, 9)


@pytest.mark.parametrize("weights", [trimmed(9, 2), median(9), median(10), lower_median(10)])
def test_dimension_only_helps(weights):
    brackets = [in_dimension(weights, 2, dim) for dim in (1, 2, 3, 8)]
    lowers = [bracket.lower for bracket in brackets]
    assert lowers == sorted(lowers)
    assert all(bracket.lower <= bracket.upper for bracket in brackets)
    assert brackets[-1].lower == brackets[-1].upper == lstat(weights, 2).value
    for bracket in brackets:
        assert _ratio(weights, bracket) == bracket.lower


def _ratio(weights, bracket):
    """Largest-norm ratio of vector messages, recomputed from scratch."""
    h = len(bracket.honest)
    above, squares = Fraction(0), [Fraction(0)] * h
    for c in range(len(bracket.honest[0])):
        column = [z[c] for z in bracket.honest]
        mean = sum(column) / h
        ordered = sorted(column + [b[c] for b in bracket.byzantine])
        above += (sum(w * x for w, x in zip(weights, ordered, strict=True)) - mean) ** 2
        squares = [square + (x - mean) ** 2 for square, x in zip(squares, column, strict=True)]
    return above / max(squares)


def test_table_i_median_is_refuted_in_one_dimension():
    bracket = worst_case("median", 5, 1, norm="max", dim=1)
    assert bracket.verdict is Outcome.REFUTED
    assert bracket.lower == 1
    assert bracket.published == sp.Rational(25, 32)


def test_dimension_that_refutes_is_found_when_none_is_given():
    bracket = worst_case("median", 5, 1, norm="max")
    assert (bracket.dim, bracket.verdict) == (1, Outcome.REFUTED)


@pytest.mark.parametrize("rule", ["cwtm", "median", "median-lower"])
def test_planted_constants(rule):
    """A constant one per cent below the sharp one is refuted; the sharp one is not."""
    bracket = worst_case(rule, 12, 3)
    value = sp.Rational(bracket.lower.numerator, bracket.lower.denominator)
    assert judge(bracket.lower, bracket.upper, Constant(value * sp.Rational(99, 100), "planted")) is Outcome.REFUTED
    assert judge(bracket.lower, bracket.upper, Constant(value, "planted")) is Outcome.HOLDS
    assert judge(bracket.lower, None, Constant(value, "planted")) is Outcome.INCONCLUSIVE
    assert judge(bracket.lower, bracket.upper, Constant(None, "planted")) is Outcome.VACUOUS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cwtm", 4, 2), "n > 2f"),
        (("cwtm", 5, -1), "n > 2f >= 0"),
        (("cwtm", 5, 1, "median"), 'norm "mean" or "max"'),
        (("cwtm", 5, 1, "mean", 0), "dim >= 1"),
        (("cwtmm", 5, 1), "cwtm"),
        (("cwtm:trim=x", 5, 1), "cwtm:trim=K"),
        (("median:trim=1", 5, 1), "cwtm:trim=K"),
        (("krum-blanchard", 6, 2), "n >= "),
    ],
)
def test_bad_calls(arguments, message):
    with pytest.raises(ValueError, match=message):
        worst_case(*arguments)

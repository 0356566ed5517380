"""Computed expectations agree with enumeration, exactly."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from byzbounds.bounds.inequalities import Status
from byzbounds.bounds.moments import (
    Moment,
    PermutationForm,
    PermutationMean,
    Split,
    SubsetForm,
    UniformSubset,
    dispersion_of_compressed,
    mean_of_compressed,
    sum_of_squares,
)
from byzbounds.bounds.symbols import H, N, V, delta, grad_sq

integers = st.integers(-4, 4)
X = sp.Symbol("X", real=True)


@pytest.mark.parametrize("n", range(2, 7))
def test_subset_moments_count_subsets(n):
    for size in range(1, n + 1):
        subset = UniformSubset(N, H)
        chosen = list(combinations(range(n), size))
        first = Fraction(sum(0 in s for s in chosen), len(chosen))
        pair = Fraction(sum({0, 1} <= set(s) for s in chosen), len(chosen))
        assert subset.first().subs({N: n, H: size}) == sp.Rational(first.numerator, first.denominator)
        assert subset.pair().subs({N: n, H: size}) == sp.Rational(pair.numerator, pair.denominator)
        for order in range(min(3, size) + 1):
            share = Fraction(sum(set(range(order)) <= set(s) for s in chosen), len(chosen))
            value = subset.moment(order).subs({N: n, H: size})
            assert value == sp.Rational(share.numerator, share.denominator)


@settings(max_examples=25, deadline=None)
@given(st.lists(integers, min_size=2, max_size=5), st.data())
def test_subset_forms_agree_with_enumeration(rows, data):
    size = data.draw(st.integers(1, len(rows)))
    trace, total = sum(x * x for x in rows), sum(rows) ** 2
    chosen = list(combinations(rows, size))
    expected = Fraction(sum(sum(s) ** 2 for s in chosen), len(chosen))
    value = SubsetForm(UniformSubset(N, H), sp.Integer(trace), sp.Integer(total)).value()
    assert value.subs({N: len(rows), H: size}) == sp.Rational(expected.numerator, expected.denominator)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(integers, integers), min_size=2, max_size=5))
def test_permutation_forms_agree_with_enumeration(pairs):
    n = len(pairs)
    weights, values = [a for a, _ in pairs], [x for _, x in pairs]
    orders = list(permutations(values))
    square = Fraction(
        sum(sum(a * x for a, x in zip(weights, order, strict=True)) ** 2 for order in orders), len(orders)
    )
    form = PermutationForm(
        sp.Integer(n),
        sp.Integer(sum(a * a for a in weights)),
        sp.Integer(sum(weights) ** 2),
        sp.Integer(sum(x * x for x in values)),
        sp.Integer(sum(values) ** 2),
    )
    assert form.value() == sp.Rational(square.numerator, square.denominator)
    mean = Fraction(sum(sum(a * x for a, x in zip(weights, order, strict=True)) for order in orders), len(orders))
    linear = PermutationMean(sp.Integer(n), sp.Integer(sum(weights)), sp.Integer(sum(values))).value()
    assert linear == sp.Rational(mean.numerator, mean.denominator)


@pytest.mark.parametrize("honest", [1, 2, 3])
def test_independent_errors_split(honest):
    """Errors of plus or minus one on each device, all sign patterns: exact variance of the mean and of the spread."""
    base = list(range(honest))
    patterns = [[(pattern >> i) % 2 * 2 - 1 for i in range(honest)] for pattern in range(2**honest)]
    mean_sq = spread = Fraction(0)
    for pattern in patterns:
        sent = [x + e for x, e in zip(base, pattern, strict=True)]
        mean = Fraction(sum(sent), honest)
        mean_sq += mean**2 / len(patterns)
        spread += sum((x - mean) ** 2 for x in sent) / Fraction(honest) / len(patterns)
    plain_mean = Fraction(sum(base), honest)
    plain_spread = sum((x - plain_mean) ** 2 for x in base) / Fraction(honest)
    one = sp.S.One
    computed_mean = mean_of_compressed(sp.Integer(honest), sp.Rational(str(plain_mean**2)), one).value()
    computed_spread = dispersion_of_compressed(sp.Integer(honest), sp.Rational(str(plain_spread)), one).value()
    assert computed_mean == sp.Rational(str(mean_sq))
    assert computed_spread == sp.Rational(str(spread))


def test_sum_of_squares_about_the_mean():
    values = [1, 5, -2, 7]
    n, mean = 4, sp.Rational(11, 4)
    variance = sum((x - mean) ** 2 for x in values) / n
    assert sum_of_squares(sp.Integer(n), mean**2, variance) == sum(x * x for x in values)


def test_a_row_that_sums_to_zero_sees_the_variance_alone():
    row = sp.Symbol("row", nonnegative=True)
    form = PermutationForm(N, row, sp.S.Zero, sum_of_squares(N, grad_sq / N**2, V), grad_sq)
    assert sp.simplify(form.value() - row * N * V / (N - 1)) == 0


@pytest.mark.parametrize(
    ("expectation", "wrong"),
    [
        (SubsetForm(UniformSubset(N, H), V, grad_sq), H / N * grad_sq),
        (PermutationForm(N, sp.S.One, sp.S.Zero, V, grad_sq), V / N),
        (Split(V, 1 / H, delta), V + delta),
        (PermutationMean(N, sp.S.One, grad_sq), grad_sq),
    ],
)
def test_moment_steps_are_checked(expectation, wrong):
    reason = Moment({X: expectation})
    assert reason.prove(X, expectation.value(), "=").status is Status.PROVED
    assert reason.prove(X, wrong, "=").status is Status.DOES_NOT_FOLLOW

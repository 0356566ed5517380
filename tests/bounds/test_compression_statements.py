"""delta of compressors: derivations are proved, and the values agree with exact expectations over all outcomes."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest
import sympy as sp

from byzbounds.bounds.compression import STATEMENTS
from byzbounds.bounds.inequalities import PSD
from byzbounds.bounds.numeric import evaluate
from byzbounds.bounds.proof import Chain
from byzbounds.bounds.squares import Gram

BY_KEY = {statement.key.removeprefix("compression.delta."): statement for statement in STATEMENTS}


def two_points(x, low, high):
    """Variance of the unbiased draw of x between two levels."""
    return (high - x) * (x - low)


def vectors(q, count=200):
    rng = random.Random(5)
    return [[Fraction(rng.randint(-20, 20), rng.randint(1, 5)) for _ in range(q)] for _ in range(count)]


def delta(name, **values):
    return evaluate(BY_KEY[name], values).exact


@pytest.mark.parametrize("name", [name for name, statement in BY_KEY.items() if statement.derivation is not None])
def test_derivation_is_proved(name):
    report = BY_KEY[name].derivation().check()
    assert report.proved, [step.finding for step in report.failures]


@pytest.mark.parametrize(("q", "k"), [(4, 1), (4, 2), (5, 3), (5, 5)])
def test_randk_by_enumeration(q, k):
    for vector in vectors(q, 10):
        supports = list(itertools.combinations(range(q), k))
        error = Fraction(0)
        for support in supports:
            kept = [x * Fraction(q, k) if i in support else 0 for i, x in enumerate(vector)]
            error += sum((a - b) ** 2 for a, b in zip(kept, vector, strict=True))
        square = sum(x * x for x in vector)
        assert sp.Rational(error / len(supports)) == delta("randk", Q=q, k=k) * sp.Rational(square)


@pytest.mark.parametrize("q", [2, 3, 6])
def test_two_levels_at_the_extremes(q):
    bound = Fraction(str(delta("two_level", Q=q)))
    for vector in vectors(q):
        error = sum(two_points(x, min(vector), max(vector)) for x in vector)
        assert error <= bound * sum(x * x for x in vector)
    worst = [Fraction(1), Fraction(-1), *([Fraction(0)] * (q - 2))]
    assert sum(two_points(x, -1, 1) for x in worst) == bound * 2


@pytest.mark.parametrize("q", [4, 9])
def test_terngrad(q):
    bound = Fraction(str(delta("terngrad", Q=q)))
    for vector in vectors(q):
        largest = max(abs(x) for x in vector)
        error = sum(abs(x) * (largest - abs(x)) for x in vector)
        assert error <= bound * sum(x * x for x in vector)
    root = int(q**0.5)
    small = Fraction(1, root + 1)
    assert (q - 1) * small * (1 - small) == bound * (1 + (q - 1) * small**2)


def test_natural_compression():
    bound = Fraction(str(delta("natural")))
    for x in (Fraction(i, 100) for i in range(100, 201)):
        assert two_points(x, 1, 2) <= bound * x * x
    assert two_points(Fraction(4, 3), 1, 2) == bound * Fraction(16, 9)


@pytest.mark.parametrize(("q", "s"), [(4, 1), (9, 2), (16, 4), (4, 7)])
def test_qsgd_bounds_hold_with_whole_norms(q, s):
    """Vectors of rational norm, so that the levels are rational."""
    bounds = [delta(name, Q=q, s=s) for name in ("qsgd_levels", "qsgd_norm")]
    root = int(q**0.5)
    for vector, norm in (([1] * q, root), ([3, 4] + [0] * (q - 2), 5), ([2] * (q // 4) + [0] * (q - q // 4), root)):
        error = Fraction(0)
        for x in vector:
            steps = Fraction(x * s, norm)
            part = steps - int(steps)
            error += part * (1 - part) * Fraction(norm, s) ** 2
        assert all(sp.Rational(error) <= bound * norm**2 for bound in bounds)


def test_qsgd_with_one_level_is_attained():
    """All entries 1: sum of y(1 - y) with y = 1/sqrt(Q)."""
    assert delta("qsgd_sign", Q=9) == 2
    assert 9 * Fraction(1, 3) * Fraction(2, 3) == 2


def test_published_qsgd_is_not_smaller():
    for q, s in itertools.product((4, 100), (1, 5, 50)):
        published = delta("qsgd", Q=q, s=s)
        assert min(delta("qsgd_levels", Q=q, s=s), delta("qsgd_norm", Q=q, s=s)) <= published


def test_composition_of_randk():
    assert delta("composition", delta1=1, delta2=3) == 7


def test_too_small_constant_is_not_proved():
    gram = Gram(("l", "x"))
    before = sp.expand(gram.inner({"x": 1, "l": -1}, {"l": 2, "x": -1}))
    planted = Chain("planted", before).at_most(gram.product("x", "x") / 9, PSD(gram)).derivation()
    assert not planted.proved


def test_more_coordinates_than_there_are():
    with pytest.raises(ValueError, match="k <= Q"):
        delta("randk", Q=4, k=5)

"""Robustness constants: every derivation is proved, sharp values stand where they should, wrong ones are not proved."""

from __future__ import annotations

import pytest
import sympy as sp

from byzbounds.bounds.inequalities import Squares
from byzbounds.bounds.numeric import evaluate
from byzbounds.bounds.proof import Chain
from byzbounds.bounds.robustness import STATEMENTS
from byzbounds.bounds.robustness.bucketing import s
from byzbounds.bounds.robustness.parts import (
    FLOOR,
    MAJORITY_SHIFT,
    by_subset_mean,
    reduced,
    variance,
)
from byzbounds.bounds.squares import lagrange
from byzbounds.bounds.statement import Relation
from byzbounds.bounds.symbols import H, N, kappa

BY_KEY = {statement.key: statement for statement in STATEMENTS}
DERIVED = [statement for statement in STATEMENTS if statement.derivation is not None]
#: Key, N, H and the value that must come out.
VALUES = [
    ("robustness.kappa.cwtm", 100, 80, sp.Rational(1, 3)),
    ("robustness.kappa.median_odd", 5, 4, sp.Integer(1)),
    ("robustness.kappa.median_even", 10, 6, sp.Integer(2)),
    ("robustness.kappa.median_lower", 10, 8, sp.Rational(5, 3)),
    ("robustness.kappa.median", 11, 8, sp.Rational(5, 3)),
    ("robustness.kappa.geometric_median", 6, 4, sp.Integer(3)),
    ("robustness.kappa.geometric_median_odd", 7, 5, sp.Rational(3, 2)),
    ("robustness.kappa.phocas", 9, 6, sp.Integer(4)),
    ("robustness.kappa.smea", 9, 6, sp.Integer(4)),
    ("robustness.kappa.meamed_odd", 7, 5, sp.Rational(16, 5)),
    ("robustness.kappa.meamed_even", 8, 6, sp.Rational(20, 9)),
    ("robustness.kappa.krum_third", 5, 3, sp.Rational(25, 2)),
    ("robustness.kappa.krum_blanchard_third", 9, 6, sp.Rational(25, 2)),
    ("robustness.kappa.krum_inclusive_third", 9, 6, sp.Rational(121, 5)),
    ("robustness.kappa.caf_third", 8, 6, 2 * (1 + sp.sqrt(6) / 2) ** 2),
    ("robustness.kappa.bulyan", 7, 6, sp.Rational(25, 3)),
    ("robustness.kappa.huber", 3, 2, 4 * (1 + 4 * sp.sqrt(2)) ** 2),
    ("robustness.kappa.centered_clipping", 3, 2, sp.Integer(392)),
]


@pytest.mark.parametrize("statement", DERIVED, ids=lambda statement: statement.key)
def test_derivation_is_proved(statement):
    report = statement.derivation().check()
    assert report.proved, [step.finding for step in report.failures]


@pytest.mark.parametrize(("key", "n", "h", "value"), VALUES)
def test_value(key, n, h, value):
    assert evaluate(BY_KEY[key], {"N": n, "H": h}).exact == value


@pytest.mark.parametrize("statement", DERIVED, ids=lambda statement: statement.key)
def test_no_constant_is_below_the_floor(statement):
    """An upper bound below f/(N - 2f) would contradict the lower bound that is proved for every rule."""
    if statement.relation not in (Relation.UPPER, Relation.TIGHT_UPPER) or not statement.key.startswith(
        "robustness.kappa"
    ):
        return
    points = [{N: n, H: h, kappa: FLOOR.subs({N: n, H: h}), s: 2} for n, h in ((30, 20), (30, 26), (31, 21), (31, 27))]
    holds = [
        bool(statement.derived.subs(point) >= FLOOR.subs(point))
        for point in points
        if all(
            bool(hypothesis.condition.subs(point))
            for hypothesis in statement.hypotheses
            if hypothesis.condition is not None
        )
    ]
    assert holds
    assert all(holds)


@pytest.mark.parametrize("n", [7, 8, 10, 31, 100])
def test_published_constants_are_not_below_the_derived_ones(n):
    for f in range(1, (n + 1) // 2):
        values = {"N": n, "H": n - f}
        for key in ("cwtm", "median_odd", "median_even", "median_lower", "geometric_median", "krum_third"):
            statement = BY_KEY[f"robustness.kappa.{key}"]
            try:
                derived = evaluate(statement, values, form="derived")
            except ValueError:
                assert key.endswith(("odd", "even", "lower"))
                continue
            if not derived.vacuous:
                assert derived.value <= evaluate(statement, values, form="printed").value


def test_krum_bounds_meet_at_a_third():
    values = {"N": 30, "H": 20}
    any_f = evaluate(BY_KEY["robustness.kappa.krum"], values)
    assert sp.simplify(any_f.exact - evaluate(BY_KEY["robustness.kappa.krum_third"], values).exact) == 0


def test_parity_is_a_domain():
    with pytest.raises(ValueError, match="odd number of devices"):
        evaluate(BY_KEY["robustness.kappa.median_odd"], {"N": 10, "H": 8})


def test_honest_minority_is_refused():
    with pytest.raises(ValueError, match="honest majority"):
        evaluate(BY_KEY["robustness.kappa.cwtm"], {"N": 10, "H": 5})


def test_smaller_constant_is_not_proved():
    """The same chain with a constant that is too small must fail."""
    planted = by_subset_mean("planted", 2 * H - N, FLOOR * sp.Rational(9, 10), "planted", "planted")
    assert not planted.proved


def test_cauchy_schwarz_with_too_small_weights_is_not_proved():
    weights = 1 / (2 * H - N) - 1 / H
    wrong = weights * sp.Rational(9, 10)
    chain = Chain("planted", reduced / variance)
    square = lagrange(weights, H * variance, reduced)
    chain.at_most(wrong * H, Squares(((1 / variance, square),), MAJORITY_SHIFT))
    assert not chain.derivation().proved

"""The LAD paper: what is covered, what its claims come to, and values that can be checked by hand."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations, product

import pytest
import sympy as sp

from byzbounds.bounds import get
from byzbounds.bounds.claims import Truth
from byzbounds.bounds.coverage import coverage
from byzbounds.bounds.lad import STATEMENTS
from byzbounds.bounds.numeric import evaluate

RULINGS = {
    "lad.eq33": Truth.FALSE,
    "lad.eq35": Truth.FALSE,
    "lad.threshold.sufficient": Truth.TRUE,
    "lad.threshold.example": Truth.TRUE,
    "lad.threshold.condition": Truth.FALSE,
    "lad.threshold.actual": Truth.FALSE,
    "lad.corollary1": Truth.TRUE,
    "lad.corollary1.deviation": Truth.FALSE,
    "lad.remark1": Truth.TRUE,
    "lad.learning_rate": Truth.TRUE,
    "lad.eq32.kappa": Truth.TRUE,
    "lad.fig2": Truth.FALSE,
    "lad.fig2.example": Truth.FALSE,
    "lad.fig2.condition": Truth.FALSE,
    "lad.fig3": Truth.TRUE,
    "lad.fig3.condition": Truth.FALSE,
    "lad.eq35.load": Truth.TRUE,
    "lad.eq34.load": Truth.TRUE,
    "lad.full_load": Truth.TRUE,
    "lad.quantisation": Truth.FALSE,
    "lad.eq54.independence": Truth.FALSE,
    "lad.draco": Truth.TRUE,
}
CLAIMS = {statement.key: statement.claim for statement in STATEMENTS if statement.claim is not None}


def exact(key, **values):
    return evaluate(get(key), values).exact


def test_every_numbered_equation_is_covered():
    assert {entry.equation for entry in coverage("LAD")} == {str(number) for number in range(1, 71)}


def test_every_step_of_the_appendices_is_derived():
    derived = {entry.equation for entry in coverage("LAD") if entry.steps}
    definitions = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "19", "37"}
    named_only = {"33", "35", "36", "46", "47", "56"}
    missing = {str(number) for number in range(1, 71)} - derived - definitions - named_only
    assert missing == set()


def test_every_claim_has_an_expected_ruling():
    assert set(RULINGS) == set(CLAIMS)


@pytest.mark.parametrize("key", CLAIMS)
def test_rulings(key):
    assert CLAIMS[key].decide().truth is RULINGS[key]


@pytest.mark.parametrize("n", [3, 4])
def test_any_matrix_formula_by_enumeration(n):
    """Lemma 1's value for every 0-1 matrix with d ones a row, rows up to order, all honest sets."""
    for honest, load in product(range(n // 2 + 1, n + 1), range(1, n + 1)):
        rows = list(combinations(range(n), load))
        subsets = list(combinations(range(n), honest))
        values = []
        for matrix in product(rows, repeat=n) if n == 3 else zip(*[rows[i:] + rows[:i] for i in range(n)], strict=True):
            counts = [[column in row for row in matrix] for column in range(n)]
            total = Fraction(0)
            for subset in subsets:
                sums = [Fraction(sum(column[i] for i in subset), load * honest) - Fraction(1, n) for column in counts]
                total += sum(x * x for x in sums) / len(subsets)
            spread = sum((sum(column) - load) ** 2 for column in counts)
            value = exact("lad.lemma1.any_matrix", N=n, H=honest, d=load, spread=spread)
            assert value == sp.Rational(total.numerator, total.denominator)
            values.append(value)
        assert min(values) >= exact("lad.lemma1", N=n, H=honest, d=load)


@pytest.mark.parametrize(("n", "honest", "load"), [(3, 2, 1), (3, 2, 2), (4, 3, 2)])
def test_dispersion_of_the_cyclic_matrix_by_enumeration(n, honest, load):
    gradients = [Fraction(k * k) for k in range(n)]
    mean = sum(gradients) / n
    variance = sum((g - mean) ** 2 for g in gradients) / n
    cases, total = 0, Fraction(0)
    for order in permutations(gradients):
        coded = [sum(order[(i + k) % n] for k in range(load)) / load for i in range(n)]
        for subset in combinations(range(n), honest):
            sent = [coded[i] for i in subset]
            centre = sum(sent) / honest
            total += sum((x - centre) ** 2 for x in sent) / honest
            cases += 1
    value = exact("lad.dispersion", N=n, H=honest, d=load, V=sp.Rational(str(variance)), spread=0)
    assert value == sp.Rational(str(total / cases))


def test_values_by_hand():
    assert exact("lad.lemma2", N=10, d=10, beta=1) == 0
    assert exact("lad.lemma2", N=10, d=1, beta=2) == 4
    assert exact("lad.kappa1", N=100, H=65, d=100, delta=0, beta=1) == 0
    assert exact("lad.kappa4", N=10, H=8, d=10, delta=0) == sp.Rational(2, 100)
    assert exact("lad.sparsification", Q=100, Q_kept=30) == sp.Rational(7, 3)
    turning = exact("lad.fig2.turning_point", N=100, H=65, d=5)
    assert turning == sp.Rational(95 * 30, 66 * 99 * 100)
    around = [turning / 2, turning, 2 * turning]
    orders = [exact("lad.eq33", N=100, H=65, d=5, kappa="3/2", beta=1, delta=delta) for delta in around]
    assert orders[1] < min(orders[0], orders[2])
    assert exact("lad.threshold", N=100, H=65, kappa="3/2") == sp.Rational(800, 281)


def test_theorem_2_at_full_load_has_no_error_term():
    point = {"N": 10, "H": 8, "d": 10, "kappa": "1/2", "beta": 1, "L": 1, "gamma0": "1/2"}
    assert exact("lad.eq34", **point) == 0


def test_theorem_1_tends_to_its_error_term():
    point = {"N": 10, "H": 8, "d": 8, "delta": "1/100", "kappa": "1/10", "beta": 1, "L": 1, "gamma0": "1/100"}
    error = evaluate(get("lad.eq32"), point).value
    far = evaluate(get("lad.theorem1"), {**point, "T": 10**12, "F0": 1, "Fstar": 0}).value
    near = evaluate(get("lad.theorem1"), {**point, "T": 10, "F0": 1, "Fstar": 0}).value
    assert near > far > error > 0
    assert far == pytest.approx(error, rel=1e-6)


def test_at_full_load_a_hypothesis_of_theorem_1_fails():
    point = {"N": 10, "H": 8, "d": 10, "delta": 0, "kappa": "1/2", "beta": 1, "L": 1, "gamma0": "1/2"}
    with pytest.raises(ValueError, match="kappa2 > 0"):
        evaluate(get("lad.eq32"), point)

"""Three evaluators agree over each statement's own domain; bad input is named."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import sympy as sp

from byzbounds.bounds import Hypothesis, Kind, Relation, Role, Source, Statement, get, statements
from byzbounds.bounds.numeric import evaluate, evaluate_grid, parse_range, parse_value
from byzbounds.bounds.sampling import domain_points
from byzbounds.bounds.symbols import N, delta, kappa

WITH_FORMULA = [
    statement.key for statement in statements() if statement.printed is not None or statement.derivation is not None
]
POINT = {"N": 100, "H": 65, "d": 3}


@cache
def exactly(key):
    """Two points of a statement's domain, by symbol name, with the exact evaluations there."""
    statement = get(key)
    points = [{s.name: value for s, value in point.items()} for point in domain_points(statement, 2, seed=len(key))]
    return points, [evaluate(statement, point) for point in points]


@pytest.mark.parametrize("key", WITH_FORMULA)
def test_evaluators_agree(key):
    statement = get(key)
    points, exact = exactly(key)
    assert points, f"no point of the domain of {key} was found"
    precise = evaluate(statement, points[0], mode="mp")
    assert precise.vacuous == exact[0].vacuous
    assert math.isclose(precise.value, exact[0].value, rel_tol=1e-12, abs_tol=1e-300)
    rough = evaluate(statement, points[-1], mode="float")
    assert math.isclose(rough.value, exact[-1].value, rel_tol=1e-6, abs_tol=1e-300)
    names = [symbol.name for symbol in statement.symbols]
    grid = evaluate_grid(statement, {name: np.array([float(point[name]) for point in points]) for name in names})
    np.testing.assert_allclose(grid if names else [grid] * len(points), [r.value for r in exact], rtol=1e-6)


@pytest.mark.parametrize("key", WITH_FORMULA)
def test_axes_broadcast(key):
    statement = get(key)
    points, exact = exactly(key)
    if not statement.symbols:
        return
    shapes = ((2, 1), (1, 3)) if len(statement.symbols) > 1 else ((2, 3),)
    names = [symbol.name for symbol in statement.symbols]
    arrays = {name: np.full(shapes[i % len(shapes)], float(points[0][name])) for i, name in enumerate(names)}
    grid = evaluate_grid(statement, arrays)
    assert grid.shape == (2, 3)
    np.testing.assert_allclose(grid, exact[0].value, rtol=1e-6)


@pytest.mark.parametrize("key", WITH_FORMULA)
def test_bounds_are_never_negative(key):
    """No left-hand side of a bound is negative, so no bound may be."""
    statement = get(key)
    if statement.relation not in (Relation.UPPER, Relation.TIGHT_UPPER) or statement.kind is Kind.STEP:
        return
    if any(symbol.is_nonnegative is None for symbol in statement.symbols):
        return
    assert all(evaluation.value >= 0 for evaluation in exactly(key)[1])


def test_values_are_exact():
    assert evaluate(get("lad.lemma1"), POINT).exact == sp.Rational(35 * 97, 3 * 65 * 99 * 100)
    assert evaluate(get("lad.lemma1"), POINT, mode="mp", digits=30).exact._prec >= 100
    surd = evaluate(get("lad.eq33"), {**POINT, "kappa": "3/2", "beta": 1, "delta": 0}).exact
    assert not surd.has(sp.Float)


def test_a_grid_of_loads_and_compressors():
    grid = evaluate_grid(
        get("lad.kappa1"), {"N": 100, "H": 65, "d": np.arange(1, 101)[:, None], "delta": np.ones(100), "beta": 1}
    )
    assert grid.shape == (100, 100)
    assert np.all(np.diff(grid, axis=0) < 0)


def test_vacuous_points_are_marked():
    theorem = get("lad.theorem1")
    values = {**POINT, "delta": 1, "kappa": 1, "beta": 1, "L": 1, "gamma0": "1e-9", "T": 10, "F0": 1, "Fstar": 0}
    result = evaluate(theorem, values)
    assert result.vacuous
    assert result.exact == sp.oo
    assert result.value == math.inf
    assert "sqrt(kappa kappa2) < 1/N" in result.violated
    assert evaluate_grid(theorem, {name: float(sp.Rational(v)) for name, v in values.items()}) == math.inf


def test_a_vacuous_lower_bound_is_zero():
    statement = Statement(
        "x.low",
        "t",
        Source("byzbounds", "here"),
        Kind.LEMMA,
        Relation.LOWER,
        "x",
        kappa,
        hypotheses=(Hypothesis("kappa < 1", kappa < 1, Role.CONDITION),),
    )
    assert evaluate(statement, {"kappa": 2}).value == 0
    assert evaluate_grid(statement, {"kappa": np.array([0.5, 2.0])}).tolist() == [0.5, 0.0]


INVALID = {
    "missing": ({"N": 100, "H": 65}, "needs H, N, d; missing d"),
    "surplus": ({**POINT, "q": 1}, "knows no parameter q"),
    "minority": ({**POINT, "H": 50}, "needs N >= 2 and N/2 < H <= N, got H=50, N=100"),
    "load": ({**POINT, "d": 101}, "needs 1 <= d <= N, got N=100, d=101"),
    "zero": ({**POINT, "d": 0}, "needs d > 0, got d=0"),
    "fraction": ({**POINT, "d": "1/2"}, "needs a whole number d, got d=1/2"),
    "text": ({**POINT, "d": "three"}, "not a real number: 'three'"),
}


@pytest.mark.parametrize("name", INVALID)
def test_bad_points_are_named(name):
    values, message = INVALID[name]
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        evaluate(get("lad.lemma1"), values)


@pytest.mark.parametrize("name", [name for name in INVALID if name != "text"])
def test_bad_grids_are_named(name):
    values, message = INVALID[name]
    with pytest.raises(ValueError, match=message.split(", got")[0]):
        evaluate_grid(get("lad.lemma1"), {key: float(sp.Rational(value)) for key, value in values.items()})


def test_negative_delta_is_refused():
    values = {**POINT, "delta": "-1/2", "beta": 1}
    with pytest.raises(ValueError, match="needs delta >= 0, got delta=-1/2"):
        evaluate(get("lad.kappa1"), values)


def test_what_has_no_formula_cannot_be_evaluated():
    with pytest.raises(ValueError, match="has no formula form"):
        evaluate(get("lad.problem"), {})
    with pytest.raises(ValueError, match="form is"):
        evaluate(get("lad.lemma1"), POINT, form="guessed")
    with pytest.raises(ValueError, match="mode is"):
        evaluate(get("lad.lemma1"), POINT, mode="guessed")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", sp.Integer(3)),
        ("1/2", sp.Rational(1, 2)),
        ("0.1", sp.Rational(1, 10)),
        ("1e-6", sp.Rational(1, 10**6)),
        ("sqrt(2)/3", sp.sqrt(2) / 3),
        ("-(1+2)^2", sp.Integer(-9)),
        (0.1, sp.Rational(1, 10)),
        (7, sp.Integer(7)),
    ],
)
def test_values_are_read_exactly(text, value):
    assert parse_value(text) == value


@pytest.mark.parametrize(
    "text", ["", "x", "1/0", "sqrt(-1)", "inf", "nan", "1,2", "__import__('os')", "2**99999", "[1]"]
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="not a real number"):
        parse_value(text)


def test_ranges():
    ranges = parse_range("d=1:4", "delta=0:2:5", "kappa=1/2,3", "H=65")
    assert ranges["d"] == (1, 2, 3, 4)
    assert ranges["delta"] == (0, sp.Rational(1, 2), 1, sp.Rational(3, 2), 2)
    assert ranges["kappa"] == (sp.Rational(1, 2), 3)
    assert ranges["H"] == (65,)


@pytest.mark.parametrize("text", ["d", "d=", "=3", "d=4:1", "d=1:2:1", "d=1:2:3:4", "d=a:b"])
def test_bad_ranges_are_refused(text):
    with pytest.raises(ValueError):
        parse_range(text)


def test_a_parameter_is_given_once():
    with pytest.raises(ValueError, match="given twice"):
        parse_range("d=1", "d=2")


def test_truth_values_evaluate():
    statement = Statement(
        "x.truth", "t", Source("byzbounds", "here"), Kind.CLAIM, Relation.PROPOSITION, "", sp.Le(delta, N)
    )
    assert evaluate(statement, {"delta": 1, "N": 2}).exact == sp.true
    assert evaluate_grid(statement, {"delta": np.array([1.0, 3.0]), "N": 2}).tolist() == [1.0, 0.0]

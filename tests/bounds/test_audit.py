"""Audits: limits against brute force, exact thresholds, terms, maps, bad input."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from byzbounds.bounds import Hypothesis, Kind, Relation, Role, Source, Statement, get
from byzbounds.bounds.audit import admissible, audit, feasibility, papers, read_point
from byzbounds.bounds.audit.roots import critical_points
from byzbounds.bounds.audit.truth import decide, take_apart
from byzbounds.bounds.numeric import evaluate

CRA = {"N": 100, "M": 1000, "r": 40, "d_min": "N*r/M", "alpha": "1/5", "C_alpha": "sqrt(2*alpha*(1-alpha))/(1-2*alpha)"}
FULL = {**CRA, "alpha": "3/100", "beta": 1, "L": 1, "T": 100000, "F0": 1, "Fstar": 0, "lambda": "1/1000"}
LAD = {"N": 100, "H": 65, "d": 5, "kappa": "3/2", "delta": "1/2", "beta": 1}
x = sp.Symbol("x", real=True)
n = sp.Symbol("n", integer=True, positive=True)


def own_statement(*conditions: sp.Basic, formula: sp.Expr = x) -> Statement:
    hypotheses = tuple(Hypothesis(str(c), c, Role.CONDITION) for c in conditions)
    return Statement(
        "own.test",
        "Test",
        Source("own", "here"),
        Kind.LEMMA,
        Relation.UPPER,
        "x",
        printed=formula,
        hypotheses=hypotheses,
    )


def limit(report, name: str):
    return next(entry for entry in report.limits if entry.name == name)


def test_the_threshold_of_c_alpha_is_that_of_the_theorem() -> None:
    report = audit("cra.theorem1", CRA)
    assert report.vacuous
    assert report.in_domain
    assert report.applies is False
    assert report.bound is None
    point = {"N": 100, "M": 1000, "r": 40, "d_min": 4}
    (interval,) = limit(report, "C_alpha").intervals
    assert interval.high == evaluate(get("cra.theorem1.condition"), point).exact
    assert interval.exact
    assert not interval.high_included


def test_at_the_threshold_rho1_vanishes() -> None:
    threshold = limit(audit("cra.theorem1", CRA), "C_alpha").nearest
    rho1 = evaluate(get("cra.rho1"), {"N": 100, "M": 1000, "r": 40, "d_min": 4, "C_alpha": threshold}).exact
    assert sp.simplify(rho1) == 0


def test_formulas_follow_the_parameter_that_moves() -> None:
    report = audit("cra.theorem1", CRA)
    assert limit(report, "r").nearest == 625
    with_d_min_fixed = audit("cra.theorem1", {**CRA, "d_min": 4})
    assert limit(with_d_min_fixed, "r").nearest != 625


def test_obstacles_are_sorted_by_how_far_they_are() -> None:
    report = audit("cra.theorem1", CRA)
    assert "N" not in {entry.name for entry in report.obstacles}
    r = next(entry for entry in report.obstacles if entry.name == "r")
    assert r.change == pytest.approx(15.625)
    assert report.obstacles[0].name == "C_alpha"


def test_exact_limit_of_delta_in_the_lad_example() -> None:
    report = audit("lad.theorem1", LAD)
    delta = limit(report, "delta")
    inside, outside = delta.nearest * sp.Rational(99, 100), delta.nearest * sp.Rational(101, 100)
    assert not audit("lad.theorem1", {**LAD, "delta": inside}, refine=False, limits=False).vacuous
    assert audit("lad.theorem1", {**LAD, "delta": outside}, refine=False, limits=False).vacuous
    assert audit("lad.theorem1", {**LAD, "delta": delta.nearest}, refine=False, limits=False).vacuous
    assert limit(report, "d").intervals == ()


def test_whole_number_limits_against_brute_force() -> None:
    values = {"N": 100, "H": 65, "kappa": "3/2", "beta": 1}
    (interval,) = limit(audit("lad.theorem2", {**values, "d": 3}), "d").intervals
    found = [
        d for d in range(1, 101) if not audit("lad.theorem2", {**values, "d": d}, refine=False, limits=False).vacuous
    ]
    assert found == list(range(int(interval.low), int(interval.high) + 1))
    assert interval.exact


def test_terms_add_up_to_the_bound() -> None:
    report = audit("cra.theorem1", FULL)
    assert report.applies
    assert sum(term.value for term in report.terms) == pytest.approx(report.bound)
    assert sum(term.share for term in report.terms) == pytest.approx(1)
    assert report.terms[0].vanishes is False
    assert [term.vanishes for term in report.terms[1:]] == [True] * 3


def test_the_bound_is_that_of_the_evaluators() -> None:
    report = audit("cra.theorem1", FULL, refine=False, limits=False)
    assert report.bound == pytest.approx(evaluate(get("cra.theorem1"), report.values, mode="mp").value)


def test_refined_versions_are_found_by_name_and_are_sharper() -> None:
    report = audit("cra.theorem1", FULL)
    bounds = [refined.bound for refined in report.refinements if refined.bound is not None]
    assert bounds
    assert min(bounds) < report.bound


def test_missing_values_leave_conditions_open() -> None:
    report = audit("lad.theorem2", {"N": 100, "H": 80, "d": 10, "kappa": "1/3"})
    assert report.applies is None
    assert set(report.missing) == {"F0", "Fstar", "L", "T", "beta", "gamma0"}
    assert any(check.missing for check in report.checks)


def test_a_sign_that_a_symbol_demands_is_reported() -> None:
    report = audit("lad.theorem1", {**LAD, "delta": -1})
    assert not report.in_domain
    assert "delta >= 0" in {check.text for check in report.checks if check.met is False}


def test_works_on_any_statement() -> None:
    statement = own_statement(sp.Lt(x**2, 2), sp.Or(x > 1, sp.Lt(x, -1)))
    report = audit(statement, {"x": "1/2"})
    intervals = [str(interval) for interval in limit(report, "x").intervals]
    assert intervals == ["(-sqrt(2), -1)", "(1, sqrt(2))"]
    assert limit(report, "x").nearest == 1


def test_poles_and_roots_of_negative_numbers_are_not_admissible() -> None:
    statement = own_statement(sp.Gt(1 / (x - 1), 0), sp.Gt(sp.sqrt(9 - x), 1))
    (interval,) = admissible(statement.hypotheses, read_point("own", [x], {"x": 0}), x)
    assert str(interval) == "(1, 8)"


def test_what_cannot_be_solved_is_bracketed() -> None:
    statement = own_statement(sp.Lt(sp.log(1 + x**2), 1), sp.Gt(x, 0))
    (interval,) = admissible(statement.hypotheses, read_point("own", [x], {"x": 0}), x)
    assert not interval.exact
    assert float(interval.high) == pytest.approx(float(sp.sqrt(sp.E - 1)), rel=1e-20)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(-6, 6), min_size=2, max_size=4), st.integers(-20, 20))
def test_intervals_agree_with_the_condition(coefficients: list[int], tenth: int) -> None:
    polynomial = sum(c * x**k for k, c in enumerate(coefficients))
    condition = sp.Ge(polynomial, 0) if polynomial != 0 and x in sp.sympify(polynomial).free_symbols else sp.Ge(x, 0)
    value = sp.Rational(tenth, 10)
    intervals = admissible([Hypothesis("c", condition)], read_point("own", [x], {"x": 0}), x)
    assert any(i.contains(value) for i in intervals) == decide(take_apart(condition), {x: value})


def test_spurious_roots_of_squaring_are_dropped() -> None:
    roots = critical_points(sp.sqrt(x) - x + 2, x)
    assert [root.value for root in roots] == [0, 4]


def test_map_agrees_with_audits() -> None:
    values = {"N": 100, "H": 65}
    d, kappa = [1, 4, 10, 50], [0.5, 1.5, 6.0]
    found = feasibility("lad.theorem2", ("d", d), ("kappa", kappa), values)
    assert found.feasible.shape == (3, 4)
    for i, k in enumerate(kappa):
        for j, load in enumerate(d):
            report = audit("lad.theorem2", {**values, "d": load, "kappa": k}, refine=False, limits=False)
            assert found.feasible[i, j] == (report.in_domain and not report.vacuous)
            assert (found.margin[i, j] > 0) == found.feasible[i, j]
    assert found.bound is None
    assert found.ignored


def test_map_with_all_values_has_a_bound_where_feasible() -> None:
    found = feasibility("cra.theorem1", ("r", [40, 200, 2000]), ("alpha", [0.03, 0.3]), FULL)
    assert not found.admissible[:, 2].any()
    assert np.array_equal(np.isfinite(found.bound), found.feasible)
    assert found.feasible[0, 0]
    assert not found.feasible[1, 0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"N": 100, "kapa": 1}, "knows no parameter kapa"),
        ({"d_min": "N*q", "N": 3}, "q"),
        ({"d_min": "r", "r": "d_min"}, "circle"),
        ({"N": "many things"}, "not a real number"),
        ({"N": "1/0"}, "not a real number"),
    ],
)
def test_bad_input(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        audit("cra.theorem1", values)


def test_maps_need_two_parameters() -> None:
    with pytest.raises(ValueError, match="two different parameters"):
        feasibility("lad.theorem2", ("d", [1]), ("d", [1]), {})


def test_report_is_plain_data() -> None:
    import json

    record = json.loads(json.dumps(audit("cra.theorem1", CRA).to_json()))
    assert record["vacuous"] is True
    assert record["obstacles"][0] == "C_alpha"


def test_the_papers_settings_name_their_constants() -> None:
    settings_ = papers.settings()
    assert {s.theorem for s in settings_} == {"lad.theorem1", "lad.theorem2", "cra.theorem1"}
    for setting in settings_:
        assert setting.reason or {"kappa", "C_alpha"} & set(setting.values)


@pytest.mark.slow
def test_outcomes_at_the_papers_own_parameters() -> None:
    rows = papers.rows()
    verdicts = {(row["setting"], row["rule"]): row["verdict"] for row in rows}
    assert all(row["verdict"] == "vacuous" for row in rows if row["setting"].startswith(("LAD Fig. 2", "LAD Fig. 3")))
    assert verdicts["CRA Fig. 2b, alpha = 0.03", "trimmed mean, Table I"] == "not excluded"
    assert verdicts["CRA Fig. 2a, alpha = 0.2", "trimmed mean, Table I"] == "vacuous"

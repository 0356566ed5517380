"""What the refined statements improve, and that they never lose."""

from __future__ import annotations

import math
import random

import pytest
import sympy as sp

from byzbounds.bounds import get
from byzbounds.bounds.inequalities import Status
from byzbounds.bounds.numeric import evaluate, evaluate_grid
from byzbounds.bounds.refined.dominance import CASES, DOMINANCE, _compared
from byzbounds.bounds.refined.improvements import IMPROVES, Improvement, improvement
from byzbounds.bounds.refined.papers import improvement_table


@pytest.mark.parametrize(("refined", "printed"), IMPROVES.items())
def test_both_keys_are_in_the_catalogue(refined: str, printed: str):
    assert get(refined).source.paper == "byzbounds"
    assert get(printed).source.paper in ("LAD", "CRA")


@pytest.mark.parametrize("key", DOMINANCE)
def test_never_above_the_printed_bound(key: str):
    assert key in IMPROVES
    report = DOMINANCE[key]().check()
    assert report.proved, [failure.finding.detail for failure in report.failures]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_the_comparison_fails_the_other_way_round(number: int):
    refined, printed = get(f"refined.lad.kappa{number}").formula, get(f"lad.kappa{number}").printed
    assert _compared("wrong", printed, refined, CASES).check().steps[-1].status is not Status.PROVED


def _value(key: str, point: dict[str, float], form: str = "formula") -> float:
    names = {symbol.name for symbol in get(key).symbols}
    return float(evaluate_grid(get(key), {name: value for name, value in point.items() if name in names}, form=form))


def test_theorem_1_of_lad_at_random_points():
    """The refined bound at the paper's eta, wherever the paper's says something."""
    rng, compared = random.Random(4), 0
    for _ in range(300):
        devices = rng.randint(4, 60)
        point = {"N": devices, "H": rng.randint(devices // 2 + 1, devices), "d": rng.randint(1, devices - 1)}
        point |= {"T": rng.randint(1, 999), "kappa": 10 ** rng.uniform(-4, 0), "beta": 10 ** rng.uniform(-1, 1)}
        point |= {"delta": rng.choice([0, 10 ** rng.uniform(-4, -1)]), "L": 10 ** rng.uniform(-1, 2)}
        point |= {"F0": 10 ** rng.uniform(-2, 4), "Fstar": 0}
        root = math.sqrt(point["kappa"] * _value("lad.kappa2", point, "printed"))
        if not 0 < root < 1 / devices:
            continue
        steep = point["L"] * (root**2 + _value("lad.kappa4", point, "printed"))
        point |= {"gamma0": (1 / devices - root) / steep * rng.uniform(0.01, 0.99), "eta": root}
        printed = _value("lad.theorem1", point, "printed")
        assert math.isfinite(printed)
        assert _value("refined.lad.theorem1", point) <= printed * (1 + 1e-9)
        compared += 1
    assert compared > 50


def test_theorem_1_of_cra_at_random_points():
    rng, compared = random.Random(8), 0
    for _ in range(300):
        devices, load = rng.randint(4, 40), rng.randint(1, 9)
        subsets = devices * rng.randint(1, 5)
        held = min(subsets - 1, load * subsets // devices)
        point = {"N": devices, "M": subsets, "r": held, "alpha": rng.randint(0, devices // 3) / devices}
        point |= {"C_alpha": rng.uniform(0.01, 0.4), "beta": 1, "L": 1, "F0": 3, "Fstar": 0, "T": 99}
        point |= {"d_min": devices * held / subsets, "lambda": devices * rng.uniform(0.1, 20)}
        point["eta"] = 2 * math.sqrt(2) * point["C_alpha"] * (1 - held / subsets) / devices
        printed = _value("cra.theorem1", point, "printed")
        if math.isinf(printed):
            continue
        assert _value("refined.cra.theorem1", point) <= printed * (1 + 1e-9)
        compared += 1
    assert compared > 50


def test_table_at_the_papers_parameters():
    rows = improvement_table()
    assert {row.place for row in rows} >= {
        "LAD Fig. 2",
        "LAD Fig. 3",
        "LAD Fig. 4",
        "LAD Fig. 6",
        "CRA Fig. 2",
        "CRA Fig. 3",
    }
    for row in rows:
        assert row.refined_bound <= row.printed_bound
        assert row.lower_bound <= row.refined_bound
        assert math.isnan(row.ratio) or row.ratio > 1
    silent = [row for row in rows if math.isinf(row.printed_bound) and math.isfinite(row.refined_bound)]
    assert len(silent) > len(rows) / 2


def test_ratio_of_a_bound_that_says_nothing():
    row = Improvement("a", "b", "", {}, math.inf, math.inf)
    assert math.isnan(row.ratio)
    assert Improvement("a", "b", "", {}, math.inf, 2.0).ratio == math.inf
    assert Improvement("a", "b", "", {}, 3.0, math.inf).ratio == 0
    assert Improvement("a", "b", "", {}, 3.0, 0.0).ratio == math.inf


def test_constant_of_lad_without_compression_gains_more_than_four():
    """kappa1 over its refined form is 4 (N - 1) / (H - 1) at delta = 0."""
    found = improvement("refined.lad.kappa1", {"N": 100, "H": 65, "d": 5, "delta": 0, "beta": 1})
    assert found.ratio == pytest.approx(4 * 99 / 64)


@pytest.mark.parametrize(
    ("key", "values", "message"),
    [("refined.lad.lower_bound", {}, "improves no printed"), ("refined.lad.kappa1", {"N": 3}, "needs H")],
)
def test_bad_input(key: str, values: dict[str, int], message: str):
    with pytest.raises(ValueError, match=message):
        improvement(key, values)


def test_best_eta_and_rate_are_best():
    """The closed forms, against a search on a grid."""
    names = {
        "N": 20,
        "H": 15,
        "d": 3,
        "delta": sp.Rational(1, 5),
        "kappa": sp.Rational(1, 3),
        "beta": 1,
        "L": 1,
        "T": 400,
        "F0": 5,
        "Fstar": 0,
    }
    best = evaluate(get("refined.lad.theorem1.best"), names, mode="mp").value
    rate = evaluate(get("refined.lad.theorem1.best_learning_rate"), names, mode="mp").exact
    balanced = get("refined.lad.theorem1.balanced")
    at_best = evaluate(balanced, {**names, "gamma0": sp.nsimplify(rate, rational=True)}, mode="mp").value
    assert at_best == pytest.approx(best, rel=1e-12)
    for factor in (sp.Rational(1, 2), sp.Rational(9, 10), sp.Rational(11, 10)):
        assert (
            evaluate(balanced, {**names, "gamma0": sp.nsimplify(rate * factor, rational=True)}, mode="mp").value > best
        )


def test_best_eta_is_best():
    point = {"N": 20, "L": 1, "gamma0": 9, "steps": 400, "F0": 5, "Fstar": 0}
    point |= {"err_0": 0.03, "err_1": 1e-4, "noise_0": 0.02, "noise_1": 1e-4}
    best = _value("refined.descent.best_eta", point)
    least = _value("refined.descent.fixed", {**point, "eta": best})
    for factor in (0.5, 0.9, 0.99, 1.01, 1.1, 1.5):
        assert _value("refined.descent.fixed", {**point, "eta": factor * best}) > least
    assert least < _value("refined.descent.balanced", point)

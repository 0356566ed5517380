"""The choice of computation matrix, load and allocation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from byzbounds.bounds import get
from byzbounds.bounds.design import CraProblem, LadProblem, design_cra, design_lad, guarantee, lad_constants, matrices
from byzbounds.bounds.numeric import evaluate_grid


def test_corollary_1_picks_the_matrix_with_the_largest_floor():
    """The cyclic matrix minimises the noise, and has the largest floor of all matrices of its load."""
    problem = LadProblem(N=12, H=9, kappa=0.5)
    design = design_lad(problem, 3)
    for load in (1, 2, 3):
        floors = {c.matrix.kind: c.guarantee.floor for c in design.considered if c.matrix.load == load}
        noises = {m.kind: lad_constants(problem, m)[2] for m in matrices(12, load)}
        assert max(floors, key=lambda kind: floors[kind]) == "cyclic"
        assert min(noises, key=lambda kind: noises[kind]) == "cyclic"
        assert floors["one task"] == pytest.approx(0, abs=1e-9)
    assert design.best.matrix.kind == "one task"


def test_fractional_repetition_is_worth_as_much_as_the_cyclic_matrix():
    design = design_lad(LadProblem(N=12, H=9, kappa=0.5, T=50), 3)
    cyclic = next(c for c in design.considered if c.matrix.kind == "cyclic" and c.matrix.load == 3)
    repetition = next(c for c in design.considered if c.matrix.tasks == 4 and c.matrix.load == 3)
    assert repetition.guarantee == cyclic.guarantee


@pytest.mark.parametrize("compressor", ["independent", "shared"])
def test_matrix_changes_at_the_crossover(compressor: str):
    base = {"N": 10, "H": 8, "kappa": 0.05, "delta": 0.5, "T": 1e4, "L": 1.0, "compressor": compressor}
    crossover = design_lad(LadProblem(**base), 2).crossover
    below = design_lad(LadProblem(**base, gamma0=0.98 * crossover), 2)
    above = design_lad(LadProblem(**base, gamma0=1.02 * crossover), 2)
    assert {choice.matrix.kind for choice in below.curve} == {"one task"}
    assert {choice.matrix.kind for choice in above.curve} == {"cyclic"}


def test_best_learning_rate_is_best():
    problem = LadProblem(N=10, H=8, kappa=0.3, delta=0.4, T=500, gap=3.0)
    constants = lad_constants(problem, matrices(10, 2)[0])
    options = {"smoothness": 1.0, "gap": 3.0, "steps": 500.0}
    best = guarantee(10, constants, rate=None, **options)
    at_best = guarantee(10, constants, rate=best.learning_rate, **options)
    assert at_best.bound == pytest.approx(best.bound, rel=1e-12)
    for factor in (0.5, 0.9, 1.1, 1.5):
        assert guarantee(10, constants, rate=factor * best.learning_rate, **options).bound > best.bound
    assert best.bound > best.floor


def test_best_bound_is_the_theorem():
    problem = LadProblem(N=10, H=8, kappa=0.3, delta=0.4, T=500, gap=3.0, beta=2.0)
    cyclic = next(c for c in design_lad(problem, 4).considered if c.matrix.kind == "cyclic" and c.matrix.load == 4)
    point = {"N": 10, "H": 8, "d": 4, "kappa": 0.3, "delta": 0.4, "T": 500, "beta": 2, "L": 1, "F0": 3, "Fstar": 0}
    assert cyclic.guarantee.bound == pytest.approx(float(evaluate_grid(get("refined.lad.theorem1.best"), point)))
    del point["T"], point["L"], point["F0"], point["Fstar"]
    assert cyclic.guarantee.floor == pytest.approx(float(evaluate_grid(get("refined.lad.floor"), point)))


def test_compression_makes_small_kappa_necessary_unless_it_is_shared():
    strong = {"N": 20, "H": 15, "kappa": 0.5, "delta": 3.0, "T": 1000.0}
    assert math.isinf(design_lad(LadProblem(**strong), 3).best.guarantee.bound)
    assert design_lad(LadProblem(**strong, compressor="shared"), 3).best.guarantee.floor == pytest.approx(0, abs=1e-9)


def test_curve_decreases_and_stays_above_the_lower_bound():
    design = design_lad(LadProblem(N=20, H=14, kappa=6 / 8), 12)
    cyclic = [c.guarantee.floor for c in design.considered if c.matrix.kind == "cyclic"]
    assert np.all(np.diff(cyclic) < 0)
    assert np.all(np.array(cyclic) >= np.array(design.lower_bounds))
    assert design.lower_bounds[0] > 0
    assert cyclic[0] / design.lower_bounds[0] == pytest.approx(2 * 20 * 13 / (14 * 19))


@pytest.mark.parametrize("constant", [{"kappa": 0.4}, {"C_alpha": 0.3}])
def test_cra_prefers_equal_overlaps_and_large_loads(constant: dict[str, float]):
    design = design_cra(CraProblem(N=12, M=24, alpha=0.25, **constant), 24)
    assert [choice.r for choice in design.curve] == list(range(2, 25, 2))
    assert {choice.kind for choice in design.curve} == {"equal overlaps"}
    floors = [choice.guarantee.floor for choice in design.curve]
    assert np.all(np.diff(floors) < 0)
    assert floors[-1] == pytest.approx(0, abs=1e-12)
    assert np.all(np.array(floors) >= np.array(design.lower_bounds))
    assert design.best.r == 24


def test_cra_groups_do_not_gain_from_redundancy():
    considered = design_cra(CraProblem(N=12, M=24, alpha=0.25, kappa=0.4)).considered
    groups = [choice.guarantee.floor for choice in considered if choice.kind == "groups"]
    assert len(groups) > 2
    assert groups == pytest.approx([groups[0]] * len(groups))


def test_cra_bound_is_the_theorem():
    problem = CraProblem(N=7, M=7, alpha=2 / 7, kappa=0.4, T=99, gap=2.0)
    fano = next(c for c in design_cra(problem).curve if c.r == 3)
    assert (fano.load, fano.overlap) == (3, 1.0)
    point = {"N": 7, "M": 7, "r": 3, "alpha": 2 / 7, "kappa": 0.4, "beta": 1, "L": 1, "F0": 2, "Fstar": 0, "T": 99}
    expected = float(evaluate_grid(get("refined.cra.kappa.theorem1.best"), point))
    assert fano.guarantee.bound == pytest.approx(expected)


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (lambda: LadProblem(N=4, H=3, kappa=1.0, L=0.0), "L > 0"),
        (lambda: LadProblem(N=4, H=3, kappa=1.0, gap=-1.0), "gap > 0"),
        (lambda: LadProblem(N=4, H=3, kappa=1.0, T=5, gamma0=0.0), "gamma0 > 0"),
        (lambda: LadProblem(N=4, H=3, kappa=1.0, gamma0=0.1), "needs T too"),
        (lambda: LadProblem(N=4, H=3, kappa=1.0, compressor="none"), "independent or shared"),
        (lambda: CraProblem(N=4, M=4, alpha=0.25), "exactly one"),
        (lambda: CraProblem(N=4, M=4, alpha=0.25, kappa=1.0, C_alpha=1.0), "exactly one"),
        (lambda: design_lad(LadProblem(N=4, H=3, kappa=1.0), 5), "budget"),
        (lambda: design_lad(LadProblem(N=4, H=2, kappa=1.0)), "honest"),
        (lambda: design_cra(CraProblem(N=4, M=8, alpha=0.25, kappa=1.0), 1), "whole"),
    ],
)
def test_bad_input(problem: object, message: str):
    with pytest.raises(ValueError, match=message):
        problem()  # type: ignore[operator]

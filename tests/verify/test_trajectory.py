"""Theorems against training runs: right ones hold, lowered ones are refuted, and constants are what they claim."""

from dataclasses import replace

import numpy as np
import pytest

from byzbounds.bounds.catalogue import get
from byzbounds.verify.probe import Settings
from byzbounds.verify.scenes import Location, Scene, train, values
from byzbounds.verify.trajectory import PROBES, check_trajectory, judge
from byzbounds.verify.verdict import Outcome

QUICK = Settings("quick", seed=3, level=1e-4)


SLOW = [pytest.param(key, marks=pytest.mark.slow) for key in ("lad.theorem1", "refined.lad.theorem1.best")]


@pytest.mark.parametrize("key", ["lad.theorem2", "cra.theorem1", "refined.lad.theorem2.best", *SLOW])
def test_a_theorem_holds_on_every_run(key):
    verdict = check_trajectory(get(key), QUICK)
    assert verdict.outcome is Outcome.HOLDS
    assert verdict.points >= 2
    assert "largest measured value over bound" in verdict.detail


@pytest.mark.slow
def test_the_papers_theorem_is_vacuous_where_its_condition_fails():
    verdict = check_trajectory(get("lad.theorem1"), QUICK)
    assert verdict.vacuous >= 2


@pytest.mark.parametrize("key", ["lad.theorem2", "cra.theorem1", "refined.lad.theorem2.best"])
def test_a_tenth_of_a_bound_is_refuted(key):
    statement = get(key)
    lowered = replace(statement, printed=statement.formula / 10, derivation=None)
    assert check_trajectory(lowered, QUICK).outcome is Outcome.REFUTED


def test_a_bound_that_is_attained_up_to_rounding_is_not_refuted_and_one_a_percent_lower_is():
    statement = get("refined.lad.theorem2.best")  # with d = N every run is a plain gradient step
    assert check_trajectory(statement, QUICK).outcome is Outcome.HOLDS
    lowered = replace(statement, printed=statement.formula * 99 / 100, derivation=None)
    assert check_trajectory(lowered, QUICK).outcome is not Outcome.HOLDS


def test_the_location_problem_has_the_same_heterogeneity_everywhere_and_L_equal_to_M():
    problem = Location(np.random.default_rng(0).standard_normal((6, 3)))
    here, there = np.zeros(3), np.full(3, 7.0)
    centred = [g - g.mean(axis=0) for g in (problem.gradients(here), problem.gradients(there))]
    assert np.allclose(*centred)
    step = there - here
    tangent = problem.loss(here) + problem.gradient(here) @ step
    assert np.isclose(problem.loss(there) - tangent, problem.smoothness / 2 * step @ step)
    assert problem.minimum <= problem.loss(here)


def test_beta_of_a_regression_covers_every_visited_point():
    scene = Scene("lad", 20, 4, 5, problem="regression", steps=10, seeds=2)
    seen = train(scene, scene.rate(), 0)
    known = values(scene, seen, scene.rate())
    assert known["beta"] ** 2 >= np.nanmax(seen.measures["heterogeneity"])


def test_samples_decide_only_beyond_their_uncertainty():
    rng = np.random.default_rng(4)
    samples = 1 + 0.1 * rng.standard_normal(20)
    assert judge(samples, 1.5, 1e-3)[0] is Outcome.HOLDS
    assert judge(samples, 0.5, 1e-3)[0] is Outcome.REFUTED
    assert judge(samples, float(samples.mean()), 1e-3)[0] is Outcome.INCONCLUSIVE
    assert judge(np.array([1.0, np.nan]), 9.0, 1e-3)[0] is Outcome.INCONCLUSIVE


def test_false_refutations_of_a_true_equality_are_rarer_than_the_level():
    rng = np.random.default_rng(5)
    level, runs = 0.02, 1000
    refuted = sum(judge(rng.exponential(size=16), 1.0, level)[0] is Outcome.REFUTED for _ in range(runs))
    assert refuted / runs <= level + 3 * (level / runs) ** 0.5


def test_trajectories_cover_both_theorems_of_both_papers_and_the_refined_ones():
    keys = {probe.key for probe in PROBES}
    assert {"lad.theorem1", "lad.theorem2", "cra.theorem1", "cra.theorem2"} <= keys
    assert {"refined.lad.theorem1", "refined.lad.floor", "refined.cra.theorem1", "refined.cra.floor"} <= keys

"""The strongest adversary, against every honest set of small examples."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from byzbounds.bounds import get
from byzbounds.bounds.numeric import evaluate


def factor(n: int, honest: int, kappa: float) -> float:
    return evaluate(get("refined.adaptive.spread"), {"N": n, "H": honest, "kappa": kappa, "pop_var": 1}).value


def worst_error(messages: np.ndarray, honest: tuple[int, ...], kappa: float) -> float:
    """Squared error of a rule that is off by kappa times the dispersion, in the worst direction."""
    chosen = messages[list(honest)]
    average = chosen.mean(axis=0)
    dispersion = np.mean(np.sum((chosen - average) ** 2, axis=1))
    return float((math.sqrt(kappa * dispersion) + np.linalg.norm(average - messages.mean(axis=0))) ** 2)


@pytest.mark.parametrize(("n", "honest"), [(3, 2), (5, 3), (6, 5), (7, 4)])
def test_no_honest_set_exceeds_the_bound(n: int, honest: int):
    rng = np.random.default_rng(n)
    for _ in range(100):
        messages, kappa = rng.standard_t(2, size=(n, 2)), float(rng.uniform(0, 3))
        variance = np.mean(np.sum((messages - messages.mean(axis=0)) ** 2, axis=1))
        bound = factor(n, honest, kappa) * variance
        for chosen in combinations(range(n), honest):
            assert worst_error(messages, chosen, kappa) <= bound * (1 + 1e-12)


@pytest.mark.parametrize(("n", "honest", "kappa"), [(6, 4, 1.0), (10, 8, 1 / 3), (20, 14, 0.75)])
def test_bound_is_attained(n: int, honest: int, kappa: float):
    """Byzantine places all alike, honest ones spread so that bias and dispersion are in the best proportion."""
    f = n - honest
    off = 1.0
    dispersion = off**2 * n**2 * kappa / f**2
    messages = np.full(n, -honest * off / f)
    messages[:honest] = off + math.sqrt(dispersion) * np.where(np.arange(honest) % 2, 1, -1)
    error = worst_error(messages[:, None], tuple(range(honest)), kappa)
    assert error == pytest.approx(factor(n, honest, kappa) * np.var(messages))


def test_floor_is_four_times_what_no_server_beats():
    for n, honest in ((5, 3), (12, 8), (100, 51), (100, 99)):
        point = {"N": n, "H": honest, "beta": 1}
        lower = evaluate(get("refined.lad.lower_bound.uncoded"), point).exact
        best = {"kappa": evaluate(get("robustness.kappa.lower_bound"), {"N": n, "H": honest}).exact, "d": 1}
        assert evaluate(get("refined.lad.adaptive.floor"), {**point, **best}).exact == 4 * lower


def test_any_honest_sets_cost_little_in_cra():
    """Without random identities the floor grows by (kappa + alpha) / kappa and a little."""
    point = {"N": 100, "M": 1000, "r": 40, "alpha": 0.2, "kappa": 1 / 3, "beta": 1}
    fixed = evaluate(get("refined.cra.adaptive.floor"), point).value
    uniform = evaluate(get("refined.cra.kappa.floor"), point).value
    assert 1 < fixed / uniform < 2.1

"""The descent results on a quadratic whose aggregation error is a constant bias: everything is known exactly."""

from __future__ import annotations

import random

import numpy as np
import pytest

from byzbounds.bounds import get
from byzbounds.bounds.numeric import evaluate_grid


def moments(rates: np.ndarray, n: int, smoothness: float, start: float, bias: float, noise: float) -> np.ndarray:
    """E x_t^2 for x <- x - gamma (L x / N + bias + noise), t = 0 .. steps."""
    mean, variance, found = start, 0.0, [start**2]
    for rate in rates:
        shrink = 1 - rate * smoothness / n
        mean, variance = shrink * mean - rate * bias, shrink**2 * variance + rate**2 * noise
        found.append(mean**2 + variance)
    return np.array(found)


def value(key: str, point: dict[str, float]) -> float:
    names = {symbol.name for symbol in get(key).symbols}
    return float(evaluate_grid(get(key), {name: number for name, number in point.items() if name in names}))


def _problem(seed: int) -> tuple[dict[str, float], float, float]:
    rng = random.Random(seed)
    n, smoothness, start = rng.randint(2, 30), 10 ** rng.uniform(-1, 1), 10 ** rng.uniform(-1, 2)
    bias, noise = 10 ** rng.uniform(-2, 1), 10 ** rng.uniform(-2, 2)
    point = {"N": n, "L": smoothness, "mu_PL": smoothness, "F0": smoothness * start**2 / 2, "Fstar": 0.0}
    point |= {"err_0": bias**2, "err_1": 0.0, "noise_0": noise, "noise_1": 0.0}
    point |= {"gamma0": n / smoothness * rng.uniform(0.05, 0.95), "steps": rng.randint(2, 200)}
    return point, start, bias


@pytest.mark.parametrize("seed", range(12))
def test_fixed_learning_rate(seed: int):
    point, start, bias = _problem(seed)
    rates = np.full(int(point["steps"]), point["gamma0"])
    squares = moments(rates, int(point["N"]), point["L"], start, bias, point["noise_0"])
    mean = point["L"] ** 2 * np.mean(squares[:-1])
    for eta in (0.2, 0.7, 1.0, 1.3):
        assert mean <= value("refined.descent.fixed", {**point, "eta": eta / point["N"]}) * (1 + 1e-12)
    assert mean <= value("refined.descent.balanced", point) * (1 + 1e-12)
    assert point["L"] / 2 * squares[-1] <= value("refined.descent.pl", point) * (1 + 1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_decaying_learning_rates(seed: int):
    point, start, bias = _problem(seed)
    steps = np.arange(int(point["steps"]))
    rates = point["gamma0"] / np.sqrt(steps + 1)
    squares = moments(rates, int(point["N"]), point["L"], start, bias, point["noise_0"])
    least = point["L"] ** 2 * np.min(squares[:-1])
    sums = {"sum_rates": rates.sum(), "sum_rates_sq": (rates**2).sum()}
    varying = value("refined.descent.varying", {**point, **sums})
    assert least <= varying * (1 + 1e-12)
    assert varying <= value("refined.descent.decaying", point) * (1 + 1e-12)
    slope = point["mu_PL"] / point["N"]
    rates = point["gamma0"] / (1 + slope * point["gamma0"] * steps / 2)
    squares = moments(rates, int(point["N"]), point["L"], start, bias, point["noise_0"])
    assert point["L"] / 2 * squares[-1] <= value("refined.descent.pl_decaying", point) * (1 + 1e-12)


def test_floor_is_attained_by_a_constant_bias():
    point, start, bias = _problem(3)
    rates = np.full(20000, 1e-2 * point["N"] / point["L"])
    last = moments(rates, int(point["N"]), point["L"], start, bias, 0.0)[-1]
    assert point["L"] ** 2 * last == pytest.approx(value("refined.descent.floor", point))

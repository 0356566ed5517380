"""What the refined theorems guarantee for given bounds on the aggregation error and on the noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..catalogue import get
from ..numeric import evaluate_grid


@dataclass(frozen=True)
class Guarantee:
    """What the refined theorems say for some bounds on the aggregation error and on the honest average's noise.

    Attributes
    ----------
    bound : float
        On the mean of E||grad F||^2 over the iterations; on its limit if no number of iterations is given.
    floor : float
        Its limit as the iterations grow and the learning rate tends to zero.
    learning_rate : float
        At which the bound holds: the given one or the best one; 0 if no number of iterations is given.
    """

    bound: float
    floor: float
    learning_rate: float


def check_descent(owner: str, smoothness: float, gap: float, horizon: float, rate: float | None) -> None:
    """Raise if smoothness, gap, number of iterations or learning rate make no sense together."""
    for name, value in (("L", smoothness), ("gap", gap), ("T", horizon)):
        if not value > 0:
            raise ValueError(f"{owner}({name}={value}) needs {name} > 0")
    if rate is not None and not rate > 0:
        raise ValueError(f"{owner}(gamma0={rate}) needs gamma0 > 0")
    if rate is not None and math.isinf(horizon):
        raise ValueError(f"{owner}(gamma0={rate}) needs T too: the floor is about learning rates that tend to zero")


def value_of(key: str, **point: float) -> float:
    """A statement's value at a point; infinite where its conditions fail."""
    return float(evaluate_grid(get(key), point))


def linear(key: str, **point: float) -> tuple[float, float]:
    """Constant and slope of a statement that is linear in ``||grad F||^2``."""
    names = {symbol.name for symbol in get(key).symbols}
    if "grad_sq" not in names:
        return value_of(key, **point), 0.0
    constant = value_of(key, grad_sq=0.0, **point)
    return constant, value_of(key, grad_sq=1.0, **point) - constant


Constants = tuple[float, float, float, float]


def guarantee(
    devices: int, constants: Constants, *, smoothness: float, gap: float, steps: float, rate: float | None
) -> Guarantee:
    """Bound, floor and learning rate from the general results of the descent lemma.

    Parameters
    ----------
    devices : int
        N.
    constants : tuple of four floats
        ``err_0, err_1, noise_0, noise_1``.
    smoothness, gap : float
        L, and F(x^0) - F^*.
    steps : float
        Iterations, or infinity.
    rate : float or None
        Learning rate, or None for the best one.
    """
    e0, e1, n0, n1 = constants
    floor = value_of("refined.descent.floor", N=devices, err_0=e0, err_1=e1)
    if math.isinf(steps):
        return Guarantee(floor, floor, 0.0)
    named = {"err_0": e0, "err_1": e1, "noise_0": n0, "noise_1": n1, "F0": gap, "Fstar": 0.0, "L": smoothness}
    if rate is not None:
        bound = value_of("refined.descent.balanced", N=devices, gamma0=rate, steps=steps, **named)
        return Guarantee(bound, floor, rate)
    kept = 1 - devices**2 * e1
    if kept <= 0:
        return Guarantee(math.inf, math.inf, 0.0)
    excess = {"excess": 2 * smoothness * gap / steps, "floor": devices**2 * e0, "noise": devices**2 * n0}
    excess |= {"kept": kept, "lost": devices**2 * n1}
    u = value_of("refined.descent.best_point", **excess)
    return Guarantee(value_of("refined.descent.best", **excess), floor, devices / smoothness * u / (1 + u))

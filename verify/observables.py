"""The left-hand sides of the LAD lemmas, each defined once for exact enumeration and for Monte Carlo alike.

Every one is a weighted sum of squared norms of linear combinations of the honest devices' messages, of what these
messages were before compression, and of the mean gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Scales:
    """What bounds the messages of one instance, for the proof that an observable is bounded.

    Attributes
    ----------
    honest : int
        H.
    mean : float
        Norm of the mean gradient mu.
    spread : float
        Bound on the distance of a coded vector from mu, over all tasks and permutations.
    mean_spread : float
        The same for the average of the honest devices' coded vectors.
    blowup : float
        Largest factor by which the compressor can lengthen a vector (1 without compression).
    """

    honest: int
    mean: float
    spread: float
    mean_spread: float
    blowup: float


@dataclass(frozen=True)
class Observable:
    """A quadratic function of what the honest devices send.

    Attributes
    ----------
    name : str
        For reports.
    latex : str
        What is observed.
    combination : callable
        ``combination(H)`` gives an integer matrix of shape ``(m, 2 H + 1)`` that acts on the rows (sent messages, coded
        vectors, mu), and the weight of the sum of squared norms of its result.
    ceiling : callable
        A proved upper bound on the observable from the instance's :class:`Scales`.
    """

    name: str
    latex: str
    combination: Callable[[int], tuple[Integers, Fraction]]
    ceiling: Callable[[Scales], float]

    def of(self, sent: Any, coded: Any, mean: Any) -> Any:
        """Evaluate on arrays ``sent`` and ``coded`` of shape ``(..., H, q)`` and ``mean`` of shape ``(q,)``."""
        honest = coded.shape[-2]
        matrix, weight = self.combination(honest)
        parts = matrix[:, :honest] @ sent + matrix[:, honest:-1] @ coded + matrix[:, -1:] * mean
        return float(weight) * np.sum(parts * parts, axis=(-2, -1))


def _blocks(sent: Integers, coded: Integers, mean: Integers) -> Integers:
    return np.concatenate([sent, coded, mean], axis=1)


def _zeros(rows: int, columns: int) -> Integers:
    return np.zeros((rows, columns), dtype=np.int64)


def _mean_deviation(sent: bool) -> Callable[[int], tuple[Integers, Fraction]]:
    def combination(honest: int) -> tuple[Integers, Fraction]:
        ones, none = np.ones((1, honest), dtype=np.int64), _zeros(1, honest)
        mean = np.full((1, 1), -honest, dtype=np.int64)
        return _blocks(ones if sent else none, none if sent else ones, mean), Fraction(1, honest**2)

    return combination


def _dispersion(sent: bool) -> Callable[[int], tuple[Integers, Fraction]]:
    def combination(honest: int) -> tuple[Integers, Fraction]:
        centre = honest * np.eye(honest, dtype=np.int64) - 1
        none = _zeros(honest, honest)
        blocks = _blocks(centre if sent else none, none if sent else centre, _zeros(honest, 1))
        return blocks, Fraction(1, honest**3)

    return combination


def _mean_square(sent: bool) -> Callable[[int], tuple[Integers, Fraction]]:
    def combination(honest: int) -> tuple[Integers, Fraction]:
        ones, none = np.ones((1, honest), dtype=np.int64), _zeros(1, honest)
        return _blocks(ones if sent else none, none if sent else ones, _zeros(1, 1)), Fraction(1, honest**2)

    return combination


def _each(coded: int, sent: int, mean: int, weight: Callable[[int], Fraction]) -> Any:
    def combination(honest: int) -> tuple[Integers, Fraction]:
        identity = np.eye(honest, dtype=np.int64)
        blocks = _blocks(sent * identity, coded * identity, np.full((honest, 1), mean, dtype=np.int64))
        return blocks, weight(honest)

    return combination


def _average(honest: int) -> Fraction:
    return Fraction(1, honest)


def _total(_: int) -> Fraction:
    return Fraction(1)


def _coded(scales: Scales) -> float:
    return (scales.mean + scales.mean_spread) ** 2


def _lost(scales: Scales) -> float:
    """Norm of a compression error: each coordinate is lost, or grows by blowup - 1."""
    return max(1.0, scales.blowup - 1) * (scales.mean + scales.spread)


def _sent(scales: Scales) -> float:
    return scales.blowup * (scales.mean + scales.spread)


OBSERVABLES: tuple[Observable, ...] = (
    Observable(
        "mean coded deviation",
        r"\|\frac1H\sum_{i\in\mathcal H}g_i-\mu\|^2",
        _mean_deviation(sent=False),
        lambda s: s.mean_spread**2,
    ),
    Observable(
        "mean sent deviation",
        r"\|\bar g-\mu\|^2",
        _mean_deviation(sent=True),
        lambda s: (_lost(s) + s.mean_spread) ** 2 if s.blowup > 1 else s.mean_spread**2,
    ),
    Observable(
        "coded dispersion",
        r"\frac1H\sum_{i\in\mathcal H}\|g_i-\frac1H\sum_{j\in\mathcal H}g_j\|^2",
        _dispersion(sent=False),
        lambda s: s.spread**2,
    ),
    Observable(
        "sent dispersion",
        r"\frac1H\sum_{i\in\mathcal H}\|\hat g_i-\bar g\|^2",
        _dispersion(sent=True),
        lambda s: _sent(s) ** 2 if s.blowup > 1 else s.spread**2,
    ),
    Observable("mean sent square", r"\|\bar g\|^2", _mean_square(sent=True), lambda s: _sent(s) ** 2),
    Observable("mean coded square", r"\|\frac1H\sum_{i\in\mathcal H}g_i\|^2", _mean_square(sent=False), _coded),
    Observable(
        "coded deviation",
        r"\|g_i-\mu\|^2",
        _each(1, 0, -1, _average),
        lambda s: s.spread**2,
    ),
    Observable("coded square", r"\|g_i\|^2", _each(1, 0, 0, _average), lambda s: (s.mean + s.spread) ** 2),
    Observable(
        "total coded square",
        r"\sum_{i\in\mathcal H}\|g_i\|^2",
        _each(1, 0, 0, _total),
        lambda s: s.honest * (s.mean + s.spread) ** 2,
    ),
    Observable(
        "compression error",
        r"\frac1H\sum_{i\in\mathcal H}\|\hat g_i-g_i\|^2",
        _each(-1, 1, 0, _average),
        lambda s: _lost(s) ** 2,
    ),
)

BY_NAME = {observable.name: observable for observable in OBSERVABLES}


def observable(name: str) -> Observable:
    """The observable of this name."""
    return BY_NAME[name]


def spread_bounds(gradients: npt.NDArray[np.float64], load: int, honest: int) -> tuple[float, float]:
    """Bound the distance of a coded vector, and of the honest devices' average, from the mean gradient.

    Parameters
    ----------
    gradients : numpy.ndarray, shape (N, q)
        Gradients of the subsets.
    load, honest : int
        d and H.

    Returns
    -------
    tuple of float
        With ``a = w - 1/N`` and ``a 1 = 0``, ``||a G|| <= ||a|| sigma``, where sigma is the largest singular value of
        the centred gradients. A coded vector has ``||a||^2 = 1/d - 1/N``. The average over H honest devices has
        weights ``theta_k / (d H)`` with ``theta_k <= d`` and ``sum theta_k = d H``, so ``||a||^2 <= 1/H - 1/N``, and
        also at most ``1/d - 1/N`` by convexity.
    """
    devices = gradients.shape[0]
    sigma = float(np.linalg.norm(gradients - gradients.mean(axis=0), 2)) * (1 + 1e-12)
    alone = max(1 / load - 1 / devices, 0.0)
    together = max(min(1 / honest, 1 / load) - 1 / devices, 0.0)
    return sigma * math.sqrt(alone), sigma * math.sqrt(together)

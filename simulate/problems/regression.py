"""Linear regression with one sample a subset: the experiments of both papers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

from ..arrays import host_view, to_namespace
from ..randomness import Purpose, stream
from .base import Array, HeldSubsets, Indices, take_entries, take_rows, to_host

Spread = Literal["variance", "deviation"]
"""How the second argument of N(0, s) is read: as the variance (literal), or as the standard deviation."""

_SPREADS = ("variance", "deviation")


@dataclass(frozen=True, eq=False)
class LinearRegression:
    """F(x) = sum_k f_k(x), f_k(x) = (<x, z_k> - y_k)^2 / 2 (LAD (37), CRA (41)).

    Parameters
    ----------
    features
        The z_k as rows, (..., M, Q): leading axes are runs, each with data of its own.
    labels
        The y_k, (..., M).
    """

    features: Array
    labels: Array

    def __post_init__(self) -> None:
        if self.features.ndim < 2 or self.features.shape[:-1] != self.labels.shape:
            raise ValueError(
                f"LinearRegression needs features (..., M, Q) and labels (..., M), got features of shape "
                f"{tuple(self.features.shape)} and labels of shape {tuple(self.labels.shape)}"
            )

    @property
    def subsets(self) -> int:
        """M, the number of subsets."""
        return int(self.features.shape[-2])

    @property
    def dimension(self) -> int:
        """Q, the number of parameters."""
        return int(self.features.shape[-1])

    @property
    def runs(self) -> int | None:
        """Number of runs with data of their own, None if all share them."""
        return None if self.features.ndim == 2 else int(self.features.shape[0])

    def residuals(self, x: Array) -> Array:
        """<x, z_k> - y_k for x of shape (..., Q); shape (..., M)."""
        if self.features.ndim == 2:
            return x @ self.features.T - self.labels
        return (self.features @ x[..., None])[..., 0] - self.labels

    def gradients(self, x: Array, order: Indices | None = None) -> Array:
        """Gradients of the subsets, or of those that order names, run by run; shape (..., M or n, Q)."""
        residuals = self.residuals(x)
        if order is None:
            return residuals[..., None] * self.features
        return take_entries(residuals, order)[..., None] * take_rows(self.features, order)

    def combine(self, x: Array, weights: Array) -> Array:
        """Products of weights, (..., N, M), and the gradients, never materialised: (weights * residuals) @ features."""
        return (weights * self.residuals(x)[..., None, :]) @ self.features

    def combine_held(self, x: Array, held: HeldSubsets) -> Array | None:
        """`combine` by a sparse product in host memory, or None where the arrays are not there."""
        features, residuals = host_view(self.features), host_view(self.residuals(x))
        if features is None or residuals is None:
            return None
        from scipy.sparse import csr_array

        runs, devices, subsets = held.shape
        places = held.runs * subsets + held.columns
        values = (held.values * residuals.reshape(-1)[places]).astype(features.dtype, copy=False)
        columns = held.columns if features.ndim == 2 else places
        flat = features.reshape(-1, features.shape[-1])
        matrix = csr_array((values, columns, held.starts), shape=(runs * devices, len(flat)))
        return to_namespace(array_namespace(x), (matrix @ flat).reshape(runs, devices, -1), x)

    def loss_and_gradient(self, x: Array, residuals: Array | None = None) -> tuple[Array, Array]:
        """F(x) and its gradient from the same residuals, which may be given if they are known."""
        residuals = self.residuals(x) if residuals is None else residuals
        return self._loss(residuals), self.combined(residuals)

    def gradient(self, x: Array) -> Array:
        """Gradient of F, (..., Q)."""
        return self.combined(self.residuals(x))

    def combined(self, factors: Array) -> Array:
        """Sum of factors, (..., M), times features: for the residuals it is the gradient of F; (..., Q)."""
        if self.features.ndim == 2:
            return factors @ self.features
        return (factors[..., None, :] @ self.features)[..., 0, :]

    @cached_property
    def columns(self) -> Array:
        """A copy of the features, transposed: (..., Q, M) in contiguous memory; for NumPy arrays."""
        return np.ascontiguousarray(np.swapaxes(self.features, -1, -2))

    def loss(self, x: Array) -> Array:
        """F(x), the plain sum over the subsets, (...)."""
        return self._loss(self.residuals(x))

    @staticmethod
    def _loss(residuals: Array) -> Array:
        return 0.5 * array_namespace(residuals).sum(residuals * residuals, axis=-1)

    def with_flipped_labels(self) -> LinearRegression:
        """The same problem with labels -y_k, for the label-flip attack."""
        return LinearRegression(self.features, -self.labels)

    @cached_property
    def smoothness(self) -> Array:
        """L of Assumption 1: the largest eigenvalue of sum_k z_k z_k^T, (...), in double precision on the host."""
        singular = np.linalg.svd(to_host(self.features), compute_uv=False)
        return singular[..., 0] ** 2

    @cached_property
    def optimum(self) -> Array:
        """The least-norm minimiser, (..., Q), in double precision on the host."""
        inverse = np.linalg.pinv(to_host(self.features))
        return (inverse @ to_host(self.labels)[..., None])[..., 0]

    @cached_property
    def minimum(self) -> Array:
        """F* = F at the optimum, (...), in double precision on the host."""
        host = LinearRegression(to_host(self.features), to_host(self.labels))
        return host.loss(self.optimum)


def _deviation(spread: Spread, size: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = np.asarray(size, dtype=np.float64)
    return np.sqrt(values) if spread == "variance" else values


class _DrawnRegression:
    """What the papers' regressions share: the data of a run come from its seed."""

    Q: int

    @property
    def dimension(self) -> int:
        """Q, the number of parameters."""
        return self.Q

    def draw(
        self, seeds: Sequence[int], *, xp: Any = np, device: Any = None, dtype: str = "float64"
    ) -> LinearRegression:
        """Draw the data of the runs with these seeds, as one batched problem."""
        return _stack([self._draw_one(seed) for seed in seeds], xp, device, dtype)

    def _draw_one(self, seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Features (M, Q) and labels (M,) of one run."""
        raise NotImplementedError


@dataclass(frozen=True)
class LadRegression(_DrawnRegression):
    """The regression of LAD Section VII: one sample a subset, a label model that drifts with the subset's number.

    Elements of z_k are N(0, `feature_spread`), those of the k-th label model N(0, 1 + k sigma_H) for k = 1, ..., N,
    and y_k is N(<z_k, x_k>, 1). Whether a normal law's second argument is a variance, as written, or a standard
    deviation is `features_reading` for the first and `heterogeneity_reading` for the second.

    Parameters
    ----------
    N
        Number of devices and of subsets.
    Q
        Number of parameters.
    sigma_H
        Heterogeneity, at least 0.
    feature_spread
        Second argument of the law of the features' elements.
    features_reading, heterogeneity_reading
        "variance" (literal) or "deviation".
    """

    N: int = 100
    Q: int = 100
    sigma_H: float = 0.3
    feature_spread: float = 100.0
    features_reading: Spread = "variance"
    heterogeneity_reading: Spread = "variance"

    def __post_init__(self) -> None:
        _check(self, ("N", "Q"), ("sigma_H",), ("feature_spread",), ("features_reading", "heterogeneity_reading"))

    @property
    def subsets(self) -> int:
        """M = N, the number of subsets."""
        return self.N

    def _draw_one(self, seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        rng = stream(seed, Purpose.PROBLEM)
        features = _deviation(self.features_reading, self.feature_spread) * rng.standard_normal((self.N, self.Q))
        k = np.arange(1, self.N + 1)
        models = _deviation(self.heterogeneity_reading, 1 + k * self.sigma_H)[:, None] * rng.standard_normal(
            (self.N, self.Q)
        )
        return features, np.sum(features * models, axis=-1) + rng.standard_normal(self.N)


@dataclass(frozen=True)
class CraRegression(_DrawnRegression):
    """The regression of CRA Section V: one sample a subset, one label model for all, drawn around when sigma_H > 0.

    Elements of z_k are N(0, `feature_spread`), those of the common label model N(0, 1), and y_k is
    N(<z_k, x + x_k>, 1) where the elements of x_k are N(0, sigma_H^2).

    Parameters
    ----------
    M
        Number of subsets (the paper's m).
    Q
        Number of parameters.
    sigma_H
        Heterogeneity, at least 0 (CRA Fig. 5).
    feature_spread
        Second argument of the law of the features' elements.
    features_reading
        "variance" (literal; the other diverges at the paper's learning rate) or "deviation".
    """

    M: int = 1000
    Q: int = 100
    sigma_H: float = 0.0
    feature_spread: float = 100.0
    features_reading: Spread = "variance"

    def __post_init__(self) -> None:
        _check(self, ("M", "Q"), ("sigma_H",), ("feature_spread",), ("features_reading",))

    @property
    def subsets(self) -> int:
        """M, the number of subsets."""
        return self.M

    def _draw_one(self, seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        rng = stream(seed, Purpose.PROBLEM)
        features = _deviation(self.features_reading, self.feature_spread) * rng.standard_normal((self.M, self.Q))
        common = rng.standard_normal(self.Q)
        noise = rng.standard_normal(self.M)
        own = self.sigma_H * rng.standard_normal((self.M, self.Q))
        return features, np.sum(features * (common + own), axis=-1) + noise


def _stack(
    drawn: Sequence[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]], xp: Any, device: Any, dtype: str
) -> LinearRegression:
    if not drawn:
        raise ValueError("draw needs at least one seed, got none")
    kind = getattr(xp, dtype)
    features = xp.asarray(np.stack([features for features, _ in drawn]), dtype=kind, device=device)
    labels = xp.asarray(np.stack([labels for _, labels in drawn]), dtype=kind, device=device)
    return LinearRegression(features, labels)


def _check(
    family: Any, whole: Sequence[str], non_negative: Sequence[str], positive: Sequence[str], readings: Sequence[str]
) -> None:
    name = type(family).__name__
    for argument in whole:
        value = getattr(family, argument)
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"{name}({argument}={value!r}) needs a whole number of at least 1")
    for argument in (*non_negative, *positive):
        value = getattr(family, argument)
        if not np.isfinite(value) or value < 0 or (argument in positive and value == 0):
            rule = "above 0" if argument in positive else "of at least 0"
            raise ValueError(f"{name}({argument}={value!r}) needs a finite number {rule}")
    for argument in readings:
        value = getattr(family, argument)
        if value not in _SPREADS:
            raise ValueError(f"{name}({argument}={value!r}) has to be one of {', '.join(_SPREADS)}")

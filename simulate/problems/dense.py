"""Problems whose per-subset gradients are computed together: what they need to offer follows from these."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from .base import Array, Indices, take_rows


class DenseProblem(ABC):
    """A problem that computes the gradients of all subsets at once, (..., M, Q)."""

    @property
    @abstractmethod
    def subsets(self) -> int:
        """M, the number of subsets."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Q, the number of parameters."""

    @abstractmethod
    def all_gradients(self, x: Array) -> Array:
        """Gradients of the subsets at x of shape (..., Q): (..., M, Q)."""

    @abstractmethod
    def loss(self, x: Array) -> Array:
        """F(x), (...)."""

    def gradients(self, x: Array, order: Indices | None = None) -> Array:
        """Gradients of the subsets, or of those that order names, run by run; shape (..., M or n, Q)."""
        gradients = self.all_gradients(x)
        return gradients if order is None else take_rows(gradients, order)

    def combine(self, x: Array, weights: Array) -> Array:
        """Products of weights, (..., N, M), and the gradients."""
        return weights @ self.all_gradients(x)

    def gradient(self, x: Array) -> Array:
        """Gradient of F, (..., Q)."""
        return array_namespace(x).sum(self.all_gradients(x), axis=-2)


@dataclass(frozen=True, eq=False)
class UserProblem(DenseProblem):
    """A problem given by a function that returns the gradients of its subsets.

    Parameters
    ----------
    function
        From x to the gradients, of the same namespace: (..., Q) to (..., M, Q) if `batched`, else (Q,) to (M, Q).
    M
        Number of subsets.
    Q
        Number of parameters.
    value
        F, from x to a number a run; without it losses are NaN.
    batched
        Whether the functions take a batch of runs at once.
    """

    function: Callable[[Array], Array]
    M: int
    Q: int
    value: Callable[[Array], Any] | None = None
    batched: bool = True

    @property
    def subsets(self) -> int:
        """M, the number of subsets."""
        return self.M

    @property
    def dimension(self) -> int:
        """Q, the number of parameters."""
        return self.Q

    def all_gradients(self, x: Array) -> Array:
        """What the function returns, after a check of its shape.

        Raises
        ------
        ValueError
            If the function returns another shape than (..., M, Q).
        """
        gradients = self._map(self.function, x)
        expected = (*x.shape[:-1], self.M, self.Q)
        if tuple(gradients.shape) != expected:
            raise ValueError(f"UserProblem needs gradients of shape {expected}, got {tuple(gradients.shape)}")
        return gradients

    def loss(self, x: Array) -> Array:
        """F(x), (...); NaN if there is no function for it."""
        xp = array_namespace(x)
        if self.value is None:
            return xp.full_like(x[..., 0], xp.nan)
        value = self.value
        return self._map(lambda one: xp.asarray(value(one), dtype=x.dtype), x)

    def _map(self, function: Callable[[Array], Array], x: Array) -> Array:
        if self.batched or x.ndim == 1:
            return function(x)
        xp, runs = array_namespace(x), x.shape[:-1]
        flat = xp.reshape(x, (int(np.prod(runs)), x.shape[-1]))
        results = [function(flat[index, :]) for index in range(flat.shape[0])]
        return xp.reshape(xp.stack(results), (*runs, *results[0].shape))

"""What a training problem has to offer: F(x) = sum of f_k(x) over M subsets, through its per-subset gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

from ..arrays import to_namespace

Array = Any
"""An array of any array-API namespace (NumPy, PyTorch, JAX, CuPy, array-api-strict)."""

Indices = npt.NDArray[np.int64]


@runtime_checkable
class Problem(Protocol):
    """A training loss with M subsets and Q parameters, for one run or for a batch of runs.

    ``x`` always has shape (..., Q); a batched problem, whose data differ from run to run, wants as many leading entries
    as it has runs.
    """

    @property
    def subsets(self) -> int:
        """M, the number of subsets."""

    @property
    def dimension(self) -> int:
        """Q, the number of parameters."""

    def gradients(self, x: Array, order: Indices | None = None) -> Array:
        """Gradients of the subsets, (..., M, Q); with order, (..., n) whole numbers, of those, (..., n, Q)."""

    def combine(self, x: Array, weights: Array) -> Array:
        """Products of weights, (..., N, M) or (N, M), and the gradients: (..., N, Q)."""

    def gradient(self, x: Array) -> Array:
        """Gradient of F, (..., Q)."""

    def loss(self, x: Array) -> Array:
        """F(x), (...)."""


@runtime_checkable
class ProblemFamily(Protocol):
    """A recipe that draws the data of each run from the run's seed."""

    @property
    def subsets(self) -> int:
        """M, the number of subsets."""

    @property
    def dimension(self) -> int:
        """Q, the number of parameters."""

    def draw(self, seeds: Sequence[int], *, xp: Any = np, device: Any = None, dtype: str = "float64") -> Problem:
        """Draw the problems of the runs with these seeds, as one batched problem."""


@dataclass(frozen=True, eq=False)
class HeldSubsets:
    """The non-zero weights of a batch of (N, M) matrices, row by row, for products that skip the zeros.

    Parameters
    ----------
    values
        The weights.
    runs, columns
        Run and subset of each.
    starts
        Where each device's weights start, and the end: (runs N + 1,).
    shape
        (runs, N, M).
    """

    values: npt.NDArray[np.float64]
    runs: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    shape: tuple[int, int, int]

    @classmethod
    def of(cls, weights: npt.NDArray[Any]) -> HeldSubsets:
        """The non-zero entries of (runs, N, M)."""
        runs, devices, columns = np.nonzero(weights)
        S, N, M = weights.shape
        counts = np.bincount(runs * N + devices, minlength=S * N)
        return cls(weights[runs, devices, columns], runs, columns, np.concatenate(([0], np.cumsum(counts))), (S, N, M))

    @property
    def density(self) -> float:
        """Share of the entries that are not zero."""
        return len(self.values) / max(1, int(np.prod(self.shape)))


def take_rows(vectors: Array, order: Indices) -> Array:
    """Rows of (..., M, Q) at (..., n) whole numbers, run by run: (..., n, Q).

    Either side may lack the leading axes: then it serves all runs.
    """
    xp = array_namespace(vectors)
    if vectors.ndim == 2:
        flat, index = vectors, order
    else:
        runs, rows = vectors.shape[:-2], vectors.shape[-2]
        count = int(np.prod(runs))
        offsets = rows * np.arange(count, dtype=np.int64).reshape(*runs, 1)
        flat, index = xp.reshape(vectors, (count * rows, vectors.shape[-1])), order + offsets
    taken = xp.take(flat, to_namespace(xp, index.reshape(-1), vectors), axis=0)
    return xp.reshape(taken, (*index.shape, vectors.shape[-1]))


def take_entries(values: Array, order: Indices) -> Array:
    """Entries of (..., M) at (..., n) whole numbers, run by run: (..., n)."""
    return take_rows(values[..., None], order)[..., 0]


def to_host(array: Array) -> npt.NDArray[np.float64]:
    """An array as a NumPy array in double precision."""
    if hasattr(array, "detach"):
        array = array.detach().cpu()
    elif hasattr(array, "get") and not isinstance(array, np.ndarray):
        array = array.get()
    return np.asarray(array, dtype=np.float64)


def mean_square_heterogeneity(problem: Problem, x: Array) -> Array:
    """V(x) = (1/M) sum_k ||grad f_k(x) - grad F(x)/M||^2, the least beta^2 of LAD's Assumption 2 at x; shape (...)."""
    xp = array_namespace(x)
    return xp.mean(_squared_deviations(problem, x), axis=-1)


def max_heterogeneity(problem: Problem, x: Array) -> Array:
    """max_k ||grad f_k(x) - grad F(x)/M||^2, the smallest beta^2 of CRA's Assumption 2 (10) at x; shape (...)."""
    xp = array_namespace(x)
    return xp.max(_squared_deviations(problem, x), axis=-1)


def _squared_deviations(problem: Problem, x: Array) -> Array:
    xp = array_namespace(x)
    gradients = problem.gradients(x)
    deviations = gradients - xp.mean(gradients, axis=-2, keepdims=True)
    return xp.sum(deviations * deviations, axis=-1)

"""CAF: lower the weights of messages that lie far along the direction in which all of them vary most."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .. import arrays
from ..arrays import Array, Namespace
from .base import Rule
from .span import span

_CANCELLED = 4.0
"""Squared length of a sum of vectors, in roundings of the squared sum of their lengths, up to which nothing is left."""


def filtered(times: Callable[[Any], Any], squares: Any, *, n: int, f: int, steps: int, eps: float | None = None) -> Any:
    """Weights (n,) of CAF's result for one set of messages in NumPy, with power iterations.

    Parameters
    ----------
    times
        Product of the messages' Gram matrix, around any centre, with a vector (n,).
    squares
        Its diagonal (n,).
    n, f
        Number of messages and of Byzantine ones.
    steps
        Power steps. A direction is held as coefficients c of the deviations; deviations along it are K c, where K holds
        the products of the deviations, and the covariance takes it to the direction with the coefficients p_i (K c)_i.
    eps
        Relative accuracy of the products; that of the squares' dtype if None.
    """
    eps = float(np.finfo(squares.dtype).eps) if eps is None else eps
    weights, best, smallest = np.ones(n, dtype=squares.dtype), None, math.inf

    def along(coefficients: Any) -> Any:
        found = times(coefficients - shares * coefficients.sum())
        found -= shares.dot(found)
        return found

    while True:
        shares = weights / weights.sum()
        products = times(shares)
        apart = np.maximum(squares - 2 * products + shares.dot(products), 0)
        coefficients = shares * (apart / (apart.max() or 1))
        found = along(coefficients)
        if coefficients.dot(found) <= _CANCELLED * eps * coefficients.dot(np.sqrt(apart)) ** 2:
            # Deviations that cancel one another leave no direction: the one that weighs most does.
            found = along((np.arange(n) == coefficients.argmax()).astype(squares.dtype))
        # Deviations are kept relative to the largest one, so that their squares do not overflow.
        top = float(np.abs(found).max()) or 1.0
        for _ in range(steps):
            coefficients = shares * (found / top)
            found = along(coefficients)
            top = float(np.abs(found).max()) or 1.0
        length = float(coefficients.dot(found)) / top
        found /= top
        deviation = np.multiply(found, found, out=found)
        value = float(shares.dot(deviation)) * top / (length if length > 0 else 1.0)
        if value < smallest:
            best, smallest = shares, value
        largest = float((deviation * (weights > 0)).max())
        if not largest > 0:
            break
        weights = weights * (1 - np.minimum(deviation / largest, 1, out=deviation))
        if not weights.sum() > n - 2 * f:
            break
    return shares if best is None else best


def _even(squares: Any) -> bool:
    """Whether squared lengths differ so little that products with the longest message cost the others no digits."""
    info = np.finfo(squares.dtype)
    middle = len(squares) // 2
    least, largest = float(np.partition(squares, middle)[middle]), float(squares.max())
    resolved = largest < math.inf and least > float(info.smallest_normal) / float(info.eps) ** 2
    return resolved and largest <= least / float(info.eps) ** 0.5


@dataclass(frozen=True, repr=False)
class CAF(Rule):
    """Covariance-bound agnostic filter (Allouah et al. 2025).

    Weights start at one. As long as they sum to more than n-2f: take the weighted mean and the leading eigenpair of
    the weighted covariance, and lower each weight by the share of its squared deviation along the eigenvector in the
    largest one, which drops at least one message. The result is the weighted mean at which that eigenvalue was
    smallest.

    An eigenvalue that is not simple leaves the direction, and with it the result, to the library that computes it.

    Parameters
    ----------
    power_iterations
        None for the eigenpair to full accuracy. Else a power iteration of so many steps from the sum of the deviations
        times their squared lengths, in which far messages count most: cheaper, and as deterministic.
    """

    power_iterations: int | None = None

    tie_sensitive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.power_iterations is not None:
            steps = arrays.whole("CAF", "power_iterations", self.power_iterations, lower=1)
            object.__setattr__(self, "power_iterations", steps)

    def _work(self, n: int, q: int) -> int:
        return 2 * n * q + 10 * n * n

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        if self.power_iterations is None or not arrays.fast(xp):
            return self._in_span(xp, values, check)
        found = []
        for index, messages in enumerate(values):
            result = self._on_messages(messages) if messages.shape[-1] <= messages.shape[-2] else None
            found.append(self._on_gram(xp, values[index : index + 1], check) if result is None else result)
        return np.stack(found)

    def _on_messages(self, messages: Any) -> Any | None:
        """The result (q,) without a Gram matrix; None where products with messages (n, q) might lose digits."""
        assert self.f is not None
        assert self.power_iterations is not None
        mean = np.full(len(messages), 1 / len(messages), dtype=messages.dtype) @ messages
        deviations = messages - mean
        squares = np.einsum("ij,ij->i", deviations, deviations)
        if not _even(squares):
            return None
        weights = filtered(
            lambda vector: deviations @ (vector @ deviations), squares, n=len(messages), f=self.f,
            steps=self.power_iterations,
        )  # fmt: skip
        return mean + weights @ deviations

    def _on_gram(self, xp: Namespace, values: Any, check: bool) -> Any:
        assert self.f is not None
        assert self.power_iterations is not None
        space = span(xp, values, check)
        gram = space.gram[0].astype(np.float64, copy=False)
        weights = filtered(
            gram.dot, gram.diagonal(), n=len(gram), f=self.f, steps=self.power_iterations,
            eps=float(np.finfo(values.dtype).eps),
        )  # fmt: skip
        return space.combine(weights[None])[0]

    def _in_span(self, xp: Namespace, values: Array, check: bool) -> Array:
        assert self.f is not None
        n = values.shape[-2]
        space = span(xp, values, check)
        gram = arrays.double(xp, space.gram)
        weights = xp.ones_like(gram[..., 0])
        steps = self.power_iterations
        best, smallest = weights / n, xp.full_like(gram[:, 0, 0], float("inf"))
        active = smallest > 0
        while bool(xp.any(active)):
            total = xp.sum(weights, axis=-1, keepdims=True)
            shares = weights / total
            value, deviation = _leading(xp, gram, shares) if steps is None else _powered(xp, gram, shares, steps)
            better = active & (value < smallest)
            best = xp.where(better[:, None], weights / total, best)
            smallest = xp.where(better, value, smallest)
            largest = xp.max(xp.where(weights > 0, deviation, xp.zeros_like(deviation)), axis=-1, keepdims=True)
            going = active & (largest[:, 0] > 0)
            share = deviation / xp.where(largest > 0, largest, xp.ones_like(largest))
            lowered = weights * (1 - xp.where(share < 1, share, xp.ones_like(share)))
            weights = xp.where(going[:, None], lowered, weights)
            active = going & (xp.sum(weights, axis=-1) > n - 2 * self.f)
        return space.combine(best)


def _leading(xp: Namespace, gram: Array, shares: Array) -> tuple[Array, Array]:
    """Leading eigenvalue (batch,) of the covariance under shares (batch, n), squared deviations (batch, n) along it.

    The covariance sum_i p_i (x_i - m)(x_i - m)^T has the nonzero eigenvalues of the n x n matrix with the entries
    sqrt(p_i p_j) <x_i - m, x_j - m>. Deviations are up to a common factor.
    """
    products = (gram @ shares[..., None])[..., 0]
    centre = xp.sum(shares * products, axis=-1)[:, None, None]
    kernel = gram - products[:, :, None] - products[:, None, :] + centre
    roots = xp.sqrt(shares)
    value, vector = _top_eigenpair(xp, roots[:, :, None] * kernel * roots[:, None, :])
    along = xp.abs(kernel @ (roots * vector)[..., None])[..., 0]
    return value, _relative(xp, along) ** 2


def _powered(xp: Namespace, gram: Array, shares: Array, steps: int) -> tuple[Array, Array]:
    """The same by a power iteration, as `filtered` does it."""
    products = (gram @ shares[..., None])[..., 0]
    centre = xp.sum(shares * products, axis=-1, keepdims=True)
    squares = xp.linalg.diagonal(gram) - 2 * products + centre
    coefficients = shares * _relative(xp, squares)
    along = _along(xp, gram, shares, coefficients)
    bound = xp.sum(coefficients * xp.sqrt(xp.where(squares > 0, squares, xp.zeros_like(squares))), axis=-1)
    lost = xp.sum(coefficients * along, axis=-1) <= _CANCELLED * float(xp.finfo(gram.dtype).eps) * bound**2
    index = arrays.arange(xp, gram.shape[-1], gram)
    farthest = xp.astype(index == xp.argmax(coefficients, axis=-1)[:, None], gram.dtype)
    along = xp.where(lost[:, None], _along(xp, gram, shares, farthest), along)
    for _ in range(steps):
        coefficients = shares * _relative(xp, along)
        along = _along(xp, gram, shares, coefficients)
    top = xp.max(xp.abs(along), axis=-1)
    top = xp.where(top > 0, top, xp.ones_like(top))
    length = xp.sum(coefficients * along, axis=-1) / top
    deviation = _relative(xp, along) ** 2
    value = xp.sum(shares * deviation, axis=-1) * top / xp.where(length > 0, length, xp.ones_like(length))
    return value, deviation


def _along(xp: Namespace, gram: Array, shares: Array, coefficients: Array) -> Array:
    """Deviations (batch, n) along the direction with coefficients (batch, n) of the deviations."""
    moved = coefficients - shares * xp.sum(coefficients, axis=-1, keepdims=True)
    along = (gram @ moved[..., None])[..., 0]
    return along - xp.sum(shares * along, axis=-1, keepdims=True)


def _relative(xp: Namespace, along: Array) -> Array:
    """Values (batch, n) over the largest absolute one."""
    largest = xp.max(xp.abs(along), axis=-1, keepdims=True)
    return along / xp.where(largest > 0, largest, xp.ones_like(largest))


def _top_eigenpair(xp: Namespace, matrices: Array) -> tuple[Array, Array]:
    """Largest eigenvalue (batch,) and its eigenvector (batch, n) of symmetric matrices (batch, n, n)."""
    if not arrays.fast(xp):
        values, vectors = xp.linalg.eigh(matrices)
        return values[..., -1], vectors[..., -1]
    from scipy.linalg import eigh  # one pair takes a third of the time of all of them

    last = matrices.shape[-1] - 1
    pairs = [eigh(one, subset_by_index=[last, last], check_finite=False) for one in matrices]
    # Where many eigenvalues coincide, the partial solver may come back without any: all of them are computed then.
    pairs = [pair if len(pair[0]) else eigh(one, check_finite=False) for one, pair in zip(matrices, pairs, strict=True)]
    return xp.stack([value[-1] for value, _ in pairs]), xp.stack([vector[:, -1] for _, vector in pairs])

"""Iterations of weighted means on a Gram matrix, in O(n^2) each; see `iterative` for what is iterated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import arrays
from ..arrays import Array, Namespace
from ..compiled import means
from .span import Span

Weigh = Callable[[Array], Array]
"""Weights (batch, n) of messages at distances (batch, n)."""


@dataclass(frozen=True, eq=False)
class Limited:
    """Weights that a limit and the distance decide, which machine code knows too.

    Parameters
    ----------
    xp
        Namespace of the distances.
    kind
        "inverse": 1/d, zero where d is at most the limit; "clipped": min(1, limit/d), one where all coincide.
    limit
        Of each set, (batch, 1), or a number for all.
    """

    xp: Namespace
    kind: means.Weighing
    limit: Array | float

    def __call__(self, lengths: Array) -> Array:
        """Weights (batch, n) of messages at distances (batch, n)."""
        xp, limit = self.xp, self.limit
        if self.kind == "clipped":
            if arrays.fast(xp):
                return np.fmin(limit / lengths, 1.0)  # where all coincide, 0/0 weighs one
            beyond = lengths > limit
            return xp.where(beyond, limit / xp.where(beyond, lengths, 1.0), 1.0)
        apart = lengths > limit
        if arrays.fast(xp) and np.count_nonzero(apart) == apart.size:
            return 1 / lengths
        return xp.where(apart, 1 / xp.where(apart, lengths, 1.0), 0.0)

    @property
    def limits(self) -> Array:
        """The limits as an array that broadcasts to (batch,)."""
        return np.reshape(self.limit, -1)


DEFAULT_TOLERANCE = 1e-7
_TIE = 1e-9


def medoid(xp: Namespace, space: Span, gram: Array) -> tuple[Array, Array]:
    """Weights (batch, n) of the medoid, and the median (batch,) of the distances of the messages to it."""
    lengths = xp.sqrt(arrays.double(xp, space.distances))
    totals = arrays.sums(xp, lengths)
    least = xp.min(totals, axis=-1, keepdims=True)
    ties = totals <= least * (1 + _TIE)
    middle = gram.shape[-1] // 2
    if arrays.fast(xp) and len(gram) == 1 and np.count_nonzero(ties) == 1:
        return ties.astype(gram.dtype), np.partition(lengths[:, ties[0].argmax()], middle, axis=-1)[:, middle]
    weights = xp.astype(ties, gram.dtype)
    count = xp.sum(weights, axis=-1, keepdims=True)
    start = weights / count
    squares = _squares(xp, xp.linalg.diagonal(gram), start, _times(gram, start))
    # The distances to a single medoid are there already.
    known = xp.sum(xp.where(ties[..., None], lengths, xp.zeros_like(lengths)), axis=-2)
    return start, xp.sort(xp.where(count == 1, known, xp.sqrt(squares)), axis=-1, stable=False)[:, middle]


def descend(
    xp: Namespace,
    gram: Array,
    start: Array,
    weigh: Weigh,
    *,
    tolerance: float | None,
    most: int,
    stick: bool = False,
    short: bool = False,
) -> Array:
    """Iterate from weights (batch, n) up to a tolerance, `most` times at most; see the head of `iterative`.

    Each set of messages stops by itself, so that the result does not depend on what else is in the batch. With
    `stick`, messages that coincide with the point weigh nothing but hold it back. Short steps are divided by n instead
    of by the sum of the weights.
    """
    n = gram.shape[-1]
    limit = tolerance or max(DEFAULT_TOLERANCE, 1e4 * float(xp.finfo(gram.dtype).eps))
    if arrays.fast(xp) and isinstance(weigh, Limited) and means.suits(gram.shape[-1]):
        return means.descend(
            gram, start, weigh.kind, weigh.limits, tolerance=limit, most=most, stick=stick, short=short
        )
    if arrays.fast(xp) and len(gram) == 1:
        return _descend_alone(gram[0], start[0], weigh, limit, most, stick, short)[None]
    diagonal = xp.linalg.diagonal(gram)
    weights, products = start, _times(gram, start)
    ones = xp.ones_like(start)
    active = ones[:, :1] > 0
    for _ in range(most):
        lengths = xp.sqrt(_squares(xp, diagonal, weights, products))
        factors = weigh(lengths)
        total = xp.vecdot(factors, ones)[:, None]
        change = factors - total * weights
        changed = _times(gram, factors) - total * products
        residual = xp.vecdot(change, changed)[:, None]
        residual = xp.sqrt(xp.where(residual > 0, residual, 0.0))
        excess = residual
        if stick:
            held = xp.sum(xp.astype(factors <= 0, gram.dtype), axis=-1, keepdims=True)
            excess = residual - held
        active = active & (excess > limit * xp.vecdot(factors, lengths)[:, None])
        if not bool(xp.any(active)):
            break
        step = excess / xp.where(residual > 0, residual, 1.0)
        step = step / (n if short else xp.where(total > 0, total, 1.0))
        step = xp.where(active & (excess > 0), step, 0.0)
        weights, products = weights + step * change, products + step * changed
    return weights


def _descend_alone(gram: Any, weights: Any, weigh: Weigh, limit: float, most: int, stick: bool, short: bool) -> Any:
    """`descend` for one set of messages in NumPy: the same operations, with scalars as numbers and fewer calls."""
    diagonal, ones = gram.diagonal().copy(), np.ones_like(weights)
    # Rows: coefficients, and their products with the matrix.
    here, pull, change = (
        np.stack([weights, gram.dot(weights)]),
        np.empty((2, len(weights))),
        np.empty((2, len(weights))),
    )
    weights, products = here
    coefficients, moved = change
    squares = np.empty_like(diagonal)
    for _ in range(most):
        np.multiply(products, -2.0, out=squares)
        squares += diagonal
        squares += weights.dot(products)
        lengths = np.sqrt(np.maximum(squares, 0.0, out=squares), out=squares)
        pull[0] = factors = weigh(lengths[None])[0]
        np.dot(gram, factors, out=pull[1])
        total = float(factors.dot(ones))
        np.subtract(pull, np.multiply(here, total, out=change), out=change)
        residual = math.sqrt(max(float(coefficients.dot(moved)), 0.0))
        excess = residual - (len(factors) - np.count_nonzero(factors)) if stick else residual
        if not excess > limit * float(factors.dot(lengths)):
            break
        change *= excess / residual / (len(gram) if short else total if total > 0 else 1.0)
        here += change
    return weights


def clipped_steps(xp: Namespace, gram: Array, start: Array, weigh: Weigh, *, count: int, n: int) -> Array:
    """Weights (batch, m) after `count` steps of v <- v + (1/n) sum_i w_i (x_i - v) over the first n of m vectors.

    The vectors after the first n, the origin for one, are there for the start, whose weights sum to one, alone.
    """
    m = gram.shape[-1]
    if arrays.fast(xp) and isinstance(weigh, Limited) and weigh.kind == "clipped" and means.suits(gram.shape[-1]):
        return means.clipped_steps(gram, start, weigh.limits, count=count, n=n)
    pulls = xp.astype(arrays.arange(xp, m, gram) < n, gram.dtype) / n
    if arrays.fast(xp) and len(gram) == 1:
        return _clipped_alone(gram[0], start[0], weigh, pulls, count)[None]
    diagonal, ones = xp.linalg.diagonal(gram), xp.ones_like(start)
    weights, products = start, _times(gram, start)
    for _ in range(count):
        factors = pulls * weigh(xp.sqrt(_squares(xp, diagonal, weights, products)))
        kept = 1 - xp.vecdot(factors, ones)[:, None]
        weights, products = kept * weights + factors, kept * products + _times(gram, factors)
    return weights


def _clipped_alone(gram: Any, weights: Any, weigh: Weigh, pulls: Any, count: int) -> Any:
    """`clipped_steps` for one set of messages in NumPy: the same operations in fewer calls."""
    diagonal, products, ones = gram.diagonal(), gram.dot(weights), np.ones_like(weights)
    for _ in range(count):
        squares = diagonal - 2 * products + weights.dot(products)
        factors = pulls * weigh(np.sqrt(np.maximum(squares, 0.0, out=squares), out=squares)[None])[0]
        kept = 1 - float(factors.dot(ones))
        weights, products = kept * weights + factors, kept * products + gram.dot(factors)
    return weights


def _times(gram: Array, vectors: Array) -> Array:
    """Products (batch, n) of matrices (batch, n, n) with vectors (batch, n)."""
    return (gram @ vectors[..., None])[..., 0]


def _squares(xp: Namespace, diagonal: Array, weights: Array, products: Array) -> Array:
    """Squared distances (batch, n) of the messages to their combination with weights (batch, n) that sum to one."""
    squares = diagonal - 2 * products + xp.vecdot(weights, products)[:, None]
    if arrays.fast(xp):
        return np.maximum(squares, 0.0, out=squares)
    return xp.where(squares > 0, squares, 0.0)

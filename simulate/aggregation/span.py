"""Work in the span of the messages: one product of matrices, then every step costs O(n^2) whatever q is.

The Gram matrix is taken around a centre, so that a large offset that all messages share costs no digits. The first
centre is the mean (zero, where there is little offset and a copy of the messages would be dear; machine code packs
them anyway). Where huge messages have carried it so far that distances between the central messages would lose half of
the digits, the centre becomes the coordinate-wise median, and messages beyond a radius at whose square the dtype would
overflow are pulled back to it, in their direction from the centre: nothing that rules compute from distances can tell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .. import arrays
from ..arrays import Array, Namespace
from ..compiled import gram as compiled
from ..compiled import neighbours
from .base import NonFiniteError
from .sorting import by_coordinate
from .statistics import MedianOf

BLOCK_BYTES = 2**19
"""Size of a block of columns."""
_SMALL_OFFSET = 50.0
"""Squared distance to the centre, in squared distances between messages, up to which zero will do as the centre."""


@dataclass(frozen=True)
class Span:
    """Messages (batch, n, q), their Gram matrix (batch, n, n) around a centre, their squared distances (batch, n, n).

    Distances are never negative, symmetric to the last bit, and zero on the diagonal. Where deviations are so small
    that their squares would vanish, both matrices are those of messages times `unit` (batch,), else it is one.
    `pulled` is None, or the mask (batch,) of the sets with huge messages, the centre (batch, 1, q), and the
    deviations from it (batch, n, q), shortened where they are huge.
    """

    xp: Namespace
    values: Array
    gram: Array
    distances: Array
    unit: Array
    pulled: tuple[Array, Array, Array] | None = None

    def combine(self, weights: Array) -> Array:
        """Combination (batch, q) of the messages with weights (batch, n) that sum to one."""
        xp = self.xp
        weights = xp.astype(weights, self.values.dtype, copy=False)[:, None, :]
        plain = weighted_sums(weights, self.values)
        if self.pulled is None:
            return plain
        huge, centre, deviations = self.pulled
        return xp.where(huge[:, None], (centre + weights @ deviations)[:, 0, :], plain)


def weighted_sums(weights: Array, values: Array) -> Array:
    """Sums (batch, q) of the messages with weights (batch, 1, n)."""
    return weights[0, ...] @ values[0, ...] if values.shape[0] == 1 else (weights @ values)[:, 0, :]


def span(xp: Namespace, values: Array, check: bool) -> Span:
    """Compute the Gram matrices and the distances of messages (batch, n, q).

    Raises
    ------
    NonFiniteError
        If a message is not finite and `check` is set.
    """
    if arrays.fast(xp) and compiled.usable(values):
        gram, distances, certain = compiled.gram_and_distances(values, least_resolved(values.dtype.char))
    else:
        gram = _gram(xp, values)
        distances = _distances(xp, gram)
        certain = _certainly_resolved(xp, gram, distances)
    unit = xp.ones_like(gram[:, 0, 0])
    if certain:
        return Span(xp, values, gram, distances, unit)
    poor = _ill_conditioned(xp, gram, distances)
    if not bool(xp.any(poor)):
        return Span(xp, values, gram, distances, unit)
    if check and not arrays.all_finite(xp, values):
        raise NonFiniteError
    centre = by_coordinate(xp, values, MedianOf(lower=True), check=False)[:, None, :]
    radius = float(xp.finfo(values.dtype).max) ** 0.5 / (16 * values.shape[-1])
    half = 0.5 * values - 0.5 * centre
    largest = xp.max(xp.abs(half), axis=-1, keepdims=True)
    beyond = largest > radius
    factors = xp.where(beyond, radius / xp.where(beyond, largest, xp.ones_like(largest)), xp.ones_like(largest))
    deviations = xp.where(beyond, factors * half, values - centre)
    unit = xp.where(poor, _unit(xp, deviations), unit)
    scaled = unit[:, None, None] * deviations
    again = scaled @ xp.matrix_transpose(scaled)
    gram = xp.where(poor[:, None, None], again, gram)
    distances = xp.where(poor[:, None, None], _distances(xp, again), distances)
    huge = poor & xp.any(beyond[..., 0], axis=-1)
    return Span(xp, values, gram, distances, unit, (huge, centre, deviations) if bool(xp.any(huge)) else None)


def _unit(xp: Namespace, deviations: Array) -> Array:
    """Factors (batch,) that keep the squares of small deviations (batch, n, q) in the range of the dtype."""
    info = xp.finfo(deviations.dtype)
    largest = xp.max(xp.abs(deviations), axis=(-2, -1))
    small = largest < float(info.smallest_normal) ** 0.5 / float(info.eps)
    return xp.where(small, 1 / xp.clip(largest, min=4 * float(info.smallest_normal)), xp.ones_like(largest))


def nearest(xp: Namespace, distances: Array, count: int) -> Array:
    """Mask (batch, n, n) of the `count` messages nearest to each one, itself first; the first devices win a tie."""
    if arrays.fast(xp):
        if neighbours.suits(distances):
            last = neighbours.reach(distances, count)[..., None]
        else:
            last = np.partition(distances, count - 1, axis=-1)[..., count - 1 : count]
        mask = distances <= last
        if np.count_nonzero(mask) != count * last.size:
            # Mostly few messages have a tie at the last place.
            sets, rows = np.nonzero(np.count_nonzero(mask, axis=-1) != count)
            tied = distances[sets, rows]
            tied[np.arange(len(rows)), rows] -= 1
            order = np.argsort(tied, axis=-1, stable=True)
            mask[sets, rows] = np.argsort(order, axis=-1, stable=True) < count
        return mask
    order = xp.argsort(distances - arrays.eye(xp, distances.shape[-1], distances), axis=-1, stable=True)
    return xp.argsort(order, axis=-1, stable=True) < count


def gram_with_origin(xp: Namespace, values: Array) -> Array | None:
    """Gram matrices (batch, n+1, n+1) of the messages (batch, n, q) and zero, in this order, around a centre.

    None where they would not resolve the distances between the messages (see the head of the module).
    """
    n = values.shape[-2]
    if arrays.fast(xp) and compiled.usable(values):
        limits = least_resolved(values.dtype.char)
        gram, distances, certain = compiled.gram_and_distances(values, limits, origin=True)
        if certain:
            return gram
        messages, distances = gram[:, :n, :n], distances[:, :n, :n]
    else:
        gram = _gram(xp, values, origin=True)
        messages = gram[:, :n, :n]
        distances = _distances(xp, messages)
    resolved = _certainly_resolved(xp, messages, distances)
    return gram if resolved or not bool(xp.any(_ill_conditioned(xp, messages, distances))) else None


def _gram(xp: Namespace, values: Array, origin: bool = False) -> Array:
    """Gram matrices (batch, n, n) of the messages around their mean, or around zero where that costs no digits.

    With the origin as one more message, last, if wanted.
    """
    count, n, q = values.shape
    columns = max(256, BLOCK_BYTES // (n * arrays.itemsize(xp, values)))
    if not arrays.fast(xp) or q <= 4 * columns:
        mean = (arrays.totals(xp, values) / n)[:, None, :]
        return _products(xp, xp.concat([values - mean, -mean], axis=-2) if origin else values - mean)
    gram = np.empty((count, n + origin, n + origin), dtype=values.dtype)
    for index, messages in enumerate(values):
        # A sample of the columns tells, for a hundredth of the price, whether the offset is small.
        sample = np.ascontiguousarray(messages[:, :: max(q // 256, 128)])
        centred = _large_offset(xp, sample @ sample.T, _SMALL_OFFSET)
        gram[index] = _blocked_gram(messages, columns, centred, origin)
        if not centred and _large_offset(xp, gram[index, :n, :n], 2 * _SMALL_OFFSET):
            gram[index] = _blocked_gram(messages, columns, True, origin)
    return gram


def _products(xp: Namespace, deviations: Array) -> Array:
    """Gram matrices (batch, n, n) of deviations (batch, n, q)."""
    if arrays.fast(xp) and len(deviations) == 1:
        return (deviations[0] @ deviations[0].T)[None]
    return deviations @ xp.matrix_transpose(deviations)


def _blocked_gram(messages: Any, columns: int, centred: bool, origin: bool) -> Any:
    """Gram matrix of messages (n, q), and of the origin, summed over blocks of columns in double precision."""
    n, q = messages.shape
    gram = np.zeros((n + origin, n + origin))
    if not centred:
        # Nothing is copied, so that the blocks need not fit a cache; in single precision they keep the sums short.
        for start in range(0, q, 16 * columns):
            part = messages[:, start : start + 16 * columns]
            gram[:n, :n] += part @ part.T
        return gram
    block = np.empty((n + origin, columns), dtype=messages.dtype)
    for start in range(0, q, columns):
        part = messages[:, start : start + columns]
        shifted = block[:, : part.shape[1]]
        mean = part.mean(axis=0)
        np.subtract(part, mean, out=shifted[:n])
        if origin:
            np.negative(mean, out=shifted[n])
        gram += shifted @ shifted.T
    return gram


def _large_offset(xp: Namespace, gram: Any, limit: float) -> bool:
    return bool(_ill_conditioned(xp, gram[None], _distances(xp, gram[None]), limit)[0])


def _distances(xp: Namespace, gram: Array) -> Array:
    if arrays.fast(xp):
        squares = gram.diagonal(axis1=-2, axis2=-1)
        distances = squares[..., :, None] + squares[..., None, :]
        # Twice the same subtraction needs no temporary; the product of a matrix with its transpose is symmetric here.
        distances -= gram
        distances -= gram
        n = gram.shape[-1]
        distances.reshape((-1, n * n))[:, :: n + 1] = 0
        # A NaN, which says that the products overflowed, stays.
        return np.maximum(distances, 0, out=distances)
    squares = xp.linalg.diagonal(gram)
    distances = squares[..., :, None] + squares[..., None, :] - (gram + xp.matrix_transpose(gram))
    off = arrays.eye(xp, gram.shape[-1], gram) == 0
    return xp.where((distances > 0) & off, distances, xp.zeros_like(distances))


@lru_cache
def least_resolved(kind: str) -> tuple[float, float]:
    """What squared distances to the centre may be at least, and at most in squared distances between messages."""
    info = np.finfo(kind)
    return float(info.smallest_normal) / float(info.eps) ** 2, 0.1 / float(info.eps) ** 0.5


def _certainly_resolved(xp: Namespace, gram: Any, distances: Any) -> bool:
    """Whether a count shows that no matrix is ill-conditioned: no message has half of the others that near."""
    if not arrays.fast(xp):
        return False
    count, n, _ = gram.shape
    largest = gram.diagonal(axis1=-2, axis2=-1).max(axis=-1)
    least, factor = least_resolved(gram.dtype.char)
    if not (math.isfinite(largest.max()) and largest.min() > least):
        return False
    near = np.count_nonzero(distances < (largest / factor)[:, None, None]) - count * n
    return bool(near < n // 2)


def _ill_conditioned(xp: Namespace, gram: Array, distances: Array, limit: float | None = None) -> Array:
    """Mask (batch,) of the Gram matrices that do not resolve the distances between the central messages.

    Central is the message whose distance to the nearest half of the others is smallest. The error of a squared
    distance is about epsilon times the squared distance to the centre; the two may differ by a factor of
    0.1/sqrt(epsilon), unless a limit is given.
    """
    n = gram.shape[-1]
    if n == 1:
        return ~xp.isfinite(gram[:, 0, 0])
    ordered = np.partition(distances, n // 2, axis=-1) if arrays.fast(xp) else xp.sort(distances, axis=-1, stable=False)
    reach = ordered[..., n // 2]
    here = arrays.arange(xp, n, gram) == xp.argmin(reach, axis=-1)[:, None]
    nothing = xp.zeros_like(reach)
    squares = xp.linalg.diagonal(gram)
    away = xp.sum(xp.where(here, squares, nothing), axis=-1)
    scale = xp.sum(xp.where(here, reach, nothing), axis=-1)
    factor = 0.1 / float(xp.finfo(gram.dtype).eps) ** 0.5 if limit is None else limit
    info = xp.finfo(gram.dtype)
    vanishing = xp.max(squares, axis=-1) < float(info.smallest_normal) / float(info.eps) ** 2
    return ~xp.all(xp.isfinite(squares), axis=-1) | (away > factor * scale) | vanishing

"""Squared distances between messages by one product of matrices, accurate where they share a large offset."""

from __future__ import annotations

from array_api_compat import device

from ..arrays import Array, Namespace


def squared_distances(xp: Namespace, values: Array) -> Array:
    """Squared Euclidean distances (batch, n, n) between the messages (batch, n, q), the diagonal exactly zero."""
    centred = values - xp.mean(values, axis=-2, keepdims=True)
    gram = centred @ xp.matrix_transpose(centred)
    squares = xp.linalg.diagonal(gram)
    distances = xp.expand_dims(squares, axis=-1) + xp.expand_dims(squares, axis=-2) - 2 * gram
    n = values.shape[-2]
    off = 1 - xp.eye(n, dtype=values.dtype, device=device(values))
    return xp.where(distances > 0, distances, xp.zeros_like(distances)) * off


def nearest(xp: Namespace, distances: Array, count: int) -> Array:
    """Mask (batch, n, n) of the `count` messages nearest to each one, itself first; the first devices win at a tie."""
    n = distances.shape[-1]
    own = xp.eye(n, dtype=distances.dtype, device=device(distances))
    order = xp.argsort(distances - own, axis=-1, stable=True)
    return xp.argsort(order, axis=-1, stable=True) < count

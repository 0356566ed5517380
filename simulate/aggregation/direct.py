"""Weiszfeld's iteration on the messages themselves, for one set of them in NumPy.

An iteration passes over the messages twice, which for many messages and few iterations is cheaper than a Gram matrix.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_SMALL_OFFSET = 10.0
"""Squared norm, in squared distances to the point, up to which the messages need not be centred."""


def weiszfeld(messages: Any, *, limit: float, most: int, same: float) -> Any | None:
    """Geometric median (q,) of messages (n, q) by `most` iterations from their mean; see the head of `iterative`.

    Messages within `same` median distances of the point coincide with it. None where squared distances, taken from
    norms and products, would lose digits: with huge messages, and with messages that are not finite.
    """
    info = np.finfo(messages.dtype)
    squares = np.einsum("ij,ij->i", messages, messages)
    if not float(info.smallest_normal) / float(info.eps) ** 2 < squares.max() < math.inf:
        return None
    mean = np.full(len(messages), 1 / len(messages), dtype=messages.dtype) @ messages
    if _resolved(squares, _squared_distances(messages, squares, mean), _SMALL_OFFSET):
        return _from(messages, squares, mean, limit, most, same, _SMALL_OFFSET)
    deviations = messages - mean
    squares = np.einsum("ij,ij->i", deviations, deviations)
    found = _from(deviations, squares, np.zeros_like(mean), limit, most, same, 0.1 / float(info.eps) ** 0.5)
    return None if found is None else mean + found


def _from(messages: Any, squares: Any, point: Any, limit: float, most: int, same: float, largest: float) -> Any | None:
    middle = len(messages) // 2
    for _ in range(most):
        distances = _squared_distances(messages, squares, point)
        lengths = np.sqrt(distances, out=distances)
        near = same * float(np.partition(lengths, middle)[middle])
        apart = lengths > near
        held = len(lengths) - np.count_nonzero(apart)
        factors = np.where(apart, 1 / lengths, 0) if held else 1 / lengths
        total = float(factors.sum())
        change = factors @ messages - total * point
        residual = math.sqrt(float(change @ change))
        excess = residual - held
        if not excess > limit * float(factors @ lengths):
            break
        point = point + excess / residual / total * change
    return point if _resolved(squares, _squared_distances(messages, squares, point), largest) else None


def _squared_distances(messages: Any, squares: Any, point: Any) -> Any:
    distances = messages @ point
    distances *= -2
    distances += squares
    distances += point @ point
    return np.maximum(distances, 0, out=distances)


def _resolved(squares: Any, distances: Any, largest: float) -> bool:
    """Whether the median squared norm is below so many median squared distances; not where one is NaN."""
    middle = len(squares) // 2
    return bool(np.partition(squares, middle)[middle] < largest * np.partition(distances, middle)[middle])

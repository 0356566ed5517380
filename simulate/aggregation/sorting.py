"""Sort the values of each coordinate, and reduce them, without a sorted copy of all messages.

The portable path sorts a transposed copy, in chunks; the blocked path for NumPy transposes and sorts blocks of
coordinates that fit a processor's cache, so that its extra memory does not grow with q, and shares the blocks among
threads. Both give the same numbers. Where machine code may be used (`compiled`), it takes the place of the second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .. import arrays
from ..arrays import Array, Namespace
from ..compiled import order
from .base import NonFiniteError
from .statistics import Statistic

BLOCK_BYTES = 2**18
"""Size of a block of sorted values."""
THREADED_BYTES = 2**23
"""Size of the messages from which on blocks are shared among threads."""


def by_coordinate(xp: Namespace, values: Array, statistic: Statistic, *, check: bool) -> Array:
    """A statistic of the sorted values of each coordinate.

    Parameters
    ----------
    xp
        Namespace of the values.
    values
        Messages (batch, n, q).
    statistic
        What is made of the sorted values.
    check
        Whether to look for values that are not finite: they sort to the ends.

    Returns
    -------
    array
        (batch, q).

    Raises
    ------
    NonFiniteError
        If a value is not finite and `check` is set.
    """
    if arrays.fast(xp):
        if order.suits(values):
            result, finite = order.by_coordinate(values, statistic, partial(run_shared, values=values))
            if check and not finite:
                raise NonFiniteError
            return result
        return _blocked(xp, values, statistic, check)
    count, n, q = values.shape
    columns = list(arrays.chunks(q, 3 * count * n * arrays.itemsize(xp, values)))
    parts = []
    for part in columns:
        ordered = xp.sort(xp.matrix_transpose(values[..., part]), axis=-1, stable=False)
        if check:
            _check_ends(xp, ordered)
        parts.append(statistic.of_sorted(xp, ordered))
    return parts[0] if len(parts) == 1 else xp.concat(parts, axis=-1)


def _check_ends(xp: Namespace, ordered: Array) -> None:
    # One product settles it, unless it overflows.
    if arrays.fast(xp) and math.isfinite(np.dot(ordered[:, 0], ordered[:, -1])):
        return
    if not bool(xp.all(xp.isfinite(ordered[..., 0]) & xp.isfinite(ordered[..., -1]))):
        raise NonFiniteError


def _blocked(xp: Namespace, values: Any, statistic: Statistic, check: bool) -> Any:
    if values.nbytes <= BLOCK_BYTES:
        return _one_block(xp, values, statistic, check)
    count, n, q = values.shape
    result = np.empty((count, q), dtype=values.dtype)
    rows = max(1, BLOCK_BYTES // (n * values.itemsize))
    sets = max(1, rows // q)
    columns = min(q, rows)
    per_set = -(-q // columns)

    def work(block: slice) -> None:
        for index in range(block.start, block.stop):
            first, column = index // per_set * sets, index % per_set * columns
            part = values[first : first + sets, :, column : column + columns]
            result[first : first + sets, column : column + columns] = _one_block(xp, part, statistic, check)

    total = -(-count // sets) * per_set
    run_shared(work, total, values)
    return result


def run_shared(work: Callable[[slice], None], blocks: int, values: Any) -> None:
    """Do blocks of a NumPy array's work, shared among threads where the array is large."""
    # Each thread gets several shares, since others may hold up a processor; small work is not worth a thread.
    shares = 8 * arrays.thread_count() if values.nbytes >= THREADED_BYTES else 1
    arrays.run_blocks(work, blocks, -(-blocks // shares))


def _one_block(xp: Namespace, values: Any, statistic: Statistic, check: bool) -> Any:
    count, n, q = values.shape
    ordered = np.array(values.transpose(0, 2, 1), order="C").reshape((-1, n))
    ordered.sort(axis=-1)
    if check:
        _check_ends(xp, ordered)
    result: Any = statistic.of_sorted(xp, ordered)
    return result.reshape((count, q))

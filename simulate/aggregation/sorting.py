"""Sort the values of each coordinate, and reduce them, without a sorted copy of all messages.

A kernel maps values sorted along the last axis, (..., n), to (...). The portable path sorts a transposed copy, in
chunks; the blocked path for NumPy transposes and sorts blocks of coordinates that fit a processor's cache, so that its
extra memory does not grow with q, and shares the blocks among threads. Both give the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import arrays
from ..arrays import Array, Namespace
from .base import NonFiniteError

Kernel = Callable[[Namespace, Array], Array]

BLOCK_BYTES = 2**18
"""Size of a block of sorted values."""
THREADED_BYTES = 2**23
"""Size of the messages from which on blocks are shared among threads."""


def by_coordinate(xp: Namespace, values: Array, kernel: Kernel, *, check: bool) -> Array:
    """Apply a kernel to the sorted values of each coordinate.

    Parameters
    ----------
    xp
        Namespace of the values.
    values
        Messages (batch, n, q).
    kernel
        Function of the namespace and an array (..., n), sorted along its last axis.
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
        return _blocked(xp, values, kernel, check)
    count, n, q = values.shape
    columns = list(arrays.chunks(q, 3 * count * n * arrays.itemsize(xp, values)))
    parts = []
    for part in columns:
        ordered = xp.sort(xp.matrix_transpose(values[..., part]), axis=-1, stable=False)
        if check:
            _check_ends(xp, ordered)
        parts.append(kernel(xp, ordered))
    return parts[0] if len(parts) == 1 else xp.concat(parts, axis=-1)


def _check_ends(xp: Namespace, ordered: Array) -> None:
    # One product settles it, unless it overflows.
    if arrays.fast(xp) and math.isfinite(np.dot(ordered[:, 0], ordered[:, -1])):
        return
    if not bool(xp.all(xp.isfinite(ordered[..., 0]) & xp.isfinite(ordered[..., -1]))):
        raise NonFiniteError


def _blocked(xp: Namespace, values: Any, kernel: Kernel, check: bool) -> Any:
    if values.nbytes <= BLOCK_BYTES:
        return _one_block(xp, values, kernel, check)
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
            result[first : first + sets, column : column + columns] = _one_block(xp, part, kernel, check)

    total = -(-count // sets) * per_set
    run_shared(work, total, values)
    return result


def run_shared(work: Callable[[slice], None], blocks: int, values: Any) -> None:
    """Do blocks of a NumPy array's work, shared among threads where the array is large."""
    # Each thread gets several shares, since others may hold up a processor; small work is not worth a thread.
    shares = 8 * arrays.thread_count() if values.nbytes >= THREADED_BYTES else 1
    arrays.run_blocks(work, blocks, -(-blocks // shares))


def _one_block(xp: Namespace, values: Any, kernel: Kernel, check: bool) -> Any:
    count, n, q = values.shape
    ordered = np.array(values.transpose(0, 2, 1), order="C").reshape((-1, n))
    ordered.sort(axis=-1)
    if check:
        _check_ends(xp, ordered)
    return kernel(xp, ordered).reshape((count, q))


def mean_of_nearest(xp: Namespace, ordered: Array, centre: Array | None, dropped: int) -> Array:
    """Mean of the n - dropped sorted values (..., n) nearest to a centre (...); at a tie the smaller values win.

    Without a centre it is the mean of the values that are left when `dropped` are taken off either side. The nearest
    values are neighbours in sorted order, and the window moves up by one where the value that it loses is farther
    from the centre than the one that it gains; that is monotone, so that each end can be decided by itself.
    """
    n = ordered.shape[-1]
    kept = n - dropped
    if dropped == 0:
        return arrays.sums(xp, ordered) / n
    core = arrays.sums(xp, ordered[..., dropped:kept]) if dropped < kept else None
    middle = (core / (kept - dropped) if centre is None else centre)[..., None]
    moves = (middle - ordered[..., :dropped]) > (ordered[..., kept:] - middle)
    if core is not None:
        ends = xp.where(moves, ordered[..., kept:], ordered[..., :dropped])
        return (core + arrays.sums(xp, ends)) / kept
    start = xp.sum(xp.astype(moves, xp.int64), axis=-1)[..., None]
    index = arrays.arange(xp, n, ordered)
    inside = (index >= start) & (index < start + kept)
    return xp.sum(xp.where(inside, ordered, xp.zeros_like(ordered)), axis=-1) / kept


def median(ordered: Array, *, lower: bool = False) -> Array:
    """Median of values sorted along the last axis; with an even number the mean of the middle two, or the lower one."""
    n = ordered.shape[-1]
    low = ordered[..., (n - 1) // 2]
    return low if lower or n % 2 else 0.5 * low + 0.5 * ordered[..., n // 2]

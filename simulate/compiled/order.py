"""Order statistics of each coordinate, by a sorting network on as many coordinates at once as a vector holds.

A `Statistic` says what is wanted of the sorted values; comparators that it does not need are left out. A result depends
on its own coordinate's values alone, so neither on the other coordinates nor on how they are shared among threads.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .. import arrays
from .emit import Emitter
from .engine import active
from .networks import pruned, sorting_network

LARGEST_N = 128
"""Number of values up to which a network is worth its compilation, of some tenths of a second."""
LEAST_SIZE = 4096
"""Number of entries of a set of messages from which on it is."""
ALONE_BYTES = 2**20
"""Size of messages up to which one call does all sets."""
NEAR_BYTES = 2**20
"""Size of a set up to which it is read in place; of a larger one a part of each row is copied first, since many rows
far apart get into each other's way, and the next part is fetched meanwhile."""
_TILE_BYTES = 2**11
"""Size of that part."""
_SHARE = 64
"""Number of such parts in a piece of work."""

Shared = Callable[[Callable[[slice], None], int], None]


class Statistic(Hashable, Protocol):
    """What is made of the sorted values of a coordinate; hashable, since code is kept for each."""

    def groups(self, n: int) -> Sequence[Hashable]:
        """For each place in sorted order a group; within one the order does not matter."""

    def emit(self, emitter: Emitter, values: Sequence[Any]) -> Any:
        """Emit the result, a vector, from the vectors of values."""


def sort_groups(emitter: Emitter, values: Sequence[Any], groups: Sequence[Hashable]) -> list[Any]:
    """Emit comparators until each value is in the group of its place."""
    ordered = list(values)
    for low, high in pruned(sorting_network(len(ordered)), groups):
        ordered[low], ordered[high] = emitter.lesser(ordered[low], ordered[high])
    return ordered


def suits(values: npt.NDArray[Any]) -> bool:
    """Whether machine code serves messages (batch, n, q): by their shape and dtype, not by their number of sets."""
    _, n, q = values.shape
    return (
        1 < n <= LARGEST_N
        and n * q >= LEAST_SIZE
        and q * values.itemsize >= 64
        and arrays.plain(values)
        and values.strides[-1] == values.itemsize
        and all(stride % values.itemsize == 0 for stride in values.strides)
        and active()
    )


def by_coordinate(values: npt.NDArray[Any], statistic: Statistic, shared: Shared) -> tuple[npt.NDArray[Any], bool]:
    """A statistic of each coordinate of messages (batch, n, q), and whether all entries are finite.

    Parameters
    ----------
    values
        Messages for which `suits` says yes.
    statistic
        What is wanted.
    shared
        Function of a work on a slice and a number of pieces, which does the pieces, maybe on several threads.

    Returns
    -------
    array, bool
        (batch, q), and the outcome of the check.
    """
    count, n, q = values.shape
    kernel = _kernel(statistic, n, values.dtype)
    item = values.itemsize
    set_stride, row_stride = values.strides[0] // item, values.strides[1] // item
    result = np.empty((count, q), dtype=values.dtype)
    if values.nbytes <= ALONE_BYTES:
        finite = kernel(values.ctypes.data, result.ctypes.data, None, set_stride, row_stride, q, count, q, q, 0) == 0
        return result, finite
    tiled = n * abs(row_stride) * item > NEAR_BYTES
    width = min(q, _TILE_BYTES // item)
    blocks = -(-q // (_SHARE * width))
    step = -(-q // blocks)
    outcomes = [False] * (count * blocks)

    def work(share: slice) -> None:
        tile = np.empty((n if tiled else 0, width), dtype=values.dtype)
        shape = (step, width, n) if tiled else (step, step, 0)
        for index in range(share.start, share.stop):
            one, block = divmod(index, blocks)
            # The last block goes back so far that it is as long as the others.
            first = min(block * step, q - step)
            source, target = values[one, :, first:], result[one, first:]
            outcomes[index] = (
                kernel(source.ctypes.data, target.ctypes.data, tile.ctypes.data, 0, row_stride, 0, 1, *shape) == 0
            )

    shared(work, len(outcomes))
    return result, all(outcomes)


@lru_cache(maxsize=512)
def _kernel(statistic: Statistic, n: int, dtype: np.dtype[Any]) -> Callable[..., Any]:
    """Code for a statistic of n values.

    Arguments: messages, results, a tile or null; strides of sets and rows of messages, and of sets of results; numbers
    of sets and of columns; columns of a tile; rows that are copied to it, none or all. Returns zero, or NaN where an
    entry is not finite.
    """
    emitter = Emitter(dtype, 3, 7)
    at, (messages, results, tile) = emitter.at, emitter.pointers
    set_stride, row_stride, result_stride, sets, columns, width, copied = emitter.integers
    zero, lanes = emitter.splat(0.0), emitter.number(emitter.lanes)
    direct = at.icmp_signed("==", copied, emitter.number(0))
    stride = at.select(direct, row_stride, width)
    # What is read in place is there already when it is fetched.
    following = at.select(direct, emitter.number(0), width)
    last_tile, last = at.sub(columns, width), at.sub(width, lanes)
    with emitter.loop(sets, carried=[zero]) as over_sets:
        source = emitter.offset(messages, at.mul(over_sets.index, set_stride))
        target = emitter.offset(results, at.mul(over_sets.index, result_stride))
        with emitter.loop(columns, width, carried=over_sets.carried) as over_tiles:
            first = emitter.least(over_tiles.index, last_tile)
            rows = emitter.offset(source, first)
            with emitter.loop(copied) as over_rows:
                row = emitter.offset(rows, at.mul(over_rows.index, row_stride))
                copy = emitter.offset(tile, at.mul(over_rows.index, width))
                with emitter.loop(width, emitter.lanes) as piece:
                    emitter.store(emitter.load(emitter.offset(row, piece.index)), emitter.offset(copy, piece.index))
            start = at.select(direct, rows, tile)
            with emitter.loop(width, emitter.lanes, carried=over_tiles.carried) as over_columns:
                column = emitter.least(over_columns.index, last)
                values, place, ahead = [], emitter.offset(start, column), emitter.offset(rows, following, column)
                for _ in range(n):
                    values.append(emitter.load(place))
                    emitter.prefetch(ahead)
                    place, ahead = emitter.offset(place, stride), emitter.offset(ahead, row_stride)
                finite = over_columns.carried[0]
                for value in values:
                    # Zero times what is not finite is NaN.
                    finite = emitter.fused(value, zero, finite)
                ordered = sort_groups(emitter, values, statistic.groups(n))
                emitter.store(statistic.emit(emitter, ordered), emitter.offset(target, first, column))
                over_columns.hand_on(finite)
            over_tiles.hand_on(*over_columns.results)
        over_sets.hand_on(*over_tiles.results)
    return emitter.finish(emitter.total(over_sets.results[0]))

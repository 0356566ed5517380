"""Order statistics of each coordinate, by a sorting network on as many coordinates at once as a vector holds.

A `Statistic` says what is wanted of the sorted values; comparators that it does not need are left out. A result depends
on its own coordinate's values alone, so neither on the other coordinates nor on how they are shared among threads.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, Protocol

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
_TILE_BYTES = 4096
"""Part of a row that is copied before it is worked on, since many rows far apart get into each other's way."""
_SHARE = 64
"""Number of tiles that a thread takes at a time."""


class Statistic(Protocol):
    """What is made of the sorted values of a coordinate; hashable, since code is kept for each."""

    def groups(self, n: int) -> Sequence[Hashable]:
        """For each place in sorted order a group; within one the order does not matter."""

    def emit(self, emitter: Emitter, values: Sequence[Any]) -> Any:
        """Emit the result, a vector, from the vectors of values."""


@dataclass(frozen=True)
class Weighted:
    """A weighted sum of the sorted values.

    Parameters
    ----------
    weights
        One for each place, smallest value first. Values of the same weight are added up before it is applied.
    """

    weights: tuple[Fraction, ...]

    def groups(self, n: int) -> Sequence[Hashable]:
        """Values of the same weight need no order."""
        del n
        return self.weights

    def emit(self, emitter: Emitter, values: Sequence[Any]) -> Any:
        """Emit the sum."""
        parts = []
        for weight in sorted(set(self.weights) - {Fraction(0)}):
            chosen = [value for value, each in zip(values, self.weights, strict=True) if each == weight]
            parts.append(_scaled(emitter, sum_of(emitter, chosen), weight))
        return sum_of(emitter, parts)


@dataclass(frozen=True)
class NearestMean:
    """Mean of the n - dropped values nearest to a centre; the smaller values win a tie.

    Parameters
    ----------
    dropped
        Number of values left out, less than half of them.
    centre
        "core", the mean of what is left when `dropped` values are taken off either side; or "median".
    """

    dropped: int
    centre: Literal["core", "median"]

    def groups(self, n: int) -> Sequence[Hashable]:
        """The ends in order, the core in none but for its middle."""
        middle = {(n - 1) // 2, n // 2} if self.centre == "median" else set()
        ends = set(range(self.dropped)) | set(range(n - self.dropped, n))
        side = [0 if place < (n - 1) // 2 or not middle else 1 for place in range(n)]
        return [("place", place) if place in ends | middle else ("core", side[place]) for place in range(n)]

    def emit(self, emitter: Emitter, values: Sequence[Any]) -> Any:
        """Emit the mean: the window of values moves up by one as long as it loses one farther than it gains."""
        at, n, dropped = emitter.at, len(values), self.dropped
        core = sum_of(emitter, values[dropped : n - dropped])
        if self.centre == "core":
            centre = _scaled(emitter, core, Fraction(1, n - 2 * dropped))
        else:
            low, high, half = values[(n - 1) // 2], values[n // 2], emitter.splat(0.5)
            centre = low if n % 2 else at.fadd(at.fmul(half, low), at.fmul(half, high))
        ends = []
        for low, high in zip(values[:dropped], values[n - dropped :], strict=True):
            moves = at.fcmp_ordered(">", at.fsub(centre, low), at.fsub(high, centre))
            ends.append(at.select(moves, high, low))
        return _scaled(emitter, sum_of(emitter, [core, *ends]), Fraction(1, n - dropped))


def sum_of(emitter: Emitter, values: Sequence[Any]) -> Any:
    """Emit a sum, two by two, so that rounding grows with the logarithm of their number."""
    values = list(values)
    while len(values) > 1:
        pairs = [emitter.at.fadd(a, b) for a, b in zip(values[::2], values[1::2], strict=False)]
        values = pairs + values[2 * len(pairs) :]
    return values[0]


def _scaled(emitter: Emitter, value: Any, factor: Fraction) -> Any:
    """Emit a product; a division keeps the mean of equal values exact where the sum is."""
    if factor == 1:
        return value
    if factor.numerator == 1:
        return emitter.at.fdiv(value, emitter.splat(float(factor.denominator)))
    return emitter.at.fmul(value, emitter.splat(float(factor)))


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


def by_coordinate(values: npt.NDArray[Any], statistic: Statistic) -> tuple[npt.NDArray[Any], bool]:
    """A statistic of each coordinate of messages (batch, n, q), and whether all entries are finite.

    Parameters
    ----------
    values
        Messages for which `suits` says yes.
    statistic
        What is wanted.

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
    width = _TILE_BYTES // item
    if q < 2 * width:
        finite = kernel(values.ctypes.data, result.ctypes.data, None, set_stride, row_stride, q, count, q, q, 0) == 0
        return result, finite
    blocks = -(-q // (_SHARE * width))
    step = -(-q // blocks)
    outcomes = [False] * (count * blocks)

    def work(share: slice) -> None:
        tile = np.empty((n, width), dtype=values.dtype)
        for index in range(share.start, share.stop):
            one, block = divmod(index, blocks)
            first = min(block * step, q - step)
            source, target = values[one, :, first:], result[one, first:]
            outcomes[index] = 0 == kernel(
                source.ctypes.data, target.ctypes.data, tile.ctypes.data, 0, row_stride, 0, 1, step, width, n
            )

    arrays.run_blocks(work, len(outcomes), 1)
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
                values, place = [], emitter.offset(start, column)
                for _ in range(n):
                    values.append(emitter.load(place))
                    place = emitter.offset(place, stride)
                finite = over_columns.carried[0]
                for value in values:
                    # Zero times what is not finite is NaN.
                    finite = at.fadd(finite, at.fmul(value, zero, flags=("contract",)), flags=("contract",))
                ordered = sort_groups(emitter, values, statistic.groups(n))
                emitter.store(statistic.emit(emitter, ordered), emitter.offset(target, first, column))
                over_columns.hand_on(finite)
            over_tiles.hand_on(*over_columns.results)
        over_sets.hand_on(*over_tiles.results)
    return emitter.finish(emitter.total(over_sets.results[0]))

"""Uniform permutations: the very ones that NumPy's generator on Philox gives, in a fraction of the time.

A permutation is shuffled from its end, each place swapped with one before it or with itself. Words of 32 bits are
masked to the fewest bits that hold the place, and passed over where what is left exceeds it. Here that costs no branch:
a word that is passed over swaps the place with itself, and the place moves on by the outcome of the comparison.

The stream is made of the published Philox4x64 with ten rounds: Salmon, Moraes, Dror and Shaw, "Parallel random numbers:
as easy as 1, 2, 3" (2011).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from .emit import Emitter, Repeat
from .engine import active

LARGEST_LENGTH = 2**31 - 1
"""Longest permutation that is drawn here: its places are kept in 32 bits."""
PATIENCE = 2**22
"""Entries that a process draws before it compiles anything: NumPy takes about as long for them."""
_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_KEY_STEPS = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_ROUNDS = 10
_COUNTERS = 64
"""Number of counters whose words are made at a time."""
_AT_ONCE = 2
"""Number of them whose rounds are interleaved, since each has to wait for its products."""
_HALVES = 8
"""Words of 32 bits that a counter makes."""
_FILLED = 8
"""Number of places that are set to the identity at a time."""


class Meter:
    """What has been asked for in a process. Results do not depend on it, since either way gives the same ones."""

    entries = 0


def suits(shape: tuple[int, ...]) -> bool:
    """Whether machine code serves permutations, of the length that their shape ends with, here and by now."""
    Meter.entries += math.prod(shape)
    return Meter.entries > PATIENCE and 2 <= shape[-1] <= LARGEST_LENGTH and active() and agrees()


@cache
def agrees() -> bool:
    """Whether a few permutations come out as NumPy's, whose algorithm may change with its version."""
    keys = np.arange(4, dtype=np.uint64).reshape(2, 2) << np.uint64(40)
    # Enough of the long ones that words are made anew within one.
    for count, length in ((3, 2), (9, 100)):
        drawn = np.empty((count, len(keys), length), dtype=np.int64)
        permute(keys, 2**40 + 1, 3, drawn)
        counter = np.array([0, 2**40 + 1, 3, 0], dtype=np.uint64)
        for run, key in enumerate(keys):
            rows = np.tile(np.arange(length), (count, 1))
            np.random.Generator(np.random.Philox(counter=counter, key=key)).permuted(rows, axis=-1, out=rows)
            if not np.array_equal(rows, drawn[:, run]):
                return False
    return True


def permute(keys: npt.NDArray[np.uint64], number: int, purpose: int, out: npt.NDArray[np.int64]) -> None:
    """Fill an array with permutations, in the order of its first axis one stream for each entry of the second.

    Parameters
    ----------
    keys
        Philox keys of the runs, (runs, 2).
    number, purpose
        The second and the third word of the counter, below 2**64; the others are zero.
    out
        (count, runs, length), contiguous along the last axis; of length at least 2.
    """
    count, runs, length = out.shape
    item = out.itemsize
    # By name, since an address keeps nothing alive.
    used = (np.ascontiguousarray(keys), out, _room(length))
    _permuting()(
        *(array.ctypes.data for array in used),
        *(number, purpose, runs, count, length, out.strides[1] // item, out.strides[0] // item),
    )


def spread(
    keys: npt.NDArray[np.uint64],
    number: int,
    purposes: Sequence[int],
    f: int,
    factor: float,
    out: npt.NDArray[Any],
) -> None:
    """Fill an array with a factor in f places that permutations choose, and with ones.

    Parameters
    ----------
    keys, number
        As for `permute`.
    purposes
        Of a permutation whose entries below f choose places, and of permutations that these are taken to, one after
        another.
    f
        Number of places with the factor.
    factor
        What stands there.
    out
        (count, runs, length) of floats, contiguous along the last axis.
    """
    count, runs, length = out.shape
    item = out.itemsize
    rows = np.empty((len(purposes), count, length), dtype=np.int64)
    value, words = np.array([factor], dtype=out.dtype), np.array(purposes, dtype=np.int64)
    used = (np.ascontiguousarray(keys), out, _room(length), rows, words, value)
    _spreading(len(purposes), out.dtype)(
        *(array.ctypes.data for array in used),
        *(number, runs, count, length, out.strides[1] // item, out.strides[0] // item, f),
    )


def _room(length: int) -> npt.NDArray[np.int32]:
    return np.empty(length + _FILLED, dtype=np.int32)


def _product(emitter: Emitter, value: Any, factor: int) -> tuple[Any, Any]:
    """The upper and the lower half of a product of two words."""
    at, wide = emitter.at, emitter.ir.IntType(128)
    product = at.mul(at.zext(value, wide), wide(factor))
    return at.trunc(at.lshr(product, wide(64)), emitter.integer), at.trunc(product, emitter.integer)


def _emit_words(emitter: Emitter, words: Any, key: Sequence[Any], first: Any, rest: Sequence[Any]) -> None:
    """Write the words of `_COUNTERS` counters, of which the lowest word is first, first + 1, ..."""
    at, number = emitter.at, emitter.number
    with emitter.loop(_COUNTERS, _AT_ONCE) as loop:
        states = [[at.add(first, at.add(loop.index, number(k))), *rest] for k in range(_AT_ONCE)]
        first_key, second_key = key
        for _ in range(_ROUNDS):
            for state in states:
                (high, low), (other_high, other_low) = (
                    _product(emitter, state[2 * k], _MULTIPLIERS[k]) for k in range(2)
                )
                state[:] = (
                    at.xor(at.xor(other_high, state[1]), first_key),
                    other_low,
                    at.xor(at.xor(high, state[3]), second_key),
                    low,
                )
            first_key, second_key = at.add(first_key, number(_KEY_STEPS[0])), at.add(second_key, number(_KEY_STEPS[1]))
        place = emitter.offset(words, at.mul(loop.index, number(4)))
        for k, word in enumerate(word for state in states for word in state):
            at.store(word, emitter.offset(place, k))


class _Shuffle:
    """Code that writes permutations of a length from streams of a block's number, wherever it is called for."""

    def __init__(self, emitter: Emitter, places: Any, number: Any, length: Any) -> None:
        self._emitter, self._number, self._length = emitter, number, length
        self._half = emitter.ir.IntType(32)
        self._places = emitter.at.bitcast(places, self._half.as_pointer())
        self._words = emitter.at.alloca(emitter.integer, 4 * _COUNTERS)

    def key_of(self, keys: Any, run: Any) -> tuple[Any, Any]:
        """A run's key."""
        pair = self._emitter.offset(keys, self._emitter.at.mul(run, self._emitter.number(2)))
        return self._emitter.at.load(pair), self._emitter.at.load(self._emitter.offset(pair, 1))

    def emit(self, key: tuple[Any, Any], purpose: Any, count: Any, rows: Any, stride: Any) -> None:
        """Write so many permutations of a stream to rows."""
        emitter, at, number = self._emitter, self._emitter.at, self._emitter.number
        rest, end = (self._number, purpose, number(0)), number(_HALVES * _COUNTERS)
        # No words are left in the beginning; the generator counts up before it makes some.
        with emitter.loop(count, carried=[end, number(1)]) as over_rows:
            row = emitter.offset(rows, at.mul(over_rows.index, stride))
            _emit_identity(emitter, self._places, self._length)
            # The place is counted from one, so that it moves on by the carry of a comparison.
            octave = Repeat(emitter, [self._length, *over_rows.carried])
            zeros = at.ctlz(at.sub(octave.carried[0], number(1)), emitter.ir.IntType(1)(1))
            mask = at.lshr(number(2**64 - 1), zeros)
            least = at.add(at.lshr(mask, number(1)), number(1))
            word = Repeat(emitter, octave.carried)
            place, position, first = word.carried
            before = at.block
            with at.if_then(at.icmp_unsigned("==", position, end), likely=False):
                _emit_words(emitter, self._words, key, first, rest)
                following = at.add(first, number(_COUNTERS))
                filled = at.block
            position = _either(emitter, (position, before), (number(0), filled))
            first = _either(emitter, (first, before), (following, filled))
            drawn = at.load(emitter.offset(at.bitcast(self._words, self._half.as_pointer()), position))
            place = self._swap(row, place, at.and_(at.zext(drawn, emitter.integer), mask))
            position = at.add(position, number(1))
            word.close(at.icmp_unsigned(">", place, least), place, position, first)
            octave.close(at.icmp_unsigned(">", place, number(1)), place, position, first)
            at.store(at.zext(at.load(self._places), emitter.integer), row)
            over_rows.hand_on(position, first)

    def _swap(self, row: Any, place: Any, drawn: Any) -> Any:
        """Swap the last of so many places with the one drawn, if there is one; returns how many are left."""
        emitter, at = self._emitter, self._emitter.at
        taken = at.icmp_unsigned("<", drawn, place)
        last = at.sub(place, emitter.number(1))
        other = emitter.offset(self._places, at.select(taken, drawn, last))
        result = at.load(other)
        at.store(at.load(emitter.offset(self._places, last)), other)
        at.store(at.zext(result, emitter.integer), emitter.offset(row, last))
        return at.sub(place, at.zext(taken, emitter.integer))


@cache
def _permuting() -> Callable[..., Any]:
    """Code for permutations.

    Arguments: keys, results, room for a permutation; two words of the counter; numbers of runs and of permutations of
    each, and their length; strides of runs and of permutations.
    """
    emitter = Emitter(np.dtype(np.float64), 3, 7)
    at = emitter.at
    keys, results = (at.bitcast(pointer, emitter.integer.as_pointer()) for pointer in emitter.pointers[:2])
    number, purpose, runs, count, length, run_stride, row_stride = emitter.integers
    shuffle = _Shuffle(emitter, emitter.pointers[2], number, length)
    with emitter.loop(runs) as over_runs:
        rows = emitter.offset(results, at.mul(over_runs.index, run_stride))
        shuffle.emit(shuffle.key_of(keys, over_runs.index), purpose, count, rows, row_stride)
    return emitter.finish()


@cache
def _spreading(streams: int, dtype: np.dtype[Any]) -> Callable[..., Any]:
    """Code for factors in places that permutations of so many streams choose.

    Arguments: keys, results, room for a permutation and for those of a run, purposes, the factor; the block's number;
    numbers of runs and of permutations of each, and their length; strides of runs and of permutations; how many get the
    factor.
    """
    emitter = Emitter(dtype, 6, 7)
    at = emitter.at
    _, results, room, _, _, factor = emitter.pointers
    keys, rows, purposes = (at.bitcast(emitter.pointers[k], emitter.integer.as_pointer()) for k in (0, 3, 4))
    number, runs, count, length, run_stride, row_stride, chosen = emitter.integers
    shuffle = _Shuffle(emitter, room, number, length)
    value, size = at.load(factor), at.mul(count, length)
    with emitter.loop(runs) as over_runs:
        key = shuffle.key_of(keys, over_runs.index)
        with emitter.loop(streams) as over:
            purpose = at.load(emitter.offset(purposes, over.index))
            shuffle.emit(key, purpose, count, emitter.offset(rows, at.mul(over.index, size)), length)
        with emitter.loop(count) as over_rows:
            row = emitter.offset(rows, at.mul(over_rows.index, length))
            target = emitter.offset(results, at.mul(over_runs.index, run_stride), at.mul(over_rows.index, row_stride))
            with emitter.loop(length) as over_places:
                place = over_places.index
                low = at.icmp_signed("<", at.load(emitter.offset(row, place)), chosen)
                for k in range(1, streams):
                    place = at.load(emitter.offset(row, at.mul(size, emitter.number(k)), place))
                at.store(at.select(low, value, emitter.value(1.0)), emitter.offset(target, place))
    return emitter.finish()


def _either(emitter: Emitter, *ways: tuple[Any, Any]) -> Any:
    """The value that belongs to the block that control comes from."""
    phi = emitter.at.phi(emitter.integer)
    for value, block in ways:
        phi.add_incoming(value, block)
    return phi


def _emit_identity(emitter: Emitter, places: Any, length: Any) -> None:
    """Write 0, 1, ... to the places, and a few behind them."""
    at, half = emitter.at, emitter.ir.IntType(32)
    kind = emitter.ir.VectorType(half, _FILLED)
    step = emitter.ir.Constant(kind, [_FILLED] * _FILLED)
    with emitter.loop(length, _FILLED, carried=[emitter.ir.Constant(kind, list(range(_FILLED)))]) as loop:
        at.store(loop.carried[0], at.bitcast(emitter.offset(places, loop.index), kind.as_pointer()), align=4)
        loop.hand_on(at.add(loop.carried[0], step))

"""Means of chosen messages: a 0/1 matrix times the messages, by tables of partial sums.

Messages are taken in groups of four. For the columns of one vector, a table in the first-level cache holds the sums of
the 16 subsets of each group (the method of four Russians), so that a sum of chosen messages takes one addition for each
group. Columns are taken in tiles, which are packed first, since rows may be far apart in memory. No coordinate's result
depends on where its tile begins.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from .. import arrays
from . import engine, memory
from .emit import Emitter

GROUP = 4
SUBSETS = 2**GROUP
WORD = 8
"""Unit of distances in a table, in bytes, so that they fit a byte."""
ROWS = 8
"""Means that are built at the same time; their codes, a byte each, are read as one number."""
_TILE_BYTES = 2**17
_NARROWEST = 128
"""Columns of a tile at least."""
TABLE_GROUPS = 25
"""Groups whose tables stay in a first-level cache."""
_LEAST_MESSAGES = 48
"""Number of messages from which on tables beat a product of matrices."""


def usable(values: Any) -> bool:
    """Whether `means` takes messages (sets, n, q) of NumPy; it depends on their shape, dtype, and strides alone."""
    return values.shape[1] >= _LEAST_MESSAGES and memory.usable(values)


def means(values: Any, mask: Any, count: int) -> Any:
    """Means of chosen messages.

    Parameters
    ----------
    values
        Messages (sets, n, q) that are `usable`.
    mask
        Which messages each mean takes: booleans (sets, m, n).
    count
        What the sums are divided by.

    Returns
    -------
    array
        (sets, m, q), of the dtype of the messages.
    """
    sets, n, q = values.shape
    outputs, size = mask.shape[1], values.itemsize
    lanes = engine.machine().lanes(size)
    groups, lines = -(-n // GROUP), -(-outputs // ROWS)
    mask = np.ascontiguousarray(mask)
    codes = np.empty((sets, lines, groups, ROWS), dtype=np.uint8)
    _encode(values.dtype)(mask.ctypes.data, codes.ctypes.data, sets, outputs, n, groups, lines)
    tiles = -(-q // max(_NARROWEST, _TILE_BYTES // (n * size)))
    width = min(q, -(-q // (tiles * lanes)) * lanes)
    # Rows of a packed tile are apart by one vector more than they take, so that they do not share the cache's sets.
    stride = (-(-width // lanes) + 1) * lanes
    step = min(groups, TABLE_GROUPS)
    lengths = [step * SUBSETS * lanes, groups * GROUP * stride, lines * ROWS * stride]
    out = np.empty((sets, outputs, q), dtype=values.dtype)
    tiles = -(-q // width)  # fewer, where rounding the width up saved one
    kernel = _kernel(values.dtype)
    sizes = (*(stride // size for stride in values.strides[:2]), n, groups, step, outputs, lines, count)
    source, chosen, target = values.ctypes.data, codes.ctypes.data, out.ctypes.data

    def work(block: slice) -> None:
        kept, table = memory.aligned(sum(lengths) * size)
        tile = table + lengths[0] * size
        sums = tile + lengths[1] * size
        place = (q, tiles, width, stride, block.start, block.stop)
        kernel(source, chosen, table, tile, sums, target, *sizes, *place)
        del kept

    total = sets * tiles
    shares = 8 * arrays.thread_count() if values.nbytes >= memory.SHARED_BYTES else 1
    arrays.run_blocks(work, total, -(-total // shares))
    return out


@lru_cache
def _encode(dtype: Any) -> Callable[..., Any]:
    """Write, for each mean and group, where its partial sum stands in the group's table, in `WORD`s: of mask, codes.

    Codes (sets, lines, groups, rows of a line) stand in the order in which they are used.
    """
    emit = Emitter(dtype, 2, 5)
    at, ir = emit.at, emit.ir
    byte, word = ir.IntType(8), ir.IntType(32)
    mask, codes = (at.bitcast(pointer, byte.as_pointer()) for pointer in emit.pointers)
    sets, rows, columns, groups, lines = emit.integers
    full = at.sdiv(columns, emit.number(GROUP))
    begin = at.mul(full, emit.number(GROUP))
    size = emit.lanes * dtype.itemsize // WORD

    def place(which: Any, row: Any, group: Any) -> Any:
        line, inside = at.sdiv(row, emit.number(ROWS)), at.srem(row, emit.number(ROWS))
        index = at.add(at.mul(at.add(at.mul(which, lines), line), groups), group)
        return at.gep(codes, [at.add(at.mul(index, emit.number(ROWS)), inside)])

    with emit.loop(sets) as which:
        with emit.loop(rows) as row:
            line = at.add(at.mul(which.index, rows), row.index)
            here = at.gep(mask, [at.mul(line, columns)])
            first = place(which.index, row.index, emit.number(0))
            with emit.loop(full) as group:
                four = at.gep(here, [at.mul(group.index, emit.number(GROUP))])
                bits = at.load(at.bitcast(four, word.as_pointer()), align=1)
                # The lowest bits of the four bytes become bits 24 to 27.
                code = at.and_(at.lshr(at.mul(bits, word(0x01020408)), word(24)), word(SUBSETS - 1))
                there = at.gep(first, [at.mul(group.index, emit.number(ROWS))])
                at.store(at.trunc(at.mul(code, word(size)), byte), there)
            with emit.loop(at.sub(columns, begin), carried=[emit.number(0)]) as rest:
                bit = at.load(at.gep(here, [at.add(begin, rest.index)]))
                rest.hand_on(at.or_(rest.carried[0], at.shl(at.zext(bit, emit.integer), rest.index)))
            with emit.loop(at.sub(groups, full)):
                at.store(
                    at.trunc(at.mul(rest.results[0], emit.number(size)), byte), place(which.index, row.index, full)
                )
        with emit.loop(at.sub(at.mul(lines, emit.number(ROWS)), rows)) as row, emit.loop(groups) as group:
            at.store(byte(0), place(which.index, at.add(rows, row.index), group.index))
    return emit.finish()


@lru_cache
def _kernel(dtype: Any) -> Callable[..., Any]:
    """Means over a range of tiles: of messages, codes, table, tile, tile of sums, result; sizes as in `means`."""
    emit = Emitter(dtype, 6, 14)
    x, codes, table, tile, sums, out = emit.pointers
    set_stride, row_stride, rows, groups, step, outputs, lines, count, total, tiles = emit.integers[:10]
    width, stride, start, stop = emit.integers[10:]
    at = emit.at
    codes = at.bitcast(codes, emit.ir.IntType(8).as_pointer())
    with emit.loop(at.sub(stop, start)) as round_:
        number = at.add(start, round_.index)
        which = at.sdiv(number, tiles)
        # The last tile begins early enough to be as wide as the others.
        column = emit.least(at.mul(at.srem(number, tiles), width), at.sub(total, width))
        source = emit.offset(x, at.mul(which, set_stride), column)
        chosen = at.gep(codes, [at.mul(which, at.mul(at.mul(lines, groups), emit.number(ROWS)))])
        target = emit.offset(out, at.mul(at.mul(which, outputs), total), column)
        sizes = (rows, groups, step, outputs, lines, count, width, stride)
        emit_means(emit, source, row_stride, chosen, (table, tile, sums), target, total, sizes)
    return emit.finish()


def emit_means(
    emit: Emitter,
    source: Any,
    row_stride: Any,
    codes: Any,
    places: tuple[Any, Any, Any],
    target: Any,
    target_stride: Any,
    sizes: tuple[Any, ...],
) -> None:
    """Emit the means of a tile of one set: places are table, tile, tile of sums; sizes as in `means`."""
    at, lanes, (table, tile, sums) = emit.at, emit.lanes, places
    rows, groups, step, outputs, lines, count, width, stride = sizes
    factor = emit.splat(at.fdiv(emit.value(1.0), at.sitofp(count, emit.value)))
    _copy(emit, source, row_stride, rows, tile, stride, width, None)
    missing = at.sub(at.mul(groups, emit.number(GROUP)), rows)
    with emit.loop(at.mul(missing, stride), lanes) as cleared:
        emit.store(emit.splat(0.0), emit.offset(tile, at.mul(rows, stride), cleared.index))
    with _vectors(emit, width) as here, emit.loop(groups, step) as part:
        taken = emit.least(step, at.sub(groups, part.index))
        members = emit.offset(tile, here, at.mul(part.index, at.mul(stride, emit.number(GROUP))))
        _tabulate(emit, members, stride, taken, table)
        begin = at.gep(codes, [at.mul(part.index, emit.number(ROWS))])
        fresh = at.icmp_signed("==", part.index, emit.number(0))
        _add(emit, table, begin, groups, taken, lines, emit.offset(sums, here), stride, fresh)
    _copy(emit, sums, stride, outputs, target, target_stride, width, factor)


@contextlib.contextmanager
def _vectors(emit: Emitter, width: Any) -> Iterator[Any]:
    """Repeat what is emitted for the first columns of vectors that cover a width, the last of which may overlap."""
    with emit.loop(width, emit.lanes) as column:
        yield emit.least(column.index, emit.at.sub(width, emit.number(emit.lanes)))


def _copy(
    emit: Emitter, source: Any, apart: Any, rows: Any, target: Any, away: Any, width: Any, factor: Any | None
) -> None:
    """Copy rows, whose first values are so far apart, times a factor."""
    at = emit.at
    with emit.loop(rows) as row:
        line, there = emit.offset(source, at.mul(row.index, apart)), emit.offset(target, at.mul(row.index, away))
        with _vectors(emit, width) as here:
            value = emit.load(emit.offset(line, here))
            emit.store(value if factor is None else at.fmul(value, factor), emit.offset(there, here))


def _tabulate(emit: Emitter, members: Any, stride: Any, groups: Any, table: Any) -> None:
    """Fill the tables of groups of members, whose rows are `stride` apart."""
    at, lanes = emit.at, emit.lanes
    with emit.loop(groups) as group:
        begin = emit.offset(members, at.mul(group.index, at.mul(stride, emit.number(GROUP))))
        entries = [emit.splat(0.0)]
        for member in range(GROUP):
            value = emit.load(emit.offset(begin, at.mul(stride, emit.number(member))))
            entries += [value, *(at.fadd(entry, value) for entry in entries[1:])]
        place = emit.offset(table, at.mul(group.index, emit.number(SUBSETS * lanes)))
        for index, entry in enumerate(entries):
            emit.store(entry, emit.offset(place, index * lanes))


def _add(
    emit: Emitter, table: Any, codes: Any, groups: Any, taken: Any, lines: Any, sums: Any, stride: Any, fresh: Any
) -> None:
    """Add the partial sums of some of the groups, from zero if `fresh`, to the sums of one vector of columns."""
    at, byte = emit.at, emit.ir.IntType(8)
    size = SUBSETS * emit.lanes * emit.dtype.itemsize
    table = at.bitcast(table, byte.as_pointer())
    with emit.loop(lines) as line:
        first = at.mul(line.index, emit.number(ROWS))
        places = [emit.offset(sums, at.mul(stride, at.add(first, emit.number(row)))) for row in range(ROWS)]
        before = [at.select(fresh, emit.splat(0.0), emit.load(place)) for place in places]
        with emit.loop(taken, carried=before) as group:
            here = at.bitcast(at.gep(table, [at.mul(group.index, emit.number(size))]), emit.integer.as_pointer())
            mine = at.add(at.mul(first, groups), at.mul(group.index, emit.number(ROWS)))
            there = at.gep(codes, [mine])
            packed = at.load(at.bitcast(there, emit.integer.as_pointer()), align=ROWS)
            totals = []
            for row, value in enumerate(group.carried):
                code = at.and_(at.lshr(packed, emit.number(8 * row)), emit.number(255))
                totals.append(at.fadd(value, emit.load(at.gep(here, [code]))))
            group.hand_on(*totals)
        for value, place in zip(group.results, places, strict=True):
            emit.store(value, place)

"""Scores and mixing of small sets of messages, set by set: all steps of one set in one go, while it is in a cache.

The steps are those of `gram`, `neighbours`, and `mixing`. A set that may be ill-conditioned, or where a tie has to be
broken, is marked as doubtful, and left to the caller.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from . import engine, gram, memory, mixing, order, products
from .emit import Emitter
from .matrices import emit_matrices
from .neighbours import Smallest, SumOfSmallest

_MOST_BYTES = 2**19
"""Size of a set up to which it is done in one go."""
_MOST_ITEMSIZE = 8
_LEAST_N = 64
"""Number of messages from which on the code for this number is worth its compilation."""


def fits(n: int, q: int, itemsize: int) -> bool:
    """Whether sets of this shape are done in one go, where machine code is active."""
    return _LEAST_N <= n <= order.LARGEST_N and n * q * itemsize <= _MOST_BYTES


def usable(values: Any) -> bool:
    """Whether `mixed` and `scores` take messages (sets, n, q); it depends on shape, dtype, and strides of a set."""
    _, n, q = values.shape
    return fits(n, q, values.itemsize) and memory.usable(values)


def work(n: int, q: int) -> int | None:
    """Number of entries of a set, which is all that `mixed` adds; None where sets of this shape go another way."""
    return n * q if fits(n, q, _MOST_ITEMSIZE) and engine.active() else None


def fill(result: Any, doubtful: Any, compute: Callable[[slice], Any]) -> Any:
    """Results, of which the doubtful ones are computed, one by one."""
    for index in np.flatnonzero(doubtful):
        result[index] = compute(slice(index, index + 1))[0]
    return result


def mixed(values: Any, count: int, resolved: tuple[float, float]) -> tuple[Any, Any]:
    """Means of the `count` messages nearest to each one, itself among them.

    Parameters
    ----------
    values
        Messages (sets, n, q) that are `usable`.
    count
        Number of messages in each mean.
    resolved
        As in `gram.gram_and_distances`.

    Returns
    -------
    means : array
        (sets, n, q), of the dtype of the messages.
    doubtful : array of bool
        Mask (sets,) of the sets whose means are to be taken from elsewhere.
    """
    out = np.empty(values.shape, dtype=values.dtype)
    _, doubtful = _run(values, Smallest(count), count, resolved, out)
    return out, doubtful


def scores(values: Any, count: int, resolved: tuple[float, float]) -> tuple[Any, Any]:
    """Sums (sets, n) of the `count` smallest squared distances of each message; arguments and mask as for `mixed`."""
    return _run(values, SumOfSmallest(count), 0, resolved, None)


def _run(
    values: Any, statistic: order.Statistic, count: int, resolved: tuple[float, float], out: Any | None
) -> tuple[Any, Any]:
    sets, n, q = values.shape
    size = values.itemsize
    lanes = engine.machine().lanes(size)
    blocks, kept = products.blocks_of(n)
    pitch = _pitch(n, lanes)
    width = gram.width_of(blocks * products.rows_of_block(), q, lanes, size)
    groups, stride = -(-n // mixing.GROUP), (-(-q // lanes) + 1) * lanes
    step = min(groups, mixing.TABLE_GROUPS)
    found, flags = np.empty((sets, pitch), dtype=values.dtype), np.empty(sets, dtype=values.dtype)
    # In bytes: packed tile, sums of columns, products, matrix with squares, distances; codes, table, tile, sums.
    lengths = [blocks * products.rows_of_block() * width * size, width * size, kept * 8]
    lengths += [(blocks * products.rows_of_block() + 1) * pitch * 8, n * pitch * size]
    if out is not None:
        lengths += [(pitch + mixing.ROWS) * groups, step * mixing.SUBSETS * lanes * size]
        lengths += [groups * mixing.GROUP * stride * size, (n + mixing.ROWS) * stride * size]
    else:
        lengths += [0] * 4
    lengths = [-(-length // memory.LINE) * memory.LINE for length in lengths]
    used, place = memory.aligned(sum(lengths))
    places = [place, *(place + end for end in itertools.accumulate(lengths[:-1]))]
    source, sums, marks = values.ctypes.data, found.ctypes.data, flags.ctypes.data
    target = out.ctypes.data if out is not None else sums
    strides = (stride // size for stride in values.strides[:2])
    kernel = _kernel(values.dtype, n, statistic, count, *resolved)
    kernel(source, *places, sums, marks, target, *strides, sets, q, width, step, stride)
    del used
    return found[:, :n], flags != 0


def _pitch(n: int, lanes: int) -> int:
    """Distance between rows of distances: whole vectors, at least as many as whole blocks take."""
    return -(-products.blocks_of(n)[0] * products.rows_of_block() // lanes) * lanes


@lru_cache(maxsize=256)
def _kernel(
    dtype: Any, n: int, statistic: order.Statistic, count: int, least: float, factor: float
) -> Callable[..., Any]:
    """All steps, with mixing where a count is given; arguments as in `_run`."""
    emit = Emitter(dtype, 13, 7)
    x, packed, columns, sums_of_pairs, scratch, distances, codes, table, tile, sums, found, flags, out = emit.pointers
    set_stride, row_stride, sets, q, width, step, stride = emit.integers
    at, sizes = emit.at, products.Sizes(emit)
    blocks, kept = products.blocks_of(n)
    pitch, groups, lines = _pitch(n, emit.lanes), -(-n // mixing.GROUP), -(-n // mixing.ROWS)
    number = emit.number
    with emit.loop(sets) as over_sets:
        source = emit.offset(x, at.mul(over_sets.index, set_stride))
        products.emit_products(
            sizes,
            source,
            row_stride,
            (packed, columns, sums_of_pairs),
            number(n),
            number(blocks),
            q,
            width,
            number(kept),
        )
        sure = emit_matrices(
            sizes, sums_of_pairs, scratch, number(n), number(blocks), number(pitch), (least, factor), number(pitch),
            (None, distances),
        )  # fmt: skip
        place = emit.offset(found, at.mul(over_sets.index, number(pitch)))
        _sort(emit, distances, n, pitch, statistic, place)
        if count:
            codes_ = at.bitcast(codes, emit.ir.IntType(8).as_pointer())
            chosen = _choose(emit, distances, n, pitch, place, codes_)
            sure = at.and_(sure, at.icmp_signed("==", chosen, number(count * n)))
            target = emit.offset(out, at.mul(at.mul(over_sets.index, number(n)), q))
            shape = (number(n), number(groups), step, number(n), number(lines), number(count), q, stride)
            mixing.emit_means(emit, source, row_stride, codes_, (table, tile, sums), target, q, shape)
        at.store(at.select(sure, emit.value(0.0), emit.value(1.0)), emit.offset(flags, over_sets.index))
    return emit.finish()


def _sort(emit: Emitter, distances: Any, n: int, pitch: int, statistic: order.Statistic, target: Any) -> None:
    """A statistic of each column of symmetric distances."""
    with emit.loop(pitch, emit.lanes) as column:
        values = [emit.load(emit.offset(distances, row * pitch, column.index)) for row in range(n)]
        ordered = order.sort_groups(emit, values, statistic.groups(n))
        emit.store(statistic.emit(emit, ordered), emit.offset(target, column.index))


def _choose(emit: Emitter, distances: Any, n: int, pitch: int, reach: Any, codes: Any) -> Any:
    """Write the codes of the messages within reach of each one, as in `mixing`; the number of them all."""
    at, ir, lanes = emit.at, emit.ir, emit.lanes
    for place in range(n, pitch):
        at.store(emit.value(-1.0), emit.offset(reach, place))
    groups = -(-n // mixing.GROUP)
    if pitch % mixing.ROWS:
        # Means that no vector holds, at the end of the last line.
        with emit.loop(groups * mixing.ROWS) as byte:
            start = emit.number(pitch // mixing.ROWS * groups * mixing.ROWS)
            at.store(ir.IntType(8)(0), at.gep(codes, [at.add(start, byte.index)]))
    counts = ir.VectorType(ir.IntType(8 * emit.dtype.itemsize), lanes)
    unit = lanes * emit.dtype.itemsize // mixing.WORD

    def group_of(column: Any, group: Any, members: int, total: Any) -> Any:
        bound, code = emit.load(emit.offset(reach, column)), None
        bytes_ = ir.VectorType(ir.IntType(8), lanes)
        for member in range(members):
            row = at.add(at.mul(group, emit.number(mixing.GROUP)), emit.number(member))
            distance = emit.load(emit.offset(distances, at.mul(row, emit.number(pitch)), column))
            inside = at.fcmp_ordered("<=", distance, bound)
            total = at.add(total, at.zext(inside, counts))
            bit = ir.Constant(bytes_, [unit << member] * lanes)
            part = at.select(inside, bit, ir.Constant(bytes_, [0] * lanes))
            code = part if code is None else at.or_(code, part)
        _store_codes(emit, code, codes, column, group, groups)
        return total

    with emit.loop(pitch, lanes, carried=[ir.Constant(counts, [0] * lanes)]) as column:
        with emit.loop(n // mixing.GROUP, carried=column.carried) as group:
            group.hand_on(group_of(column.index, group.index, mixing.GROUP, group.carried[0]))
        total = group.results[0]
        if n % mixing.GROUP:
            total = group_of(column.index, emit.number(groups - 1), n % mixing.GROUP, total)
        column.hand_on(total)
    found = emit.number(0)
    for lane in range(lanes):
        one = at.extract_element(column.results[0], ir.IntType(32)(lane))
        found = at.add(found, one if emit.dtype.itemsize == 8 else at.zext(one, emit.integer))
    return found


def _store_codes(emit: Emitter, code: Any, codes: Any, column: Any, group: Any, groups: int) -> None:
    """Write the codes of a vector of means: `mixing.ROWS` of a group side by side."""
    at, ir, lanes = emit.at, emit.ir, emit.lanes
    taken = min(lanes, mixing.ROWS)
    for start in range(0, lanes, taken):
        order_ = ir.Constant(ir.VectorType(ir.IntType(32), taken), list(range(start, start + taken)))
        part = at.shuffle_vector(code, ir.Constant(code.type, ir.Undefined), order_)
        row = at.add(column, emit.number(start))
        line, inside = at.sdiv(row, emit.number(mixing.ROWS)), at.srem(row, emit.number(mixing.ROWS))
        index = at.mul(at.add(at.mul(line, emit.number(groups)), group), emit.number(mixing.ROWS))
        place = at.bitcast(at.gep(codes, [at.add(index, inside)]), part.type.as_pointer())
        at.store(part, place, align=1)

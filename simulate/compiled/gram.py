"""Gram matrices of few long messages: tiles of columns, packed into a cache, and products in blocks of registers.

A tile's columns are copied side by side, block of rows by block of rows, so that the innermost loop reads memory in
order; on the way the mean of each column is taken off. A block of products stays in registers for the length of a tile;
its vectors are summed up once a tile, in double precision. The sums are symmetric to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .. import arrays
from . import engine, memory
from .emit import Emitter

_TILE_BYTES = 2**19
"""Size of a packed tile: half of a usual second-level cache."""
_WIDEST_BYTES = 2**11
"""Bytes of a row in a tile at most, so that sums within one stay short, and two blocks fit a first-level cache."""
_SHARES = 16
"""Number of shares, whatever the number of threads."""
_MOST = 1024
"""Number of messages up to which the products of a set stay in a cache."""


def rows_of_block() -> int:
    """Number of rows in a block: the products of two blocks, and the rows of one and a bit, fit the registers."""
    return 5 if engine.machine().registers >= 32 else 3


def usable(values: Any) -> bool:
    """Whether `gram` takes messages (sets, n, q) of NumPy; it depends on their shape, dtype, and strides alone."""
    return values.shape[1] <= _MOST and memory.usable(values)


def gram(values: Any, *, origin: bool = False) -> Any:
    """Gram matrices of messages around their mean.

    Parameters
    ----------
    values
        Messages (sets, n, q) that are `usable`.
    origin
        Whether the origin is one more message, the last one; it does not count in the mean.

    Returns
    -------
    array
        (sets, n, n), or (sets, n+1, n+1), of the dtype of the messages.
    """
    return _finished(_sums(values, origin), values.dtype, values.shape[1] + origin, (0.0, 1.0))[0]


def gram_and_distances(values: Any, resolved: tuple[float, float]) -> tuple[Any, Any, bool]:
    """Gram matrices (sets, n, n) of messages around their mean, their squared distances, and a check.

    Parameters
    ----------
    values
        Messages (sets, n, q) that are `usable`.
    resolved
        What the largest squared distance to the mean may be at least, and at most in squared distances between
        messages.

    Returns
    -------
    gram, distances : array
        Of the dtype of the messages; distances are never negative, symmetric, and zero on the diagonal.
    certain : bool
        Whether no set has half of n ordered pairs of messages nearer to one another than that.
    """
    return _finished(_sums(values, False), values.dtype, values.shape[1], resolved)


def blocks_of(rows: int) -> tuple[int, int]:
    """Number of blocks of rows, and of numbers kept of the products of a set."""
    block = rows_of_block()
    lanes = engine.machine().lanes(4)
    count = -(-rows // block)
    return count, count * (count + 1) // 2 * (-(-block * block // lanes) * lanes)


def width_of(rows: int, columns: int, lanes: int, size: int) -> int:
    """Columns of a tile of whole vectors of `lanes` values of `size` bytes."""
    return min(
        _WIDEST_BYTES // size, max(8, _TILE_BYTES // (rows * size * lanes)) * lanes, -(-columns // lanes) * lanes
    )


def _sums(values: Any, origin: bool) -> Any:
    """Products of the blocks of deviations (sets, kept), as the kernel lays them out."""
    sets, n, q = values.shape
    size, kernel = values.itemsize, _kernel(values.dtype)
    lanes = engine.machine().lanes(size)
    count, kept = blocks_of(n + origin)
    padded = count * rows_of_block()
    width = width_of(padded, q, lanes, size)
    tiles = -(-q // width)
    shares = min(_SHARES, tiles) if n * q * size >= memory.SHARED_BYTES else 1
    step = -(-tiles // shares)
    shares, step = -(-tiles // step), step * width
    out = np.empty((shares, sets, kept))
    strides = tuple(stride // size for stride in values.strides[:2])
    source, target = values.ctypes.data, out.ctypes.data

    def work(block: slice) -> None:
        _kept, packed = memory.aligned((padded + 1) * width * size)
        sums = packed + padded * width * size
        if shares == 1:
            begin, there = source + block.start * values.strides[0], target + block.start * kept * 8
            kernel(begin, packed, sums, there, *strides, block.stop - block.start, n, count, q, width, kept)
            return
        for index in range(block.start, block.stop):
            which, share = divmod(index, shares)
            begin = source + which * values.strides[0] + share * step * size
            there = target + (share * sets + which) * kept * 8
            taken = min(step, q - share * step)
            kernel(begin, packed, sums, there, *strides, 1, n, count, taken, width, kept)

    if values.nbytes >= memory.SHARED_BYTES:
        arrays.run_blocks(work, sets * shares, 1 if shares > 1 else max(1, sets // 64))
    else:
        work(slice(0, sets))
    total = out[0]
    for share in range(1, shares):
        total += out[share]
    return total


def _finished(sums: Any, dtype: Any, rows: int, resolved: tuple[float, float]) -> tuple[Any, Any, bool]:
    """Matrices (sets, rows, rows) of products and of distances, and whether no set may be ill-conditioned."""
    sets = len(sums)
    lanes = engine.machine().lanes(dtype.itemsize)
    count, kept = blocks_of(rows)
    stride = -(-count * rows_of_block() // lanes) * lanes
    # Rows are written in whole vectors; what is too much goes to the next one, and behind the last.
    made = [np.empty(sets * rows * rows + lanes, dtype=dtype) for _ in range(2)]
    scratch = np.empty((count * rows_of_block() + 1) * stride)
    doubtful = _finish(dtype, *resolved)(
        sums.ctypes.data, scratch.ctypes.data, *(one.ctypes.data for one in made), sets, rows, count, stride, kept
    )
    products, distances = (one[: sets * rows * rows].reshape((sets, rows, rows)) for one in made)
    return products, distances, not doubtful


@lru_cache
def _kernel(dtype: Any) -> Callable[..., Any]:
    """Sums of products: of messages, packed tile, sums of columns, result; sizes as in `_sums`."""
    emit = Emitter(dtype, 4, 8)
    x, packed, sums, products = emit.pointers
    set_stride, row_stride, sets, rows, blocks, columns, width, kept = emit.integers
    sizes = Sizes(emit)
    with emit.loop(sets) as over_sets:
        base = emit.offset(x, emit.at.mul(over_sets.index, set_stride))
        first = sizes.place(products, emit.at.mul(over_sets.index, kept))
        emit_products(sizes, base, row_stride, (packed, sums, first), rows, blocks, columns, width, kept)
    return emit.finish()


def emit_products(
    sizes: Sizes,
    source: Any,
    row_stride: Any,
    places: tuple[Any, Any, Any],
    rows: Any,
    blocks: Any,
    columns: Any,
    width: Any,
    kept: Any,
) -> None:
    """Emit the products of one set: places are the packed tile, the sums of its columns, and the result."""
    emit, (packed, sums, products) = sizes.emit, places
    at, lanes = emit.at, emit.lanes
    inverse = at.fdiv(emit.value(1.0), at.sitofp(rows, emit.value))
    with emit.loop(kept, lanes) as cleared:
        sizes.store(sizes.zero, sizes.place(products, cleared.index))
    with emit.loop(columns, width) as tile:
        taken = emit.least(at.sub(columns, tile.index), width)
        vectors = at.sdiv(at.add(taken, emit.number(lanes - 1)), emit.number(lanes))
        _pack(emit, sizes.block, emit.offset(source, tile.index), row_stride, packed, sums, rows, blocks, taken)
        _centre(emit, sizes.block, packed, sums, blocks, vectors, inverse)
        following = at.add(tile.index, width)
        wanted = at.select(at.icmp_signed("<", following, columns), vectors, emit.number(0))
        fetch = _fetcher(sizes, emit.offset(source, following), row_stride, rows, blocks, wanted)
        _multiply(sizes, packed, products, blocks, vectors, fetch)


@lru_cache
def _finish(dtype: Any, least: float, factor: float) -> Callable[..., Any]:
    """Number of doubtful sets: of sums, scratch, Gram matrices, distances; sizes as in `_finished`."""
    emit = Emitter(dtype, 4, 5)
    sums, scratch, out, distances = emit.pointers
    sets, rows, blocks, stride, kept = emit.integers
    at, sizes = emit.at, Sizes(emit)
    with emit.loop(sets, carried=[emit.value(0.0)]) as over_sets:
        products = sizes.place(sums, at.mul(over_sets.index, kept))
        start = at.mul(over_sets.index, at.mul(rows, rows))
        places = (emit.offset(out, start), emit.offset(distances, start))
        sure = emit_matrices(sizes, products, scratch, rows, blocks, stride, (least, factor), rows, places)
        over_sets.hand_on(at.fadd(over_sets.carried[0], at.select(sure, emit.value(0.0), emit.value(1.0))))
    return emit.finish(over_sets.results[0])


def emit_matrices(
    sizes: Sizes,
    products: Any,
    scratch: Any,
    rows: Any,
    blocks: Any,
    stride: Any,
    resolved: tuple[float, float],
    pitch: Any,
    places: tuple[Any | None, Any],
) -> Any:
    """Emit the matrices of one set from its products, and whether it certainly is resolved.

    Places are those of the Gram matrix, if it is wanted, and of the distances; their rows are `pitch` apart.
    """
    emit = sizes.emit
    at, (least, factor) = emit.at, resolved
    squares = sizes.place(scratch, at.mul(at.mul(blocks, emit.number(sizes.block)), stride))
    _unpack(emit, sizes, products, scratch, blocks, stride)
    largest, total = _squares(emit, sizes, scratch, squares, rows, stride)
    limit = at.fdiv(largest, sizes.double(factor))
    near = _write(emit, sizes, scratch, squares, rows, stride, limit, pitch, places)
    sure = at.icmp_signed("<", near, at.add(rows, at.sdiv(rows, emit.number(2))))
    sure = at.and_(sure, at.fcmp_ordered(">", largest, sizes.double(least)))
    return at.and_(sure, at.fcmp_ordered("<", total, sizes.double(float(np.finfo(emit.dtype).max))))


def _squares(emit: Emitter, sizes: Sizes, matrix: Any, squares: Any, rows: Any, stride: Any) -> tuple[Any, Any]:
    """Copy the diagonal, with infinities behind it; its largest number, and its sum."""
    at = emit.at
    with emit.loop(stride) as clear:
        at.store(sizes.double(math.inf), sizes.place(squares, clear.index))
    with emit.loop(rows, carried=[sizes.double(0.0)] * 2) as row:
        value = at.load(sizes.place(matrix, at.mul(row.index, at.add(stride, emit.number(1)))))
        at.store(value, sizes.place(squares, row.index))
        largest = at.select(at.fcmp_ordered(">", value, row.carried[0]), value, row.carried[0])
        row.hand_on(largest, at.fadd(row.carried[1], value))
    largest, total = row.results
    return largest, total


def _write(
    emit: Emitter,
    sizes: Sizes,
    matrix: Any,
    squares: Any,
    rows: Any,
    stride: Any,
    limit: Any,
    pitch: Any,
    places: tuple[Any | None, Any],
) -> Any:
    """Write products and distances in the dtype of the messages; the number of distances below a limit."""
    at, ir, lanes = emit.at, emit.ir, emit.lanes
    counts = ir.VectorType(emit.integer, lanes)
    bound = sizes.splat(limit)
    with emit.loop(rows, carried=[ir.Constant(counts, [0] * lanes)]) as row:
        own = sizes.splat(at.load(sizes.place(squares, row.index)))
        line = sizes.place(matrix, at.mul(row.index, stride))
        start = at.mul(row.index, pitch)
        with emit.loop(pitch, lanes, carried=row.carried) as column:
            product = sizes.load(sizes.place(line, column.index))
            sum_ = at.fadd(own, sizes.load(sizes.place(squares, column.index)))
            distance = at.fsub(sum_, at.fadd(product, product))
            # A NaN, which says that the products overflowed, stays.
            distance = at.select(at.fcmp_ordered("<", distance, sizes.zero), sizes.zero, distance)
            near = at.zext(at.fcmp_ordered("<", distance, bound), counts)
            for value, place in zip((product, distance), places, strict=True):
                if place is not None:
                    emit.store(sizes.narrowed(value), emit.offset(place, start, column.index))
            column.hand_on(at.add(column.carried[0], near))
        at.store(emit.value(0.0), emit.offset(places[1], start, row.index))
        row.hand_on(*column.results)
    total = emit.number(0)
    for lane in range(lanes):
        total = at.add(total, at.extract_element(row.results[0], ir.IntType(32)(lane)))
    return total


class Sizes:
    """How the sums of a pair of blocks are kept: in vectors of double precision with as many lanes as there are values.

    Attributes
    ----------
    emit : Emitter
        The function that they are for.
    block : int
        Rows in a block.
    stored : int
        Numbers kept for a pair: its products, padded to whole vectors.
    """

    def __init__(self, emit: Emitter) -> None:
        self.emit, self.block = emit, rows_of_block()
        # The same for all dtypes.
        lanes = engine.machine().lanes(4)
        self.stored = -(-self.block * self.block // lanes) * lanes
        self.double = emit.ir.DoubleType()
        self.vector = emit.ir.VectorType(self.double, emit.lanes)
        self.zero = emit.ir.Constant(self.vector, [0.0] * emit.lanes)

    def place(self, pointer: Any, index: Any) -> Any:
        """Address of a number in an array of double precision."""
        at = self.emit.at
        return at.gep(at.bitcast(pointer, self.double.as_pointer()), [index])

    def load(self, pointer: Any) -> Any:
        """A vector of sums."""
        return self.emit.at.load(self.emit.at.bitcast(pointer, self.vector.as_pointer()), align=8)

    def store(self, vector: Any, pointer: Any) -> None:
        """Write a vector of sums."""
        self.emit.at.store(vector, self.emit.at.bitcast(pointer, self.vector.as_pointer()), align=8)

    def splat(self, value: Any) -> Any:
        """A vector with a number of double precision in all lanes."""
        return spread(self.emit, value, self.vector)

    def narrowed(self, vector: Any) -> Any:
        """A vector of sums as values."""
        return vector if self.emit.value == self.double else self.emit.at.fptrunc(vector, self.emit.vector)

    def widened(self, vector: Any) -> Any:
        """A vector of values in double precision."""
        return vector if self.emit.value == self.double else self.emit.at.fpext(vector, self.vector)


def _pack(
    emit: Emitter,
    block: int,
    source: Any,
    row_stride: Any,
    packed: Any,
    sums: Any,
    rows: Any,
    blocks: Any,
    columns: Any,
) -> None:
    """Copy columns of the rows to the packed tile, rows of zeros behind them, and add the rows up."""
    at, lanes = emit.at, emit.lanes
    zero = emit.splat(0.0)
    full = at.sdiv(columns, emit.number(lanes))
    rest = at.srem(columns, emit.number(lanes))
    vectors = at.sdiv(at.add(columns, emit.number(lanes - 1)), emit.number(lanes))
    # The last columns, if they do not fill a vector, are the last lanes of one that begins with columns seen before.
    thirty_two = emit.ir.IntType(32)
    order = emit.ir.Constant(emit.ir.VectorType(thirty_two, lanes), list(range(lanes)))
    first = at.trunc(at.sub(emit.number(lanes), rest), thirty_two)
    seen = at.icmp_signed("<", order, spread(emit, first, order.type))
    with emit.loop(at.mul(vectors, emit.number(lanes)), lanes) as cleared:
        emit.store(zero, emit.offset(sums, cleared.index))

    def target(row: Any) -> Any:
        """Where a row's first vector goes; the next ones follow at a distance of a block's vectors."""
        number, inside = at.sdiv(row, emit.number(block)), at.srem(row, emit.number(block))
        place = at.add(at.mul(at.mul(number, vectors), emit.number(block)), inside)
        return emit.offset(packed, at.mul(place, emit.number(lanes)))

    def keep(line: Any, vector: Any, value: Any) -> None:
        emit.store(value, emit.offset(line, at.mul(vector, emit.number(block * lanes))))
        place = emit.offset(sums, at.mul(vector, emit.number(lanes)))
        emit.store(at.fadd(emit.load(place), value), place)

    with emit.loop(rows) as row:
        line, there = emit.offset(source, at.mul(row.index, row_stride)), target(row.index)
        with emit.loop(full) as vector:
            keep(there, vector.index, emit.load(emit.offset(line, at.mul(vector.index, emit.number(lanes)))))
        with emit.loop(rest, lanes):
            last = emit.load(emit.offset(line, columns, -lanes))
            keep(there, full, at.select(seen, zero, last))
    with emit.loop(at.sub(at.mul(blocks, emit.number(block)), rows)) as row:
        there = target(at.add(row.index, rows))
        with emit.loop(vectors) as vector:
            emit.store(zero, emit.offset(there, at.mul(vector.index, emit.number(block * lanes))))


def spread(emit: Emitter, value: Any, kind: Any) -> Any:
    """A vector of any kind with a value in all lanes."""
    thirty_two = emit.ir.IntType(32)
    undefined = emit.ir.Constant(kind, emit.ir.Undefined)
    first = emit.at.insert_element(undefined, value, thirty_two(0))
    order = emit.ir.Constant(emit.ir.VectorType(thirty_two, emit.lanes), [0] * emit.lanes)
    return emit.at.shuffle_vector(first, undefined, order)


def _centre(emit: Emitter, block: int, packed: Any, sums: Any, blocks: Any, vectors: Any, inverse: Any) -> None:
    """Take the mean of each column off."""
    at, lanes = emit.at, emit.lanes
    factor = emit.splat(inverse)
    with emit.loop(at.mul(vectors, emit.number(lanes)), lanes) as vector:
        place = emit.offset(sums, vector.index)
        emit.store(at.fmul(emit.load(place), factor), place)
    size = at.mul(vectors, emit.number(block * lanes))
    with emit.loop(blocks) as number:
        start = emit.offset(packed, at.mul(number.index, size))
        with emit.loop(vectors) as vector:
            mean = emit.load(emit.offset(sums, at.mul(vector.index, emit.number(lanes))))
            for row in range(block):
                place = emit.offset(start, at.mul(vector.index, emit.number(block * lanes)), row * lanes)
                emit.store(at.fsub(emit.load(place), mean), place)


def _fetcher(sizes: Sizes, source: Any, row_stride: Any, rows: Any, blocks: Any, vectors: Any) -> Callable[[Any], None]:
    """Emit, for a pair of blocks given by its place among the products, a request for its share of the next tile.

    Memory is slow to begin with rows that are far apart; asked for while products are computed, they are there in time.
    """
    emit = sizes.emit
    at, one = emit.at, emit.number(1)
    pairs = at.sdiv(at.mul(blocks, at.add(blocks, one)), emit.number(2))
    # Each row in so many parts that about one falls to each pair.
    parts = at.sdiv(pairs, rows)
    parts = at.select(at.icmp_signed("<", parts, one), one, parts)
    length = at.mul(at.sdiv(at.add(vectors, at.sub(parts, one)), parts), emit.number(emit.lanes))

    def fetch(place: Any) -> None:
        pair = at.sdiv(place, emit.number(sizes.stored))
        row = emit.least(at.sdiv(pair, parts), at.sub(rows, one))
        line = emit.offset(source, at.mul(row, row_stride), at.mul(at.srem(pair, parts), length))
        with emit.loop(length, emit.lanes) as piece:
            emit.prefetch(emit.offset(line, piece.index))

    return fetch


def _multiply(
    sizes: Sizes, packed: Any, products: Any, blocks: Any, vectors: Any, fetch: Callable[[Any], None]
) -> None:
    """Add the products of each pair of blocks to their sums, and fetch what comes next."""
    emit = sizes.emit
    at, lanes, block = emit.at, emit.lanes, sizes.block
    size = at.mul(vectors, emit.number(block * lanes))
    with emit.loop(blocks, carried=[emit.number(0)]) as upper:
        left = emit.offset(packed, at.mul(upper.index, size))
        following = at.add(upper.index, emit.number(1))
        with emit.loop(following, carried=upper.carried) as lower:
            right = emit.offset(packed, at.mul(lower.index, size))
            fetch(lower.carried[0])
            with emit.loop(vectors, carried=[emit.splat(0.0)] * block**2) as vector:
                step = at.mul(vector.index, emit.number(block * lanes))
                ours = [emit.load(emit.offset(left, step, row * lanes)) for row in range(block)]
                sums = list(vector.carried)
                for other in range(block):
                    theirs = emit.load(emit.offset(right, step, other * lanes))
                    for row in range(block):
                        index = row * block + other
                        product = at.fmul(ours[row], theirs, flags=("contract",))
                        sums[index] = at.fadd(sums[index], product, flags=("contract",))
                vector.hand_on(*sums)
            for start in range(0, sizes.stored, lanes):
                place = sizes.place(products, at.add(lower.carried[0], emit.number(start)))
                if start >= block**2:
                    break
                total = sizes.widened(_reduced(emit, vector.results[start : start + lanes]))
                sizes.store(at.fadd(sizes.load(place), total), place)
            lower.hand_on(at.add(lower.carried[0], emit.number(sizes.stored)))
        upper.hand_on(*lower.results)


def _reduced(emit: Emitter, vectors: Sequence[Any]) -> Any:
    """A vector of the sums of vectors, as many as lanes, or fewer."""
    ir, lanes = emit.ir, emit.lanes
    parts = list(vectors) + [emit.splat(0.0)] * (lanes - len(vectors))
    # A vector holds the sums of `held` of them so far, `width` numbers for each.
    held, width = 1, lanes
    while width > 1:
        half = width // 2
        masks: list[list[int]] = [[], []]
        for start in range(0, 2 * lanes, width):
            masks[0] += range(start, start + half)
            masks[1] += range(start + half, start + width)
        kind = ir.VectorType(ir.IntType(32), lanes)
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [
            emit.at.fadd(*(emit.at.shuffle_vector(a, b, ir.Constant(kind, mask)) for mask in masks)) for a, b in pairs
        ]
        held, width = 2 * held, half
    return parts[0]


def _unpack(emit: Emitter, sizes: Sizes, products: Any, out: Any, blocks: Any, width: Any) -> None:
    """Write sums to both halves of a matrix of whole blocks, whose rows are `width` numbers apart."""
    at, block = emit.at, sizes.block
    with emit.loop(blocks, carried=[emit.number(0)]) as upper:
        following = at.add(upper.index, emit.number(1))
        with emit.loop(following, carried=upper.carried) as lower:
            first, second = (at.mul(loop.index, emit.number(block)) for loop in (upper, lower))
            for row in range(block):
                for other in range(block):
                    index = at.add(lower.carried[0], emit.number(row * block + other))
                    value = at.load(sizes.place(products, index))
                    a, b = at.add(first, emit.number(row)), at.add(second, emit.number(other))
                    at.store(value, sizes.place(out, at.add(at.mul(a, width), b)))
                    at.store(value, sizes.place(out, at.add(at.mul(b, width), a)))
            lower.hand_on(at.add(lower.carried[0], emit.number(sizes.stored)))
        upper.hand_on(*lower.results)

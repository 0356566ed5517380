"""Products of few long messages: tiles of columns, packed into a cache, and products in blocks of registers.

A tile's columns are copied side by side, block of rows by block of rows, so that the innermost loop reads memory in
order; on the way the mean of each column is taken off. A block of products stays in registers for the length of a tile;
its vectors are summed up once a tile, in double precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import engine
from .emit import Emitter


def rows_of_block() -> int:
    """Number of rows in a block: the products of two blocks, and the rows of one and a bit, fit the registers."""
    return 5 if engine.machine().registers >= 32 else 3


def blocks_of(rows: int) -> tuple[int, int]:
    """Number of blocks of rows, and of numbers kept of the products of a set."""
    block = rows_of_block()
    lanes = engine.machine().lanes(4)
    count = -(-rows // block)
    return count, count * (count + 1) // 2 * (-(-block * block // lanes) * lanes)


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

"""Gram matrices and squared distances written from the products of blocks of messages."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .emit import Emitter
from .products import Sizes


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

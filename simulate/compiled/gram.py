"""Gram matrices and squared distances of few long messages, around their mean; symmetric to the last bit.

Sums over the columns of long messages are taken in shares, for several threads; how many depends on the shape alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .. import arrays
from . import engine, memory
from .emit import Emitter
from .matrices import emit_matrices
from .products import Sizes, blocks_of, emit_products, rows_of_block

_TILE_BYTES = 2**19
"""Size of a packed tile: half of a usual second-level cache."""
_WIDEST_BYTES = 2**11
"""Bytes of a row in a tile at most, so that sums within one stay short, and two blocks fit a first-level cache."""
_SHARES = 16
"""Number of shares, whatever the number of threads."""
_MOST = 1024
"""Number of messages up to which the products of a set stay in a cache."""


def usable(values: Any) -> bool:
    """Whether `gram_and_distances` takes messages (sets, n, q); by their shape, dtype, and strides alone."""
    return values.shape[1] <= _MOST and memory.usable(values)


def gram_and_distances(values: Any, resolved: tuple[float, float], *, origin: bool = False) -> tuple[Any, Any, bool]:
    """Gram matrices (sets, n, n) of messages around their mean, their squared distances, and a check.

    Parameters
    ----------
    values
        Messages (sets, n, q) that are `usable`.
    resolved
        What the largest squared distance to the mean may be at least, and at most in squared distances between
        messages.
    origin
        Whether the origin is one more message, the last one; it does not count in the mean.

    Returns
    -------
    gram, distances : array
        Of the dtype of the messages; distances are never negative, symmetric, and zero on the diagonal.
    certain : bool
        Whether no set has half of n ordered pairs of messages nearer to one another than that.
    """
    return _matrices(values, origin, resolved)


def width_of(rows: int, columns: int, lanes: int, size: int) -> int:
    """Columns of a tile of whole vectors of `lanes` values of `size` bytes."""
    return min(
        _WIDEST_BYTES // size, max(8, _TILE_BYTES // (rows * size * lanes)) * lanes, -(-columns // lanes) * lanes
    )


@dataclass(frozen=True)
class _Plan:
    """Sizes for sets of a shape.

    Attributes
    ----------
    rows, blocks, kept : int
        Messages, with the origin; blocks of them; numbers kept of the products of a set.
    width, stride : int
        Columns of a tile; distance between rows of the matrix that products are written to first.
    packed, sums, matrix : int
        Bytes of the packed tile, of the sums of its columns, and of that matrix with its diagonal.
    """

    rows: int
    blocks: int
    kept: int
    width: int
    stride: int
    packed: int
    sums: int
    matrix: int


@lru_cache
def _plan(n: int, q: int, dtype: Any, origin: bool) -> _Plan:
    size, lanes = dtype.itemsize, engine.machine().lanes(dtype.itemsize)
    blocks, kept = blocks_of(n + origin)
    padded = blocks * rows_of_block()
    width = width_of(padded, q, lanes, size)
    stride = -(-padded // lanes) * lanes
    return _Plan(
        n + origin, blocks, kept, width, stride, padded * width * size, width * size, (padded + 1) * stride * 8
    )


def _matrices(values: Any, origin: bool, resolved: tuple[float, float]) -> tuple[Any, Any, bool]:
    """Matrices (sets, rows, rows) of products and of distances, and whether no set may be ill-conditioned."""
    sets, n, q = values.shape
    dtype, size = values.dtype, values.itemsize
    plan = _plan(n, q, dtype, origin)
    rows = plan.rows
    # Rows are written in whole vectors; what is too much goes to the next one, and behind the last.
    made = [np.empty(sets * rows * rows + memory.LINE // size, dtype=dtype) for _ in range(2)]
    targets = [one.ctypes.data for one in made]
    if values.nbytes >= memory.SHARED_BYTES:
        sums = _sums(values, plan)
        scratch = np.empty(plan.matrix)
        doubtful = _finish(dtype, *resolved)(
            sums.ctypes.data, scratch.ctypes.data, *targets, sets, rows, plan.blocks, plan.stride, plan.kept
        )
    else:
        used, packed = memory.aligned(plan.packed + plan.sums + plan.kept * 8 + plan.matrix)
        columns, strides = packed + plan.packed, (stride // size for stride in values.strides[:2])
        places = (packed, columns, columns + plan.sums, columns + plan.sums + plan.kept * 8, *targets)
        sizes = (n, rows, plan.blocks, q, plan.width, plan.stride, plan.kept)
        doubtful = _whole(dtype, *resolved)(values.ctypes.data, *places, *strides, sets, *sizes)
        del used
    products, distances = (one[: sets * rows * rows].reshape((sets, rows, rows)) for one in made)
    return products, distances, not doubtful


def _sums(values: Any, plan: _Plan) -> Any:
    """Products of the blocks of deviations (sets, kept), as the kernel lays them out, over threads."""
    sets, n, q = values.shape
    size, kernel = values.itemsize, _kernel(values.dtype)
    width, kept = plan.width, plan.kept
    tiles = -(-q // width)
    shares = min(_SHARES, tiles) if n * q * size >= memory.SHARED_BYTES else 1
    step = -(-tiles // shares)
    shares, step = -(-tiles // step), step * width
    out = np.empty((shares, sets, kept))
    strides = tuple(stride // size for stride in values.strides[:2])
    source, target = values.ctypes.data, out.ctypes.data

    def work(block: slice) -> None:
        used, packed = memory.aligned(plan.packed + plan.sums)
        for index in range(block.start, block.stop):
            which, share = divmod(index, shares)
            begin = source + which * values.strides[0] + share * step * size
            there = target + (share * sets + which) * kept * 8
            taken = min(step, q - share * step)
            kernel(begin, packed, packed + plan.packed, there, *strides, 1, n, plan.blocks, taken, width, kept)
        del used

    arrays.run_blocks(work, sets * shares, 1 if shares > 1 else max(1, sets // 64))
    total = out[0]
    for share in range(1, shares):
        total += out[share]
    return total


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


@lru_cache
def _whole(dtype: Any, least: float, factor: float) -> Callable[..., Any]:
    """`_kernel` and `_finish` set by set, with memory for the sums of one; sizes as in `_matrices`."""
    emit = Emitter(dtype, 7, 10)
    x, packed, columns, products, scratch, out, distances = emit.pointers
    set_stride, row_stride, sets, n, rows, blocks, q, width, stride, kept = emit.integers
    at, sizes = emit.at, Sizes(emit)
    with emit.loop(sets, carried=[emit.value(0.0)]) as over_sets:
        source = emit.offset(x, at.mul(over_sets.index, set_stride))
        emit_products(sizes, source, row_stride, (packed, columns, products), n, blocks, q, width, kept)
        start = at.mul(over_sets.index, at.mul(rows, rows))
        places = (emit.offset(out, start), emit.offset(distances, start))
        sure = emit_matrices(sizes, products, scratch, rows, blocks, stride, (least, factor), rows, places)
        over_sets.hand_on(at.fadd(over_sets.carried[0], at.select(sure, emit.value(0.0), emit.value(1.0))))
    return emit.finish(over_sets.results[0])


@lru_cache
def _finish(dtype: Any, least: float, factor: float) -> Callable[..., Any]:
    """Number of doubtful sets: of sums, scratch, Gram matrices, distances; sizes as in `_matrices`."""
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

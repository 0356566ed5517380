"""Iterations of weighted means on Gram matrices: all of them in one call, set after set.

The steps are those of `aggregation.descent`, whose functions are the reference; a set's matrix stays in the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .emit import Emitter, Repeat
from .engine import active

Weighing = Literal["inverse", "clipped"]
"""Weights of messages at distances d: 1/d, zero where d is at most a limit; or min(1, limit/d)."""

LEAST_N = 32
"""Number of messages from which on code is used; a row of so many has at least one vector."""
_ROWS = 8
"""Rows that are multiplied together; rows are padded to a multiple of it, which is one of every vector's length."""

Floats = npt.NDArray[np.float64]


def suits(n: int) -> bool:
    """Whether machine code serves Gram matrices (batch, n, n) in double precision, whatever their number."""
    return n >= LEAST_N and active()


def descend(
    gram: Floats,
    start: Floats,
    weighing: Weighing,
    limits: Floats,
    *,
    tolerance: float,
    most: int,
    stick: bool,
    short: bool,
) -> Floats:
    """`aggregation.descent.descend` with weights of a kind and a limit for each set, (batch,)."""
    n = gram.shape[-1]
    settings = [tolerance, float(stick), float(n if short else 0), 0.0]
    return _run(_descending(weighing), gram, start, limits, settings, n, most)


def clipped_steps(gram: Floats, start: Floats, limits: Floats, *, count: int, n: int) -> Floats:
    """`aggregation.descent.clipped_steps` with clipped weights and a limit for each set, (batch,)."""
    return _run(_stepping(), gram, start, limits, [0.0] * 4, n, count)


def _run(
    kernel: Callable[..., float], gram: Floats, start: Floats, limits: Floats, settings: list[float], n: int, most: int
) -> Floats:
    """Call a kernel; the first n messages count, and the others are there for the start alone."""
    count, m, _ = gram.shape
    padded = -(-m // _ROWS) * _ROWS
    scratch = np.zeros((padded + 8, padded))
    scratch[padded, :n] = 1.0
    weights = np.array(start, dtype=np.float64, order="C")
    bounds = np.array(np.broadcast_to(limits, (count,)), dtype=np.float64)
    used = (np.ascontiguousarray(gram), weights, bounds, np.array(settings), scratch)
    kernel(*(each.ctypes.data for each in used), count, m, n, padded, most)
    return weights


@lru_cache
def _descending(weighing: Weighing) -> Callable[..., float]:
    return _Means(weighing).emit(_Means.move)


@lru_cache
def _stepping() -> Callable[..., float]:
    return _Means("clipped").emit(_Means.clip)


class _Means:
    """A kernel: loops over sets and iterations, products, and the two kinds of steps.

    Its function takes the Gram matrices, weights that are moved in place, a limit for each set, settings (the
    tolerance, whether to stick, what short steps are divided by or zero), scratch of padded + 8 rows, of which the
    first behind the matrix is the mask of the messages that count; then the number of sets, of rows of a matrix, of
    messages that count, the padded number of rows, and the largest number of iterations.
    """

    def __init__(self, weighing: Weighing) -> None:
        self.weighing = weighing
        self.emitter = emitter = Emitter(np.dtype(np.float64), 5, 5)
        self.sets, self.m, self.n, self.padded, self.most = emitter.integers
        scratch = emitter.pointers[4]
        self.matrix = scratch
        end = emitter.offset(scratch, emitter.at.mul(self.padded, self.padded))
        self.mask, self.diagonal, self.weights, self.products, self.factors, self.pull, self.change, self.moved = (
            emitter.offset(end, emitter.at.mul(self.padded, emitter.number(row))) for row in range(8)
        )

    def emit(self, step: Callable[[_Means, Any, Any], Any]) -> Callable[..., float]:
        """Emit all of it around a step, which returns whether to go on, and compile."""
        emitter, at = self.emitter, self.emitter.at
        grams, points, limits, _, _ = emitter.pointers
        with emitter.loop(self.sets) as over:
            gram = emitter.offset(grams, at.mul(over.index, at.mul(self.m, self.m)))
            point = emitter.offset(points, at.mul(over.index, self.m))
            limit = at.load(emitter.offset(limits, over.index))
            self._copy_in(gram, point)
            self._multiply(self.weights, self.products)
            rounds = Repeat(emitter, [emitter.number(0)])
            goes_on = step(self, limit, self._weigh(limit))
            done = at.add(rounds.carried[0], emitter.number(1))
            rounds.close(at.and_(goes_on, at.icmp_signed("<", done, self.most)), done)
            self._copy(self.weights, point)
        return emitter.finish()

    def _copy(self, source: Any, target: Any) -> None:
        """Copy a row of the unpadded length."""
        emitter = self.emitter
        last = emitter.at.sub(self.m, emitter.number(emitter.lanes))
        with emitter.loop(self.m, emitter.lanes) as piece:
            place = emitter.least(piece.index, last)
            emitter.store(emitter.load(emitter.offset(source, place)), emitter.offset(target, place))

    def _copy_in(self, gram: Any, point: Any) -> None:
        emitter, at = self.emitter, self.emitter.at
        self._copy(point, self.weights)
        with emitter.loop(self.m) as rows:
            row = emitter.offset(gram, at.mul(rows.index, self.m))
            self._copy(row, emitter.offset(self.matrix, at.mul(rows.index, self.padded)))
            at.store(at.load(emitter.offset(row, rows.index)), emitter.offset(self.diagonal, rows.index))

    def _multiply(self, vector: Any, result: Any) -> None:
        """Products of the matrix's rows with a vector, some rows at a time."""
        emitter, at = self.emitter, self.emitter.at
        with emitter.loop(self.padded, _ROWS) as groups:
            rows = [
                emitter.offset(self.matrix, at.mul(at.add(groups.index, emitter.number(row)), self.padded))
                for row in range(_ROWS)
            ]
            with emitter.loop(self.padded, emitter.lanes, carried=[emitter.splat(0.0)] * _ROWS) as over:
                x = emitter.load(emitter.offset(vector, over.index))
                sums = zip(rows, over.carried, strict=True)
                over.hand_on(*(emitter.fused(emitter.load(emitter.offset(row, over.index)), x, s) for row, s in sums))
            for row, total in enumerate(over.results):
                at.store(emitter.total(total), emitter.offset(result, groups.index, row))

    def _dot(self, a: Any, b: Any) -> Any:
        emitter = self.emitter
        with emitter.loop(self.padded, emitter.lanes, carried=[emitter.splat(0.0)]) as over:
            x, y = (emitter.load(emitter.offset(each, over.index)) for each in (a, b))
            over.hand_on(emitter.fused(x, y, over.carried[0]))
        return emitter.total(over.results[0])

    def _weigh(self, limit: Any) -> tuple[Any, Any, Any]:
        """Write the factors of the messages; returns their sum, the sum of factors times distances, and the zeros."""
        emitter, at = self.emitter, self.emitter.at
        zero, one, limits = emitter.splat(0.0), emitter.splat(1.0), emitter.splat(limit)
        norm = emitter.splat(self._dot(self.weights, self.products))
        with emitter.loop(self.padded, emitter.lanes, carried=[zero] * 3) as over:
            here = [
                emitter.load(emitter.offset(each, over.index)) for each in (self.products, self.diagonal, self.mask)
            ]
            products, diagonal, mask = here
            square = at.fadd(at.fadd(at.fmul(products, emitter.splat(-2.0)), diagonal), norm)
            length = emitter.root(at.select(at.fcmp_ordered(">", square, zero), square, zero))
            if self.weighing == "inverse":
                factor = at.select(at.fcmp_ordered(">", length, limits), at.fdiv(one, length), zero)
            else:
                # Where all coincide, 0/0 weighs one.
                share = at.fdiv(limits, length)
                factor = at.select(at.fcmp_ordered("<", share, one), share, one)
            counts = at.fcmp_ordered(">", mask, zero)
            factor = at.select(counts, factor, zero)
            emitter.store(factor, emitter.offset(self.factors, over.index))
            held = at.select(at.and_(counts, at.fcmp_ordered("==", factor, zero)), one, zero)
            total, spread, zeros = over.carried
            over.hand_on(at.fadd(total, factor), emitter.fused(factor, length, spread), at.fadd(zeros, held))
        total, spread, zeros = (emitter.total(each) for each in over.results)
        return total, spread, zeros

    def move(self, limit: Any, weighed: tuple[Any, Any, Any]) -> Any:
        """A step of `descend`."""
        del limit
        emitter, at = self.emitter, self.emitter.at
        total, spread, zeros = weighed
        settings = emitter.pointers[3]
        tolerance, stick, short = (at.load(emitter.offset(settings, place)) for place in range(3))
        self._multiply(self.factors, self.pull)
        totals = emitter.splat(total)
        pairs = ((self.factors, self.weights, self.change), (self.pull, self.products, self.moved))
        with emitter.loop(self.padded, emitter.lanes) as over:
            for new, old, difference in pairs:
                x, y = (emitter.load(emitter.offset(each, over.index)) for each in (new, old))
                emitter.store(at.fsub(x, at.fmul(totals, y)), emitter.offset(difference, over.index))
        zero, one = emitter.value(0.0), emitter.value(1.0)
        square = self._dot(self.change, self.moved)
        residual = emitter.root(at.select(at.fcmp_ordered(">", square, zero), square, zero))
        excess = at.fsub(residual, at.fmul(stick, zeros))
        goes_on = at.fcmp_ordered(">", excess, at.fmul(tolerance, spread))
        positive = at.select(at.fcmp_ordered(">", total, zero), total, one)
        divisor = at.select(at.fcmp_ordered(">", short, zero), short, positive)
        step = at.fdiv(at.fdiv(excess, residual), divisor)
        self._add(pairs, at.select(goes_on, step, zero), one)
        return goes_on

    def clip(self, limit: Any, weighed: tuple[Any, Any, Any]) -> Any:
        """A step of `clipped_steps`: always followed by another, up to their number."""
        del limit
        emitter, at = self.emitter, self.emitter.at
        share = at.fdiv(emitter.value(1.0), at.sitofp(self.n, emitter.value))
        shares = emitter.splat(share)
        with emitter.loop(self.padded, emitter.lanes) as over:
            place = emitter.offset(self.factors, over.index)
            emitter.store(at.fmul(shares, emitter.load(place)), place)
        self._multiply(self.factors, self.pull)
        kept = at.fsub(emitter.value(1.0), at.fmul(share, weighed[0]))
        pairs = ((self.factors, self.weights, self.factors), (self.pull, self.products, self.pull))
        self._add(pairs, emitter.value(1.0), kept)
        return emitter.ir.IntType(1)(1)

    def _add(self, pairs: Any, step: Any, kept: Any) -> None:
        """Set the second of each triple to `kept` times itself and `step` times the third, unless the step is zero."""
        emitter, at = self.emitter, self.emitter.at
        steps, keeps = emitter.splat(step), emitter.splat(kept)
        moves = at.fcmp_unordered("!=", steps, emitter.splat(0.0))
        with emitter.loop(self.padded, emitter.lanes) as over:
            for _, old, difference in pairs:
                place = emitter.offset(old, over.index)
                x, y = emitter.load(place), emitter.load(emitter.offset(difference, over.index))
                new = at.fadd(at.fmul(keeps, x), at.fmul(steps, y))
                emitter.store(at.select(moves, new, x), place)

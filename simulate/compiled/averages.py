"""Iterations of gradient descent along combinations of gradients of a linear regression, run after run.

An average of messages, whatever was coded and attacked by factors, is a combination of the subsets' gradients, each a
residual times a row of features. A few rows at a time are read from memory once: their residuals follow, then their
part of the combination, while they are in the nearest cache; a run's features may stay in the next one between its
iterations.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from .emit import Emitter
from .order import LEAST_SIZE
from .rows import Iteration, iterate, products

_ROWS = 8
"""Number of rows that are worked on together, so that sums need not wait for each other."""


def suits(n: int, columns: int, dtype: np.dtype[Any]) -> bool:
    """Whether there is code for n subsets with so many columns; whether it may be used, `active` says."""
    return n * columns >= LEAST_SIZE and columns * dtype.itemsize >= 64


@lru_cache(maxsize=64)
def kernel(n: int, dtype: np.dtype[Any]) -> Callable[..., float]:
    """Code for iterations on n subsets.

    The arguments of the function are addresses and whole numbers:

    features, labels
        Of each run, (runs, n, columns) and (runs, n); contiguous.
    x
        Where the runs are, (runs, columns); overwritten by where they end.
    factors
        Factors of the subsets' gradients, (iterations, runs, n).
    rates
        Learning rates of the iterations, and behind them the largest residual and the largest iterate that are allowed.
    scratch
        Room for columns entries and a vector.
    bad
        (runs,), zero at first; positive afterwards for a run that went beyond what is allowed: it is not to be used.
    places
        Not read.
    shared
        0 where all runs have the first one's features and labels, else 1.
    runs, iterations, columns
        Numbers.
    """
    return _Combination(Emitter(dtype, 8, 4), n).emit()


class _Combination:
    """The parts of the kernel: groups of rows, step."""

    def __init__(self, emitter: Emitter, n: int) -> None:
        self.emitter, self.at, self.n = emitter, emitter.at, n
        self.columns = emitter.integers[3]
        self.last = self.at.sub(self.columns, emitter.number(emitter.lanes))

    def emit(self) -> Callable[..., float]:
        """Emit all of it, and compile."""
        return iterate(self.emitter, self.n, self._iteration)

    def _iteration(self, now: Iteration) -> Any:
        scratch = self.emitter.pointers[5]
        data = (now.features, now.labels, now.factors)
        far = self._combine(data, now.here, scratch, now.largest_residual)
        return self.at.fadd(far, self._step(now.here, scratch, now.rate, now.largest_iterate))

    def _combine(self, data: tuple[Any, Any, Any], here: Any, total: Any, bound: Any) -> Any:
        """Write the combination of gradients; returns one if some residuals are beyond a bound, else zero."""
        emitter, at = self.emitter, self.at
        with emitter.loop(self.columns, emitter.lanes) as over:
            emitter.store(emitter.splat(0.0), emitter.offset(total, over.index))
        count = min(_ROWS, self.n)
        with emitter.loop(self.n, count, carried=[emitter.value(0.0)]) as groups:
            # The last group goes back so far that it ends with the rows; those that it shares count once.
            first = emitter.least(groups.index, emitter.number(self.n - count))
            rows = [
                emitter.offset(data[0], at.mul(at.add(first, emitter.number(i)), self.columns)) for i in range(count)
            ]
            far, scales = groups.carried[0], []
            for i, product in enumerate(products(emitter, rows, here, self.columns)):
                place = at.add(first, emitter.number(i))
                residual = at.fsub(product, at.load(emitter.offset(data[1], place)))
                far = emitter.beyond(far, residual, bound)
                scale = at.fmul(residual, at.load(emitter.offset(data[2], place)))
                scale = at.select(at.icmp_signed(">=", place, groups.index), scale, emitter.value(0.0))
                scales.append(emitter.splat(scale))
            with emitter.loop(self.columns, emitter.lanes) as over:
                slot, column = emitter.offset(total, over.index), emitter.least(over.index, self.last)
                value = emitter.load(slot)
                for row, scale in zip(rows, scales, strict=True):
                    value = emitter.fused(emitter.load(emitter.offset(row, column)), scale, value)
                emitter.store(value, slot)
            groups.hand_on(far)
        return groups.results[0]

    def _step(self, here: Any, total: Any, rate: Any, bound: Any) -> Any:
        """Move against the combination; returns how many lanes went beyond a bound."""
        emitter, at = self.emitter, self.at
        rates, bounds = emitter.splat(rate), emitter.splat(bound)
        with emitter.loop(self.columns, emitter.lanes, carried=[emitter.splat(0.0)]) as over:
            slot, column = emitter.offset(total, over.index), emitter.least(over.index, self.last)
            value = at.fsub(emitter.load(emitter.offset(here, column)), at.fmul(rates, emitter.load(slot)))
            # Not in place: the last vector may begin inside the one before.
            emitter.store(value, slot)
            over.hand_on(emitter.beyond(over.carried[0], value, bounds))
        with emitter.loop(self.columns, emitter.lanes) as piece:
            column = emitter.least(piece.index, self.last)
            emitter.store(emitter.load(emitter.offset(total, piece.index)), emitter.offset(here, column))
        return emitter.total(over.results[0])

"""Iterations of coded gradient descent on a linear regression, run after run, with no message written to memory.

A device's message is the mean of d consecutive gradients, in a random order of the subsets, times a factor; the server
takes a statistic of each coordinate. For as many coordinates as a vector holds, rows of features are loaded and scaled,
windows are summed and a sorting network follows, all in registers; a run's features stay in the cache from one of its
iterations to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from .emit import Emitter
from .order import LARGEST_N, LEAST_SIZE, Statistic, sort_groups
from .rows import Iteration, iterate, products

_ROWS = 5
"""Number of residuals that are computed together, so that sums need not wait for each other."""


def suits(n: int, d: int, columns: int, dtype: np.dtype[Any]) -> bool:
    """Whether there is code for n windows of d rows with so many columns; whether it may be used, `active` says."""
    return 1 < n <= LARGEST_N and d <= n and n * columns >= LEAST_SIZE and columns * dtype.itemsize >= 64


@lru_cache(maxsize=64)
def kernel(statistic: Statistic, n: int, d: int, dtype: np.dtype[Any]) -> Callable[..., float]:
    """Code for iterations with n messages, each the mean of a window of d gradients times a factor.

    The arguments of the function are addresses and whole numbers:

    features, labels
        Of each run, (runs, n, columns) and (runs, n); contiguous.
    x
        Where the runs are, (runs, columns); overwritten by where they end.
    factors
        Factors of the windows, (iterations, runs, n); where d is 1, window i is subset i.
    rates
        Learning rates of the iterations, and behind them the largest residual and the largest iterate that are allowed.
    scratch
        Room for 2 (n + d) + columns entries.
    bad
        (runs,), zero at first; positive afterwards for a run that went beyond what is allowed: it is not to be used.
    places
        The subset at each place, (iterations, runs, n + d - 1) 64-bit whole numbers; not read where d is 1.
    shared
        0 where all runs have the first one's features and labels, else 1.
    runs, iterations, columns
        Numbers.
    """
    emitter = Emitter(dtype, 8, 4)
    return _Descent(emitter, statistic, n, d).emit()


class _Descent:
    """The parts of the kernel: residuals, messages, step."""

    def __init__(self, emitter: Emitter, statistic: Statistic, n: int, d: int) -> None:
        self.emitter, self.at, self.statistic, self.n, self.d = emitter, emitter.at, statistic, n, d
        self.rows = n + d - 1
        self.columns = emitter.integers[3]
        self.last = self.at.sub(self.columns, emitter.number(emitter.lanes))

    def emit(self) -> Callable[..., float]:
        """Emit all of it, and compile."""
        return iterate(self.emitter, self.n, self._iteration)

    def _iteration(self, now: Iteration) -> Any:
        emitter, at, n = self.emitter, self.at, self.n
        scratch, places = emitter.pointers[5], at.bitcast(emitter.pointers[7], emitter.integer.as_pointer())
        residuals, scale, moved = scratch, emitter.offset(scratch, n), emitter.offset(scratch, n + self.rows)
        order = at.gep(places, [at.mul(now.entry, emitter.number(self.rows))])
        far = self._residuals(now.features, now.labels, now.here, residuals, now.largest_residual)
        weights = residuals if self.d == 1 else scale
        if self.d > 1:
            self._spread(residuals, order, scale)
        drawn = (weights, now.factors, order)
        return at.fadd(far, self._step(now.features, now.here, moved, drawn, now.rate, now.largest_iterate))

    def _residuals(self, block: Any, targets: Any, here: Any, residuals: Any, bound: Any) -> Any:
        """Products of the rows and the iterate, less the labels; returns one if some are beyond a bound, else zero."""
        emitter, at = self.emitter, self.at
        with emitter.loop(-(-self.n // _ROWS), carried=[emitter.value(0.0)]) as groups:
            # The last group goes back too: its rows are computed twice, to the same numbers.
            first = emitter.least(at.mul(groups.index, emitter.number(_ROWS)), emitter.number(max(0, self.n - _ROWS)))
            count = min(_ROWS, self.n)
            starts = [
                emitter.offset(block, at.mul(at.add(first, emitter.number(i)), self.columns)) for i in range(count)
            ]
            far = groups.carried[0]
            for i, product in enumerate(products(emitter, starts, here, self.columns)):
                place = at.add(first, emitter.number(i))
                value = at.fsub(product, at.load(emitter.offset(targets, place)))
                at.store(value, emitter.offset(residuals, place))
                far = emitter.beyond(far, value, bound)
            groups.hand_on(far)
        return groups.results[0]

    def _spread(self, residuals: Any, order: Any, scale: Any) -> None:
        """The residual of the subset at each place, over d."""
        emitter, at = self.emitter, self.at
        with emitter.loop(self.rows) as over:
            subset = at.load(at.gep(order, [over.index]))
            value = at.fmul(at.load(emitter.offset(residuals, subset)), emitter.value(1 / self.d))
            at.store(value, emitter.offset(scale, over.index))

    def _step(self, block: Any, here: Any, moved: Any, drawn: tuple[Any, Any, Any], rate: Any, bound: Any) -> Any:
        """Move by the statistic of the messages; returns how many lanes went beyond a bound."""
        emitter, at = self.emitter, self.at
        rates, bounds = emitter.splat(rate), emitter.splat(bound)
        with emitter.loop(self.columns, emitter.lanes, carried=[emitter.splat(0.0)]) as over:
            column = emitter.least(over.index, self.last)
            messages = list(self._messages(emitter.offset(block, column), *drawn))
            ordered = sort_groups(emitter, messages, self.statistic.groups(self.n))
            step = at.fmul(rates, self.statistic.emit(emitter, ordered))
            value = at.fsub(emitter.load(emitter.offset(here, column)), step)
            # Not in place: the last vector may begin inside the one before.
            emitter.store(value, emitter.offset(moved, column))
            over.hand_on(emitter.beyond(over.carried[0], value, bounds))
        with emitter.loop(self.columns, emitter.lanes) as piece:
            column = emitter.least(piece.index, self.last)
            emitter.store(emitter.load(emitter.offset(moved, column)), emitter.offset(here, column))
        return emitter.total(over.results[0])

    def _messages(self, start: Any, weights: Any, windows: Any, order: Any) -> Iterator[Any]:
        emitter, at = self.emitter, self.at

        def row(place: int) -> Any:
            index = emitter.number(place) if self.d == 1 else at.load(at.gep(order, [emitter.number(place)]))
            weight = emitter.splat(at.load(emitter.offset(weights, place)))
            return at.fmul(weight, emitter.load(emitter.offset(start, at.mul(index, self.columns))))

        for i, total in enumerate(window_sums(emitter, row, self.n, self.d)):
            yield at.fmul(emitter.splat(at.load(emitter.offset(windows, i))), total)


def window_sums(emitter: Emitter, row: Callable[[int], Any], n: int, d: int) -> Iterator[Any]:
    """Emit the sums of rows i, ..., i + d - 1 for i = 0, ..., n - 1.

    Sums of 1, 2, 4, ... rows are added as the binary digits of d say, each as soon as its last row is there, so that
    few of them are held at a time.
    """
    widths = [1 << power for power in range(d.bit_length())]
    sums: dict[tuple[int, int], Any] = {}
    for place in range(n + d - 1):
        sums[1, place] = row(place)
        for width in widths[1:]:
            first = place - width + 1
            if first >= 0:
                half = width // 2
                sums[width, first] = emitter.at.fadd(sums[half, first], sums[half, first + half])
        start = place - d + 1
        if start >= 0:
            total, offset = None, start
            for width in widths:
                if d & width:
                    part = sums[width, offset]
                    total = part if total is None else emitter.at.fadd(total, part)
                    offset += width
            yield total

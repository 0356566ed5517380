"""Coded gradients written as messages, in the order of the devices, in one pass over the features."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from .descent import suits, window_sums
from .emit import Emitter

__all__ = ["send", "suits"]

Floats = npt.NDArray[Any]
Whole = npt.NDArray[np.int64]


def send(features: Floats, scaled: Floats, factors: Floats, places: Whole, owners: Whole, d: int, out: Floats) -> None:
    """Fill an array with sums of windows of scaled rows, times factors.

    Parameters
    ----------
    features
        Rows, (n, columns) for all runs or (runs, n, columns); contiguous.
    scaled
        What the row at each place is multiplied by, (runs, n + d - 1).
    factors
        What the window that starts at each place is multiplied by, (runs, n).
    places
        The row at each place, (runs, n + d - 1).
    owners
        The device that sends the window that starts at each place, (runs, n).
    d
        Number of rows in a window.
    out
        (runs, n, columns), contiguous.
    """
    runs, n, columns = out.shape
    used = [np.ascontiguousarray(each) for each in (scaled, factors, places, owners)]
    own = int(features.ndim == 3)
    _kernel(n, d, out.dtype)(*(each.ctypes.data for each in (features, *used, out)), own, runs, columns)


@lru_cache(maxsize=64)
def _kernel(n: int, d: int, dtype: np.dtype[Any]) -> Callable[..., float]:
    """Code for `send`, whose arrays it takes in order; then whether runs have features of their own, and sizes."""
    emitter = Emitter(dtype, 6, 3)
    at, (features, scaled, factors, places, owners, out) = emitter.at, emitter.pointers
    own, runs, columns = emitter.integers
    places, owners = (at.bitcast(each, emitter.integer.as_pointer()) for each in (places, owners))
    rows = n + d - 1
    last = at.sub(columns, emitter.number(emitter.lanes))
    with emitter.loop(runs) as over_runs:
        run = over_runs.index
        size = at.mul(columns, emitter.number(n))
        block = emitter.offset(features, at.mul(at.mul(own, run), size))
        target = emitter.offset(out, at.mul(run, size))
        here = at.gep(places, [at.mul(run, emitter.number(rows))])
        senders = at.gep(owners, [at.mul(run, emitter.number(n))])
        weights = emitter.offset(scaled, at.mul(run, emitter.number(rows)))
        outer = emitter.offset(factors, at.mul(run, emitter.number(n)))
        with emitter.loop(columns, emitter.lanes) as over_columns:
            column = emitter.least(over_columns.index, last)
            start, end = emitter.offset(block, column), emitter.offset(target, column)

            def row(place: int, here: Any = here, weights: Any = weights, start: Any = start) -> Any:
                index = at.load(at.gep(here, [emitter.number(place)]))
                weight = emitter.splat(at.load(emitter.offset(weights, place)))
                return at.fmul(weight, emitter.load(emitter.offset(start, at.mul(index, columns))))

            for i, total in enumerate(window_sums(emitter, row, n, d)):
                factor = emitter.splat(at.load(emitter.offset(outer, i)))
                sender = at.load(at.gep(senders, [emitter.number(i)]))
                emitter.store(at.fmul(factor, total), emitter.offset(end, at.mul(sender, columns)))
    return emitter.finish()

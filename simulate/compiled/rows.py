"""Inner products of some rows with a vector, emitted together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .emit import Emitter


def products(emitter: Emitter, rows: Sequence[Any], vector: Any, columns: Any) -> list[Any]:
    """Emit the inner products of rows with a vector, of at least as many columns as a vector register has lanes.

    The more rows, the less the sums wait for each other.
    """
    at = emitter.at
    # The last lanes go back so far that they end with the row; what they share with those before counts once.
    last = at.sub(columns, emitter.number(emitter.lanes))
    full = at.sub(columns, at.srem(columns, emitter.number(emitter.lanes)))
    tail = emitter.without_first(emitter.load(emitter.offset(vector, last)), at.sub(full, last))
    sums = [at.fmul(emitter.load(emitter.offset(row, last)), tail) for row in rows]
    with emitter.loop(full, emitter.lanes, carried=sums) as over:
        x = emitter.load(emitter.offset(vector, over.index))
        pairs = zip(rows, over.carried, strict=True)
        over.hand_on(*(emitter.fused(emitter.load(emitter.offset(row, over.index)), x, s) for row, s in pairs))
    return [emitter.total(total) for total in over.results]

"""What kernels of gradient descent share: the loops over runs and iterations, and inner products of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Iteration:
    """Where the parts of one iteration of a run are, for `iterate`.

    Attributes
    ----------
    features, labels, here, factors
        Addresses of the run's features, labels and iterate, and of the factors of the iteration.
    entry
        Number of the iteration and the run among all of them.
    rate
        The learning rate.
    largest_residual, largest_iterate
        What is allowed.
    """

    features: Any
    labels: Any
    here: Any
    factors: Any
    entry: Any
    rate: Any
    largest_residual: Any
    largest_iterate: Any


def iterate(emitter: Emitter, n: int, step: Callable[[Iteration], Any]) -> Callable[..., float]:
    """Emit a step for each run and iteration, note the runs that it says went too far, and compile.

    The function's arguments are those of `descent.kernel`; the step returns a number, positive for such a run.
    """
    at = emitter.at
    features, labels, x, factors, rates, _, bad, _ = emitter.pointers
    own, runs, iterations, columns = emitter.integers
    bounds = [at.load(emitter.offset(rates, iterations, each)) for each in (0, 1)]
    with emitter.loop(runs) as over_runs:
        run = over_runs.index
        data = at.mul(own, run)
        block = emitter.offset(features, at.mul(at.mul(data, columns), emitter.number(n)))
        targets = emitter.offset(labels, at.mul(data, emitter.number(n)))
        here = emitter.offset(x, at.mul(run, columns))
        with emitter.loop(iterations) as steps:
            entry = at.add(at.mul(steps.index, runs), run)
            weights = emitter.offset(factors, at.mul(entry, emitter.number(n)))
            rate = at.load(emitter.offset(rates, steps.index))
            far = step(Iteration(block, targets, here, weights, entry, rate, *bounds))
            flag = emitter.offset(bad, run)
            at.store(at.fadd(at.load(flag), far), flag)
    return emitter.finish()

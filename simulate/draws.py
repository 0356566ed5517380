"""What the server draws each iteration: task and subset permutations, and who is Byzantine.

Draws of `BLOCK` consecutive iterations come from one stream, so that they cost little; a block's number depends on the
iteration alone, so a result depends neither on the batch nor on where a run starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from .randomness import Purpose, run_streams

Persistence = Literal["redrawn", "fixed"]
"""Whether a draw is made anew in each iteration, or once in a run."""

BLOCK = 64

_Draw = Callable[[np.random.Generator, int], npt.NDArray[Any]]


class BlockDraws:
    """Draws of one purpose for a batch of runs, an iteration at a time.

    Parameters
    ----------
    seeds
        The runs' seeds.
    purpose
        What is drawn.
    draw
        Function of a generator and a number of iterations to an array with that many entries on its first axis.
    persistence
        "redrawn" in each iteration, or "fixed": then each iteration gets what iteration 0 would get.
    """

    def __init__(self, seeds: Sequence[int], purpose: Purpose, draw: _Draw, persistence: Persistence) -> None:
        self._streams = run_streams(seeds)
        self._purpose = purpose
        self._draw = draw
        self._persistence = check_persistence("persistence", persistence)
        self._number = -1
        self._drawn: npt.NDArray[Any] = np.empty((0, 0))

    def at(self, iteration: int) -> npt.NDArray[Any]:
        """The draw of an iteration, one entry a run on the leading axis."""
        block, offset = divmod(iteration, BLOCK)
        drawn: npt.NDArray[Any] = self.block(block)[0 if self._persistence == "fixed" else offset]
        return drawn

    def block(self, number: int) -> npt.NDArray[Any]:
        """The draws of iterations BLOCK number, BLOCK number + 1, ..., (BLOCK, runs, ...); (1, runs, ...) if fixed."""
        size = BLOCK
        if self._persistence == "fixed":
            number, size = 0, 1
        if number != self._number:
            for run, streams in enumerate(self._streams):
                part = self._draw(streams.at(self._purpose, number), size)
                if run == 0:
                    self._drawn = np.empty((size, len(self._streams), *part.shape[1:]), dtype=part.dtype)
                self._drawn[:, run] = part
            self._number = number
        return self._drawn


def permutation_draws(seeds: Sequence[int], purpose: Purpose, length: int, persistence: Persistence) -> BlockDraws:
    """Uniform permutations of ``range(length)``, (runs, length) an iteration."""

    def draw(rng: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
        return _permutations(rng, count, length)

    return BlockDraws(seeds, purpose, draw, persistence)


def _permutations(rng: np.random.Generator, count: int, length: int) -> npt.NDArray[np.int64]:
    # In contiguous rows: the result keeps the layout of the array that is permuted.
    rows = np.tile(np.arange(length), (count, 1))
    return rng.permuted(rows, axis=-1, out=rows)


def index_draws(
    seeds: Sequence[int], purpose: Purpose, length: int, upper: int, persistence: Persistence
) -> BlockDraws:
    """Independent uniform whole numbers below upper, (runs, length) an iteration."""

    def draw(rng: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
        return rng.integers(0, upper, (count, length))

    return BlockDraws(seeds, purpose, draw, persistence)


def byzantine_draws(seeds: Sequence[int], devices: int, f: int, persistence: Persistence) -> BlockDraws:
    """Masks of f Byzantine devices, chosen uniformly, (runs, devices) an iteration."""

    def draw(rng: np.random.Generator, count: int) -> npt.NDArray[np.bool_]:
        # Whole numbers are permuted in half the time that booleans take, by the same draws.
        return _permutations(rng, count, devices) < f

    return BlockDraws(seeds, Purpose.BYZANTINE, draw, persistence)


def check_persistence(argument: str, value: str) -> Persistence:
    """Return the value, or raise a ValueError if it is neither "redrawn" nor "fixed"."""
    for known in get_args(Persistence):
        if value == known:
            return known  # type: ignore[no-any-return]
    raise ValueError(f"{argument} has to be 'redrawn' or 'fixed', got {value!r}")

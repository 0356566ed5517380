"""What the server draws each iteration: task and subset permutations, and who is Byzantine.

Draws of `BLOCK` consecutive iterations come from one stream, so that they cost little; a block's number depends on the
iteration alone, so a result depends neither on the batch nor on where a run starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from .compiled import permutations
from .randomness import Purpose, RunStreams, run_streams

Persistence = Literal["redrawn", "fixed"]
"""Whether a draw is made anew in each iteration, or once in a run."""

BLOCK = 64

_Draw = Callable[[Sequence[RunStreams], Purpose, int, int], npt.NDArray[Any]]


class BlockDraws:
    """Draws of one purpose for a batch of runs, an iteration at a time.

    Parameters
    ----------
    seeds
        The runs' seeds.
    purpose
        What is drawn.
    draw
        Function of the runs' streams, the purpose, a block's number and a number of iterations to an array with
        iterations on its first axis and runs on its second.
    persistence
        "redrawn" in each iteration, or "fixed": then each iteration gets what iteration 0 would get.

    Attributes
    ----------
    size : int
        Number of iterations that a block has draws of its own for: BLOCK, or 1 if they are fixed.
    """

    def __init__(self, seeds: Sequence[int], purpose: Purpose, draw: _Draw, persistence: Persistence) -> None:
        self._streams = run_streams(seeds)
        self._purpose = purpose
        self._draw = draw
        self.size = 1 if check_persistence("persistence", persistence) == "fixed" else BLOCK
        self._number = -1
        self._drawn: npt.NDArray[Any] = np.empty((0, 0))

    def at(self, iteration: int) -> npt.NDArray[Any]:
        """The draw of an iteration, one entry a run on the leading axis."""
        block, offset = divmod(iteration, BLOCK)
        drawn: npt.NDArray[Any] = self.block(block)[min(offset, self.size - 1)]
        return drawn

    def block(self, number: int) -> npt.NDArray[Any]:
        """The draws of iterations BLOCK number, BLOCK number + 1, ..., (BLOCK, runs, ...); (1, runs, ...) if fixed."""
        number = 0 if self.size == 1 else number
        if number != self._number:
            self._drawn = self._draw(self._streams, self._purpose, number, self.size)
            self._number = number
        return self._drawn


class PermutationDraws(BlockDraws):
    """Uniform permutations of ``range(length)``, or masks of their entries below a number.

    Parameters
    ----------
    seeds, purpose, persistence
        As for `BlockDraws`.
    length
        Number of entries.
    below
        The number; None for the permutations themselves.
    """

    def __init__(
        self, seeds: Sequence[int], purpose: Purpose, length: int, persistence: Persistence, below: int | None = None
    ) -> None:
        super().__init__(seeds, purpose, self._permuted, persistence)
        self._length, self._below = length, below

    def _permuted(
        self, streams: Sequence[RunStreams], purpose: Purpose, number: int, count: int
    ) -> npt.NDArray[np.int64] | npt.NDArray[np.bool_]:
        # Whole numbers are permuted in half the time that booleans take, by the same draws.
        drawn = _permutations(streams, purpose, number, (count, len(streams), self._length))
        return drawn if self._below is None else drawn < self._below

    def moved(
        self, maps: Sequence[BlockDraws], number: int, factor: float, dtype: np.dtype[Any]
    ) -> npt.NDArray[Any] | None:
        """Factors where permutations of the same runs take the entries of a block's masks, with no draw written down.

        Parameters
        ----------
        maps
            The permutations, applied one after another.
        number
            Of the block.
        factor
            What is in the places of the entries below the number; one is in the others.
        dtype
            Of the factors.

        Returns
        -------
        array or None
            (BLOCK, runs, length); None where the draws themselves serve as well: some are fixed, or there is no machine
            code for them.
        """
        shape = (BLOCK, len(self._streams), self._length)
        drawn = [self, *(each for each in maps if isinstance(each, PermutationDraws))]
        if self._below is None or len(drawn) <= len(maps) or not all(self._goes_with(each) for each in drawn):
            return None
        if not permutations.suits((len(drawn), *shape)):
            return None
        factors = np.empty(shape, dtype=dtype)
        purposes = [each._purpose for each in drawn]
        permutations.spread(_keys(self._streams), number, purposes, self._below, factor, factors)
        return factors

    def _goes_with(self, other: PermutationDraws) -> bool:
        """Whether the other's permutations are redrawn, and as long and for the same runs as these."""
        runs = [[each.seed for each in draws._streams] for draws in (self, other)]
        return other.size == BLOCK and other._length == self._length and runs[0] == runs[1]


def permutation_draws(seeds: Sequence[int], purpose: Purpose, length: int, persistence: Persistence) -> BlockDraws:
    """Uniform permutations of ``range(length)``, (runs, length) an iteration."""
    return PermutationDraws(seeds, purpose, length, persistence)


def byzantine_draws(seeds: Sequence[int], devices: int, f: int, persistence: Persistence) -> PermutationDraws:
    """Masks of f Byzantine devices, chosen uniformly, (runs, devices) an iteration."""
    return PermutationDraws(seeds, Purpose.BYZANTINE, devices, persistence, below=f)


def _permutations(
    streams: Sequence[RunStreams], purpose: Purpose, number: int, shape: tuple[int, int, int]
) -> npt.NDArray[np.int64]:
    """Permutations (count, runs, length), those of a run from its own stream; the same by NumPy and by machine code."""
    drawn = np.empty(shape, dtype=np.int64)
    if permutations.suits(shape):
        permutations.permute(_keys(streams), number, purpose, drawn)
        return drawn
    drawn[...] = np.arange(shape[-1])
    for run, each in enumerate(streams):
        # Rows one after another are permuted faster than rows of a larger array.
        rows = drawn[:, run].copy()
        drawn[:, run] = each.at(purpose, number).permuted(rows, axis=-1, out=rows)
    return drawn


def _keys(streams: Sequence[RunStreams]) -> npt.NDArray[np.uint64]:
    return np.stack([each.key for each in streams])


def index_draws(
    seeds: Sequence[int], purpose: Purpose, length: int, upper: int, persistence: Persistence
) -> BlockDraws:
    """Independent uniform whole numbers below upper, (runs, length) an iteration."""

    def draw(streams: Sequence[RunStreams], purpose: Purpose, number: int, count: int) -> npt.NDArray[np.int64]:
        drawn = np.empty((count, len(streams), length), dtype=np.int64)
        for run, each in enumerate(streams):
            drawn[:, run] = each.at(purpose, number).integers(0, upper, (count, length))
        return drawn

    return BlockDraws(seeds, purpose, draw, persistence)


def check_persistence(argument: str, value: str) -> Persistence:
    """Return the value, or raise a ValueError if it is neither "redrawn" nor "fixed"."""
    for known in get_args(Persistence):
        if value == known:
            return known  # type: ignore[no-any-return]
    raise ValueError(f"{argument} has to be 'redrawn' or 'fixed', got {value!r}")

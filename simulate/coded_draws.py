"""The draws of cyclic coding, and what follows from them for messages and their factors, a block at a time."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .draws import BLOCK, BlockDraws, PermutationDraws
from .encoding import CyclicEncoder, window_sums

Floats = npt.NDArray[Any]
Whole = npt.NDArray[np.int64]


class CodedBlock:
    """Draws of a block of B iterations for S runs of N devices, and what follows from them, (B, S, N) each.

    Parameters
    ----------
    drawn
        The first place of each device's window; the subset at each place; and who is Byzantine.
    number
        Of the block.
    d
        Number of places in a window.
    factor
        What a Byzantine device multiplies its message by.
    dtype
        Of the factors.
    """

    def __init__(
        self,
        drawn: tuple[BlockDraws, BlockDraws, PermutationDraws],
        number: int,
        d: int,
        factor: float,
        dtype: np.dtype[Any],
    ) -> None:
        self._drawn, self._number = drawn, number
        self._d, self._factor, self._dtype = d, np.asarray(factor, dtype=dtype), dtype

    def __len__(self) -> int:
        """B, which is 1 where all draws are fixed."""
        return max(draws.size for draws in self._drawn)

    def _array(self, which: int) -> npt.NDArray[Any]:
        # Not before it is asked for: factors may be had without it.
        array = self._drawn[which].block(self._number)
        return np.broadcast_to(array, (len(self), *array.shape[1:]))

    @property
    def tasks(self) -> Whole:
        """The first place of each device's window."""
        return self._array(0)

    @property
    def _order(self) -> Whole:
        return self._array(1)

    @property
    def _byzantine(self) -> npt.NDArray[np.bool_]:
        return self._array(2)

    @cached_property
    def places(self) -> Whole:
        """The order, continued by its first d - 1: (B, S, N + d - 1)."""
        return np.concatenate((self._order, self._order[..., : self._d - 1]), axis=-1)

    @cached_property
    def owners(self) -> Whole:
        """The device whose window starts at each place."""
        owners = np.empty_like(self.tasks)
        np.put_along_axis(owners, self.tasks, np.broadcast_to(np.arange(owners.shape[-1]), owners.shape), axis=-1)
        return owners

    @cached_property
    def by_device(self) -> Floats:
        """Factor of each device's message."""
        return np.where(self._byzantine, self._factor, np.ones((), dtype=self._dtype))

    @cached_property
    def by_window(self) -> Floats:
        """Factor of the message of the window that starts at each place."""
        return self._moved(1)

    @cached_property
    def by_subset(self) -> Floats:
        """Sum of the factors of the messages that hold each subset."""
        if self._d == 1:
            return self._moved(2)
        # Place p is in the windows that start at places p - d + 1, ..., p.
        by_place = window_sums(np.roll(self.by_window, self._d - 1, axis=-1)[..., None], self._d)[..., 0]
        spread = np.empty(by_place.shape, dtype=self._dtype)
        np.put_along_axis(spread, self._order, by_place, axis=-1)
        return spread

    def _moved(self, steps: int) -> Floats:
        """Factors where the tasks, and in a second step the order, take the devices; most of them are 1."""
        moved = self._drawn[2].moved(self._drawn[:steps], self._number, float(self._factor), self._dtype)
        if moved is not None:
            return moved
        byzantine = self._byzantine
        n = byzantine.shape[-1]
        places = np.flatnonzero(byzantine)
        rows = places // n * n
        places -= rows
        for each in (self.tasks, self._order)[:steps]:
            places = each.reshape(-1)[rows + places]
        factors = np.ones(byzantine.shape, dtype=self._dtype)
        factors.reshape(-1)[rows + places] = self._factor
        return factors


class CodedDraws:
    """The draws of an encoding and of the Byzantine devices, prepared a block of iterations at a time."""

    def __init__(
        self, encoder: CyclicEncoder, byzantine: PermutationDraws, factor: float, dtype: np.dtype[Any]
    ) -> None:
        self._drawn = (encoder.tasks, encoder.order, byzantine)
        self.d, self.factor, self._dtype = encoder.d, factor, dtype
        self._number = -1
        self._block: CodedBlock

    def at(self, iteration: int) -> tuple[CodedBlock, int]:
        """The block that an iteration is in, and its index there."""
        number, index = divmod(iteration, BLOCK)
        if number != self._number:
            self._block = CodedBlock(self._drawn, number, self.d, self.factor, self._dtype)
            self._number = number
        return self._block, min(index, len(self._block) - 1)

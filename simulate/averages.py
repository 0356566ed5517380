"""An average of messages of a fixed allocation: one combination of gradients, whose factors follow from the draws.

Device i sends the sum of its subsets' gradients by weights, and an attack may multiply it by a number; so the average
over the devices, or over the honest ones, is a sum of gradients by what the devices that hold a subset have of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .draws import BLOCK, BlockDraws
from .encoding import SPARSE, AllocatedEncoder

Floats = npt.NDArray[Any]


@dataclass(frozen=True)
class AveragedBlock:
    """Factors of the subsets in a block of iterations.

    Parameters
    ----------
    by_subset
        (iterations, runs, M); the average of the messages is that of the M gradients times these.
    """

    by_subset: Floats

    def __len__(self) -> int:
        return len(self.by_subset)


class AveragedDraws:
    """The factors of the subsets, prepared a block of iterations at a time.

    Parameters
    ----------
    encoder
        Of an allocation that is fixed in a run.
    byzantine
        Who is Byzantine.
    factor
        What a Byzantine device multiplies its message by; None where only the messages of the others are averaged.
    dtype
        Of the factors.
    """

    d = 1

    def __init__(
        self, encoder: AllocatedEncoder, byzantine: BlockDraws, factor: float | None, dtype: np.dtype[Any]
    ) -> None:
        self._byzantine, self._dtype = byzantine, dtype
        self._honest_only, self.factor = factor is None, factor or 0.0
        # What the devices have of each subset, (M, N), run by run.
        self._held = [_compact(weights.T) for weights in encoder.weights(0)]
        self._number = -1
        self._block: AveragedBlock

    def at(self, iteration: int) -> tuple[AveragedBlock, int]:
        """The block that an iteration is in, and its index there."""
        number, index = divmod(iteration, BLOCK)
        if number != self._number:
            self._block = AveragedBlock(self._by_subset(self._byzantine.block(number)))
            self._number = number
        return self._block, min(index, len(self._block) - 1)

    def _by_subset(self, byzantine: npt.NDArray[np.bool_]) -> Floats:
        averaged = np.count_nonzero(~byzantine, axis=-1, keepdims=True) if self._honest_only else byzantine.shape[-1]
        factors = np.where(byzantine, self.factor, 1.0) * (self._held[0].shape[0] / averaged)
        spread = np.empty((*factors.shape[:2], self._held[0].shape[0]), dtype=self._dtype)
        for run, held in enumerate(self._held):
            spread[:, run] = (held @ factors[:, run].T).T
        return spread


def _compact(weights: Floats) -> Any:
    """A matrix, without its zeros where they are many."""
    if np.count_nonzero(weights) > SPARSE * weights.size:
        return weights
    from scipy.sparse import csr_array

    return csr_array(weights)

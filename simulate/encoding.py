"""What each device computes and sends when it is honest: task assignment and encoding, the coded half of a method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

from .allocation.matrices import Allocation
from .arrays import to_namespace
from .draws import Persistence, check_persistence, index_draws, permutation_draws
from .problems.base import Array, HeldSubsets, Problem, take_rows
from .randomness import Purpose, run_streams

Weights = npt.NDArray[Any]

SPARSE = 0.15
"""Share of non-zero weights up to which a sparse product is faster than a dense one (measured with scipy's CSR)."""


class Encoder(Protocol):
    """An encoding that has been started for a batch of runs."""

    def messages(self, problem: Problem, x: Array, iteration: int) -> Array:
        """What the devices send if all are honest, (runs, N, Q)."""

    def weights(self, iteration: int) -> Weights:
        """The same as a matrix of weights of the subsets, (runs, N, M): messages = weights @ gradients."""


class Encoding(Protocol):
    """How gradients of M subsets become messages of N devices, whatever the problem."""

    @property
    def devices(self) -> int:
        """N, the number of devices."""

    def start(self, seeds: Sequence[int], subsets: int) -> Encoder:
        """Prepare for the runs with these seeds, on a problem with that many subsets."""

    def load(self, subsets: int) -> int:
        """Number of gradients that a device computes in an iteration (the most of any), of that many subsets in all."""


def replication(encoding: Encoding, seeds: Sequence[int], subsets: int, iteration: int = 0) -> npt.NDArray[np.int64]:
    """d_k, the number of devices that compute each subset's gradient in an iteration, (runs, M); 0 for unheld ones."""
    counts: npt.NDArray[np.int64] = np.count_nonzero(encoding.start(seeds, subsets).weights(iteration), axis=-2)
    return counts


def window_sums(vectors: Array, d: int) -> Array:
    """Sums of d consecutive rows, cyclically: row i of the result is the sum of rows i, ..., i + d - 1 mod N.

    Sums of 1, 2, 4, ... rows are added as the binary digits of d say, in O(N Q log d). Differences of prefix sums need
    O(N Q), yet are slower for d up to 30 at N = 100, hardly faster beyond, and lose digits to cancellation.

    Parameters
    ----------
    vectors
        Shape (..., N, Q).
    d
        At least 1, at most N.

    Returns
    -------
    Array
        Shape (..., N, Q).
    """
    n = vectors.shape[-2]
    if not 1 <= d <= n:
        raise ValueError(f"window_sums needs 1 <= d <= N, got d={d}, N={n}")
    xp = array_namespace(vectors)
    sums, width, offset = xp.concat((vectors, vectors[..., : d - 1, :]), axis=-2), 1, 0
    total = None
    while True:
        if d & width:
            part = sums[..., offset : offset + n, :]
            total = part if total is None else total + part
            offset += width
        if 2 * width > d:
            return total
        sums = sums[..., :-width, :] + sums[..., width:, :]
        width *= 2


@dataclass(frozen=True)
class CyclicEncoding:
    """LAD's encoding (5): device i averages the gradients of d subsets, consecutive in a random order.

    Parameters
    ----------
    devices
        N, the number of devices and of subsets.
    d
        Computational load, 1 <= d <= N.
    tasks
        Whether the device-to-task permutation is redrawn in each iteration (literal) or fixed in a run.
    subsets
        The same for the permutation of the subsets.
    """

    devices: int
    d: int = 1
    tasks: Persistence = "redrawn"
    subsets: Persistence = "redrawn"

    def __post_init__(self) -> None:
        if not 1 <= self.d <= self.devices:
            raise ValueError(f"CyclicEncoding(devices={self.devices}, d={self.d}) needs 1 <= d <= devices")
        check_persistence("CyclicEncoding tasks", self.tasks)
        check_persistence("CyclicEncoding subsets", self.subsets)

    def load(self, subsets: int) -> int:
        """d."""
        del subsets
        return self.d

    def start(self, seeds: Sequence[int], subsets: int) -> Encoder:
        """Prepare for the runs with these seeds; as many subsets as devices are needed."""
        if subsets != self.devices:
            raise ValueError(
                f"CyclicEncoding(devices={self.devices}) needs as many subsets as devices, got {subsets} subsets"
            )
        return CyclicEncoder(self, seeds)


class CyclicEncoder:
    """`CyclicEncoding`, started for runs: device i computes the subsets at places tasks[i], ..., tasks[i] + d - 1."""

    def __init__(self, encoding: CyclicEncoding, seeds: Sequence[int]) -> None:
        self._n, self.d = encoding.devices, encoding.d
        self.tasks = permutation_draws(seeds, Purpose.TASKS, self._n, encoding.tasks)
        self.order = permutation_draws(seeds, Purpose.SUBSETS, self._n, encoding.subsets)

    def messages(self, problem: Problem, x: Array, iteration: int) -> Array:
        """What the devices send if all are honest, (runs, N, Q)."""
        tasks, order = self.tasks.at(iteration), self.order.at(iteration)
        if self.d == 1:
            return problem.gradients(x, np.take_along_axis(order, tasks, axis=-1))
        sums = window_sums(problem.gradients(x, order), self.d)
        return take_rows(sums, tasks) / self.d

    def weights(self, iteration: int) -> Weights:
        """The same as weights of the subsets, (runs, N, M)."""
        tasks, order = self.tasks.at(iteration), self.order.at(iteration)
        columns = (tasks[..., None] + np.arange(self.d)) % self._n
        held = np.take_along_axis(order[:, None, :], columns, axis=-1)
        weights = np.zeros((*tasks.shape, self._n))
        np.put_along_axis(weights, held, 1 / self.d, axis=-1)
        return weights


@dataclass(frozen=True)
class IndependentEncoding:
    """Each device sends the gradient of one subset that it draws by itself: another reading of LAD's baselines.

    Two devices may draw the same subset, and a subset may be drawn by nobody in an iteration.

    Parameters
    ----------
    devices
        N, the number of devices.
    subsets
        Whether the draw is made anew in each iteration or once in a run.
    """

    devices: int
    subsets: Persistence = "redrawn"

    def __post_init__(self) -> None:
        check_persistence("IndependentEncoding subsets", self.subsets)

    def load(self, subsets: int) -> int:
        """One."""
        del subsets
        return 1

    def start(self, seeds: Sequence[int], subsets: int) -> Encoder:
        """Prepare for the runs with these seeds."""
        return _IndependentEncoder(self, seeds, subsets)


class _IndependentEncoder:
    def __init__(self, encoding: IndependentEncoding, seeds: Sequence[int], subsets: int) -> None:
        self._subsets = subsets
        self._draws = index_draws(seeds, Purpose.SUBSETS, encoding.devices, subsets, encoding.subsets)

    def messages(self, problem: Problem, x: Array, iteration: int) -> Array:
        return problem.gradients(x, self._draws.at(iteration))

    def weights(self, iteration: int) -> Weights:
        weights: Weights = np.eye(self._subsets)[self._draws.at(iteration)]
        return weights


@dataclass(frozen=True)
class AllocatedEncoding:
    """CRA's encoding (5): device i sends the sum of its subsets' gradients, each divided by its number of holders d_k.

    Parameters
    ----------
    devices
        N, the number of devices.
    allocation
        Which device holds which subset.
    r
        Subsets a device; None stands for M/N, rounded up, the non-redundant load.
    subsets
        Whether the allocation is fixed before the training (literal) or redrawn in each iteration.
    """

    devices: int
    allocation: Allocation
    r: int | None = None
    subsets: Persistence = "fixed"

    def __post_init__(self) -> None:
        check_persistence("AllocatedEncoding subsets", self.subsets)

    def load(self, subsets: int) -> int:
        """r; SGC's allocation gives some devices more and some less."""
        return -(-subsets // self.devices) if self.r is None else self.r

    def start(self, seeds: Sequence[int], subsets: int) -> Encoder:
        """Prepare for the runs with these seeds: draw each run's allocation."""
        return AllocatedEncoder(self, seeds, subsets)


class AllocatedEncoder:
    """`AllocatedEncoding`, started for runs: each has an allocation of its own."""

    def __init__(self, encoding: AllocatedEncoding, seeds: Sequence[int], subsets: int) -> None:
        self._encoding, self._subsets = encoding, subsets
        self._streams = run_streams(seeds)
        self._iteration: int | None = None
        self._weights: Weights = np.empty(0)
        self._held: HeldSubsets
        self._moved: Array = None

    def messages(self, problem: Problem, x: Array, iteration: int) -> Array:
        """What the devices send if all are honest, (runs, N, Q)."""
        weights = self.weights(iteration)
        if self._held.density <= SPARSE and hasattr(problem, "combine_held"):
            messages = problem.combine_held(x, self._held)
            if messages is not None:
                return messages
        if self._moved is None:
            self._moved = to_namespace(array_namespace(x), weights, x)
        return problem.combine(x, self._moved)

    def weights(self, iteration: int) -> Weights:
        """The same as weights of the subsets, (runs, N, M)."""
        wanted = 0 if self._encoding.subsets == "fixed" else iteration
        if wanted != self._iteration:
            held = np.stack([self._allocate(streams.at(Purpose.ALLOCATION, wanted)) for streams in self._streams])
            replication = held.sum(axis=-2, dtype=np.int64, keepdims=True)
            self._weights = held / np.maximum(replication, 1)
            self._held = HeldSubsets.of(self._weights)
            self._iteration, self._moved = wanted, None
        return self._weights

    def _allocate(self, rng: np.random.Generator) -> Weights:
        encoding, M = self._encoding, self._subsets
        return encoding.allocation(encoding.devices, M, encoding.load(M), rng)

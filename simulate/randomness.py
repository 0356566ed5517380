"""Random streams that depend on the run's seed, the purpose and the iteration, and on nothing else.

A stream is a NumPy ``Generator`` on the counter-based Philox bit generator: its key is hashed from the run's seed, and
the purpose and the iteration are words of its counter. A stream can therefore be opened anywhere, in any order, at the
cost of setting a counter, so that a result depends neither on the batch size, the chunk, the executor and the backend,
nor on where a run was resumed. Draws are always made by NumPy, in double precision, one run at a time, then moved to
the namespace, the dtype and the device of the arrays that they join.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

Rng = np.random.Generator | Sequence[np.random.Generator]
"""One generator, or one generator for each entry of the leading axis (one per run)."""


class Purpose(IntEnum):
    """What a stream is drawn for. Values are part of the seeding scheme: they may be added to, never renumbered."""

    PROBLEM = 0
    ALLOCATION = 1
    TASKS = 2
    SUBSETS = 3
    BYZANTINE = 4
    ATTACK = 5
    COMPRESSION = 6
    RULE = 7
    CODE = 8
    START = 9
    STRAGGLERS = 10
    SEARCH = 11
    SAMPLING = 12


def _key(seed: SupportsIndex) -> npt.NDArray[np.uint64]:
    words = np.random.SeedSequence(_whole("seed", seed)).generate_state(2, np.uint64)
    return words.astype(np.uint64, copy=False)


def _whole(name: str, value: SupportsIndex, upper: int | None = None) -> int:
    try:
        whole = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} has to be a whole number, got {value!r}") from None
    if whole < 0 or (upper is not None and whole >= upper):
        raise ValueError(f"{name} has to be at least 0{'' if upper is None else f' and below {upper}'}, got {whole}")
    return whole


def stream(seed: SupportsIndex, purpose: Purpose, iteration: SupportsIndex = 0) -> np.random.Generator:
    """Open the stream of one (seed, purpose, iteration).

    Parameters
    ----------
    seed
        The run's seed, a whole number of any size, at least 0.
    purpose
        What is drawn.
    iteration
        Below 2**64; 0 for what is drawn once in a run.

    Returns
    -------
    numpy.random.Generator
        A generator of its own, at the start of the stream.

    Raises
    ------
    ValueError
        If the seed or the iteration is negative or not whole.
    """
    counter = np.array([0, _whole("iteration", iteration, 2**64), int(purpose), 0], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(counter=counter, key=_key(seed)))


class RunStreams:
    """The streams of one run, opened in about a microsecond each.

    The generators are reused: what `at` returns stays valid until `at` is called again, on the same object, with the
    same purpose. Draws are those of `stream` with the same arguments. Not to be shared between threads.

    Parameters
    ----------
    seed
        The run's seed, a whole number of any size, at least 0.

    Attributes
    ----------
    seed : int
    key : array of uint64, (2,)
        The key of the run's Philox streams.
    """

    def __init__(self, seed: SupportsIndex) -> None:
        self.seed = _whole("seed", seed)
        self.key = _key(self.seed)
        self._open: dict[int, tuple[np.random.Generator, dict[str, Any]]] = {}

    def at(self, purpose: Purpose, iteration: int = 0) -> np.random.Generator:
        """Rewind this run's generator for the purpose to the start of the iteration's stream, and return it."""
        number = int(purpose)
        entry = self._open.get(number)
        if entry is None:
            generator = np.random.Generator(np.random.Philox(key=self.key))
            entry = self._open[number] = (generator, dict(generator.bit_generator.state))
        generator, state = entry
        state["state"]["counter"][:] = (0, _whole("iteration", iteration, 2**64), number, 0)
        generator.bit_generator.state = state
        return generator

    def __repr__(self) -> str:
        return f"RunStreams(seed={self.seed})"


def run_streams(seeds: Iterable[SupportsIndex]) -> tuple[RunStreams, ...]:
    """`RunStreams` of each seed: ``[s.at(purpose, t) for s in run_streams(seeds)]`` serves a batch over seeds."""
    return tuple(RunStreams(seed) for seed in seeds)


def draw(
    rng: Rng, shape: tuple[int, ...], draw_one: Callable[[np.random.Generator, tuple[int, ...]], npt.NDArray[Any]]
) -> npt.NDArray[Any]:
    """Draw an array of a shape, run by run.

    Parameters
    ----------
    rng
        One generator for the whole array, or a sequence of them: then its length is ``shape[0]``, and generator i fills
        entry i of the leading axis, with the very numbers that it would give for an array of shape ``shape[1:]``.
    shape
        Shape of the result.
    draw_one
        Function of a generator and a shape.

    Returns
    -------
    numpy.ndarray
        Of the given shape.

    Raises
    ------
    ValueError
        If rng is no generator, or the number of generators is not that of the runs.
    """
    if isinstance(rng, np.random.Generator):
        return draw_one(rng, shape)
    if not isinstance(rng, Sequence) or not all(isinstance(one, np.random.Generator) for one in rng):
        raise ValueError(f"rng has to be a numpy.random.Generator or a sequence of them, got {type(rng).__name__}")
    if not shape or len(rng) != shape[0]:
        raise ValueError(
            f"rng holds {len(rng)} generators, one for each entry of the leading axis of shape {shape} is needed"
        )
    return np.stack([draw_one(one, shape[1:]) for one in rng])


def uniforms(rng: Rng, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Uniform draws on [0, 1), run by run (see `draw`)."""
    return draw(rng, shape, lambda one, size: one.random(size))


def normals(rng: Rng, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Standard normal draws, run by run (see `draw`)."""
    return draw(rng, shape, lambda one, size: one.standard_normal(size))


def permutations(rng: Rng, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Independent uniform permutations of ``range(shape[-1])`` along the last axis, run by run (see `draw`)."""
    return draw(rng, shape, _permutations)


def _permutations(rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    if len(shape) == 1:
        return rng.permutation(shape[0])
    return rng.permuted(np.broadcast_to(np.arange(shape[-1]), shape), axis=-1)


def subsets(rng: Rng, shape: tuple[int, ...], size: int) -> npt.NDArray[np.bool_]:
    """Independent uniform subsets of `size` entries of the last axis, as boolean masks, run by run (see `draw`).

    Raises
    ------
    ValueError
        If size is negative or larger than ``shape[-1]``.
    """
    if not 0 <= size <= shape[-1]:
        raise ValueError(f"subsets of size {size} do not fit in {shape[-1]} entries")
    return draw(rng, shape, lambda one, part: _subsets(one, part, size))


def _subsets(rng: np.random.Generator, shape: tuple[int, ...], size: int) -> npt.NDArray[np.bool_]:
    keys = rng.random(shape)
    if size == 0:
        return np.zeros(shape, dtype=bool)
    mask = keys <= np.partition(keys, size - 1, axis=-1)[..., size - 1 : size]
    if np.count_nonzero(mask) == size * math.prod(shape[:-1]):
        return mask
    # Equal draws, one of them the last to be taken, are settled in the order of the entries.
    return np.argsort(np.argsort(keys, axis=-1, kind="stable"), axis=-1, kind="stable") < size

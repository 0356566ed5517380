"""Expected quadratic forms of LAD's honest messages, over all tasks, permutations, honest sets and supports."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..observables import OBSERVABLES
from .forms import Matrix, matrix

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Size:
    """A small setting of Com-LAD.

    Attributes
    ----------
    devices, honest, load : int
        N, H and d.
    dimension, kept : int
        Q and the number of coordinates that random sparsification keeps; equal: no compression.
    """

    devices: int
    honest: int
    load: int
    dimension: int = 1
    kept: int = 1

    @property
    def delta(self) -> Fraction:
        """``Q / kept - 1``."""
        return Fraction(self.dimension, self.kept) - 1


@lru_cache(maxsize=64)
def cyclic(devices: int, load: int) -> Integers:
    """The computation matrix of LAD: row i has ones in columns i, ..., i + d - 1 modulo N."""
    return np.array([[int((k - i) % devices < load) for k in range(devices)] for i in range(devices)], dtype=np.int64)


def assignments(devices: int, honest: int, literal: bool) -> Iterator[tuple[int, ...]]:
    """Rows of the computation matrix at the honest devices, each equally likely.

    Literally: all task permutations times all honest sets. Otherwise each set of H rows once: a uniform permutation
    restricted to any set of H devices hands out a uniform set of rows, and the observables do not depend on their
    order.
    """
    if not literal:
        yield from itertools.combinations(range(devices), honest)
        return
    for tasks in itertools.permutations(range(devices)):
        for members in itertools.combinations(range(devices), honest):
            yield tuple(tasks[i] for i in members)


def _supports(size: Size) -> Integers:
    """All ways in which the H compressors keep coordinate 0, as integers that count supports, shape (c, H + 1).

    The first H columns are the masks of coordinate 0, the last one how many joint supports have these masks. All
    coordinates are alike, because each support is equally likely.
    """
    if size.kept == size.dimension:
        return np.array([[1] * size.honest + [1]], dtype=np.int64)
    with_it = math.comb(size.dimension - 1, size.kept - 1)
    without = math.comb(size.dimension - 1, size.kept)
    rows = []
    for masks in itertools.product((0, 1), repeat=size.honest):
        rows.append([*masks, with_it ** sum(masks) * without ** (size.honest - sum(masks))])
    return np.array(rows, dtype=np.int64)


@dataclass(frozen=True)
class Moments:
    """Matrices of the expected observables as quadratic forms in the subsets' gradients, and the number of cases."""

    forms: dict[str, Matrix]
    cases: int


@lru_cache(maxsize=256)
def moments(size: Size, literal: bool = False, computation: tuple[tuple[int, ...], ...] | None = None) -> Moments:
    """Enumerate everything and average.

    Parameters
    ----------
    size : Size
        Sizes; the work grows as ``N! C(N, H) 2^H`` (times ``N!`` literally).
    literal : bool
        Whether to run through all task permutations and honest sets, and not only their distinct outcomes.
    computation : tuple of tuple of int, optional
        Computation matrix; the cyclic one by default.

    Returns
    -------
    Moments
        For every observable its exact matrix.
    """
    table = cyclic(size.devices, size.load) if computation is None else np.array(computation, dtype=np.int64)
    orders = np.array(list(itertools.permutations(range(size.devices))), dtype=np.int64)
    masks = _supports(size)
    scale = size.load * size.kept * size.devices
    totals = {one.name: np.zeros((size.devices, size.devices), dtype=object) for one in OBSERVABLES}
    cases = 0
    mean = np.full((1, size.devices), size.load * size.kept, dtype=np.int64)
    for rows in assignments(size.devices, size.honest, literal):
        coded = np.swapaxes(table[list(rows)][:, orders], 0, 1) * (size.kept * size.devices)
        for mask in masks:
            sent = coded // size.kept * size.dimension * mask[:-1, None]
            count = int(mask[-1])
            cases += count * len(orders)
            _accumulate(totals, sent, coded, mean, size.honest, count)
    forms = {}
    for one in OBSERVABLES:
        weight = one.combination(size.honest)[1]
        forms[one.name] = matrix(totals[one.name].tolist(), Fraction(scale**2 * cases) / weight)
    return Moments(forms, cases)


def _accumulate(
    totals: dict[str, npt.NDArray[np.object_]],
    sent: Integers,
    coded: Integers,
    mean: Integers,
    honest: int,
    count: int,
) -> None:
    for one in OBSERVABLES:
        parts, _ = one.combination(honest)
        values = parts[:, :honest] @ sent + parts[:, honest:-1] @ coded + parts[:, -1:] @ mean
        flat = values.reshape(-1, values.shape[-1])
        if float(np.abs(flat).max()) ** 2 * len(flat) * count >= 2.0**62:
            raise ValueError("exact enumeration: sizes too large for 64-bit integers")
        totals[one.name] += (flat.T @ flat) * count

"""Pair-wise balanced allocations: exact block designs where one is known, else the best that a local search finds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from .finite_geometry import affine_planes, power_residue_sets, prime_power, projective_space
from .matrices import BalancedRandom, Matrix

Balance = Literal["devices", "subsets"]

_LARGEST_COMPLETE_DESIGN = 2000


@dataclass(frozen=True)
class PairwiseBalanced:
    """Equal overlap of all pairs, exactly where a design is known, approximately otherwise.

    Exact sources: projective and affine geometries over finite fields, power-residue difference sets, all r-subsets,
    their transposes and complements, and copies of their rows or columns. Otherwise a balanced random allocation is
    improved by exchanges that keep the loads and d_k; `summarise` tells what imbalance is left.

    Parameters
    ----------
    balance
        Whose overlaps have to be equal: the subsets that two "devices" share (CRA Section III; the paper's r^2/M is met
        only on average, no design with equal d_k has it for r < M), or the devices that two "subsets" share.
    exchanges
        Attempted exchanges of the local search.
    """

    balance: Balance = "devices"
    exchanges: int = 20_000

    def __post_init__(self) -> None:
        if self.balance not in ("devices", "subsets"):
            raise ValueError(f"PairwiseBalanced(balance={self.balance!r}) has to be 'devices' or 'subsets'")

    def __call__(self, N: int, M: int, r: int, rng: np.random.Generator) -> Matrix:
        """Allocate r subsets to each device; devices and subsets of a design are randomly relabelled."""
        start = BalancedRandom()(N, M, r, rng)
        design = exact_design(N, M, r, self.balance)
        if design is not None:
            return design[rng.permutation(N)][:, rng.permutation(M)]
        if self.balance == "devices":
            return improve_balance(start, self.exchanges, rng)
        return np.ascontiguousarray(improve_balance(start.T, self.exchanges, rng).T)


@cache
def exact_design(N: int, M: int, r: int, balance: Balance) -> Matrix | None:
    """An (N, M) matrix with row sums r, equal column sums and all overlaps equal on the asked side, if one is known."""
    if (N * r) % M:
        return None
    pairs, shared = (N, N * r * (N * r // M - 1)) if balance == "devices" else (M, N * r * (r - 1))
    if pairs > 1 and shared % (pairs * (pairs - 1)):
        return None
    for design in _candidates(N, M, r):
        if design.shape == (N, M) and _is_balanced(design, r, balance):
            return design
    return None


def _is_balanced(design: Matrix, r: int, balance: Balance) -> bool:
    counts = design.astype(np.int64)
    columns = counts.sum(axis=0)
    rows = counts if balance == "devices" else counts.T
    gram = rows @ rows.T
    overlaps = gram[~np.eye(len(gram), dtype=bool)]
    return bool((counts.sum(axis=1) == r).all() and (columns == columns[0]).all() and (overlaps == overlaps[:1]).all())


def _candidates(N: int, M: int, r: int) -> Iterator[Matrix]:
    if r == M:
        yield np.ones((N, M), dtype=np.int8)
    for copies in range(1, math.gcd(M, r) + 1):
        if M % copies == 0 and r % copies == 0:
            yield from (np.repeat(base, copies, axis=1) for base in _bases(N, M // copies, r // copies))
    for copies in range(2, N + 1):
        if N % copies == 0:
            yield from (np.repeat(base, copies, axis=0) for base in _bases(N // copies, M, r))


def _bases(N: int, M: int, r: int) -> Iterator[Matrix]:
    """Designs of that shape, as they stand, transposed (blocks become points), or complemented."""
    for blocks, points, size, turned in ((N, M, r, False), (M, N, N * r // M, True)):
        for k, flipped in ((size, False), (points - size, True)):
            for base in _primitive(blocks, points, k):
                design = 1 - base if flipped else base
                yield np.ascontiguousarray(design.T if turned else design)


def _primitive(blocks: int, points: int, k: int) -> Iterator[Matrix]:
    if k == 1 and blocks == points:
        yield np.eye(points, dtype=np.int8)
    if 0 < k < points and math.comb(points, k) == blocks <= _LARGEST_COMPLETE_DESIGN:
        yield np.array(
            [[p in block for p in range(points)] for block in itertools.combinations(range(points), k)], np.int8
        )
    if blocks == points:
        yield from (_develop(points, base) for base in power_residue_sets(points, k))
        for q in range(2, points):
            for n in range(2, points.bit_length() + 1):
                if (q ** (n + 1) - 1) // (q - 1) == points and (q**n - 1) // (q - 1) == k and prime_power(q):
                    yield projective_space(n, q)
    if k > 1 and points % k == 0 and prime_power(k):
        yield from (plane for plane in affine_planes(k) if plane.shape == (blocks, points))


def _develop(v: int, base: npt.NDArray[np.int64]) -> Matrix:
    matrix = np.zeros((v, v), dtype=np.int8)
    shifts = np.arange(v)[:, None]
    matrix[shifts, (shifts + base) % v] = 1
    return matrix


def improve_balance(matrix: Matrix, exchanges: int, rng: np.random.Generator) -> Matrix:
    """Make the overlaps of the rows more equal by exchanges that keep all row and column sums.

    An exchange swaps a one of row i and a one of row j; it is made when the sum of the squared overlaps does not grow.
    """
    counts = matrix.astype(np.int64)
    gram = counts @ counts.T
    rows = len(counts)
    if rows < 3:
        return matrix
    for _ in range(exchanges):
        i = int(rng.integers(rows))
        j = (i + 1 + int(rng.integers(rows - 1))) % rows
        own, other = np.flatnonzero(counts[i] > counts[j]), np.flatnonzero(counts[j] > counts[i])
        if not len(own) or not len(other):
            continue
        a, b = own[rng.integers(len(own))], other[rng.integers(len(other))]
        change = counts[:, b] - counts[:, a]
        change[[i, j]] = 0
        if change @ (gram[i] - gram[j] + change) > 0:
            continue
        counts[i, [a, b]], counts[j, [a, b]] = (0, 1), (1, 0)
        gram[i] += change
        gram[j] -= change
        gram[:, i], gram[:, j] = gram[i], gram[j]
    return counts.astype(np.int8)

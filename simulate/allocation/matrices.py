"""Allocations drawn or written down directly: cyclic, non-redundant, random, fractional repetition, SGC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.int8]
"""A 0/1 matrix with N rows (devices) and M columns (subsets)."""


class Allocation(Protocol):
    """A recipe for allocation matrices."""

    def __call__(self, N: int, M: int, r: int, rng: np.random.Generator) -> Matrix:
        """Allocate M subsets to N devices, r a device."""


@dataclass(frozen=True)
class Cyclic:
    """Device i holds subsets i, ..., i + r - 1, counted cyclically over M = N subsets (LAD Section IV).

    Parameters
    ----------
    permuted
        Whether the devices and the subsets are each relabelled by a random permutation, as LAD does in each iteration.
    """

    permuted: bool = True

    def __call__(self, N: int, M: int, r: int, rng: np.random.Generator) -> Matrix:
        """Allocate M = N subsets; d_k = r for all."""
        _check(self, N, M, r)
        if N != M:
            raise ValueError(f"Cyclic needs as many subsets as devices, got N={N}, M={M}")
        matrix = cyclic_matrix(N, r)
        return matrix[rng.permutation(N)][:, rng.permutation(M)] if self.permuted else matrix


def cyclic_matrix(N: int, d: int) -> Matrix:
    """LAD's task matrix: row i has ones in columns i, ..., i + d - 1 mod N."""
    matrix = np.zeros((N, N), dtype=np.int8)
    rows = np.arange(N)[:, None]
    matrix[rows, (rows + np.arange(d)) % N] = 1
    return matrix


@dataclass(frozen=True)
class NonRedundant:
    """Each subset on one device, at random; device loads differ by at most one (equal when N divides M)."""

    def __call__(self, N: int, M: int, r: int, rng: np.random.Generator) -> Matrix:
        """Allocate; r has to be M/N, rounded up."""
        _check(self, N, M, r)
        if r != -(-M // N):
            raise ValueError(f"NonRedundant gives each device M/N of N={N}, M={M}, so r={-(-M // N)}, got r={r}")
        matrix = np.zeros((N, M), dtype=np.int8)
        matrix[np.arange(M) % N, rng.permutation(M)] = 1
        return matrix


@dataclass(frozen=True)
class UniformRandom:
    """Each device draws r subsets uniformly (CRA Section V): d_k vary, and a subset may be held by nobody."""

    def __call__(self, N: int, M: int, r: int, rng: np.random.Generator) -> Matrix:
        """Allocate r random subsets to each device."""
        _check(self, N, M, r)
        keys = rng.random((N, M))
        matrix = np.zeros((N, M), dtype=np.int8)
        chosen = np.argpartition(keys, r - 1, axis=1)[:, :r] if r < M else np.broadcast_to(np.arange(M), (N, M))
        np.put_along_axis(matrix, chosen, 1, axis=1)
        return matrix


@dataclass(frozen=True)
class BalancedRandom:
    """Random with equal loads on both sides: r subsets a device, d_k = N r / M devices a subset, rounded either way.

    Devices are served one after another; each takes those subsets that could not be placed otherwise, and fills up at
    random with weights proportional to the copies that remain. Every subset is held as soon as N r >= M.
    """

    def __call__(self, N: int, M: int, r: int, rng: np.random.Generator) -> Matrix:
        """Allocate r subsets to each device, each subset to N r / M devices."""
        _check(self, N, M, r)
        copies = np.full(M, (N * r) // M)
        copies[rng.permutation(M)[: (N * r) % M]] += 1
        matrix = np.zeros((N, M), dtype=np.int8)
        for served, device in enumerate(rng.permutation(N)):
            left = N - served
            with np.errstate(divide="ignore"):
                arrival = rng.exponential(size=M) / copies
            arrival[copies == left] = 0
            chosen = np.argsort(arrival, kind="stable")[:r]
            matrix[device, chosen] = 1
            copies[chosen] -= 1
        return matrix


@dataclass(frozen=True)
class FractionalRepetition:
    """Devices in groups that share the same r subsets: M/r groups, N r / M devices a group.

    Parameters
    ----------
    permuted
        Whether devices and subsets are randomly relabelled.
    """

    permuted: bool = True

    def __call__(self, N: int, M: int, r: int, rng: np.random.Generator) -> Matrix:
        """Allocate; r has to divide M, and M/r has to divide N."""
        _check(self, N, M, r)
        if M % r or N % (M // r):
            raise ValueError(f"FractionalRepetition needs r to divide M and M/r to divide N, got N={N}, M={M}, r={r}")
        groups = M // r
        matrix = np.repeat(np.repeat(np.eye(groups, dtype=np.int8), N // groups, axis=0), r, axis=1)
        return matrix[rng.permutation(N)][:, rng.permutation(M)] if self.permuted else matrix


@dataclass(frozen=True)
class StochasticGradientCoding:
    """SGC's random placement: each subset on N r / M devices drawn uniformly, so that devices hold r on average.

    Two subsets share d^2/N devices on average. Every subset is held; the loads of the devices vary.
    """

    def __call__(self, N: int, M: int, r: int, rng: np.random.Generator) -> Matrix:
        """Allocate each subset to N r / M random devices, rounded either way; at least 1."""
        _check(self, N, M, r)
        copies = np.full(M, (N * r) // M)
        copies[rng.permutation(M)[: (N * r) % M]] += 1
        copies = np.maximum(copies, 1)
        rank = np.argsort(np.argsort(rng.random((N, M)), axis=0), axis=0)
        matrix: Matrix = (rank < copies).astype(np.int8)
        return matrix


def _check(allocation: object, N: int, M: int, r: int) -> None:
    name = type(allocation).__name__
    for argument, value in (("N", N), ("M", M), ("r", r)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"{name} needs a whole number {argument} of at least 1, got {argument}={value!r}")
    if r > M:
        raise ValueError(f"{name} cannot give a device more subsets than there are, got r={r}, M={M}")

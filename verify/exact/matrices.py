"""Lemma 1 of the LAD paper over every matrix of its set, up to row and column permutations."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

Rows = tuple[int, ...]


@lru_cache(maxsize=32)
def row_classes(devices: int, load: int) -> tuple[Rows, ...]:
    """All matrices with d ones a row, one of each class under row and column permutations.

    A matrix is a sorted tuple of row bit masks (row permutations); it is kept if no column permutation gives a smaller
    tuple. The value that Lemma 1 is about is invariant under both, because h is exchangeable.
    """
    masks = [sum(1 << k for k in columns) for columns in itertools.combinations(range(devices), load)]
    images = [
        {mask: sum(1 << order[k] for k in range(devices) if mask >> k & 1) for mask in masks}
        for order in itertools.permutations(range(devices))
    ]
    seen: set[Rows] = set()
    found: list[Rows] = []
    for rows in itertools.combinations_with_replacement(masks, devices):
        if rows in seen:
            continue
        found.append(rows)
        seen.update(tuple(sorted(image[mask] for mask in rows)) for image in images)
    return tuple(found)


def cyclic_rows(devices: int, load: int) -> Rows:
    """The cyclic matrix of LAD in the same representation."""
    return tuple(
        sorted(sum(1 << (start + k) % devices for k in range(load)) for start in range(devices)),
    )


def deviation(rows: Rows, load: int, honest: int) -> Fraction:
    """``E || h S / (d H) - 1 / N ||^2`` by running through all C(N, H) honest sets."""
    devices = len(rows)
    total = 0
    sets = 0
    for members in itertools.combinations(rows, honest):
        sets += 1
        for column in range(devices):
            weight = sum(row >> column & 1 for row in members)
            total += (devices * weight - load * honest) ** 2
    return Fraction(total, sets * (load * honest * devices) ** 2)


@dataclass(frozen=True)
class Infimum:
    """The smallest value over the set.

    Attributes
    ----------
    value : Fraction
        The infimum.
    cyclic : Fraction
        The value at the cyclic matrix.
    classes : int
        Matrices enumerated, up to symmetry.
    attained : int
        How many of the classes attain the infimum.
    """

    value: Fraction
    cyclic: Fraction
    classes: int
    attained: int


@lru_cache(maxsize=256)
def infimum(devices: int, load: int, honest: int) -> Infimum:
    """Enumerate the set of Lemma 1."""
    values = [deviation(rows, load, honest) for rows in row_classes(devices, load)]
    smallest = min(values)
    return Infimum(smallest, deviation(cyclic_rows(devices, load), load, honest), len(values), values.count(smallest))


def points(largest: int) -> Iterator[tuple[int, int, int]]:
    """All (N, d, H) with N up to ``largest``."""
    for devices in range(2, largest + 1):
        for load in range(1, devices + 1):
            for honest in range(1, devices + 1):
                yield devices, load, honest

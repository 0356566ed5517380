"""Structured configurations: a few groups of messages at a few places, with or without spread inside a group.

Worst cases of aggregation rules tend to be highly symmetric: honest messages at two or three places, Byzantine ones
coincident, the members of a group spread over a simplex in dimensions of their own so that no two of them are near
each other. A family fixes how many messages each group has; its continuous parameters, the places and the spreads,
are left to the search.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Family:
    """Groups of messages.

    Attributes
    ----------
    honest : tuple of int
        Sizes of the honest groups.
    byzantine : tuple of int
        Sizes of the Byzantine groups, each at one point.
    axes : int
        Dimension of the space in which the groups are placed.
    spread : bool
        Whether each honest group is a regular simplex in dimensions of its own.
    """

    honest: tuple[int, ...]
    byzantine: tuple[int, ...]
    axes: int
    spread: bool

    @property
    def _simplices(self) -> tuple[int, ...]:
        return tuple(size for size in self.honest if size > 1) if self.spread else ()

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.axes + sum(self._simplices)

    @property
    def parameters(self) -> int:
        """Number of continuous parameters: places, then spreads."""
        return self.axes * (len(self.honest) + len(self.byzantine)) + len(self._simplices)

    def build(self, parameters: Floats) -> tuple[Floats, Floats]:
        """Messages for a batch of parameters.

        Parameters
        ----------
        parameters : float array (batch, parameters)

        Returns
        -------
        honest, byzantine : float arrays (batch, h, dim), (batch, f, dim)
        """
        batch = parameters.shape[0]
        groups = len(self.honest) + len(self.byzantine)
        places = parameters[:, : self.axes * groups].reshape(batch, groups, self.axes)
        honest = np.zeros((batch, sum(self.honest), self.dim))
        byzantine = np.zeros((batch, sum(self.byzantine), self.dim))
        honest[:, :, : self.axes] = np.repeat(places[:, : len(self.honest)], self.honest, axis=1)
        byzantine[:, :, : self.axes] = np.repeat(places[:, len(self.honest) :], self.byzantine, axis=1)
        spreads = iter(range(self.axes * groups, self.parameters))
        row, column = 0, self.axes
        for size in self.honest:
            if self.spread and size > 1:
                corner = (np.eye(size) - 1.0 / size) / np.sqrt(1.0 - 1.0 / size)
                radius = parameters[:, next(spreads)][:, None, None]
                honest[:, row : row + size, column : column + size] = radius * corner
                column += size
            row += size
        return honest, byzantine

    def typical(self) -> Floats:
        """Parameters of typical configurations.

        Honest groups at 0, 1, ... in any order, the Byzantine ones beyond; and for two groups with spread, one
        coincident at -1 and the other spread around a place that balances it, the Byzantine messages at the far side
        of that.

        Returns
        -------
        float array (any, parameters)
        """
        groups, pieces = len(self.honest) + len(self.byzantine), len(self.honest)
        rows = []
        for order in dict.fromkeys(itertools.permutations(range(pieces))):
            row = np.zeros(self.parameters)
            row[: self.axes * groups : self.axes] = [*order, *range(pieces, groups)]
            row[self.axes * groups :] = 1.0
            rows.append(row)
        if pieces == 2 and len(self._simplices) == 2:
            rows += [self._balanced(outliers) for outliers in (0, 1)]
        return np.array(rows)

    def _balanced(self, outliers: int) -> Floats:
        """One group at -1 without spread; scores of the members of the other one tie with those of the Byzantine."""
        share = self.honest[outliers] / self.honest[1 - outliers]
        n = sum(self.honest) + sum(self.byzantine)
        places = np.full(len(self.honest) + len(self.byzantine), n / self.honest[1 - outliers])
        places[outliers], places[1 - outliers] = -1.0, share
        row = np.zeros(self.parameters)
        row[: self.axes * len(places) : self.axes] = places
        row[self.axes * len(places) + 1 - outliers] = np.sqrt(max(0.0, 1.0 - share**2))
        return row


def _splits(total: int, pieces: int, marks: set[int]) -> Iterator[tuple[int, ...]]:
    """Ways to split ``total`` into positive ``pieces``, all but the last from ``marks``."""
    if pieces == 1:
        yield (total,)
        return
    for first in sorted(mark for mark in marks if 0 < mark < total):
        for rest in _splits(total - first, pieces - 1, marks):
            yield (first, *rest)


def _distinct(splits: Iterator[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """One of each multiset of sizes."""
    return [tuple(split) for split in dict.fromkeys(tuple(sorted(split)) for split in splits)]


def families(n: int, f: int, dim: int | None = None, levels: int = 3, lean: bool = False) -> list[Family]:
    """Families to try for a rule on n messages of which f are Byzantine.

    Parameters
    ----------
    n, f : int
        Numbers of messages and of Byzantine ones.
    dim : int or None
        Largest dimension; None for any.
    levels : int
        Largest number of honest groups.
    lean : bool
        Only the sizes at which rules change their mind, coincident Byzantine messages, and groups on a line.

    Returns
    -------
    list of Family
        Simple ones first.
    """
    h = n - f
    near = {f, n - 2 * f, n // 2, (n - 1) // 2}
    marks = (
        near
        if lean
        else {
            1,
            2,
            f - 1,
            f,
            f + 1,
            n - 2 * f - 1,
            n - 2 * f,
            n - 2 * f + 1,
            h // 2,
            (h + 1) // 2,
            n // 2,
            (n - 1) // 2,
        }
    )
    byzantine: list[tuple[int, ...]] = [(f,) if f else ()]
    if f > 1 and not lean:
        byzantine.append((f - 1, 1))
    shapes = ((1, False), (1, True)) if lean else ((1, False), (1, True), (2, True), (2, False))
    found = []
    for pieces in range(1, levels + 1):
        for honest in _distinct(_splits(h, pieces, marks)):
            for bad in byzantine:
                for axes, spread in shapes:
                    family = Family(honest, bad, axes, spread)
                    useful = pieces > 1 or (spread and axes == 1)
                    if useful and (dim is None or family.dim <= dim):
                        found.append(family)
    return found

"""The smallest distances of each message to the others, by a sorting network on the columns of symmetric matrices."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import order
from .emit import Emitter


def suits(distances: Any) -> bool:
    """Whether machine code serves matrices (sets, n, n) of NumPy: by n and the dtype alone."""
    return order.suits(distances)


def reach(distances: Any, count: int) -> Any:
    """The `count`-th smallest distance (sets, n) of each message, its own among them, in matrices (sets, n, n)."""
    return order.by_coordinate(distances, Smallest(count), _all)[0]


def nearest_sums(distances: Any, count: int) -> Any:
    """Sums (sets, n) of the `count` smallest distances of each message; equal distances have equal sums."""
    return order.by_coordinate(distances, SumOfSmallest(count), _all)[0]


def _all(work: Any, pieces: int) -> None:
    work(slice(0, pieces))


@dataclass(frozen=True)
class Smallest:
    """The `count`-th smallest value."""

    count: int

    def groups(self, n: int) -> Sequence[Hashable]:
        """Below it, itself, above it."""
        return [int(np.sign(place + 1 - self.count)) for place in range(n)]

    def emit(self, emitter: Emitter, values: Sequence[Any]) -> Any:
        """Take it."""
        del emitter
        return values[self.count - 1]


@dataclass(frozen=True)
class SumOfSmallest:
    """The sum of the `count` smallest values, added in an order that depends on their ranks alone."""

    count: int

    def groups(self, n: int) -> Sequence[Hashable]:
        """Each of them, and the rest."""
        return [min(place, self.count) for place in range(n)]

    def emit(self, emitter: Emitter, values: Sequence[Any]) -> Any:
        """Add neighbours, then sums of neighbours, and so on, which keeps the rounding small."""
        terms = list(values[: self.count])
        while len(terms) > 1:
            paired = [emitter.at.fadd(a, b) for a, b in zip(terms[::2], terms[1::2], strict=False)]
            terms = paired + terms[2 * len(paired) :]
        return terms[0]

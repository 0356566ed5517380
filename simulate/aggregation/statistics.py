"""What rules make of the sorted values of a coordinate: means of places, and means around a centre.

Each statistic is written twice: on sorted arrays, for every library, and as instructions on vectors for the optional
machine code (`compiled.order`), which needs no full order; tests hold the second against the first.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .. import arrays
from ..arrays import Array, Namespace

if TYPE_CHECKING:
    from ..compiled.emit import Emitter


@dataclass(frozen=True)
class MeanOfPlaces:
    """Mean of the sorted values at places first, ..., last - 1."""

    first: int
    last: int

    def of_sorted(self, xp: Namespace, ordered: Array) -> Array:
        """The mean (...) of values (..., n) in order."""
        return arrays.sums(xp, ordered[..., self.first : self.last]) / (self.last - self.first)

    def groups(self, n: int) -> Sequence[Hashable]:
        """Below, in, above: within these no order is needed."""
        return [0 if place < self.first else 1 if place < self.last else 2 for place in range(n)]

    def emit(self, emitter: Emitter, values: Sequence[Any]) -> Any:
        """Emit the mean."""
        return emitter.mean(values[self.first : self.last])


@dataclass(frozen=True)
class MedianOf:
    """Median; with an even number of values the mean of the middle two, or the lower one."""

    lower: bool = False

    def of_sorted(self, xp: Namespace, ordered: Array) -> Array:
        """The median (...) of values (..., n) in order."""
        del xp
        n = ordered.shape[-1]
        low = ordered[..., (n - 1) // 2]
        return low if self.lower or n % 2 else 0.5 * low + 0.5 * ordered[..., n // 2]

    def groups(self, n: int) -> Sequence[Hashable]:
        """Below, in the middle, above."""
        low, high = (n - 1) // 2, (n - 1) // 2 if self.lower else n // 2
        return [0 if place < low else (1, place) if place <= high else 2 for place in range(n)]

    def emit(self, emitter: Emitter, values: Sequence[Any]) -> Any:
        """Emit the median."""
        n, half = len(values), emitter.splat(0.5)
        low = values[(n - 1) // 2]
        if self.lower or n % 2:
            return low
        return emitter.at.fadd(emitter.at.fmul(half, low), emitter.at.fmul(half, values[n // 2]))


@dataclass(frozen=True)
class MeanOfNearest:
    """Mean of the n - dropped values nearest to a centre; at a tie the smaller values win.

    The nearest values are neighbours in sorted order, and the window moves up by one where the value that it loses is
    farther from the centre than the one that it gains; that is monotone, so that each end can be decided by itself.

    Parameters
    ----------
    dropped
        Number of values left out.
    centre
        "core": the mean of what is left when `dropped` values are taken off either side; or the "median".
    """

    dropped: int
    centre: Literal["core", "median"]

    def of_sorted(self, xp: Namespace, ordered: Array) -> Array:
        """The mean (...) of values (..., n) in order."""
        n, dropped = ordered.shape[-1], self.dropped
        kept = n - dropped
        if dropped == 0:
            return arrays.sums(xp, ordered) / n
        core = arrays.sums(xp, ordered[..., dropped:kept]) if dropped < kept else None
        centre = core / (kept - dropped) if self.centre == "core" else MedianOf().of_sorted(xp, ordered)
        moves = (centre[..., None] - ordered[..., :dropped]) > (ordered[..., kept:] - centre[..., None])
        if core is not None:
            ends = xp.where(moves, ordered[..., kept:], ordered[..., :dropped])
            return (core + arrays.sums(xp, ends)) / kept
        start = xp.sum(xp.astype(moves, xp.int64), axis=-1)[..., None]
        index = arrays.arange(xp, n, ordered)
        inside = (index >= start) & (index < start + kept)
        return xp.sum(xp.where(inside, ordered, xp.zeros_like(ordered)), axis=-1) / kept

    def groups(self, n: int) -> Sequence[Hashable]:
        """The ends in order, and the middle two where the median is wanted; none within the rest."""
        low, high = (n - 1) // 2, n // 2
        exact = {low, high} if self.centre == "median" else set()
        exact |= {place for place in range(n) if place < self.dropped or place >= n - self.dropped}
        split = low if self.centre == "median" else n
        return [(place, 0) if place in exact else (-1, int(place > split)) for place in range(n)]

    def emit(self, emitter: Emitter, values: Sequence[Any]) -> Any:
        """Emit the mean."""
        at, n, dropped = emitter.at, len(values), self.dropped
        kept = n - dropped
        centre = emitter.mean(values[dropped:kept]) if self.centre == "core" else MedianOf().emit(emitter, values)
        moves = [
            at.fcmp_ordered(">", at.fsub(centre, low), at.fsub(high, centre))
            for low, high in zip(values[:dropped], values[kept:], strict=True)
        ]
        zero, inside = emitter.splat(0.0), []
        for place, value in enumerate(values):
            # Lost if the window moves beyond it, gained if it moves as far as that.
            chosen = at.select(moves[place], zero, value) if place < dropped else value
            inside.append(at.select(moves[place - kept], chosen, zero) if place >= kept else chosen)
        return emitter.mean(inside, kept)


Statistic = MeanOfPlaces | MedianOf | MeanOfNearest

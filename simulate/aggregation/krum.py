"""Rules that choose messages by the distances to their neighbours: Krum, Multi-Krum, Bulyan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from .. import arrays
from ..arrays import Array, Namespace
from ..compiled import neighbours, sets
from .base import COORDINATE_WISE, Invariance, Rule
from .sequential import SequentialKrum
from .sorting import by_coordinate
from .span import least_resolved, span
from .statistics import MeanOfNearest

Score = Literal["all", "others", "inclusive"]
_SCORES = ("all", "others", "inclusive")
_MANY = 64
"""Number of messages from which on sets are better taken one by one than all together."""


@dataclass(frozen=True, repr=False)
class _Scored(Rule):
    """What Krum and Multi-Krum share: the score of each message."""

    score: Score = "all"
    neighbours: int | None = None

    tie_sensitive: ClassVar[bool] = True
    _single_pass: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        name = type(self).__name__
        if self.score not in _SCORES:
            raise ValueError(f"{name} needs a score out of {', '.join(map(repr, _SCORES))}, got {self.score!r}")
        if self.neighbours is not None:
            object.__setattr__(self, "neighbours", arrays.whole(name, "neighbours", self.neighbours, lower=1))

    def min_n(self, f: int) -> int:
        """2f+1, or what leaves the score at least one other message: 2f+3 by Blanchard et al., else f+4."""
        if self.neighbours is not None:
            return max(2 * f + 1, self.neighbours)
        return {"all": 2 * f + 1, "others": 2 * f + 3, "inclusive": max(2 * f + 1, f + 4)}[self.score]

    def counted(self, n: int) -> int:
        """Number of messages in a score, the message itself (at distance zero) among them."""
        assert self.f is not None
        if self.neighbours is not None:
            return self.neighbours
        return {"all": n - self.f, "others": n - self.f - 1, "inclusive": n - self.f - 2}[self.score]

    def _work(self, n: int, q: int) -> int:
        return sets.work(n, q) or 2 * n * q + 6 * n * n

    def _scores(self, xp: Namespace, values: Array, check: bool) -> Array:
        counted = self.counted(values.shape[-2])
        if arrays.fast(xp) and sets.usable(values):
            scores, doubtful = sets.scores(values, counted, least_resolved(values.dtype.char))
            return sets.fill(scores, doubtful, lambda one: self._scores_in_steps(xp, values[one], counted, check))
        return self._scores_in_steps(xp, values, counted, check)

    @staticmethod
    def _scores_in_steps(xp: Namespace, values: Array, counted: int, check: bool) -> Array:
        distances = span(xp, values, check).distances
        if arrays.fast(xp) and neighbours.suits(distances):
            return neighbours.nearest_sums(distances, counted)
        return xp.sum(xp.sort(distances, axis=-1, stable=False)[..., :counted], axis=-1)


@dataclass(frozen=True, repr=False)
class Krum(_Scored):
    """Krum (Blanchard et al. 2017): the message with the smallest sum of squared distances to its nearest neighbours.

    The first device wins a tie.

    Parameters
    ----------
    f
        Number of Byzantine messages.
    score
        Which neighbours count; the literature has three. ``"all"``: the n-f nearest, itself among them (the robustness
        constants of Allouah et al. 2023 are for this one). ``"others"``: the n-f-2 nearest others (Blanchard et al.;
        n >= 2f+3). ``"inclusive"``: the n-f-2 nearest, itself among them.
    neighbours
        Number of nearest messages that count, itself among them, in place of the above.
    """

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        best = xp.argmin(self._scores(xp, values, check), axis=-1)
        if arrays.fast(xp):
            return values[np.arange(len(values)), best]
        return arrays.take_rows(xp, values, best[:, None])[:, 0, :]


def _smallest(xp: Namespace, scores: Array, count: int) -> Array:
    """Mask (batch, n) of the `count` smallest scores; the first devices win a tie."""
    if arrays.fast(xp):
        mask = scores <= np.partition(scores, count - 1, axis=-1)[:, count - 1 : count]
        if np.count_nonzero(mask) == count * len(scores):
            return mask
    ranks = xp.argsort(xp.argsort(scores, axis=-1, stable=True), axis=-1, stable=True)
    return ranks < count


@dataclass(frozen=True, repr=False)
class MultiKrum(_Scored):
    """Multi-Krum: the mean of the m messages with the smallest Krum scores. The first devices win a tie.

    Parameters
    ----------
    f
        Number of Byzantine messages.
    score, neighbours
        As in `Krum`.
    m
        Number of messages averaged; None is n-f.
    """

    m: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.m is not None:
            object.__setattr__(self, "m", arrays.whole("MultiKrum", "m", self.m, lower=1))

    def min_n(self, f: int) -> int:
        """As `Krum`, and at least m."""
        return max(super().min_n(f), self.m or 1)

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        assert self.f is not None
        scores = self._scores(xp, values, check)
        n = values.shape[-2]
        kept = n - self.f if self.m is None else self.m
        chosen = xp.astype(_smallest(xp, scores, kept), values.dtype)
        return (chosen[:, None, :] @ values)[:, 0, :] / kept


@dataclass(frozen=True, repr=False)
class Bulyan(Rule):
    """Bulyan (El Mhamdi et al. 2018) on Krum: choose n-2f messages, then average per coordinate around their median.

    Messages are chosen one after the other by Krum's score on those that remain, with all but f+2 of them as neighbours
    (at least one); the first device wins a tie. Then, per coordinate, the n-4f chosen values nearest to the median of
    the chosen ones are averaged; the smaller values win a tie. Needs n >= 4f+3.
    """

    tie_sensitive: ClassVar[bool] = True

    @property
    def invariances(self) -> frozenset[Invariance]:
        """All but orthogonal maps."""
        return COORDINATE_WISE

    def min_n(self, f: int) -> int:
        """4f+3."""
        return 4 * f + 3

    def _work(self, n: int, q: int) -> int:
        return 3 * n * q + 8 * n * n

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        assert self.f is not None
        n = values.shape[-2]
        distances = span(xp, values, check).distances
        order = _choose_by_krum(xp, distances, n - 2 * self.f, self.f)
        chosen = arrays.take_rows(xp, values, order)
        return by_coordinate(xp, chosen, MeanOfNearest(2 * self.f, "median"), check=False)


def _choose_by_krum(xp: Namespace, distances: Array, count: int, f: int) -> Array:
    """Indices (batch, count) of the messages that repeated Krum chooses, in that order.

    Rows are sorted once. The neighbours that remain are counted along each sorted row by a running sum.
    """
    n = distances.shape[-1]
    if arrays.fast(xp) and (n >= _MANY or len(distances) == 1):
        return np.stack([SequentialKrum(one, f).choose(count) for one in distances])
    index = arrays.arange(xp, n, distances)
    order = xp.argsort(distances, axis=-1, stable=True)
    ordered = xp.sort(distances, axis=-1, stable=False)
    present = xp.ones_like(order) == 1
    alive = present[:, 0, :]
    chosen = []
    for step in range(count):
        neighbours = max(1, n - step - f - 2)
        # The message itself is at distance zero in its own row, hence one more.
        counted = present & (xp.cumulative_sum(xp.astype(present, xp.int64), axis=-1) <= neighbours + 1)
        scores = xp.sum(xp.where(counted, ordered, xp.zeros_like(ordered)), axis=-1)
        best = xp.argmin(xp.where(alive, scores, xp.full_like(scores, float("inf"))), axis=-1)[:, None]
        chosen.append(best)
        alive = alive & (index != best)
        present = present & (order != best[:, :, None])
    return xp.concat(chosen, axis=-1)

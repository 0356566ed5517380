"""Pre-aggregations composed with rules and with each other."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import ClassVar, Self

from .. import arrays
from ..arrays import Array, Namespace
from .base import Invariance, NonFinite, Preaggregator, Rule, Step, require_finite


@dataclass(frozen=True, repr=False)
class _Chain(Step):
    """Two steps in a row. Its f is that of the parts (the smaller where they differ), and reaches both when given.

    Its `nonfinite` is theirs too: ``"byzantine"`` where one of them says so, ``"unchecked"`` where both do.
    """

    first: Preaggregator = field(kw_only=True)
    second: Step = field(kw_only=True)

    needs_f: ClassVar[bool] = False

    def __post_init__(self) -> None:
        first, second = self.first.with_f(self.f), self.second.with_f(self.f)
        known = [part.f for part in (first, second) if part.f is not None]
        for name, value in (
            ("first", first),
            ("second", second),
            ("f", min(known) if known else None),
            ("nonfinite", _joint({first.nonfinite, second.nonfinite})),
        ):
            object.__setattr__(self, name, value)
        super().__post_init__()

    def __repr__(self) -> str:
        return f"{self.first!r} >> {self.second!r}"

    @property
    def invariances(self) -> frozenset[Invariance]:
        """The maps that both parts commute with."""
        return self.first.invariances & self.second.invariances

    def min_n(self, f: int) -> int:
        """Least number of messages with which both parts work."""
        n = self.first.min_n(f)
        while self.first.n_out(n) < self.second.min_n(f):
            n += 1
        return n

    def with_f(self, f: int | None) -> Self:
        """Return the same composition with another f in both parts; None keeps it."""
        return self if f is None else dataclasses.replace(self, f=f)

    @property
    def _single_pass(self) -> bool:  # type: ignore[override]
        return self.first._single_pass

    def _without(self, count: int) -> Self:
        return dataclasses.replace(self, f=None, first=self.first._without(count), second=self.second._without(count))

    def _ready(self, n: int, f: int | None) -> Self:
        first = self.first._ready(n, f)
        second = self.second._ready(first.n_out(n), f)
        if first is self.first and second is self.second:
            return self
        return dataclasses.replace(self, f=None, first=first, second=second)

    def _work(self, n: int, q: int) -> int:
        return self.first._work(n, q) + self.second._work(self.first.n_out(n), q)

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        between = self.first._run(xp, values, check)
        if check and not arrays.all_finite(xp, between):
            if self.first._reveals:
                require_finite(xp, values, check)
            between = self.first._map(xp, values)
        return self.second._run(xp, between, False)


@dataclass(frozen=True, repr=False)
class Composition(_Chain, Rule):
    """A pre-aggregation followed by a rule, itself a rule; made by ``>>``."""

    second: Rule = field(kw_only=True)

    def breakdown(self, n: int) -> int:
        """Largest number of Byzantine messages among n that cannot carry the result beyond all bounds."""
        if n < self.min_n(self.f or 0):
            return -1
        if self.first.bounds_messages:
            return (n - 1) // 2
        before = (n - 1) // 2 if self.first.f is None else self.first.f
        return min(before, self.second.breakdown(self.first.n_out(n)))


@dataclass(frozen=True, repr=False)
class PreComposition(_Chain, Preaggregator):
    """Two pre-aggregations in a row, itself a pre-aggregation; made by ``>>``."""

    second: Preaggregator = field(kw_only=True)

    def n_out(self, n: int) -> int:
        """Number of messages that n become."""
        return self.second.n_out(self.first.n_out(n))


def _joint(wishes: set[NonFinite]) -> NonFinite:
    if "byzantine" in wishes:
        return "byzantine"
    return "unchecked" if wishes == {"unchecked"} else "raise"

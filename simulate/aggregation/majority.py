"""Majority vote: the message that most devices agree on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .. import arrays
from ..arrays import Array, Namespace
from .base import Rule, require_finite


@dataclass(frozen=True, repr=False)
class MajorityVote(Rule):
    """The message that agrees with most messages; the first device's at a tie.

    It recovers what the honest devices send where all of them send the same (repetition codes), and promises nothing
    elsewhere.

    Parameters
    ----------
    f
        Not needed; where it is given, n > 2f is checked.
    tolerance
        Two messages agree where no coordinate differs by more than this share of the largest magnitude of both. At 0,
        the default, they have to be equal.
    """

    tolerance: float = 0.0

    needs_f: ClassVar[bool] = False
    tie_sensitive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"MajorityVote needs a tolerance of at least 0 and below 1, got {self.tolerance!r}")

    def breakdown(self, n: int) -> int:
        """Fewer than half of the messages, where all others agree."""
        return (n - 1) // 2 if n >= 1 else -1

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        require_finite(xp, values, check)
        n = values.shape[-2]
        winner, votes = self._candidate(xp, values)
        if bool(xp.all(2 * votes > n)):
            return arrays.take_rows(xp, values, winner)[:, 0, :]
        counts = xp.concat([self._votes(xp, values, values[:, i : i + 1, :])[:, None] for i in range(n)], axis=-1)
        best = xp.where(2 * votes > n, winner[:, 0], xp.argmax(counts, axis=-1))
        return arrays.take_rows(xp, values, best[:, None])[:, 0, :]

    def _candidate(self, xp: Namespace, values: Array) -> tuple[Array, Array]:
        """Index (batch, 1) of the only message that a strict majority can agree on, found in one pass, and its votes.

        Boyer and Moore's pairing: a message that disagrees with the candidate cancels one that agreed.
        """
        winner = xp.zeros_like(values[:, 0, :1], dtype=xp.int64)
        lead = xp.zeros_like(winner[:, 0])
        for i in range(values.shape[-2]):
            message = values[:, i : i + 1, :]
            agrees = self._agree(xp, message, arrays.take_rows(xp, values, winner))[:, 0]
            fresh = lead == 0
            winner = xp.where(fresh[:, None], xp.full_like(winner, i), winner)
            lead = xp.where(fresh | agrees, lead + 1, lead - 1)
        votes = self._votes(xp, values, arrays.take_rows(xp, values, winner))
        return winner, votes

    def _votes(self, xp: Namespace, values: Array, candidate: Array) -> Array:
        return xp.sum(xp.astype(self._agree(xp, values, candidate), xp.int64), axis=-1)

    def _agree(self, xp: Namespace, values: Array, candidate: Array) -> Array:
        if self.tolerance == 0:
            return xp.all(values == candidate, axis=-1)
        largest = xp.max(xp.maximum(xp.abs(values), xp.abs(candidate)), axis=-1)
        return xp.max(xp.abs(values - candidate), axis=-1) <= self.tolerance * largest

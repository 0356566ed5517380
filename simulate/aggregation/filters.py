"""Rules that drop or down-weight suspicious messages and average the rest: FABA, norm thresholding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from .. import arrays
from ..arrays import Array, Namespace
from .base import ALL_INVARIANCES, Invariance, Rule
from .preaggregation import norms
from .span import span

_MANY = 256
"""Number of messages from which on sums of products are updated, in place of one product with a matrix a step."""
_COARSER = 16.0
"""Factor by which the largest squared norm may shrink before these sums are taken afresh."""


@dataclass(frozen=True, repr=False)
class FABA(Rule):
    """FABA (Xia et al. 2019): f times, drop the message farthest from the mean of those that remain; then their mean.

    The first device is dropped at a tie.
    """

    tie_sensitive: ClassVar[bool] = True

    def _work(self, n: int, q: int) -> int:
        return 2 * n * q + 6 * n * n

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        assert self.f is not None
        n = values.shape[-2]
        space = span(xp, values, check)
        gram, index = space.gram, arrays.arange(xp, n, values)
        squares = xp.linalg.diagonal(gram)
        kept = xp.ones_like(squares)
        sums, largest = (gram @ kept[..., None])[..., 0], xp.max(squares, axis=-1)
        for step in range(self.f):
            # Squared distance to the mean, but for what all messages share.
            distances = xp.where(kept > 0, squares - (2 / (n - step)) * sums, -float("inf"))
            farthest = xp.argmax(distances, axis=-1)[:, None]
            kept = xp.where(index == farthest, 0.0, kept)
            if n < _MANY:
                sums = (gram @ kept[..., None])[..., 0]
                continue
            remaining = xp.max(kept * squares, axis=-1)
            if bool(xp.all(_COARSER * remaining >= largest)):
                sums = sums - arrays.take_rows(xp, gram, farthest)[:, 0, :]
            else:
                # Products with a message that was far larger than the rest would leave their rounding behind.
                sums, largest = (gram @ kept[..., None])[..., 0], remaining
        return space.combine(kept / (n - self.f))


@dataclass(frozen=True, repr=False)
class NormThresholding(Rule):
    """Thresholding by norm (the aggregation of Com-TGN): drop the messages of largest Euclidean norm, average the rest.

    The last devices are dropped at a tie.

    Parameters
    ----------
    f
        Number of messages dropped.
    fraction
        Drop ``ceil(fraction * n)`` messages instead, whatever f is; the float is read as the decimal number that it
        prints as. At least 0, below 1.
    """

    fraction: float | None = None

    tie_sensitive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fraction is None:
            return
        if not 0 <= self.fraction < 1:
            raise ValueError(f"NormThresholding needs a fraction of at least 0 and below 1, got {self.fraction!r}")
        object.__setattr__(self, "fraction", float(self.fraction))

    @property
    def needs_f(self) -> bool:  # type: ignore[override]
        """Unless a fraction is given."""
        return self.fraction is None

    @property
    def invariances(self) -> frozenset[Invariance]:
        """All but translations."""
        return ALL_INVARIANCES - {Invariance.TRANSLATION}

    def dropped(self, n: int) -> int:
        """Number of messages dropped, of n."""
        if self.fraction is not None:
            return min(n - 1, math.ceil(Fraction(str(self.fraction)) * n))
        assert self.f is not None
        return self.f

    def breakdown(self, n: int) -> int:
        """As many as are dropped."""
        if self.fraction is not None:
            return min(self.dropped(n), (n - 1) // 2)
        return super().breakdown(n)

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        n = values.shape[-2]
        order = xp.argsort(norms(xp, values, check)[..., 0], axis=-1, stable=True)
        ranks = xp.argsort(order, axis=-1, stable=True)
        kept = n - self.dropped(n)
        chosen = xp.astype(ranks < kept, values.dtype)
        return (chosen[:, None, :] @ values)[:, 0, :] / kept

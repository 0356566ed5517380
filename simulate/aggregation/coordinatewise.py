"""Rules that act on each coordinate alone: mean, trimmed mean, median."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar, Literal, Self

import array_api_compat.numpy as npx
import numpy as np

from .. import arrays
from ..arrays import Array, Namespace
from .base import ALL_INVARIANCES, COORDINATE_WISE, Invariance, Rule
from .sorting import by_coordinate
from .statistics import MeanOfPlaces, MedianOf

_SMALL_BYTES = 2**20


@dataclass(frozen=True, repr=False)
class Mean(Rule):
    """The average of all messages: no protection (the aggregation of VA)."""

    needs_f: ClassVar[bool] = False
    coordinate_wise: ClassVar[bool] = True
    _reveals: ClassVar[bool] = True

    @property
    def invariances(self) -> frozenset[Invariance]:
        """All of them."""
        return ALL_INVARIANCES

    def breakdown(self, n: int) -> int:
        """Zero: a single message carries the average anywhere."""
        return 0 if n >= 1 else -1

    def weights(self, n: int, f: int | None = None) -> tuple[Fraction, ...]:
        """1/n each."""
        del f
        return (Fraction(1, n),) * n

    def __call__(self, messages: Array, f: int | None = None) -> Array:
        """Average messages (..., n, q); see `Rule`."""
        small = arrays.plain(messages) and messages.ndim == 2 and 0 < messages.nbytes <= _SMALL_BYTES
        if small and f is None and arrays.fast(npx):
            # The steps that rules share would take longer than the average.
            self._ready(messages.shape[0], None)
            with np.errstate(all="ignore"):
                result = self._run(npx, messages[None], False)
                if math.isfinite(np.vdot(result, result)):
                    return result[0]
        return super().__call__(messages, f)

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        del check
        return arrays.totals(xp, values) / values.shape[-2]


@dataclass(frozen=True, repr=False)
class TrimmedMean(Rule):
    """Coordinate-wise trimmed mean (CWTM): leave out the f smallest and the f largest values, average the rest.

    Parameters
    ----------
    f
        Number of values to leave out on either side.
    fraction
        Leave out ``floor(fraction * n)`` values on either side instead, whatever f is (the "parameter 0.1" of the LAD
        and CRA papers); the float is read as the decimal number that it prints as. At least 0, below 1/2.
    """

    fraction: float | None = None

    coordinate_wise: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fraction is None:
            return
        if not 0 <= self.fraction < 0.5:
            raise ValueError(f"TrimmedMean needs a fraction of at least 0 and below 1/2, got {self.fraction!r}")
        if self.f is not None:
            raise ValueError(f"TrimmedMean takes f or fraction, got f={self.f} and fraction={self.fraction}")

    @property
    def needs_f(self) -> bool:  # type: ignore[override]
        """Unless a fraction is given."""
        return self.fraction is None

    @property
    def invariances(self) -> frozenset[Invariance]:
        """All but orthogonal maps."""
        return COORDINATE_WISE

    def with_f(self, f: int | None) -> Self:
        """Return the same rule for another f; one with a fraction stays as it is."""
        return self if self.fraction is not None else super().with_f(f)

    def _ready(self, n: int, f: int | None) -> Self:
        if self.fraction is None:
            return super()._ready(n, f)
        if f is not None and n <= 2 * f:
            raise ValueError(f"{self!r} with f={f} needs n > 2f messages, got n={n}")
        return self

    def trimmed(self, n: int, f: int | None = None) -> int:
        """Number of values left out on either side, of n."""
        if self.fraction is not None:
            return _share(self.fraction, n)
        rule = self._ready(n, f)
        assert rule.f is not None
        return rule.f

    def breakdown(self, n: int) -> int:
        """The number of values left out on either side."""
        return self.trimmed(n) if self.fraction is not None else super().breakdown(n)

    def weights(self, n: int, f: int | None = None) -> tuple[Fraction, ...]:
        """Zero for the values left out, the same for the others."""
        cut = self.trimmed(n, f)
        return (Fraction(0),) * cut + (Fraction(1, n - 2 * cut),) * (n - 2 * cut) + (Fraction(0),) * cut

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        return by_coordinate(xp, values, self.statistic(values.shape[-2]), check=check)

    def statistic(self, n: int) -> MeanOfPlaces:
        """What the rule makes of the sorted values of n messages."""
        cut = self.trimmed(n)
        return MeanOfPlaces(cut, n - cut)


@lru_cache
def _share(fraction: float, n: int) -> int:
    """The whole part of a fraction of n, the fraction read as the decimal number that it prints as."""
    return int(Fraction(str(fraction)) * n)


@dataclass(frozen=True, repr=False)
class Median(Rule):
    """Coordinate-wise median.

    Parameters
    ----------
    f
        Not needed; where it is given, n > 2f is checked.
    convention
        With an even number of messages: ``"middle"`` is the mean of the two in the middle, ``"lower"`` the smaller one.
    """

    convention: Literal["middle", "lower"] = "middle"

    needs_f: ClassVar[bool] = False
    coordinate_wise: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.convention not in ("middle", "lower"):
            raise ValueError(f'Median needs convention "middle" or "lower", got {self.convention!r}')

    @property
    def invariances(self) -> frozenset[Invariance]:
        """All but orthogonal maps."""
        return COORDINATE_WISE

    def breakdown(self, n: int) -> int:
        """Fewer than half of the messages."""
        return (n - 1) // 2 if n >= 1 else -1

    def weights(self, n: int, f: int | None = None) -> tuple[Fraction, ...]:
        """One in the middle, or a half on both."""
        del f
        low, high = (n - 1) // 2, n // 2 if self.convention == "middle" else (n - 1) // 2
        return tuple(Fraction((i == low) + (i == high), 2) for i in range(n))

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        return by_coordinate(xp, values, self.statistic(values.shape[-2]), check=check)

    def statistic(self, n: int) -> MedianOf:
        """What the rule makes of the sorted values of n messages."""
        del n
        return MedianOf(lower=self.convention == "lower")

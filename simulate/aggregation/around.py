"""Means of the values nearest to a robust centre: Phocas, its vector variant, and MeaMed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from .. import arrays
from ..arrays import Array, Namespace
from .base import COORDINATE_WISE, Invariance, Rule
from .coordinatewise import TrimmedMean
from .preaggregation import norms
from .sorting import by_coordinate, mean_of_nearest, median


@dataclass(frozen=True, repr=False)
class Phocas(Rule):
    """Mean around the trimmed mean (Xie et al. 2018).

    Parameters
    ----------
    f
        Number of Byzantine messages.
    variant
        ``"coordinate"``: per coordinate, the mean of the n-f values nearest to the trimmed mean of that coordinate; the
        smaller values win a tie. ``"vector"``: the mean of the n-f messages nearest, in Euclidean norm, to the vector
        of trimmed means; the first devices win a tie. The second commutes with no rotation either, by its centre.
    """

    variant: Literal["coordinate", "vector"] = "coordinate"

    tie_sensitive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.variant not in ("coordinate", "vector"):
            raise ValueError(f'Phocas needs variant "coordinate" or "vector", got {self.variant!r}')

    @property
    def coordinate_wise(self) -> bool:  # type: ignore[override]
        """True for the first variant."""
        return self.variant == "coordinate"

    @property
    def invariances(self) -> frozenset[Invariance]:
        """All but orthogonal maps."""
        return COORDINATE_WISE

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        assert self.f is not None
        f, n = self.f, values.shape[-2]
        if self.variant == "coordinate":
            return by_coordinate(
                xp, values, lambda space, ordered: mean_of_nearest(space, ordered, None, f), check=check
            )
        centre = TrimmedMean(f=f)._run(xp, values, check)
        lengths = norms(xp, 0.5 * values - 0.5 * centre[:, None, :])[..., 0]
        order = xp.argsort(lengths, axis=-1, stable=True)
        return xp.mean(arrays.take_rows(xp, values, order[:, : n - f]), axis=-2)


@dataclass(frozen=True, repr=False)
class MeaMed(Rule):
    """Mean around the median (Xie et al. 2018): per coordinate, the mean of the n-f values nearest to the median.

    The median is the mean of the middle two where n is even; the smaller values win a tie.
    """

    coordinate_wise: ClassVar[bool] = True
    tie_sensitive: ClassVar[bool] = True

    @property
    def invariances(self) -> frozenset[Invariance]:
        """All but orthogonal maps."""
        return COORDINATE_WISE

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        assert self.f is not None
        f = self.f
        return by_coordinate(
            xp, values, lambda space, ordered: mean_of_nearest(space, ordered, median(ordered), f), check=check
        )

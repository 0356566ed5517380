"""Means of the values nearest to a robust centre: Phocas, its vector variant, and MeaMed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from .. import arrays
from ..arrays import Array, Namespace
from .base import COORDINATE_WISE, Invariance, Rule
from .coordinatewise import TrimmedMean
from .preaggregation import norms
from .sorting import by_coordinate, run_shared
from .span import BLOCK_BYTES, weighted_sums
from .statistics import MeanOfNearest


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
            return by_coordinate(xp, values, MeanOfNearest(f, "core"), check=check)
        centre = TrimmedMean(f=f)._run(xp, values, check)
        order = xp.argsort(_apart(xp, values, centre), axis=-1, stable=True)
        kept = xp.argsort(order, axis=-1, stable=True) < n - f
        return weighted_sums(xp.astype(kept, values.dtype)[:, None, :], values) / (n - f)


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
        return by_coordinate(xp, values, MeanOfNearest(self.f, "median"), check=check)


def _apart(xp: Namespace, values: Array, centre: Array) -> Array:
    """What orders the messages (batch, n, q) of each set by their distances to its centre (batch, q): (batch, n)."""
    _, n, q = values.shape
    columns = max(256, BLOCK_BYTES // (n * arrays.itemsize(xp, values)))
    if not arrays.fast(xp) or q <= columns:
        return norms(xp, 0.5 * values - 0.5 * centre[:, None, :])[..., 0]
    info = np.finfo(values.dtype)
    result = np.empty(values.shape[:2])
    for index, (messages, point) in enumerate(zip(values, centre, strict=True)):
        squares = _blocked_squares(messages, point, columns)
        resolved = squares.max() < info.max and squares.min() > info.smallest_normal / info.eps
        result[index] = squares if resolved else norms(xp, 0.5 * values[index] - 0.5 * point)[:, 0]
    return result


def _blocked_squares(messages: Any, centre: Any, columns: int) -> Any:
    """Squared distances (n,) of messages (n, q) to a centre (q,), in blocks of columns."""
    n, q = messages.shape
    blocks = -(-q // columns)
    parts = np.empty((blocks, n))

    def work(share: slice) -> None:
        block = np.empty((n, columns), dtype=messages.dtype)
        for index in range(share.start, share.stop):
            part = slice(index * columns, min(q, (index + 1) * columns))
            shifted = np.subtract(messages[:, part], centre[part], out=block[:, : part.stop - part.start])
            parts[index] = np.einsum("ij,ij->i", shifted, shifted)

    run_shared(work, blocks, messages)
    return parts.sum(axis=0)

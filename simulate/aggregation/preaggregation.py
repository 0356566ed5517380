"""Pre-aggregations: nearest-neighbour mixing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..arrays import Array, Namespace
from .base import Preaggregator
from .distances import nearest, squared_distances


@dataclass(frozen=True, repr=False)
class NNM(Preaggregator):
    """Nearest-neighbour mixing: each message becomes the mean of the n-f messages nearest to it, itself included."""

    tie_sensitive: ClassVar[bool] = True

    def _run(self, xp: Namespace, values: Array) -> Array:
        assert self.f is not None
        count = values.shape[-2] - self.f
        mask = nearest(xp, squared_distances(xp, values), count)
        return (xp.astype(mask, values.dtype) @ values) / count

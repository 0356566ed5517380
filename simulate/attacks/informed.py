"""Attacks by devices that know what the honest ones send."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from .. import arrays
from ..arrays import Array
from .base import Attack, Sight


@dataclass(frozen=True, repr=False)
class ALittleIsEnough(Attack):
    """A little is enough (Baruch et al. 2019): all send mean + sign * z * standard deviation, per coordinate.

    Mean and standard deviation (divisor H) are those of the honest messages.

    Parameters
    ----------
    z
        None: the published z_max, the largest z with Phi(z) <= (n - f - s)/(n - f), where floor(n/2 + 1) - f, or s, is
        the number of honest devices needed for a majority; zero where that is negative, as for f = 1 and n even.
    sign
        -1, the default, or 1. The literature has both.
    """

    z: float | None = None
    sign: Literal[-1, 1] = -1

    def __post_init__(self) -> None:
        if self.z is not None and not math.isfinite(self.z):
            raise ValueError(f"ALittleIsEnough needs a finite z, got {self.z!r}")
        if self.sign not in (-1, 1):
            raise ValueError(f"ALittleIsEnough needs sign -1 or 1, got {self.sign!r}")

    def factor(self, n: int, f: int) -> float:
        """The z in use for n devices of which f are Byzantine."""
        if self.z is not None:
            return self.z
        supporters = n // 2 + 1 - f
        share = (n - f - supporters) / (n - f)
        if not 0 < share < 1:
            return 0.0
        return max(0.0, NormalDist().inv_cdf(share))

    def _send(self, sight: Sight) -> Array:
        return sight.honest_mean() + self.sign * self.factor(*sight.counts()) * sight.honest_spread()


@dataclass(frozen=True, repr=False)
class InnerProductManipulation(Attack):
    """Inner-product manipulation, fall of empires (Xie et al. 2020): all send -epsilon times the honest mean.

    A small epsilon passes distance-based rules while it turns the inner product of the result with the gradient; a
    large one reverses an average.

    Parameters
    ----------
    epsilon
        A finite number above 0.
    """

    epsilon: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.epsilon < math.inf:
            raise ValueError(f"InnerProductManipulation needs a finite epsilon above 0, got {self.epsilon!r}")

    def _send(self, sight: Sight) -> Array:
        return -self.epsilon * sight.honest_mean()


FallOfEmpires = InnerProductManipulation


@dataclass(frozen=True, repr=False)
class Mimic(Attack):
    """Mimic (Karimireddy et al. 2022): all copy the same honest device, which over-represents its data.

    Parameters
    ----------
    target
        A whole number k: the k-th honest device, from 0, at each iteration; they copy the last one where fewer are
        honest. None: the device whose message lies farthest along the direction of largest variance of the honest
        messages, which is taken at this iteration (the published attack learns it over the first iterations). The
        first device wins a tie; where that variance is attained in several directions, the library that computes it
        decides.
    """

    target: int | None = None

    def __post_init__(self) -> None:
        if self.target is not None:
            object.__setattr__(self, "target", arrays.whole("Mimic", "target", self.target))

    def _send(self, sight: Sight) -> Array:
        xp = sight.xp
        n = sight.mask.shape[-1]
        if self.target is None:
            scores = self._along(sight)
        else:
            ranks = (~sight.mask).cumsum(axis=-1) - 1
            last = ranks[..., -1:]
            wanted = (ranks == last.clip(max=self.target)) & ~sight.mask
            scores = arrays.to_namespace(xp, wanted.astype(float), sight.messages)
        chosen = xp.argmax(xp.where(sight.byzantine, xp.full_like(scores, -1.0), scores), axis=-1)
        copied = arrays.arange(xp, n, sight.messages) == chosen[..., None]
        rows = xp.where(copied[..., None], sight.messages, xp.zeros_like(sight.messages))
        return xp.sum(rows, axis=-2, keepdims=True)

    def _along(self, sight: Sight) -> Array:
        """Squared deviation of each message along the honest messages' leading direction, up to a factor: (..., n)."""
        xp = sight.xp
        deviations = sight.honest_deviations()
        scale = xp.max(xp.abs(deviations), axis=(-2, -1), keepdims=True)
        deviations = deviations / xp.where(scale > 0, scale, xp.ones_like(scale))
        _, vectors = xp.linalg.eigh(deviations @ xp.matrix_transpose(deviations))
        return vectors[..., -1] ** 2

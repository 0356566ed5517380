"""Attacks that use nothing but the device's own message, a copy of another one, or noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from .. import arrays
from ..arrays import Array
from ..randomness import Rng, draw
from .base import Attack, Mask, Sight


@dataclass(frozen=True, repr=False)
class SignFlipping(Attack):
    """Send the honest message times a coefficient (-2 in LAD and CRA).

    Parameters
    ----------
    coefficient
        A finite number.
    """

    coefficient: float = -2.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.coefficient):
            raise ValueError(f"SignFlipping needs a finite coefficient, got {self.coefficient!r}")

    @property
    def multiplier(self) -> float:
        """The coefficient."""
        return self.coefficient

    def _send(self, sight: Sight) -> Array:
        return self.coefficient * sight.messages


@dataclass(frozen=True, repr=False)
class Gaussian(Attack):
    """Send independent draws of N(0, variance) in each coordinate (CRA: 10000).

    Parameters
    ----------
    variance
        Finite, at least 0.
    """

    variance: float = 10000.0

    needs_rng: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 <= self.variance < math.inf:
            raise ValueError(f"Gaussian needs a finite variance of at least 0, got {self.variance!r}")

    def _draw(self, rng: Rng, shape: tuple[int, ...], byzantine: Mask) -> npt.NDArray[Any]:
        """Standard normal numbers in the Byzantine rows, zeros elsewhere: (..., n, q)."""

        def fill(mask: Mask, one: np.random.Generator, size: tuple[int, ...]) -> npt.NDArray[Any]:
            noise = np.zeros(size)
            noise[mask] = one.standard_normal((int(mask.sum()), size[-1]))
            return noise

        return _with_mask(rng, shape, byzantine, fill)

    def _send(self, sight: Sight) -> Array:
        assert sight.noise is not None
        return arrays.to_namespace(sight.xp, math.sqrt(self.variance) * sight.noise, sight.messages)


@dataclass(frozen=True, repr=False)
class SampleDuplicating(Attack):
    """Each Byzantine device sends the message of an honest device that it draws uniformly (CRA, Section V)."""

    needs_rng: ClassVar[bool] = True

    def _draw(self, rng: Rng, shape: tuple[int, ...], byzantine: Mask) -> npt.NDArray[Any]:
        """Index of the device to copy, (..., n): an honest one for Byzantine devices, its own for the others."""

        def choose(mask: Mask, one: np.random.Generator, size: tuple[int, ...]) -> npt.NDArray[Any]:
            chosen = np.where(mask, 0, np.arange(size[-1]))
            for row, bad in zip(chosen.reshape(-1, size[-1]), mask.reshape(-1, size[-1]), strict=True):
                row[bad] = one.choice(np.flatnonzero(~bad), size=int(bad.sum()))
            return chosen

        return _with_mask(rng, shape[:-1], byzantine, choose)

    def _send(self, sight: Sight) -> Array:
        assert sight.noise is not None
        *batch, n, q = sight.messages.shape
        count = math.prod(batch)
        index = sight.noise.reshape(count, n) + n * np.arange(count)[:, None]
        rows = sight.xp.reshape(sight.messages, (count * n, q))
        taken = sight.xp.take(rows, arrays.to_namespace(sight.xp, index.reshape(-1), sight.messages), axis=0)
        return sight.xp.reshape(taken, (*batch, n, q))


@dataclass(frozen=True, repr=False)
class Zero(Attack):
    """Send zeros, as a device that has stopped would."""

    def _send(self, sight: Sight) -> Array:
        return sight.xp.zeros_like(sight.messages)


@dataclass(frozen=True, repr=False)
class NonFinite(Attack):
    """Send a payload that is not a number, or infinite, in every coordinate.

    Parameters
    ----------
    payload
        ``"nan"``, ``"inf"`` or ``"-inf"``.
    """

    payload: Literal["nan", "inf", "-inf"] = "nan"

    def __post_init__(self) -> None:
        if self.payload not in ("nan", "inf", "-inf"):
            raise ValueError(f'NonFinite needs payload "nan", "inf" or "-inf", got {self.payload!r}')

    def _send(self, sight: Sight) -> Array:
        return sight.xp.full_like(sight.messages, float(self.payload))


@dataclass(frozen=True, repr=False)
class LabelFlip(Attack):
    """Follow the protocol, on data whose labels are flipped.

    What that means is the problem's to say: -y for a regression, the class C-1-c for c of C classes. The caller
    computes the per-subset gradients of the flipped problem, encodes them as an honest device would, and gives the
    result as ``poisoned``; an attack with ``needs_poisoned`` is how a training loop knows.
    """

    needs_poisoned: ClassVar[bool] = True

    def _send(self, sight: Sight) -> Array:
        return sight.poisoned


def _with_mask(rng: Rng, shape: tuple[int, ...], byzantine: Mask, fill: Any) -> npt.NDArray[Any]:
    """Draw run by run where each run's draw also needs its part of the mask."""
    if isinstance(rng, np.random.Generator):
        return draw(rng, shape, lambda one, size: fill(byzantine, one, size))
    parts = iter(byzantine)
    return draw(rng, shape, lambda one, size: fill(next(parts), one, size))

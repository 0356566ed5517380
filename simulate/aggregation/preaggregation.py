"""Pre-aggregations: nearest-neighbour mixing, bucketing, clipping, adaptive clipping."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .. import arrays
from ..arrays import Array, Namespace
from ..compiled import mixing, sets
from ..randomness import Purpose, stream
from .base import ALL_INVARIANCES, Invariance, Preaggregator, require_finite
from .span import least_resolved, nearest, span


@dataclass(frozen=True, repr=False)
class NNM(Preaggregator):
    """Nearest-neighbour mixing (Allouah et al. 2023): each message becomes the mean of the n-f messages nearest to it.

    A message counts among its own neighbours; the first devices win a tie.
    """

    tie_sensitive: ClassVar[bool] = True
    _single_pass: ClassVar[bool] = True

    def _work(self, n: int, q: int) -> int:
        return sets.work(n, q) or 2 * n * q + 6 * n * n

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        assert self.f is not None
        if arrays.fast(xp) and sets.usable(values):
            count = values.shape[-2] - self.f
            result, doubtful = sets.mixed(values, count, least_resolved(values.dtype.char))
            return sets.fill(result, doubtful, lambda one: self._in_steps(xp, values[one], check))
        return self._in_steps(xp, values, check)

    def _in_steps(self, xp: Namespace, values: Array, check: bool) -> Array:
        assert self.f is not None
        count = values.shape[-2] - self.f
        mask = nearest(xp, span(xp, values, check).distances, count)
        if arrays.fast(xp) and mixing.usable(values):
            return mixing.means(values, mask, count)
        # Weights 1/(n-f) save a pass over the result.
        weights = xp.astype(mask, values.dtype) / count
        return (weights[0, ...] @ values[0, ...])[None, ...] if values.shape[0] == 1 else weights @ values


@dataclass(frozen=True, repr=False)
class Bucketing(Preaggregator):
    """Bucketing (Karimireddy et al. 2022): means of consecutive buckets of s messages, the last one of what remains.

    Parameters
    ----------
    f
        Not needed by the step itself. A Byzantine message spoils one bucket, so that f is also what the rule behind it
        has to withstand, of ceil(n/s) messages.
    size
        Number s of messages in a bucket.
    seed
        None: in the order of the devices. A whole number: in an order drawn from this seed, the same at each call.
    """

    size: int = 2
    seed: int | None = None

    needs_f: ClassVar[bool] = False
    _reveals: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "size", arrays.whole("Bucketing", "size", self.size, lower=1))
        if self.seed is not None:
            object.__setattr__(self, "seed", arrays.whole("Bucketing", "seed", self.seed))

    @property
    def invariances(self) -> frozenset[Invariance]:
        """All but permutations."""
        return ALL_INVARIANCES - {Invariance.PERMUTATION} if self.size > 1 else ALL_INVARIANCES

    def n_out(self, n: int) -> int:
        """ceil(n/s)."""
        return -(-n // self.size)

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        del check
        count, n, _ = values.shape
        if self.seed is not None:
            order = np.broadcast_to(stream(self.seed, Purpose.RULE).permutation(n), (count, n))
            values = arrays.take_rows(xp, values, arrays.to_namespace(xp, order, values))
        full = n - n % self.size
        members = [values[:, member : full : self.size, :] for member in range(self.size if full else 1)]
        means = members[0] + (members[1] if len(members) > 1 else 0.0)
        for member in members[2:]:
            means += member
        means /= self.size
        if n == full:
            return means
        return xp.concat([means, xp.mean(values[:, full:, :], axis=-2, keepdims=True)], axis=-2)


@dataclass(frozen=True, repr=False)
class Clipping(Preaggregator):
    """Static clipping: shorten messages to a radius.

    Parameters
    ----------
    f
        Not needed.
    radius
        Largest Euclidean norm that is left as it is, above 0.
    """

    radius: float = 1.0

    needs_f: ClassVar[bool] = False
    bounds_messages: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.radius < math.inf:
            raise ValueError(f"Clipping needs a finite radius above 0, got {self.radius!r}")

    @property
    def invariances(self) -> frozenset[Invariance]:
        """Permutations and orthogonal maps."""
        return frozenset({Invariance.PERMUTATION, Invariance.ORTHOGONAL})

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        return _shorten(xp, values, norms(xp, values, check), self.radius)


@dataclass(frozen=True, repr=False)
class AdaptiveClipping(Preaggregator):
    """Adaptive robust clipping, ARC (Allouah et al. 2025): shorten the k longest messages to the norm of the next one.

    k = floor(2 (f/n) (n-f)).
    """

    @property
    def invariances(self) -> frozenset[Invariance]:
        """All but translations."""
        return ALL_INVARIANCES - {Invariance.TRANSLATION}

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        assert self.f is not None
        n = values.shape[-2]
        clipped = 2 * self.f * (n - self.f) // n
        lengths = norms(xp, values, check)
        return _shorten(
            xp, values, lengths, xp.sort(lengths, axis=-2, stable=False)[:, n - 1 - clipped : n - clipped, :]
        )


def norms(xp: Namespace, values: Array, check: bool = False) -> Array:
    """Euclidean norms (batch, n, 1) of messages; where squares would overflow or underflow, of scaled ones.

    Raises
    ------
    NonFiniteError
        If a message is not finite and `check` is set.
    """
    squares = xp.vecdot(values, values)[..., None]
    info = xp.finfo(values.dtype)
    resolved = (squares < float(info.max)) & (squares > float(info.smallest_normal) / float(info.eps))
    if bool(xp.all(resolved)):
        return xp.sqrt(squares)
    require_finite(xp, values, check)
    lengths = xp.sqrt(xp.where(resolved, squares, xp.ones_like(squares)))
    largest = xp.max(xp.abs(values), axis=-1, keepdims=True)
    # The inverse of a scale above the limit is below the normal range, which some libraries flush to zero.
    limit = float(info.max) * 2.0**-24
    scale = xp.clip(xp.where(largest > 0, largest, xp.ones_like(largest)), max=limit)
    scaled = values / scale
    return xp.where(resolved, lengths, scale * xp.sqrt(xp.vecdot(scaled, scaled)[..., None]))


def _shorten(xp: Namespace, values: Array, lengths: Array, radius: Array) -> Array:
    beyond = lengths > radius
    factors = xp.where(beyond, radius / xp.where(beyond, lengths, xp.ones_like(lengths)), xp.ones_like(lengths))
    return factors * values

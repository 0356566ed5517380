"""Rules that drop or down-weight suspicious messages and average the rest: FABA, CAF, norm thresholding."""

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
class CAF(Rule):
    """Covariance-bound agnostic filter (Allouah et al. 2025).

    Weights start at one. As long as they sum to more than n-2f: take the weighted mean and the leading eigenpair of
    the weighted covariance, and lower each weight by the share of its squared deviation along the eigenvector in the
    largest one, which drops at least one message. The result is the weighted mean at which that eigenvalue was
    smallest.

    An eigenvalue that is not simple leaves the direction, and with it the result, to the library that computes it.
    """

    tie_sensitive: ClassVar[bool] = True

    def _work(self, n: int, q: int) -> int:
        return 2 * n * q + 10 * n * n

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        assert self.f is not None
        n = values.shape[-2]
        space = span(xp, values, check)
        gram = arrays.double(xp, space.gram)
        weights = xp.ones_like(gram[..., 0])
        best, smallest = weights / n, xp.full_like(gram[:, 0, 0], float("inf"))
        active = smallest > 0
        while bool(xp.any(active)):
            total = xp.sum(weights, axis=-1, keepdims=True)
            value, deviation = _leading(xp, gram, weights / total)
            better = active & (value < smallest)
            best = xp.where(better[:, None], weights / total, best)
            smallest = xp.where(better, value, smallest)
            largest = xp.max(xp.where(weights > 0, deviation, xp.zeros_like(deviation)), axis=-1, keepdims=True)
            going = active & (largest[:, 0] > 0)
            share = deviation / xp.where(largest > 0, largest, xp.ones_like(largest))
            lowered = weights * (1 - xp.where(share < 1, share, xp.ones_like(share)))
            weights = xp.where(going[:, None], lowered, weights)
            active = going & (xp.sum(weights, axis=-1) > n - 2 * self.f)
        return space.combine(best)


def _leading(xp: Namespace, gram: Array, shares: Array) -> tuple[Array, Array]:
    """Leading eigenvalue (batch,) of the covariance under shares (batch, n), squared deviations (batch, n) along it.

    The covariance sum_i p_i (x_i - m)(x_i - m)^T has the nonzero eigenvalues of the n x n matrix with the entries
    sqrt(p_i p_j) <x_i - m, x_j - m>. Deviations are up to a common factor.
    """
    products = (gram @ shares[..., None])[..., 0]
    centre = xp.sum(shares * products, axis=-1)[:, None, None]
    kernel = gram - products[:, :, None] - products[:, None, :] + centre
    roots = xp.sqrt(shares)
    value, vector = _top_eigenpair(xp, roots[:, :, None] * kernel * roots[:, None, :])
    along = xp.abs(kernel @ (roots * vector)[..., None])[..., 0]
    largest = xp.max(along, axis=-1, keepdims=True)
    return value, (along / xp.where(largest > 0, largest, xp.ones_like(largest))) ** 2


def _top_eigenpair(xp: Namespace, matrices: Array) -> tuple[Array, Array]:
    """Largest eigenvalue (batch,) and its eigenvector (batch, n) of symmetric matrices (batch, n, n)."""
    if not arrays.fast(xp):
        values, vectors = xp.linalg.eigh(matrices)
        return values[..., -1], vectors[..., -1]
    from scipy.linalg import eigh  # one pair takes a third of the time of all of them

    last = matrices.shape[-1] - 1
    pairs = [eigh(one, subset_by_index=[last, last], check_finite=False) for one in matrices]
    # Where many eigenvalues coincide, the partial solver may come back without any: all of them are computed then.
    pairs = [pair if len(pair[0]) else eigh(one, check_finite=False) for one, pair in zip(matrices, pairs, strict=True)]
    return xp.stack([value[-1] for value, _ in pairs]), xp.stack([vector[:, -1] for _, vector in pairs])


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

"""Rules that iterate weighted means: geometric median, centred clipping, Huber, maximum correntropy.

All of them move a point v by re-weighted deviations, sum_i w_i (x_i - v). The iterates are combinations of the
messages, so that after one product of matrices an iteration costs O(n^2), whatever q is; it is done in double
precision. They start, unless another start is chosen, at the medoid, the message with the smallest sum of distances to
the others (the mean of those where several tie), which no minority can carry away, and stop where

    || sum_i w_i (x_i - v) || <= tolerance * sum_i w_i ||x_i - v||,

a test that does not depend on the unit, the offset and the number of the messages.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from .. import arrays
from ..arrays import Array, Namespace
from ..compiled import means
from .base import ALL_INVARIANCES, Invariance, Rule, require_finite
from .descent import DEFAULT_TOLERANCE, Limited, Weigh, clipped_steps, descend, medoid
from .direct import weiszfeld
from .preaggregation import norms
from .span import Span, gram_with_origin, span, weighted_sums

_SAME = 64.0
"""Messages whose squared distance from a point is below this many roundings of the scale coincide with it."""
_SPAN_PAYS = 50
"""Messages an iteration up to which a Gram matrix is cheaper than iterations on the messages themselves."""


@dataclass(frozen=True, repr=False)
class _Iterative(Rule):
    """What the iterative rules share.

    Parameters
    ----------
    f
        Not needed; where it is given, n > 2f is checked.
    tolerance
        See the head of the module; None is 1e-7, and 1e-3 where there is no double precision.
    max_iterations
        The point reached after this many iterations is returned, whether the tolerance holds or not.
    """

    tolerance: float | None = None
    max_iterations: int = 1000

    needs_f: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        name = type(self).__name__
        if self.tolerance is not None and not 0 < self.tolerance < 1:
            raise ValueError(f"{name} needs a tolerance above 0 and below 1, got {self.tolerance!r}")
        limit = arrays.whole(name, "max_iterations", self.max_iterations, lower=1)
        object.__setattr__(self, "max_iterations", limit)

    def breakdown(self, n: int) -> int:
        """Fewer than half of the messages."""
        return (n - 1) // 2 if n >= 1 else -1

    def _work(self, n: int, q: int) -> int:
        return 2 * n * q + 8 * n * n

    def _descend(
        self, xp: Namespace, gram: Array, start: Array, weigh: Weigh, *, stick: bool = False, short: bool = False
    ) -> Array:
        return descend(
            xp, gram, start, weigh, tolerance=self.tolerance, most=self.max_iterations, stick=stick, short=short
        )

    def _check_scale(self, name: str, value: float | None) -> None:
        if value is not None and not 0 < value < math.inf:
            raise ValueError(f"{type(self).__name__} needs a finite {name} above 0, got {value!r}")


@dataclass(frozen=True, repr=False)
class GeometricMedian(_Iterative):
    """The point with the smallest sum of distances to the messages, by Weiszfeld's iteration.

    At a point that coincides with m messages the step is that of Vardi and Zhang (2000): stay if the unit vectors to
    the others sum to a vector no longer than m, else leave in its direction. Where the minimiser is not unique
    (messages on a line, an even number of them) the result is the point between the middle two.

    Parameters
    ----------
    start
        ``"medoid"``; or ``"mean"``, from where few iterations on many messages cost no Gram matrix. Both lead to the
        minimiser, where it is unique, but huge messages can carry the mean so far that the iterations run out.
    """

    start: Literal["medoid", "mean"] = "medoid"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start not in ("medoid", "mean"):
            raise ValueError(f'GeometricMedian needs start "medoid" or "mean", got {self.start!r}')

    def breakdown(self, n: int) -> int:
        """Fewer than half of the messages; none where the start is their mean."""
        return 0 if self.start == "mean" and n >= 1 else super().breakdown(n)

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        if self.start == "medoid" or not arrays.fast(xp) or not self._short(values):
            return self._in_span(xp, values, check)
        points = [self._direct(messages) for messages in values]
        found = [
            self._in_span(xp, values[index : index + 1], check)[0] if point is None else point
            for index, point in enumerate(points)
        ]
        return np.stack(found)

    def _short(self, values: Any) -> bool:
        """Whether passes over the messages (batch, n, q) are cheaper than a Gram matrix.

        In single precision, and where machine code iterates in the span, for few iterations alone: many would be for
        the tolerance of the span, where they are done in double precision.
        """
        _, n, q = values.shape
        if n > _SPAN_PAYS * self.max_iterations:
            return True
        return bool(q <= n and values.dtype == np.float64 and not means.suits(n))

    def _direct(self, messages: Any) -> Any | None:
        eps = float(np.finfo(messages.dtype).eps)
        limit = self.tolerance or DEFAULT_TOLERANCE
        return weiszfeld(messages, limit=limit, most=self.max_iterations, same=(_SAME * eps) ** 0.5)

    def _in_span(self, xp: Namespace, values: Array, check: bool) -> Array:
        space = span(xp, values, check)
        gram = arrays.double(xp, space.gram)
        start, scale = medoid(xp, space, gram)
        if self.start == "mean":
            start = xp.ones_like(start) / values.shape[-2]
        same = _SAME**0.5 * float(xp.finfo(space.gram.dtype).eps) ** 0.5 * scale[:, None]
        return space.combine(self._descend(xp, gram, start, Limited(xp, "inverse", same), stick=True))


@dataclass(frozen=True, repr=False)
class Huber(_Iterative):
    """The point with the smallest sum of Huber losses of the distances to the messages (Zhao et al. 2024).

    A message at a distance d weighs min(1, T/d).

    Parameters
    ----------
    threshold
        T, where the loss turns from quadratic to linear, above 0. None: the median of the distances to the starting
        point, so that the rule has no scale of its own; with a fixed T no finite kappa exists.
    """

    threshold: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_scale("threshold", self.threshold)

    @property
    def invariances(self) -> frozenset[Invariance]:
        """All; but scale only without a fixed threshold."""
        return ALL_INVARIANCES if self.threshold is None else ALL_INVARIANCES - {Invariance.SCALE}

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        space = span(xp, values, check)
        gram = arrays.double(xp, space.gram)
        start, scale = medoid(xp, space, gram)
        limit = _fixed(xp, self.threshold, space, scale)[:, None]
        return space.combine(self._descend(xp, gram, start, Limited(xp, "clipped", limit)))


@dataclass(frozen=True, repr=False)
class Correntropy(_Iterative):
    """Maximum correntropy (Luan et al.): the fixed point of means weighted by exp(-d^2 / (2 sigma^2)).

    The objective has several maxima in general; this is the one that the iteration reaches from the medoid.

    Parameters
    ----------
    width
        sigma, above 0. None: the median of the distances to the starting point; with a fixed one no finite kappa
        exists.
    """

    width: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_scale("width", self.width)

    @property
    def invariances(self) -> frozenset[Invariance]:
        """All; but scale only without a fixed width."""
        return ALL_INVARIANCES if self.width is None else ALL_INVARIANCES - {Invariance.SCALE}

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        space = span(xp, values, check)
        gram = arrays.double(xp, space.gram)
        start, scale = medoid(xp, space, gram)
        width = _fixed(xp, self.width, space, scale)[:, None]
        safe = xp.where(width > 0, width, xp.ones_like(width))

        def weigh(lengths: Array) -> Array:
            return xp.where(width > 0, xp.exp(-((lengths / safe) ** 2) / 2), xp.astype(lengths <= 0, lengths.dtype))

        return space.combine(self._descend(xp, gram, start, weigh))


@dataclass(frozen=True, repr=False)
class CenteredClipping(_Iterative):
    """Centred clipping (Karimireddy et al. 2021): v <- v + (1/n) sum_i (x_i - v) min(1, tau / ||x_i - v||).

    Parameters
    ----------
    radius
        tau, above 0. None: the median of the distances to the starting point; with a fixed one no finite kappa exists.
    iterations
        Number of iterations; None runs to the tolerance, and the result is then the Huber point with threshold tau.
    start
        ``"medoid"``; ``"mean"``; or ``"zero"``, as published, where the caller subtracts the previous result, if there
        is one, from the messages. A start at zero needs a radius, and does not commute with translations.
    """

    radius: float | None = None
    iterations: int | None = 3
    start: Literal["medoid", "mean", "zero"] = "medoid"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_scale("radius", self.radius)
        if self.start not in ("medoid", "mean", "zero"):
            raise ValueError(f'CenteredClipping needs start "medoid", "mean" or "zero", got {self.start!r}')
        if self.start == "zero" and (self.radius is None or self.iterations is None):
            raise ValueError("CenteredClipping(start='zero') needs a radius and a number of iterations")
        if self.iterations is not None:
            count = arrays.whole("CenteredClipping", "iterations", self.iterations, lower=1)
            object.__setattr__(self, "iterations", count)

    @property
    def invariances(self) -> frozenset[Invariance]:
        """All; but scale only without a fixed radius, and translations only without a fixed start."""
        lost = {Invariance.SCALE} if self.radius is not None else set()
        return ALL_INVARIANCES - lost - ({Invariance.TRANSLATION} if self.start == "zero" else set())

    def breakdown(self, n: int) -> int:
        """Fewer than half of the messages; none where the start is their mean."""
        return 0 if self.start == "mean" and n >= 1 else super().breakdown(n)

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        if self.start == "zero":
            return self._from_zero(xp, values, check)
        space = span(xp, values, check)
        gram = arrays.double(xp, space.gram)
        start, scale = medoid(xp, space, gram)
        limit = _fixed(xp, self.radius, space, scale)[:, None]
        if self.start == "mean":
            start = xp.ones_like(start) / values.shape[-2]
        weigh = Limited(xp, "clipped", limit)
        if self.iterations is not None:
            count, n = self.iterations, values.shape[-2]
            return space.combine(clipped_steps(xp, gram, start, weigh, count=count, n=n))
        return space.combine(self._descend(xp, gram, start, weigh, short=True))

    def _from_zero(self, xp: Namespace, values: Array, check: bool) -> Array:
        """Iterate in the span of the messages and the origin where that is cheaper, and loses no digits."""
        assert self.radius is not None
        assert self.iterations is not None
        _, n, q = values.shape
        if q >= n // 2 and n <= _SPAN_PAYS * self.iterations:
            gram = gram_with_origin(xp, values)
            if gram is not None:
                radius = self.radius
                gram = arrays.double(xp, gram)
                start = xp.astype(arrays.arange(xp, n + 1, gram) == n, gram.dtype) + xp.zeros_like(gram[..., 0])
                weigh = Limited(xp, "clipped", radius)
                weights = clipped_steps(xp, gram, start, weigh, count=self.iterations, n=n)
                return weighted_sums(xp.astype(weights[:, None, :n], values.dtype, copy=False), values)
        require_finite(xp, values, check)
        point = xp.zeros_like(values[:, :1, :])
        for _ in range(self.iterations):
            deviations = values - point
            factors = Limited(xp, "clipped", self.radius)(norms(xp, deviations))
            point = point + xp.mean(factors * deviations, axis=-2, keepdims=True)
        return point[:, 0, :]


def _fixed(xp: Namespace, value: float | None, space: Span, scale: Array) -> Array:
    """A length (batch,) in the unit of the Gram matrix: the given one, or the scale of the messages."""
    return scale if value is None else value * xp.astype(space.unit, scale.dtype)

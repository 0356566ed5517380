"""Rules that iterate weighted means: geometric median, centred clipping, Huber, maximum correntropy.

All of them move a point v by re-weighted deviations, sum_i w_i (x_i - v). The iterates are combinations of the
messages, so that after one product of matrices an iteration costs O(n^2), whatever q is; it is done in double
precision. They start at the medoid, the message with the smallest sum of distances to the others (the mean of those
where several tie), which no minority can carry away, and stop where

    || sum_i w_i (x_i - v) || <= tolerance * sum_i w_i ||x_i - v||,

a test that does not depend on the unit, the offset and the number of the messages.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from .. import arrays
from ..arrays import Array, Namespace
from .base import ALL_INVARIANCES, Invariance, Rule, require_finite
from .preaggregation import norms
from .span import Span, span

Weigh = Callable[[Array], Array]
_TIE = 1e-9
_SAME = 64.0
"""Messages whose squared distance from a point is below this many roundings of the scale coincide with it."""


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

    def _check_scale(self, name: str, value: float | None) -> None:
        if value is not None and not 0 < value < math.inf:
            raise ValueError(f"{type(self).__name__} needs a finite {name} above 0, got {value!r}")


@dataclass(frozen=True, repr=False)
class GeometricMedian(_Iterative):
    """The point with the smallest sum of distances to the messages, by Weiszfeld's iteration.

    At a point that coincides with m messages the step is that of Vardi and Zhang (2000): stay if the unit vectors to
    the others sum to a vector no longer than m, else leave in its direction. Where the minimiser is not unique
    (messages on a line, an even number of them) the result is the point between the middle two.
    """

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        space = span(xp, values, check)
        gram = arrays.double(xp, space.gram)
        start, scale = _start(xp, space, gram)
        same = _SAME * float(xp.finfo(space.gram.dtype).eps) * scale[:, None] ** 2

        def weigh(squares: Array) -> Array:
            apart = squares > same
            nothing = xp.zeros_like(squares)
            return xp.where(apart, 1 / xp.sqrt(xp.where(apart, squares, xp.ones_like(squares))), nothing)

        return space.combine(_descend(xp, gram, start, weigh, self, stick=True))


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
        start, scale = _start(xp, space, gram)
        limit = _fixed(xp, self.threshold, space, scale)[:, None]
        return space.combine(_descend(xp, gram, start, lambda squares: _clip(xp, squares, limit), self))


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
        start, scale = _start(xp, space, gram)
        width = _fixed(xp, self.width, space, scale)[:, None]
        safe = xp.where(width > 0, width, xp.ones_like(width))

        def weigh(squares: Array) -> Array:
            shares = (xp.sqrt(squares) / safe) ** 2
            return xp.where(width > 0, xp.exp(-shares / 2), xp.astype(squares <= 0, squares.dtype))

        return space.combine(_descend(xp, gram, start, weigh, self))


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
        start, scale = _start(xp, space, gram)
        limit = _fixed(xp, self.radius, space, scale)[:, None]
        if self.start == "mean":
            start = xp.ones_like(start) / values.shape[-2]
        weights = _descend(xp, gram, start, lambda squares: _clip(xp, squares, limit), self, count=self.iterations)
        return space.combine(weights)

    def _from_zero(self, xp: Namespace, values: Array, check: bool) -> Array:
        require_finite(xp, values, check)
        assert self.radius is not None
        assert self.iterations is not None
        point = xp.zeros_like(values[:, :1, :])
        for _ in range(self.iterations):
            deviations = values - point
            lengths = norms(xp, deviations)
            beyond = lengths > self.radius
            ones = xp.ones_like(lengths)
            factors = xp.where(beyond, self.radius / xp.where(beyond, lengths, ones), ones)
            point = point + xp.mean(factors * deviations, axis=-2, keepdims=True)
        return point[:, 0, :]


def _fixed(xp: Namespace, value: float | None, space: Span, scale: Array) -> Array:
    """A length (batch,) in the unit of the Gram matrix: the given one, or the scale of the messages."""
    return scale if value is None else value * xp.astype(space.unit, scale.dtype)


def _clip(xp: Namespace, squares: Array, limit: Array) -> Array:
    lengths = xp.sqrt(squares)
    beyond = lengths > limit
    return xp.where(beyond, limit / xp.where(beyond, lengths, xp.ones_like(lengths)), xp.ones_like(lengths))


def _start(xp: Namespace, space: Span, gram: Array) -> tuple[Array, Array]:
    """Weights (batch, n) of the medoid, and the median (batch,) of the distances of the messages to it."""
    totals = xp.sum(xp.sqrt(arrays.double(xp, space.distances)), axis=-1)
    least = xp.min(totals, axis=-1, keepdims=True)
    ties = xp.astype(totals <= least * (1 + _TIE), gram.dtype)
    start = ties / xp.sum(ties, axis=-1, keepdims=True)
    squares = _squares(xp, gram, start, (gram @ start[..., None])[..., 0])
    return start, xp.sqrt(xp.sort(squares, axis=-1, stable=False)[:, gram.shape[-1] // 2])


def _squares(xp: Namespace, gram: Array, weights: Array, products: Array) -> Array:
    """Squared distances (batch, n) of the messages to their combination with weights (batch, n) that sum to one."""
    own = xp.sum(weights * products, axis=-1, keepdims=True)
    squares = xp.linalg.diagonal(gram) - 2 * products + own
    return xp.where(squares > 0, squares, xp.zeros_like(squares))


def _descend(
    xp: Namespace,
    gram: Array,
    start: Array,
    weigh: Weigh,
    rule: _Iterative,
    *,
    stick: bool = False,
    count: int | None = 0,
) -> Array:
    """Iterate from weights (batch, n); see the head of the module.

    Each set of messages stops by itself, so that the result does not depend on what else is in the batch. With
    `stick`, messages that coincide with the point weigh nothing but hold it back. A `count` above zero makes so many
    short steps, divided by n instead of by the sum of the weights; None makes short steps up to the tolerance.
    """
    n = gram.shape[-1]
    tolerance = rule.tolerance or max(1e-7, 1e4 * float(xp.finfo(gram.dtype).eps))
    weights, products = start, (gram @ start[..., None])[..., 0]
    active = xp.ones_like(start[:, :1]) > 0
    for _ in range(count or rule.max_iterations):
        squares = _squares(xp, gram, weights, products)
        factors = weigh(squares)
        total = xp.sum(factors, axis=-1, keepdims=True)
        change = factors - total * weights
        changed = (gram @ factors[..., None])[..., 0] - total * products
        residual = xp.sqrt(xp.clip(xp.sum(change * changed, axis=-1, keepdims=True), min=0.0))
        held = xp.sum(xp.astype(factors <= 0, gram.dtype), axis=-1, keepdims=True) if stick else xp.zeros_like(total)
        size = xp.sum(factors * xp.sqrt(squares), axis=-1, keepdims=True)
        if not count:
            active = active & (residual - held > tolerance * size)
            if not bool(xp.any(active)):
                break
        safe = xp.where(residual > 0, residual, xp.ones_like(residual))
        divisor = xp.where(total > 0, total, xp.ones_like(total)) if count == 0 else xp.full_like(total, float(n))
        step = xp.where(active & (residual > held), (1 - held / safe) / divisor, xp.zeros_like(total))
        weights, products = weights + step * change, products + step * changed
    return weights

"""Coordinate-wise L-statistics under the largest norm, in any number of dimensions.

The largest honest deviation does not add up over coordinates: a message that is extreme in one coordinate can be
ordinary in the others. Rotating the same worst values among the honest messages, one shift a coordinate, gives every
message the same length; then the largest squared deviation is the mean one, and C_alpha^2 reaches kappa. It never
exceeds kappa, nor D times its value in one dimension.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .exact_lstat import ExactWorst, worst_case

Vectors = tuple[tuple[Fraction, ...], ...]


@dataclass(frozen=True)
class DimensionBracket:
    """Bounds on C_alpha^2 with messages that reach the lower one.

    Attributes
    ----------
    lower : Fraction
        Reached by the messages.
    upper : Fraction or None
        None where there is no bound.
    honest, byzantine : tuple of tuples of Fraction
        (h, D) and (f, D).
    """

    lower: Fraction
    upper: Fraction | None
    honest: Vectors
    byzantine: Vectors


def rotate(values: Sequence[Fraction], far: Fraction, f: int, step: int, dim: int) -> tuple[Vectors, Vectors]:
    """Spread values over coordinates: coordinate ``c`` holds them shifted cyclically by ``c * step``.

    Parameters
    ----------
    values : sequence of h Fraction
        Honest values of one coordinate.
    far : Fraction
        The Byzantine value in every coordinate.
    f, step, dim : int
        Number of Byzantine messages, shift from one coordinate to the next, number of coordinates.

    Returns
    -------
    honest, byzantine : tuples of tuples
        (h, dim) and (f, dim).
    """
    h = len(values)
    honest = tuple(tuple(values[(i + c * step) % h] for c in range(dim)) for i in range(h))
    return honest, tuple((far,) * dim for _ in range(f))


def _levels(values: Sequence[Fraction]) -> int:
    """Shift after which sorted values of two levels meet without overlap; 1 for other values."""
    return values.count(values[0]) if len(set(values)) == 2 else 1


def every_dimension(weights: Sequence[Fraction], f: int) -> DimensionBracket:
    """C_alpha^2 over all dimensions: exactly kappa.

    Parameters
    ----------
    weights : sequence of n Fraction
        Non-negative, sum one.
    f : int
        Number of Byzantine messages.

    Returns
    -------
    DimensionBracket
        With equal ends (or no upper end); its messages all have the same distance from their mean.
    """
    worst = worst_case(weights, f, "mean")
    if worst.value is None:
        return _flat(worst, None)
    h, step = len(worst.honest), _levels(worst.honest)
    far = worst.byzantine[0] if worst.byzantine else Fraction(0)
    honest, byzantine = rotate(worst.honest, far, f, step, h // math.gcd(h, step))
    return DimensionBracket(worst.value, worst.value, honest, byzantine)


def _flat(worst: ExactWorst, upper: Fraction | None) -> DimensionBracket:
    return DimensionBracket(worst.ratio, upper, tuple((z,) for z in worst.honest), tuple((z,) for z in worst.byzantine))


def _two_level(weights: Sequence[Fraction], f: int, low: int, side: int) -> tuple[Fraction, Fraction, Fraction]:
    """Squared deviation, lower and upper level, for ``low`` honest values at the lower of two levels with mean zero."""
    h = len(weights) - f
    seen = list(weights[:h]) if side > 0 else list(reversed(weights[f:]))
    bottom, top = Fraction(-(h - low)), Fraction(low)
    value = bottom * sum(seen[:low], Fraction(0)) + top * sum(seen[low:], Fraction(0))
    return value, bottom, top


def _spread_ratio(value: Fraction, bottom: Fraction, top: Fraction, h: int, low: int, dim: int) -> Fraction:
    """Ratio in ``dim`` coordinates when the low blocks are laid end to end around the circle of honest messages."""
    least, rest = divmod(dim * low, h)
    counts = (least, least + 1) if rest else (least,)
    longest = max(count * bottom**2 + (dim - count) * top**2 for count in counts)
    return dim * value**2 / longest


def in_dimension(weights: Sequence[Fraction], f: int, dim: int) -> DimensionBracket:
    """Bounds on C_alpha^2 in a given dimension.

    Parameters
    ----------
    weights : sequence of n Fraction
        Non-negative, sum one.
    f : int
        Number of Byzantine messages.
    dim : int
        Number of coordinates, at least 1.

    Returns
    -------
    DimensionBracket
        Exact in one dimension, and wherever the ends meet; the messages may use fewer than ``dim`` coordinates, the
        others being zero.

    Raises
    ------
    ValueError
        If dim < 1.
    """
    if dim < 1:
        raise ValueError(f"C_alpha^2 needs a dimension dim >= 1, got dim={dim}")
    flat = worst_case(weights, f, "max")
    if flat.value is None or dim == 1 or not flat.value:
        return _flat(flat, flat.value)
    whole = every_dimension(weights, f)
    assert whole.upper is not None
    upper = min(whole.upper, dim * flat.value)
    if dim >= len(whole.honest[0]):
        return whole
    h, best, shape = len(weights) - f, flat.value, None
    for side in (1, -1):
        for low in range(1, h):
            value, bottom, top = _two_level(weights, f, low, side)
            if value <= 0:
                continue
            for used in range(2, dim + 1):
                ratio = _spread_ratio(value, bottom, top, h, low, used)
                if ratio > best:
                    best, shape = ratio, (side, low, used)
    if shape is None:
        return DimensionBracket(best, upper, *(_flat(flat, upper).honest, _flat(flat, upper).byzantine))
    side, low, used = shape
    _, bottom, top = _two_level(weights, f, low, side)
    values = [side * bottom] * low + [side * top] * (h - low)
    honest, byzantine = rotate(values, side * top, f, low, used)
    return DimensionBracket(best, upper, honest, byzantine)

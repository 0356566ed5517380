"""What is certain about the geometric median of rational messages, although it has no rational formula.

Two certificates, both in rational arithmetic with square roots enclosed from both sides. Either a message is the
unique minimiser, because the unit vectors from it to the others sum to a vector shorter than its multiplicity. Or the
minimiser is kept away from the honest mean: at any point y it lies in the half-space opposite to the gradient of the
sum of distances, and the honest mean can be seen to lie outside it at a known distance.
"""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from .exact_lstat import Norm
from .witness import Witness, honest_mean, honest_norm

#: Digits of the enclosures.
DIGITS = 40
Vector = tuple[Fraction, ...]
Interval = tuple[Fraction, Fraction]


def inverse_root(square: Fraction) -> Interval:
    """Enclose ``1 / sqrt(square)`` for a positive rational."""
    scale = 10**DIGITS
    # 1/sqrt(p/q) = sqrt(q/p) = sqrt(q p) / p.
    root = math.isqrt(square.numerator * square.denominator * scale * scale)
    below = Fraction(root, square.numerator * scale)
    return below, Fraction(root + 1, square.numerator * scale)


def _pull(point: Vector, messages: Counter[Vector]) -> tuple[list[Interval], int]:
    """Sum of the unit vectors from the messages to the point, and the number of messages at the point."""
    total = [(Fraction(0), Fraction(0))] * len(point)
    for message, count in messages.items():
        offset = [p - x for p, x in zip(point, message, strict=True)]
        square = sum((value * value for value in offset), Fraction(0))
        if square == 0:
            continue
        low, high = inverse_root(square)
        for c, value in enumerate(offset):
            if value:
                ends = sorted((count * value * low, count * value * high))
                total[c] = (_rounded(total[c][0] + ends[0], -1), _rounded(total[c][1] + ends[1], 1))
    return total, messages[point]


def _rounded(value: Fraction, up: int) -> Fraction:
    """Outwards to a fixed number of digits, so that denominators stay small."""
    scaled = value * 10**DIGITS
    return Fraction(math.ceil(scaled) if up > 0 else math.floor(scaled), 10**DIGITS)


def _square_of(interval: Interval) -> Interval:
    low, high = interval
    squares = low * low, high * high
    return (Fraction(0) if low <= 0 <= high else min(squares)), max(squares)


def is_minimiser(point: Vector, messages: Counter[Vector]) -> bool:
    """Whether a message is seen to be the unique geometric median.

    Parameters
    ----------
    point : tuple of Fraction
    messages : Counter of tuples of Fraction
        The messages with their multiplicities.

    Returns
    -------
    bool
    """
    pull, multiplicity = _pull(point, messages)
    return sum((_square_of(part)[1] for part in pull), Fraction(0)) < multiplicity**2


def distance_below(mean: Vector, point: Vector, messages: Counter[Vector]) -> Fraction:
    """A squared distance from ``mean`` that the geometric median is certain to have at least.

    Parameters
    ----------
    mean : tuple of Fraction
        The point that the minimiser is to be kept away from.
    point : tuple of Fraction
        Where the gradient is taken; not a message.
    messages : Counter of tuples of Fraction

    Returns
    -------
    Fraction
        0 if this point shows nothing.
    """
    gradient, multiplicity = _pull(point, messages)
    offset = [m - p for m, p in zip(mean, point, strict=True)]
    terms = [sorted((value * low, value * high)) for value, (low, high) in zip(offset, gradient, strict=True)]
    inner = sum((term[0] for term in terms), Fraction(0))
    length = sum((_square_of(part)[1] for part in gradient), Fraction(0))
    if multiplicity or inner <= 0 or length == 0:
        return Fraction(0)
    return inner * inner / length


def certified_ratio(witness: Witness, norm: Norm) -> Fraction:
    """A ratio that the geometric median of these messages is certain to reach.

    Parameters
    ----------
    witness : Witness
    norm : {"mean", "max"}

    Returns
    -------
    Fraction
        0 if nothing is certain.

    Raises
    ------
    ValueError
        If the honest messages agree.
    """
    below = honest_norm(witness, norm)
    if below == 0:
        raise ValueError("Witness with honest messages that all agree gives no ratio")
    messages = Counter((*witness.honest, *witness.byzantine))
    mean = honest_mean(witness)
    values = np.array([[float(x) for x in vector] for vector in (*witness.honest, *witness.byzantine)])
    centre = _weiszfeld(values)
    near = min(messages, key=lambda message: sum((float(x) - c) ** 2 for x, c in zip(message, centre, strict=True)))
    if is_minimiser(near, messages):
        square = sum(((x - m) ** 2 for x, m in zip(near, mean, strict=True)), Fraction(0))
        return square / below
    towards = _newton_direction(values, centre, np.array([float(m) for m in mean]))
    tries = (tuple(Fraction(float(x)) for x in centre + step * towards) for step in (1e-3, 1e-5, 1e-7))
    return max(distance_below(mean, point, messages) for point in tries) / below


def _weiszfeld(values: npt.NDArray[np.float64], steps: int = 2000) -> npt.NDArray[np.float64]:
    """Geometric median in double precision; only a guess that the certificate is built on."""
    point: npt.NDArray[np.float64] = np.median(values, axis=0)
    floor = 1e-12 * float(np.max(np.abs(values - point), initial=1e-300))
    for _ in range(steps):
        weights = 1.0 / np.maximum(np.linalg.norm(values - point, axis=1), floor)
        moved = weights @ values / weights.sum()
        if float(np.max(np.abs(moved - point))) <= floor * 1e-2:
            break
        point = moved
    return point


def _newton_direction(
    values: npt.NDArray[np.float64], centre: npt.NDArray[np.float64], mean: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The direction along which the gradient turns towards the mean, so that the half-space is the best one."""
    offset = values - centre
    lengths = np.maximum(np.linalg.norm(offset, axis=1), 1e-9 * float(np.max(np.abs(offset), initial=1e-300)))
    units = offset / lengths[:, None]
    hessian = np.eye(values.shape[1]) * np.sum(1.0 / lengths) - (units / lengths[:, None]).T @ units
    step = np.linalg.lstsq(hessian, mean - centre, rcond=None)[0]
    size: npt.NDArray[np.float64] = step * (np.linalg.norm(mean - centre) / max(float(np.linalg.norm(step)), 1e-300))
    return size

"""Exact worst cases of L-statistics: per coordinate, the sum of fixed weights times the sorted values.

With non-negative weights the rule grows with every message, so for given honest messages its largest value has all
Byzantine messages at plus infinity and its smallest has them all at minus infinity: any other placement lies between.
What is left is a linear function of the sorted honest values, to be maximised over an order cone. For the mean-square
norm that is the norm of a projection onto the cone, found by pooling adjacent violators; for the largest norm it is a
linear program whose vertices have at most three levels. Everything is computed in integers over one common
denominator.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Norm = Literal["mean", "max"]


@dataclass(frozen=True)
class ExactWorst:
    """The supremum over honest and Byzantine values in one dimension.

    Attributes
    ----------
    value : Fraction or None
        Squared deviation over the squared norm of the honest deviations; None where it has no bound.
    honest, byzantine : tuple of Fraction
        Values that attain it (that reach ``ratio`` where there is no bound).
    ratio : Fraction
        The ratio at these values.
    """

    value: Fraction | None
    honest: tuple[Fraction, ...]
    byzantine: tuple[Fraction, ...]
    ratio: Fraction


def check_weights(weights: Sequence[Fraction], f: int) -> None:
    """Raise unless these are the weights of a monotone, translation-equivariant L-statistic of more than f values.

    Raises
    ------
    ValueError
        Naming the offending weight, sum or f.
    """
    n = len(weights)
    if not 0 <= f < n:
        raise ValueError(f"L-statistic of n={n} values needs 0 <= f < n, got f={f}")
    lowest = min(weights)
    if lowest < 0:
        raise ValueError(f"L-statistic needs weights >= 0, got {lowest}")
    if sum(weights) != 1:
        raise ValueError(f"L-statistic needs weights that sum to 1, got {sum(weights)}")


def isotonic(values: Sequence[int]) -> list[tuple[int, int]]:
    """Project onto the non-decreasing sequences.

    Parameters
    ----------
    values : sequence of int

    Returns
    -------
    list of (int, int)
        Sum and length of each block of equal values, from left to right.
    """
    blocks: list[tuple[int, int]] = []
    for value in values:
        total, length = value, 1
        while blocks and blocks[-1][0] * length >= total * blocks[-1][1]:
            previous = blocks.pop()
            total, length = total + previous[0], length + previous[1]
        blocks.append((total, length))
    return blocks


def _over_common_denominator(weights: Sequence[Fraction], h: int) -> tuple[list[int], int]:
    """Integers ``u`` and ``scale`` with ``u / scale = weights - 1/h``."""
    scale = math.lcm(h, *(w.denominator for w in weights))
    return [w.numerator * (scale // w.denominator) - scale // h for w in weights], scale


def _mean_norm(u: Sequence[int]) -> list[Fraction]:
    """The sorted honest values with sum zero that maximise ``u . z`` for a given sum of squares."""
    return [Fraction(total, length) for total, length in isotonic(u) for _ in range(length)]


def _max_norm(u: Sequence[int]) -> list[Fraction]:
    """The sorted honest values in [-1, 1] with sum zero that maximise ``u . z``.

    A vertex has its ``low`` first values at -1, its ``high`` last at 1 and the others at one level in between.
    """
    h = len(u)
    prefix = [0]
    for value in u:
        prefix.append(prefix[-1] + value)
    total = prefix[h]
    best, best_shape = (0, 1), (0, 0)
    for low in range(h // 2 + 1):
        for high in range(min(h - low, h // 2) + 1):
            middle = h - low - high
            if abs(low - high) > middle:
                continue
            outer = total - prefix[h - high] - prefix[low]
            numerator = outer * middle + (low - high) * (prefix[h - high] - prefix[low]) if middle else outer
            denominator = middle or 1
            if numerator * best[1] > best[0] * denominator:
                best, best_shape = (numerator, denominator), (low, high)
    low, high = best_shape
    middle = h - low - high
    level = Fraction(low - high, middle) if middle else Fraction(0)
    return [Fraction(-1)] * low + [level] * middle + [Fraction(1)] * high


def squared_norm(honest: Sequence[Fraction], norm: Norm) -> Fraction:
    """Mean or largest squared deviation of values from their mean."""
    mean = sum(honest, Fraction(0)) / len(honest)
    squares = [(z - mean) ** 2 for z in honest]
    return max(squares) if norm == "max" else sum(squares, Fraction(0)) / len(squares)


def evaluate(
    weights: Sequence[Fraction], honest: Sequence[Fraction], byzantine: Sequence[Fraction], norm: Norm
) -> Fraction:
    """Ratio of the squared deviation to the squared norm at given values.

    Parameters
    ----------
    weights : sequence of Fraction
        One per message, on the sorted values.
    honest, byzantine : sequence of Fraction
        The messages.
    norm : {"mean", "max"}
        Which norm of the honest deviations divides.

    Returns
    -------
    Fraction
        0 where the honest values agree and the rule returns them.

    Raises
    ------
    ValueError
        If the number of values differs from that of weights, or honest values agree and the rule returns another one.
    """
    if len(honest) + len(byzantine) != len(weights):
        raise ValueError(
            f"{len(weights)} weights do not fit {len(honest)} honest and {len(byzantine)} Byzantine values"
        )
    ordered = sorted([*honest, *byzantine])
    deviation = sum((w * x for w, x in zip(weights, ordered, strict=True)), Fraction(0)) - sum(honest) / Fraction(
        len(honest)
    )
    below = squared_norm(honest, norm)
    if below == 0:
        if deviation:
            raise ValueError("the honest values agree and the rule returns another one: no finite constant")
        return Fraction(0)
    return deviation**2 / below


def _witness(weights: Sequence[Fraction], honest: Sequence[Fraction], f: int, side: int, norm: Norm) -> ExactWorst:
    """Put the Byzantine values at the honest extreme: sorted, that is the same as at infinity."""
    signed = [side * z for z in honest]
    byzantine = [max(signed) if side > 0 else min(signed)] * f
    ratio = evaluate(weights, signed, byzantine, norm)
    return ExactWorst(ratio, tuple(signed), tuple(byzantine), ratio)


def _unbounded(weights: Sequence[Fraction], f: int, side: int, norm: Norm, reach: int = 10**6) -> ExactWorst:
    """A far Byzantine value moves the rule: show it at a large but finite distance."""
    h = len(weights) - f
    honest = [Fraction(0)] * h if h == 1 else [Fraction(-1), *([Fraction(0)] * (h - 2)), Fraction(1)]
    byzantine = [Fraction(side * reach)] * f
    ratio = evaluate(weights, honest, byzantine, norm) if h > 1 else Fraction(0)
    return ExactWorst(None, tuple(honest), tuple(byzantine), ratio)


def worst_case(weights: Sequence[Fraction], f: int, norm: Norm = "mean") -> ExactWorst:
    """Exact worst case of a monotone L-statistic in one dimension.

    Parameters
    ----------
    weights : sequence of n Fraction
        Non-negative, sum one; on the values sorted from the smallest.
    f : int
        Number of Byzantine values.
    norm : {"mean", "max"}
        "mean" gives the robustness coefficient kappa (LAD Definition 1), which for a coordinate-wise rule is the same
        in every dimension; "max" gives C_alpha^2 (CRA Definition 1) in one dimension.

    Returns
    -------
    ExactWorst
        The maximum with values that attain it.

    Raises
    ------
    ValueError
        For weights that are negative or do not sum to one, or f outside 0..n-1.

    Notes
    -----
    O(n) for the mean norm, O(n^2) for the largest, in integer arithmetic.
    """
    check_weights(weights, f)
    h = len(weights) - f
    candidates = []
    for side in (1, -1):
        seen = list(weights[:h]) if side > 0 else list(reversed(weights[f:]))
        if sum(seen) != 1:
            return _unbounded(weights, f, side, norm)
        u, _ = _over_common_denominator(seen, h)
        honest = _mean_norm(u) if norm == "mean" else _max_norm(u)
        if len(set(honest)) > 1:
            candidates.append(_witness(weights, honest, f, side, norm))
    if not candidates:
        flat = tuple(Fraction(0) for _ in range(h))
        return ExactWorst(Fraction(0), flat, tuple(Fraction(0) for _ in range(f)), Fraction(0))
    return max(candidates, key=lambda worst: worst.ratio)

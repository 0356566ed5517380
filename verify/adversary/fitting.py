"""Closed forms of small height that fit the lower ends of a grid: where a conjecture may come from.

A form is a small number times at most two linear factors over at most two. It is chosen at the smaller sizes, where the
search is at its best, as the simplest that all lower ends come near and none exceeds. Then it has to extrapolate: at
the larger sizes, which it has not seen, none may exceed it either, and at least two in three have to come near it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import sympy as sp

from .claims import proved
from .closed_forms import SHORTFALL
from .exact_lstat import Norm

#: (n, f) and the lower end there.
Point = tuple[int, int, float]
#: Sizes: smallest n, whether n >= 3f, parity of n or None.
Regime = tuple[int, bool, int | None]
#: Linear factors a n + b f + c.
FACTORS = (*((1, b, c) for b in (0, -1, -2, -3) for c in (0, 1, 2, -1, -2)), (0, 1, 0))
SCALES = (1, 2, 3, 4, 8, 9, 16, Fraction(1, 2), Fraction(1, 4))
#: Fewest sizes at which a form is chosen, and at which it has to be reached afterwards.
CHOSEN, REACHED = 3, 2
#: A lower end may exceed a form by rounding only.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Form:
    """A rational function of n and f.

    Attributes
    ----------
    scale : Fraction
    above, below : tuple of (int, int, int)
        Linear factors ``a n + b f + c`` of the numerator and of the denominator.
    """

    scale: Fraction
    above: tuple[tuple[int, int, int], ...]
    below: tuple[tuple[int, int, int], ...]

    @property
    def height(self) -> int:
        """How complicated it is."""
        numbers = sum(abs(b) + 2 * abs(c) for _, b, c in (*self.above, *self.below))
        return 3 * (len(self.above) + len(self.below)) + numbers + self.scale.numerator + 2 * self.scale.denominator

    def __call__(self, n: int, f: int) -> Fraction:
        """The value at a size."""
        value = self.scale
        for a, b, c in self.above:
            value *= a * n + b * f + c
        for a, b, c in self.below:
            value /= a * n + b * f + c
        return value

    def __str__(self) -> str:
        if self.scale.numerator == 1 and self.above:
            above = " ".join(map(_text, self.above))
        else:
            above = " ".join([str(self.scale.numerator), *map(_text, self.above)])
        parts = [*([str(self.scale.denominator)] if self.scale.denominator > 1 else []), *map(_text, self.below)]
        if not parts:
            return above
        return f"{above} / {parts[0]}" if len(parts) == 1 else f"{above} / ({' '.join(parts)})"


def _text(factor: tuple[int, int, int]) -> str:
    a, b, c = factor
    if not a:
        return "f"
    text = "n" + (f" - {abs(b) if b != -1 else ''}f" if b else "") + (f" {'+' if c > 0 else '-'} {abs(c)}" if c else "")
    return text if text == "n" else f"({text})"


@dataclass(frozen=True)
class Fit:
    """A form that survived its test.

    Attributes
    ----------
    form : Form
    regime : tuple
        The sizes that it is about: smallest n, whether n >= 3f, parity of n or None.
    chosen : int
        Sizes at which it was chosen: reached at all of them.
    tested, reached : int
        Larger sizes, none of which exceeds it, and how many of them reach it.
    """

    form: Form
    regime: Regime
    chosen: int
    tested: int
    reached: int

    def about(self, n: int, f: int) -> bool:
        """Whether a size is among those that it is about."""
        return inside(n, f, self.regime)

    @property
    def where(self) -> str:
        """The sizes that it is about, in words."""
        least, third, parity = self.regime
        number = "n" if parity is None else "odd n" if parity else "even n"
        words = [f"{number} >= 3f" if third else number, *([f"n >= {least}"] if least else [])]
        return ", ".join(words) if words != ["n"] else "all sizes"


@lru_cache(maxsize=1)
def _sides() -> tuple[tuple[tuple[int, int, int], ...], ...]:
    return tuple(side for size in range(3) for side in itertools.combinations_with_replacement(FACTORS, size))


def _products(points: Sequence[Point]) -> npt.NDArray[np.float64]:
    """Values (sides, points) of the products of at most two factors."""
    n, f = (np.array([point[i] for point in points], dtype=np.float64) for i in (0, 1))
    factors = {factor: factor[0] * n + factor[1] * f + factor[2] for factor in FACTORS}
    return np.array([np.prod([factors[one] for one in side], axis=0) if side else np.ones(len(n)) for side in _sides()])


def agrees(value: float, lower: float) -> bool:
    """Whether a supremum may have this value, given that messages reach the lower end and the search is good."""
    return lower <= value * (1 + ROUNDING) and lower >= value * (1 - SHORTFALL)


def _candidates(points: Sequence[Point]) -> Iterator[Form]:
    """Forms that agree at all points."""
    products, lower = _products(points), np.array([point[2] for point in points])
    positive = np.flatnonzero((products > 0).all(axis=1))
    for below in positive:
        target = lower * products[below]
        # The first point selects the few numerators of the right size before the others are looked at.
        for scale in SCALES:
            value = float(scale) * products[positive]
            close = (value * (1 + ROUNDING) >= target) & (value * (1 - SHORTFALL) <= target)
            for above in positive[close.all(axis=1)]:
                yield Form(Fraction(scale), _sides()[above], _sides()[below])


def simplest(points: Sequence[Point], regime: Regime = (0, False, None)) -> Fit | None:
    """The simplest form that fits the smaller sizes and passes the test at the larger ones.

    Parameters
    ----------
    points : sequence of (n, f, lower end)
    regime : tuple
        The sizes that these are, see :class:`Fit`.

    Returns
    -------
    Fit or None
        None for too few sizes, no form, or one that fails at the sizes that it has not seen.
    """
    ordered = sorted(points)
    half = max(CHOSEN, len(ordered) // 2)
    seen, unseen = ordered[:half], ordered[half:]
    if len(unseen) < REACHED:
        return None
    best = min(_candidates(seen), key=lambda form: form.height, default=None)
    if best is None or not all(a * n + b * f + c for n, f, _ in unseen for a, b, c in best.below):
        return None
    values = [(float(best(n, f)), lower) for n, f, lower in unseen]
    reached = sum(agrees(value, lower) for value, lower in values)
    exceeded = any(lower > value * (1 + ROUNDING) for value, lower in values)
    if exceeded or reached < REACHED or 3 * reached < 2 * len(unseen):
        return None
    return Fit(best, regime, len(seen), len(unseen), reached)


#: Sizes at which a rule may have a form of its own, the widest first.
REGIMES: tuple[Regime, ...] = (
    (0, False, None),
    (0, True, None),
    (4, True, None),
    (0, False, 1),
    (0, False, 0),
    (4, True, 1),
    (4, True, 0),
)


def inside(n: int, f: int, regime: Regime) -> bool:
    """Whether a size belongs to a regime."""
    least, third, parity = regime
    return n >= least and (not third or n >= 3 * f) and (parity is None or n % 2 == parity)


def fits(points: Sequence[Point]) -> list[Fit]:
    """Forms for the sizes of a grid, each for the widest set of sizes that has one.

    Parameters
    ----------
    points : sequence of (n, f, lower end)

    Returns
    -------
    list of Fit
    """
    found: list[Fit] = []
    left = [point for point in points if point[1] > 0 and point[2] > 0]
    for regime in REGIMES:
        fit = simplest([point for point in left if inside(point[0], point[1], regime)], regime)
        if fit is not None:
            found.append(fit)
            left = [point for point in left if not inside(point[0], point[1], regime)]
    return found


def _status(fit: Fit, rule: str, norm: Norm, points: Sequence[Point]) -> str:
    """Whether the form is what is proved, at every size that it is about."""
    bounds = [(proved(rule, n, f, norm), fit.form(n, f)) for n, f, _ in points if fit.about(n, f)]
    same = [bound is not None and bound.value == sp.Rational(v.numerator, v.denominator) for bound, v in bounds]
    return "proved" if all(same) else "conjecture"


def fitted_markdown(records: Sequence[Mapping[str, Any]]) -> str:
    """Forms that fit a grid, as a Markdown table.

    Parameters
    ----------
    records : sequence of mapping
        From :func:`~.grid.grid`; rules that are computed exactly and those without a constant are left out.

    Returns
    -------
    str
        With how each form did at the sizes that it had not seen, and whether it is proved.
    """
    groups: dict[tuple[str, Norm], list[Point]] = {}
    for record in records:
        if "refused" not in record and record["dim"] is None and not record["exact"] and record["lower"] < math.inf:
            point = record["n"], record["f"], float(record["lower"])
            groups.setdefault((record["rule"], record["norm"]), []).append(point)
    lines = ["| rule | constant | form | sizes | chosen at | then reached | status |", "|---|---|---|---|---|---|---|"]
    for (rule, norm), points in groups.items():
        constant = "kappa" if norm == "mean" else "C_alpha^2"
        for fit in fits(points):
            cells = (rule, constant, str(fit.form), fit.where, str(fit.chosen), f"{fit.reached} of {fit.tested}")
            lines.append("| " + " | ".join((*cells, _status(fit, rule, norm, points))) + " |")
    return "\n".join(lines) + "\n"

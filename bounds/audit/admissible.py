"""For which values of one parameter, the others fixed, all hypotheses hold."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import mpmath
import sympy as sp

from ..statement import Hypothesis
from .roots import Root, critical_points
from .truth import Tree, decide, sign_of, take_apart
from .values import Point

#: Digits of what is not solved exactly, and halvings of a bracket to get there.
_DIGITS = 30
_HALVINGS = 90


@dataclass(frozen=True)
class Interval:
    """Values of a parameter.

    Attributes
    ----------
    low, high : sympy number
        Ends; infinite where there is none.
    low_included, high_included : bool
        Whether an end belongs to it.
    exact : bool
        Whether both ends are exact; otherwise they are right to about 25 digits.
    """

    low: sp.Expr
    high: sp.Expr
    low_included: bool
    high_included: bool
    exact: bool

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{{{self.low}}}"
        left, right = "[" if self.low_included else "(", "]" if self.high_included else ")"
        return f"{left}{short(self.low)}, {short(self.high)}{right}"

    def contains(self, value: sp.Expr) -> bool:
        """Whether the value belongs to it."""
        above, below = sign_of(value - self.low), sign_of(self.high - value)
        return (above == 1 or (above == 0 and self.low_included)) and (
            below == 1 or (below == 0 and self.high_included)
        )

    def nearest(self, value: sp.Expr) -> sp.Expr:
        """Its end that is closer to a value outside."""
        return self.low if sign_of(self.low - value) in (0, 1) else self.high


def short(value: sp.Expr) -> str:
    """Exact if that is short, else eight digits."""
    text = str(value)
    return text if len(text) <= 24 else str(sp.N(value, 8))


def usable(hypotheses: Sequence[Hypothesis], point: Point, symbol: sp.Symbol) -> list[Tree]:
    """Conditions with all values but that of ``symbol`` put in; those that lack another value are left out."""
    conditions = [hypothesis.condition for hypothesis in hypotheses if hypothesis.condition is not None]
    trees = [take_apart(condition, lambda slack: point.resolve(slack, symbol)) for condition in conditions]
    return [tree for tree in trees if tree.free_symbols <= {symbol}]


def admissible(hypotheses: Sequence[Hypothesis], point: Point, symbol: sp.Symbol) -> tuple[Interval, ...]:
    """Intervals of ``symbol`` on which every hypothesis holds that has values for its other parameters.

    Parameters
    ----------
    hypotheses : sequence of Hypothesis
        Domain and conditions.
    point : Point
        Values of the other parameters; parameters that are formulas follow ``symbol``.
    symbol : sympy symbol
        Which parameter moves. For a whole-number parameter the ends are whole numbers.
    """
    conditions = usable(hypotheses, point, symbol)
    if any(not tree.free_symbols and decide(tree) is not True for tree in conditions):
        return ()
    roots, exact = _critical(conditions, symbol)
    marks = _marks(roots, symbol)
    pieces = [(piece, _all_hold(conditions, symbol, _inside(piece))) for piece in marks]
    merged = _merge([piece for piece, good in pieces if good], exact)
    if not symbol.is_integer:
        return tuple(merged)
    whole = [_whole(interval) for interval in merged]
    return tuple(_confirmed(interval, conditions, symbol) for interval in whole if interval.low <= interval.high)


def _confirmed(interval: Interval, conditions: Sequence[Tree], symbol: sp.Symbol) -> Interval:
    """Exact if the conditions hold at both ends and fail next to them, which is decided exactly."""
    inside = [end for end in (interval.low, interval.high) if end.is_finite]
    outside = [
        end for end in (interval.low - 1, interval.high + 1) if end.is_finite and (end > 0 or not symbol.is_positive)
    ]
    exact = all(_all_hold(conditions, symbol, end) for end in inside)
    exact = exact and not any(_all_hold(conditions, symbol, end) for end in outside)
    return replace(interval, exact=exact)


def _all_hold(conditions: Sequence[Tree], symbol: sp.Symbol, value: sp.Expr) -> bool:
    return all(decide(tree, {symbol: value}) is True for tree in conditions)


def _critical(conditions: Sequence[Tree], symbol: sp.Symbol) -> tuple[list[Root], bool]:
    slacks = [slack for tree in conditions for slack in tree.slacks if symbol in slack.free_symbols]
    solved = [(slack, critical_points(slack, symbol)) for slack in slacks]
    roots = [root for _, found in solved for root in found or ()]
    hard = [slack for slack, found in solved if found is None]
    scanned = [root for slack in hard for root in _scanned(slack, symbol, [root.value for root in roots])]
    return roots + scanned, not hard and all(root.exact for root in roots)


def _scanned(slack: sp.Expr, symbol: sp.Symbol, known: Sequence[sp.Expr]) -> list[Root]:
    """Sign changes on a fine grid, halved down: for what cannot be solved; two very close ones can be missed."""
    sign = _sign_of(slack, symbol)
    with mpmath.workdps(_DIGITS):
        values = _grid(known)
        signs = [sign(value) for value in values]
        pairs = zip(itertools.pairwise(values), itertools.pairwise(signs), strict=True)
        brackets = [(left, right, a) for (left, right), (a, b) in pairs if a != b]
        return [Root(sp.Float(str(_halved(sign, *bracket)), _DIGITS), False) for bracket in brackets]


def _halved(sign: Callable[[Any], int], left: Any, right: Any, a: int) -> Any:
    for _ in range(_HALVINGS):
        middle = (left + right) / 2
        left, right = (middle, right) if sign(middle) == a else (left, middle)
    return right


def _grid(known: Sequence[sp.Expr]) -> list[Any]:
    """Eight points a decade, and as many again between the critical points that are known."""
    values = {mpmath.mpf(10) ** (mpmath.mpf(k) / 8) for k in range(-96, 97)}
    marks = sorted(mpmath.mpf(str(sp.N(value, _DIGITS))) for value in known)
    for left, right in itertools.pairwise(marks):
        values |= {left + (right - left) * k / 128 for k in range(129)}
    return sorted(values)


def _sign_of(slack: sp.Expr, symbol: sp.Symbol) -> Callable[[Any], int]:
    function = sp.lambdify(symbol, slack, modules="mpmath", cse=True)

    def sign(value: Any) -> int:
        try:
            number = function(value)
        except (ZeroDivisionError, TypeError):  # a pole, or the smaller of two complex numbers
            return 0
        return 0 if mpmath.im(number) != 0 or mpmath.isnan(number) else int(mpmath.sign(mpmath.re(number)))

    return sign


Piece = tuple[sp.Expr, sp.Expr]


def _marks(roots: Sequence[Root], symbol: sp.Symbol) -> list[Piece]:
    """The symbol's own range cut at the critical points: points and open intervals between them, in order."""
    start = sp.S.Zero if symbol.is_nonnegative else -sp.oo
    cuts: list[sp.Expr] = []
    for root in sorted(roots, key=lambda root: sp.N(root.value, 30)):
        if (start == -sp.oo or sign_of(root.value) == 1) and (
            not cuts or abs(sp.N(root.value - cuts[-1], 30)) > sp.Float(10) ** -18 * abs(cuts[-1])
        ):
            cuts.append(root.value)
    first: list[Piece] = [(start, start)] if start == 0 and not symbol.is_positive else []
    ends = [start, *cuts, sp.oo]
    pieces = first
    for low, high in itertools.pairwise(ends):
        pieces.append((low, high))
        if high != sp.oo:
            pieces.append((high, high))
    return pieces


def _inside(piece: Piece) -> sp.Expr:
    low, high = piece
    if low == high:
        return low
    if low == -sp.oo:
        return sp.S.Zero if high == sp.oo else sp.floor(high) - 1
    if high == sp.oo:
        return sp.ceiling(low) + 1 + sp.Abs(sp.ceiling(low))
    return _between(low, high)


def _between(low: sp.Expr, high: sp.Expr) -> sp.Rational:
    """A rational strictly between two numbers."""
    middle = (sp.N(low, 60) + sp.N(high, 60)) / 2
    return sp.Rational(str(middle))


def _merge(pieces: Sequence[Piece], exact: bool) -> list[Interval]:
    merged: list[Interval] = []
    for low, high in pieces:
        closed = low == high
        last = merged[-1] if merged else None
        if last and last.high == low and (closed or last.high_included):
            merged[-1] = Interval(last.low, high, last.low_included, closed, exact)
        else:
            merged.append(Interval(low, high, closed, closed, exact))
    return merged


def _whole(interval: Interval) -> Interval:
    low, high = interval.low, interval.high
    if low != -sp.oo:
        low = sp.ceiling(low) if interval.low_included else sp.floor(low) + 1
    if high != sp.oo:
        high = sp.floor(high) if interval.high_included else sp.ceiling(high) - 1
    return Interval(low, high, low != -sp.oo, high != sp.oo, interval.exact)

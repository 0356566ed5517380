"""What a bound is made of at a point: its terms, their shares, and which of them stay when T grows."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from .. import symbols as sym
from .values import Point

#: A number of iterations at which everything that vanishes has vanished.
_FOREVER = sp.Integer(10) ** 24


@dataclass(frozen=True)
class Term:
    """One summand of a bound.

    Attributes
    ----------
    formula : sympy expression
        In the parameters.
    value : float
        At the point.
    share : float
        Of the whole bound.
    vanishes : bool or None
        Whether it tends to zero as T grows; None in a formula without T.
    """

    formula: sp.Expr
    value: float
    share: float
    vanishes: bool | None


def terms(formula: sp.Expr, point: Point) -> tuple[Term, ...]:
    """Split a bound into summands, largest first.

    A sum inside a product is multiplied out where all its summands are non-negative at the point, so that every term is
    a part of the bound.
    """
    parts = [part for summand in sp.Add.make_args(formula) for part in _spread(summand, point)]
    values = [sp.N(point.resolve(part), 20) for part in parts]
    total = sum(values)
    found = []
    for part, value in zip(parts, values, strict=True):
        if value != 0:
            found.append(Term(part, float(value), float(value / total), _vanishes(part, value, point)))
    return tuple(sorted(found, key=lambda term: -abs(term.value)))


def _spread(summand: sp.Expr, point: Point) -> list[sp.Expr]:
    for factor in sp.Mul.make_args(summand):
        if not isinstance(factor, sp.Add):
            continue
        values = [sp.N(point.resolve(part), 20) for part in factor.args]
        if all(value >= 0 for value in values) and not factor.is_number:
            rest = summand / factor
            return [piece for part in factor.args for piece in _spread(part * rest, point)]
    return [summand]


def _vanishes(part: sp.Expr, value: sp.Expr, point: Point) -> bool | None:
    if sym.T not in point.numbers:
        return None
    later = Point({**point.numbers, sym.T: _FOREVER}, point.ties)
    return bool(abs(sp.N(later.resolve(part), 20)) < abs(value) / 1000)

"""Claims about limits and orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp

from .ruling import Ruling, Truth


@dataclass(frozen=True)
class LimitIs:
    """An expression tends to a value.

    Attributes
    ----------
    expression : sympy expression
        What tends.
    symbol : sympy symbol
        Which variable moves.
    point : sympy expression
        To where (may be infinite).
    value : sympy expression
        The claimed limit.
    side : {"+", "-"}
        From above or below.
    assumptions : mapping
        Substitutions made first, for example proportional growth ``{H: c N}``.
    """

    expression: sp.Expr
    symbol: sp.Symbol
    point: sp.Expr
    value: sp.Expr
    side: str = "-"
    assumptions: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    def proposition(self) -> sp.Basic:
        """Limit equals value."""
        limit = sp.Limit(self.expression.subs(self.assumptions), self.symbol, self.point, self.side)
        return sp.Eq(limit, self.value, evaluate=False)

    def decide(self) -> Ruling:
        """By computing the limit."""
        limit = sp.limit(sp.simplify(self.expression.subs(self.assumptions)), self.symbol, self.point, self.side)
        if limit.has(sp.Limit) or limit is sp.nan:
            return Ruling(Truth.UNDECIDED, "the limit could not be computed")
        truth = limit == self.value or sp.simplify(limit - self.value) == 0
        return Ruling(Truth.TRUE if truth else Truth.FALSE, f"the limit is {sp.factor(limit)}")


@dataclass(frozen=True)
class SameOrder:
    """``expression = O(reference)`` as a variable grows.

    Attributes
    ----------
    expression, reference : sympy expression
        Non-negative.
    symbol : sympy symbol
        It tends to infinity.
    assumptions : mapping
        How the others grow with it, for example ``{d: c N, H: h N}``.
    """

    expression: sp.Expr
    reference: sp.Expr
    symbol: sp.Symbol
    assumptions: Mapping[sp.Symbol, sp.Expr]

    def proposition(self) -> sp.Basic:
        """The ratio's limit is finite."""
        ratio = sp.Limit((self.expression / self.reference).subs(self.assumptions), self.symbol, sp.oo)
        return sp.Lt(ratio, sp.oo, evaluate=False)

    def decide(self) -> Ruling:
        """By the limit of the ratio."""
        growing = sp.Symbol("n_grow", positive=True)
        ratio = (self.expression / self.reference).subs(self.assumptions).subs(self.symbol, growing)
        limit = sp.limit(sp.simplify(ratio), growing, sp.oo)
        if limit.has(sp.Limit) or limit is sp.nan or limit.has(sp.AccumBounds):
            return Ruling(Truth.UNDECIDED, "the limit of the ratio could not be computed")
        infinite = limit.has(sp.oo) or limit.is_infinite
        text = "grows without bound" if infinite else f"tends to {sp.factor(limit)}"
        return Ruling(Truth.FALSE if infinite else Truth.TRUE, f"the ratio {text}")


@dataclass(frozen=True)
class FiniteLimit:
    """An expression stays bounded as a variable approaches a point.

    Attributes
    ----------
    expression : sympy expression
        Non-negative.
    symbol : sympy symbol
        Which variable moves.
    point : sympy expression
        To where.
    side : {"+", "-"}
        From above or below.
    """

    expression: sp.Expr
    symbol: sp.Symbol
    point: sp.Expr
    side: str = "+"

    def proposition(self) -> sp.Basic:
        """The limit is finite."""
        return sp.Lt(sp.Limit(self.expression, self.symbol, self.point, self.side), sp.oo, evaluate=False)

    def decide(self) -> Ruling:
        """By computing the limit."""
        limit = sp.limit(self.expression, self.symbol, self.point, self.side)
        if limit.has(sp.Limit) or limit is sp.nan:
            return Ruling(Truth.UNDECIDED, "the limit could not be computed")
        finite = limit.is_finite
        return Ruling(Truth.TRUE if finite else Truth.FALSE, f"the limit is {limit}")

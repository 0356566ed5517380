"""Where an expression in one variable can change its sign: exactly where possible, else bracketed."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from sympy.solvers.solvers import unrad

#: Digits to which roots are bracketed, and at which candidates are told from spurious ones.
_DIGITS = 40
#: Beyond this many operations clearing one radical, or two, takes too long.
_LONG = (400, 150)


@dataclass(frozen=True)
class Root:
    """A critical point.

    Attributes
    ----------
    value : sympy number
        Exact, or the middle of a bracket.
    exact : bool
        Whether ``value`` is exact; otherwise it is right to about 30 digits.
    """

    value: sp.Expr
    exact: bool


def critical_points(expression: sp.Expr, symbol: sp.Symbol) -> tuple[Root, ...] | None:
    """Real points where ``expression`` is zero or has a pole, sorted.

    Parameters
    ----------
    expression : sympy expression
        In ``symbol`` alone; rational in it and in square roots.
    symbol : sympy symbol
        The variable.

    Returns
    -------
    tuple of Root, or None
        None if the expression is of a kind that this function cannot treat completely.
    """
    variable = sp.Symbol(symbol.name, real=True)
    numerator, denominator = sp.fraction(sp.together(expression.subs(symbol, variable)))
    roots: list[Root] = []
    for part in (numerator, denominator):
        for factor in sp.Mul.make_args(part):
            base = factor.base if isinstance(factor, sp.Pow) and factor.exp.is_number else factor
            found = _zeros(base, variable)
            if found is None:
                return None
            roots += found
    return tuple(sorted(_distinct(roots), key=lambda root: _number(root.value)))


def _number(value: sp.Expr) -> sp.Float:
    return sp.re(value.evalf(_DIGITS))


def _distinct(roots: list[Root]) -> list[Root]:
    kept: list[Root] = []
    for root in sorted(roots, key=lambda root: not root.exact):
        gap = sp.Float(10) ** (-_DIGITS // 2) * (1 + abs(_number(root.value)))
        if all(abs(_number(root.value) - _number(other.value)) > gap for other in kept):
            kept.append(root)
    return kept


def _zeros(expression: sp.Expr, variable: sp.Symbol) -> list[Root] | None:
    if variable not in expression.free_symbols:
        return []
    polynomial = expression
    radicals = [power for power in expression.atoms(sp.Pow) if power.exp.is_Rational and not power.exp.is_Integer]
    radicands = [power.base for power in radicals if power.base.has(variable)]
    if radicands:
        if len(set(radicands)) > len(_LONG) or sp.count_ops(expression) > _LONG[len(set(radicands)) - 1]:
            return None
        cleared = unrad(expression)
        if cleared is None or cleared[1]:
            return None
        polynomial = cleared[0]
    if not polynomial.is_polynomial(variable):
        return None
    candidates = _polynomial_roots(sp.Poly(sp.expand(polynomial), variable))
    if radicands:
        edges = [root for radicand in radicands for root in _zeros(radicand, variable) or ()]
        candidates = [root for root in candidates if _vanishes(expression, variable, root.value)] + edges
    return candidates


def _polynomial_roots(polynomial: sp.Poly) -> list[Root]:
    if polynomial.degree() <= 0:
        return []
    if all(coefficient.is_Rational for coefficient in polynomial.all_coeffs()):
        return [Root(value, True) for value in dict.fromkeys(sp.real_roots(polynomial))]
    if polynomial.degree() <= 2:
        values = sp.roots(polynomial, multiple=True)
        return [
            Root(sp.radsimp(value), True) for value in dict.fromkeys(values) if abs(sp.im(value.evalf(_DIGITS))) == 0
        ]
    values = polynomial.nroots(n=_DIGITS, maxsteps=200)
    scale = sp.Float(10) ** (-_DIGITS // 2)
    return [Root(sp.re(value), False) for value in values if abs(sp.im(value)) <= scale * (1 + abs(value))]


def _vanishes(expression: sp.Expr, variable: sp.Symbol, value: sp.Expr) -> bool:
    """Whether squaring did not invent this root: the terms cancel to working precision."""
    number = value.evalf(2 * _DIGITS)
    terms = [abs(sp.N(term.subs(variable, number), 2 * _DIGITS)) for term in sp.Add.make_args(sp.expand(expression))]
    total = abs(sp.N(expression.subs(variable, number), 2 * _DIGITS))
    allowed = sp.Float(10) ** (-_DIGITS // 2) * (1 + sum(terms))
    return bool(total.is_finite) and bool(allowed.is_finite) and bool(total <= allowed)

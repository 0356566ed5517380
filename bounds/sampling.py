"""Exact points of a statement's own domain."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence

import sympy as sp

from .statement import Hypothesis, Statement

#: Draws per requested point before the domain is taken for empty.
_PATIENCE = 400


def draw(symbol: sp.Symbol, rng: random.Random) -> sp.Expr:
    """A random exact value with the symbol's sign and integrality; magnitudes range over several decades."""
    low = 1 if symbol.is_positive else 0 if symbol.is_nonnegative else -9
    if symbol.is_integer:
        return sp.Integer(rng.randint(low, rng.choice((3, 8, 20, 40))))
    if low == 0 and rng.random() < 0.1:
        return sp.Integer(0)
    number = sp.Rational(rng.randint(1, 40), rng.randint(1, 12)) * sp.Integer(10) ** rng.choice(
        (-3, -2, -1, 0, 0, 0, 1)
    )
    return -number if low < 0 and rng.random() < 0.5 else number


def holds(conditions: Iterable[Hypothesis], point: dict[sp.Symbol, sp.Expr], form: str = "formula") -> bool:
    """Whether every condition is true at the point."""
    for hypothesis in conditions:
        condition = hypothesis.of_form(form)
        if condition is None:
            continue
        truth = condition.subs(point)
        if truth not in (sp.true, sp.false):
            truth = sp.simplify(truth)
        if truth != sp.true:
            return False
    return True


def points(
    symbols: Sequence[sp.Symbol], conditions: Sequence[Hypothesis], count: int, seed: int, form: str = "formula"
) -> Iterator[dict[sp.Symbol, sp.Expr]]:
    """Up to ``count`` exact points at which all conditions hold.

    Fewer come out where random draws rarely meet the conditions.
    """
    rng = random.Random(seed)
    found = 0
    for _ in range(count * _PATIENCE):
        if found == count:
            return
        point = {symbol: draw(symbol, rng) for symbol in symbols}
        if holds(conditions, point, form):
            found += 1
            yield point


def domain_points(
    statement: Statement, count: int = 20, seed: int = 0, conditions: bool = False
) -> Iterator[dict[sp.Symbol, sp.Expr]]:
    """Exact points of a statement's domain; with ``conditions`` only those at which it says something."""
    demanded = statement.hypotheses if conditions else statement.domain
    return points(statement.symbols, demanded, count, seed)

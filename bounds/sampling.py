"""Exact points of a statement's own domain."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import sympy as sp

from .statement import Hypothesis, Statement

#: Repairs of one point before it is given up.
_PATIENCE = 2000
#: Relative distance of two sides beyond which floating point decides.
_CLEAR = 1e-6
_DECADES = (-6, -5, -4, -3, -3, -2, -2, -1, -1, 0, 0, 0, 0, 0, 0, 1)


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
        truth = condition.xreplace(point)
        if truth not in (sp.true, sp.false):
            truth = sp.simplify(truth)
        if truth != sp.true:
            return False
    return True


def points(
    symbols: Sequence[sp.Symbol], conditions: Sequence[Hypothesis], count: int, seed: int, form: str = "formula"
) -> Iterator[dict[sp.Symbol, sp.Expr]]:
    """Up to ``count`` exact points at which all conditions hold.

    Symbols of a condition that fails are drawn again, a few at a time. Floating point screens; what passes is checked
    exactly. Fewer points come out where none that meets the conditions is found in time.
    """
    rng = random.Random(seed)
    formulas = [condition for h in conditions if (condition := h.of_form(form)) is not None]
    screens = [screen_of(formula) for formula in formulas]
    for _ in range(count):
        point = _repaired({symbol: draw(symbol, rng) for symbol in symbols}, screens, rng)
        if point is None:
            continue
        values = {symbol.name: float(value) for symbol, value in point.items()}
        if all(screen.is_clear(values) for screen in screens) or holds(conditions, point, form):
            yield point


class Screen:
    """A condition in floating point, by symbol name."""

    def __init__(self, formula: sp.Basic) -> None:
        self.symbols = sorted(formula.free_symbols, key=lambda symbol: symbol.name)
        sides = [side for part in formula.atoms(sp.core.relational.Relational) for side in part.args]
        self._truth = sp.lambdify(self.symbols, formula, modules=["math", "sympy"])
        self._sides = sp.lambdify(self.symbols, sides, modules=["math", "sympy"])

    def passes(self, values: Mapping[str, float]) -> bool:
        """Whether it holds, as far as floating point can tell."""
        try:
            return bool(self._truth(*(values[symbol.name] for symbol in self.symbols)))
        except (ZeroDivisionError, ValueError, OverflowError, TypeError):
            return False

    def is_clear(self, values: Mapping[str, float]) -> bool:
        """Whether no comparison in it is so close that rounding could decide it."""
        numbers = self._sides(*(values[symbol.name] for symbol in self.symbols))
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        return all(abs(left - right) > _CLEAR * (abs(left) + abs(right)) for left, right in pairs)


@lru_cache(maxsize=2048)
def screen_of(formula: sp.Basic) -> Screen:
    """The screen of a condition, compiled once."""
    return Screen(formula)


def _repaired(
    point: dict[sp.Symbol, sp.Expr], screens: Sequence[Screen], rng: random.Random
) -> dict[sp.Symbol, sp.Expr] | None:
    values = {symbol.name: float(value) for symbol, value in point.items()}
    for _ in range(_PATIENCE):
        failing = next((screen for screen in screens if not screen.passes(values)), None)
        if failing is None:
            return point
        own = [symbol for symbol in failing.symbols if symbol in point]
        if not own:
            return None
        for symbol in rng.sample(own, rng.randint(1, min(2, len(own)))):
            point[symbol] = draw(symbol, rng)
            values[symbol.name] = float(point[symbol])
    return None


def domain_points(
    statement: Statement, count: int = 20, seed: int = 0, conditions: bool = False
) -> Iterator[dict[sp.Symbol, sp.Expr]]:
    """Exact points of a statement's domain; with ``conditions`` only those at which it says something."""
    demanded = statement.hypotheses if conditions else statement.domain
    return points(statement.symbols, demanded, count, seed)

"""Parameter values of an audit: numbers, and formulas in the other parameters."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import sympy as sp

from ..parsing import parse_value

Value: TypeAlias = "str | int | float | sp.Basic"

_BINARY: dict[type[ast.operator], Callable[[sp.Expr, sp.Expr], sp.Expr]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


@dataclass(frozen=True)
class Point:
    """Values of some of a statement's parameters.

    Attributes
    ----------
    numbers : dict of symbol to number
        Given directly.
    ties : dict of symbol to expression
        Given as formulas in other parameters, which they follow when one of those is varied.
    """

    numbers: dict[sp.Symbol, sp.Expr]
    ties: dict[sp.Symbol, sp.Expr]

    def resolve(self, expression: sp.Basic, free: sp.Symbol | None = None) -> sp.Basic:
        """The expression with every value put in, except that of ``free``."""
        numbers = {symbol: value for symbol, value in self.numbers.items() if symbol != free}
        for _ in range(len(self.ties)):
            expression = expression.subs(self.ties)
        return expression.subs(numbers)

    @property
    def values(self) -> dict[str, sp.Expr]:
        """Number of every parameter, tied ones included."""
        tied = {symbol: self.resolve(formula) for symbol, formula in self.ties.items()}
        return {
            symbol.name: value
            for symbol, value in sorted({**self.numbers, **tied}.items(), key=lambda item: item[0].name)
        }


def read_point(key: str, symbols: Iterable[sp.Symbol], values: Mapping[str, Value]) -> Point:
    """Read values by name: exact numbers (``"1/5"``), or formulas such as ``"N*r/M"``.

    Parameters
    ----------
    key : str
        Of the statement, for messages.
    symbols : iterable of sympy symbols
        Parameters that may be given.
    values : mapping of str to number, str or sympy expression
        Not every parameter needs one. Formulas may also use further parameters that are given here.

    Raises
    ------
    ValueError
        For a name that the statement does not know and no formula uses, text that is neither number nor formula, or
        formulas that go round in a circle.
    """
    known = {symbol.name: symbol for symbol in symbols}
    names = {name: known.get(name, sp.Symbol(name, positive=True)) for name in values}
    numbers: dict[sp.Symbol, sp.Expr] = {}
    ties: dict[sp.Symbol, sp.Expr] = {}
    for name, value in values.items():
        formula = _read(name, value, names)
        if formula.has(sp.zoo, sp.nan, sp.oo) or (formula.is_number and not formula.is_real):
            raise ValueError(f"{name}={value} is not a real number")
        (numbers if formula.is_number else ties)[names[name]] = formula
    used = set().union(*(formula.free_symbols for formula in ties.values())) if ties else set()
    surplus = sorted(name for name in values if name not in known and names[name] not in used)
    if surplus:
        raise ValueError(
            f"{key} knows no parameter {', '.join(surplus)}; it takes {', '.join(sorted(known)) or 'none'}"
        )
    _check_acyclic(key, ties)
    return Point(numbers, ties)


def _read(name: str, value: Value, names: Mapping[str, sp.Symbol]) -> sp.Expr:
    if isinstance(value, sp.Basic) and value.free_symbols:
        return value.subs({symbol: names[symbol.name] for symbol in value.free_symbols if symbol.name in names})
    try:
        return parse_value(value)
    except ValueError as error:
        if not isinstance(value, str):
            raise
        try:
            return _formula(ast.parse(value.strip().replace("^", "**"), mode="eval").body, names)
        except (SyntaxError, TypeError, ZeroDivisionError):
            raise error from None
        except KeyError as missing:
            raise ValueError(f"{name}={value} uses {missing.args[0]}, which has no value") from None


def _formula(node: ast.expr, names: Mapping[str, sp.Symbol]) -> sp.Expr:
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.Constant):
        return parse_value(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_formula(node.operand, names)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _BINARY[type(node.op)](_formula(node.left, names), _formula(node.right, names))
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "sqrt"
        and len(node.args) == 1
    ):
        return sp.sqrt(_formula(node.args[0], names))
    raise TypeError("not a formula")


def _check_acyclic(key: str, ties: Mapping[sp.Symbol, sp.Expr]) -> None:
    left = dict(ties)
    while left:
        free = [symbol for symbol, formula in left.items() if not formula.free_symbols & set(left)]
        if not free:
            raise ValueError(f"{key}: the formulas of {', '.join(sorted(s.name for s in left))} go round in a circle")
        for symbol in free:
            del left[symbol]

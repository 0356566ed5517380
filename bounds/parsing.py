"""Exact numbers, and ranges of them, from what a person types."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

import sympy as sp

_BINARY: dict[type[ast.operator], Callable[[sp.Expr, sp.Expr], sp.Expr]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
#: An exponent beyond this is a typing mistake, and would take for ever to write out exactly.
_LARGEST_EXPONENT = 64


def parse_value(text: str | int | float | sp.Basic) -> sp.Expr:
    """Return the exact real number that ``text`` denotes.

    Parameters
    ----------
    text : str, int, float or sympy number
        ``"3"``, ``"1/2"``, ``"0.1"`` (the fraction 1/10), ``"1e-6"``, ``"sqrt(2)"`` and arithmetic on them. A Python
        float is read as the shortest decimal that denotes it.

    Returns
    -------
    sympy number
        Rational or a surd.

    Raises
    ------
    ValueError
        If the text is no finite real number.
    """
    if isinstance(text, sp.Basic):
        number = text
    else:
        source = repr(text) if isinstance(text, float) else str(text).strip().replace("^", "**")
        try:
            number = _number(ast.parse(source, mode="eval").body, source)
        except (SyntaxError, ZeroDivisionError, TypeError, RecursionError) as error:
            raise ValueError(_not_a_number(text)) from error
    if not (number.is_number and number.is_real and number.is_finite):
        raise ValueError(_not_a_number(text))
    return number


def _not_a_number(text: object) -> str:
    return f"not a real number: {str(text)!r}; write 3, 1/2, 0.1 or sqrt(2)"


def _number(node: ast.expr, source: str) -> sp.Expr:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return sp.Rational((ast.get_source_segment(source, node) or "").replace("_", ""))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _number(node.operand, source)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _number(node.left, source), _number(node.right, source)
        if isinstance(node.op, ast.Pow) and abs(right) > _LARGEST_EXPONENT:
            raise TypeError("exponent too large")
        if isinstance(node.op, ast.Div) and right == 0:
            raise ZeroDivisionError
        return _BINARY[type(node.op)](left, right)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "sqrt"
        and len(node.args) == 1
    ):
        return sp.sqrt(_number(node.args[0], source))
    raise TypeError("not a number")


def parse_range(*assignments: str) -> dict[str, tuple[sp.Expr, ...]]:
    """Read ``name=value`` and ``name=range`` assignments.

    Parameters
    ----------
    *assignments : str
        ``"d=3"``, ``"d=1:100"`` (whole steps, both ends included), ``"delta=0:2:41"`` (41 equally spaced exact points,
        both ends included), ``"d=1,2,5"``.

    Returns
    -------
    dict of str to tuple of sympy numbers
        In the order given; one value makes a tuple of one.

    Raises
    ------
    ValueError
        If an assignment has no ``=``, names a parameter twice, or is no number or range.
    """
    values: dict[str, tuple[sp.Expr, ...]] = {}
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        name, text = name.strip(), text.strip()
        if not separator or not name or not text:
            raise ValueError(
                f"cannot read {assignment!r}: write name=value or name=first:last or name=first:last:points"
            )
        if name in values:
            raise ValueError(f"parameter {name!r} is given twice")
        values[name] = _points(name, text)
    return values


def _points(name: str, text: str) -> tuple[sp.Expr, ...]:
    if ":" not in text:
        return tuple(parse_value(part) for part in text.split(","))
    ends = text.split(":")
    if len(ends) > 3:
        raise ValueError(f"range of {name!r} is first:last or first:last:points, got {text!r}")
    first, last = parse_value(ends[0]), parse_value(ends[1])
    if last < first:
        raise ValueError(f"range of {name!r} runs backwards: {text!r}")
    if len(ends) == 2:
        return tuple(first + step for step in range(int(sp.floor(last - first)) + 1))
    points = parse_value(ends[2])
    if not (points.is_Integer and points >= 2):
        raise ValueError(f"range of {name!r} needs a whole number of points >= 2, got {ends[2]!r}")
    return tuple(first + (last - first) * step / (points - 1) for step in range(int(points)))

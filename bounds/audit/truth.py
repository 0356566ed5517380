"""Decides conditions at a point by the signs of their slacks.

SymPy decides relations of surds through minimal polynomials, which can take minutes; digits take no time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sympy as sp
from sympy.core.relational import Relational

#: Digits to which a slack is computed; one smaller than ``_ZERO`` after cancellation counts as zero.
_DIGITS = 40
_ZERO = sp.Float(10) ** -60

_OPERATIONS: dict[str, Callable[[int], bool]] = {
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
    "==": lambda sign: sign == 0,
    "!=": lambda sign: sign != 0,
}


@dataclass(frozen=True)
class Tree:
    """A condition taken apart.

    Attributes
    ----------
    kind : {"and", "or", "not", "sign", "constant"}
        How the parts are joined, or a leaf.
    parts : tuple of Tree
        For "and", "or", "not".
    operation : str
        For "sign": what is said about ``slack`` against zero.
    slack : sympy expression or None
        Left side minus right side.
    value : bool
        For "constant".
    """

    kind: str
    parts: tuple[Tree, ...] = ()
    operation: str = ""
    slack: sp.Expr | None = None
    value: bool = True

    @property
    def slacks(self) -> tuple[sp.Expr, ...]:
        """Those of all leaves."""
        own = () if self.slack is None else (self.slack,)
        return own + tuple(slack for part in self.parts for slack in part.slacks)

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        """Of all leaves."""
        return set().union(*(slack.free_symbols for slack in self.slacks))


def take_apart(condition: sp.Basic, resolve: Callable[[sp.Expr], sp.Expr] = lambda expression: expression) -> Tree:
    """Take a condition apart.

    Parameters
    ----------
    condition : sympy Boolean
        Relations joined by and, or, not.
    resolve : callable
        Applied to every slack.

    Raises
    ------
    ValueError
        For any other kind of condition.
    """
    if condition in (sp.true, sp.false):
        return Tree("constant", value=bool(condition))
    if isinstance(condition, Relational):
        return Tree("sign", operation=condition.rel_op, slack=resolve(condition.lhs - condition.rhs))
    kinds = {sp.And: "and", sp.Or: "or", sp.Not: "not"}
    if condition.func not in kinds:
        raise ValueError(f"cannot take the condition {condition} apart")
    return Tree(kinds[condition.func], tuple(take_apart(part, resolve) for part in condition.args))


def decide(tree: Tree, values: Mapping[sp.Symbol, sp.Expr] | None = None) -> bool | None:
    """Truth at a point; None if a value is missing or a slack is no real number there."""
    if tree.kind == "constant":
        return tree.value
    if tree.kind == "sign":
        assert tree.slack is not None
        sign = sign_of(tree.slack.subs(values or {}))
        return None if sign is None else _OPERATIONS[tree.operation](sign)
    truths = [decide(part, values) for part in tree.parts]
    if tree.kind == "not":
        return None if truths[0] is None else not truths[0]
    decisive = tree.kind == "or"
    if decisive in truths:
        return decisive
    return None if None in truths else not decisive


def sign_of(number: sp.Expr) -> int | None:
    """-1, 0 or 1; None for what is no finite real number."""
    if number.is_Rational:
        return int(sp.sign(number))
    if number.free_symbols or number.has(sp.zoo, sp.nan):
        return None
    if number in (sp.oo, -sp.oo):
        return 1 if number == sp.oo else -1
    value = sp.N(number, _DIGITS)
    real, imaginary = value.as_real_imag()
    if abs(imaginary) > _ZERO or not real.is_number or not real.is_finite:
        return None
    return 0 if abs(real) < _ZERO else int(sp.sign(real))

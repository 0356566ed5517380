"""Statements against observed cases: exact values of every symbol of the formula, and of the left-hand side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from ..bounds.statement import Relation, Statement
from .points import SIDES, Tally, bound
from .probe import Settings
from .verdict import Check, Outcome, Verdict

Number = Any  #: int, Fraction or a sympy number

#: Digits to which two exact numbers with roots or logarithms are compared before they are simplified.
_DIGITS = 40


@dataclass(frozen=True)
class Case:
    """One observation.

    Attributes
    ----------
    lhs : number
        Exact value of the left-hand side.
    values : mapping
        Exact value of every symbol that the formula may use (more do no harm).
    witness : mapping
        What is needed to observe it again.
    wrap : callable or None
        For a constant that occurs in a larger bound: the formula's value -> that bound.
    relation : Relation or None
        How the left-hand side relates to the (wrapped) formula, if not as the statement says.
    """

    lhs: Number
    values: Mapping[str, Any]
    witness: Mapping[str, Any]
    wrap: Callable[[sp.Expr], sp.Expr] | None = None
    relation: Relation | None = None


Observer = Callable[[Settings], Iterable[Case]]


def check_cases(statement: Statement, settings: Settings, observer: Observer, check: Check = Check.EXACT) -> Verdict:
    """Compare the statement with every case.

    Parameters
    ----------
    statement : Statement
        Any with a formula.
    settings : Settings
        For the observer.
    observer : callable
        Yields the cases.
    check : Check
        What the observer does.

    Returns
    -------
    Verdict
        A bound that is said to be attained, but is not in any case, is left undecided.
    """
    tally = Tally(statement, check)
    attained = needs_equality = False
    for case in observer(settings):
        value = bound(statement, case.values)
        if value is None:
            tally.skip()
            continue
        rhs = sp.sympify(case.wrap(value) if case.wrap else value)
        relation = case.relation or statement.relation
        sign = sign_of(rhs - exact(case.lhs))
        attained |= sign == 0
        sides, tight = SIDES[relation]
        needs_equality |= tight
        holds = sign == 0 or (sides == "<=" and sign > 0) or (sides == ">=" and sign < 0)
        point = {symbol.name: str(case.values[symbol.name]) for symbol in statement.symbols}
        outcome = Outcome.HOLDS if holds else Outcome.REFUTED
        tally.add(outcome, point, _plain(case.lhs), _plain(rhs), witness=case.witness)
    missed = needs_equality and tally.outcome is Outcome.HOLDS and not attained
    tally.undecided += missed
    return tally.verdict("holds, but no case attains it" if missed else "exact values of both sides")


def exact(value: Any) -> sp.Expr:
    """An exact number as a sympy number."""
    return sp.Rational(value.numerator, value.denominator) if isinstance(value, Fraction) else sp.sympify(value)


def sign_of(number: sp.Expr) -> int:
    """Sign of an exact real number: from its digits, and by simplification where these vanish."""
    if number.is_Rational:
        return int(sp.sign(number))
    digits = number.evalf(_DIGITS)
    if abs(digits) > sp.Float(10) ** (10 - _DIGITS) * (1 + sum(abs(term.evalf(20)) for term in number.args)):
        return 1 if digits > 0 else -1
    return 0 if sp.simplify(number) == 0 else (1 if digits > 0 else -1)


def _plain(value: Any) -> Fraction | float:
    number = exact(value)
    if number.is_Rational:
        return Fraction(int(number.p), int(number.q))
    return float(number)

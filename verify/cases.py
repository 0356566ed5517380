"""Statements against observed cases: exact values of every symbol of the formula, and of the left-hand side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy as sp

from ..bounds.statement import Relation, Statement
from .points import SIDES, Tally, bound, number
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
    facts : mapping
        Text of a hypothesis without a formula -> whether it is met here; those that are not named are met by
        construction.
    """

    lhs: Number
    values: Mapping[str, Any]
    witness: Mapping[str, Any]
    wrap: Callable[[sp.Expr], sp.Expr] | None = None
    relation: Relation | None = None
    facts: Mapping[str, bool] = field(default_factory=dict)


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
        met = all(case.facts.get(hypothesis.text, True) for hypothesis in statement.hypotheses)
        value = bound(statement, case.values) if met else None
        if value is None:
            tally.skip()
            continue
        rhs = sp.sympify(case.wrap(value) if case.wrap else value)
        relation = case.relation or statement.relation
        sign = sign_of(rhs - number(case.lhs))
        attained |= sign == 0 and sign_of(rhs) != 0
        sides, tight = SIDES[relation]
        needs_equality |= tight
        holds = sign == 0 or (sides == "<=" and sign > 0) or (sides == ">=" and sign < 0)
        point = {symbol.name: str(case.values[symbol.name]) for symbol in statement.symbols}
        outcome = Outcome.HOLDS if holds else Outcome.REFUTED
        tally.add(outcome, point, _plain(case.lhs), _plain(rhs), witness=case.witness)
    missed = needs_equality and tally.outcome is Outcome.HOLDS and not attained
    tally.undecided += missed
    return tally.verdict("holds, but no case attains it" if missed else "exact values of both sides")


def sign_of(value: sp.Expr) -> int:
    """Sign of an exact real number: from its digits, and by simplification where these vanish."""
    if value.is_Rational:
        return int(sp.sign(value))
    digits = value.evalf(_DIGITS)
    if abs(digits) > sp.Float(10) ** (10 - _DIGITS) * (1 + sum(abs(term.evalf(20)) for term in value.args)):
        return 1 if digits > 0 else -1
    return 0 if sp.simplify(value) == 0 else (1 if digits > 0 else -1)


def _plain(value: Any) -> Fraction | float:
    exact = number(value)
    return Fraction(int(exact.p), int(exact.q)) if exact.is_Rational else float(exact)

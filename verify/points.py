"""A statement at a parameter point, and the tally of a check over many points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from numbers import Integral
from typing import Any

import sympy as sp

from ..bounds.numeric import Form
from ..bounds.parsing import parse_value
from ..bounds.statement import Relation, Statement
from .verdict import Check, Outcome, Verdict

Values = Mapping[str, Any]

#: The sides from which a relation is tested, and whether the bound is claimed to be attained.
SIDES: dict[Relation, tuple[str, bool]] = {
    Relation.EQUALITY: ("=", True),
    Relation.DEFINITION: ("=", True),
    Relation.UPPER: ("<=", False),
    Relation.TIGHT_UPPER: ("<=", True),
    Relation.LOWER: (">=", False),
    Relation.TIGHT_LOWER: (">=", True),
}


def bound(statement: Statement, values: Values, form: Form = "formula") -> sp.Expr | None:
    """Return the exact value of a statement's formula, or None where a hypothesis fails.

    Parameters
    ----------
    statement : Statement
        With a formula.
    values : mapping of str to number
        Exact values by symbol name; surplus names are ignored.
    form : {"formula", "printed", "derived"}
        Which form.

    Raises
    ------
    ValueError
        If a symbol of the statement has no value, or the statement has no such form.
    """
    formula = getattr(statement, form)
    if formula is None:
        raise ValueError(f"{statement.key} has no {form} form")
    missing = [symbol.name for symbol in statement.symbols if symbol.name not in values]
    if missing:
        raise ValueError(f"{statement.key}: this check sets no value for {', '.join(missing)}")
    point = {symbol: number(values[symbol.name]) for symbol in statement.symbols}
    if not all(_fits(symbol, value) for symbol, value in point.items()):
        return None
    for hypothesis in statement.hypotheses:
        if hypothesis.condition is not None and not _truth(exact_value(hypothesis.condition, point)):
            return None
    return exact_value(formula, point)


def exact_value(expression: sp.Basic, point: Mapping[sp.Symbol, sp.Expr]) -> Any:
    """An expression at an exact point, by its compiled exact form."""
    symbols = tuple(sorted(expression.free_symbols, key=lambda symbol: symbol.name))
    return sp.sympify(_compiled(expression, symbols)(*(point[symbol] for symbol in symbols)))


@lru_cache(maxsize=2048)
def _compiled(expression: sp.Basic, symbols: tuple[sp.Symbol, ...]) -> Callable[..., Any]:
    """The expression as a function of sympy numbers; fractions are arguments too, or Python would divide in floats."""
    fractions = sorted((entry for entry in expression.atoms(sp.Rational) if not entry.is_Integer), key=str)
    names = {old: sp.Symbol(f"v{position}") for position, old in enumerate((*symbols, *fractions))}
    function = sp.lambdify(list(names.values()), expression.xreplace(names), modules="sympy", cse=True)
    return lambda *values: function(*values, *fractions)


def _fits(symbol: sp.Symbol, value: sp.Expr) -> bool:
    """Whether a value has the sign and the wholeness that its symbol declares."""
    if symbol.is_integer and not value.is_integer:
        return False
    return bool(value > 0 if symbol.is_positive else value >= 0 if symbol.is_nonnegative else True)


def _truth(condition: sp.Basic) -> bool:
    decided = condition if condition in (sp.true, sp.false) else sp.simplify(condition)
    if decided not in (sp.true, sp.false):
        raise ValueError(f"cannot decide {condition}")
    return bool(decided)


def fraction(value: sp.Basic) -> Fraction:
    """A rational sympy number as a Fraction.

    Raises
    ------
    ValueError
        If it is not rational.
    """
    number = sp.nsimplify(value) if value.is_Float else sp.simplify(value)
    if not number.is_Rational:
        raise ValueError(f"exact enumeration needs a rational value, got {value}")
    return Fraction(int(number.p), int(number.q))


def number(value: Any) -> sp.Expr:
    """An exact number as a sympy number; text and floats as the catalogue reads them."""
    if isinstance(value, Fraction):
        return sp.Rational(value.numerator, value.denominator)
    if isinstance(value, sp.Basic):
        return value
    if isinstance(value, Integral):
        return sp.Integer(int(value))
    return parse_value(float(value) if isinstance(value, float) else value)


@dataclass
class Tally:
    """Collects what a check found at each parameter point, and turns it into one verdict.

    A verdict is only as good as its worst point: one refuted point refutes, one undecided point leaves it undecided,
    and a check without any admissible point is vacuous. Nothing holds by default.

    Attributes
    ----------
    statement : Statement
        What is checked.
    check : Check
        How.
    """

    statement: Statement
    check: Check
    points: int = 0
    vacuous: int = 0
    samples: int = 0
    undecided: int = 0
    refuted: int = 0
    worst: dict[str, Any] = field(default_factory=dict)
    witness: dict[str, Any] | None = None

    def skip(self) -> None:
        """Count a point at which a hypothesis fails."""
        self.vacuous += 1

    def add(
        self,
        outcome: Outcome,
        point: Values,
        lhs: float | Fraction,
        rhs: float | Fraction,
        *,
        samples: int = 1,
        stderr: float | None = None,
        witness: Mapping[str, Any] | None = None,
    ) -> None:
        """Count an admissible point; the one with the smallest relative slack is reported."""
        if outcome is Outcome.VACUOUS:
            self.skip()
            return
        self.points += 1
        self.samples += samples
        self.refuted += outcome is Outcome.REFUTED
        self.undecided += outcome is Outcome.INCONCLUSIVE
        rank = (_severity(outcome), -_relative(self.statement.relation, lhs, rhs))
        if not self.worst or rank > self.worst["rank"]:
            self.worst = {"rank": rank, "lhs": lhs, "rhs": rhs, "stderr": stderr, "point": dict(point)}
        if outcome is Outcome.REFUTED and self.witness is None:
            self.witness = {"point": dict(point), "lhs": lhs, "rhs": rhs, **(witness or {})}

    @property
    def outcome(self) -> Outcome:
        """The verdict's outcome."""
        if self.refuted:
            return Outcome.REFUTED
        if not self.points:
            return Outcome.VACUOUS
        return Outcome.INCONCLUSIVE if self.undecided else Outcome.HOLDS

    def verdict(self, detail: str = "", **more: Any) -> Verdict:
        """The verdict; ``more`` goes to :class:`Verdict` as it is."""
        lhs, rhs = self.worst.get("lhs"), self.worst.get("rhs")
        parameters = {**more.pop("parameters", {}), **({"worst": self.worst["point"]} if self.worst else {})}
        return Verdict(
            key=self.statement.key,
            check=self.check,
            outcome=self.outcome,
            lhs=_show(lhs),
            rhs=_show(rhs),
            slack=None if lhs is None or rhs is None else _slack(self.statement.relation, lhs, rhs),
            stderr=self.worst.get("stderr"),
            samples=self.samples,
            points=self.points,
            vacuous=self.vacuous,
            parameters=parameters,
            counterexample=self.witness,
            detail=detail,
            **more,
        )


def _severity(outcome: Outcome) -> int:
    return {Outcome.HOLDS: 0, Outcome.INCONCLUSIVE: 1, Outcome.REFUTED: 2}[outcome]


def _slack(relation: Relation, lhs: float | Fraction, rhs: float | Fraction) -> float:
    sides, _ = SIDES.get(relation, ("=", True))
    difference = float(rhs) - float(lhs)
    return difference if sides == "<=" else -difference if sides == ">=" else -abs(difference)


def _relative(relation: Relation, lhs: float | Fraction, rhs: float | Fraction) -> float:
    return _slack(relation, lhs, rhs) / (abs(float(rhs)) or 1.0)


def _show(value: float | Fraction | None) -> float | str | None:
    return str(value) if isinstance(value, Fraction) else value

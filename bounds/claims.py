"""What a remark in words asserts, as something that a machine decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from .inequalities import Algebra, Positivity, Status
from .limits import FiniteLimit, LimitIs, SameOrder
from .ruling import Claim, Ruling, Truth
from .sampling import points
from .statement import Hypothesis

__all__ = [
    "AllOf",
    "Always",
    "Claim",
    "FiniteLimit",
    "FirstAt",
    "HoldsAt",
    "LimitIs",
    "Monotone",
    "Ruling",
    "SameOrder",
    "Truth",
    "WithReading",
]


def _exact(point: Mapping[sp.Symbol, Any]) -> dict[sp.Symbol, sp.Expr]:
    return {symbol: sp.sympify(value) for symbol, value in point.items()}


def _named(point: Mapping[sp.Symbol, sp.Expr]) -> dict[str, str]:
    return {symbol.name: str(value) for symbol, value in sorted(point.items(), key=lambda item: item[0].name)}


@dataclass(frozen=True)
class Always:
    """An inequality or equality that holds throughout a domain.

    Attributes
    ----------
    left, right : sympy expression
        Both sides.
    relation : {"=", "<=", ">=", "<", ">"}
        Strict ones need a certificate with a strictly positive term.
    slack : mapping
        Slack variables of the domain.
    conditions : tuple of Hypothesis
        The domain, for sampling.
    tries : int
        Sampled points, where there is no proof.
    """

    left: sp.Expr
    relation: str
    right: sp.Expr
    slack: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    conditions: tuple[Hypothesis, ...] = ()
    tries: int = 200

    def proposition(self) -> sp.Basic:
        """The relation."""
        if self.relation == "=":
            return sp.Eq(self.left, self.right, evaluate=False)
        return sp.Rel(self.left, self.right, self.relation)

    def decide(self) -> Ruling:
        """By a certificate, else by looking for a counterexample."""
        reason = Algebra(shift=self.slack) if self.relation == "=" else Positivity(self.slack)
        if reason.prove(self.left, self.right, self.relation).status is Status.PROVED:
            return Ruling(Truth.TRUE, "proved: the certificate was accepted")
        symbols = sorted(self.left.free_symbols | self.right.free_symbols | _free(self.conditions), key=str)
        seen = 0
        for point in points(symbols, self.conditions, self.tries, seed=len(symbols)):
            left, right = self.left.xreplace(point), self.right.xreplace(point)
            if not (left.is_finite and right.is_finite):
                continue
            seen += 1
            if not _compare(left, self.relation, right):
                return Ruling(Truth.FALSE, f"{left} {self.relation} {right} is false", _named(point))
        return Ruling(Truth.UNDECIDED, f"no proof, and no counterexample at {seen} exact points")


def _free(conditions: tuple[Hypothesis, ...]) -> set[sp.Symbol]:
    return {symbol for h in conditions if h.condition is not None for symbol in h.condition.free_symbols}


def _compare(left: sp.Expr, relation: str, right: sp.Expr) -> bool:
    if relation == "=":
        return bool(sp.simplify(left - right) == 0)
    return bool(sp.Rel(left, right, relation))


@dataclass(frozen=True)
class Monotone:
    """An expression never increases (or decreases) in one variable.

    Attributes
    ----------
    expression : sympy expression
        What is monotone.
    symbol : sympy symbol
        In this variable, others fixed.
    direction : {"decreasing", "increasing"}
        In the weak sense.
    slack : mapping
        Slack variables of the domain.
    conditions : tuple of Hypothesis
        The domain.
    """

    expression: sp.Expr
    symbol: sp.Symbol
    direction: str
    slack: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    conditions: tuple[Hypothesis, ...] = ()

    def proposition(self) -> sp.Basic:
        """Sign of the derivative."""
        derivative = sp.Derivative(self.expression, self.symbol)
        return sp.Le(derivative, 0) if self.direction == "decreasing" else sp.Ge(derivative, 0)

    def decide(self) -> Ruling:
        """By the sign of the derivative."""
        derivative = sp.factor(sp.diff(self.expression, self.symbol))
        relation = "<=" if self.direction == "decreasing" else ">="
        ruling = Always(derivative, relation, sp.S.Zero, self.slack, self.conditions).decide()
        return Ruling(ruling.truth, f"derivative in {self.symbol} {relation} 0: {ruling.evidence}", ruling.witness)


@dataclass(frozen=True)
class HoldsAt:
    """A condition is true at one point.

    Attributes
    ----------
    condition : sympy Boolean
        What is claimed.
    point : mapping
        Symbol -> exact value.
    """

    condition: sp.Basic
    point: Mapping[sp.Symbol, sp.Expr]

    def proposition(self) -> sp.Basic:
        """The condition."""
        return self.condition

    def decide(self) -> Ruling:
        """By exact evaluation."""
        point = _exact(self.point)
        truth = sp.simplify(self.condition.xreplace(point))
        relations = sorted(self.condition.atoms(sp.core.relational.Relational), key=str)
        sides = ", ".join(
            " against ".join(f"{side} = {sp.N(side.xreplace(point), 6)}" for side in relation.args)
            for relation in relations
        )
        if truth not in (sp.true, sp.false):
            return Ruling(Truth.UNDECIDED, f"left undecided: {truth}")
        return Ruling(Truth.TRUE if truth == sp.true else Truth.FALSE, f"exactly: {sides}", _named(self.point))


@dataclass(frozen=True)
class FirstAt:
    """The smallest whole number for which a condition holds, from there on, at a point.

    Attributes
    ----------
    condition : sympy Boolean
        In the symbol and the point's symbols.
    symbol : sympy symbol
        The whole number.
    first : int
        The claimed smallest value; the condition must hold for every value from here to ``last`` and for none before.
    last : int
        End of the range.
    point : mapping
        Everything else, exact.
    start : int
        Beginning of the range.
    """

    condition: sp.Basic
    symbol: sp.Symbol
    first: int
    last: int
    point: Mapping[sp.Symbol, sp.Expr]
    start: int = 1

    def proposition(self) -> sp.Basic:
        """Equivalence of the condition and the threshold."""
        return sp.Equivalent(self.condition, sp.Ge(self.symbol, self.first))

    def decide(self) -> Ruling:
        """By exact evaluation of every case."""
        where = [n for n in range(self.start, self.last + 1) if self._truth(n)]
        expected = list(range(self.first, self.last + 1))
        found = f"holds for {self.symbol} in {_runs(where)} of {self.start}..{self.last}"
        return Ruling(Truth.TRUE if where == expected else Truth.FALSE, found, _named(self.point))

    def _truth(self, number: int) -> bool:
        return bool(sp.simplify(self.condition.xreplace(_exact({**self.point, self.symbol: number}))))


def _runs(numbers: list[int]) -> str:
    if not numbers:
        return "none"
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{a}..{b}" if a < b else str(a) for a, b in runs)


@dataclass(frozen=True)
class AllOf:
    """Several claims at once.

    Attributes
    ----------
    claims : tuple of Claim
        All must be true.
    """

    claims: tuple[Claim, ...]

    def proposition(self) -> sp.Basic:
        """The first one's proposition stands for all."""
        return self.claims[0].proposition()

    def decide(self) -> Ruling:
        """The first that is not true decides."""
        rulings = [claim.decide() for claim in self.claims]
        for truth in (Truth.FALSE, Truth.UNDECIDED):
            for ruling in rulings:
                if ruling.truth is truth:
                    return ruling
        return Ruling(Truth.TRUE, "; ".join(ruling.evidence for ruling in rulings))


@dataclass(frozen=True)
class WithReading:
    """A claim, and how it can be read so that it holds.

    Attributes
    ----------
    claim : Claim
        As printed.
    reading : Claim
        What may have been meant.
    words : str
        The reading in words.
    """

    claim: Claim
    reading: Claim
    words: str

    def proposition(self) -> sp.Basic:
        """That of the claim as printed."""
        return self.claim.proposition()

    def decide(self) -> Ruling:
        """The claim decides; where it is false, the reading is tried."""
        ruling = self.claim.decide()
        if ruling.truth is not Truth.FALSE:
            return ruling
        reading = self.reading.decide()
        if reading.truth is not Truth.TRUE:
            return ruling
        return Ruling(ruling.truth, ruling.evidence, ruling.witness, f"{self.words}: {reading.evidence}")

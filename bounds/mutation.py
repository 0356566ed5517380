"""Slips planted on purpose: how many of them does the comparison of printed and derived forms notice?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import sympy as sp

from .comparison import Effect, compare
from .statement import Statement

#: Points at which a mutant is compared.
_TRIES = 10


@dataclass(frozen=True)
class Mutant:
    """A copy of a printed form with one slip in it.

    Attributes
    ----------
    key : str
        The statement.
    kind : str
        factor, sign, exponent, swap or drop.
    expression : sympy expression
        The copy.
    """

    key: str
    kind: str
    expression: sp.Expr


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant.

    Attributes
    ----------
    mutant : Mutant
        The mutant.
    effect : Effect
        What the comparison said; NONE means that it went unnoticed.
    equivalent : bool
        Whether the mutant is the same function as the original, so that there is nothing to notice.
    """

    mutant: Mutant
    effect: Effect
    equivalent: bool

    @property
    def survived(self) -> bool:
        """A real slip that went unnoticed."""
        return self.effect is Effect.NONE and not self.equivalent


def _rebuilt(expression: sp.Expr, part: sp.Expr, replacement: sp.Expr) -> sp.Expr:
    return expression.xreplace({part: replacement})


def _places(expression: sp.Expr) -> Iterator[tuple[str, sp.Expr, sp.Expr]]:
    """Every slip that can be made in one place: kind, part, replacement."""
    for part in sp.preorder_traversal(expression):
        if isinstance(part, sp.Add):
            first, last = part.args[0], part.args[-1]
            yield "factor", part, part + last
            yield "sign", part, part - 2 * last
            yield "drop", part, part - first
        elif isinstance(part, sp.Mul):
            variable = [factor for factor in part.args if not factor.is_number]
            if variable:
                yield "factor", part, 2 * part
                yield "drop", part, part / variable[-1]
        elif isinstance(part, sp.Pow) and not part.exp.has(sp.Symbol):
            yield "exponent", part, part.base ** (part.exp + 1)
    symbols = sorted(expression.free_symbols, key=lambda symbol: symbol.name)
    for one, other in pairwise(symbols):
        yield "swap", one, other


def mutants(key: str, expression: sp.Expr, each: int = 2) -> tuple[Mutant, ...]:
    """At most ``each`` mutants of every kind, no two the same.

    Parameters
    ----------
    key : str
        The statement's key.
    expression : sympy expression
        Its printed form.
    each : int
        Limit for each kind.
    """
    found: list[Mutant] = []
    for kind, part, replacement in _places(expression):
        if sum(mutant.kind == kind for mutant in found) == each:
            continue
        if kind == "swap":
            changed = expression.xreplace({part: replacement, replacement: part})
        else:
            changed = _rebuilt(expression, part, replacement)
        if (
            changed != expression
            and all(changed != mutant.expression for mutant in found)
            and changed.is_finite is not False
        ):
            found.append(Mutant(key, kind, changed))
    return tuple(found)


def _equivalent(one: sp.Expr, other: sp.Expr) -> bool:
    """Whether two forms are the same function, decided apart from the comparison that is being tested."""
    return one == other or bool(sp.simplify(one - other) == 0)


def trial(statement: Statement, each: int = 2) -> Iterator[Outcome]:
    """Plant slips in one statement's printed form and compare each with its derived form."""
    printed, derived = statement.printed, statement.derived
    if not isinstance(printed, sp.Expr) or not isinstance(derived, sp.Expr):
        return
    if _effect(statement, printed, derived) is not Effect.NONE:
        return
    for mutant in mutants(statement.key, printed, each):
        effect = _effect(statement, mutant.expression, derived)
        yield Outcome(mutant, effect, effect is Effect.NONE and _equivalent(mutant.expression, printed))


def _effect(statement: Statement, printed: sp.Expr, derived: sp.Expr) -> Effect:
    return compare(printed, derived, statement.relation, statement.hypotheses, tries=_TRIES, prove=False).effect


def mutation_test(statements: Iterable[Statement], each: int = 2) -> tuple[Outcome, ...]:
    """Plant slips in every statement whose printed form agrees with its derivation."""
    return tuple(outcome for statement in statements for outcome in trial(statement, each))


def kill_rate(outcomes: Iterable[Outcome]) -> float:
    """Share of the mutants that are not equivalent to the original and were noticed."""
    real = [outcome for outcome in outcomes if not outcome.equivalent]
    return sum(not outcome.survived for outcome in real) / len(real) if real else 1.0

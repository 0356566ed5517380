"""A statement's derivation replayed: every step proved again, every certificate read again by the separate checker."""

from __future__ import annotations

from typing import Any

import sympy as sp

from ..bounds.checker import Rejected
from ..bounds.checker import verify as verify_certificate
from ..bounds.comparison import Effect, compare
from ..bounds.inequalities import Status
from ..bounds.proof import Derivation, ProofReport, StepReport
from ..bounds.statement import Relation, Statement
from .probe import Settings
from .verdict import Check, Outcome, Verdict

#: Points at which printed and derived forms are compared.
_TRIES = 12

_ALLOWED: dict[Relation, tuple[str, ...]] = {
    Relation.DEFINITION: ("=",),
    Relation.EQUALITY: ("=",),
    Relation.UPPER: ("=", "<="),
    Relation.TIGHT_UPPER: ("=", "<="),
    Relation.LOWER: ("=", ">="),
    Relation.TIGHT_LOWER: ("=", ">="),
    Relation.ORDER: ("=", "<=", ">="),
    Relation.APPROXIMATION: ("=", "<=", ">="),
    Relation.PROPOSITION: ("=", "<=", ">="),
}


def replay(statement: Statement, settings: Settings | None = None) -> Verdict:
    """Prove the statement's derivation again.

    Parameters
    ----------
    statement : Statement
        With a derivation.
    settings : Settings, optional
        Ignored: nothing here is random.

    Returns
    -------
    Verdict
        HOLDS if every step has a certificate that the checker accepts and the chain's relation is enough for the
        statement's; REFUTED if a step fails at a witness, or the chain concludes something weaker than the statement;
        INCONCLUSIVE if a step is unproved.

    Raises
    ------
    ValueError
        If the statement has no derivation.
    """
    del settings
    if statement.derivation is None:
        raise ValueError(f"{statement.key} has no derivation to replay")
    derivation = statement.derivation()
    report = derivation.check()
    rejected = [message for step in report.steps if (message := _rejection(step))]
    weaker = derivation.relation not in _ALLOWED[statement.relation]
    outcome, counterexample = _outcome(report, rejected, weaker, derivation)
    return Verdict(
        key=statement.key,
        check=Check.DERIVATION,
        outcome=outcome,
        samples=len(report.steps),
        counterexample=counterexample,
        detail=_detail(statement, derivation, report, rejected, weaker),
    )


def _rejection(step: StepReport) -> str:
    """Why the separate checker does not accept a step that claims to be proved, or an empty string."""
    if step.status is not Status.PROVED:
        return ""
    try:
        verify_certificate(step.finding.certificate or {})
    except Rejected as error:
        return str(error)
    return ""


def _outcome(
    report: ProofReport, rejected: list[str], weaker: bool, derivation: Derivation
) -> tuple[Outcome, dict[str, Any] | None]:
    for step in report.failures:
        if step.status is Status.DOES_NOT_FOLLOW:
            return Outcome.REFUTED, {
                "step": f"{step.step.before} {step.step.relation} {step.step.after}",
                "witness": step.finding.witness,
            }
    if weaker:
        return Outcome.REFUTED, {"derived relation": derivation.relation}
    if rejected or report.failures:
        return Outcome.INCONCLUSIVE, None
    return Outcome.HOLDS, None


def _detail(
    statement: Statement, derivation: Derivation, report: ProofReport, rejected: list[str], weaker: bool
) -> str:
    if weaker:
        return f"the chain yields {derivation.relation}, the statement says {statement.relation.value}"
    if rejected:
        return f"{len(rejected)} certificates rejected: {rejected[0]}"
    if report.failures:
        first = report.failures[0]
        return f"{len(report.failures)} of {len(report.steps)} steps not proved, first: {first.finding.detail}"
    proved = f"{len(report.steps)} steps proved, every certificate accepted by the checker"
    return proved + _printed(statement, derivation)


def _printed(statement: Statement, derivation: Derivation) -> str:
    """How the printed form compares, at exact points: the errata prove it."""
    if not isinstance(statement.printed, sp.Expr):
        return ""
    found = compare(
        statement.printed, derivation.conclusion, statement.relation, statement.hypotheses, tries=_TRIES, prove=False
    )
    if found.effect is Effect.NONE:
        return "; the printed form is the derived one"
    return f"; the printed form differs from the derived one: {found.effect.value}"

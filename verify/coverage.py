"""How each statement was verified: a table from verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ..bounds.catalogue import statements
from ..bounds.statement import Statement
from .verdict import Outcome, Verdict

_DEFINITE = (Outcome.HOLDS, Outcome.REFUTED)


@dataclass(frozen=True)
class Row:
    """What was done about one statement.

    Attributes
    ----------
    key, title, source, kind : str
        The statement.
    checks : dict
        Way of checking -> outcome (the worst, where a way was used more than once).
    ways : int
        Different ways that came to a definite outcome.
    points : int
        Admissible parameter points, over all checks.
    vacuous : int
        Points at which a hypothesis failed.
    nothing_to_check : bool
        Whether the statement has neither a formula nor a claim: a definition or an assumption in words.
    """

    key: str
    title: str
    source: str
    kind: str
    checks: dict[str, str]
    ways: int
    points: int
    vacuous: int
    nothing_to_check: bool

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def nothing_to_check(statement: Statement) -> bool:
    """Whether a statement has neither a formula, nor a derivation, nor a claim that a machine decides."""
    return statement.printed is None and statement.derivation is None and statement.claim is None


def how_verified(verdicts: Iterable[Verdict]) -> list[Row]:
    """One row a statement of the catalogue, also for those without a verdict.

    Parameters
    ----------
    verdicts : iterable of Verdict
        As :func:`~byzbounds.verify.runner.run` returns them.

    Returns
    -------
    list of Row
        In catalogue order.
    """
    by_key: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_key.setdefault(verdict.key, []).append(verdict)
    return [_row(statement, by_key.get(statement.key, [])) for statement in statements()]


def _row(statement: Statement, verdicts: list[Verdict]) -> Row:
    checks: dict[str, Outcome] = {}
    for verdict in verdicts:
        check = verdict.check.value
        checks[check] = _worst(checks.get(check), verdict.outcome)
    return Row(
        key=statement.key,
        title=statement.title,
        source=str(statement.source),
        kind=statement.kind.value,
        checks={check: outcome.value for check, outcome in checks.items()},
        ways=sum(outcome in _DEFINITE for outcome in checks.values()),
        points=sum(verdict.points for verdict in verdicts),
        vacuous=sum(verdict.vacuous for verdict in verdicts),
        nothing_to_check=nothing_to_check(statement),
    )


def _worst(one: Outcome | None, other: Outcome) -> Outcome:
    order = (Outcome.VACUOUS, Outcome.HOLDS, Outcome.INCONCLUSIVE, Outcome.REFUTED)
    return other if one is None else max(one, other, key=order.index)

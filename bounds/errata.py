"""Every difference between what the papers print and what follows, computed from the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from .catalogue import statements
from .claims import Truth
from .comparison import Effect, compare
from .inequalities import Status
from .statement import Relation, Statement

_STEP_RELATION = {"=": Relation.EQUALITY, "<=": Relation.UPPER, ">=": Relation.LOWER}
#: The papers whose print is compared with its own derivation; constants from elsewhere are only quoted.
PAPERS = ("LAD", "CRA")


@dataclass(frozen=True)
class Erratum:
    """One difference.

    Attributes
    ----------
    key : str
        The statement.
    source : str
        Where the paper has it.
    printed, derived : str
        Both forms; for a refuted claim, the claim and what was found.
    effect : str
        ``harmless-looser``, ``misprint`` or ``invalid``.
    evidence : str
        How it was found, with a witness where there is one.
    """

    key: str
    source: str
    printed: str
    derived: str
    effect: str
    evidence: str

    def to_json(self) -> dict[str, str]:
        """A dictionary of strings."""
        return asdict(self)


def _with_witness(evidence: str, witness: object) -> str:
    if not isinstance(witness, dict) or not witness:
        return evidence
    return f"{evidence}; at " + ", ".join(f"{name} = {value}" for name, value in witness.items())


def _of_forms(statement: Statement) -> Iterator[Erratum]:
    if statement.printed is None or statement.derived is None:
        return
    result = compare(statement.printed, statement.derived, statement.relation, statement.hypotheses, statement.slack)
    if result.effect is not Effect.NONE:
        yield Erratum(
            statement.key,
            str(statement.source),
            str(statement.printed),
            str(statement.derived),
            str(result.effect),
            _with_witness(result.evidence, result.witness),
        )


def _of_hypotheses(statement: Statement) -> Iterator[Erratum]:
    for hypothesis in statement.hypotheses:
        if hypothesis.printed is None or hypothesis.condition is None:
            continue
        others = tuple(other for other in statement.domain if other is not hypothesis)
        result = compare(hypothesis.printed, hypothesis.condition, statement.relation, others)
        if result.effect is not Effect.NONE:
            yield Erratum(
                statement.key,
                f"{statement.source}, condition",
                str(hypothesis.printed),
                str(hypothesis.condition),
                str(result.effect),
                _with_witness(result.evidence, result.witness),
            )


def _of_steps(statement: Statement) -> Iterator[Erratum]:
    if statement.derivation is None:
        return
    for number, report in enumerate(statement.derivation().check().steps, start=1):
        step = report.step
        source = step.source or str(statement.source)
        if report.status is Status.DOES_NOT_FOLLOW:
            yield Erratum(
                statement.key,
                source,
                f"{step.before} {step.relation} {step.after}",
                f"difference {report.difference}",
                str(Effect.INVALID),
                _with_witness(f"step {number} does not follow", report.finding.witness),
            )
        if step.printed is None:
            continue
        relation = _STEP_RELATION[step.relation]
        result = compare(step.printed, step.after, relation, statement.domain, statement.slack)
        if result.effect is not Effect.NONE:
            evidence = _with_witness(f"step {number}: {result.evidence}", result.witness)
            yield Erratum(statement.key, source, str(step.printed), str(step.after), str(result.effect), evidence)


def _of_claim(statement: Statement) -> Iterator[Erratum]:
    if statement.claim is None:
        return
    ruling = statement.claim.decide()
    if ruling.truth is Truth.FALSE:
        yield Erratum(
            statement.key,
            str(statement.source),
            statement.text or str(statement.claim.proposition()),
            ruling.evidence,
            str(Effect.MISPRINT if ruling.reading else Effect.INVALID),
            _with_witness(
                f"refuted; holds when read as {ruling.reading}" if ruling.reading else "refuted", ruling.witness
            ),
        )


def errata_of(statement: Statement) -> tuple[Erratum, ...]:
    """Differences of one statement: final form, steps with a printed form, and its claim."""
    if statement.source.paper not in PAPERS:
        return ()
    return (*_of_forms(statement), *_of_hypotheses(statement), *_of_steps(statement), *_of_claim(statement))


def errata(of: Iterable[Statement] | None = None) -> tuple[Erratum, ...]:
    """All differences, in catalogue order.

    Parameters
    ----------
    of : iterable of Statement, optional
        Default: the whole catalogue.
    """
    return tuple(erratum for statement in (statements() if of is None else of) for erratum in errata_of(statement))

"""Derivations: chains of steps, each with a reason that must produce a checked certificate."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sympy as sp

from .certificates import Shift, resolve
from .inequalities import Algebra, Finding, Reason, Replace, Status, refute
from .moments import Expectation, Moment

RELATIONS = ("=", "<=", ">=")


@dataclass(frozen=True)
class Step:
    """One line of a chain.

    Attributes
    ----------
    before, after : sympy expression
        Both sides.
    relation : {"=", "<=", ">="}
        ``before relation after``.
    by : Reason
        Why.
    source : str
        Where the paper has it, ``"LAD (40)"``.
    printed : sympy expression or None
        What the paper prints for ``after`` there, if this is to be compared.
    note : str
        For people.
    """

    before: sp.Expr
    after: sp.Expr
    relation: str
    by: Reason
    source: str = ""
    printed: sp.Expr | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.relation not in RELATIONS:
            raise ValueError(f"Step(relation={self.relation!r}) is one of {', '.join(RELATIONS)}")


@dataclass(frozen=True)
class StepReport:
    """What became of one step.

    Attributes
    ----------
    step : Step
        The step.
    finding : Finding
        Status, certificate, witness.
    """

    step: Step
    finding: Finding

    @property
    def status(self) -> Status:
        """PROVED, UNPROVED or DOES NOT FOLLOW."""
        return self.finding.status

    @cached_property
    def difference(self) -> sp.Expr:
        """``after - before``, simplified."""
        return sp.factor(sp.simplify(self.step.after - self.step.before))

    @cached_property
    def ratio(self) -> sp.Expr:
        """``after / before``, simplified."""
        return sp.factor(sp.simplify(self.step.after / self.step.before))

    def to_json(self) -> dict[str, Any]:
        """Plain data, certificate included."""
        step = self.step
        data: dict[str, Any] = {
            "before": str(step.before),
            "after": str(step.after),
            "relation": step.relation,
            "by": step.by.describe(),
            "source": step.source,
            "note": step.note,
            "status": str(self.status),
            "certificate": self.finding.certificate,
        }
        if self.status is not Status.PROVED:
            data["detail"], data["witness"] = self.finding.detail, self.finding.witness
            data["difference"], data["ratio"] = str(self.difference), str(self.ratio)
        return data


@dataclass(frozen=True)
class ProofReport:
    """What became of a derivation.

    Attributes
    ----------
    key : str
        The derivation's key.
    steps : tuple of StepReport
        In order.
    lemmas : tuple of ProofReport
        Of the side derivations.
    """

    key: str
    steps: tuple[StepReport, ...]
    lemmas: tuple[ProofReport, ...] = ()

    @property
    def all_steps(self) -> tuple[StepReport, ...]:
        """Steps of the side derivations, then its own."""
        return (*(step for lemma in self.lemmas for step in lemma.all_steps), *self.steps)

    @property
    def proved(self) -> bool:
        """Whether every step is, those of the side derivations included."""
        return not self.failures

    @property
    def failures(self) -> tuple[StepReport, ...]:
        """Steps that are not proved."""
        return tuple(report for report in self.all_steps if report.status is not Status.PROVED)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "key": self.key,
            "proved": self.proved,
            "steps": [report.to_json() for report in self.steps],
            "lemmas": [lemma.to_json() for lemma in self.lemmas],
        }


@dataclass(frozen=True)
class Derivation:
    """A chain of steps from a starting expression to a conclusion.

    Attributes
    ----------
    key : str
        Usually that of the statement that it derives.
    steps : tuple of Step
        Each begins where the one before ended.
    title : str
        For people.
    uses : tuple of str
        Keys of statements whose derived forms it rests on.
    meanings : mapping
        Symbol -> LaTeX of the quantity that it stands for (expectations, Gram products).
    lemmas : tuple of Derivation
        Side derivations that the main chain rests on; they must be proved too.
    """

    key: str
    steps: tuple[Step, ...]
    title: str = ""
    uses: tuple[str, ...] = ()
    meanings: Mapping[sp.Symbol, str] = field(default_factory=dict)
    lemmas: tuple[Derivation, ...] = ()

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError(f"Derivation({self.key!r}) has no steps")
        for number, (first, second) in enumerate(zip(self.steps, self.steps[1:], strict=False), start=1):
            if first.after != second.before and sp.simplify(first.after - second.before) != 0:
                raise ValueError(f"Derivation({self.key!r}): step {number + 1} does not begin where step {number} ends")
        if {"<=", ">="} <= {step.relation for step in self.steps}:
            raise ValueError(f"Derivation({self.key!r}) mixes <= and >=")

    @property
    def start(self) -> sp.Expr:
        """The first ``before``."""
        return self.steps[0].before

    @property
    def conclusion(self) -> sp.Expr:
        """The last ``after``."""
        return self.steps[-1].after

    @property
    def relation(self) -> str:
        """How start relates to conclusion."""
        return next((step.relation for step in self.steps if step.relation != "="), "=")

    @cached_property
    def _report(self) -> ProofReport:
        own = tuple(StepReport(step, step.by.prove(step.before, step.after, step.relation)) for step in self.steps)
        return ProofReport(self.key, own, tuple(lemma.check() for lemma in self.lemmas))

    def check(self) -> ProofReport:
        """Prove every step, those of the side derivations too (once; the report is kept)."""
        return self._report

    @property
    def proved(self) -> bool:
        """Whether every step is proved."""
        return self.check().proved

    def certificates(self) -> str:
        """All certificates as JSON, which :func:`byzbounds.bounds.checker.verify` accepts one by one."""
        return json.dumps([report.finding.certificate for report in self.check().all_steps])


class Chain:
    """Writes a derivation line by line; the right-hand sides that can be computed are.

    Parameters
    ----------
    key : str
        Key of the derivation.
    start : sympy expression
        Where it begins.
    title : str
        For people.
    """

    def __init__(self, key: str, start: sp.Expr, title: str = "") -> None:
        self.key, self.title = key, title
        self.now: sp.Expr = sp.sympify(start)
        self._steps: list[Step] = []

    def step(
        self,
        relation: str,
        after: sp.Expr,
        by: Reason,
        source: str = "",
        printed: sp.Expr | None = None,
        note: str = "",
    ) -> Chain:
        """Add ``now relation after``."""
        after = sp.sympify(after)
        self._steps.append(Step(self.now, after, relation, by, source, printed, note))
        self.now = after
        return self

    def equals(self, after: sp.Expr, by: Reason | None = None, **labels: Any) -> Chain:
        """Add ``now = after``, by algebra unless told."""
        return self.step("=", after, by or Algebra(), **labels)

    def at_most(self, after: sp.Expr, by: Reason, **labels: Any) -> Chain:
        """Add ``now <= after``."""
        return self.step("<=", after, by, **labels)

    def at_least(self, after: sp.Expr, by: Reason, **labels: Any) -> Chain:
        """Add ``now >= after``."""
        return self.step(">=", after, by, **labels)

    def define(self, given: Mapping[sp.Symbol, sp.Expr], why: str = "", **labels: Any) -> Chain:
        """Insert definitions or known values; the right-hand side is computed."""
        return self.step("=", self.now.subs(given), Algebra(given, why=why), **labels)

    def moments(self, values: Mapping[sp.Symbol, Expectation], why: str = "", **labels: Any) -> Chain:
        """Insert computed expectations; the right-hand side is computed."""
        reason = Moment(values, why=why)
        return self.step("=", reason.apply(self.now), reason, **labels)

    def bound(
        self,
        bounds: Mapping[sp.Symbol, sp.Expr],
        premise: str,
        shift: Shift | None = None,
        relation: str = "<=",
        **labels: Any,
    ) -> Chain:
        """Replace symbols by their upper bounds (lower bounds for ``>=``); the right-hand side is computed."""
        reason = Replace(bounds, premise, dict.fromkeys(bounds, relation), shift or {})
        return self.step(relation, reason.apply(self.now), reason, **labels)

    def simplify(self, after: sp.Expr | None = None, **labels: Any) -> Chain:
        """Rewrite; to the given form, else to a factored one."""
        return self.step("=", sp.factor(self.now) if after is None else after, Algebra(), **labels)

    def derivation(
        self,
        uses: tuple[str, ...] = (),
        meanings: Mapping[sp.Symbol, str] | None = None,
        lemmas: tuple[Derivation, ...] = (),
    ) -> Derivation:
        """The finished derivation."""
        return Derivation(self.key, tuple(self._steps), self.title, uses, meanings or {}, lemmas)


__all__ = [
    "Chain",
    "Derivation",
    "Finding",
    "ProofReport",
    "Shift",
    "Status",
    "Step",
    "StepReport",
    "refute",
    "resolve",
]

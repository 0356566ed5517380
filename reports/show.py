"""A statement for people: formulas, source, hypotheses, what it uses, its proof, how it was verified."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from ..bounds import Statement
from ..bounds.proof import Status, StepReport
from ..bounds.refined.improvements import IMPROVES, improved_by
from ..verify.runner import probes
from ..verify.verdict import Check
from .mathml import formula_latex, latex_of

_STYLE = {Status.PROVED: "green", Status.UNPROVED: "yellow", Status.DOES_NOT_FOLLOW: "red"}


def statement_latex(statement: Statement) -> str:
    """The statement as one LaTeX formula, in the form to rely on."""
    return formula_latex(statement.lhs, str(statement.relation), statement.formula)


def derivation_status(statement: Statement) -> str:
    """One line on the statement's derivation, replayed now."""
    if statement.derivation is None:
        return "no derivation: stated by its source"
    report = statement.derivation().check()
    proved = sum(step.status is Status.PROVED for step in report.steps)
    verdict = "PROVED" if report.proved else "NOT PROVED"
    return f"derivation {verdict}: {proved} of {len(report.steps)} steps have a certificate that the checker accepts"


def other_checks(statement: Statement) -> list[str]:
    """The checks besides the derivation that ``byzbounds verify KEY`` makes, one line each."""
    found = [probe for probe in probes() if probe.key == statement.key and probe.check is not Check.DERIVATION]
    return [f"{probe.check}" + (f" ({probe.label})" if probe.label else "") for probe in found]


def statement_record(statement: Statement, proof: bool = False) -> dict[str, Any]:
    """All that ``show`` shows, as JSON types."""
    record: dict[str, Any] = {
        "key": statement.key,
        "title": statement.title,
        "kind": str(statement.kind),
        "relation": str(statement.relation),
        "source": str(statement.source),
        "equations": list(statement.source.equations),
        "text": statement.text,
        "latex": statement_latex(statement),
        "printed": None if statement.printed is None else str(statement.printed),
        "derived": None if statement.derived is None else str(statement.derived),
        "symbols": [symbol.name for symbol in statement.symbols],
        "hypotheses": [
            {"text": h.text, "condition": None if h.condition is None else str(h.condition), "role": str(h.role)}
            for h in statement.hypotheses
        ],
        "uses": list(statement.uses),
        "improves": IMPROVES.get(statement.key),
        "improved_by": list(improved_by(statement.key)),
        "derivation": derivation_status(statement),
        "checks": other_checks(statement),
    }
    if proof:
        record["proof"] = None if statement.derivation is None else statement.derivation().check().to_json()
    return record


def _pretty(formula: sp.Basic) -> str:
    return str(sp.pretty(formula, use_unicode=True, wrap_line=False))


def _proof_lines(reports: tuple[StepReport, ...]) -> Iterator[Text | str]:
    for number, report in enumerate(reports, start=1):
        step = report.step
        head = Text(f"{number:>3}. ")
        head.append(str(report.status), style=_STYLE[report.status])
        head.append(f"  {step.by.describe()}")
        if step.source:
            head.append(f"  [{step.source}]", style="dim")
        yield head
        yield f"       {step.before}"
        yield f"    {step.relation:>2} {step.after}"
        if step.note:
            yield f"       ({step.note})"
        if step.printed is not None and sp.simplify(step.printed - step.after) != 0:
            yield Text(f"       printed: {step.printed}", style="yellow")
        if report.status is not Status.PROVED:
            yield Text(f"       difference: {report.difference}; ratio: {report.ratio}", style="red")
            yield Text(f"       {report.finding.detail} {report.finding.witness or ''}", style="red")


def show_statement(statement: Statement, *, proof: bool = False, console: Console | None = None) -> None:
    """Print a statement."""
    out = console or Console()
    out.print(f"[bold]{escape(statement.key)}[/bold]  {escape(statement.title)}")
    out.print(f"{statement.kind}, {escape(str(statement.source))}", style="dim")
    if statement.text:
        out.print(escape(statement.text))
    _section(out, "LaTeX", [statement_latex(statement)])
    if statement.lhs:
        _section(out, f"Left-hand side ({statement.relation})", [statement.lhs])
    if statement.printed is not None:
        _section(out, "As printed", _pretty(statement.printed).splitlines())
    if statement.derived is not None:
        _section(out, "As derived", _pretty(statement.derived).splitlines())
    if statement.hypotheses:
        _section(out, "Hypotheses", [_hypothesis(h.text, h.condition, str(h.role)) for h in statement.hypotheses])
    if statement.uses:
        _section(out, "Uses", [", ".join(statement.uses)])
    if statement.key in IMPROVES:
        _section(out, "Improves", [IMPROVES[statement.key]])
    if improved_by(statement.key):
        _section(out, "Improved by", [", ".join(improved_by(statement.key))])
    _section(out, "Verified by", [derivation_status(statement), *other_checks(statement)])
    if proof and statement.derivation is not None:
        derivation = statement.derivation()
        meanings = [f"{symbol.name}: {meaning}" for symbol, meaning in derivation.meanings.items()]
        if meanings:
            _section(out, "Where", meanings)
        out.print("\n[bold]Proof[/bold]")
        for line in _proof_lines(derivation.check().steps):
            out.print(line, soft_wrap=True, markup=False, highlight=False)


def _hypothesis(text: str, condition: sp.Basic | None, role: str) -> str:
    formula = "" if condition is None else f"  ({latex_of(condition)})"
    return f"- {text}{formula}" + ("  [the statement is vacuous without it]" if role == "condition" else "")


def _section(out: Console, title: str, lines: list[str]) -> None:
    out.print(f"\n[bold]{title}[/bold]")
    for line in lines:
        out.print(f"  {line}", soft_wrap=True, markup=False, highlight=False)

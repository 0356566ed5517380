"""Which numbered equation of which paper lives under which key, and how it is checked: computed from the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..bounds import Statement, statements

#: Numbered equations of each paper.
NUMBERED: Mapping[str, tuple[str, ...]] = {
    "LAD": tuple(str(number) for number in range(1, 71)),
    "CRA": tuple(str(number) for number in range(1, 53)),
}


@dataclass(frozen=True)
class Coverage:
    """One numbered equation.

    Attributes
    ----------
    paper, equation : str
        Which one.
    keys : tuple of str
        Statements that cover it, directly or as a step of their derivation.
    checks : tuple of str
        How, one entry a key.
    """

    paper: str
    equation: str
    keys: tuple[str, ...]
    checks: tuple[str, ...]


def how_checked(statement: Statement) -> str:
    """How a statement stands: proved steps, a decided claim, or a definition with nothing to prove."""
    found = []
    if statement.derivation is not None:
        report = statement.derivation().check()
        proved = sum(step.status == "PROVED" for step in report.steps)
        found.append(f"derived: {proved} of {len(report.steps)} steps certified")
    if statement.claim is not None:
        found.append(f"claim: {statement.claim.decide().truth}")
    if not found:
        found.append(f"stated ({statement.kind})")
    return "; ".join(found)


def _equations(statement: Statement) -> set[tuple[str, str]]:
    """Own equations, and those that steps of its derivation name, as ``LAD (40)`` does."""
    own = {(statement.source.paper, number) for number in statement.source.equations}
    if statement.derivation is None:
        return own
    for report in statement.derivation().check().steps:
        paper, _, rest = report.step.source.partition(" ")
        if paper in NUMBERED:
            own |= {(paper, number) for number in NUMBERED[paper] if f"({number})" in rest}
    return own


def coverage(of: Iterable[Statement] | None = None) -> tuple[Coverage, ...]:
    """Every numbered equation of both papers, in order.

    Parameters
    ----------
    of : iterable of Statement, optional
        Default: the whole catalogue.
    """
    where: dict[tuple[str, str], list[Statement]] = {}
    for statement in statements() if of is None else of:
        for equation in _equations(statement):
            where.setdefault(equation, []).append(statement)
    rows = []
    for paper, numbers in NUMBERED.items():
        for number in numbers:
            found = where.get((paper, number), [])
            keys = tuple(statement.key for statement in found)
            rows.append(Coverage(paper, number, keys, tuple(how_checked(statement) for statement in found)))
    return tuple(rows)


def missing(rows: Iterable[Coverage]) -> dict[str, tuple[str, ...]]:
    """Equations without a statement, by paper."""
    found: dict[str, list[str]] = {paper: [] for paper in NUMBERED}
    for row in rows:
        if not row.keys:
            found[row.paper].append(row.equation)
    return {paper: tuple(numbers) for paper, numbers in found.items()}


def coverage_markdown(rows: Iterable[Coverage] | None = None) -> str:
    """The table for ``docs/coverage.md``."""
    rows = coverage() if rows is None else tuple(rows)
    lines = ["# Coverage", ""]
    lines.append(
        "Computed from the catalogue: every numbered equation, the statements that hold it, and how each was checked."
    )
    for paper, numbers in NUMBERED.items():
        own = [row for row in rows if row.paper == paper]
        held = sum(bool(row.keys) for row in own)
        lines += ["", f"## {paper}", "", f"{held} of {len(numbers)} numbered equations.", ""]
        lines += ["| equation | statement | checked |", "| --- | --- | --- |"]
        for row in own:
            pairs = list(zip(row.keys, row.checks, strict=True)) or [("not in the catalogue", "")]
            lines += [f"| ({row.equation}) | {_code(key)} | {check} |" for key, check in pairs]
    return "\n".join(lines) + "\n"


def _code(key: str) -> str:
    return key if " " in key else f"`{key}`"

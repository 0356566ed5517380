"""From the catalogue, verdicts and figure data to what the page shows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bounds.refined.improvements import improved_by
from .claims import ClaimVerdict
from .figures import LITERAL, FigureData, get
from .mathml import formula_latex, latex_of, mathml
from .page import Download, FigureView, Image, OtherReading, StatementView, data_uri

if TYPE_CHECKING:
    from ..bounds import Statement

#: What an outcome says about the whole when several checks ran, strongest first.
STRENGTH = ("REFUTED", "HOLDS", "INCONCLUSIVE", "VACUOUS")

#: Longest formula, in characters of LaTeX, that a page shows unfolded in a browser without trouble.
LONGEST = 6000

#: Tables with more rows than this are left out of the page; their CSV file lies in ``figures/``.
EMBEDDED_ROWS = 4000

READING_TEXTS: dict[str, str] = {
    "literal": "the papers' words as they stand",
    "derived": "formulas as their own derivation yields them",
    "few-iterations": "fewer iterations than the literal reading, as neither paper gives their number",
    "fixed-identities": "the same devices are Byzantine in every iteration",
    "fixed-subsets": "a baseline's device computes the same subset in every iteration",
    "independent-subsets": "each of a baseline's devices draws its subset on its own, so that some are drawn twice",
    "deviation": "the second argument of N(0, s) is a standard deviation",
    "estimate-sum": "the step uses N times the aggregate, an estimate of the whole gradient",
    "trim-in-all": "the trimmed mean's parameter is the fraction trimmed off both sides together",
    "random-start": "the start is drawn from the standard normal law instead of zero",
    "balanced-allocation": "every device holds as many subsets and every subset is held as often as the others",
}


def overall(outcomes: Sequence[str]) -> str:
    """One outcome for a statement: a refutation outweighs all, then what holds; NOT CHECKED without a check."""
    return next((outcome for outcome in STRENGTH if outcome in outcomes), "NOT CHECKED")


def statement_view(statement: Statement, verdicts: Sequence[Mapping[str, Any]]) -> StatementView:
    """A statement with its formulas as MathML and its checks among the verdicts."""
    own = [row for row in verdicts if row["key"] == statement.key]
    relation = str(statement.relation)
    formulas = []
    if statement.printed is not None:
        formulas.append(_formula("", statement.lhs, relation, statement.printed))
    if statement.derived is not None and statement.derived != statement.printed:
        label = "as derived:" if statement.printed is not None else ""
        formulas.append(_formula(label, statement.lhs, relation, statement.derived))
    if not formulas and statement.lhs:
        formulas.append({"label": "", "mathml": mathml(statement.lhs)})
    checks = [{"check": row["check"], "outcome": row["outcome"], "points": row["points"]} for row in own]
    return StatementView(
        key=statement.key,
        title=statement.title,
        source=str(statement.source),
        paper=statement.source.paper,
        kind=str(statement.kind),
        outcome=overall([str(row["outcome"]) for row in own]),
        text=statement.text,
        formulas=formulas,
        hypotheses=[{"text": h.text, "condition": str(h.role) == "condition"} for h in statement.hypotheses],
        checks=checks,
        uses=statement.uses,
        improved_by=improved_by(statement.key),
        steps=_steps(statement),
    )


def erratum_view(row: Mapping[str, Any]) -> dict[str, Any]:
    """An erratum whose forms are MathML where they are a statement's own formulas, else the text as it is."""
    from ..bounds import get as statement_named

    statement = statement_named(row["key"])
    known = {str(form): form for form in (statement.printed, statement.derived) if form is not None}
    shown_forms = {
        side: mathml(latex_of(known[row[side]]), block=False) if row[side] in known else row[side]
        for side in ("printed", "derived")
    }
    return {**row, **shown_forms}


def _formula(label: str, lhs: str, relation: str, formula: Any) -> dict[str, Any]:
    return {"label": label, "mathml": mathml(formula_latex(lhs, relation, formula))}


def _steps(statement: Statement) -> list[dict[str, Any]]:
    if statement.derivation is None:
        return []
    derivation = statement.derivation()
    names = derivation.meanings
    rows = []
    for step in derivation.steps:
        sign = {"<=": r"\le", ">=": r"\ge"}.get(step.relation, "=")
        latex = f"{latex_of(step.before, names)} {sign} {latex_of(step.after, names)}"
        shown = mathml(latex) if len(latex) <= LONGEST else mathml(rf"\text{{(a formula of {len(latex)} characters)}}")
        by = ", ".join(part for part in (step.by.describe(), step.source, step.note) if part)
        rows.append({"by": by, "mathml": shown, "outcome": ""})
    return rows


def image(path: Path, alt: str) -> Image:
    """A picture file (SVG or PNG) as it stands in the page.

    Raises
    ------
    ValueError
        If an SVG file has no size.
    """
    payload = path.read_bytes()
    if path.suffix == ".png":
        width, height = (int.from_bytes(payload[at : at + 4], "big") for at in (16, 20))
        return Image(data_uri(payload, "image/png"), alt, width // 2, height // 2)
    head = payload[:2000].decode("utf-8", "replace")
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', head)
    if size is None:
        raise ValueError(f"image: {path.name} has no viewBox")
    width, height = (round(float(part) * 4 / 3) for part in size.groups())
    return Image(data_uri(payload, "image/svg+xml"), alt, width, height)


def figure_view(
    name: str, by_reading: Mapping[str, FigureData], folder: Path, claims: Sequence[ClaimVerdict], preset: str
) -> FigureView:
    """A figure under all its readings, the first one large."""
    module = get(name)
    readings = list(by_reading)
    first, *others = readings
    alt = f"{module.SOURCE}: {module.TITLE}. {module.CAPTION}"
    data = by_reading[first]
    own = [verdict for verdict in claims if verdict.figure == name]
    return FigureView(
        name=name,
        title=module.TITLE,
        source=module.SOURCE,
        caption=module.CAPTION,
        image=image(folder / f"{stem(name, first)}.svg", alt),
        parameters={key: shown(value) for key, value in data.parameters.items()},
        replay=_replay(name, data, preset),
        downloads=_downloads(name, first, data),
        others=[
            OtherReading(r, READING_TEXTS.get(r, r), image(folder / f"{stem(name, r)}.svg", f"{alt} Reading: {r}."))
            for r in others
        ],
        claims=_claim_rows(own, readings),
        claim_readings=readings,
    )


def stem(name: str, reading: str) -> str:
    """File name, without extension, of a figure under a reading."""
    return name if reading == LITERAL else f"{name}.{reading}"


def shown(value: Any) -> str:
    """A parameter as one would type it on the command line."""
    if isinstance(value, list | tuple):
        return ",".join(shown(entry) for entry in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _replay(name: str, data: FigureData, preset: str) -> str:
    module = get(name)
    changed = {k: v for k, v in data.parameters.items() if k in module.PARAMETERS and v != module.PARAMETERS[k]}
    words = ["byzbounds figure", name, *(f"{key}={shown(value)}" for key, value in changed.items())]
    lines = [" ".join([*words, "--out", f"{name}.png"])]
    if module.CLAIMS:
        lines.append(f"byzbounds verify --claims {name} --preset {preset}")
    return "\n".join(lines)


def _downloads(name: str, reading: str, data: FigureData) -> list[Download]:
    found = []
    for table_name, table in data.tables.items():
        if len(table) <= EMBEDDED_ROWS:
            file = f"{stem(name, reading)}.{table_name}.csv"
            found.append(Download(file, data_uri(table.to_csv().encode(), "text/csv;charset=utf-8")))
    return found


def _claim_rows(claims: Sequence[ClaimVerdict], readings: Sequence[str]) -> list[dict[str, Any]]:
    by_key: dict[str, dict[str, ClaimVerdict]] = {}
    for verdict in claims:
        by_key.setdefault(verdict.key, {})[verdict.reading] = verdict
    rows = []
    for key, found in by_key.items():
        some = next(iter(found.values()))
        cells = [
            {"outcome": str(found[r].outcome), "effect": found[r].effect, "p": _deciding_p(found[r])}
            if r in found
            else None
            for r in readings
        ]
        rows.append({"key": key, "text": some.text, "cells": cells})
    return rows


def _deciding_p(verdict: ClaimVerdict) -> float | None:
    if verdict.p_support is None or verdict.p_against is None:
        return None
    return min(verdict.p_support, verdict.p_against)

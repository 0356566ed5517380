"""The HTML page: one file that needs no network, rendered from plain data."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .claims import LEVEL, ClaimOutcome

TEMPLATES = Path(__file__).with_name("templates")

if TYPE_CHECKING:
    from markupsafe import Markup

#: How many entries a block of the summary shows before it folds the rest.
SHOWN = 8

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Image:
    """A picture inside the page.

    Attributes
    ----------
    src : str
        A ``data:`` address.
    alt : str
        What it shows, for those who do not see it.
    width, height : int
        In CSS pixels.
    """

    src: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class Download:
    """A file inside the page: its name and its ``data:`` address."""

    name: str
    href: str


@dataclass(frozen=True)
class OtherReading:
    """The same figure under another reading of the paper."""

    reading: str
    text: str
    image: Image


@dataclass(frozen=True)
class FigureView:
    """A figure with everything that stands around it."""

    name: str
    title: str
    source: str
    caption: str
    image: Image
    parameters: Row
    replay: str
    downloads: Sequence[Download] = ()
    others: Sequence[OtherReading] = ()
    claims: Sequence[Row] = ()
    claim_readings: Sequence[str] = ()

    @property
    def disagree(self) -> bool:
        """Whether some claim gets different verdicts under different readings."""
        return any(len({cell["outcome"] for cell in row["cells"] if cell}) > 1 for row in self.claims)


@dataclass(frozen=True)
class StatementView:
    """A statement of the catalogue with its checks; formulas are MathML."""

    key: str
    title: str
    source: str
    paper: str
    kind: str
    outcome: str
    text: str = ""
    formulas: Sequence[Row] = ()
    hypotheses: Sequence[Row] = ()
    checks: Sequence[Row] = ()
    uses: Sequence[str] = ()
    improved_by: Sequence[str] = ()
    steps: Sequence[Row] = ()


@dataclass(frozen=True)
class Content:
    """All that a page shows.

    Attributes
    ----------
    provenance : mapping
        ``versions``, ``preset``, ``seed``, ``started``, ``finished``, ``wall_time_s``, ``command``, ``machine``,
        ``fingerprint``, ``parts``.
    verdicts, claims, errata : sequence of mapping
        Rows as the command line prints them with ``--json``.
    ways : sequence of mapping
        From :func:`byzbounds.verify.how_verified`.
    worst_cases : sequence of mapping
        From :func:`~.worst_cases.rows`.
    missing : sequence of mapping
        ``name`` and ``reason`` of parts that failed: they are shown, not hidden.
    """

    title: str
    provenance: Row
    statements: Sequence[StatementView] = ()
    verdicts: Sequence[Row] = ()
    claims: Sequence[Row] = ()
    figures: Sequence[FigureView] = ()
    errata: Sequence[Row] = ()
    ways: Sequence[Row] = ()
    worst_cases: Sequence[Row] = ()
    readings: Mapping[str, str] = field(default_factory=dict)
    missing: Sequence[Row] = ()


def data_uri(payload: bytes, media_type: str) -> str:
    """A ``data:`` address holding the payload."""
    return f"data:{media_type};base64,{base64.b64encode(payload).decode('ascii')}"


def number(value: Any) -> str:
    """Three significant digits for people; strings pass, None is a dash."""
    if value is None or value == "":
        return "–"
    if isinstance(value, str):
        return _short(value)
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e6):
        return str(int(value))
    return f"{value:.3g}"


def _short(text: str) -> str:
    """A text of at most 12 characters; longer fractions become decimals."""
    if len(text) <= 12:
        return text
    try:
        return f"{float(Fraction(text)):.6g}"
    except (ValueError, ZeroDivisionError, OverflowError):
        return text[:11] + "…"


def render(content: Content) -> str:
    """The page as one string of HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=False
    )
    environment.filters["number"] = number
    environment.filters["prose"] = _prose
    environment.filters["pretty"] = lambda value: json.dumps(value, indent=1, default=str)
    template = environment.get_template("page.html.j2")
    return template.render(
        **vars(content),
        css=Markup((TEMPLATES / "page.css").read_text("utf-8")),
        js=Markup((TEMPLATES / "page.js").read_text("utf-8")),
        level=f"{LEVEL:.0%}",
        summary={"tiles": _tiles(content), "blocks": _blocks(content)},
        claim_outcomes=[str(outcome) for outcome in ClaimOutcome],
        claim_readings=_values(content.claims, "reading"),
        claim_figures=_values(content.claims, "figure"),
        statement_outcomes=_distinct(s.outcome for s in content.statements),
        papers=_distinct(s.paper for s in content.statements),
        kinds=_distinct(s.kind for s in content.statements),
        verdict_outcomes=_values(content.verdicts, "outcome"),
        checks=_values(content.verdicts, "check"),
        errata_effects=_values(content.errata, "effect"),
        ways_checks=_distinct(check for row in content.ways for check in row["checks"]),
        ways_counts=_values(content.ways, "ways"),
    )


def _prose(text: str) -> Markup:
    """Plain text with its back-quoted parts as code."""
    from markupsafe import Markup, escape

    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _values(rows: Sequence[Row], name: str) -> list[Any]:
    return sorted({str(row[name]) for row in rows})


def _tiles(content: Content) -> list[Row]:
    statements = [s.outcome for s in content.statements]
    claims = [str(row["outcome"]) for row in content.claims]
    tiles = [
        (statements.count("HOLDS"), "statements hold"),
        (statements.count("REFUTED"), "statements refuted"),
        (statements.count("VACUOUS"), "vacuous wherever checked"),
        (statements.count("NOT CHECKED"), "without a check in this run"),
        *_in_two_ways(content),
        (len(content.errata), "errata found"),
        *_beyond(content),
        (claims.count("HOLDS"), "claim tests hold"),
        (claims.count("DOES NOT HOLD"), "claim tests do not hold"),
        (claims.count("UNDECIDED"), "claim tests undecided"),
        (len(content.figures), "figures"),
    ]
    return [{"count": count, "label": label} for count, label in tiles]


def _in_two_ways(content: Content) -> list[tuple[int, str]]:
    """Only where statements were checked."""
    checked = [row for row in content.ways if not row["nothing_to_check"]]
    count = sum(row["ways"] >= 2 for row in checked)
    return [(count, f"of {len(checked)} statements decided in two or more ways")] if checked else []


def _beyond(content: Content) -> list[tuple[int, str]]:
    """Only where worst cases were searched for."""
    refuted = sum(row["outcome"] == "REFUTED" for row in content.worst_cases)
    return [(refuted, "robustness constants exceeded by messages")] if content.worst_cases else []


def _blocks(content: Content) -> list[Row]:
    def block(title: str, entries: list[Row], none: str) -> Row:
        return {"title": title, "entries": entries, "none": none, "shown": SHOWN}

    refuted = [*_statements(content, "REFUTED"), *_claims(content, "DOES NOT HOLD")]
    return [
        block("What does not hold", refuted, "Nothing was refuted."),
        block("What is vacuous", _vacuous(content), "No hypothesis failed where it was checked."),
        block("What holds", [*_statements(content, "HOLDS"), *_claims(content, "HOLDS")], "Nothing yet."),
        block(
            "Undecided",
            [*_statements(content, "INCONCLUSIVE"), *_claims(content, "UNDECIDED")],
            "Everything was decided.",
        ),
    ]


def _statements(content: Content, outcome: str) -> list[Row]:
    return [
        {"key": s.key, "href": f"#statement-{s.key}", "text": f"{s.title} ({s.source})"}
        for s in content.statements
        if s.outcome == outcome
    ]


def _vacuous(content: Content) -> list[Row]:
    """Statements with a point at which a condition failed: the papers' before our own, the most affected first."""
    own = {s.key for s in content.statements if s.paper == "byzbounds"}
    failing: dict[str, tuple[int, int]] = {}
    for row in content.verdicts:
        if row["vacuous"]:
            vacuous, points = failing.get(row["key"], (0, 0))
            failing[row["key"]] = (
                vacuous + row["vacuous"],
                points + row["vacuous"] + row["points"] * (row["outcome"] != "VACUOUS"),
            )
    order = sorted(failing.items(), key=lambda entry: (entry[0] in own, -entry[1][0] / max(1, entry[1][1])))
    return [
        {"key": key, "href": f"#statement-{key}", "text": f"says nothing at {vacuous} of {points} points checked"}
        for key, (vacuous, points) in order
    ]


def _claims(content: Content, outcome: str) -> list[Row]:
    """Claims with this outcome under the first of their readings, and how many readings agree."""
    by_key: dict[str, list[Row]] = {}
    for row in content.claims:
        by_key.setdefault(str(row["key"]), []).append(row)
    found: list[Row] = []
    for key, rows in by_key.items():
        if rows[0]["outcome"] == outcome:
            agree = sum(row["outcome"] == outcome for row in rows)
            note = "" if len(rows) == 1 else f" (in {agree} of {len(rows)} readings)"
            found.append({"key": key, "href": f"#figure-{rows[0]['figure']}", "text": f"{rows[0]['text']}{note}"})
    return found

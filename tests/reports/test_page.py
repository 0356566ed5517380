"""The page is one file that needs no network, escapes what it shows, and hides nothing that failed."""

from __future__ import annotations

import dataclasses
import html.parser
import math
import re
from typing import Any

import pytest

from byzbounds.reports import page
from byzbounds.reports.mathml import formula_latex, mathml
from byzbounds.reports.page import Content, Download, FigureView, Image, StatementView, data_uri, number, render

PNG = data_uri(b"\x89PNG", "image/png")
PROVENANCE: dict[str, Any] = {
    "preset": "quick",
    "seed": 0,
    "started": "2026-01-01 00:00:00 UTC",
    "finished": "2026-01-01 00:01:00 UTC",
    "wall_time_s": 60.0,
    "versions": {"byzbounds": "0", "python": "3"},
    "command": "byzbounds report",
    "machine": "a machine",
    "fingerprint": "0123",
    "parts": {"statements": 1.5},
}


def verdict(key: str, outcome: str, **more: Any) -> dict[str, Any]:
    row = {"key": key, "check": "exact enumeration", "outcome": outcome, "lhs": 1.0, "rhs": "3/4", "slack": -0.25}
    return {**row, "samples": 10, "points": 3, "vacuous": 0, "detail": "", "counterexample": None, **more}


def ways(key: str, count: int, checks: dict[str, str]) -> dict[str, Any]:
    row = {"key": key, "title": "", "source": "X", "kind": "lemma", "checks": checks, "ways": count}
    return {**row, "points": 3, "vacuous": 1, "nothing_to_check": False}


def claim(key: str, outcome: str, reading: str = "literal") -> dict[str, Any]:
    row = {"key": key, "figure": "lad.fig4", "reading": reading, "outcome": outcome, "effect": 0.1, "effect_size": 1.0}
    more = {
        "p_support": 0.01,
        "p_against": 1.0,
        "samples": 20,
        "weakest": "a below b",
        "text": "A beats B",
        "source": "X",
    }
    return {**row, **more}


CONTENT = Content(
    title="A report",
    provenance=PROVENANCE,
    statements=(
        StatementView(
            "x.lemma1",
            "First",
            "X Lemma 1",
            "X",
            "lemma",
            "HOLDS",
            formulas=[{"label": "", "mathml": mathml(r"a \le \frac{b}{c}")}],
        ),
        StatementView("x.lemma2", "Second", "X Lemma 2", "X", "lemma", "REFUTED"),
        StatementView("x.def", "Third", "X", "X", "definition", "NOT CHECKED"),
    ),
    verdicts=(
        verdict("x.lemma1", "HOLDS", vacuous=2),
        verdict("x.lemma2", "REFUTED", counterexample={"N": 3}, detail="<script>alert(1)</script>"),
    ),
    ways=(
        ways("x.lemma1", 2, {"derivation": "HOLDS", "exact enumeration": "HOLDS"}),
        ways("x.lemma2", 1, {"exact enumeration": "REFUTED"}),
        {**ways("x.def", 0, {}), "nothing_to_check": True},
    ),
    claims=(
        claim("lad.fig4.a", "HOLDS"),
        claim("lad.fig4.a", "DOES NOT HOLD", "other"),
        claim("lad.fig4.b", "UNDECIDED"),
    ),
    figures=(
        FigureView(
            "lad.fig4",
            "Curves",
            "X Fig. 4",
            "A caption",
            Image(PNG, "curves", 640, 420),
            {"N": "100"},
            "byzbounds figure",
            downloads=(Download("lad.fig4.csv", data_uri(b"a,b\n", "text/csv")),),
        ),
    ),
    errata=(
        {"key": "x.lemma2", "source": "X (2)", "effect": "misprint", "printed": "N", "derived": "H", "evidence": "e"},
    ),
    readings={"literal": "as it stands"},
    missing=({"name": "lad.fig5a (literal)", "reason": "ValueError: no"},),
)


@pytest.fixture(scope="module")
def text() -> str:
    return render(CONTENT)


class _Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.identifiers: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.addresses += [values[name] or "" for name in ("href", "src") if name in values]
        self.identifiers += [values["id"] or ""] if "id" in values else []
        if tag not in ("meta", "link", "img", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(text: str) -> _Links:
    links = _Links()
    links.feed(text)
    return links


def test_nothing_is_loaded_from_elsewhere(text: str) -> None:
    assert all(address.startswith(("#", "data:")) for address in parsed(text).addresses)
    assert "@import" not in text
    assert not re.search(r"url\((?!data:)", text)


def test_elements_are_closed_and_inner_links_lead_somewhere(text: str) -> None:
    links = parsed(text)
    assert links.open == []
    assert len(set(links.identifiers)) == len(links.identifiers)
    targets = {address[1:] for address in links.addresses if address.startswith("#")}
    assert targets <= set(links.identifiers)


def test_what_was_found_is_escaped(text: str) -> None:
    assert "<script>alert(1)</script>" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_formulas_are_mathml(text: str) -> None:
    assert "<mfrac>" in text
    assert "<math" in text


def test_failed_parts_are_named(text: str) -> None:
    assert "lad.fig5a (literal)" in text
    assert "ValueError: no" in text
    assert "could not be computed" not in render(dataclasses.replace(CONTENT, missing=()))


def test_summary_counts_and_comes_first(text: str) -> None:
    assert re.search(r"<b>1</b>statements hold", text)
    assert re.search(r"<b>1</b>statements refuted", text)
    assert re.search(r"<b>1</b>claim tests do not hold", text)
    order = [
        text.index(f'<section id="{name}">') for name in ("summary", "figures", "claims", "statements", "verdicts")
    ]
    assert order == sorted(order)
    assert "says nothing at 2 of 5 points checked" in text
    assert "(in 1 of 2 readings)" in text


def test_definitions_without_a_check_are_no_open_questions(text: str) -> None:
    summary = text[text.index('id="summary"') : text.index('id="figures"')]
    assert "x.def" not in summary


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (0.123456, "0.123"),
        (3.0, "3"),
        (7, "7"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "–"),
        (1e-12, "1e-12"),
        ("3/4", "3/4"),
        ("x" * 30, "x" * 11 + "…"),
        ("1234567891011/1234567891011000", "0.001"),
    ],
)
def test_numbers_are_short(value: Any, shown: str) -> None:
    assert number(value) == shown


def test_latex_that_cannot_be_converted_is_shown_as_it_is() -> None:
    assert "&lt;" in mathml(r"\left( a < \begin{unknown}")


def test_every_statement_of_the_catalogue_becomes_mathml() -> None:
    from byzbounds.bounds import statements

    for statement in statements():
        rendered = mathml(formula_latex(statement.lhs, str(statement.relation), statement.printed))
        assert rendered.startswith("<math") or not statement.lhs, (statement.key, rendered[:200])


def test_templates_are_packaged() -> None:
    assert {path.name for path in page.TEMPLATES.iterdir()} == {"page.html.j2", "parts.html.j2", "page.css", "page.js"}


def test_a_table_says_how_each_statement_was_verified() -> None:
    text = render(CONTENT)
    table = text[text.index('id="ways-table"') :]
    table = table[: table.index("</table>")]
    assert table.count("<tr data-ways") == 3
    assert re.search(r"<th>Derivation</th><th>Exact enumeration</th><th>Ways</th>", table)
    assert "<b>1</b>of 2 statements decided in two or more ways" in text
    assert "ways-table" not in render(dataclasses.replace(CONTENT, ways=()))

"""The coverage table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from byzbounds.bounds import get
from byzbounds.reports.coverage import NUMBERED, coverage, coverage_markdown, how_checked, missing


def test_rows_come_from_the_statements_given() -> None:
    rows = coverage([get("cra.lemma1"), get("cra.phi1")])
    by_number = {row.equation: row for row in rows if row.paper == "CRA"}
    assert by_number["12"].keys == ("cra.lemma1",)
    assert by_number["17"].keys == ("cra.phi1",)
    assert by_number["1"].keys == ()
    assert len(rows) == sum(map(len, NUMBERED.values()))


def test_what_is_missing_is_listed() -> None:
    left = missing(coverage([get("cra.lemma1")]))
    assert "13" in left["CRA"]
    assert "12" not in left["CRA"]
    assert len(left["LAD"]) == 70


def test_a_broken_derivation_does_not_count_as_certified() -> None:
    good, other = get("cra.lemma1"), get("cra.rho1")
    assert "of" in how_checked(good)
    steps = other.derivation().steps
    wrong = replace(steps[-1], after=2 * steps[-1].after)
    broken = replace(other.derivation(), steps=(*steps[:-1], wrong))
    shown = how_checked(replace(other, derivation=lambda: broken))
    total = len(broken.check().steps)
    assert f"{total - 1} of {total}" in shown


def test_claims_and_definitions_say_what_they_are() -> None:
    assert how_checked(get("cra.remark1.full")) == "claim: TRUE"
    assert how_checked(get("cra.definition1")) == "stated (definition)"


def test_markdown_has_one_line_an_entry() -> None:
    text = coverage_markdown(coverage([get("cra.lemma1")]))
    assert "| (12) | `cra.lemma1` | derived:" in text
    assert "| (13) | not in the catalogue |" in text


@pytest.mark.slow
def test_no_numbered_equation_is_missing() -> None:
    assert missing(coverage()) == {"LAD": (), "CRA": ()}

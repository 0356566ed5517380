"""Worst cases on the report's page and in the documentation."""

from __future__ import annotations

import dataclasses
import math

import pytest

from byzbounds.reports.page import Content, render
from byzbounds.reports.worst_cases import page, rows, search
from byzbounds.verify.adversary.archive import dump
from byzbounds.verify.adversary.grid import grid, jobs

PROVENANCE = {
    "versions": {"byzbounds": "0"}, "preset": "quick", "seed": 0, "started": "", "finished": "", "wall_time_s": 0.0,
    "command": "", "machine": "", "fingerprint": "", "parts": {},
}  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return rows(search("quick", store=tmp_path_factory.mktemp("report") / "worst-cases.jsonl"))


def test_smallest_refuting_case_is_shown(found):
    row = next(row for row in found if (row["rule"], row["dim"]) == ("median", 1))
    assert (row["outcome"], row["n"], row["f"]) == ("REFUTED", 5, 1)
    assert row["source"] == "cra.table1.median"
    assert row["replay"] == "byzbounds worst-case median --n 5 --f 1 --norm max --dim 1"
    assert row["witness"] == "honest 2 x (-1); 2 x (1); Byzantine 1 x (1)"


def test_constants_that_stand_are_shown_after_those_that_fall(found):
    outcomes = [row["outcome"] for row in found]
    assert outcomes == sorted(outcomes, key=lambda outcome: outcome != "REFUTED")
    assert all(row["outcome"] == "HOLDS" for row in found if row["rule"] == "cwtm")


def test_rule_without_a_constant_reaches_infinity(found):
    assert {row["reached"] for row in found if row["rule"] == "krum:neighbours=2"} == {math.inf}


def test_page_shows_them(found):
    text = render(Content(title="t", provenance=PROVENANCE, worst_cases=found))
    assert 'id="worst-cases"' in text
    assert "byzbounds worst-case median --n 5 --f 1 --norm max --dim 1" in text
    assert "robustness constants exceeded by messages" in text
    assert "worst-cases" not in render(dataclasses.replace(Content(title="t", provenance=PROVENANCE)))


def test_documentation_page(tmp_path):
    archive = tmp_path / "archive.json"
    dump(grid(jobs(("median", "mean", "cwtm"), ((5, 1), (7, 2)))), archive)
    text = page(archive)
    assert "| median | C_α² | `cra.table1.median` | 1 | 2 of 2 sizes | n = 5, f = 1 | 0.78125 | 1 |" in text
    assert "| mean | 2 | 2 sizes |" in text
    assert "| cwtm | 0.333 | 0.667 |" in text


def test_documentation_page_does_not_trust_the_archive(tmp_path):
    """A file in which the messages of a refutation were changed yields a page without that refutation."""
    archive = tmp_path / "archive.json"
    dump(grid(jobs(("median",), ((5, 1),), ("max",))), archive)
    good = archive.read_text("utf-8")
    assert "n = 5, f = 1" in page(archive)
    archive.write_text(good.replace('"byzantine":[[1,["1"]]]', '"byzantine":[[1,["0"]]]'), "utf-8")
    assert archive.read_text("utf-8") != good
    assert "n = 5, f = 1" not in page(archive)

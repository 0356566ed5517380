"""Grids resume, and conjectures are held against them."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest

from byzbounds.verify.adversary.closed_forms import CONJECTURES, Conjecture, agreement, conjectures_markdown
from byzbounds.verify.adversary.grid import (
    RULES,
    grid,
    jobs,
    markdown,
    refutations_markdown,
    run_job,
    smallest_refutation,
)
from byzbounds.verify.adversary.subjects import subject


def test_grid_resumes(tmp_path):
    work = jobs(("cwtm", "median"), ((5, 1),), ("mean", "max"))
    assert len(work) == 6
    store = tmp_path / "grid.jsonl"
    first = grid(work[:3], store)
    with store.open("a", encoding="utf-8") as file:
        file.write('{"job": ["cwtm", 5')
    seen = []
    records = grid(work, store, progress=lambda done, total: seen.append((done, total)))
    assert records[:3] == first
    assert seen == [(4, 6), (5, 6), (6, 6)]
    assert grid(work, store, progress=lambda *_: pytest.fail("nothing is left to do")) == records


def test_refused_sizes_are_recorded():
    record = run_job(("krum-blanchard", 5, 2, "mean", None, 0, False))
    assert "n >= 7" in record["refused"]
    assert "krum-blanchard" not in markdown([record])


def test_table_shows_refutations():
    records = grid(jobs(("median",), ((5, 1), (7, 1)), ("max",)))
    assert "| median | C_alpha^2 | 1 | 5 | 1 | 0.78125 | 1 | 2 x (-1); 2 x (1) | 1 x (1) |" in refutations_markdown(
        records
    )
    assert [record["dim"] for record in records] == [1, None, 1, None]
    table = markdown(records)
    assert "REFUTED" in table
    assert "| median | 5 | 1 | C_alpha^2 | 1 | 1 | exact |" in table


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_of_the_grid_exists(rule):
    assert subject(rule, 11, 2).n == 11


def test_rules_with_too_many_subsets_are_left_out():
    assert jobs(("mda",), ((20, 2),))
    assert not jobs(("mda",), ((20, 8),))


def test_smallest_refutation():
    bracket = smallest_refutation("median", "max", 1)
    assert (bracket.n, bracket.f, bracket.lower) == (5, 1, 1)
    assert smallest_refutation("cwtm", "mean", largest=7) is None


def test_conjectures_stand_and_wrong_ones_fall():
    records = grid(jobs(("nnm+cwtm",), ((3, 1), (4, 1)), ("mean",)))
    conjecture = next(one for one in CONJECTURES if (one.rule, one.norm) == ("nnm+cwtm", "mean"))
    found = agreement(conjecture, records)
    assert found.standing
    assert (found.points, found.reached) == (2, 2)
    small = Conjecture("nnm+cwtm", "mean", "too small", lambda n, f: Fraction(f, n - 2 * f), lambda n, f: n > 2 * f)
    assert agreement(small, records).exceeded == ((3, 1), (4, 1))
    large = dataclasses.replace(small, value=lambda n, f: Fraction(9 * f, n - 2 * f))
    assert not agreement(large, records).standing
    assert "4f / (n - 2f)" in conjectures_markdown(records)

"""The archived grid is replayed, not trusted: every refuting witness in it is evaluated again."""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest
import sympy as sp

from byzbounds.verify.adversary.archive import compact, confirmed, dump, load, refutations
from byzbounds.verify.adversary.grid import grid, jobs, smaller
from byzbounds.verify.adversary.hunt import evaluate_again
from byzbounds.verify.adversary.subjects import subject
from byzbounds.verify.adversary.unbounded import growth
from byzbounds.verify.adversary.witness import Witness
from byzbounds.verify.verdict import Outcome

ARCHIVE = Path(__file__).parents[2] / "docs" / "data" / "worst_cases.json"
ENTRIES = load(ARCHIVE)
WITNESSED = [entry for entry in ENTRIES if entry.witness is not None]


def test_archive_is_a_full_grid_in_a_small_file():
    assert ARCHIVE.stat().st_size < 300_000
    assert max(entry.n for entry in ENTRIES) == 100
    assert len({entry.rule for entry in ENTRIES}) > 25


@pytest.mark.parametrize("rule", sorted({entry.rule for entry in WITNESSED}))
def test_every_archived_witness_is_what_it_says(rule):
    """The ratio that is claimed comes out again exactly; without a claimed one, it grows along a family."""
    for entry in WITNESSED:
        if entry.rule != rule:
            continue
        if entry.lower is None:
            found = growth(partial(evaluate_again, subject(rule, entry.n, entry.f)), entry.witness, entry.norm)
            assert found is not None, entry.command
            assert found.power > 1.9
        else:
            assert entry.replay() == entry.lower, entry.command
        if entry.constant is not None:
            assert confirmed(entry), entry.command


def test_every_refutation_is_shown_with_its_messages():
    shown = {(one.entry.rule, one.entry.norm, one.entry.dim) for one in refutations(ENTRIES)}
    refuted = {(e.rule, e.norm, e.dim) for e in ENTRIES if e.verdict is Outcome.REFUTED}
    assert shown == refuted
    assert ("median", "max", 1) in shown


def test_no_archived_lower_end_exceeds_what_is_proved():
    for entry in ENTRIES:
        bound = entry.bound
        if bound is not None and bound.value is not None:
            assert entry.lower is not None
            assert float(entry.lower) <= float(sp.N(bound.value)) * (1 + 1e-9), entry.command


def test_corrupted_messages_refute_nothing():
    entry = next(entry for entry in WITNESSED if (entry.rule, entry.dim) == ("median", 1))
    assert confirmed(entry)
    honest, far = entry.witness.honest, tuple(tuple(-x for x in vector) for vector in entry.witness.byzantine)
    halves = tuple((z[0] + (-1) ** i * Fraction(9, 10),) for i, z in enumerate(honest))
    for broken in (Witness(halves, far), Witness((honest[0],) * len(honest), far), Witness(honest[1:], far)):
        assert not confirmed(dataclasses.replace(entry, witness=broken))
    assert not confirmed(dataclasses.replace(entry, witness=None))
    with pytest.raises(ValueError, match="without its messages"):
        dataclasses.replace(entry, witness=None).replay()


def test_grid_is_archived_and_read_back(tmp_path):
    records = grid(jobs(("median", "cwtm", "cwtm:trim=1"), ((5, 2), (8, 2)), ("max",)))
    records += smaller(records)
    dump(records, tmp_path / "archive.json")
    assert json.loads((tmp_path / "archive.json").read_text("utf-8")) == compact(records)
    entries = load(tmp_path / "archive.json")
    assert len(entries) == len(records)
    found = {(one.entry.rule, one.entry.dim): one.entry for one in refutations(entries)}
    assert (found["median", 1].n, found["median", 1].f, found["median", 1].lower) == (5, 1, 1)
    assert found["cwtm:trim=1", None].lower is None
    assert found["median", 1].command == "byzbounds worst-case median --n 5 --f 1 --norm max --dim 1"

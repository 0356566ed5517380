"""Grids resume, conjectures are held against them, and statements are put to the search."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest
import sympy as sp

from byzbounds.bounds.cra import table1
from byzbounds.bounds.robustness import STATEMENTS
from byzbounds.verify.adversary.closed_forms import CONJECTURES, Conjecture, agreement, conjectures_markdown
from byzbounds.verify.adversary.grid import COSTLY, RULES, grid, jobs, markdown, run_job, smallest_refutation
from byzbounds.verify.adversary.probes import EXACT_SIZES, PROBES, TARGETS, check_rule_constant
from byzbounds.verify.adversary.subjects import subject
from byzbounds.verify.probe import Settings
from byzbounds.verify.verdict import Outcome

BY_KEY = {statement.key: statement for statement in (*STATEMENTS, *table1.STATEMENTS)}
FAST = [
    "robustness.kappa.cwtm",
    "robustness.kappa.median",
    "robustness.kappa.phocas",
    "robustness.kappa.krum_third",
    "robustness.kappa.lower_bound",
    "robustness.c_alpha.cwtm",
    "robustness.c_alpha.below_kappa",
    "robustness.c_alpha.coordinate_wise",
    "cra.table1.trimmed_mean",
]


def probe_of(key):
    return next(probe for probe in PROBES if probe.key == key)


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
    table = markdown(grid(jobs(("median",), ((5, 1),), ("max",))))
    assert "REFUTED" in table
    assert "| median | 5 | 1 | C_alpha^2 | 1 | 1 | exact |" in table


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_of_the_grid_exists(rule):
    assert subject(rule, 11, 2).n == 11


def test_costly_rules_are_left_out_at_large_sizes():
    assert not jobs(("mda",), ((COSTLY["mda"] + 1, 1),))


def test_smallest_refutation():
    bracket = smallest_refutation("median", "max", 1)
    assert (bracket.n, bracket.f, bracket.lower) == (5, 1, 1)
    assert smallest_refutation("cwtm", "mean", largest=7) is None


def test_conjectures_stand_and_wrong_ones_fall():
    records = grid(jobs(("nnm+cwtm",), ((3, 1), (4, 1)), ("mean",)))
    conjecture = next(one for one in CONJECTURES if one.rule == "nnm+cwtm")
    found = agreement(conjecture, records)
    assert found.standing
    assert (found.points, found.reached) == (2, 2)
    small = Conjecture("nnm+cwtm", "mean", "too small", lambda n, f: Fraction(f, n - 2 * f), lambda n, f: n > 2 * f)
    assert agreement(small, records).exceeded == ((3, 1), (4, 1))
    large = dataclasses.replace(small, value=lambda n, f: Fraction(9 * f, n - 2 * f))
    assert not agreement(large, records).standing
    assert "4f / (n - 2f)" in conjectures_markdown(records)


@pytest.mark.parametrize("key", FAST)
def test_statements_stand(key):
    verdict = probe_of(key)(BY_KEY[key], Settings("quick", 1, 0.01))
    assert verdict.outcome is Outcome.HOLDS, verdict.detail
    assert verdict.points > 0


def test_table_i_median_falls():
    verdict = probe_of("cra.table1.median")(BY_KEY["cra.table1.median"], Settings("quick", 1, 0.01))
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.counterexample["messages"]["honest"]


@pytest.mark.parametrize("key", ["robustness.kappa.cwtm", "robustness.kappa.phocas"])
def test_planted_smaller_constants_fall(key):
    """The derived constants, one per cent smaller: the same check refutes them."""
    wrong = dataclasses.replace(BY_KEY[key], derivation=None, printed=BY_KEY[key].derived * sp.Rational(99, 100))
    verdict = probe_of(key)(wrong, Settings("quick", 1, 0.01))
    assert verdict.outcome is Outcome.REFUTED


def test_planted_larger_tight_constant_is_left_undecided():
    key = "robustness.kappa.cwtm"
    loose = dataclasses.replace(BY_KEY[key], derivation=None, printed=BY_KEY[key].derived * 2 + sp.Rational(1, 9))
    target = next(target for target in TARGETS if target.key == key)
    assert check_rule_constant(loose, Settings("quick", 1, 0.01), target).outcome is Outcome.INCONCLUSIVE


def test_every_probe_is_about_a_statement():
    assert {probe.key for probe in PROBES} <= set(BY_KEY)
    assert all(n > 2 * f for n, f in EXACT_SIZES)

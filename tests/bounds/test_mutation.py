"""Planted slips are noticed."""

from __future__ import annotations

import pytest
import sympy as sp

from byzbounds.bounds import statements
from byzbounds.bounds.comparison import Effect
from byzbounds.bounds.mutation import Mutant, Outcome, kill_rate, mutants, mutation_test
from byzbounds.bounds.symbols import H, N, d, kappa

KINDS = {"factor", "sign", "exponent", "swap", "drop"}
#: Longer forms take seconds each; the slow test has them.
SHORT = 40


def papers():
    return [statement for statement in statements() if statement.source.paper in ("LAD", "CRA")]


def short(statement):
    return statement.printed is not None and statement.printed.count_ops() <= SHORT


def test_every_kind_of_slip_is_made():
    found = mutants("x", kappa * (N - H) ** 2 / (d * (N - 1)), each=2)
    assert {mutant.kind for mutant in found} == KINDS
    assert len({mutant.expression for mutant in found}) == len(found)


def test_slips_in_both_papers_are_noticed():
    outcomes = mutation_test([statement for statement in papers() if short(statement)][::3], each=1)
    noticed = [outcome for outcome in outcomes if not outcome.equivalent]
    assert len(noticed) >= 60
    assert {outcome.mutant.kind for outcome in noticed} == KINDS
    assert {outcome.mutant.key.split(".")[0] for outcome in noticed} == {"lad", "cra"}
    assert [outcome.mutant for outcome in outcomes if outcome.survived] == []


@pytest.mark.slow
def test_every_statement_of_both_papers():
    outcomes = mutation_test(papers(), each=2)
    assert len(outcomes) >= 400
    assert kill_rate(outcomes) == 1


def test_the_kill_rate_counts_survivors():
    mutant = Mutant("x", "factor", sp.S.One)
    killed = Outcome(mutant, Effect.INVALID, False)
    survivor = Outcome(mutant, Effect.NONE, False)
    equivalent = Outcome(mutant, Effect.NONE, True)
    assert survivor.survived
    assert kill_rate([killed, survivor, equivalent]) == 0.5
    assert kill_rate([equivalent]) == 1.0

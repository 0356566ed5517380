"""Second ways of checking: what the catalogue says holds, and wrong versions of it are refuted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import sympy as sp

from byzbounds.bounds.catalogue import get, statements
from byzbounds.verify import compression, duels, objects, orders, refined, runner, small_messages, steady, thresholds
from byzbounds.verify.coverage import nothing_to_check
from byzbounds.verify.probe import Settings
from byzbounds.verify.verdict import Check, Outcome

MODULES = (thresholds, small_messages, duels, steady, orders, objects, compression, refined)
PROBES = {probe.name: probe for module in MODULES for probe in module.PROBES}
QUICK = Settings("quick", seed=11, level=1e-4)

#: Checks, and a factor at which the statement is refuted: near one where some case attains it.
FACTORS = {
    "lad.fig2.turning_point/exact enumeration/roots": "101/100",
    "lad.threshold/exact enumeration/roots": "99/100",
    "refined.lad.matrix.crossover/exact enumeration/roots": "101/100",
    "cra.eq33/exact enumeration/roots": "101/100",
    "cra.overlap/exact enumeration/points": "101/100",
    "refined.descent.dominance/exact enumeration/points": "99/100",
    "robustness.kappa.cwtm/exact enumeration/grid": "99/100",
    "robustness.kappa.median/exact enumeration/grid": "99/100",
    "robustness.kappa.geometric_median/exact enumeration/grid": "99/100",
    "robustness.kappa.smea/exact enumeration/grid": "99/100",
    "robustness.kappa.krum/exact enumeration/grid": "1/2",
    "robustness.kappa.faba/exact enumeration/grid": "1/2",
    "robustness.kappa.bucketing/exact enumeration/buckets": "1/2",
    "cra.table1.trimmed_mean/exact enumeration/grid": "1/10",
    "cra.table1.geometric_median/exact enumeration/grid": "1/8",
    "cra.table1.krum/exact enumeration/grid": "1/4",
    "cra.table1.phocas/exact enumeration/grid": "1/13",
    "cra.table1.faba/exact enumeration/grid": "1/10",
    "refined.lad.lower_bound/adversarial search/duels": "101/100",
    "refined.lad.lower_bound.uncoded/adversarial search/duels": "101/100",
    "refined.lad.lower_bound.oblivious/adversarial search/duels": "101/100",
    "refined.cra.lower_bound/adversarial search/duels": "101/100",
    "refined.lad.lower_bound.gap/exact enumeration/observed floors": "99/100",
    "refined.lad.lower_bound.oblivious_gap/exact enumeration/observed floors": "101/100",
    "refined.lad.adaptive.gap/exact enumeration/observed floors": "99/100",
    "refined.descent.floor/trajectory/settled": "99/100",
    "refined.lad.adaptive.floor/trajectory/settled": "99/100",
    "refined.cra.adaptive.floor/trajectory/settled": "99/100",
    "refined.lad.adaptive.theorem/trajectory/settled": "1/2",
    "refined.lad.adaptive.pl/trajectory/settled": "9/10",
    "refined.cra.adaptive.theorem/trajectory/settled": "1/2",
    "refined.lad.shared.floor/trajectory/settled": "1/4",
    "refined.lad.one_task.floor/trajectory/settled": "1/10",
    "refined.lad.shared.error/exact enumeration/cases": "99/100",
    "refined.lad.shared.noise/exact enumeration/cases": "99/100",
    "refined.lad.shared.theorem/exact enumeration/cases": "1/8",
    "refined.lad.rba.uniform/exact enumeration/cases": "1/3",
    "compression.delta.qsgd/adversarial search": "2/5",
    "compression.delta.qsgd_levels/adversarial search": "1/2",
    "compression.delta.qsgd_norm/adversarial search": "2/5",
    "lad.definition1/property test/in use": "99/100",
    "lad.definition2/Monte Carlo/in use": "1/2",
    "lad.assumption1/property test/in use": "99/100",
    "lad.assumption2/property test/in use": "99/100",
    "lad.assumption3/property test/in use": "101/100",
    "lad.mean_gradient/property test/in use": "101/100",
    "cra.definition1/property test/in use": "99/100",
    "cra.assumption1/property test/in use": "99/100",
    "cra.assumption2/property test/in use": "99/100",
    "cra.assumption3/property test/in use": "101/100",
}


def check(name, change=None):
    statement = get(PROBES[name].key)
    if change is not None:
        statement = replace(statement, printed=change(statement.formula), derivation=None)
    return PROBES[name](statement, QUICK)


@pytest.mark.parametrize("name", FACTORS)
def test_a_true_statement_holds_and_a_wrong_constant_is_refuted(name):
    found = check(name)
    assert found.outcome is Outcome.HOLDS, found
    assert found.points > 0
    wrong = check(name, lambda formula: sp.Rational(FACTORS[name]) * formula)
    assert wrong.outcome is Outcome.REFUTED
    assert wrong.counterexample["point"]


@pytest.mark.parametrize("name", [name for name in FACTORS if "exact" in name or "settled" in name])
def test_a_sign_turned_around_is_refuted(name):
    assert check(name, lambda formula: -formula - 1).outcome is Outcome.REFUTED


@pytest.mark.parametrize("name", ["lad.eq36/exact enumeration/order", "lad.eq36/trajectory/order"])
def test_an_order_that_is_too_low_is_refuted(name):
    devices = sp.Symbol("N", integer=True, positive=True)
    symbol = next((s for s in get("lad.eq36").symbols if s.name == "N"), devices)
    assert check(name).outcome is Outcome.HOLDS
    assert check(name, lambda formula: 100 * formula).outcome is Outcome.HOLDS  # an order says nothing of constants
    assert check(name, lambda formula: formula / symbol).outcome is Outcome.REFUTED


def test_a_floor_of_zero_is_zero_and_not_less():
    name = "refined.lad.shared.one_task/exact enumeration/cases"
    assert check(name).outcome is Outcome.HOLDS
    assert check(name, lambda formula: formula - sp.Rational(1, 10**9)).outcome is Outcome.REFUTED


def test_an_attained_constant_that_is_not_attained_stays_undecided():
    found = check("robustness.kappa.smea/exact enumeration/grid", lambda formula: 2 * formula)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "does not reach" in found.detail


def test_table_1_of_the_median_is_refuted_by_messages_of_the_grid():
    found = check("cra.table1.median/exact enumeration/grid")
    assert found.outcome is Outcome.REFUTED
    assert {"honest", "byzantine"} <= set(found.counterexample)


@dataclass(frozen=True)
class Greedy(duels.Duel):
    """One more subset differs than the Byzantine devices can hide."""

    @property
    def differing(self) -> int:
        return super().differing + 1


@dataclass(frozen=True)
class Careless(duels.Duel):
    """The adversary forgets the second world."""

    def received(self, x, rng):
        second = super().received(x, rng)[1]
        return second + 1e-3, second


def test_worlds_that_a_server_can_tell_apart_are_noticed():
    size = ("lad", 5, 2, 1, 5)
    rule = dict(duels.servers(5, 2))["cwtm"]
    assert duels.play(duels.Duel(*size), rule, 3, seed=0) >= 25
    with pytest.raises(ValueError, match="more Byzantine devices than 2"):
        duels.play(Greedy(*size), rule, 3, seed=0)
    with pytest.raises(ValueError, match="more Byzantine devices than 2"):
        duels.play(Greedy("oblivious", 5, 2, 1, 5), rule, 3, seed=0)
    with pytest.raises(ValueError, match="send different messages"):
        duels.play(Careless(*size), rule, 3, seed=0)


def test_the_worlds_are_what_the_hypotheses_say():
    for duel in (duels.Duel("lad", 9, 4, 3, 9), duels.Duel("oblivious", 9, 4, 3, 9), duels.Duel("cra", 8, 2, 1, 4)):
        gradients = duel.gradients(np.array([1.0, 2.0]), second=True)
        deviations = np.sum((gradients - gradients.mean(axis=0)) ** 2, axis=1)
        beta_sq = float(duel.values["beta"]) ** 2
        assert np.isclose(deviations.max() if duel.kind == "cra" else deviations.mean(), beta_sq)
        assert (duel.matrix.sum(axis=0) == duel.holders).all()


def test_every_registered_rule_is_a_server():
    names = {name for name, _ in duels.servers(11, 2)}
    assert {
        "mean",
        "cwtm",
        "median",
        "krum",
        "multikrum",
        "geometric-median",
        "smea",
        "bulyan",
        "majority-vote",
    } <= names


def test_every_statement_with_anything_to_check_is_checked_in_two_ways():
    ways: dict[str, set[Check]] = {}
    for probe in runner.probes():
        ways.setdefault(probe.key, set()).add(probe.check)
    few = {s.key: sorted(ways.get(s.key, ())) for s in statements() if not nothing_to_check(s)}
    assert {key: found for key, found in few.items() if len(found) < 2} == {}


def test_what_has_nothing_to_check_is_a_definition_in_words():
    idle = [statement for statement in statements() if nothing_to_check(statement)]
    assert {str(statement.kind) for statement in idle} == {"definition"}
    assert not any(statement.formula is not None or statement.symbols for statement in idle)
    checked = {probe.key for probe in runner.probes()}
    assert not checked & {statement.key for statement in idle}

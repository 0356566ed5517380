"""Exact cases of proof steps and theorems: what the catalogue says holds, and wrong versions of it are refuted."""

from dataclasses import replace

import pytest
import sympy as sp

from byzbounds.bounds.catalogue import get
from byzbounds.bounds.statement import Hypothesis, Relation
from byzbounds.verify import compression, cra, lad, refined
from byzbounds.verify.cases import sign_of
from byzbounds.verify.exact.cra_worlds import pairwise_balanced, pencil
from byzbounds.verify.exact.cra_worlds import worlds as cra_worlds
from byzbounds.verify.exact.lad_worlds import worlds as lad_worlds
from byzbounds.verify.probe import Settings
from byzbounds.verify.verdict import Check, Outcome

QUICK = Settings("quick", seed=1)
PROBES = {probe.name: probe for probe in (*lad.PROBES, *cra.PROBES, *refined.PROBES, *compression.PROBES)}


def wrong(key, change, relation=None):
    """The statement with a changed formula, quoted without a derivation."""
    statement = get(key)
    relation = relation or statement.relation
    return replace(statement, printed=change(statement.formula), derivation=None, relation=relation)


def check(name, statement):
    return PROBES[name](statement, QUICK)


EQUALITIES = (
    "lad.eq39/exact enumeration/cases",
    "lad.eq41/exact enumeration/cases",
    "lad.eq45/exact enumeration/cases",
    "lad.eq48/exact enumeration/cases",
    "lad.eq65/exact enumeration/cases",
    "cra.eq42/exact enumeration",
    "cra.eq48/exact enumeration",
    "cra.eq51/exact enumeration",
    "cra.phi2/exact enumeration",
    "refined.cra.dispersion/exact enumeration/cases",
    "refined.cra.overlap/exact enumeration/cases",
    "compression.delta.randk/exact enumeration",
)


@pytest.mark.parametrize("name", EQUALITIES)
def test_an_equality_holds_and_its_wrong_versions_do_not(name):
    key = PROBES[name].key
    assert check(name, get(key)).outcome is Outcome.HOLDS
    for change in (lambda e: 2 * e, lambda e: -e, lambda e: e * sp.Rational(999, 1000), lambda e: e + 1):
        verdict = check(name, wrong(key, change))
        assert verdict.outcome is Outcome.REFUTED
        assert verdict.counterexample["point"]


#: Bounds with a factor at which the exact cases catch them: how loose each is in small settings.
BOUNDS = {
    "cra.eq43/exact enumeration": sp.Rational(99, 100),
    "cra.eq44.split/exact enumeration": sp.Rational(1, 2),
    "cra.lemma1/exact enumeration/all gradients": sp.Rational(49, 100),
    "cra.lemma2/exact enumeration": sp.Rational(9, 10),
    "cra.eq52/exact enumeration": sp.Rational(1, 3),
    "lad.eq50/exact enumeration/cases": sp.Rational(99, 100),
    "lad.eq58/exact enumeration/cases": sp.Rational(99, 100),
    "refined.cra.variance.attainable/exact enumeration/cases": sp.Rational(99, 100),
    "refined.cra.lemma1.attainable/exact enumeration/all gradients": sp.Rational(99, 100),
    "compression.delta.natural/exact enumeration": sp.Rational(99, 100),
    "compression.delta.terngrad/exact enumeration": sp.Rational(99, 100),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_bound_holds_and_a_lower_one_is_refuted(name):
    key = PROBES[name].key
    assert check(name, get(key)).outcome is Outcome.HOLDS
    assert check(name, wrong(key, lambda e: BOUNDS[name] * e)).outcome is Outcome.REFUTED
    assert check(name, wrong(key, lambda e: -e - 1)).outcome is Outcome.REFUTED


@pytest.mark.parametrize("name", ["lad.eq66/exact enumeration/cases", "cra.eq23/exact enumeration"])
def test_a_dropped_term_of_the_descent_is_refuted(name):
    key = PROBES[name].key
    gamma = next(symbol for symbol in get(key).symbols if symbol.name.startswith("gamma"))
    assert check(name, wrong(key, lambda e: e.subs(gamma, 2 * gamma) - gamma)).outcome is Outcome.REFUTED


@pytest.mark.parametrize("index", [1, 2, 3, 4])
def test_a_constant_inside_the_descent_is_refuted_with_the_wrong_sign(index):
    name = f"cra.rho{index}/exact enumeration"
    worse = (lambda e: e + 100) if index == 1 else (lambda e: e - 10**6)
    assert check(name, get(f"cra.rho{index}")).outcome is Outcome.HOLDS
    assert check(name, wrong(f"cra.rho{index}", worse)).outcome is Outcome.REFUTED


def test_a_bound_that_claims_to_be_attained_and_is_not_stays_undecided():
    loose = wrong("cra.eq43", lambda e: 2 * e)
    assert check("cra.eq43/exact enumeration", loose).outcome is Outcome.INCONCLUSIVE


def test_a_hypothesis_in_words_that_fails_makes_a_case_vacuous():
    with_all = check("cra.eq24/exact enumeration", get("cra.eq24"))
    assert with_all.outcome is Outcome.HOLDS
    assert with_all.vacuous > 0
    # Without it the equality is false where nobody holds a subset.
    careless = replace(get("cra.eq24"), hypotheses=tuple(h for h in get("cra.eq24").hypotheses if "held" not in h.text))
    assert check("cra.eq24/exact enumeration", careless).outcome is Outcome.REFUTED


def test_an_impossible_hypothesis_leaves_nothing():
    never = Hypothesis("never", sp.false)
    statement = replace(get("cra.phi1"), hypotheses=(never,))
    assert check("cra.phi1/exact enumeration", statement).outcome is Outcome.VACUOUS


def test_a_relation_turned_around_is_refuted():
    turned = wrong("cra.eq52", lambda e: e, relation=Relation.LOWER)
    assert check("cra.eq52/exact enumeration", turned).outcome is Outcome.REFUTED


def test_pairwise_balanced_allocations_are_what_they_claim():
    assert pairwise_balanced(3, 4, 2)
    assert pairwise_balanced(3, 4, 3) == ()  # 9/4 is no whole number
    for rows in (*pairwise_balanced(3, 4, 2), pencil()):
        subsets = 8 if rows == pencil() else 4
        assert {len(set(a) & set(b)) for a in rows for b in rows if a is not b} == {len(rows[0]) ** 2 // subsets}
    holders = [sum(k in block for block in pencil()) for k in range(8)]
    assert sorted(holders) == [3] * 7 + [7]  # equal overlaps of r^2/M go with unequal d_k


def test_worlds_are_drawn_from_the_seed_alone():
    assert cra_worlds(QUICK)[5].witness == cra_worlds(Settings("quick", seed=1, level=0.5))[5].witness
    assert lad_worlds(QUICK)[5].witness != lad_worlds(Settings("quick", seed=2))[5].witness


def test_signs_of_numbers_with_roots():
    root = sp.sqrt(2)
    assert sign_of(root - sp.Rational(14142, 10000)) == 1
    assert sign_of(sp.sqrt(8) - 2 * root) == 0
    assert sign_of(sp.sqrt(3 + 2 * root) - 1 - root) == 0
    assert sign_of(sp.sqrt(3 + 2 * root) - 1 - root - sp.Rational(1, 10**30)) == -1


def test_every_check_is_named_after_its_statement():
    assert all(name.startswith(probe.key + "/") for name, probe in PROBES.items())
    assert {probe.check for probe in PROBES.values()} == {Check.EXACT, Check.MONTE_CARLO, Check.ADVERSARY}

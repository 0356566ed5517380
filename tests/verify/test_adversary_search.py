"""Search for worst cases: exact rules, witnesses that cannot be forged, sharp constants found, planted ones refuted."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
import sympy as sp

from byzbounds.simulate.aggregation import rule_from_name
from byzbounds.verify.adversary import Witness, confirms, witness_from_json, worst_case
from byzbounds.verify.adversary.bracket import judge
from byzbounds.verify.adversary.claims import Constant, proved, published
from byzbounds.verify.adversary.exact_rules import EXACT_RULES
from byzbounds.verify.adversary.families import families
from byzbounds.verify.adversary.gm_certificate import certified_ratio, inverse_root, is_minimiser
from byzbounds.verify.adversary.hunt import evaluate_again
from byzbounds.verify.adversary.search import ratios
from byzbounds.verify.adversary.subjects import exact_rule, subject
from byzbounds.verify.adversary.unbounded import growth
from byzbounds.verify.verdict import Outcome

COMPOSED = ("nnm+cwtm", "nnm+krum", "bucketing+median")


def vectors(values):
    return tuple(tuple(Fraction(x) for x in row) for row in values)


@pytest.mark.parametrize("name", [*EXACT_RULES, *COMPOSED])
def test_exact_rules_agree_with_the_array_ones(name):
    """Two implementations of the same rule, on messages in general position."""
    n, f = (11, 2) if name == "bulyan" else (9, 2)
    messages = np.random.default_rng(3).integers(-1000, 1000, (20, n, 3))
    rule = rule_from_name(name, f=f)
    exact = exact_rule(name, n, f)
    assert exact is not None
    for one in messages:
        expected = rule(one.astype(np.float64))
        found = [float(x) for x in exact(one.astype(object), f)]
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-9)


#: Rule, n, f, norm and the sharp constant, which is a supremum: messages come near it.
SHARP = [
    ("phocas", 5, 1, "mean", Fraction(4, 3)),
    ("phocas-vector", 5, 1, "mean", Fraction(4, 3)),
    ("meamed", 7, 2, "mean", Fraction(16, 5)),
    ("krum", 5, 2, "mean", Fraction(25, 2)),
    ("geometric-median", 5, 1, "mean", Fraction(1)),
    ("faba", 5, 1, "max", Fraction(4, 9)),
]


@pytest.mark.parametrize(("rule", "n", "f", "norm", "value"), SHARP)
def test_search_reaches_sharp_constants_and_never_exceeds_them(rule, n, f, norm, value):
    bracket = worst_case(rule, n, f, norm)
    assert value * Fraction(999, 1000) <= bracket.lower <= value
    assert sp.simplify(bracket.upper - sp.Rational(value.numerator, value.denominator)) == 0
    assert bracket.upper_source.startswith("proof")
    planted = Constant(bracket.upper * sp.Rational(99, 100), "planted")
    assert judge(bracket.lower, bracket.upper, planted) is Outcome.REFUTED
    assert judge(bracket.lower, bracket.upper, Constant(bracket.upper, "planted")) is Outcome.HOLDS


@pytest.mark.parametrize("rule", ["krum", "nnm+cwtm", "faba"])
def test_witness_is_what_it_says(rule):
    """The array rule sees the ratio too, and a corrupted witness is not believed."""
    bracket = worst_case(rule, 5, 1)
    assert bracket.evaluation == "exact rational"
    exact = exact_rule(rule, 5, 1)
    witness = witness_from_json(bracket.to_json()["witness"])
    assert confirms(exact, witness, "mean", bracket.lower)
    honest, byzantine = (
        np.array([[float(x) for x in v] for v in part]) for part in (witness.honest, witness.byzantine)
    )
    seen = ratios(rule_from_name(rule, f=1), honest[None], byzantine[None], "mean")[0]
    assert seen == pytest.approx(float(bracket.lower), rel=1e-6)
    moved = Witness(witness.honest, tuple(tuple(x * 3 for x in vector) for vector in witness.byzantine))
    assert not confirms(exact, moved, "mean", bracket.lower)
    assert not confirms(exact, witness, "mean", bracket.lower * Fraction(1001, 1000))
    same = Witness((witness.honest[0],) * 4, witness.byzantine)
    assert not confirms(exact, same, "mean", bracket.lower)


def test_search_is_deterministic():
    first, second = worst_case("multikrum", 3, 1, seed=4), worst_case("multikrum", 3, 1, seed=4)
    assert first == second


UNBOUNDED = [
    ("krum:neighbours=2", "Byzantine messages s times as far"),
    ("norm-thresholding", "honest messages s times as near"),
    ("huber:threshold=1", "honest messages s times as near"),
    ("centered-clipping:radius=1", "honest messages s times as near"),
    ("correntropy:width=1", "honest messages s times as near"),
]


@pytest.mark.parametrize(("rule", "how"), UNBOUNDED)
def test_rules_without_a_constant(rule, how):
    bracket = worst_case(rule, 7, 2)
    assert bracket.unbounded
    assert bracket.upper is None
    assert f"grows as s^2 with {how}" in bracket.upper_source
    assert bracket.lower > 10**6
    assert bracket.verdict is (Outcome.REFUTED if rule.startswith("krum") else None)


@pytest.mark.parametrize("rule", ["cwtm", "krum", "huber", "centered-clipping", "correntropy"])
def test_rules_with_a_constant_do_not_grow(rule):
    """Messages at which the misuses of these rules run away."""
    target = subject(rule, 7, 2)
    witness = Witness(vectors([(-1,), (0,), (0,), (0,), (1,)]), vectors([(10**6,), (10**6,)]))
    assert growth(partial(evaluate_again, target), witness, "mean") is None


def test_ties_do_not_count():
    """At a tie the order of the messages decides; the ratio is that of the worse order for the adversary."""
    honest, byzantine = np.array([[0.0], [1.0]]), np.array([[2.0]])
    krum = rule_from_name("krum", f=1)
    assert ratios(krum, honest[None], byzantine[None], "mean")[0] == pytest.approx(1.0)


def test_published_constants():
    assert published("krum", 5, 2, "mean").value == 18
    assert published("nnm+cwtm", 10, 2, "mean").value == 2 * (1 + sp.Rational(8, 3))
    assert published("nnm+median", 5, 1, "mean").value == 2 * (1 + sp.Rational(64, 9))
    assert published("faba", 6, 2, "max").value is None
    assert published("multikrum", 5, 1, "mean") is None
    assert published("cwtm:trim=1", 10, 2, "mean") == published("cwtm", 10, 2, "mean")


def test_best_proof_is_taken():
    assert proved("krum", 9, 4, "mean").source == "proof (robustness.kappa.krum_third)"
    assert proved("krum", 20, 2, "mean").source == "proof (robustness.kappa.krum)"
    assert proved("phocas", 7, 2, "max").value == sp.Rational(8, 3)
    assert proved("bucketing+cwtm", 10, 1, "mean").value == sp.Rational(9, 8) * (1 + sp.Rational(1, 3))
    assert proved("bucketing+cwtm", 9, 1, "mean") is None
    assert proved("krum:neighbours=2", 7, 2, "mean") is None


def test_families_fit():
    for family in families(7, 2, dim=6):
        honest, byzantine = family.build(np.ones((2, family.parameters)))
        assert honest.shape == (2, 5, family.dim)
        assert byzantine.shape == (2, 2, family.dim)
        assert family.dim <= 6
        assert family.typical().shape[1] == family.parameters


def test_inverse_root_encloses():
    for square in (Fraction(2), Fraction(9, 4), Fraction(1, 7)):
        low, high = inverse_root(square)
        assert low**2 * square <= 1 <= high**2 * square
        assert high - low < Fraction(1, 10**30)


def test_geometric_median_certificates():
    """Four messages at the origin hold three others; three do not hold four."""
    origin, away = vectors([(0, 0)])[0], vectors([(5, 1), (5, -1), (5, 0)])
    assert is_minimiser(origin, Counter([origin] * 4 + list(away)))
    assert not is_minimiser(origin, Counter([origin] * 3 + [*away, away[0]]))


def test_geometric_median_between_messages():
    """A triangle: the minimiser is no message, and the certified ratio is just below the computed one."""
    witness = Witness(vectors([(0, 0), (4, 0), (1, 3), (9, 2)]), vectors([(20, 5)]))
    computed = ratios(
        rule_from_name("geometric-median", f=1),
        np.array([[float(x) for x in v] for v in witness.honest])[None],
        np.array([[float(x) for x in v] for v in witness.byzantine])[None],
        "mean",
    )[0]
    certain = float(certified_ratio(witness, "mean"))
    assert certain <= computed * (1 + 1e-6)
    assert certain >= computed * 0.95


def test_witness_needs_messages_of_one_length():
    with pytest.raises(ValueError, match="one length"):
        Witness(vectors([(0, 0)]), vectors([(1,)]))


def test_subject_keeps_the_catalogue_name():
    assert subject("GM", 5, 1).name == "geometric-median"
    assert subject("nnm+trimmed-mean", 5, 1).name == "nnm+cwtm"

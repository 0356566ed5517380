"""The CRA paper: derivations, and both lemmas on a real pair-wise balanced allocation."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp

from byzbounds.bounds import cra, get
from byzbounds.bounds.errata import errata_of
from byzbounds.bounds.inequalities import PSD, Status
from byzbounds.bounds.numeric import evaluate
from byzbounds.bounds.proof import Chain
from byzbounds.bounds.squares import Gram

DERIVED = [statement for statement in cra.STATEMENTS if statement.derivation is not None]


@pytest.mark.parametrize("statement", DERIVED, ids=lambda statement: statement.key)
def test_every_step_is_certified(statement) -> None:
    report = statement.derivation().check()
    assert report.proved, [(str(f.status), f.finding.detail, f.step.note) for f in report.failures]
    assert statement.derivation().key == statement.key


def test_every_numbered_equation_is_there() -> None:
    numbers = {number for statement in cra.STATEMENTS for number in statement.source.equations}
    assert {str(number) for number in range(1, 53)} <= numbers


def test_uses_name_statements_that_exist() -> None:
    for statement in cra.STATEMENTS:
        for key in statement.uses:
            assert get(key).key == key


def test_printed_and_derived_differ_only_where_they_do() -> None:
    same = [
        "lemma1",
        "lemma2",
        "rho1",
        "rho2",
        "rho3",
        "rho4",
        "eq27",
        "eq31",
        "theorem1",
        "remark1",
        "remark2",
        "remark3",
    ]
    for name in same:
        statement = get(f"cra.{name}")
        assert sp.simplify(statement.printed - statement.derived) == 0, name
    condition = get("cra.theorem1.condition")
    assert sp.simplify(condition.printed / condition.derived) == sp.sqrt(sp.Symbol("N", integer=True, positive=True))


@pytest.mark.parametrize(
    ("key", "effect"),
    [
        ("cra.theorem1.condition", "invalid"),
        ("cra.eq39.harmonic", "harmless-looser"),
        ("cra.eq44.subset", "harmless-looser"),
    ],
)
def test_errata_come_out_of_the_comparison(key: str, effect: str) -> None:
    (erratum,) = errata_of(get(key))
    assert erratum.effect == effect
    assert erratum.key == key


@pytest.mark.parametrize("key", ["cra.lemma1", "cra.phi2", "cra.rho3", "cra.eq52", "cra.remark1.uncoded", "cra.eq37"])
@pytest.mark.parametrize("factor", [sp.Rational(1, 2), sp.Rational(3, 2)])
def test_a_planted_factor_is_found(key: str, factor: sp.Expr) -> None:
    statement = get(key)
    assert errata_of(statement) == ()
    assert len(errata_of(replace(statement, printed=factor * statement.printed))) == 1


def test_a_wrong_constant_in_a_chain_is_refuted() -> None:
    gram = Gram(("a", "b"))
    chain = Chain("broken", gram.norm({"a": 1, "b": -1}))
    chain.at_most(sp.Rational(3, 2) * (gram.product("a", "a") + gram.product("b", "b")), PSD(gram))
    (report,) = chain.derivation().check().steps
    assert report.status is Status.DOES_NOT_FOLLOW


#: Three devices hold two of four subsets each, any two share one: r^2/M = 1.
HELD = ((0, 1), (0, 2), (0, 3))
M, N, R = 4, 3, 2
HOLDERS = [sum(k in subsets for subsets in HELD) for k in range(M)]


def _setting(seed: int) -> tuple[list[list[Fraction]], Fraction, Fraction]:
    """Random subset gradients in two dimensions, ||grad F||^2, and the smallest beta^2 that fits."""
    rng = random.Random(seed)
    gradients = [[Fraction(rng.randint(-9, 9)) for _ in range(2)] for _ in range(M)]
    total = [sum(g[i] for g in gradients) for i in range(2)]
    beta_sq = max(_norm([g[i] - total[i] / M for i in range(2)]) for g in gradients)
    messages = [[sum(gradients[k][i] / HOLDERS[k] for k in subsets) for i in range(2)] for subsets in HELD]
    return messages, _norm(total), beta_sq


def _norm(vector: list[Fraction]) -> Fraction:
    return sum((x * x for x in vector), Fraction(0))


def _bound(key: str, grad_sq: Fraction, beta_sq: Fraction, **more: object) -> sp.Expr:
    values = {
        "M": M,
        "r": R,
        "d_min": min(HOLDERS),
        "beta": sp.sqrt(sp.Rational(beta_sq)),
        "grad_sq": sp.Rational(grad_sq),
    }
    return evaluate(get(key), {**values, **more}).exact


@pytest.mark.parametrize("seed", range(8))
def test_lemma1_on_a_balanced_allocation(seed: int) -> None:
    messages, grad_sq, beta_sq = _setting(seed)
    pairs = itertools.combinations(messages, 2)
    largest = max(_norm([x - y for x, y in zip(a, b, strict=True)]) for a, b in pairs)
    assert sp.Rational(largest) <= _bound("cra.lemma1", grad_sq, beta_sq)


@pytest.mark.parametrize("seed", range(8))
def test_lemma2_over_every_honest_set(seed: int) -> None:
    messages, grad_sq, beta_sq = _setting(seed)
    honest_sets = list(itertools.combinations(messages, 2))
    mean = sum((_norm([(x + y) / 2 for x, y in zip(a, b, strict=True)]) for a, b in honest_sets), Fraction(0))
    mean /= len(honest_sets)
    alpha = sp.Rational(1, 3)
    sum_sq = sp.Rational(sum((_norm(message) for message in messages), Fraction(0)))
    exact = evaluate(
        get("cra.eq51"), {"N": N, "alpha": alpha, "d_min": 1, "sum_sq": sum_sq, "grad_sq": sp.Rational(grad_sq)}
    ).exact
    assert exact == sp.Rational(mean)
    assert exact <= _bound("cra.lemma2", grad_sq, beta_sq, N=N, alpha=alpha)


def test_pair_wise_balance_fixes_the_spread_of_the_holders() -> None:
    spread = sp.Rational(sum(d * d for d in HOLDERS), M) - sp.Rational(sum(HOLDERS), M) ** 2
    assert evaluate(get("cra.allocation.spread"), {"N": N, "M": M, "r": R}).exact == spread


def test_decaying_rates_have_the_weights_asked_for() -> None:
    point = {"rho_1": 3, "rho_2": "1/7", "gamma0": "5/2"}
    for t in (0, 3, 8):
        rate = evaluate(get("cra.eq33"), {**point, "t": t}).exact
        weight = evaluate(get("cra.eq35"), {**point, "t": t}).exact
        assert abs(sp.N(3 * rate - rate**2 / 7 - weight, 40)) < 1e-35
    assert evaluate(get("cra.eq33"), {**point, "t": 0}).value == 2.5

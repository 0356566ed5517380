"""Differences between print and derivation are found by computing, and only real ones."""

from __future__ import annotations

import json

import pytest
import sympy as sp

from byzbounds.bounds import Hypothesis, Kind, Relation, Source, Statement, get, statements
from byzbounds.bounds.claims import (
    AllOf,
    Always,
    FiniteLimit,
    FirstAt,
    HoldsAt,
    LimitIs,
    Monotone,
    SameOrder,
    Truth,
    WithReading,
)
from byzbounds.bounds.comparison import Effect, compare, scaling
from byzbounds.bounds.errata import PAPERS, errata_of
from byzbounds.bounds.inequalities import Algebra
from byzbounds.bounds.proof import Chain
from byzbounds.bounds.symbols import H, N, beta, d, gamma0, kappa

POSITIVE = (Hypothesis("beta > 0", beta > 0), Hypothesis("kappa > 0", kappa > 0))
FORM = kappa * beta**2 * (1 + 1 / d)


def effect(printed, relation, conditions=POSITIVE):
    return compare(sp.sympify(printed), FORM, relation, conditions).effect


def test_a_rearranged_form_is_no_difference():
    assert effect(kappa * beta**2 + kappa * beta**2 / d, Relation.UPPER) is Effect.NONE
    assert effect(FORM, Relation.EQUALITY) is Effect.NONE


def test_the_safe_side_depends_on_the_relation():
    assert effect(2 * FORM, Relation.UPPER) is Effect.LOOSER
    assert effect(FORM / 2, Relation.UPPER) is Effect.INVALID
    assert effect(FORM / 2, Relation.LOWER) is Effect.LOOSER
    assert effect(2 * FORM, Relation.LOWER) is Effect.INVALID
    assert effect(2 * FORM, Relation.EQUALITY) is Effect.INVALID


def test_other_units_are_a_misprint():
    assert effect(kappa * beta * (1 + 1 / d), Relation.UPPER) is Effect.MISPRINT


def test_incomparable_forms_are_invalid_with_a_witness():
    result = compare(kappa * beta**2 * (2 / d + sp.Rational(1, 2)), FORM, Relation.UPPER, POSITIVE)
    assert result.effect is Effect.INVALID
    point = {name: sp.sympify(value) for name, value in result.witness.items()}
    assert (2 / d + sp.Rational(1, 2) - 1 - 1 / d).subs(d, point["d"]) < 0


def test_a_printed_form_without_real_value_is_invalid():
    assert effect(sp.sqrt(-kappa) * beta**2, Relation.UPPER) is Effect.INVALID


def test_conditions_compare_by_strength():
    strong, weak = kappa < sp.Rational(1, 2), kappa < 1
    assert compare(strong, weak, Relation.UPPER).effect is Effect.LOOSER
    assert compare(weak, strong, Relation.UPPER).effect is Effect.INVALID
    assert compare(weak, 2 * kappa < 2, Relation.UPPER).effect is Effect.NONE


def test_scaling_degrees():
    assert scaling(beta**2 / gamma0, {beta: 1, gamma0: -1}) == 3
    assert scaling(sp.sqrt(beta), {beta: 1}) == sp.Rational(1, 2)
    assert scaling(beta + 1, {beta: 1}) is None


def _statement(printed=None, derivation=None, paper="LAD", **more):
    return Statement(
        "x.y", "t", Source(paper, "here", ("1",)), Kind.LEMMA, Relation.UPPER, "x", printed, derivation, **more
    )


def test_form_step_condition_and_claim_are_all_listed():
    def derivation():
        return (
            Chain("x.y", kappa * N)
            .equals(kappa * N, Algebra(), source="LAD (9)", printed=kappa * H)
            .equals(kappa * (N + 1), Algebra(), source="LAD (10)")
            .derivation()
        )

    condition = Hypothesis("kappa < 1", kappa < 1, printed=kappa < 2)
    false = HoldsAt(sp.Eq(N, 4, evaluate=False), {N: sp.Integer(3)})
    found = errata_of(_statement(kappa * N, derivation, hypotheses=(condition,), claim=false))
    assert {erratum.source for erratum in found} == {"LAD here (1)", "LAD here (1), condition", "LAD (9)", "LAD (10)"}
    assert {erratum.effect for erratum in found} == {"invalid"}
    assert json.dumps([erratum.to_json() for erratum in found])


def test_own_results_and_quoted_constants_are_not_errata():
    def derivation():
        return Chain("x.y", kappa).equals(kappa).derivation()

    assert errata_of(_statement(2 * kappa, derivation, paper="byzbounds")) == ()
    assert len(errata_of(_statement(2 * kappa, derivation))) == 1


def test_no_comparison_is_empty():
    """Every printed form was really compared with its derivation, at points of its own domain."""
    for statement in statements():
        if (
            statement.source.paper in PAPERS
            and isinstance(statement.printed, sp.Expr)
            and statement.derived is not None
        ):
            result = compare(
                statement.printed, statement.derived, statement.relation, statement.hypotheses, tries=2, prove=False
            )
            assert " of 0 random points" not in result.evidence, statement.key


TRUE = {
    "always": Always(H, "<=", N, {N: H + sp.Symbol("f", nonnegative=True)}),
    "strict": Always(H, "<", N, {N: H + sp.Symbol("f", positive=True)}),
    "identity": Always((N + 1) ** 2, "=", N**2 + 2 * N + 1),
    "monotone": Monotone(N / (1 + kappa), kappa, "decreasing"),
    "holds": HoldsAt(sp.sqrt(kappa) < 1, {kappa: sp.Rational(99, 100)}),
    "first": FirstAt(d**2 >= N, d, 4, 20, {N: sp.Integer(10)}),
    "limit": LimitIs(kappa * (N - d) / d, d, N, sp.S.Zero),
    "order": SameOrder(3 * N**2 + N, N**2, N, {}),
    "finite": FiniteLimit((1 + kappa) / 2, kappa, sp.S.Zero),
}
FALSE = {
    "always": Always(N, "<=", H),
    "strict": Always(sp.S.Zero, "<", kappa - kappa),
    "identity": Always(N**2, "=", N + 2),
    "monotone": Monotone(kappa**2 - kappa, kappa, "increasing"),
    "holds": HoldsAt(sp.sqrt(kappa) < 1, {kappa: sp.Integer(1)}),
    "first": FirstAt(d**2 >= N, d, 3, 20, {N: sp.Integer(10)}),
    "limit": LimitIs(kappa * N / d, d, N, sp.S.Zero),
    "order": SameOrder(N**2, N, N, {}),
    "finite": FiniteLimit(1 / kappa, kappa, sp.S.Zero),
    "all": AllOf((TRUE["holds"], HoldsAt(kappa < 0, {kappa: sp.Integer(1)}))),
}


@pytest.mark.parametrize("name", TRUE)
def test_true_claims_hold(name):
    assert TRUE[name].decide().truth is Truth.TRUE
    assert isinstance(TRUE[name].proposition(), sp.Basic)


@pytest.mark.parametrize("name", FALSE)
def test_false_claims_are_refuted(name):
    assert FALSE[name].decide().truth is Truth.FALSE


def test_what_cannot_be_decided_is_undecided():
    true_but_unproved = Always(2 * kappa, "<=", 1 + kappa**2)
    assert true_but_unproved.decide().truth is Truth.UNDECIDED


def test_a_reading_is_tried_on_false_claims_only():
    rescued = WithReading(FALSE["order"], SameOrder(N**2 / N, N, N, {}), "divided by N").decide()
    assert rescued.truth is Truth.FALSE
    assert rescued.reading.startswith("divided by N")
    assert WithReading(FALSE["order"], FALSE["order"], "no help").decide().reading == ""
    assert WithReading(TRUE["order"], FALSE["order"], "not needed").decide().truth is Truth.TRUE


def test_the_factor_two_of_the_uncompressed_constants_is_found():
    for key in ("lad.xi3", "lad.xi4"):
        (erratum,) = errata_of(get(key))
        assert erratum.effect == "harmless-looser"
        assert erratum.evidence.startswith("proved")
    assert errata_of(get("lad.xi1")) == errata_of(get("lad.xi2")) == ()

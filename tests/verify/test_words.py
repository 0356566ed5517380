"""Claims in words are decided twice, and the second look sees what the first would have to."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy as sp

from byzbounds.bounds import get, statements
from byzbounds.bounds.claims import Always, FiniteLimit, FirstAt, HoldsAt, LimitIs, Monotone, SameOrder
from byzbounds.verify import words
from byzbounds.verify.probe import Settings
from byzbounds.verify.verdict import Check, Outcome

CLAIMS = [statement for statement in statements() if statement.claim is not None]
n, x, y = sp.Symbol("n", integer=True, positive=True), *sp.symbols("x y", positive=True)


def looked(claim) -> Outcome:
    return words.look_again(replace(CLAIMS[0], claim=claim), Settings()).outcome


def test_every_claim_has_a_ruling_and_a_second_look() -> None:
    ruled = {probe.key for probe in words.PROBES if probe.check is Check.DERIVATION}
    again = {probe.key for probe in words.PROBES if probe.check is Check.EXACT}
    assert ruled == {statement.key for statement in CLAIMS}
    assert again == ruled


@pytest.mark.parametrize("probe", [p for p in words.PROBES if p.check is Check.EXACT], ids=lambda probe: probe.key)
def test_the_second_look_agrees_with_the_ruling(probe) -> None:
    statement = get(probe.key)
    again = probe.experiment(statement, Settings())
    assert again.outcome is words.decide(statement).outcome, again
    assert again.points > 0


@pytest.mark.parametrize(
    ("true", "false"),
    [
        (Always((x - y) ** 2, ">=", sp.S.Zero), Always((x - y) ** 2, ">=", sp.Rational(1, 2))),
        (Monotone(x / (1 + x), x, "increasing"), Monotone(x / (1 + x**2), x, "increasing")),
        (HoldsAt(sp.Le(x, 2), {x: sp.Integer(2)}), HoldsAt(sp.Lt(x, 2), {x: sp.Integer(2)})),
        (FirstAt(n**2 >= 10, n, 4, 9, {}), FirstAt(n**2 >= 10, n, 3, 9, {})),
        (LimitIs(y * sp.sqrt(1 - x), x, sp.S.One, sp.S.Zero), LimitIs(y * (2 - x), x, sp.S.One, sp.S.Zero)),
        (FiniteLimit((1 + x) / y, x, sp.S.Zero), FiniteLimit(y / sp.sqrt(x), x, sp.S.Zero)),
        (SameOrder(x * y + 5, x, x, {}), SameOrder(x * sp.log(x), x, x, {y: x})),
    ],
    ids=["always", "monotone", "holds at", "first at", "limit", "bounded", "order"],
)
def test_a_planted_false_claim_is_refuted_and_the_true_one_is_not(true, false) -> None:
    assert looked(true) is Outcome.HOLDS
    assert looked(false) is Outcome.REFUTED


def test_a_refuted_claim_names_its_point() -> None:
    verdict = words.look_again(get("lad.threshold.condition"), Settings())
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.counterexample == {"N": "100", "H": "65", "kappa": "3/2", "beta": "1", "d": "3"}


def test_a_statement_without_a_claim() -> None:
    with pytest.raises(ValueError, match=r"lad\.lemma1 makes no claim"):
        words.decide(get("lad.lemma1"))

"""Derivations replayed: right ones hold, wrong, weak and unproved ones do not."""

from dataclasses import replace

import pytest
import sympy as sp

from byzbounds.bounds.inequalities import Finding, Positivity, Status
from byzbounds.bounds.proof import Chain, Derivation
from byzbounds.bounds.statement import Kind, Relation, Source, Statement
from byzbounds.verify.symbolic import replay
from byzbounds.verify.verdict import Outcome

a, b = sp.symbols("a b", nonnegative=True)


def square(slack=1):
    """a^2 <= (a + slack b)^2 for slack >= 0, in two steps."""
    chain = Chain("test.square", a**2)
    chain.at_most(a**2 + slack * 2 * a * b + b**2, Positivity())
    return chain.equals((a + slack * b) ** 2 + b**2 * (1 - slack**2)).derivation()


def claim(derivation, relation=Relation.UPPER, printed=None):
    return Statement("test.square", "", Source("test", ""), Kind.LEMMA, relation, "", printed, derivation)


def test_a_right_derivation_holds():
    verdict = replay(claim(square, printed=(a + b) ** 2))
    assert verdict.outcome is Outcome.HOLDS
    assert verdict.samples == 2
    assert "the printed form is the derived one" in verdict.detail


def test_a_printed_form_that_differs_is_said_to():
    assert "differs" in replay(claim(square, printed=2 * (a + b) ** 2)).detail


def test_a_step_with_the_wrong_sign_is_refuted_with_a_witness():
    verdict = replay(claim(lambda: square(slack=-1)))
    assert verdict.outcome is Outcome.REFUTED
    assert set(verdict.counterexample["witness"]) == {"a", "b"}


def test_an_inequality_does_not_prove_an_equality_or_the_other_direction():
    assert replay(claim(square, Relation.EQUALITY)).outcome is Outcome.REFUTED
    assert replay(claim(square, Relation.LOWER)).outcome is Outcome.REFUTED


def test_a_forged_certificate_is_not_accepted():
    honest = square()

    class Forger:
        def describe(self):
            return "because I say so"

        def prove(self, *_):
            certificate = honest.check().steps[0].finding.certificate
            return Finding(Status.PROVED, {**certificate, "after": certificate["before"], "before": ["q", "7"]})

    step = replace(honest.steps[0], by=Forger())
    verdict = replay(claim(lambda: Derivation("test.square", (step, *honest.steps[1:]))))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "rejected" in verdict.detail


def test_a_statement_without_a_derivation_cannot_be_replayed():
    with pytest.raises(ValueError, match="no derivation"):
        replay(claim(None))

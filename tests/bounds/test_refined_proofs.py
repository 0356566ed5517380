"""Every refined statement is proved, and no wrong constant is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import sympy as sp

from byzbounds.bounds.catalogue import MODULES
from byzbounds.bounds.checker import verify
from byzbounds.bounds.inequalities import PSD, Positivity, Status
from byzbounds.bounds.refined import STATEMENTS
from byzbounds.bounds.refined.descent import GRAM, error_weight, gradient_weight, noise_weight, step_derivation
from byzbounds.bounds.refined.notation import F_t, gamma_t
from byzbounds.bounds.statement import Statement

KEYS = {statement.key for statement in STATEMENTS}


def test_catalogue_lists_the_refined_statements():
    assert "refined" in MODULES
    assert len(KEYS) == len(STATEMENTS)
    assert len(STATEMENTS) > 90


#: Long formulas with square roots take their time to be proved, longer formulas theirs to be refuted.
ROOTS = ("best_learning_rate", "theorem1.best", "best_eta")
LONG = (*ROOTS, "theorem", ".pl", ".fixed", ".varying", ".decaying", ".matrix", ".instance")


def _marked(words: tuple[str, ...]) -> list[object]:
    return [
        pytest.param(s, id=s.key, marks=[pytest.mark.slow] if any(word in s.key for word in words) else [])
        for s in STATEMENTS
    ]


@pytest.mark.parametrize("statement", _marked(ROOTS))
def test_statement_is_proved(statement: Statement):
    assert statement.derivation is not None
    report = statement.derivation().check()
    assert report.proved, [(str(failure.step.after), failure.finding.detail) for failure in report.failures]


@pytest.mark.parametrize("key", ["refined.descent.step", "refined.lad.kappa1", "refined.cra.variance.attainable"])
def test_certificates_survive_being_written_down(key: str):
    (statement,) = (s for s in STATEMENTS if s.key == key)
    assert statement.derivation is not None
    certificates = json.loads(statement.derivation().certificates())
    assert certificates
    for certificate in certificates:
        verify(certificate)


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.key)
def test_statement_rests_on_refined_statements(statement: Statement):
    assert set(statement.uses) <= KEYS


@pytest.mark.parametrize("statement", [s for s in _marked(LONG) if s.id != "refined.cra.instance.theorem1"])
def test_a_wrong_constant_is_not_proved(statement: Statement):
    """Each step with its right-hand side tightened by one part in 97."""
    assert statement.derivation is not None
    for step in statement.derivation().steps:
        if isinstance(step.by, Positivity) or step.after == 0:
            continue
        factor = sp.Rational(98, 97) if step.relation == ">=" else sp.Rational(96, 97)
        wrong = replace(step, after=step.after * factor)
        assert wrong.by.prove(wrong.before, wrong.after, wrong.relation).status is not Status.PROVED, str(step.after)


@pytest.mark.parametrize("part", ["gradient", "error", "noise"])
def test_weights_of_one_step_cannot_be_improved(part: str):
    """The descent lemma is tight: each weight, made better by one part in 1000, is refuted or unproved."""
    better = {"gradient": sp.Rational(1001, 1000), "error": sp.Rational(999, 1000), "noise": sp.Rational(999, 1000)}[
        part
    ]
    scale = {name: better if name == part else sp.S.One for name in ("gradient", "error", "noise")}
    bias_sq, spread_sq = GRAM.product("b", "b"), GRAM.product("c", "c")
    after = (
        F_t
        - gamma_t * scale["gradient"] * gradient_weight(gamma_t) * GRAM.product("g", "g")
        + gamma_t * scale["error"] * error_weight(gamma_t) * (bias_sq + spread_sq)
        + gamma_t * scale["noise"] * noise_weight(gamma_t) * GRAM.product("n", "n")
    )
    step = step_derivation().steps[0]
    assert isinstance(step.by, PSD)
    assert step.by.prove(step.before, after, "<=").status is not Status.PROVED

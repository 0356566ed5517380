"""Every statement of the catalogue is well formed."""

from __future__ import annotations

import re

import pytest
import sympy as sp

from byzbounds.bounds import Hypothesis, Kind, Relation, Role, Source, Statement, get, statements
from byzbounds.bounds.inequalities import Status
from byzbounds.bounds.symbols import H, N

EVERY = {statement.key: statement for statement in statements()}
DERIVED = [key for key, statement in EVERY.items() if statement.derivation is not None]
PAPERS = ("LAD", "CRA")


@pytest.mark.parametrize("key", EVERY)
def test_metadata(key):
    statement = EVERY[key]
    assert re.fullmatch(r"[a-z0-9_.]+", key, flags=re.IGNORECASE)
    assert statement.title
    assert statement.text or statement.lhs
    assert str(statement.source)
    assert statement.kind in Kind
    assert statement.relation in Relation
    assert get(key) is statement


@pytest.mark.parametrize("key", EVERY)
def test_one_symbol_a_name(key):
    names = [symbol.name for symbol in EVERY[key].symbols]
    assert len(names) == len(set(names)), f"two symbols share a name in {key}"


@pytest.mark.parametrize("key", EVERY)
def test_what_it_uses_exists(key):
    assert [used for used in EVERY[key].uses if used not in EVERY] == []


def test_dependencies_have_no_cycle():
    done: set[str] = set()

    def visit(key, path):
        assert key not in path, f"cycle: {' -> '.join((*path, key))}"
        if key not in done:
            for used in EVERY[key].uses:
                visit(used, (*path, key))
            done.add(key)

    for key in EVERY:
        visit(key, ())


@pytest.mark.parametrize("key", DERIVED)
def test_derivations_are_proved_or_listed(key):
    """A step that does not follow must be the paper's own slip, which the errata list; UNPROVED is not left silent."""
    report = EVERY[key].derivation().check()
    open_steps = [(step.step.source, step.finding.detail) for step in report.failures if step.status is Status.UNPROVED]
    assert open_steps == []
    if EVERY[key].source.paper == "byzbounds":
        assert report.proved


def test_near_misses_are_suggested():
    with pytest.raises(ValueError, match=r"did you mean lad\.lemma1"):
        get("lad.lema1")
    with pytest.raises(ValueError, match="shows all keys"):
        get("nothing at all")


def test_formula_prefers_the_derived_form():
    statement = EVERY["lad.xi3"]
    assert statement.formula == statement.derived != statement.printed


def test_conditions_and_domain_are_told_apart():
    condition = Hypothesis("H < N", H < N, Role.CONDITION)
    domain = Hypothesis("N >= 2", N >= 2)
    statement = Statement(
        "x.y",
        "title",
        Source("LAD", "here", ("1",)),
        Kind.LEMMA,
        Relation.UPPER,
        "x",
        sp.S.One,
        None,
        (condition, domain),
    )
    assert statement.conditions == (condition,)
    assert statement.domain == (domain,)
    assert [symbol.name for symbol in statement.symbols] == ["H", "N"]
    assert str(statement.source) == "LAD here (1)"

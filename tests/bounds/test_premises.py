"""A step that names another statement as its reason inserts what that statement says, not something like it."""

from __future__ import annotations

import re

import sympy as sp

from byzbounds.bounds import statements
from byzbounds.bounds.inequalities import Algebra, Replace

KEY = re.compile(r"\b(?:lad|cra|refined|robustness|compression)\.[a-z0-9_.]*[a-z0-9_]")


def steps_of(derivation, seen):
    if derivation.key in seen:
        return
    seen.add(derivation.key)
    for lemma in derivation.lemmas:
        yield from steps_of(lemma, seen)
    for step in derivation.steps:
        yield derivation.key, step


def named_insertions():
    """(derivation, named key, inserted expression) wherever one statement is named and one symbol is replaced."""
    seen: set[str] = set()
    for statement in statements():
        if statement.derivation is None:
            continue
        for key, step in steps_of(statement.derivation(), seen):
            named = KEY.findall(step.by.describe())
            inserted = step.by.bounds if isinstance(step.by, Replace) else getattr(step.by, "given", {})
            # A project's own derivation may insert a parameter's value that the named statement recommends.
            inserts_value = isinstance(step.by, Replace) or (
                isinstance(step.by, Algebra) and statement.source.paper in ("LAD", "CRA")
            )
            if inserts_value and len(named) == len(inserted) == 1:
                yield key, named[0], next(iter(inserted.values()))


def test_what_is_named_is_what_is_inserted():
    formulas = {statement.key: statement.formula for statement in statements()}
    compared, wrong = 0, []
    for key, named, inserted in named_insertions():
        formula = formulas.get(named)
        if not isinstance(formula, sp.Expr) or formula.free_symbols != sp.sympify(inserted).free_symbols:
            continue  # the same quantity under other symbols, or one part of a longer formula
        compared += 1
        if formula != inserted and sp.simplify(formula - inserted) != 0:
            wrong.append((key, named, inserted, formula))
    assert compared >= 40
    assert wrong == []


def test_named_statements_exist():
    keys = {statement.key for statement in statements()}
    seen: set[str] = set()
    derivations = [statement.derivation() for statement in statements() if statement.derivation is not None]
    known = keys | {key for derivation in derivations for key, _ in steps_of(derivation, seen)}
    missing = {
        (key, named)
        for derivation in derivations
        for key, step in steps_of(derivation, set())
        for named in KEY.findall(step.by.describe())
        if named not in known
    }
    assert missing == set()

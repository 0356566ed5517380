"""The LAD / Com-LAD paper: every numbered statement, its printed form and its derivation."""

from __future__ import annotations

from . import definitions, lemma1, lemma2, lemma3, lemma4, orders, remarks, theorem1, theorem2

STATEMENTS = (
    *definitions.STATEMENTS,
    *lemma1.STATEMENTS,
    *lemma2.STATEMENTS,
    *lemma3.STATEMENTS,
    *lemma4.STATEMENTS,
    *theorem1.STATEMENTS,
    *theorem2.STATEMENTS,
    *orders.STATEMENTS,
    *remarks.STATEMENTS,
)

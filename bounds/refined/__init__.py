"""Theorems sharper than the papers', from exact moments and without lost factors."""

from __future__ import annotations

from ..statement import Statement
from . import (
    adaptive,
    cra_convergence,
    cra_instance,
    dominance,
    general,
    lad_alternatives,
    lad_convergence,
    lad_messages,
    lower_bound,
)
from .improvements import IMPROVES

STATEMENTS: tuple[Statement, ...] = (
    *general.STATEMENTS,
    *dominance.STATEMENTS,
    *lad_messages.STATEMENTS,
    *lad_convergence.STATEMENTS,
    *lad_alternatives.STATEMENTS,
    *cra_convergence.STATEMENTS,
    *cra_instance.STATEMENTS,
    *lower_bound.STATEMENTS,
    *adaptive.STATEMENTS,
)

__all__ = ["IMPROVES", "STATEMENTS"]

"""Theorems sharper than the papers', from exact moments and without lost factors."""

from __future__ import annotations

from ..statement import Statement
from . import cra_convergence, general, lad_convergence, lad_messages

STATEMENTS: tuple[Statement, ...] = (
    *general.STATEMENTS,
    *lad_messages.STATEMENTS,
    *lad_convergence.STATEMENTS,
    *cra_convergence.STATEMENTS,
)

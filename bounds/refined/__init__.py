"""Theorems sharper than the papers', from exact moments and without lost factors."""

from __future__ import annotations

from ..statement import Statement
from . import descent

STATEMENTS: tuple[Statement, ...] = (*descent.STATEMENTS,)

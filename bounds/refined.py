"""Theorems sharper than the papers'."""

from __future__ import annotations

from .statement import Statement

STATEMENTS: tuple[Statement, ...] = ()

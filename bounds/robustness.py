"""Robustness constants of aggregation rules."""

from __future__ import annotations

from .statement import Statement

STATEMENTS: tuple[Statement, ...] = ()

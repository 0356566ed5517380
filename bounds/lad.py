"""The LAD paper's statements."""

from __future__ import annotations

from .statement import Statement

STATEMENTS: tuple[Statement, ...] = ()

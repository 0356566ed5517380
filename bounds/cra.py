"""The CRA-DL paper's statements."""

from __future__ import annotations

from .statement import Statement

STATEMENTS: tuple[Statement, ...] = ()

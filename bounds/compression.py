"""Compression constants."""

from __future__ import annotations

from .statement import Statement

STATEMENTS: tuple[Statement, ...] = ()

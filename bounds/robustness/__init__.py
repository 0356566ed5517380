"""Robustness constants of aggregation rules: published values, sharp values with proofs, and bounds where neither is known."""

from __future__ import annotations

from ..statement import Statement
from .lstatistics import STATEMENTS as _LSTATISTICS

STATEMENTS: tuple[Statement, ...] = (*_LSTATISTICS,)

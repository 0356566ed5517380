"""Robustness constants of aggregation rules: published ones, sharp ones with proofs, bounds where none is known."""

from __future__ import annotations

from ..statement import Statement
from . import (
    around,
    bucketing,
    c_alpha,
    filtering,
    floors,
    geometric,
    iterative,
    krum,
    lstatistics,
    mixing,
    multikrum,
    selection,
    subsets,
)

_PARTS = (
    floors,
    lstatistics,
    geometric,
    around,
    krum,
    selection,
    multikrum,
    subsets,
    filtering,
    iterative,
    mixing,
    bucketing,
    c_alpha,
)
STATEMENTS: tuple[Statement, ...] = tuple(statement for part in _PARTS for statement in part.STATEMENTS)

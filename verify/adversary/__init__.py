"""Worst cases of aggregation rules with witnesses: exact where the structure of the rule allows it, else searched."""

from __future__ import annotations

from .bracket import Bracket, worst_case
from .grid import grid, jobs, smallest_refutation
from .witness import Witness, confirms, exact_ratio, witness_from_json

__all__ = [
    "Bracket",
    "Witness",
    "confirms",
    "exact_ratio",
    "grid",
    "jobs",
    "smallest_refutation",
    "witness_from_json",
    "worst_case",
]

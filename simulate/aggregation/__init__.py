"""Aggregation rules and pre-aggregations, on messages (..., n, q) of any array library."""

from __future__ import annotations

from .base import Invariance, Preaggregator, Rule, Step
from .composition import Composition, PreComposition
from .coordinatewise import Mean, Median, TrimmedMean
from .preaggregation import NNM

__all__ = [
    "NNM",
    "Composition",
    "Invariance",
    "Mean",
    "Median",
    "PreComposition",
    "Preaggregator",
    "Rule",
    "Step",
    "TrimmedMean",
]

"""Aggregation rules and pre-aggregations, on messages (..., n, q) of any array library.

A rule is called with messages whose axis -2 holds the devices, ``TrimmedMean(f=2)(messages)``, and returns (..., q); a
pre-aggregation returns messages, and composes with a rule by ``NNM(f=2) >> TrimmedMean(f=2)``.
"""

from __future__ import annotations

from .around import MeaMed, Phocas
from .base import Invariance, NonFiniteError, Preaggregator, Rule, Step
from .composition import Composition, PreComposition
from .coordinatewise import Mean, Median, TrimmedMean
from .covariance import CAF
from .filters import FABA, NormThresholding
from .iterative import CenteredClipping, Correntropy, GeometricMedian, Huber
from .krum import Bulyan, Krum, MultiKrum
from .majority import MajorityVote
from .preaggregation import NNM, AdaptiveClipping, Bucketing, Clipping
from .registry import PREAGGREGATORS, RULES, rule_from_name
from .subsets import MDA, SMEA

__all__ = [
    "CAF",
    "FABA",
    "MDA",
    "NNM",
    "PREAGGREGATORS",
    "RULES",
    "SMEA",
    "AdaptiveClipping",
    "Bucketing",
    "Bulyan",
    "CenteredClipping",
    "Clipping",
    "Composition",
    "Correntropy",
    "GeometricMedian",
    "Huber",
    "Invariance",
    "Krum",
    "MajorityVote",
    "MeaMed",
    "Mean",
    "Median",
    "MultiKrum",
    "NonFiniteError",
    "NormThresholding",
    "Phocas",
    "PreComposition",
    "Preaggregator",
    "Rule",
    "Step",
    "TrimmedMean",
    "rule_from_name",
]

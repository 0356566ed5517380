"""Which device holds which subset: allocations as 0/1 matrices with N rows (devices) and M columns (subsets)."""

from __future__ import annotations

from .designs import PairwiseBalanced
from .matrices import (
    Allocation,
    BalancedRandom,
    Cyclic,
    FractionalRepetition,
    NonRedundant,
    StochasticGradientCoding,
    UniformRandom,
)
from .names import ALLOCATIONS, allocation_from_name
from .summary import AllocationSummary, summarise

__all__ = [
    "ALLOCATIONS",
    "Allocation",
    "AllocationSummary",
    "BalancedRandom",
    "Cyclic",
    "FractionalRepetition",
    "NonRedundant",
    "PairwiseBalanced",
    "StochasticGradientCoding",
    "UniformRandom",
    "allocation_from_name",
    "summarise",
]

"""Training problems: the two papers' regressions, classification on real data, and a user's own gradients."""

from __future__ import annotations

from .base import (
    Problem,
    ProblemFamily,
    max_heterogeneity,
    mean_square_heterogeneity,
)
from .regression import CraRegression, LadRegression, LinearRegression

__all__ = [
    "CraRegression",
    "LadRegression",
    "LinearRegression",
    "Problem",
    "ProblemFamily",
    "max_heterogeneity",
    "mean_square_heterogeneity",
]

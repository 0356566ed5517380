"""Training problems: the two papers' regressions, classification on real data, and a user's own gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from .base import (
    Problem,
    ProblemFamily,
    max_heterogeneity,
    mean_square_heterogeneity,
)
from .classification import Perceptron, Samples, SoftmaxRegression
from .datasets import Classification, dirichlet_split
from .dense import DenseProblem, UserProblem
from .regression import CraRegression, LadRegression, LinearRegression

PROBLEMS: Mapping[str, Callable[..., ProblemFamily]] = MappingProxyType(
    {
        "lad": LadRegression,
        "cra": CraRegression,
        "digits": partial(Classification, "digits", "softmax"),
        "digits-perceptron": partial(Classification, "digits", "perceptron"),
        "breast-cancer": partial(Classification, "breast_cancer", "softmax"),
        "breast-cancer-perceptron": partial(Classification, "breast_cancer", "perceptron"),
    }
)
"""Families of problems by name."""

__all__ = [
    "PROBLEMS",
    "Classification",
    "CraRegression",
    "DenseProblem",
    "LadRegression",
    "LinearRegression",
    "Perceptron",
    "Problem",
    "ProblemFamily",
    "Samples",
    "SoftmaxRegression",
    "UserProblem",
    "dirichlet_split",
    "max_heterogeneity",
    "mean_square_heterogeneity",
]

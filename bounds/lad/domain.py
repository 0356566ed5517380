"""Hypotheses of the LAD paper, and the slack variables of its domain."""

from __future__ import annotations

import sympy as sp

from ..statement import Hypothesis, Source
from ..symbols import H, N, d

#: Byzantine devices, N - H.
byzantine = sp.Symbol("f", positive=True)
#: Honest majority beyond the smallest one, H - f - 1.
majority = sp.Symbol("t", nonnegative=True)
#: (N - d) / (d - 1): any load from one subset to all of them.
load = sp.Symbol("s", nonnegative=True)

#: Everything from H > N/2 and 1 <= d <= N, up to points that are limits of these.
SLACK = {d: (load + N) / (1 + load), N: H + byzantine, H: byzantine + 1 + majority}

DEVICES = Hypothesis("N >= 2", N >= 2)
HONEST = Hypothesis("N >= 2 and N/2 < H <= N", sp.And(N >= 2, 2 * H > N, H <= N))
BYZANTINE = Hypothesis("N/2 < H < N", sp.And(2 * H > N, H < N))
LOAD = Hypothesis("1 <= d <= N", sp.And(d >= 1, d <= N))
SMOOTH = Hypothesis("Assumption 1: F is L-smooth")
HETEROGENEITY = Hypothesis("Assumption 2: mean squared deviation of the subset gradients is at most beta^2")
BOUNDED = Hypothesis("Assumption 3: F is bounded below by Fstar")
ROBUST = Hypothesis("Definition 1: the aggregation rule is kappa-robust")
UNBIASED = Hypothesis("Definition 2: the compressor is unbiased with constant delta, independently on each device")
TASKS = Hypothesis("task indices and subsets are permuted uniformly and independently in every iteration")


def source(place: str, *equations: str) -> Source:
    """A place in the LAD paper."""
    return Source("LAD", place, equations)

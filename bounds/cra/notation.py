"""Symbols and hypotheses that every part of the CRA paper shares."""

from __future__ import annotations

import sympy as sp

from ..statement import Hypothesis, Role, Source
from ..symbols import C_alpha, M, N, alpha, d_min, r

#: Iteration index.
t = sp.Symbol("t", integer=True, nonnegative=True)
#: Learning rate of one iteration.
gamma_t = sp.Symbol("gamma_t", positive=True)
#: F(x^t).
F_t = sp.Symbol("F_t", real=True)
#: E||ghat - gbar||^2, the aggregation error, and E||gbar||^2, both given the past.
agg_sq = sp.Symbol("agg_sq", nonnegative=True)
mean_sq = sp.Symbol("mean_sq", nonnegative=True)
#: max_i ||zbar - z_i||^2 over the honest messages.
spread_max = sp.Symbol("varsigma", nonnegative=True)
#: max_{i,j} ||g_i - g_j||^2 over all coded gradients.
diameter_sq = sp.Symbol("diameter_sq", nonnegative=True)
#: sum_i ||g_i||^2 over all coded gradients.
sum_sq = sp.Symbol("sum_sq", nonnegative=True)
#: The constants (19)-(22), as symbols, for the steps that are stated in terms of them.
rho1_, rho2_, rho3_, rho4_ = sp.symbols("rho_1 rho_2 rho_3 rho_4", nonnegative=True)

#: Subsets that a device holds and a given other one does not.
unshared = r - r**2 / M
#: The largest C_alpha at which (19) is zero, cleared of its denominator: C_alpha * young < d_min * M.
young = 2 * sp.sqrt(2) * N * unshared

#: Probability that a device is honest, and that two given devices are, CRA (17).
phi1 = 1 - alpha
phi2 = (1 - alpha) * (N - N * alpha - 1) / (N - 1)

DEVICES = Hypothesis("at least two devices", sp.Ge(N, 2))
LOAD = Hypothesis("a device holds between one and all of the subsets", sp.And(sp.Ge(r, 1), sp.Le(r, M)))
HELD = Hypothesis("every subset is held by somebody", sp.Ge(d_min, 1))
COUNTED = Hypothesis("the smallest column sum of the allocation is at most their mean", sp.Le(d_min * M, N * r))
MINORITY = Hypothesis("less than half of the devices are Byzantine", sp.Lt(alpha, sp.Rational(1, 2)))
HONEST = Hypothesis("some device is honest", sp.Ge((1 - alpha) * N, 1))
WHOLE = Hypothesis("alpha N is a whole number")
PAIRWISE = Hypothesis("every device holds r subsets and every two devices share r^2/M of them")
UNIFORM = Hypothesis("the honest devices of an iteration are a uniformly random set, drawn afresh each time")
SMOOTH = Hypothesis("the training loss is L-smooth, CRA (9)")
HETEROGENEITY = Hypothesis("the subset gradients stay within beta of their mean, CRA (10)")
BOUNDED_BELOW = Hypothesis("the training loss is bounded below by Fstar, CRA (11)")
ROBUST = Hypothesis("the server's rule is an RBA rule with constant C_alpha, CRA (7)")
ROBUST_ENOUGH = Hypothesis(
    "rho_1 > 0, that is C_alpha < d_min M / (2 sqrt(2) N (r - r^2/M))",
    sp.Lt(C_alpha * young, d_min * M),
    Role.CONDITION,
    printed=sp.Lt(C_alpha * 2 * sp.sqrt(2 * N) * unshared, d_min * M),
)

ALLOCATION = (DEVICES, LOAD, HELD, COUNTED, PAIRWISE)
SETTING = (*ALLOCATION, MINORITY, HONEST, WHOLE, UNIFORM, SMOOTH, HETEROGENEITY, BOUNDED_BELOW, ROBUST)


def source(place: str, *equations: str) -> Source:
    """Name a place in the CRA paper."""
    return Source("CRA", place, equations)

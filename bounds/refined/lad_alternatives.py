"""Statements on LAD with other matrices, rules and compressors.

Their derivations are in :mod:`~byzbounds.bounds.refined.lad_variants`.
"""

from __future__ import annotations

import sympy as sp

from ..statement import Hypothesis, Kind, Relation, Role, Statement
from ..symbols import H, L, N, d, delta, gamma0
from . import lad_variants as variants
from .lad_theorem import KEPT
from .notation import (
    BOUNDED_BELOW,
    DEVICES,
    GAP,
    HETEROGENEITY,
    LAD_SETTING,
    LOAD,
    MAJORITY,
    PERMUTED,
    ROBUST,
    ROBUST_ENOUGH,
    SMOOTH,
    STEP_SIZE,
    result,
    theta_sq,
)

_COLUMNS = Hypothesis(
    "theta_sq is the sum of the squared column sums of the computation matrix: d^2 N <= theta_sq <= d N^2",
    sp.And(sp.Ge(theta_sq, d**2 * N), sp.Le(theta_sq, d * N**2)),
)
_SHARED = Hypothesis("all devices apply the same random linear map C, E C(g) = g and E||C(g) - g||^2 <= delta ||g||^2")
_PLAIN = (DEVICES, LOAD, MAJORITY, PERMUTED, HETEROGENEITY)
_RBA = Hypothesis("the server's rule is an RBA rule with constant C_alpha, CRA (7)")
_UNIFORM = Hypothesis("the subset gradients stay within beta of their mean, CRA (10)")
_DIFFERENT = Hypothesis("two tasks differ in at most unshared <= d subsets on either side", sp.Le(variants.unshared, d))
_DESCENT = (SMOOTH, BOUNDED_BELOW)
_U = L * gamma0 / (N - L * gamma0)
_KEPT = Hypothesis("the margin is positive", sp.Gt(KEPT - _U * delta / H, 0), Role.CONDITION)
_KEPT_SHARED = Hypothesis("L gamma0 delta < N - L gamma0", sp.Gt(1 - _U * delta, 0), Role.CONDITION)
_MEAN = r"\frac1T\sum_{t<T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2"
_LIMIT = r"\lim_{\gamma^0\to0}\limsup_{T\to\infty}" + _MEAN
_ERROR = r"\mathbb{E}\|\hat{\mathbf{g}}^t-\bar{\mathbf{g}}^t\|^2"
_NOISE = r"\mathbb{E}\|\bar{\mathbf{g}}^t-\boldsymbol\mu^t\|^2"

MATRICES: tuple[Statement, ...] = (
    result(
        "refined.lad.matrix.error",
        "Aggregation error, any computation matrix",
        Relation.UPPER,
        _ERROR,
        variants.matrix_error,
        (*LAD_SETTING, _COLUMNS, ROBUST),
        "Decreases with theta_sq: the more unequal the column sums, the closer the honest messages.",
        uses=("refined.lad.matrix.dispersion", "refined.lad.message_norm"),
    ),
    result(
        "refined.lad.matrix.noise",
        "Noise of the honest average, any computation matrix",
        Relation.UPPER,
        _NOISE,
        variants.matrix_noise,
        (*LAD_SETTING, _COLUMNS),
        "Increases with theta_sq by what the dispersion loses.",
        uses=("refined.lad.matrix.mean_error", "refined.lad.message_norm"),
    ),
    result(
        "refined.lad.matrix.theorem",
        "Convergence of Com-LAD with any computation matrix, eta = 1/N",
        Relation.UPPER,
        _MEAN,
        variants.matrix_theorem,
        (*LAD_SETTING, _COLUMNS, ROBUST, *_DESCENT, GAP, STEP_SIZE, _KEPT),
        "Linear in theta_sq, so that either equal column sums or a single task are best; a single task wins when "
        "kappa > L gamma0 / (N - L gamma0).",
        uses=("refined.lad.matrix.error", "refined.lad.matrix.noise", "refined.descent.balanced"),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.matrix.crossover",
        "Learning rate at which all computation matrices are worth the same",
        Relation.EQUALITY,
        r"\gamma^0_{=}",
        variants.crossover,
        (*_PLAIN, ROBUST, *_DESCENT),
        "Below it a single task for all devices has the least bound, above it equal column sums have.",
        uses=("refined.lad.matrix.theorem",),
        kind=Kind.CONSTANT,
    ),
    result(
        "refined.lad.one_task.floor",
        "Error floor when all devices compute the same task",
        Relation.UPPER,
        _LIMIT,
        variants.one_task_floor,
        (*LAD_SETTING, ROBUST, *_DESCENT, ROBUST_ENOUGH),
        "Zero without compression for every kappa-robust rule: the honest messages are identical.",
        uses=("refined.lad.matrix.theorem",),
        kind=Kind.COROLLARY,
    ),
)

SHARED: tuple[Statement, ...] = (
    result(
        "refined.lad.shared.error",
        "Aggregation error with a shared linear compressor",
        Relation.UPPER,
        _ERROR,
        variants.shared_error,
        (*_PLAIN, _COLUMNS, _SHARED, ROBUST),
        "Compression no longer spreads the honest messages: no gradient term, hence no condition on kappa delta.",
        uses=("refined.lad.matrix.dispersion",),
    ),
    result(
        "refined.lad.shared.noise",
        "Noise of the honest average with a shared linear compressor",
        Relation.UPPER,
        _NOISE,
        variants.shared_noise,
        (*_PLAIN, _COLUMNS, _SHARED),
        "The price: compression errors are no longer averaged over the devices.",
        uses=("refined.lad.matrix.mean_error",),
    ),
    result(
        "refined.lad.shared.theorem",
        "Convergence of Com-LAD with a shared linear compressor, eta = 1/N",
        Relation.UPPER,
        _MEAN,
        variants.shared_theorem,
        (*_PLAIN, _COLUMNS, _SHARED, ROBUST, *_DESCENT, GAP, STEP_SIZE, _KEPT_SHARED),
        "The only condition is on the learning rate.",
        uses=("refined.lad.shared.error", "refined.lad.shared.noise", "refined.descent.balanced"),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.shared.floor",
        "Error floor with a shared linear compressor",
        Relation.UPPER,
        _LIMIT,
        variants.shared_floor,
        (*_PLAIN, _SHARED, ROBUST, *_DESCENT),
        "Equal column sums; valid for every kappa and delta.",
        uses=("refined.lad.shared.theorem",),
        kind=Kind.COROLLARY,
    ),
    result(
        "refined.lad.shared.one_task",
        "Error floor with a shared compressor and a single task",
        Relation.UPPER,
        _LIMIT,
        variants.shared_one_task,
        (*_PLAIN, _SHARED, ROBUST, *_DESCENT),
        "Zero: all honest messages are identical.",
        uses=("refined.lad.shared.theorem",),
        kind=Kind.COROLLARY,
    ),
)

RBA: tuple[Statement, ...] = (
    result(
        "refined.lad.rba",
        "kappa of an RBA rule",
        Relation.UPPER,
        r"\kappa",
        variants.rba_derivation,
        (DEVICES, MAJORITY, _RBA),
        "Every LAD theorem holds for RBA rules with this kappa.",
        kind=Kind.CONSTANT,
    ),
    result(
        "refined.lad.rba.floor",
        "Error floor of LAD with an RBA rule",
        Relation.UPPER,
        _LIMIT,
        variants.rba_floor,
        (*_PLAIN, _RBA, *_DESCENT),
        "From the mean deviation alone.",
        uses=("refined.lad.rba", "refined.lad.theorem2.floor"),
        kind=Kind.COROLLARY,
    ),
    result(
        "refined.lad.rba.best",
        "Convergence of LAD with an RBA rule at the best learning rate",
        Relation.UPPER,
        _MEAN,
        variants.rba_best,
        (*_PLAIN, _RBA, *_DESCENT, GAP),
        "From the mean deviation alone.",
        uses=("refined.lad.rba", "refined.lad.theorem2.best"),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.rba.uniform",
        "Aggregation error of an RBA rule in LAD, uniform heterogeneity",
        Relation.UPPER,
        _ERROR,
        variants.uniform_error,
        (DEVICES, LOAD, MAJORITY, _RBA, _UNIFORM, _DIFFERENT),
        "Two cyclic tasks differ in at most min(d, N - d) subsets.",
        uses=("refined.cra.deviation",),
    ),
)

STATEMENTS = (*MATRICES, *SHARED, *RBA)

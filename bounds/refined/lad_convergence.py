"""Statements on the convergence of Com-LAD and LAD.

Their derivations are in :mod:`~byzbounds.bounds.refined.lad_theorem`.
"""

from __future__ import annotations

import sympy as sp

from ..statement import Hypothesis, Kind, Relation, Role
from ..symbols import F0, Fstar, H, L, N, T, delta, eta, gamma0, kappa
from . import lad_theorem as theorem
from .descent import margin
from .lad_moments import KAPPA2, KAPPA4
from .notation import BOUNDED_BELOW, GAP, LAD_SETTING, ROBUST, ROBUST_ENOUGH, SMOOTH, STEP_SIZE, UNBIASED, mu_PL, result
from .schedules import sum_rates, sum_rates_sq

_SETTING = (*LAD_SETTING, ROBUST, SMOOTH, BOUNDED_BELOW, GAP)
_PLAIN = tuple(hypothesis for hypothesis in _SETTING if hypothesis is not UNBIASED)
_MEAN = r"\frac1T\sum_{t<T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2"
_AGGREGATION = "refined.lad.aggregation_error"


def _positive(text: str, expression: sp.Expr) -> Hypothesis:
    return Hypothesis(text, sp.Gt(expression, 0), Role.CONDITION)


_MARGIN = _positive("the margin is positive", margin(gamma0, theorem.CONSTANTS[1], theorem.CONSTANTS[3]))
_MARGIN_PLAIN = _positive("the margin is positive", margin(gamma0, sp.S.Zero, sp.S.Zero))
_SAME_PROOF = _positive(
    "the margin is positive",
    1 / N - eta / 2 - kappa * KAPPA2 / (2 * eta) - L * gamma0 * (kappa * KAPPA2 + KAPPA4),
)
_BALANCED = _positive(
    "kappa delta (H - 1) / H + L gamma0 delta / (H (N - L gamma0)) < 1",
    theorem.KEPT - L * gamma0 * delta / (H * (N - L * gamma0)),
)
_DECAYING = _positive(
    "the margin is positive",
    theorem.KEPT * 2 * (sp.sqrt(T + 1) - 1) - L * gamma0 * delta / (H * (N - L * gamma0)) * (1 + sp.log(T)),
)
_NO_LARGER = Hypothesis("no learning rate is above gamma0")
_VARYING = _positive(
    "the margin is positive",
    theorem.KEPT * sum_rates - L * delta / (H * (N - L * gamma0)) * sum_rates_sq,
)
_PL = Hypothesis("the loss is Polyak-Lojasiewicz with constant mu_PL <= L", sp.Le(mu_PL, L))
_GAP = _positive("F0 > Fstar", F0 - Fstar)

STATEMENTS = (
    result(
        _AGGREGATION,
        "Aggregation error of Com-LAD",
        Relation.UPPER,
        r"\mathbb{E}\|\hat{\mathbf{g}}^t-\bar{\mathbf{g}}^t\|^2",
        theorem.aggregation_error,
        (*LAD_SETTING, ROBUST),
        "Without compression the gradient's norm does not enter.",
        uses=("refined.lad.kappa1", "refined.lad.kappa2"),
    ),
    result(
        "refined.lad.theorem1.same_proof",
        "Com-LAD by the paper's own proof, with the refined coefficients",
        Relation.UPPER,
        _MEAN,
        theorem.same_proof,
        (*_SETTING, _SAME_PROOF),
        "What the sharper lemmas alone are worth: the descent step is the paper's, eta is free.",
        uses=tuple(f"refined.lad.kappa{n}" for n in range(1, 5)),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.theorem1",
        "Convergence of Com-LAD",
        Relation.UPPER,
        _MEAN,
        theorem.theorem1,
        (*_SETTING, STEP_SIZE, _MARGIN),
        "Fixed learning rate below N / L, any eta. At the paper's eta it is never above the paper's bound.",
        uses=("refined.descent.fixed", _AGGREGATION),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.theorem1.balanced",
        "Convergence of Com-LAD with eta = 1/N",
        Relation.UPPER,
        _MEAN,
        theorem.balanced,
        (*_SETTING, STEP_SIZE, _BALANCED),
        "The best eta as the learning rate tends to zero, where the bound is the error floor.",
        uses=("refined.descent.balanced", _AGGREGATION),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.theorem1.best",
        "Convergence of Com-LAD at the best learning rate",
        Relation.UPPER,
        _MEAN,
        theorem.best_bound,
        (*_SETTING, ROBUST_ENOUGH),
        "The balanced bound, least over all learning rates below N / L.",
        uses=("refined.descent.best", "refined.lad.theorem1.balanced"),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.theorem1.best_learning_rate",
        "Best learning rate of Com-LAD",
        Relation.EQUALITY,
        r"\gamma^0_\ast",
        theorem.best_rate,
        (*_SETTING, ROBUST_ENOUGH, _GAP),
        "Where the balanced bound is least.",
        uses=("refined.descent.best", "refined.lad.theorem1.balanced"),
        kind=Kind.CONSTANT,
    ),
    result(
        "refined.lad.floor",
        "Error floor of Com-LAD",
        Relation.UPPER,
        r"\lim_{\gamma^0\to0}\limsup_{T\to\infty}" + _MEAN,
        theorem.floor_derivation,
        (*LAD_SETTING, ROBUST, SMOOTH, BOUNDED_BELOW, ROBUST_ENOUGH),
        "No choice of eta makes it smaller. Without compression there is no condition.",
        uses=("refined.descent.balanced", _AGGREGATION),
        kind=Kind.COROLLARY,
    ),
    result(
        "refined.lad.floor.ratio",
        "Error floor of LAD against d = 1",
        Relation.EQUALITY,
        r"\varepsilon(d)/\varepsilon(1)",
        theorem.floor_ratio,
        LAD_SETTING[:3],
        "What a load of d buys without compression, whatever the rule.",
        uses=("refined.lad.floor",),
        kind=Kind.COROLLARY,
    ),
    result(
        "refined.lad.theorem1.decaying",
        "Convergence of Com-LAD with learning rates gamma0 / sqrt(t + 1)",
        Relation.UPPER,
        r"\min_{t<T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2",
        theorem.decaying,
        (*_SETTING, STEP_SIZE, _BALANCED, _DECAYING),
        "Tends to the error floor as T grows; the paper has no such theorem for Com-LAD.",
        uses=("refined.descent.decaying", _AGGREGATION),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.theorem1.pl",
        "Convergence of Com-LAD for Polyak-Lojasiewicz losses",
        Relation.UPPER,
        r"\mathbb{E}F(\mathbf{x}^T)-F^*",
        theorem.loss,
        (*_SETTING, _PL, STEP_SIZE, _BALANCED),
        "Linear convergence to a floor of the loss; strongly convex losses are a case.",
        uses=("refined.descent.pl", _AGGREGATION),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.theorem1.pl_decaying",
        "Convergence of Com-LAD for Polyak-Lojasiewicz losses, learning rates like 1/t",
        Relation.UPPER,
        r"\mathbb{E}F(\mathbf{x}^T)-F^*",
        theorem.loss_decaying,
        (*_SETTING, _PL, STEP_SIZE, _BALANCED),
        "For gamma_t = gamma0 / (1 + a gamma0 t / 2) with a = mu_PL / N times the kept share.",
        uses=("refined.descent.pl_decaying", _AGGREGATION),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.theorem1.varying",
        "Convergence of Com-LAD with any learning rates of at most gamma0",
        Relation.UPPER,
        r"\min_{t<T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2",
        theorem.varying,
        (*_SETTING, _NO_LARGER, STEP_SIZE, _BALANCED, _VARYING),
        "Through the sum of the learning rates and that of their squares.",
        uses=("refined.descent.varying", _AGGREGATION),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.theorem2",
        "Convergence of LAD",
        Relation.UPPER,
        _MEAN,
        theorem.theorem2,
        (*_PLAIN, STEP_SIZE, _MARGIN_PLAIN),
        "Without compression neither kappa nor d enters the condition.",
        uses=("refined.lad.theorem1",),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.theorem2.balanced",
        "Convergence of LAD with eta = 1/N",
        Relation.UPPER,
        _MEAN,
        theorem.balanced2,
        (*_PLAIN, STEP_SIZE),
        "Holds for every kappa: a learning rate below N / L is the only condition.",
        uses=("refined.lad.theorem1.balanced",),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.theorem2.best",
        "Convergence of LAD at the best learning rate",
        Relation.UPPER,
        _MEAN,
        theorem.best_bound_lad,
        _PLAIN,
        "Error floor, a term of order 1 / T and one of order 1 / sqrt(T).",
        uses=("refined.lad.theorem1.best",),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.theorem2.floor",
        "Error floor of LAD",
        Relation.UPPER,
        r"\lim_{\gamma^0\to0}\limsup_{T\to\infty}" + _MEAN,
        theorem.floor2,
        (*LAD_SETTING[:5], ROBUST, SMOOTH, BOUNDED_BELOW),
        "Linear in kappa, where the paper's is of order sqrt(kappa) and holds for small kappa alone.",
        uses=("refined.lad.floor",),
        kind=Kind.COROLLARY,
    ),
)

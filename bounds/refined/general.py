"""Statements of the descent results, for any bounds on the aggregation error and on the honest average's noise."""

from __future__ import annotations

import sympy as sp

from ..statement import Hypothesis, Kind, Relation, Role
from ..symbols import L, N, gamma0
from . import best_eta, descent, optimum, polyak, schedules
from .notation import BOUNDED_BELOW, GAP, SMOOTH, STEP_SIZE, err_1, gamma_t, mu_PL, noise_1, result

_SETTING = (SMOOTH, BOUNDED_BELOW, GAP)
_MEAN = r"\frac1T\sum_{t<T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2"
_LEAST = r"\min_{t<T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2"
_BALANCED = 1 - N**2 * (err_1 + L * gamma0 / (N - L * gamma0) * noise_1)


def _positive(text: str, expression: sp.Expr) -> Hypothesis:
    return Hypothesis(text, sp.Gt(expression, 0), Role.CONDITION)


def _denominator(formula: sp.Expr) -> Hypothesis:
    """The denominator of a bound as it is written."""
    (denominator,) = (part.base for part in sp.Mul.make_args(formula) if part.is_Pow and part.exp == -1)
    return _positive("the margin is positive", denominator)


_VARYING = schedules.varying_rate(schedules.GENERIC, schedules.sum_rates, schedules.sum_rates_sq)
_KEPT = _positive("the share of the gradient that is kept is positive", _BALANCED)
#: q1 x - q0 - q2 x^2 is positive for some x.
_SOME_ETA = (
    _positive("the margin is positive for some eta", best_eta.PARTS[best_eta.q1]),
    _positive(
        "the margin is positive for some eta",
        best_eta.PARTS[best_eta.q1] ** 2 - 4 * best_eta.PARTS[best_eta.q0] * best_eta.PARTS[best_eta.q2],
    ),
)

STATEMENTS = (
    result(
        "refined.descent.step",
        "One step of descent under attack",
        Relation.TIGHT_UPPER,
        r"\mathbb{E}\left[F(\mathbf{x}^{t+1})\middle|\mathcal{F}^t\right]",
        descent.step_derivation,
        (
            SMOOTH,
            Hypothesis("gamma_t < N / L", sp.Lt(L * gamma_t, N), Role.CONDITION),
            Hypothesis("the honest average is unbiased for grad F / N given the past"),
        ),
        "Nothing is lost to splitting squares: bias and noise of the aggregation error are weighed together, eta is "
        "free.",
    ),
    result(
        "refined.descent.fixed",
        "Mean squared gradient norm at a fixed learning rate",
        Relation.UPPER,
        _MEAN,
        descent.fixed_derivation,
        (*_SETTING, STEP_SIZE, _positive("the margin is positive", descent.margin(gamma0, err_1, noise_1))),
        "For any bounds err_0 + err_1 ||grad F||^2 on the aggregation error and noise_0 + noise_1 ||grad F||^2 on the "
        "noise of the honest average.",
        uses=("refined.descent.step",),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.descent.balanced",
        "Mean squared gradient norm at eta = 1/N",
        Relation.UPPER,
        _MEAN,
        optimum.balanced_derivation,
        (*_SETTING, STEP_SIZE, _KEPT),
        "The best eta as the learning rate tends to zero.",
        uses=("refined.descent.fixed",),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.descent.best",
        "Mean squared gradient norm at the best learning rate",
        Relation.TIGHT_LOWER,
        r"\frac{a(1+1/u)+c+bu}{q-vu}",
        optimum.optimality,
        (),
        "The least value of the balanced bound as a function of u = L gamma0 / (N - L gamma0).",
        uses=("refined.descent.balanced",),
    ),
    result(
        "refined.descent.best_point",
        "Best learning rate, as u",
        Relation.EQUALITY,
        r"u_\ast",
        optimum.point_derivation,
        (),
        "The learning rate is N / L times u / (1 + u).",
        uses=("refined.descent.best",),
        kind=Kind.CONSTANT,
    ),
    result(
        "refined.descent.floor",
        "Error floor",
        Relation.UPPER,
        r"\lim_{\gamma^0\to0}\limsup_{T\to\infty}" + _MEAN,
        optimum.floor_derivation,
        (SMOOTH, BOUNDED_BELOW, _positive("N^2 err_1 < 1", 1 - N**2 * err_1)),
        "No choice of eta makes it smaller.",
        uses=("refined.descent.balanced",),
        kind=Kind.COROLLARY,
    ),
    result(
        "refined.descent.best_eta",
        "Best eta at a fixed learning rate",
        Relation.EQUALITY,
        r"\eta_\ast",
        best_eta.eta_derivation,
        (*_SETTING, STEP_SIZE, *_SOME_ETA),
        "Where the fixed-rate bound is least; it tends to 1/N with the learning rate.",
        uses=("refined.descent.fixed",),
        kind=Kind.CONSTANT,
    ),
    result(
        "refined.descent.varying",
        "Least gradient norm with varying learning rates",
        Relation.UPPER,
        _LEAST,
        schedules.varying_derivation,
        (
            *_SETTING,
            Hypothesis("no learning rate is above gamma0"),
            STEP_SIZE,
            _KEPT,
            _denominator(_VARYING),
        ),
        "Any learning rates of at most gamma0, through their sum and the sum of their squares.",
        uses=("refined.descent.step",),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.descent.decaying",
        "Least gradient norm with learning rates gamma0 / sqrt(t + 1)",
        Relation.UPPER,
        _LEAST,
        schedules.decaying_derivation,
        (*_SETTING, STEP_SIZE, _KEPT, _denominator(schedules.decaying_rate(schedules.GENERIC))),
        "The sums by their integrals.",
        uses=("refined.descent.varying",),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.descent.pl",
        "Loss under the Polyak-Lojasiewicz inequality",
        Relation.UPPER,
        r"\mathbb{E}F(\mathbf{x}^T)-F^*",
        schedules.pl_derivation,
        (
            *_SETTING,
            Hypothesis("the loss is Polyak-Lojasiewicz with constant mu_PL <= L", sp.Le(mu_PL, L)),
            STEP_SIZE,
            _KEPT,
        ),
        "Linear convergence to a floor.",
        uses=("refined.descent.step",),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.descent.pl_decaying",
        "Loss under the Polyak-Lojasiewicz inequality, learning rates like 1/t",
        Relation.UPPER,
        r"\mathbb{E}F(\mathbf{x}^T)-F^*",
        polyak.pl_decaying_derivation,
        (
            *_SETTING,
            Hypothesis("the loss is Polyak-Lojasiewicz with constant mu_PL <= L", sp.Le(mu_PL, L)),
            STEP_SIZE,
            _KEPT,
        ),
        "For gamma_t = gamma0 / (1 + a gamma0 t / 2) with a = mu_PL / N times the kept share: the noise leaves no "
        "floor.",
        uses=("refined.descent.step",),
        kind=Kind.THEOREM,
    ),
)

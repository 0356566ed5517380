"""The descent of one iteration of CRA-DL, (23)-(28) of the paper, and the constants (19)-(22)."""

from __future__ import annotations

from functools import cache, partial

import sympy as sp

from ..inequalities import PSD, Squares
from ..proof import Chain, Derivation
from ..squares import Gram, Norm, pairs
from ..statement import Hypothesis, Kind, Relation, Statement
from ..symbols import C_alpha, H, L, M, N, alpha, beta, d_min, eta, grad_sq, r
from .lemma1 import lemma1_derivation
from .lemma2 import HONEST_COUNT, lemma2_derivation, p_honest
from .notation import (
    DEVICES,
    HELD,
    HETEROGENEITY,
    HONEST,
    LOAD,
    PAIRWISE,
    ROBUST,
    ROBUST_ENOUGH,
    SETTING,
    SMOOTH,
    UNIFORM,
    F_t,
    agg_sq,
    diameter_sq,
    gamma_t,
    mean_sq,
    phi1,
    phi2,
    source,
    spread_max,
    unshared,
)

#: Inner product of the gradient with the aggregate, and with its error.
inner_agg, inner_err = sp.symbols("inner_agg inner_err", real=True)
RHO1_FORMULA = 1 / N - 2 * unshared * sp.sqrt(2) * C_alpha / (d_min * M)
RHO2_FORMULA = (
    (phi1 - phi2) * 2 * r**2 * L / ((1 - alpha) ** 2 * N * d_min**2 * M**2)
    + phi2 * L / ((1 - alpha) ** 2 * N**2)
    + 8 * L * C_alpha**2 / (d_min**2 * M**2) * unshared**2
)
RHO3_FORMULA = beta**2 * M * sp.sqrt(2) * C_alpha / d_min * unshared
RHO4_FORMULA = (phi1 - phi2) * 2 * r**2 * beta**2 * L / (
    (1 - alpha) ** 2 * N * d_min**2
) + 8 * C_alpha**2 * beta**2 * L / d_min**2 * unshared**2

#: Inner products of the gradient with the honest average with the sum of all messages.
agg_inner_mean = sp.Symbol("inner_mean", real=True)
total_inner = sp.Symbol("total_inner", real=True)
#: Sum over j of ||g_j - g_i||^2 and ||sum_j (g_j - g_i)||^2 over the honest, for one honest i.
around_sum, around_total = sp.symbols("around_sum around_total", nonnegative=True)
#: The constant term of Young's inequality, eta + square / eta.
square_ = sp.Symbol("square", nonnegative=True)

_ERROR = Gram(("error", "mean"), {("error", "error"): agg_sq, ("mean", "mean"): mean_sq})
_YOUNG = Gram(
    ("gradient", "error"),
    {("gradient", "gradient"): grad_sq, ("error", "error"): agg_sq, ("gradient", "error"): inner_err},
)
_square = 8 * C_alpha**2 * unshared**2 / (M**2 * d_min**2)


def _smooth(key: str) -> Chain:
    aggregate_sq = _ERROR.norm({"error": 1, "mean": 1})
    chain = Chain(key, F_t - gamma_t * inner_agg + L / 2 * gamma_t**2 * aggregate_sq, "Smoothness along the update")
    bound = F_t - gamma_t * inner_agg + L * gamma_t**2 * (agg_sq + mean_sq)
    return chain.at_most(bound, PSD(_ERROR, why="(43) with two vectors"), source="CRA (23)")


def _young(key: str) -> Chain:
    chain = _smooth(key).define({inner_agg: inner_err + agg_inner_mean}, "ghat = (ghat - gbar) + gbar")
    chain.define({agg_inner_mean: _eq24().conclusion}, "cra.eq24", source="CRA (23)")
    bound = chain.now.subs(inner_err, -(eta * grad_sq + agg_sq / eta) / 2)
    return chain.at_most(bound, PSD(_YOUNG, why="Young's inequality"), source="CRA (23)")


def _one_step(key: str) -> Chain:
    bounds = {agg_sq: _eq26().conclusion, mean_sq: lemma2_derivation().conclusion}
    return _young(key).bound(bounds, "cra.eq26 and cra.lemma2", source="CRA (27)")


@cache
def _eq23_smooth() -> Derivation:
    return _smooth("cra.eq23.smooth").derivation(uses=("cra.assumption1", "cra.update", "cra.eq43"))


@cache
def _eq23() -> Derivation:
    return _young("cra.eq23").derivation(uses=("cra.assumption1", "cra.eq24"))


@cache
def _eq24() -> Derivation:
    chain = Chain("cra.eq24", p_honest * total_inner / H, "Mean of the honest average")
    chain.define({p_honest: 1 - alpha}, "cra.phi1").define(HONEST_COUNT, "alpha N devices are Byzantine")
    chain.define({total_inner: grad_sq}, "all messages add up to the gradient").equals(grad_sq / N)
    meanings = {total_inner: r"\langle \nabla F, \sum_i g_i \rangle"}
    return chain.derivation(uses=("cra.phi1",), meanings=meanings)


@cache
def _eq25() -> Derivation:
    jensen = Chain("cra.eq25.jensen", around_total / H**2, "Distance from the honest mean")
    jensen.at_most(around_sum / H, Squares([(1 / H**2, pairs(H, around_sum, around_total))], why="Jensen"))
    jensen.bound({around_sum: H * diameter_sq}, "no two messages are farther apart than the diameter")
    chain = Chain("cra.eq25", agg_sq, "Definition 1, then the diameter")
    chain.bound({agg_sq: C_alpha**2 * spread_max}, "cra.definition1", source="CRA (25)")
    chain.bound({spread_max: diameter_sq}, "the diameter bounds every distance from the mean", source="CRA (25)")
    return chain.derivation(uses=("cra.definition1",), lemmas=(jensen.derivation(),))


@cache
def _eq26() -> Derivation:
    chain = Chain("cra.eq26", agg_sq, "(25), then Lemma 1")
    chain.bound({agg_sq: _eq25().conclusion}, "cra.eq25")
    chain.bound({diameter_sq: lemma1_derivation().conclusion}, "cra.lemma1", source="CRA (26)")
    return chain.derivation(uses=("cra.eq25", "cra.lemma1"))


@cache
def _eq27() -> Derivation:
    return _one_step("cra.eq27").derivation(uses=("cra.eq23", "cra.eq26", "cra.lemma2"))


@cache
def _eta() -> Derivation:
    best = Chain(
        "cra.eta.best", (eta + square_ / eta) / 2, "No eta makes eta + square / eta smaller than 2 sqrt(square)"
    )
    gap = Gram(("unit",), {("unit", "unit"): sp.S.One})
    best.at_least(sp.sqrt(square_), Squares([(1 / (2 * eta), Norm(gap, {"unit": eta - sp.sqrt(square_)}))]))
    root = 2 * sp.sqrt(2) * C_alpha * unshared / (M * d_min)
    chain = Chain("cra.eta", _square / root, "The best parameter is the root of the constant term")
    chain.equals(root)
    return chain.derivation(uses=("cra.eq27",), lemmas=(best.derivation(),))


def _coefficient(rate_power: int, gradient_power: int) -> sp.Expr:
    """Coefficient in (27), as derived."""
    bound = sp.expand(_eq27().conclusion - F_t)
    coefficient = bound.coeff(gamma_t, rate_power).coeff(grad_sq, gradient_power)
    return -coefficient if (rate_power, gradient_power) == (1, 1) else coefficient


@cache
def rho_derivation(number: int) -> Derivation:
    """How rho_1, ..., rho_4 come out of (27)."""
    powers = {1: (1, 1), 2: (2, 1), 3: (1, 0), 4: (2, 0)}[number]
    formula = {1: RHO1_FORMULA, 2: RHO2_FORMULA, 3: RHO3_FORMULA, 4: RHO4_FORMULA}[number]
    chain = Chain(f"cra.rho{number}", _coefficient(*powers), "Coefficient in (27)")
    if number % 2:
        chain.define({eta: _eta().conclusion}, "cra.eta")
    return chain.equals(formula).derivation(uses=("cra.eq27", "cra.eta"))


@cache
def _eq28() -> Derivation:
    chain = _one_step("cra.eq28").define({eta: _eta().conclusion}, "cra.eta", source="CRA (28)")
    rho1, rho2, rho3, rho4 = (rho_derivation(number).conclusion for number in (1, 2, 3, 4))
    chain.equals(F_t - gamma_t * rho1 * grad_sq + gamma_t**2 * rho2 * grad_sq + gamma_t * rho3 + gamma_t**2 * rho4)
    return chain.derivation(uses=("cra.eq27", "cra.eta", "cra.rho1", "cra.rho2", "cra.rho3", "cra.rho4"))


_descent = (SMOOTH, UNIFORM)

EQ23_SMOOTH = Statement(
    key="cra.eq23.smooth",
    title="Descent along the update",
    source=source("Proof of Theorem 1", "23"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\mathbb{E}\left[F(\mathbf{x}^{t+1})\middle|\mathcal{F}^t\right]",
    printed=F_t - gamma_t * inner_agg + L * gamma_t**2 * agg_sq + L * gamma_t**2 * mean_sq,
    derivation=_eq23_smooth,
    hypotheses=_descent,
    uses=("cra.assumption1", "cra.update", "cra.eq43"),
    text="Smoothness along the update, and (43) with the two vectors ghat - gbar and gbar; inner_agg is "
    "E<grad F, ghat>.",
)
EQ23 = Statement(
    key="cra.eq23",
    title="Descent with Young's inequality",
    source=source("Proof of Theorem 1", "23"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\mathbb{E}\left[F(\mathbf{x}^{t+1})\middle|\mathcal{F}^t\right]",
    printed=F_t
    + gamma_t * (eta * grad_sq + agg_sq / eta) / 2
    - gamma_t / N * grad_sq
    + L * gamma_t**2 * agg_sq
    + L * gamma_t**2 * mean_sq,
    derivation=_eq23,
    hypotheses=(HELD, *_descent),
    uses=("cra.eq23.smooth", "cra.eq24"),
    text="The inner product with the aggregation error by Young's inequality with parameter eta, the rest by (24).",
)
EQ24 = Statement(
    key="cra.eq24",
    title="The honest average is unbiased for the average gradient",
    source=source("Proof of Theorem 1", "24"),
    kind=Kind.STEP,
    relation=Relation.EQUALITY,
    lhs=r"\left\langle\nabla "
    r"F(\mathbf{x}^t),\mathbb{E}\left[\bar{\mathbf{g}}^t\middle|\mathcal{F}^t\right]\right\rangle",
    printed=grad_sq / N,
    derivation=_eq24,
    hypotheses=(HONEST, UNIFORM, HELD),
    uses=("cra.phi1", "cra.eq47", "cra.coded_gradient"),
    text="Every device is honest with the same probability and all messages add up to the gradient.",
)
EQ25 = Statement(
    key="cra.eq25",
    title="Aggregation error by the largest distance",
    source=source("Proof of Theorem 1", "25"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\mathbb{E}\left[\left\|\hat{\mathbf{g}}^t-\bar{\mathbf{g}}^t\right\|^2\middle|\mathcal{F}^t\right]",
    printed=C_alpha**2 * diameter_sq,
    derivation=_eq25,
    hypotheses=(ROBUST,),
    uses=("cra.definition1",),
    text="No message is farther from the honest mean than from the farthest other message.",
)
EQ26 = Statement(
    key="cra.eq26",
    title="Aggregation error of CRA-DL",
    source=source("Proof of Theorem 1", "26"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\mathbb{E}\left[\left\|\hat{\mathbf{g}}^t-\bar{\mathbf{g}}^t\right\|^2\middle|\mathcal{F}^t\right]",
    printed=8 * C_alpha**2 / d_min**2 * unshared**2 * (beta**2 + grad_sq / M**2),
    derivation=_eq26,
    hypotheses=(LOAD, HELD, PAIRWISE, HETEROGENEITY, ROBUST),
    uses=("cra.eq25", "cra.lemma1"),
    text="Lemma 1 in (25).",
)
_product = 8 * C_alpha**2 * unshared**2
EQ27 = Statement(
    key="cra.eq27",
    title="Descent of one iteration, for any eta",
    source=source("Proof of Theorem 1", "27"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\mathbb{E}\left[F(\mathbf{x}^{t+1})\middle|\mathcal{F}^t\right]",
    printed=F_t
    - gamma_t * (1 / N - (eta + _product / (eta * M**2 * d_min**2)) / 2) * grad_sq
    + L
    * gamma_t**2
    * grad_sq
    * (
        (phi1 - phi2) * 2 * r**2 / ((1 - alpha) ** 2 * N * d_min**2 * M**2)
        + phi2 / ((1 - alpha) ** 2 * N**2)
        + _product / (d_min**2 * M**2)
    )
    + gamma_t / eta * 4 * beta**2 * C_alpha**2 / d_min**2 * unshared**2
    + L
    * gamma_t**2
    * ((phi1 - phi2) * 2 * r**2 * beta**2 / ((1 - alpha) ** 2 * N * d_min**2) + beta**2 * _product / d_min**2),
    derivation=_eq27,
    hypotheses=SETTING,
    uses=("cra.eq23", "cra.eq26", "cra.lemma2"),
    text="(26) and Lemma 2 in (23), solved for the expected next loss.",
)
ETA = Statement(
    key="cra.eta",
    title="Young's parameter",
    source=source("Proof of Theorem 1"),
    kind=Kind.STEP,
    relation=Relation.EQUALITY,
    lhs=r"\eta",
    printed=2 * unshared * sp.sqrt(2) * C_alpha / (d_min * M),
    derivation=_eta,
    hypotheses=(LOAD, HELD),
    uses=("cra.eq27",),
    text="The parameter with the largest coefficient of the gradient norm in (27). It is zero, hence not "
    "admissible, when r = M or C_alpha = 0.",
)


def _constant(number: int, equation: str, formula: sp.Expr, text: str, *hypotheses: Hypothesis) -> Statement:
    return Statement(
        key=f"cra.rho{number}",
        title=f"Constant rho_{number}",
        source=source("Theorem 1", equation),
        kind=Kind.CONSTANT,
        relation=Relation.DEFINITION,
        lhs=rf"\rho_{number}",
        printed=formula,
        derivation=partial(rho_derivation, number),
        hypotheses=(LOAD, HELD, *hypotheses),
        uses=("cra.eq27", "cra.eta"),
        text=text,
    )


RHO1 = _constant(
    1, "19", RHO1_FORMULA, "Coefficient of gamma ||grad F||^2 in the descent: positive iff the theorem says anything."
)
RHO2 = _constant(2, "20", RHO2_FORMULA, "Coefficient of gamma^2 ||grad F||^2.", DEVICES, HONEST)
RHO3 = _constant(3, "21", RHO3_FORMULA, "Coefficient of gamma that does not vanish with the gradient: makes the floor.")
RHO4 = _constant(
    4, "22", RHO4_FORMULA, "Coefficient of gamma^2 that does not vanish with the gradient.", DEVICES, HONEST
)

EQ28 = Statement(
    key="cra.eq28",
    title="Descent of one iteration",
    source=source("Proof of Theorem 1", "28", "29"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\mathbb{E}\left[F(\mathbf{x}^{t+1})\middle|\mathcal{F}^t\right]",
    printed=F_t
    - gamma_t * RHO1_FORMULA * grad_sq
    + gamma_t**2 * RHO2_FORMULA * grad_sq
    + gamma_t * RHO3_FORMULA
    + gamma_t**2 * RHO4_FORMULA,
    derivation=_eq28,
    hypotheses=(*SETTING, ROBUST_ENOUGH),
    uses=("cra.eq27", "cra.eta", "cra.rho1", "cra.rho2", "cra.rho3", "cra.rho4"),
    text="(27) at that parameter; the expectation over the past leads to (29).",
)

STATEMENTS = (EQ23_SMOOTH, EQ23, EQ24, EQ25, EQ26, EQ27, ETA, RHO1, RHO2, RHO3, RHO4, EQ28)

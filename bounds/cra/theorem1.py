"""Theorem 1 of the CRA paper, its constants (19)-(22), its proof (23)-(31), and Remark 2 (32)."""

from __future__ import annotations

import sympy as sp

from ..statement import Hypothesis, Kind, Relation, Role, Statement
from ..symbols import F0, C_alpha, Fstar, L, M, N, T, alpha, beta, d_min, eta, grad_sq, lam, r
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
    rho1_,
    rho2_,
    rho3_,
    rho4_,
    source,
    unshared,
)

#: Inner product of the gradient with the aggregate, and with its error.
inner_agg, inner_err = sp.symbols("inner_agg inner_err", real=True)
#: Mean of the weighted squared gradient norms over the iterations, and sums of the learning rates.
sum_gamma, sum_gamma_sq = sp.symbols("sum_gamma sum_gamma_sq", positive=True)

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

ENOUGH_ITERATIONS = Hypothesis(
    "T > (lambda rho_2 / rho_1)^2 - 1",
    sp.Lt(lam * RHO2_FORMULA, sp.sqrt(T + 1) * RHO1_FORMULA),
    Role.CONDITION,
)
_descent = (SMOOTH, UNIFORM)

EQ23_SMOOTH = Statement(
    key="cra.eq23.smooth",
    title="Descent along the update",
    source=source("Proof of Theorem 1", "23"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\mathbb{E}\left[F(\mathbf{x}^{t+1})\middle|\mathcal{F}^t\right]",
    printed=F_t - gamma_t * inner_agg + L / 2 * gamma_t**2 * (agg_sq + mean_sq) * 2,
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
    hypotheses=_descent,
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
    hypotheses=(HONEST, UNIFORM),
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
    hypotheses=(LOAD, HELD, PAIRWISE, HETEROGENEITY, ROBUST),
    uses=("cra.eq25", "cra.lemma1"),
    text="Lemma 1 in (25).",
)
_square = 8 * C_alpha**2 * unshared**2
EQ27 = Statement(
    key="cra.eq27",
    title="Descent of one iteration, for any eta",
    source=source("Proof of Theorem 1", "27"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\mathbb{E}\left[F(\mathbf{x}^{t+1})\middle|\mathcal{F}^t\right]",
    printed=F_t
    - gamma_t * (1 / N - (eta + _square / (eta * M**2 * d_min**2)) / 2) * grad_sq
    + L
    * gamma_t**2
    * grad_sq
    * (
        (phi1 - phi2) * 2 * r**2 / ((1 - alpha) ** 2 * N * d_min**2 * M**2)
        + phi2 / ((1 - alpha) ** 2 * N**2)
        + _square / (d_min**2 * M**2)
    )
    + gamma_t / eta * 4 * beta**2 * C_alpha**2 / d_min**2 * unshared**2
    + L
    * gamma_t**2
    * ((phi1 - phi2) * 2 * r**2 * beta**2 / ((1 - alpha) ** 2 * N * d_min**2) + beta**2 * _square / d_min**2),
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
    hypotheses=(LOAD, HELD),
    uses=("cra.eq27",),
    text="The parameter with the largest coefficient of the gradient norm in (27). It is zero, hence not "
    "admissible, when r = M or C_alpha = 0.",
)
CONDITION = Statement(
    key="cra.theorem1.condition",
    title="Largest admissible constant of the aggregation rule",
    source=source("Theorem 1"),
    kind=Kind.CONSTANT,
    relation=Relation.DEFINITION,
    lhs=r"\sup\{C_\alpha : \rho_1 > 0\}",
    printed=d_min * M / (2 * sp.sqrt(2 * N) * unshared),
    hypotheses=(LOAD, HELD, Hypothesis("some subset is not shared by two devices", sp.Lt(r, M))),
    uses=("cra.rho1", "cra.eta"),
    text="The text at hand prints 2 sqrt(2N) in the denominator, in all three places; the radical may be "
    "meant to cover the 2 only.",
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
    hypotheses=(*SETTING, ROBUST_ENOUGH),
    uses=("cra.eq27", "cra.eta", "cra.rho1", "cra.rho2", "cra.rho3", "cra.rho4"),
    text="(27) at that parameter; the expectation over the past leads to (29).",
)
EQ30 = Statement(
    key="cra.eq30",
    title="Sum over the iterations",
    source=source("Proof of Theorem 1", "30"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r""
    r"\frac{1}{T+1}\sum_{t=0}^{T}\left(\gamma^t\rho_1-(\gamma^t)^2\rho_2\right)\mathbb{E}\left[\left\|\nabla "
    r"F(\mathbf{x}^t)\right\|^2\right]",
    printed=(F0 - Fstar) / (T + 1) + (sum_gamma * rho3_ + sum_gamma_sq * rho4_) / (T + 1),
    uses=("cra.eq28", "cra.assumption3"),
    text="The losses telescope; sum_gamma and sum_gamma_sq add up the learning rates and their squares.",
)
EQ31 = Statement(
    key="cra.eq31",
    title="Theorem 1 in terms of the learning rate",
    source=source("Proof of Theorem 1", "31"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\frac{1}{T+1}\sum_{t=0}^{T}\mathbb{E}\left[\left\|\nabla F(\mathbf{x}^t)\right\|^2\right]",
    printed=(F0 - Fstar) / ((T + 1) * (gamma_t * rho1_ - gamma_t**2 * rho2_))
    + (rho3_ + gamma_t * rho4_) / (rho1_ - gamma_t * rho2_),
    hypotheses=(Hypothesis("gamma rho_2 < rho_1", sp.Lt(gamma_t * rho2_, rho1_), Role.CONDITION),),
    uses=("cra.eq30",),
    text="(30) with a fixed learning rate, divided by the common factor.",
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

THEOREM1 = Statement(
    key="cra.theorem1",
    title="Convergence with a fixed learning rate lambda / sqrt(T + 1)",
    source=source("Theorem 1", "18"),
    kind=Kind.THEOREM,
    relation=Relation.UPPER,
    lhs=r"\frac{1}{T+1}\sum_{t=0}^{T}\mathbb{E}\left[\left\|\nabla F(\mathbf{x}^t)\right\|^2\right]",
    printed=(F0 - Fstar) / (lam * sp.sqrt(T + 1) * RHO1_FORMULA - lam**2 * RHO2_FORMULA)
    + (sp.sqrt(T + 1) * RHO3_FORMULA + lam * RHO4_FORMULA) / (sp.sqrt(T + 1) * RHO1_FORMULA - lam * RHO2_FORMULA),
    hypotheses=(*SETTING, ROBUST_ENOUGH, ENOUGH_ITERATIONS),
    uses=("cra.eq30", "cra.eq31", "cra.rho1", "cra.rho2", "cra.rho3", "cra.rho4", "cra.theorem1.condition"),
    text="The mean squared gradient norm goes to rho_3 / rho_1 as T grows.",
)

_half = sp.Rational(1, 2)
_even_floor = beta**2 * M**2 * sp.sqrt(2) * C_alpha * (1 - r / M) / (1 - 2 * (1 - r / M) * sp.sqrt(2) * C_alpha)
EVEN_ENOUGH = Hypothesis(
    "2 sqrt(2) (1 - r/M) C_alpha < 1", sp.Lt(2 * sp.sqrt(2) * (M - r) * C_alpha, M), Role.CONDITION
)
REMARK2 = Statement(
    key="cra.remark2",
    title="Floor with a fixed learning rate",
    source=source("Remark 2", "32"),
    kind=Kind.REMARK,
    relation=Relation.APPROXIMATION,
    lhs=r"\rho_3/\rho_1",
    printed=_even_floor,
    hypotheses=(LOAD, EVEN_ENOUGH),
    uses=("cra.rho1", "cra.rho3", "cra.remark1.even"),
    text="What the bound of Theorem 1 tends to, all subsets held equally often.",
)

STATEMENTS = (
    EQ23_SMOOTH,
    EQ23,
    EQ24,
    EQ25,
    EQ26,
    EQ27,
    ETA,
    RHO1,
    RHO2,
    RHO3,
    RHO4,
    CONDITION,
    EQ28,
    EQ30,
    EQ31,
    THEOREM1,
    REMARK2,
)

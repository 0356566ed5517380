"""Theorem 2 of the CRA paper, its proof (35)-(39), and Remark 3 (40)."""

from __future__ import annotations

import sympy as sp

from ..statement import Hypothesis, Kind, Relation, Role, Statement
from ..symbols import F0, C_alpha, Fstar, L, M, N, T, alpha, beta, gamma0, r
from .notation import (
    HONEST,
    LOAD,
    ROBUST_ENOUGH,
    SETTING,
    phi1,
    phi2,
    rho1_,
    rho2_,
    rho3_,
    rho4_,
    source,
    t,
)
from .theorem1 import RHO1_FORMULA, RHO2_FORMULA, RHO3_FORMULA, RHO4_FORMULA, sum_gamma, sum_gamma_sq

#: sum over t of 1 / sqrt(t + 1), and of 1 / (t + 1).
sum_root, sum_inverse = sp.symbols("sum_root sum_inverse", positive=True)

_descent = gamma0 * rho1_ - gamma0**2 * rho2_
SMALL_RATE_ = Hypothesis("gamma0 < rho_1 / (2 rho_2)", sp.Lt(2 * gamma0 * rho2_, rho1_), Role.CONDITION)
SMALL_RATE = Hypothesis("gamma0 < rho_1 / (2 rho_2)", sp.Lt(2 * gamma0 * RHO2_FORMULA, RHO1_FORMULA), Role.CONDITION)
_curved = Hypothesis("rho_2 > 0", sp.Gt(rho2_, 0))

EQ33 = Statement(
    key="cra.eq33",
    title="Decaying learning rate",
    source=source("Theorem 2", "33"),
    kind=Kind.DEFINITION,
    relation=Relation.DEFINITION,
    lhs=r"\gamma^t",
    printed=(rho1_ - sp.sqrt(rho1_**2 - 4 * rho2_ * _descent / sp.sqrt(t + 1))) / (2 * rho2_),
    hypotheses=(_curved, SMALL_RATE_),
    uses=("cra.rho1", "cra.rho2"),
    text="The smaller root of (35).",
)
EQ35 = Statement(
    key="cra.eq35",
    title="Weights that fall as one over the root of t",
    source=source("Proof of Theorem 2", "35"),
    kind=Kind.STEP,
    relation=Relation.EQUALITY,
    lhs=r"\gamma^t\rho_1-(\gamma^t)^2\rho_2",
    printed=_descent / sp.sqrt(t + 1),
    hypotheses=(_curved, SMALL_RATE_),
    uses=("cra.eq33",),
    text="The learning rate is chosen so that the weights of (30) are known.",
)
EQ36 = Statement(
    key="cra.eq36",
    title="Best iterate by the weighted mean",
    source=source("Proof of Theorem 2", "36"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\min_{0\le t\le T}\mathbb{E}\left[\left\|\nabla F(\mathbf{x}^t)\right\|^2\right]",
    printed=(F0 - Fstar) / (_descent * sp.sqrt(T + 1))
    + (sum_gamma * rho3_ + sum_gamma_sq * rho4_) / (_descent * sum_root),
    hypotheses=(SMALL_RATE_,),
    uses=("cra.eq30", "cra.eq35", "cra.eq37"),
    text="The smallest is at most the weighted mean of (30); sum_root adds up 1 / sqrt(t + 1).",
)
EQ37 = Statement(
    key="cra.eq37",
    title="Sum of one over the roots",
    source=source("Proof of Theorem 2", "37"),
    kind=Kind.STEP,
    relation=Relation.LOWER,
    lhs=r"\sum_{t=0}^{T}\frac{1}{\sqrt{t+1}}",
    printed=sp.sqrt(T + 1),
    text="Each of the T + 1 terms is at least the last.",
)
HARMONIC = Statement(
    key="cra.eq39.harmonic",
    title="Sum of the reciprocals",
    source=source("Proof of Theorem 2"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\sum_{t=0}^{T}\frac{1}{t+1}",
    printed=2 + sp.log(T + 1),
    text="The harmonic number of T + 1.",
)
EQ38 = Statement(
    key="cra.eq38",
    title="Decay of the learning rate",
    source=source("Proof of Theorem 2", "38"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\gamma^t",
    printed=gamma0 / sp.sqrt(t + 1),
    hypotheses=(SMALL_RATE_,),
    uses=("cra.eq35",),
    text="As the rates decrease, each is at most the first over the root of t + 1.",
)
EQ39 = Statement(
    key="cra.eq39",
    title="The noise terms of the weighted mean",
    source=source("Proof of Theorem 2", "39"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\frac{\sum_t\left[\gamma^t\rho_3+(\gamma^t)^2\rho_4\right]}{\sum_t(\gamma^0\rho_1-(\gamma^0)^2"
    r"\rho_2)/\sqrt{t+1}}",
    printed=rho3_ / (rho1_ - gamma0 * rho2_) + gamma0**2 * rho4_ * (2 + sp.log(T + 1)) / (_descent * sp.sqrt(T + 1)),
    hypotheses=(SMALL_RATE_,),
    uses=("cra.eq38", "cra.eq37", "cra.eq39.harmonic"),
    text="(38) in both sums, then (37) and the harmonic sum.",
)


def _bound(rho1: sp.Expr, rho2: sp.Expr, rho3: sp.Expr, rho4: sp.Expr) -> sp.Expr:
    """Right-hand side of (34)."""
    descent = gamma0 * rho1 - gamma0**2 * rho2
    return (
        (F0 - Fstar) / (descent * sp.sqrt(T + 1))
        + rho3 / (rho1 - gamma0 * rho2)
        + gamma0**2 * rho4 * (2 + sp.log(T + 1)) / (descent * sp.sqrt(T + 1))
    )


THEOREM2 = Statement(
    key="cra.theorem2",
    title="Convergence with a decaying learning rate",
    source=source("Theorem 2", "34"),
    kind=Kind.THEOREM,
    relation=Relation.UPPER,
    lhs=r"\min_{0\le t\le T}\mathbb{E}\left[\left\|\nabla F(\mathbf{x}^t)\right\|^2\right]",
    printed=_bound(RHO1_FORMULA, RHO2_FORMULA, RHO3_FORMULA, RHO4_FORMULA),
    hypotheses=(*SETTING, ROBUST_ENOUGH, SMALL_RATE),
    uses=("cra.eq36", "cra.eq39", "cra.rho1", "cra.rho2", "cra.rho3", "cra.rho4", "cra.theorem1.condition"),
    text="The best iterate, with the learning rate (33). The floor is rho_3 / (rho_1 - gamma0 rho_2), above "
    "that of Theorem 1.",
)

_loss = (
    1
    - 2 * (1 - r / M) * sp.sqrt(2) * C_alpha
    - gamma0
    * (
        (phi1 - phi2) * 2 * L / ((1 - alpha) ** 2 * N**2)
        + phi2 * L / ((1 - alpha) ** 2 * N)
        + 8 * L * C_alpha**2 / N * (1 - r / M) ** 2
    )
)
REMARK3 = Statement(
    key="cra.remark3",
    title="Floor with a decaying learning rate",
    source=source("Remark 3", "40"),
    kind=Kind.REMARK,
    relation=Relation.APPROXIMATION,
    lhs=r"\rho_3/(\rho_1-\gamma^0\rho_2)",
    printed=beta**2 * M**2 * sp.sqrt(2) * C_alpha * (1 - r / M) / _loss,
    hypotheses=(
        LOAD,
        HONEST,
        Hypothesis("gamma0 rho_2 < rho_1, all subsets held equally often", sp.Gt(_loss, 0), Role.CONDITION),
    ),
    uses=("cra.rho1", "cra.rho2", "cra.rho3", "cra.remark1.even"),
    text="What the bound of Theorem 2 tends to, all subsets held equally often.",
)

STATEMENTS = (EQ33, EQ35, EQ36, EQ37, HARMONIC, EQ38, EQ39, THEOREM2, REMARK3)

"""Theorem 2 of the CRA paper, its proof (35)-(39), and Remark 3 (40)."""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..inequalities import Algebra, Positivity
from ..named import Named
from ..proof import Chain, Derivation
from ..statement import Hypothesis, Kind, Relation, Role, Statement
from ..symbols import F0, C_alpha, Fstar, L, M, N, T, alpha, beta, d_min, gamma0, r
from .descent import RHO1_FORMULA, RHO2_FORMULA, RHO3_FORMULA, RHO4_FORMULA
from .notation import (
    HONEST,
    LOAD,
    ROBUST_ENOUGH,
    SETTING,
    gamma_t,
    phi1,
    phi2,
    rho1_,
    rho2_,
    rho3_,
    rho4_,
    source,
    t,
)
from .theorem1 import eq30_derivation, known_constants, sum_gamma, sum_gamma_sq, weighted

#: sum over t of 1 / sqrt(t + 1), and of 1 / (t + 1).
sum_root, sum_inverse = sp.symbols("sum_root sum_inverse", positive=True)

_descent = gamma0 * rho1_ - gamma0**2 * rho2_
#: Weight of iteration t in (30); the smallest expected squared gradient norm; the last of the terms 1 / sqrt(t + 1).
weight, best, last_term = sp.symbols("weight best last_term", positive=True)
#: sqrt(T + 1), log(T + 1), and slack variables.
root = sp.Symbol("root", positive=True)
log_ = sp.Symbol("log_T", nonnegative=True)
excess, rate_gap, gap = sp.symbols("excess rate_gap gap", nonnegative=True)
slack = sp.Symbol("slack", positive=True)
root_inverse = sp.Symbol("root_inverse", nonnegative=True)
noise = sp.Symbol("noise", nonnegative=True)
_LOG = {sp.log(T + 1): log_}
harmonic_now, step_log = sp.symbols("harmonic_now step_log", nonnegative=True)

#: T = root^2 - 1, rho_1 = 2 gamma0 rho_2 + slack: what makes every weight visibly positive.
_SHIFT = {T: root**2 - 1, rho1_: 2 * gamma0 * rho2_ + slack, sum_root: root + excess, F0: Fstar + gap}


#: Denominator of (40).
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


@cache
def _eq33() -> Derivation:
    chain = Chain("cra.eq33", (rho1_ - sp.sqrt(rho1_**2 - 4 * rho2_ * weight)) / (2 * rho2_), "Smaller root")
    return chain.define({weight: _descent / sp.sqrt(t + 1)}, "the weight asked for").derivation()


@cache
def _eq35() -> Derivation:
    chain = Chain("cra.eq35", gamma_t * rho1_ - gamma_t**2 * rho2_, "The rate (33) in the weight")
    chain.define({gamma_t: _eq33().conclusion}, "cra.eq33").equals(_descent / sp.sqrt(t + 1))
    return chain.derivation(uses=("cra.eq33",))


@cache
def _eq37() -> Derivation:
    chain = Chain("cra.eq37", sum_root, "T + 1 terms, the last the smallest")
    chain.bound({sum_root: (T + 1) * last_term}, "no term is below the last", relation=">=")
    chain.define({last_term: 1 / sp.sqrt(T + 1)}, "the term of t = T").equals(sp.sqrt(T + 1))
    return chain.derivation()


@cache
def _harmonic() -> Derivation:
    # With x = 1 / (T + 1), log(1 + x) - x / (1 + x) is 0 at x = 0 and has the derivative x / (1 + x)^2.
    slope = Chain("cra.eq39.harmonic.slope", 1 / (1 + gap) ** 2, "x / (1 + x) grows no faster than log(1 + x)")
    slope.at_most(1 / (1 + gap), Positivity())
    step = Chain("cra.eq39.harmonic.step", harmonic_now + last_term, "One more term, last_term = 1 / (T + 2)")
    step.bound({harmonic_now: 1 + log_}, "the claim for T")
    step.bound({last_term: step_log}, "x / (1 + x) <= log(1 + x), x = 1 / (T + 1)")
    chain = Chain("cra.eq39.harmonic", sum_inverse, "Induction over T, from 1 <= 1 + log 1")
    chain.bound({sum_inverse: 1 + log_}, "induction over T")
    chain.equals(1 + sp.log(T + 1), named_log())
    return chain.derivation(lemmas=(slope.derivation(), step.derivation()))


def named_log() -> Named:
    """``log_T`` stands for ``log(T + 1)``."""
    return Named(Algebra(why="log_T is log(T + 1)"), _LOG)


@cache
def _eq38() -> Derivation:
    chain = Chain("cra.eq38", gamma_t, "Decreasing rates")
    final = rho1_ - gamma0 * rho2_
    chain.equals(gamma_t * final / final)
    falling = {gamma0: gamma_t + rate_gap, rho1_: 2 * gamma0 * rho2_ + slack}
    chain.at_most(
        weight / final, Positivity(falling, {weight: gamma_t * rho1_ - gamma_t**2 * rho2_}, "gamma_t <= gamma0")
    )
    chain.define({weight: _eq35().conclusion}, "cra.eq35").equals(gamma0 / sp.sqrt(t + 1))
    return chain.derivation(uses=("cra.eq35",))


@cache
def _eq36() -> Derivation:
    chain = Chain("cra.eq36", best, "The smallest, by the weighted mean")
    chain.bound({best: weighted * (T + 1) / (_descent * sum_root)}, "a weighted mean, with the weights (35)")
    chain.bound({weighted: eq30_derivation().conclusion}, "cra.eq30", _SHIFT, source="CRA (36)")
    rest = (sum_gamma * rho3_ + sum_gamma_sq * rho4_) / (_descent * sum_root)
    chain.equals((F0 - Fstar) / (_descent * sum_root) + rest, source="CRA (36)")
    reason = Positivity(_SHIFT, why="cra.eq37")
    chain.at_most((F0 - Fstar) / (_descent * sp.sqrt(T + 1)) + rest, reason, source="CRA (36)")
    return chain.derivation(uses=("cra.eq30", "cra.eq35", "cra.eq37"))


@cache
def _eq39() -> Derivation:
    chain = Chain("cra.eq39", (sum_gamma * rho3_ + sum_gamma_sq * rho4_) / (_descent * sum_root), "Noise terms")
    rates = {sum_gamma: gamma0 * sum_root, sum_gamma_sq: gamma0**2 * sum_inverse}
    chain.bound(rates, "cra.eq38", _SHIFT, source="CRA (39)")
    floor = rho3_ / (rho1_ - gamma0 * rho2_)
    chain.equals(floor + gamma0**2 * rho4_ * sum_inverse / (_descent * sum_root), source="CRA (39)")
    smallest = gamma0**2 * rho4_ / (_descent * sp.sqrt(T + 1))
    chain.at_most(floor + smallest * sum_inverse, Positivity(_SHIFT, why="cra.eq37"), source="CRA (39)")
    chain.bound({sum_inverse: 1 + log_}, "cra.eq39.harmonic", _SHIFT, source="CRA (39)")
    chain.equals(floor + smallest * (1 + sp.log(T + 1)), named_log())
    return chain.derivation(uses=("cra.eq37", "cra.eq38", "cra.eq39.harmonic"))


@cache
def theorem2_derivation() -> Derivation:
    """How Theorem 2 follows."""
    chain = Chain("cra.theorem2", (F0 - Fstar) / (_descent * sp.sqrt(T + 1)) + noise, "(36), then (39)")
    chain.bound({noise: _eq39().conclusion.subs(_LOG)}, "cra.eq39", source="CRA (39)")
    chain.equals(chain.now.subs(log_, sp.log(T + 1)), named_log())
    constants = Algebra(known_constants(), why="cra.rho1, ..., cra.rho4")
    chain.equals(chain.now.subs(known_constants()), Named(constants, _LOG))
    return chain.derivation(uses=("cra.eq36", "cra.eq39", "cra.rho1", "cra.rho2", "cra.rho3", "cra.rho4"))


@cache
def _remark3() -> Derivation:
    bound = root_inverse * (F0 - Fstar) / _descent + rho3_ / (rho1_ - gamma0 * rho2_)
    chain = Chain("cra.remark3", bound, "Bound of Theorem 2; root_inverse is what vanishes with T")
    chain.define(
        {root_inverse: sp.S.Zero}, "T grows without bound: 1 / sqrt(T + 1) and log(T + 1) / sqrt(T + 1) vanish"
    )
    chain.define(known_constants(), "cra.rho1, cra.rho2 and cra.rho3")
    chain.define({d_min: N * r / M}, "all subsets held equally often")
    chain.equals(beta**2 * M**2 * sp.sqrt(2) * C_alpha * (1 - r / M) / _loss)
    return chain.derivation(uses=("cra.theorem2", "cra.remark1.even"))


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
    derivation=_eq33,
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
    derivation=_eq35,
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
    derivation=_eq36,
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
    derivation=_eq37,
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
    derivation=_harmonic,
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
    derivation=_eq38,
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
    derivation=_eq39,
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
    derivation=theorem2_derivation,
    hypotheses=(*SETTING, ROBUST_ENOUGH, SMALL_RATE),
    uses=("cra.eq36", "cra.eq39", "cra.rho1", "cra.rho2", "cra.rho3", "cra.rho4", "cra.theorem1.condition"),
    text="The best iterate, with the learning rate (33). The floor is rho_3 / (rho_1 - gamma0 rho_2), above "
    "that of Theorem 1.",
)

REMARK3 = Statement(
    key="cra.remark3",
    title="Floor with a decaying learning rate",
    source=source("Remark 3", "40"),
    kind=Kind.REMARK,
    relation=Relation.APPROXIMATION,
    lhs=r"\rho_3/(\rho_1-\gamma^0\rho_2)",
    printed=beta**2 * M**2 * sp.sqrt(2) * C_alpha * (1 - r / M) / _loss,
    derivation=_remark3,
    hypotheses=(
        LOAD,
        HONEST,
        Hypothesis("gamma0 rho_2 < rho_1, all subsets held equally often", sp.Gt(_loss, 0), Role.CONDITION),
    ),
    uses=("cra.rho1", "cra.rho2", "cra.rho3", "cra.remark1.even"),
    text="What the bound of Theorem 2 tends to, all subsets held equally often.",
)

STATEMENTS = (EQ33, EQ35, EQ36, EQ37, HARMONIC, EQ38, EQ39, THEOREM2, REMARK3)

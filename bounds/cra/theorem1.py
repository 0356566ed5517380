"""Theorem 1 of the CRA paper, the rest of its proof (30)-(31), and Remark 2 (32)."""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..inequalities import Algebra, Replace
from ..proof import Chain, Derivation
from ..statement import Hypothesis, Kind, Relation, Role, Statement
from ..symbols import F0, C_alpha, Fstar, M, N, T, beta, d_min, lam, r
from .descent import RHO1_FORMULA, RHO2_FORMULA, RHO3_FORMULA, RHO4_FORMULA, rho_derivation
from .notation import (
    HELD,
    LOAD,
    ROBUST_ENOUGH,
    SETTING,
    gamma_t,
    rho1_,
    rho2_,
    rho3_,
    rho4_,
    source,
    unshared,
)

#: Mean of the weighted squared gradient norms over the iterations, and sums of the learning rates.
weighted = sp.Symbol("weighted", nonnegative=True)
sum_gamma, sum_gamma_sq = sp.symbols("sum_gamma sum_gamma_sq", positive=True)
#: Mean squared gradient norm; the expected last loss; 1 / sqrt(T + 1); a slack variable.
mean_grad = sp.Symbol("mean_grad", nonnegative=True)
F_last = sp.Symbol("F_last", real=True)
root_inverse = sp.Symbol("root_inverse", nonnegative=True)
margin = sp.Symbol("margin", positive=True)
#: Three consecutive expected losses.
loss_first, loss_now, loss_next = sp.symbols("loss_first loss_now loss_next", real=True)
_RHOS = (rho1_, rho2_, rho3_, rho4_)


def known_constants() -> dict[sp.Symbol, sp.Expr]:
    """rho_1, ..., rho_4 as derived."""
    return {symbol: rho_derivation(number).conclusion for number, symbol in enumerate(_RHOS, start=1)}


@cache
def eq30_derivation() -> Derivation:
    """How (30) follows from the descent."""
    telescope = Chain("cra.eq30.telescope", (loss_first - loss_now) + (loss_now - loss_next), "One more iteration")
    telescope.equals(loss_first - loss_next)
    chain = Chain("cra.eq30", weighted, "Descent, summed over the iterations")
    total = (F0 - F_last + sum_gamma * rho3_ + sum_gamma_sq * rho4_) / (T + 1)
    chain.bound({weighted: total}, "cra.eq28, the losses telescoping", source="CRA (30)")
    last = Replace({F_last: Fstar}, "cra.assumption3", {F_last: ">="})
    chain.at_most(last.apply(chain.now), last, source="CRA (30)")
    return chain.derivation(uses=("cra.eq28", "cra.assumption3"), lemmas=(telescope.derivation(),))


def _fixed(key: str) -> Chain:
    """(31): (30) with a fixed learning rate."""
    chain = Chain(key, mean_grad, "A fixed learning rate")
    weight = gamma_t * rho1_ - gamma_t**2 * rho2_
    chain.equals(weighted / weight, Algebra({weighted: weight * mean_grad}, why="all weights are equal"))
    positive = {rho1_: gamma_t * rho2_ + margin}
    chain.bound({weighted: eq30_derivation().conclusion}, "cra.eq30", positive, source="CRA (31)")
    sums = {sum_gamma: (T + 1) * gamma_t, sum_gamma_sq: (T + 1) * gamma_t**2}
    chain.define(sums, "a fixed learning rate", source="CRA (31)")
    return chain.equals(
        (F0 - Fstar) / ((T + 1) * (gamma_t * rho1_ - gamma_t**2 * rho2_))
        + (rho3_ + gamma_t * rho4_) / (rho1_ - gamma_t * rho2_),
        source="CRA (31)",
    )


@cache
def _eq31() -> Derivation:
    return _fixed("cra.eq31").derivation(uses=("cra.eq30",))


@cache
def theorem1_derivation() -> Derivation:
    """How Theorem 1 follows."""
    chain = _fixed("cra.theorem1").define({gamma_t: lam / sp.sqrt(T + 1)}, "the learning rate", source="CRA (31)")
    root = sp.sqrt(T + 1)
    chain.equals(
        (F0 - Fstar) / (lam * root * rho1_ - lam**2 * rho2_)
        + (root * rho3_ + lam * rho4_) / (root * rho1_ - lam * rho2_)
    )
    chain.define(known_constants(), "cra.rho1, ..., cra.rho4")
    return chain.derivation(uses=("cra.eq30", "cra.eq31", "cra.rho1", "cra.rho2", "cra.rho3", "cra.rho4"))


@cache
def _condition() -> Derivation:
    rho1 = rho_derivation(1).conclusion
    threshold = d_min * M / (2 * sp.sqrt(2) * N * unshared)
    zero = Chain("cra.theorem1.condition.zero", rho1.subs(C_alpha, threshold), "rho_1 there").equals(sp.S.Zero)
    chain = Chain("cra.theorem1.condition", -rho1.subs(C_alpha, 0) / sp.diff(rho1, C_alpha), "Zero of rho_1 in C_alpha")
    chain.equals(threshold)
    return chain.derivation(uses=("cra.rho1",), lemmas=(zero.derivation(),))


@cache
def _remark2() -> Derivation:
    bound = root_inverse * (F0 - Fstar) / (lam * (rho1_ - root_inverse * lam * rho2_))
    bound += (rho3_ + root_inverse * lam * rho4_) / (rho1_ - root_inverse * lam * rho2_)
    chain = Chain("cra.remark2", bound, "Bound of Theorem 1, root_inverse being 1 / sqrt(T + 1)")
    chain.define({root_inverse: sp.S.Zero}, "T grows without bound")
    chain.define(known_constants(), "cra.rho1 and cra.rho3").define(
        {d_min: N * r / M}, "all subsets held equally often"
    )
    share = 1 - r / M
    chain.equals(sp.sqrt(2) * C_alpha * beta**2 * M**2 * share / (1 - 2 * sp.sqrt(2) * C_alpha * share))
    return chain.derivation(uses=("cra.theorem1", "cra.remark1.even"))


ENOUGH_ITERATIONS = Hypothesis(
    "T > (lambda rho_2 / rho_1)^2 - 1",
    sp.Lt(lam * RHO2_FORMULA, sp.sqrt(T + 1) * RHO1_FORMULA),
    Role.CONDITION,
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
    derivation=eq30_derivation,
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
    derivation=_eq31,
    hypotheses=(Hypothesis("gamma rho_2 < rho_1", sp.Lt(gamma_t * rho2_, rho1_), Role.CONDITION),),
    uses=("cra.eq30",),
    text="(30) with a fixed learning rate, divided by the common factor.",
)


CONDITION = Statement(
    key="cra.theorem1.condition",
    title="Largest admissible constant of the aggregation rule",
    source=source("Theorem 1"),
    kind=Kind.CONSTANT,
    relation=Relation.DEFINITION,
    lhs=r"\sup\{C_\alpha : \rho_1 > 0\}",
    printed=d_min * M / (2 * sp.sqrt(2 * N) * unshared),
    derivation=_condition,
    hypotheses=(LOAD, HELD, Hypothesis("some subset is not shared by two devices", sp.Lt(r, M))),
    uses=("cra.rho1", "cra.eta"),
    text="The text at hand prints 2 sqrt(2N) in the denominator, in all three places; the radical may be "
    "meant to cover the 2 only.",
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
    derivation=theorem1_derivation,
    hypotheses=(*SETTING, ROBUST_ENOUGH, ENOUGH_ITERATIONS),
    uses=("cra.eq30", "cra.eq31", "cra.rho1", "cra.rho2", "cra.rho3", "cra.rho4", "cra.theorem1.condition"),
    text="The mean squared gradient norm goes to rho_3 / rho_1 as T grows.",
)

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
    derivation=_remark2,
    hypotheses=(LOAD, EVEN_ENOUGH),
    uses=("cra.rho1", "cra.rho3", "cra.remark1.even"),
    text="What the bound of Theorem 1 tends to, all subsets held equally often.",
)

STATEMENTS = (EQ30, EQ31, CONDITION, THEOREM1, REMARK2)

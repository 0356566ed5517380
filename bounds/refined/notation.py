"""Symbols and hypotheses that the refined theorems share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import sympy as sp

from ..statement import Hypothesis, Kind, Relation, Role, Source, Statement
from ..symbols import F0, Fstar, H, L, N, d, delta, gamma0, kappa

if TYPE_CHECKING:
    from ..proof import Derivation

#: F(x^t) and the conditional expectation of F(x^{t+1}).
F_t, F_next = sp.symbols("F_t F_next", real=True)
#: Learning rate of one iteration.
gamma_t = sp.Symbol("gamma_t", positive=True)
#: E||ghat - gbar||^2: what the aggregation rule gets wrong, given the past.
err_sq = sp.Symbol("err_sq", nonnegative=True)
#: E||gbar - grad F / N||^2: what the honest average gets wrong, given the past.
noise_sq = sp.Symbol("noise_sq", nonnegative=True)
#: err_sq <= err_0 + err_1 ||grad F||^2 and noise_sq <= noise_0 + noise_1 ||grad F||^2.
err_0, err_1, noise_0, noise_1 = sp.symbols("err_0 err_1 noise_0 noise_1", nonnegative=True)
#: Mean over the iterations of E||grad F(x^t)||^2.
mean_grad_sq = sp.Symbol("mean_grad_sq", nonnegative=True)
#: ``err_0, err_1, noise_0, noise_1`` of a method.
Constants: TypeAlias = tuple[sp.Expr, sp.Expr, sp.Expr, sp.Expr]
#: Number of steps: T for LAD, T + 1 for CRA-DL.
steps = sp.Symbol("steps", integer=True, positive=True)
#: sum_j theta_j^2 of a computation matrix with column sums theta_j.
theta_sq = sp.Symbol("theta_sq", positive=True)
#: Polyak-Lojasiewicz constant of the loss: ||grad F||^2 >= 2 mu_PL (F - Fstar).
mu_PL = sp.Symbol("mu_PL", positive=True)
#: Average load of the subsets, d_k = D for every subset (CRA).
D = sp.Symbol("D", positive=True)

DEVICES = Hypothesis("at least two devices", sp.Ge(N, 2))
LOAD = Hypothesis("the computational load d is between 1 and N", sp.And(sp.Ge(d, 1), sp.Le(d, N)))
MAJORITY = Hypothesis("more than half of the devices are honest", sp.And(sp.Gt(2 * H, N), sp.Le(H, N)))
HONEST = Hypothesis("at most N devices are honest", sp.Le(H, N))
SMOOTH = Hypothesis("the training loss is L-smooth")
BOUNDED_BELOW = Hypothesis("the training loss is bounded below by Fstar")
GAP = Hypothesis("F0 >= Fstar", sp.Ge(F0, Fstar))
HETEROGENEITY = Hypothesis("the subset gradients deviate from their mean by beta in mean square, LAD (14)")
UNBIASED = Hypothesis(
    "the compressor is unbiased with constant delta, and devices compress independently, LAD (9)-(10)"
)
ROBUST = Hypothesis("the server's rule is kappa-robust, LAD Definition 1")
PERMUTED = Hypothesis(
    "tasks and subsets are permuted uniformly and independently in each iteration, and independently of who is honest"
)
STEP_SIZE = Hypothesis("gamma0 < N / L", sp.Lt(L * gamma0, N), Role.CONDITION)
ROBUST_ENOUGH = Hypothesis("kappa delta (H - 1) / H < 1", sp.Lt(kappa * delta * (H - 1), H), Role.CONDITION)

LAD_SETTING = (DEVICES, LOAD, MAJORITY, PERMUTED, HETEROGENEITY, UNBIASED)


def source(place: str) -> Source:
    """A result of this project."""
    return Source("byzbounds", place)


def result(
    key: str,
    title: str,
    relation: Relation,
    lhs: str,
    derivation: Callable[[], Derivation] | None,
    hypotheses: tuple[Hypothesis, ...],
    text: str,
    uses: tuple[str, ...] = (),
    kind: Kind = Kind.LEMMA,
    printed: sp.Basic | None = None,
) -> Statement:
    """A statement of this project; its place is the part of its key between the dots."""
    place = key.split(".")[1].upper() if key.split(".")[1] in ("lad", "cra") else "Descent"
    return Statement(key, title, source(place), kind, relation, lhs, printed, derivation, hypotheses, uses, text)

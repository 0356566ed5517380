"""Learning rates that vary, and losses with the Polyak-Lojasiewicz property (strongly convex ones among them)."""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..inequalities import Algebra, Positivity, Replace
from ..named import Named
from ..proof import Chain, Derivation
from ..symbols import F0, Fstar, L, N, eta, gamma0, grad_sq
from .descent import step_derivation
from .notation import (
    Constants,
    F_t,
    err_0,
    err_1,
    err_sq,
    gamma_t,
    mu_PL,
    noise_0,
    noise_1,
    noise_sq,
    steps,
)

#: Sums of the learning rates and of their squares over all steps.
sum_rates, sum_rates_sq = sp.symbols("sum_rates sum_rates_sq", positive=True)
#: min_t E||grad F(x^t)||^2, and the weighted sum of these.
min_grad_sq, weighted_sum = sp.symbols("min_grad_sq weighted_sum", nonnegative=True)
#: F(x^t) - Fstar before and after one step, less the floor; and after all steps.
_excess, _excess_last = sp.symbols("excess excess_last", real=True)
_decrease = sp.Symbol("decrease", real=True)
_kept, _left, _gap_0, _room = sp.symbols("kept left gap_0 room", positive=True)
_x, _y = sp.symbols("x y", positive=True)
_log_T = sp.Symbol("log_T", nonnegative=True)
_steep = L / (N - L * gamma0)

GENERIC: Constants = (err_0, err_1, noise_0, noise_1)


def varying_rate(constants: Constants, total: sp.Expr, squares: sp.Expr) -> sp.Expr:
    """Bound on ``min_t E||grad F||^2`` from the sums of the learning rates and of their squares."""
    e0, e1, n0, n1 = constants
    numerator = 2 * N * (F0 - Fstar) + N**2 * (e0 * total + n0 * _steep * squares)
    return numerator / ((1 - N**2 * e1) * total - N**2 * n1 * _steep * squares)


@cache
def balanced_step() -> Derivation:
    """One step with eta = 1/N, and a noise weight that is linear in the learning rate."""
    chain = Chain("refined.descent.step.balanced", step_derivation().conclusion, "One step, eta = 1/N")
    chain.define({eta: 1 / N}, "the choice of eta")
    chain.equals(F_t + gamma_t * (-grad_sq / N + N * err_sq + N * L * gamma_t / (N - L * gamma_t) * noise_sq) / 2)
    chain.at_most(
        F_t + gamma_t * (-grad_sq / N + N * err_sq + N * _steep * gamma_t * noise_sq) / 2,
        Positivity({gamma0: gamma_t + sp.Symbol("x", nonnegative=True), N: L * gamma0 + _y}, why="gamma_t <= gamma0"),
    )
    return chain.derivation(uses=("refined.descent.step",))


@cache
def varying_derivation() -> Derivation:
    """From one step to the least gradient over all steps with any learning rates of at most gamma0."""
    share = gamma_t * (1 - N**2 * err_1) - N**2 * noise_1 * _steep * gamma_t**2
    one = Chain("refined.descent.varying.step", share * grad_sq, "One step, rearranged")
    one.equals(
        _decrease - grad_sq * (N**2 * err_1 * gamma_t + N**2 * noise_1 * _steep * gamma_t**2),
        Algebra({_decrease: gamma_t * grad_sq}, why="a name for the gradient's term"),
    )
    drop = sp.Symbol("drop", real=True)
    one.bound(
        {_decrease: 2 * N * drop + N**2 * (gamma_t * err_sq + _steep * gamma_t**2 * noise_sq)},
        "one step of descent, with drop = F(x^t) - E F(x^{t+1})",
    )
    given = {err_sq: err_0 + err_1 * grad_sq, noise_sq: noise_0 + noise_1 * grad_sq}
    one.bound(given, "the bounds on error and noise", {N: L * gamma0 + _y})
    one.simplify(2 * N * drop + N**2 * (gamma_t * err_0 + _steep * gamma_t**2 * noise_0))
    margin = (1 - N**2 * err_1) * sum_rates - N**2 * noise_1 * _steep * sum_rates_sq
    chain = Chain("refined.descent.varying", min_grad_sq, "Varying learning rates")
    chain.equals(weighted_sum / _left, Algebra({weighted_sum: min_grad_sq * _left}, why="a name for a product"))
    bound = 2 * N * (F0 - Fstar) + N**2 * (sum_rates * err_0 + _steep * sum_rates_sq * noise_0)
    chain.bound({weighted_sum: bound}, "the least is at most the weighted mean, and the steps add up")
    chain.define({_left: margin}, "the sum of the weights")
    chain.equals(varying_rate(GENERIC, sum_rates, sum_rates_sq))
    return chain.derivation(uses=("refined.descent.step",), lemmas=(balanced_step(), one.derivation()))


def decaying_rate(constants: Constants) -> sp.Expr:
    """:func:`varying_rate` for ``gamma_t = gamma0 / sqrt(t + 1)``."""
    return varying_rate(constants, 2 * gamma0 * (sp.sqrt(steps + 1) - 1), gamma0**2 * (1 + sp.log(steps)))


@cache
def decaying_derivation() -> Derivation:
    """Learning rates gamma0 / sqrt(t + 1)."""
    low, high = sp.symbols("low high", positive=True)
    generic = varying_rate((err_0, (1 - _kept) / N**2, noise_0, noise_1), sum_rates, sum_rates_sq)
    generic = generic.subs(F0, Fstar + _gap_0)
    bounded = generic.subs({sum_rates: low, sum_rates_sq: high})
    kept = (_left + N**2 * noise_1 * _steep * high) / low
    shift = {sum_rates: low + _x, high: sum_rates_sq + _y, _kept: kept, N: L * gamma0 + _room}
    chain = Chain("refined.descent.decaying", generic, "Decaying learning rates")
    chain.at_most(
        bounded, Positivity(shift, why="a sum of 1/sqrt(t) exceeds its integral, one of 1/t is at most 1 + log T")
    )
    values = {low: 2 * gamma0 * (sp.sqrt(steps + 1) - 1), high: gamma0**2 * (1 + _log_T)}
    values |= {_kept: 1 - N**2 * err_1, _gap_0: F0 - Fstar}
    chain.step("=", decaying_rate(GENERIC), Named(Algebra(values, why="the sums"), {sp.log(steps): _log_T}))
    return chain.derivation(uses=("refined.descent.varying",))


def pl_rate(constants: Constants) -> sp.Expr:
    """Bound on ``E F(x^steps) - Fstar`` for a fixed learning rate and a loss with the Polyak-Lojasiewicz property."""
    kept, last = _pl_parts(constants)
    return (1 - gamma0 * mu_PL * kept / N) ** steps * (F0 - Fstar) + last


def _pl_parts(constants: Constants) -> tuple[sp.Expr, sp.Expr]:
    """Share of the gradient that is kept, and the floor of the loss."""
    e0, e1, n0, n1 = constants
    scale = _steep * gamma0
    kept = 1 - N**2 * (e1 + scale * n1)
    return kept, N**2 * (e0 + scale * n0) / (2 * mu_PL * kept)


@cache
def pl_derivation() -> Derivation:
    """From one step to the loss after all steps."""
    scale = _steep * gamma0
    e1 = (1 - _kept) / N**2 - scale * noise_1
    floor = N**2 * (err_0 + scale * noise_0) / (2 * mu_PL * _kept)
    start = balanced_step().conclusion.subs(gamma_t, gamma0) - Fstar - floor
    one = Chain("refined.descent.pl.step", start.subs(F_t, Fstar + floor + _excess), "One step towards the floor")
    given = {err_sq: err_0 + err_1 * grad_sq, noise_sq: noise_0 + noise_1 * grad_sq}
    one.bound(given, "the bounds on error and noise", {N: L * gamma0 + _room})
    one.define({err_1: e1}, "the kept share of the gradient's term")
    one.simplify(_excess + gamma0 * _kept * (2 * mu_PL * floor - grad_sq) / (2 * N))
    lower = Replace({grad_sq: 2 * mu_PL * (_excess + floor)}, "the Polyak-Lojasiewicz inequality", {grad_sq: ">="})
    one.at_most(lower.apply(one.now), lower)
    one.equals((1 - gamma0 * mu_PL * _kept / N) * _excess)
    decay = sp.Symbol("decay", nonnegative=True)
    chain = Chain("refined.descent.pl", floor + _excess_last, "Polyak-Lojasiewicz losses")
    chain.bound({_excess_last: decay * _excess}, "the step towards the floor, once per step")
    chain.bound({_excess: F0 - Fstar}, "the floor is not negative")
    kept, _ = _pl_parts(GENERIC)
    power = (1 - gamma0 * mu_PL * kept / N) ** steps
    chain.step("=", pl_rate(GENERIC), Named(Algebra({_kept: kept}, why="the contraction"), {power: decay}))
    return chain.derivation(uses=("refined.descent.step",), lemmas=(balanced_step(), one.derivation()))

"""One step of descent under Byzantine attack, without the factors that splitting ``||a + b||^2`` loses.

Both papers bound ``||ghat||^2`` by twice the aggregation error plus twice the honest average. Here the update is
split into four parts,
``ghat = grad F / N + n + b + c``: the honest average's noise ``n``, the bias ``b`` of the aggregation error and the
rest ``c`` of it.
Given the past, ``n`` and ``c`` have mean zero, so they are orthogonal to the gradient and to ``b``, and one quadratic
form
in the four vectors decides what can be gained.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..inequalities import PSD, Algebra
from ..proof import Chain, Derivation
from ..squares import Gram
from ..symbols import F0, Fstar, L, N, eta, gamma0, grad_sq
from .notation import (
    Constants,
    F_t,
    err_0,
    err_1,
    err_sq,
    gamma_t,
    mean_grad_sq,
    noise_0,
    noise_1,
    noise_sq,
    steps,
)

#: Stand for the three weights and the margin until their formulas are inserted.
_w_grad, _w_err, _w_noise = sp.symbols("w_grad w_err w_noise", positive=True)
_margin = sp.Symbol("margin", positive=True)
_descent, _drop = sp.symbols("descent drop", real=True)
_slack = sp.Symbol("slack", positive=True)


def gradient_weight(gamma: sp.Expr) -> sp.Expr:
    """What one step gains per unit of ``gamma ||grad F||^2``."""
    return (1 - L * gamma / (2 * N)) / N - (1 - L * gamma / N) * eta / 2


def error_weight(gamma: sp.Expr) -> sp.Expr:
    """What one step loses per unit of ``gamma E||ghat - gbar||^2``."""
    return ((1 - L * gamma / N) / eta + L * gamma) / 2


def noise_weight(gamma: sp.Expr) -> sp.Expr:
    """What one step loses per unit of ``gamma E||gbar - grad F / N||^2``."""
    return L * gamma / 2 * (1 + L * gamma * eta / (1 - L * gamma / N))


GRAM = Gram(
    ("g", "b", "n", "c"),
    {("g", "g"): grad_sq, ("n", "n"): noise_sq, ("g", "n"): 0, ("g", "c"): 0, ("b", "n"): 0, ("b", "c"): 0},
)


@cache
def step_derivation() -> Derivation:
    """From smoothness to one step of descent."""
    update = {"g": 1 / N, "b": 1, "n": 1, "c": 1}
    bias_sq, spread_sq = GRAM.product("b", "b"), GRAM.product("c", "c")
    start = F_t - gamma_t * GRAM.inner({"g": 1}, update) + L * gamma_t**2 / 2 * GRAM.norm(update)
    after = (
        F_t
        - gamma_t * gradient_weight(gamma_t) * grad_sq
        + gamma_t * error_weight(gamma_t) * (bias_sq + spread_sq)
        + gamma_t * noise_weight(gamma_t) * noise_sq
    )
    chain = Chain("refined.descent.step", start, "One step of descent")
    chain.at_most(
        after,
        PSD(GRAM, {N: L * gamma_t + _slack}, "positive semidefinite in the gradient, the bias and the two noises"),
        note="Young's inequality twice: the gradient against the bias, and the two noises against each other",
    )
    chain.define({bias_sq: err_sq - spread_sq}, "E||ghat - gbar||^2 = ||b||^2 + E||c||^2")
    meanings = {
        grad_sq: r"\|\nabla F(\mathbf{x}^t)\|^2",
        noise_sq: r"\mathbb{E}\|\bar{\mathbf{g}}^t-\tfrac1N\nabla F(\mathbf{x}^t)\|^2",
        err_sq: r"\mathbb{E}\|\hat{\mathbf{g}}^t-\bar{\mathbf{g}}^t\|^2",
    }
    return chain.derivation(meanings=meanings)


def rate(gamma: sp.Expr, iterations: sp.Expr, constants: Constants) -> sp.Expr:
    """The bound on the mean squared gradient norm for a fixed learning rate.

    Parameters
    ----------
    gamma : sympy expression
        Learning rate.
    iterations : sympy expression
        Number of steps.
    constants : tuple of four expressions
        ``err_0, err_1, noise_0, noise_1``.
    """
    e0, e1, n0, n1 = constants
    loss = (F0 - Fstar) / (gamma * iterations) + error_weight(gamma) * e0 + noise_weight(gamma) * n0
    return loss / margin(gamma, e1, n1)


def margin(gamma: sp.Expr, e1: sp.Expr, n1: sp.Expr) -> sp.Expr:
    """What is left of the gradient's weight; it must be positive."""
    return gradient_weight(gamma) - error_weight(gamma) * e1 - noise_weight(gamma) * n1


@cache
def fixed_derivation() -> Derivation:
    """From one step to the mean over all steps at a fixed learning rate."""
    weights = {_w_grad: gradient_weight(gamma0), _w_err: error_weight(gamma0), _w_noise: noise_weight(gamma0)}
    rest = _w_err * err_1 + _w_noise * noise_1
    total = Chain("refined.descent.sum", gamma0 * (_w_grad - rest) * mean_grad_sq, "Sum of the steps")
    total.equals(_descent - gamma0 * rest * mean_grad_sq, _define({_descent: gamma0 * _w_grad * mean_grad_sq}))
    total.bound(
        {_descent: _drop + gamma0 * (_w_err * err_sq + _w_noise * noise_sq)},
        "refined.descent.step, averaged over the steps",
    )
    total.bound(
        {err_sq: err_0 + err_1 * mean_grad_sq, noise_sq: noise_0 + noise_1 * mean_grad_sq},
        "the bounds on the aggregation error and on the honest average's noise",
    )
    total.bound({_drop: (F0 - Fstar) / steps}, "the losses telescope and are bounded below")
    total.simplify((F0 - Fstar) / steps + gamma0 * (_w_err * err_0 + _w_noise * noise_0))
    chain = Chain("refined.descent.fixed", mean_grad_sq, "Fixed learning rate")
    chain.equals(_descent / (gamma0 * _margin), _define({_descent: gamma0 * _margin * mean_grad_sq}))
    chain.bound({_descent: total.now}, "the sum of the steps")
    chain.define({_margin: _w_grad - rest}, "the margin")
    chain.define(weights, "the weights of one step")
    chain.simplify(rate(gamma0, steps, (err_0, err_1, noise_0, noise_1)))
    return chain.derivation(uses=("refined.descent.step",), lemmas=(total.derivation(),))


def _define(given: dict[sp.Symbol, sp.Expr]) -> Algebra:
    return Algebra(given, why="a name for a product")

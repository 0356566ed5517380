"""Refined convergence theorems of Com-LAD and LAD."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import sympy as sp

from ..inequalities import PSD, Algebra
from ..proof import Chain, Derivation
from ..squares import Gram
from ..symbols import F0, Fstar, H, L, N, T, d, delta, eta, gamma0, grad_sq, kappa
from .descent import fixed_derivation
from .instantiate import instantiate
from .lad_moments import KAPPA1, KAPPA2, KAPPA3, KAPPA4, LOAD_FACTOR, compressed_dispersion
from .notation import Constants, F_t, err_0, err_1, err_sq, gamma_t, mean_grad_sq, steps
from .optimum import balanced_derivation, best_derivation, best_point, eta_at_zero, excess, floor, kept, lost, noise, u
from .polyak import pl_decaying_derivation
from .schedules import decaying_derivation, pl_derivation, varying_derivation

#: Bounds on the aggregation error and on the noise of the honest average of Com-LAD.
CONSTANTS: Constants = (kappa * KAPPA1, kappa * KAPPA2, KAPPA3, delta / (H * N**2))
#: What is left of the gradient's term as the learning rate tends to zero, eta = 1/N.
KEPT = 1 - kappa * delta * (H - 1) / H
FLOOR = N**2 * kappa * KAPPA1 / KEPT
_mean_sq = sp.Symbol("mean_sq", nonnegative=True)
_kappa1, _kappa2, _kappa3, _kappa4 = sp.symbols("kappa_1 kappa_2 kappa_3 kappa_4", nonnegative=True)
_descent, _drop = sp.symbols("descent drop", real=True)
_margin = sp.Symbol("margin", positive=True)


@cache
def aggregation_error() -> Derivation:
    """Expected error of a kappa-robust rule."""
    dispersion_hat = compressed_dispersion().start
    chain = Chain("refined.lad.aggregation_error", err_sq, "Aggregation error of Com-LAD")
    chain.bound({err_sq: kappa * dispersion_hat}, "LAD Definition 1")
    value = KAPPA1 + KAPPA2 * grad_sq
    chain.bound({dispersion_hat: value}, "refined.lad.dispersion.compressed with LAD (14)")
    return chain.derivation(uses=("refined.lad.kappa1", "refined.lad.kappa2"))


@cache
def paper_step() -> Derivation:
    """One step as in the paper's (66), with the refined coefficients and any eta."""
    gram = Gram(
        ("g", "e", "m"), {("g", "g"): grad_sq, ("e", "e"): err_sq, ("m", "m"): _mean_sq, ("g", "m"): grad_sq / N}
    )
    update = {"e": 1, "m": 1}
    start = F_t - gamma_t * gram.inner({"g": 1}, update) + L * gamma_t**2 / 2 * gram.norm(update)
    after = (
        F_t
        + gamma_t * (eta * grad_sq + err_sq / eta) / 2
        - gamma_t * grad_sq / N
        + L * gamma_t**2 * (err_sq + _mean_sq)
    )
    chain = Chain("refined.lad.step.same_proof", start, "The paper's descent step")
    return chain.at_most(after, PSD(gram, why="Young, and ||a + b||^2 <= 2 ||a||^2 + 2 ||b||^2")).derivation()


@cache
def same_proof() -> Derivation:
    """Theorem 1 by the paper's own proof, with the refined coefficients and any eta."""
    weight = 1 / N - eta / 2
    margin = weight - kappa * _kappa2 * (1 / (2 * eta) + L * gamma0) - L * gamma0 * _kappa4
    rest = (weight - margin) * mean_grad_sq
    total = Chain("refined.lad.sum.same_proof", gamma0 * margin * mean_grad_sq, "Sum of the steps")
    total.equals(
        _descent - gamma0 * rest, Algebra({_descent: gamma0 * weight * mean_grad_sq}, why="a name for a product")
    )
    total.bound(
        {_descent: _drop + gamma0 * err_sq * (1 / (2 * eta) + L * gamma0) + L * gamma0**2 * _mean_sq}, "the steps"
    )
    error, mean = kappa * (_kappa1 + _kappa2 * mean_grad_sq), _kappa3 + _kappa4 * mean_grad_sq
    total.bound({err_sq: error, _mean_sq: mean}, "the refined coefficients")
    total.bound({_drop: (F0 - Fstar) / T}, "the losses telescope and are bounded below")
    total.simplify(
        (F0 - Fstar) / T + gamma0 * kappa * _kappa1 / (2 * eta) + L * gamma0**2 * (kappa * _kappa1 + _kappa3)
    )
    chain = Chain("refined.lad.theorem1.same_proof", mean_grad_sq, "The paper's proof with the refined coefficients")
    chain.equals(_descent / (gamma0 * _margin), Algebra({_descent: gamma0 * _margin * mean_grad_sq}, why="a name"))
    chain.bound({_descent: total.now}, "the sum of the steps")
    chain.define({_margin: margin}, "the margin")
    chain.define({_kappa1: KAPPA1, _kappa2: KAPPA2, _kappa3: KAPPA3, _kappa4: KAPPA4}, "the refined coefficients")
    return chain.derivation(
        uses=tuple(f"refined.lad.kappa{n}" for n in range(1, 5)), lemmas=(paper_step(), total.derivation())
    )


@cache
def floor_derivation() -> Derivation:
    """Error floor as T grows and the learning rate tends to zero."""
    chain = Chain("refined.lad.floor", balanced_derivation().conclusion, "Error floor")
    chain.define({F0: Fstar}, "T tends to infinity: the first term vanishes")
    chain.define({gamma0: sp.Integer(0)}, "the learning rate tends to zero")
    chain.define({err_0: CONSTANTS[0], err_1: CONSTANTS[1]}, "the refined coefficients")
    chain.equals(FLOOR)
    return chain.derivation(uses=("refined.lad.aggregation_error", "refined.descent.balanced"), lemmas=(eta_at_zero(),))


@cache
def floor_ratio() -> Derivation:
    """The floor of LAD over that of the same method with d = 1."""
    chain = Chain("refined.lad.floor.ratio", FLOOR.subs(delta, 0) / FLOOR.subs({delta: 0, d: 1}), "Floor against d = 1")
    return chain.equals(LOAD_FACTOR).derivation(uses=("refined.lad.floor",))


#: What the names of the best-rate formula stand for in Com-LAD.
BEST = {
    excess: 2 * L * (F0 - Fstar) / T,
    floor: N**2 * kappa * KAPPA1,
    kept: KEPT,
    noise: N**2 * KAPPA3,
    lost: delta / H,
}


@cache
def best_bound() -> Derivation:
    """The balanced bound of Com-LAD at its best learning rate."""
    chain = Chain("refined.lad.theorem1.best", best_derivation().conclusion, "Best learning rate")
    chain.define(BEST, "the refined coefficients")
    return chain.derivation(uses=("refined.descent.best", "refined.lad.aggregation_error"))


@cache
def best_rate() -> Derivation:
    """The learning rate at which the balanced bound of Com-LAD is least."""
    chain = Chain("refined.lad.theorem1.best_learning_rate", N / L * u / (1 + u), "Best learning rate")
    chain.define({u: best_point(excess, floor, noise, kept, lost)}, "refined.descent.best")
    chain.define(BEST, "the refined coefficients")
    return chain.derivation(uses=("refined.descent.best",))


@cache
def best_bound_lad() -> Derivation:
    """The balanced bound of LAD at its best learning rate."""
    chain = Chain("refined.lad.theorem2.best", best_derivation().conclusion, "Best learning rate without compression")
    chain.define({lost: sp.Integer(0), kept: sp.Integer(1)}, "delta = 0")
    chain.equals(floor + excess + 2 * sp.sqrt(excess * noise))
    chain.define({symbol: value.subs(delta, 0) for symbol, value in BEST.items()}, "the refined coefficients")
    return chain.derivation(uses=("refined.lad.theorem1.best",))


def without_compression(key: str, general: Callable[[], Derivation]) -> Callable[[], Derivation]:
    """A statement on Com-LAD at delta = 0."""

    @cache
    def build() -> Derivation:
        base = general()
        chain = Chain(key, base.conclusion, "No compression")
        return chain.define({delta: sp.Integer(0)}, "delta = 0").derivation(uses=(base.key,))

    return build


_USES = ("refined.lad.aggregation_error", "refined.lad.mean_error.compressed")
theorem1 = instantiate("refined.lad.theorem1", fixed_derivation, CONSTANTS, {steps: T}, _USES)
balanced = instantiate("refined.lad.theorem1.balanced", balanced_derivation, CONSTANTS, {steps: T}, _USES)
decaying = instantiate("refined.lad.theorem1.decaying", decaying_derivation, CONSTANTS, {steps: T}, _USES)
loss = instantiate("refined.lad.theorem1.pl", pl_derivation, CONSTANTS, {steps: T}, _USES)
loss_decaying = instantiate("refined.lad.theorem1.pl_decaying", pl_decaying_derivation, CONSTANTS, {steps: T}, _USES)
varying = instantiate("refined.lad.theorem1.varying", varying_derivation, CONSTANTS, {}, _USES)
theorem2 = without_compression("refined.lad.theorem2", theorem1)
balanced2 = without_compression("refined.lad.theorem2.balanced", balanced)
floor2 = without_compression("refined.lad.theorem2.floor", floor_derivation)

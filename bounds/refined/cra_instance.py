"""CRA-DL with the allocation matrix that was actually drawn: loads and overlaps as they are.

Two numbers of ``W = S diag(1/d_k)`` say all: ``sigma_sq``, the squared norm of P W on vectors that sum to zero, and
``drift_sq = ||P W 1||^2``, which is zero when every device's weights 1/d_k have the same sum.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..inequalities import PSD, Squares
from ..proof import Chain, Derivation
from ..squares import Gram, Norm
from ..statement import Hypothesis, Kind, Relation, Role, Statement
from ..symbols import H, M, N, V, alpha, beta, grad_sq, kappa
from .cra_convergence import HELD, HORIZON
from .cra_convergence import HONEST as ENOUGH_HONEST
from .cra_moments import DISPERSION_FACTOR, HONEST, NOISE_FACTOR, OTHERS, SHIFT, pop_var
from .cra_theorem import Setting, margins, special
from .descent import fixed_derivation
from .notation import (
    BOUNDED_BELOW,
    DEVICES,
    GAP,
    ROBUST,
    SMOOTH,
    STEP_SIZE,
    Constants,
    err_0,
    err_1,
    err_sq,
    noise_sq,
    result,
)
from .optimum import balanced_derivation
from .schedules import decaying_derivation

#: Squared operator norm of P W on vectors that sum to zero, and ||P W 1||^2.
sigma_sq, drift_sq = sp.symbols("sigma_sq drift_sq", nonnegative=True)
#: Weight between the two parts of P W G.
zeta = sp.Symbol("zeta", positive=True)
_image = sp.Symbol("image", nonnegative=True)
_root = sp.Symbol("root", positive=True)
_rest = sp.Symbol("rest", positive=True)

_SCALE = kappa * N / (N - 1) * OTHERS
_CONSTANT = (1 + zeta) * sigma_sq * M * beta**2 / N
_GRADIENT = (1 + 1 / zeta) * drift_sq / (N * M**2)


@cache
def variance() -> Derivation:
    """Mean squared distance of the coded gradients from their mean."""
    gram = Gram(("a", "b"), {("a", "a"): _image})
    drift = gram.product("b", "b")
    chain = Chain("refined.cra.instance.variance", gram.norm({"a": 1, "b": 1}) / N, "Variance for an allocation")
    chain.at_most(((1 + zeta) * _image + (1 + 1 / zeta) * drift) / N, PSD(gram, why="Young; P W G = a + b"))
    chain.bound({_image: sigma_sq * M * V, drift: drift_sq * grad_sq / M**2}, "the norms of P W")
    chain.bound({V: beta**2}, "CRA (10)")
    return chain.equals(_CONSTANT + _GRADIENT * grad_sq).derivation()


@cache
def error() -> Derivation:
    """Aggregation error of a kappa-robust rule, without its gradient term."""
    dispersion = sp.Symbol("dispersion", nonnegative=True)
    chain = Chain("refined.cra.instance.error", err_sq, "Aggregation error for an allocation")
    chain.bound({err_sq: kappa * dispersion}, "LAD Definition 1")
    chain.define({dispersion: DISPERSION_FACTOR * pop_var}, "refined.cra.dispersion")
    chain.bound({pop_var: _CONSTANT + _GRADIENT * grad_sq}, "refined.cra.instance.variance", SHIFT)
    chain.define({H: HONEST}, "H = (1 - alpha) N")
    chain.equals(_SCALE * (_CONSTANT + _GRADIENT * grad_sq))
    return chain.derivation(uses=("refined.cra.dispersion", "refined.cra.instance.variance"))


@cache
def noise() -> Derivation:
    """Noise of the honest average."""
    chain = Chain("refined.cra.instance.noise", noise_sq, "Noise for an allocation")
    chain.define({noise_sq: NOISE_FACTOR * pop_var}, "refined.cra.mean_error")
    chain.bound({pop_var: _CONSTANT + _GRADIENT * grad_sq}, "refined.cra.instance.variance", SHIFT)
    chain.define({H: HONEST}, "H = (1 - alpha) N")
    chain.equals(alpha / ((1 - alpha) * (N - 1)) * (_CONSTANT + _GRADIENT * grad_sq))
    return chain.derivation(uses=("refined.cra.mean_error", "refined.cra.instance.variance"))


class _Instance(Setting):
    """The bounds have gradient terms here."""

    @property
    def constants(self) -> Constants:
        """``err_0, err_1, noise_0, noise_1``."""
        noise_scale = alpha / ((1 - alpha) * (N - 1))
        return _SCALE * _CONSTANT, _SCALE * _GRADIENT, noise_scale * _CONSTANT, noise_scale * _GRADIENT


@cache
def setting() -> Setting:
    """kappa-robust rule, any allocation in which every subset is held."""
    uses = ("refined.cra.instance.error", "refined.cra.instance.noise")
    return _Instance("refined.cra.instance", error(), noise(), uses)


@cache
def floor() -> Derivation:
    """Error floor at the best zeta, which is root / (1 - root) with root^2 = N^2 times the gradient's share."""
    value = N * sp.sqrt(_SCALE * drift_sq / N) / M
    chain = Chain("refined.cra.instance.floor", N**2 * err_0 / (1 - N**2 * err_1), "Error floor for an allocation")
    share = _root**2
    chain.define({err_0: _SCALE * _CONSTANT, err_1: (1 + 1 / zeta) * share / N**2}, "refined.cra.instance.error")
    chain.define({zeta: _root / (1 - _root)}, "the best weight between the two parts")
    chain.equals(N**2 * _SCALE * sigma_sq * M * beta**2 / N / (1 - _root) ** 2)
    chain.define({_root: value}, "root^2 = N^2 kappa N / (N - 1) (H - 1) / H drift_sq / (N M^2)")
    square = Chain("refined.cra.instance.root", value**2, "The square of the root")
    square.equals(N**2 * _SCALE * drift_sq / (N * M**2))
    return chain.derivation(uses=("refined.cra.instance.error",), lemmas=(square.derivation(), _best_zeta()))


@cache
def _best_zeta() -> Derivation:
    """No zeta does better: the difference is a square over the margin."""
    one = Gram(("one",), {("one", "one"): sp.S.One})
    start = (1 + zeta) / (1 - (1 + 1 / zeta) * _root**2)
    chain = Chain("refined.cra.instance.zeta", start, "No weight does better")
    # Margin zeta (1 - root^2) - root^2 > 0 and root < 1, in slack variables.
    shift = {
        _root: _image / (_image + _rest),
        zeta: _image**2 / (_rest * (_rest + 2 * _image)) + sp.Symbol("over", positive=True),
    }
    square = Norm(one, {"one": zeta * (1 - _root) - _root})
    weight = 1 / ((1 - _root) ** 2 * (zeta * (1 - _root**2) - _root**2))
    return chain.at_least(1 / (1 - _root) ** 2, Squares([(weight, square)], shift, "a perfect square")).derivation()


_ALLOCATION = (
    DEVICES,
    ENOUGH_HONEST,
    HELD,
    Hypothesis("the honest devices of an iteration are a uniformly random set, drawn afresh each time"),
    Hypothesis("the mean squared deviation of the subset gradients from their mean is at most beta^2"),
)
_FLOOR = Hypothesis(
    "kappa drift_sq N^2 (H - 1) / ((N - 1) H M^2) < 1", sp.Lt(_SCALE * drift_sq * N, M**2), Role.CONDITION
)


_LHS = r"\frac{1}{T+1}\sum_{t\le T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2"
LEMMAS: tuple[Statement, ...] = (
    result(
        "refined.cra.instance.variance",
        "Variance of the coded gradients for a given allocation",
        Relation.UPPER,
        r"\tfrac1N\|\mathbf{P}\mathbf{W}\mathbf{G}\|_F^2",
        variance,
        _ALLOCATION,
        "For the matrix that was drawn, whatever its loads and overlaps.",
    ),
    result(
        "refined.cra.instance.error",
        "Aggregation error for a given allocation",
        Relation.UPPER,
        r"\mathbb{E}\|\hat{\mathbf{g}}^t-\bar{\mathbf{g}}^t\|^2",
        error,
        (*_ALLOCATION, ROBUST),
        "The gradient term comes from unequal loads alone.",
        uses=("refined.cra.dispersion", "refined.cra.instance.variance"),
    ),
    result(
        "refined.cra.instance.noise",
        "Noise of the honest average for a given allocation",
        Relation.UPPER,
        r"\mathbb{E}\|\bar{\mathbf{g}}^t-\tfrac1N\nabla F\|^2",
        noise,
        _ALLOCATION,
        "The gradient term comes from unequal loads alone.",
        uses=("refined.cra.mean_error", "refined.cra.instance.variance"),
    ),
    result(
        "refined.cra.instance.floor",
        "Error floor for a given allocation",
        Relation.UPPER,
        r"\lim_{T\to\infty}" + _LHS,
        floor,
        (*_ALLOCATION, ROBUST, SMOOTH, BOUNDED_BELOW, _FLOOR),
        "A bound for the allocation at hand; with unheld subsets it is about the loss of the held ones.",
        uses=("refined.cra.instance.error",),
        kind=Kind.COROLLARY,
    ),
)


def _theorems() -> tuple[Statement, ...]:
    """Convergence for a given allocation, with the weight zeta free."""
    conditions = margins(_SCALE * _GRADIENT, alpha / ((1 - alpha) * (N - 1)) * _GRADIENT)
    rows = (
        ("theorem1", "any eta", special(setting, "theorem1", fixed_derivation, True), (HORIZON, conditions["fixed"])),
        (
            "theorem1.balanced",
            "eta = 1/N",
            special(setting, "theorem1.balanced", balanced_derivation, True),
            (HORIZON, conditions["balanced"]),
        ),
        (
            "theorem2",
            "gamma0 / sqrt(t + 1)",
            special(setting, "theorem2", decaying_derivation),
            (STEP_SIZE, conditions["kept"], conditions["decaying"]),
        ),
    )
    return tuple(
        result(
            f"refined.cra.instance.{suffix}",
            f"Convergence of CRA-DL for a given allocation, {what}",
            Relation.UPPER,
            _LHS if suffix != "theorem2" else r"\min_{t\le T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2",
            derivation,
            (*_ALLOCATION, ROBUST, SMOOTH, BOUNDED_BELOW, GAP, *more),
            "A kappa-robust rule and the matrix that was drawn.",
            uses=("refined.descent.step", "refined.cra.instance.error", "refined.cra.instance.noise"),
            kind=Kind.THEOREM,
        )
        for suffix, what, derivation, more in rows
    )


STATEMENTS: tuple[Statement, ...] = (*LEMMAS, *_theorems())

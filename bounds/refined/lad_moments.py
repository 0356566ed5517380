"""Exact moments of the LAD messages, for any computation matrix.

Every row of a computation matrix S sums to d. With a = h S / (d H) - 1 / N, where h marks the honest rows, the
entries of a sum to zero,
so that the mean gradient cancels from ``gbar - mu = a G``; the second random permutation turns the rest into an
equality.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import sympy as sp

from ..inequalities import Algebra, Positivity, Squares
from ..moments import Moment, PermutationForm, SubsetForm, UniformSubset, dispersion_of_compressed, mean_of_compressed
from ..proof import Chain, Derivation
from ..squares import pairs
from ..symbols import H, N, V, beta, d, delta, grad_sq
from .notation import noise_sq, theta_sq

#: Mean squared distance of the honest messages from their mean, and from mu.
dispersion, deviation = sp.symbols("dispersion deviation", nonnegative=True)
#: E||g_i||^2; the same distance and norm after compression; E||C(g_i) - g_i||^2.
message_sq, dispersion_hat, mean_hat_sq, compression_sq = sp.symbols(
    "message_sq dispersion_hat mean_hat_sq compression_sq", nonnegative=True
)
#: E||a||^2 and E||h S||^2.
weights_sq, cover_sq = sp.symbols("weights_sq cover_sq", nonnegative=True)
#: Slack variables; more than half of at least two devices are at least two.
_x, _y = sp.symbols("x y", nonnegative=True)
_z = sp.Symbol("z", positive=True)
SHIFT = {N: H + _x, H: 2 + _y}

#: The mean squared deviation of one message from mu, per unit of V: what a load of d leaves of it.
LOAD_FACTOR = (N - d) / (d * (N - 1))
#: Its name, while only its sign matters.
load_factor = sp.Symbol("load_factor", nonnegative=True)
NOISE = V * (N - H) * (N - d) / (d * H * (N - 1) ** 2)
DISPERSION = V * N * (N - d) * (H - 1) / (d * H * (N - 1) ** 2)
MATRIX_DISPERSION = V * (H - 1) * (d * N**2 - theta_sq) / (d**2 * H * (N - 1) ** 2)
MATRIX_NOISE = V * LOAD_FACTOR - MATRIX_DISPERSION


def _permuted(trace: sp.Expr) -> PermutationForm:
    """``E ||a X_p||^2`` over deviations of the subset gradients, which sum to zero."""
    return PermutationForm(N, trace, sp.Integer(0), N * V, sp.Integer(0))


@cache
def matrix_noise() -> Derivation:
    """Noise of the honest average for a computation matrix with given column sums."""
    chain = Chain("refined.lad.matrix.mean_error", noise_sq, "Noise of the honest average, any matrix")
    chain.equals(
        _permuted(weights_sq).value(),
        Moment({noise_sq: _permuted(weights_sq)}, why="second permutation; a sums to zero"),
    )
    chain.define({weights_sq: cover_sq / (d * H) ** 2 - 1 / N}, "the entries of h S sum to d H")
    rows = SubsetForm(UniformSubset(N, H), d * N, theta_sq)
    chain.equals(
        chain.now.subs(cover_sq, rows.value()), Moment({cover_sq: rows}, why="honest rows are a uniform subset")
    )
    chain.equals(MATRIX_NOISE)
    return chain.derivation(meanings={noise_sq: r"\mathbb{E}\|\bar{\mathbf{g}}-\boldsymbol\mu\|^2"})


@cache
def message_deviation() -> Derivation:
    """Mean squared deviation of one message from mu, whatever the matrix."""
    trace = 1 / d - 1 / N
    chain = Chain("refined.lad.message_deviation", deviation, "Deviation of one message")
    chain.equals(_permuted(trace).value(), Moment({deviation: _permuted(trace)}, why="second permutation"))
    chain.equals(V * LOAD_FACTOR)
    return chain.derivation()


@cache
def message_norm() -> Derivation:
    """Mean squared norm of one message."""
    chain = Chain("refined.lad.message_norm", message_sq, "Norm of one message")
    chain.define({message_sq: grad_sq / N**2 + deviation}, "E g_i = mu")
    chain.define({deviation: V * LOAD_FACTOR}, "the deviation of one message")
    return chain.derivation(uses=("refined.lad.message_deviation",), lemmas=(message_deviation(),))


@cache
def matrix_dispersion() -> Derivation:
    """Dispersion of the honest messages for a computation matrix with given column sums."""
    chain = Chain("refined.lad.matrix.dispersion", dispersion, "Dispersion of the honest messages, any matrix")
    chain.define({dispersion: deviation - noise_sq}, "mean squared distance from the mean and from mu")
    chain.define({deviation: V * LOAD_FACTOR, noise_sq: MATRIX_NOISE}, "the two exact moments")
    chain.equals(MATRIX_DISPERSION)
    uses = ("refined.lad.message_deviation", "refined.lad.matrix.mean_error")
    return chain.derivation(uses=uses, lemmas=(message_deviation(), matrix_noise()))


def _balanced(key: str, source_derivation: Callable[[], Derivation], formula: sp.Expr) -> Callable[[], Derivation]:
    """The case of equal column sums, theta_j = d."""

    @cache
    def build() -> Derivation:
        base = source_derivation()
        chain = Chain(key, base.start, "Equal column sums")
        for step in base.steps:
            chain.step(step.relation, step.after, step.by)
        chain.define({theta_sq: d**2 * N}, "every subset is computed d times")
        chain.equals(formula)
        return chain.derivation(uses=(base.key,), lemmas=base.lemmas)

    return build


@cache
def corollary_mean() -> Derivation:
    """No matrix makes the honest average less noisy than one with equal column sums."""
    chain = Chain("refined.lad.corollary1.mean", MATRIX_NOISE, "Equal column sums minimise the noise")
    square = pairs(N, theta_sq, (d * N) ** 2)
    weight = V * (H - 1) / (N * d**2 * H * (N - 1) ** 2)
    chain.at_least(NOISE, Squares([(weight, square)], SHIFT, "sum of (theta_j - theta_k)^2"))
    return chain.derivation(uses=("refined.lad.matrix.mean_error",))


@cache
def corollary_dispersion() -> Derivation:
    """No matrix spreads the honest messages farther than one with equal column sums."""
    chain = Chain("refined.lad.corollary1.dispersion", MATRIX_DISPERSION, "Equal column sums maximise the dispersion")
    square = pairs(N, theta_sq, (d * N) ** 2)
    weight = V * (H - 1) / (N * d**2 * H * (N - 1) ** 2)
    chain.at_most(DISPERSION, Squares([(weight, square)], SHIFT, "sum of (theta_j - theta_k)^2"))
    return chain.derivation(uses=("refined.lad.matrix.dispersion",))


def compressed_dispersion_of(base: sp.Expr) -> sp.Expr:
    """Bound on the dispersion after compression, from the dispersion before."""
    return base + (H - 1) / H * delta * (grad_sq / N**2 + V * LOAD_FACTOR)


def compressed_noise_of(base: sp.Expr) -> sp.Expr:
    """Bound on the noise of the honest average after compression, from the noise before."""
    return base + delta / H * (grad_sq / N**2 + V * LOAD_FACTOR)


@cache
def compressed_dispersion() -> Derivation:
    """Dispersion of the compressed messages."""
    chain = Chain("refined.lad.dispersion.compressed", dispersion_hat, "Dispersion after compression")
    split = dispersion_of_compressed(H, dispersion, compression_sq)
    chain.equals(split.value(), Moment({dispersion_hat: split}, why="independent unbiased errors"))
    chain.bound({compression_sq: delta * message_sq}, "LAD (10)", SHIFT)
    chain.define({message_sq: grad_sq / N**2 + V * LOAD_FACTOR, dispersion: DISPERSION}, "the exact moments")
    chain.equals((H - 1) / H * (LOAD_FACTOR * V * (N / (N - 1) + delta) + delta * grad_sq / N**2))
    return chain.derivation(uses=("refined.lad.dispersion", "refined.lad.message_norm"))


@cache
def compressed_noise() -> Derivation:
    """Noise of the average of the compressed messages."""
    chain = Chain("refined.lad.mean_error.compressed", noise_sq, "Noise of the honest average after compression")
    split = mean_of_compressed(H, deviation, compression_sq)
    chain.equals(split.value(), Moment({noise_sq: split}, why="independent unbiased errors"))
    chain.bound({compression_sq: delta * message_sq}, "LAD (10)")
    chain.define({message_sq: grad_sq / N**2 + V * LOAD_FACTOR, deviation: NOISE}, "the exact moments")
    chain.equals(LOAD_FACTOR * V / H * ((N - H) / (N - 1) + delta) + delta * grad_sq / (H * N**2))
    return chain.derivation(uses=("refined.lad.mean_error", "refined.lad.message_norm"))


@cache
def compressed_mean() -> Derivation:
    """Squared norm of the average of the compressed messages."""
    chain = Chain("refined.lad.mean_norm.compressed", mean_hat_sq, "Norm of the honest average after compression")
    chain.define({mean_hat_sq: grad_sq / N**2 + noise_sq}, "E gbar = mu")
    chain.bound({noise_sq: compressed_noise().conclusion}, "refined.lad.mean_error.compressed")
    chain.equals((1 + delta / H) * grad_sq / N**2 + LOAD_FACTOR * V / H * ((N - H) / (N - 1) + delta))
    return chain.derivation(uses=("refined.lad.mean_error.compressed",))


#: The four coefficients, with V at its bound beta^2.
KAPPA1 = beta**2 * (H - 1) / H * LOAD_FACTOR * (N / (N - 1) + delta)
KAPPA2 = delta * (H - 1) / (H * N**2)
KAPPA3 = beta**2 * LOAD_FACTOR / H * ((N - H) / (N - 1) + delta)
KAPPA4 = (1 + delta / H) / N**2


@cache
def load_sign() -> Derivation:
    """The load factor is positive for d < N; it is zero for d = N."""
    chain = Chain("refined.lad.load_factor", LOAD_FACTOR, "Sign of the load factor")
    chain.at_least(sp.Integer(0), Positivity({N: d + _z, d: 1 + _x}))
    return chain.derivation()


def _constant(
    key: str, bound: Callable[[], Derivation], per_variance: sp.Expr, formula: sp.Expr
) -> Callable[[], Derivation]:
    """The part of a bound that does not depend on the gradient, ``V load_factor per_variance``."""

    @cache
    def build() -> Derivation:
        chain = Chain(key, bound().conclusion.subs(grad_sq, 0))
        chain.equals(V * load_factor * per_variance, Algebra({load_factor: LOAD_FACTOR}, why="the load factor"))
        chain.bound({V: beta**2}, "LAD (14)", SHIFT)
        chain.define({load_factor: LOAD_FACTOR}, "the load factor")
        chain.equals(formula)
        return chain.derivation(uses=(bound().key,), lemmas=(load_sign(),))

    return build


def _coefficient(key: str, bound: Callable[[], Derivation], formula: sp.Expr) -> Callable[[], Derivation]:
    """The factor of ``||grad F||^2`` in a bound."""

    @cache
    def build() -> Derivation:
        whole = bound().conclusion
        return Chain(key, (whole - whole.subs(grad_sq, 0)) / grad_sq).equals(formula).derivation(uses=(bound().key,))

    return build


noise_balanced = _balanced("refined.lad.mean_error", matrix_noise, NOISE)
dispersion_balanced = _balanced("refined.lad.dispersion", matrix_dispersion, DISPERSION)
kappa1 = _constant("refined.lad.kappa1", compressed_dispersion, (H - 1) / H * (N / (N - 1) + delta), KAPPA1)
kappa2 = _coefficient("refined.lad.kappa2", compressed_dispersion, KAPPA2)
kappa3 = _constant("refined.lad.kappa3", compressed_mean, ((N - H) / (N - 1) + delta) / H, KAPPA3)
kappa4 = _coefficient("refined.lad.kappa4", compressed_mean, KAPPA4)

"""LAD with other computation matrices, other rules, and compressors that share their randomness."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import sympy as sp

from ..inequalities import Algebra, Squares
from ..moments import Moment, dispersion_of_compressed, mean_of_compressed
from ..proof import Chain, Derivation
from ..squares import pairs
from ..symbols import C_alpha, H, L, N, T, V, beta, d, delta, gamma0, grad_sq, kappa
from . import lad_moments as moments
from .cra_moments import diameter_sq, largest_deviation, spread_max
from .instantiate import instantiate
from .lad_moments import LOAD_FACTOR, SHIFT, load_factor, load_sign
from .lad_theorem import best_bound_lad, floor2
from .notation import Constants, err_0, err_1, err_sq, noise_sq, steps, theta_sq
from .optimum import balanced_derivation

#: Subsets of a task that another task lacks: at most min(d, N - d) for the cyclic matrix.
unshared = sp.Symbol("unshared", nonnegative=True)
_dispersion_hat = sp.Symbol("dispersion_hat", nonnegative=True)
_compression_sq, _norm_sq = sp.symbols("compression_sq norm_sq", nonnegative=True)
_spare = sp.Symbol("spare", nonnegative=True)

_MATRIX_DISPERSION = moments.MATRIX_DISPERSION.subs(V, beta**2)
_MATRIX_NOISE = beta**2 * LOAD_FACTOR - _MATRIX_DISPERSION
#: Constants of Com-LAD for any computation matrix.
MATRIX: Constants = (
    kappa * (_MATRIX_DISPERSION + (H - 1) / H * delta * beta**2 * LOAD_FACTOR),
    kappa * delta * (H - 1) / (H * N**2),
    _MATRIX_NOISE + delta / H * beta**2 * LOAD_FACTOR,
    delta / (H * N**2),
)
#: The same when all devices compress with the same linear map.
SHARED: Constants = (
    kappa * (1 + delta) * _MATRIX_DISPERSION,
    sp.S.Zero,
    (1 + delta) * _MATRIX_NOISE,
    delta / N**2,
)


@cache
def matrix_error() -> Derivation:
    """Aggregation error for any computation matrix."""
    chain = Chain("refined.lad.matrix.error", err_sq, "Aggregation error, any matrix")
    chain.bound({err_sq: kappa * _dispersion_hat}, "LAD Definition 1")
    before = sp.Symbol("dispersion", nonnegative=True)
    split = dispersion_of_compressed(H, before, _compression_sq)
    chain.equals(kappa * split.value(), Moment({_dispersion_hat: split}, why="independent unbiased errors"))
    chain.bound(
        {_compression_sq: delta * (grad_sq / N**2 + V * load_factor)}, "LAD (10) and the norm of a message", SHIFT
    )
    chain.define({before: moments.MATRIX_DISPERSION}, "refined.lad.matrix.dispersion")
    chain.bound({V: beta**2}, "LAD (14)", {**SHIFT, theta_sq: d * N**2 - _spare})
    chain.define({load_factor: LOAD_FACTOR}, "the load factor")
    chain.equals(MATRIX[0] + MATRIX[1] * grad_sq)
    return chain.derivation(uses=("refined.lad.matrix.dispersion", "refined.lad.message_norm"), lemmas=(load_sign(),))


@cache
def matrix_noise() -> Derivation:
    """Noise of the honest average for any computation matrix."""
    chain = Chain("refined.lad.matrix.noise", noise_sq, "Noise of the honest average, any matrix")
    before = sp.Symbol("noise", nonnegative=True)
    split = mean_of_compressed(H, before, _compression_sq)
    chain.equals(split.value(), Moment({noise_sq: split}, why="independent unbiased errors"))
    chain.bound({_compression_sq: delta * (grad_sq / N**2 + V * load_factor)}, "LAD (10) and the norm of a message")
    # theta_sq is d^2 N and something more; the sign of each part is then seen.
    more = V * (H - 1) * _spare / (d**2 * H * (N - 1) ** 2)
    chain.define({before: V * load_factor * (N - H) / (H * (N - 1)) + more}, "refined.lad.matrix.mean_error")
    chain.bound({V: beta**2}, "LAD (14)", SHIFT)
    chain.define(
        {load_factor: LOAD_FACTOR, _spare: theta_sq - d**2 * N}, "the load factor; the spread of the column sums"
    )
    chain.equals(MATRIX[2] + MATRIX[3] * grad_sq)
    same = Chain("refined.lad.matrix.noise.parts", moments.MATRIX_NOISE, "The noise in parts")
    parts = V * LOAD_FACTOR * (N - H) / (H * (N - 1)) + more.subs(_spare, theta_sq - d**2 * N)
    return chain.derivation(
        uses=("refined.lad.matrix.mean_error",), lemmas=(load_sign(), same.equals(parts).derivation())
    )


@cache
def shared_error() -> Derivation:
    """Aggregation error when all devices compress with the same random linear map."""
    chain = Chain("refined.lad.shared.error", err_sq, "Aggregation error, shared linear compressor")
    chain.bound({err_sq: kappa * _dispersion_hat}, "LAD Definition 1")
    before = sp.Symbol("dispersion", nonnegative=True)
    chain.bound({_dispersion_hat: (1 + delta) * before}, "LAD (9)-(10) for C(g_i - gbar) = C(g_i) - C(gbar)")
    chain.define({before: moments.MATRIX_DISPERSION}, "refined.lad.matrix.dispersion")
    chain.bound({V: beta**2}, "LAD (14)", {**SHIFT, theta_sq: d * N**2 - _spare})
    return chain.equals(SHARED[0]).derivation(uses=("refined.lad.matrix.dispersion",))


@cache
def shared_noise() -> Derivation:
    """Noise of the honest average when all devices compress with the same random linear map."""
    chain = Chain("refined.lad.shared.noise", noise_sq, "Noise of the honest average, shared linear compressor")
    before = sp.Symbol("noise", nonnegative=True)
    chain.define({noise_sq: before + _compression_sq}, "C(gbar) is unbiased for gbar")
    chain.bound({_compression_sq: delta * _norm_sq}, "LAD (10) for gbar")
    chain.define({_norm_sq: grad_sq / N**2 + before}, "E gbar = mu")
    chain.bound({before: _MATRIX_NOISE}, "refined.lad.matrix.mean_error with LAD (14)")
    chain.equals(SHARED[2] + SHARED[3] * grad_sq)
    return chain.derivation(uses=("refined.lad.matrix.mean_error",))


matrix_theorem = instantiate(
    "refined.lad.matrix.theorem",
    balanced_derivation,
    MATRIX,
    {steps: T},
    ("refined.lad.matrix.error", "refined.lad.matrix.noise"),
)
shared_theorem = instantiate(
    "refined.lad.shared.theorem",
    balanced_derivation,
    SHARED,
    {steps: T},
    ("refined.lad.shared.error", "refined.lad.shared.noise"),
)


@cache
def crossover() -> Derivation:
    """The learning rate at which all computation matrices are worth the same."""
    other = sp.Symbol("theta_other", positive=True)
    rate = sp.Symbol("gamma_cross", positive=True)
    scale = L * gamma0 / (N - L * gamma0)
    loss = N**2 * (MATRIX[0] + scale * MATRIX[2])
    gain = Chain("refined.lad.matrix.gain", loss - loss.subs(theta_sq, other), "From one matrix to another")
    gain.equals(N**2 * beta**2 * (H - 1) / (d**2 * H * (N - 1) ** 2) * (theta_sq - other) * (scale - kappa))
    value = N * kappa / (L * (1 + kappa))
    even = Chain("refined.lad.matrix.even", scale - kappa, "Where it makes no difference")
    even.equals(sp.S.Zero, Algebra({gamma0: value}, why="the learning rate inserted"))
    chain = Chain("refined.lad.matrix.crossover", rate, "Crossover").define(
        {rate: value}, "L gamma0 / (N - L gamma0) = kappa"
    )
    return chain.derivation(uses=("refined.lad.matrix.theorem",), lemmas=(gain.derivation(), even.derivation()))


def _floor(key: str, constants: Constants, given: dict[sp.Symbol, sp.Expr], why: str) -> Callable[[], Derivation]:
    """The error floor for some constants and a choice of matrix."""

    @cache
    def build() -> Derivation:
        chain = Chain(key, N**2 * err_0 / (1 - N**2 * err_1), "Error floor")
        chain.define({err_0: constants[0], err_1: constants[1]}, "the constants")
        chain.define(given, why)
        chain.simplify()
        return chain.derivation(uses=("refined.descent.balanced",))

    return build


one_task_floor = _floor("refined.lad.one_task.floor", MATRIX, {theta_sq: d * N**2}, "all devices compute the same task")
shared_floor = _floor("refined.lad.shared.floor", SHARED, {theta_sq: d**2 * N}, "equal column sums")
shared_one_task = _floor(
    "refined.lad.shared.one_task", SHARED, {theta_sq: d * N**2}, "all devices compute the same task"
)


@cache
def rba_derivation() -> Derivation:
    """kappa of an RBA rule, from the largest of H deviations that sum to zero."""
    largest, others = sp.symbols("largest others", nonnegative=True)
    lemma = Chain("refined.lad.rba.largest", H * largest, "The largest of H deviations that sum to zero")
    square = pairs(H - 1, others, largest)
    bound = (H - 1) * (largest + others)
    lemma.at_most(bound, Squares([(sp.S.One, square)], why="the others sum to minus the largest; Cauchy-Schwarz"))
    positive = sp.Symbol("dispersion", positive=True)
    chain = Chain("refined.lad.rba", err_sq / positive, "kappa of an RBA rule")
    chain.bound({err_sq: C_alpha**2 * spread_max}, "CRA Definition 1")
    chain.bound({spread_max: (H - 1) * positive}, "the largest of H deviations, whose mean square is the dispersion")
    chain.equals((H - 1) * C_alpha**2)
    return chain.derivation(lemmas=(lemma.derivation(),))


def _with_rba(key: str, base: Callable[[], Derivation]) -> Callable[[], Derivation]:
    """A LAD theorem for an RBA rule."""

    @cache
    def build() -> Derivation:
        chain = Chain(key, base().conclusion, "An RBA rule")
        chain.define({kappa: (H - 1) * C_alpha**2}, "refined.lad.rba")
        return chain.derivation(uses=("refined.lad.rba", base().key))

    return build


rba_floor = _with_rba("refined.lad.rba.floor", floor2)
rba_best = _with_rba("refined.lad.rba.best", best_bound_lad)


@cache
def uniform_error() -> Derivation:
    """Aggregation error of an RBA rule if every subset gradient is within beta of the mean."""
    chain = Chain("refined.lad.rba.uniform", err_sq, "Aggregation error of an RBA rule, uniform heterogeneity")
    chain.bound({err_sq: C_alpha**2 * spread_max}, "CRA Definition 1")
    chain.bound({spread_max: ((H - 1) / H) ** 2 * diameter_sq}, "refined.cra.deviation")
    chain.bound(
        {diameter_sq: 4 * unshared**2 * beta**2 / d**2}, "two tasks differ in that many subsets on either side", SHIFT
    )
    return chain.derivation(uses=("refined.cra.deviation",), lemmas=(largest_deviation(),))

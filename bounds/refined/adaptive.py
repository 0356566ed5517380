"""The strongest adversary: it picks the Byzantine devices of every iteration after everything random has been drawn.

Nothing is assumed about who is honest. What is used is that the N messages that would be sent if all devices were
honest average to grad F / N: the Byzantine devices' share of them then says how far the honest ones can be off.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import sympy as sp

from ..inequalities import PSD, Squares
from ..proof import Chain, Derivation
from ..squares import Gram, pairs
from ..statement import Hypothesis, Kind, Relation, Statement
from ..symbols import H, L, N, T, V, alpha, beta, d, kappa
from .cra_convergence import EQUAL_LOADS, EQUIDISTANT, LOADED
from .cra_convergence import HETEROGENEITY as NEAR_MEAN
from .cra_moments import ATTAINABLE_VARIANCE, HONEST, pop_var
from .instantiate import instantiate
from .lad_moments import LOAD_FACTOR, SHIFT, load_factor, load_sign
from .lower_bound import uncoded
from .notation import (
    BOUNDED_BELOW,
    DEVICES,
    GAP,
    HETEROGENEITY,
    LOAD,
    MAJORITY,
    ROBUST,
    SMOOTH,
    STEP_SIZE,
    Constants,
    err_0,
    err_sq,
    mu_PL,
    result,
    steps,
)
from .optimum import balanced_derivation
from .schedules import pl_derivation

#: E||ghat - grad F / N||^2, and the same for the honest average.
total_sq, off_sq = sp.symbols("total_sq off_sq", nonnegative=True)
#: Sums of ||g_i - grad F / N||^2 over the honest devices and over the others.
_honest_sum, _others_sum = sp.symbols("honest_sum others_sum", nonnegative=True)
_weight = sp.Symbol("weight", positive=True)
_positive = sp.Symbol("byzantine", positive=True)

#: What an adaptive adversary makes of the variance of the N messages.
FACTOR = (kappa * N + N - H) / H
LAD_ERROR = FACTOR * beta**2 * LOAD_FACTOR
CRA_ERROR = (kappa + alpha) / (1 - alpha) * ATTAINABLE_VARIANCE


@cache
def spread() -> Derivation:
    """Error of the aggregate against the average gradient, for any honest set."""
    gram = Gram(("e", "m"), {("e", "e"): err_sq, ("m", "m"): off_sq})
    chain = Chain("refined.adaptive.spread", gram.norm({"e": 1, "m": 1}), "Error for any honest set")
    chain.at_most((1 + _weight) * err_sq + (1 + 1 / _weight) * off_sq, PSD(gram, why="Young's inequality"))
    chain.bound(
        {err_sq: kappa * (_honest_sum / H - off_sq)}, "LAD Definition 1; distances from the mean and from grad F / N"
    )
    chain.define({_weight: (N - H) / (N * kappa)}, "the best weight")
    outer = kappa + (N - H) / N
    chain.equals(outer * (_honest_sum / H + off_sq * H / (N - H)))
    square = pairs(N - H, _others_sum, H**2 * off_sq)
    reason = Squares(
        [(outer / (H * (N - H)), square)],
        {N: H + _positive},
        "the others' deviations sum to minus the honest ones'; Cauchy-Schwarz",
    )
    chain.at_most(outer * (_honest_sum + _others_sum) / H, reason)
    chain.define({_others_sum: N * pop_var - _honest_sum}, "all N deviations together")
    return chain.equals(FACTOR * pop_var).derivation(
        meanings={pop_var: r"\tfrac1N\sum_i\|\mathbf{g}_i-\tfrac1N\nabla F\|^2"}
    )


@cache
def lad_error() -> Derivation:
    """The same for LAD, in expectation over the permutation of the subsets."""
    chain = Chain("refined.lad.adaptive.error", total_sq, "Error of LAD against an adaptive adversary")
    chain.bound({total_sq: FACTOR * pop_var}, "refined.adaptive.spread")
    chain.define({pop_var: V * load_factor}, "each message deviates by refined.lad.message_deviation")
    chain.bound({V: beta**2}, "LAD (14)", SHIFT)
    chain.define({load_factor: LOAD_FACTOR}, "the load factor")
    return chain.derivation(uses=("refined.adaptive.spread", "refined.lad.message_deviation"), lemmas=(load_sign(),))


@cache
def cra_error() -> Derivation:
    """The same for CRA-DL with equal overlaps and loads."""
    chain = Chain("refined.cra.adaptive.error", total_sq, "Error of CRA-DL for any honest sets")
    chain.bound({total_sq: FACTOR * pop_var}, "refined.adaptive.spread")
    chain.bound({pop_var: ATTAINABLE_VARIANCE}, "refined.cra.variance.attainable", SHIFT)
    chain.define({H: HONEST}, "H = (1 - alpha) N")
    return chain.equals(CRA_ERROR).derivation(uses=("refined.adaptive.spread", "refined.cra.variance.attainable"))


def _constants(error: sp.Expr) -> Constants:
    """The error is against grad F / N itself, so that there is no further noise."""
    return error, sp.S.Zero, sp.S.Zero, sp.S.Zero


lad_theorem = instantiate(
    "refined.lad.adaptive.theorem",
    balanced_derivation,
    _constants(LAD_ERROR),
    {steps: T},
    ("refined.lad.adaptive.error",),
)
lad_loss = instantiate(
    "refined.lad.adaptive.pl", pl_derivation, _constants(LAD_ERROR), {steps: T}, ("refined.lad.adaptive.error",)
)
cra_theorem = instantiate(
    "refined.cra.adaptive.theorem",
    balanced_derivation,
    _constants(CRA_ERROR),
    {steps: T + 1},
    ("refined.cra.adaptive.error",),
)


def _floor(key: str, error: sp.Expr, uses: str) -> Callable[[], Derivation]:
    """N^2 times the error."""

    @cache
    def build() -> Derivation:
        chain = Chain(key, N**2 * err_0, "Error floor").define({err_0: error}, "the error")
        return chain.derivation(uses=("refined.descent.floor", uses))

    return build


lad_floor = _floor("refined.lad.adaptive.floor", LAD_ERROR, "refined.lad.adaptive.error")
cra_floor = _floor("refined.cra.adaptive.floor", CRA_ERROR, "refined.cra.adaptive.error")


@cache
def gap() -> Derivation:
    """Floor at the least possible kappa over what no server beats, at d = 1."""
    best = lad_floor().conclusion.subs({d: 1, kappa: (N - H) / (2 * H - N)})
    chain = Chain("refined.lad.adaptive.gap", best / uncoded().conclusion, "Upper over lower bound")
    return chain.equals(sp.Integer(4)).derivation(
        uses=("refined.lad.adaptive.floor", "refined.lad.lower_bound.uncoded")
    )


_ADAPTIVE = Hypothesis("the adversary picks at most N - H devices in every iteration, after the tasks are assigned")
_ANY = Hypothesis(
    "any set of (1 - alpha) N devices is honest in an iteration: fixed, random or picked by the adversary"
)
_EVEN = Hypothesis(
    "every subset is computed by d devices, as with the cyclic matrix, and subsets are permuted uniformly"
)
_LAD = (DEVICES, LOAD, MAJORITY, _ADAPTIVE, _EVEN, HETEROGENEITY, ROBUST)
_FRACTION = Hypothesis(
    "less than half of the devices are Byzantine", sp.And(sp.Ge(alpha, 0), sp.Lt(alpha, sp.Rational(1, 2)))
)
_CRA = (DEVICES, LOADED, _FRACTION, _ANY, EQUAL_LOADS, EQUIDISTANT, NEAR_MEAN, ROBUST)
_MEAN = r"\frac1T\sum_{t<T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2"
_LIMIT = r"\limsup_{T\to\infty}" + _MEAN
_ERROR = r"\mathbb{E}\|\hat{\mathbf{g}}^t-\tfrac1N\nabla F(\mathbf{x}^t)\|^2"
_PL = Hypothesis("the loss is Polyak-Lojasiewicz with constant mu_PL <= L", sp.Le(mu_PL, L))

STATEMENTS: tuple[Statement, ...] = (
    result(
        "refined.adaptive.spread",
        "Error of a kappa-robust rule for any honest set",
        Relation.UPPER,
        r"\|\hat{\mathbf{g}}-\tfrac1N\nabla F\|^2",
        spread,
        (DEVICES, MAJORITY, ROBUST, Hypothesis("the messages of all devices, were they honest, average to grad F / N")),
        "From the mean squared deviation of all N messages alone; at the least kappa, f / (N - 2 f), the factor is "
        "2 f / (N - 2 f).",
    ),
    result(
        "refined.lad.adaptive.error",
        "Error of LAD against an adaptive adversary",
        Relation.UPPER,
        _ERROR,
        lad_error,
        _LAD,
        "The theorems on LAD need honest devices that do not depend on the tasks; this does not.",
        uses=("refined.adaptive.spread", "refined.lad.message_deviation"),
    ),
    result(
        "refined.lad.adaptive.theorem",
        "Convergence of LAD against an adaptive adversary",
        Relation.UPPER,
        _MEAN,
        lad_theorem,
        (*_LAD, SMOOTH, BOUNDED_BELOW, GAP, STEP_SIZE),
        "Without compression; any learning rate below N / L has the same floor.",
        uses=("refined.lad.adaptive.error", "refined.descent.balanced"),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.adaptive.pl",
        "Convergence of LAD against an adaptive adversary, Polyak-Lojasiewicz losses",
        Relation.UPPER,
        r"\mathbb{E}F(\mathbf{x}^T)-F^*",
        lad_loss,
        (*_LAD, SMOOTH, BOUNDED_BELOW, GAP, _PL, STEP_SIZE),
        "Linear convergence to a floor that does not depend on the learning rate.",
        uses=("refined.lad.adaptive.error", "refined.descent.pl"),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.adaptive.floor",
        "Error floor of LAD against an adaptive adversary",
        Relation.UPPER,
        _LIMIT,
        lad_floor,
        (*_LAD, SMOOTH, BOUNDED_BELOW),
        "For every learning rate below N / L.",
        uses=("refined.lad.adaptive.error", "refined.descent.floor"),
        kind=Kind.COROLLARY,
    ),
    result(
        "refined.lad.adaptive.gap",
        "Floor of LAD over the floor of every server, against the same adaptive adversary",
        Relation.EQUALITY,
        r"\varepsilon_{\text{upper}}/\varepsilon_{\text{lower}}",
        gap,
        (DEVICES, MAJORITY, Hypothesis("some device is Byzantine", sp.Lt(H, N))),
        "At d = 1 and the least possible kappa, which the trimmed mean has: no server, with whatever memory, has a "
        "floor less than "
        "a quarter of it, however many devices are Byzantine.",
        uses=("refined.lad.adaptive.floor", "refined.lad.lower_bound.uncoded"),
        kind=Kind.COROLLARY,
    ),
    result(
        "refined.cra.adaptive.error",
        "Error of CRA-DL for any honest sets",
        Relation.UPPER,
        _ERROR,
        cra_error,
        _CRA,
        "The paper needs honest sets that are uniformly random in every iteration; this does not.",
        uses=("refined.adaptive.spread", "refined.cra.variance.attainable"),
    ),
    result(
        "refined.cra.adaptive.theorem",
        "Convergence of CRA-DL for any honest sets",
        Relation.UPPER,
        _MEAN,
        cra_theorem,
        (*_CRA, SMOOTH, BOUNDED_BELOW, GAP, STEP_SIZE),
        "Byzantine devices may stay the same; any learning rate below N / L.",
        uses=("refined.cra.adaptive.error", "refined.descent.balanced"),
        kind=Kind.THEOREM,
    ),
    result(
        "refined.cra.adaptive.floor",
        "Error floor of CRA-DL for any honest sets",
        Relation.UPPER,
        _LIMIT,
        cra_floor,
        (*_CRA, SMOOTH, BOUNDED_BELOW),
        "For every learning rate below N / L.",
        uses=("refined.cra.adaptive.error", "refined.descent.floor"),
        kind=Kind.COROLLARY,
    ),
)

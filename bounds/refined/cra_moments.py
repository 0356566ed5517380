"""Distances and moments of the coded gradients of CRA-DL, without the terms that cancel.

With W = S diag(1/d_k) and P = I - 1 1^T / N, all that matters of an allocation is ``pop_var = ||P W G||_F^2 / N``,
the mean squared distance of the N coded gradients from their mean: a uniformly random honest set splits it into
the noise of the honest average and the dispersion of the honest messages.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..inequalities import PSD, Squares
from ..moments import Moment, PermutationForm, SubsetForm, UniformSubset
from ..proof import Chain, Derivation
from ..squares import Gram, Norm, pairs
from ..symbols import C_alpha, H, M, N, V, alpha, beta, kappa, r
from .notation import D, err_sq, noise_sq

#: Mean squared distance of the N coded gradients from their mean.
pop_var = sp.Symbol("pop_var", nonnegative=True)
#: Mean squared distance of the honest messages from their mean, and its largest counterpart.
dispersion, spread_max = sp.symbols("dispersion spread_max", nonnegative=True)
#: max over pairs of ||g_i - g_j||^2, and the sum of ||g_i - g_j||^2 over the pairs.
diameter_sq, pairs_sq = sp.symbols("diameter_sq pairs_sq", nonnegative=True)
#: Subsets that one of two devices holds and the other does not, and those that both hold.
unshared, shared = sp.symbols("unshared shared", nonnegative=True)
#: Squared norms of the sums of the deviations of those subset gradients, on either side.
_own_sq, _other_sq = sp.symbols("own_sq other_sq", nonnegative=True)
#: Sum and squared norm of the sum of ||g_j - g_i||^2 over the other honest devices.
_others_sum, _others_sq = sp.symbols("others_sum others_sq", nonnegative=True)
_x, _y = sp.symbols("x y", nonnegative=True)

#: Slack variables: at least two honest devices.
SHIFT = {N: H + _x, H: 2 + _y}
#: What a uniform honest set makes of the variance of all coded gradients.
NOISE_FACTOR = (N - H) / (H * (N - 1))
DISPERSION_FACTOR = N * (H - 1) / (H * (N - 1))
LOAD = N * r / M
SHARED = r * (N * r / M - 1) / (N - 1)
HONEST = (1 - alpha) * N
#: (H - 1) / H.
OTHERS = 1 - 1 / ((1 - alpha) * N)
#: Largest squared distance of two coded gradients: as the paper balances them, and as can be balanced.
DIAMETER = 4 * beta**2 * (M - r) ** 2 / N**2
ATTAINABLE_DIAMETER = 4 * beta**2 * (M - r) ** 2 / (N - 1) ** 2
#: Mean squared distance of the coded gradients from their mean, for equal overlaps and equal loads.
ATTAINABLE_VARIANCE = beta**2 * M**2 * (M - r) / (N**2 * r * (N - 1))


@cache
def noise() -> Derivation:
    """Noise of the honest average."""
    chain = Chain("refined.cra.mean_error", noise_sq, "Noise of the honest average")
    total = sp.Symbol("total", nonnegative=True)
    chain.define({noise_sq: total / H**2}, "gbar is the honest sum over H")
    rows = SubsetForm(UniformSubset(N, H), N * pop_var, sp.S.Zero)
    chain.equals(rows.value() / H**2, Moment({total: rows}, why="honest devices are a uniform subset"))
    chain.equals(pop_var * NOISE_FACTOR)
    chain.define({H: HONEST}, "H = (1 - alpha) N")
    chain.equals(pop_var * alpha / ((1 - alpha) * (N - 1)))
    return chain.derivation(meanings={pop_var: r"\tfrac1N\|\mathbf{P}\mathbf{W}\mathbf{G}\|_F^2"})


@cache
def honest_dispersion() -> Derivation:
    """Dispersion of the honest messages."""
    chain = Chain("refined.cra.dispersion", dispersion, "Dispersion of the honest messages")
    around = sp.Symbol("around", nonnegative=True)
    chain.define({dispersion: around / H - noise_sq}, "around the honest mean and around the mean of all")
    one = SubsetForm(UniformSubset(N, H), N * pop_var, N * pop_var)
    chain.equals(one.value() / H - noise_sq, Moment({around: one}, why="honest devices are a uniform subset"))
    chain.define({noise_sq: pop_var * NOISE_FACTOR}, "the noise of the honest average")
    chain.equals(pop_var * DISPERSION_FACTOR)
    chain.define({H: HONEST}, "H = (1 - alpha) N")
    chain.equals(pop_var * ((1 - alpha) * N - 1) / ((1 - alpha) * (N - 1)))
    return chain.derivation(uses=("refined.cra.mean_error",), lemmas=(noise(),))


def distance(key: str, overlap_left: sp.Expr, result: sp.Expr) -> Derivation:
    """Largest distance of two coded gradients when all loads are equal.

    Parameters
    ----------
    key : str
        Key of the derivation.
    overlap_left : sympy expression
        Subsets that one device holds and another does not.
    result : sympy expression
        The form to end with.
    """
    gram = Gram(("p", "q", "m"), {("p", "p"): _own_sq, ("q", "q"): _other_sq})
    difference = {"p": 1 / D, "q": -1 / D, "m": unshared / D - unshared / D}
    chain = Chain(key, gram.norm(difference), "Distance of two coded gradients")
    chain.at_most(
        2 * (_own_sq + _other_sq) / D**2, PSD(gram, why="||p - q||^2 <= 2 ||p||^2 + 2 ||q||^2; the mean cancels")
    )
    many = {_own_sq: unshared**2 * beta**2, _other_sq: unshared**2 * beta**2}
    chain.bound(many, "CRA (10), for each of the unshared subsets")
    chain.define({unshared: overlap_left}, "the subsets that are not shared")
    chain.define({D: LOAD}, "M D = N r")
    return chain.equals(result).derivation()


@cache
def lemma1() -> Derivation:
    """As the paper balances: every two devices share r^2 / M subsets."""
    return distance("refined.cra.lemma1", r - r**2 / M, DIAMETER)


@cache
def overlap() -> Derivation:
    """Overlap of two devices, by counting, if all overlaps and all loads are equal."""
    chain = Chain("refined.cra.overlap", shared, "Overlap of two devices")
    chain.define({shared: (M * D**2 - N * r) / (N * (N - 1))}, "pairs of devices that hold a subset, counted both ways")
    chain.define({D: LOAD}, "M D = N r")
    return chain.equals(SHARED).derivation()


@cache
def imbalance() -> Derivation:
    """By how much the paper's overlap exceeds the one that equal loads force."""
    chain = Chain("refined.cra.imbalance", r**2 / M - shared, "The paper's overlap against the one that can be")
    chain.define({shared: SHARED}, "refined.cra.overlap")
    return chain.equals(r * (M - r) / (M * (N - 1))).derivation(uses=("refined.cra.overlap",), lemmas=(overlap(),))


@cache
def attainable_lemma1() -> Derivation:
    """With the overlap that equal loads force."""
    return distance("refined.cra.lemma1.attainable", r - SHARED, ATTAINABLE_DIAMETER)


@cache
def variance_from_pairs() -> Derivation:
    """The coded gradients' mean squared distance from their mean, from their largest distance."""
    chain = Chain("refined.cra.variance.pairs", pop_var, "Variance from distances")
    chain.define({pop_var: pairs_sq / N**2}, "sum over pairs of ||g_i - g_j||^2 = N^2 pop_var")
    chain.bound({pairs_sq: N * (N - 1) / 2 * diameter_sq}, "each of the N (N - 1) / 2 pairs")
    chain.define({diameter_sq: DIAMETER}, "refined.cra.lemma1")
    return chain.equals(2 * beta**2 * (N - 1) * (M - r) ** 2 / N**3).derivation(uses=("refined.cra.lemma1",))


@cache
def attainable_variance() -> Derivation:
    """The same for equal overlaps and loads: then (P W)(P W)^T = c P, and ||P W G||^2 <= c ||G||^2."""
    c = sp.Symbol("c", positive=True)
    gram = Gram(("G", "Y"), {("G", "G"): M * V, ("G", "Y"): N * pop_var, ("Y", "Y"): c * N * pop_var})
    square = Norm(gram, {"G": sp.S.One, "Y": -1 / c})
    chain = Chain("refined.cra.variance.attainable", pop_var, "Variance for equal overlaps")
    chain.at_most(c * M * V / N, Squares([(c / N, square)], why="||G - Y / c||^2 >= 0 for Y = (P W)^T P W G"))
    chain.bound({V: beta**2}, "CRA (10)")
    chain.define({c: (r - SHARED) / D**2}, "diagonal less off-diagonal of S S^T, over D^2")
    chain.define({D: LOAD}, "M D = N r")
    return chain.equals(ATTAINABLE_VARIANCE).derivation(uses=("refined.cra.overlap",), lemmas=(overlap(),))


@cache
def shuffled_variance() -> Derivation:
    """The mean over all ways to number the subsets, for any allocation with equal loads."""
    trace = sp.Symbol("trace", nonnegative=True)
    chain = Chain("refined.cra.variance.shuffled", pop_var, "Variance under a random numbering")
    form = PermutationForm(M, trace, sp.S.Zero, M * V, sp.S.Zero)
    chain.equals(form.value(), Moment({pop_var: form}, why="the entries of s_i / D - 1 / N sum to zero"))
    chain.define({trace: r / D**2 - 2 * r / (D * N) + M / N**2}, "squared norm of s_i / D - 1 / N")
    chain.define({D: LOAD}, "M D = N r")
    return chain.equals(V * M**2 * (M - r) / (N**2 * r * (M - 1))).derivation()


@cache
def largest_deviation() -> Derivation:
    """No honest message is farther from the honest mean than (H - 1) / H of the largest distance."""
    chain = Chain("refined.cra.deviation", spread_max, "Largest deviation from the honest mean")
    chain.define({spread_max: _others_sq / H**2}, "gbar - g_i is the mean of H differences, one of them zero")
    square = pairs(H - 1, _others_sum, _others_sq)
    chain.at_most((H - 1) * _others_sum / H**2, Squares([(1 / H**2, square)], why="Cauchy-Schwarz"))
    chain.bound({_others_sum: (H - 1) * diameter_sq}, "H - 1 differences", {H: 1 + _x})
    return chain.equals(((H - 1) / H) ** 2 * diameter_sq).derivation()


@cache
def rba_error(key: str, diameter: sp.Expr, lemma: str) -> Derivation:
    """Aggregation error of an RBA rule."""
    chain = Chain(key, err_sq, "Aggregation error of an RBA rule")
    chain.bound({err_sq: C_alpha**2 * spread_max}, "CRA Definition 1")
    chain.bound({spread_max: ((H - 1) / H) ** 2 * diameter_sq}, "refined.cra.deviation")
    chain.bound({diameter_sq: diameter}, lemma, {H: 1 + _x})
    chain.define({H: HONEST}, "H = (1 - alpha) N")
    chain.equals(C_alpha**2 * OTHERS**2 * diameter)
    return chain.derivation(uses=("refined.cra.deviation", lemma), lemmas=(largest_deviation(),))


@cache
def kappa_error() -> Derivation:
    """Aggregation error of a kappa-robust rule."""
    chain = Chain("refined.cra.error.kappa", err_sq, "Aggregation error of a kappa-robust rule")
    chain.bound({err_sq: kappa * dispersion}, "LAD Definition 1")
    chain.define({dispersion: DISPERSION_FACTOR * pop_var}, "refined.cra.dispersion")
    chain.bound({pop_var: ATTAINABLE_VARIANCE}, "refined.cra.variance.attainable", SHIFT)
    chain.define({H: HONEST}, "H = (1 - alpha) N")
    chain.equals(kappa * N / (N - 1) * OTHERS * ATTAINABLE_VARIANCE)
    return chain.derivation(uses=("refined.cra.dispersion", "refined.cra.variance.attainable"))


@cache
def noise_bound(key: str, variance: sp.Expr, lemma: str) -> Derivation:
    """Noise of the honest average."""
    chain = Chain(key, noise_sq, "Noise of the honest average")
    chain.define({noise_sq: NOISE_FACTOR * pop_var}, "refined.cra.mean_error")
    chain.bound({pop_var: variance}, lemma, SHIFT)
    chain.define({H: HONEST}, "H = (1 - alpha) N")
    chain.equals(alpha / ((1 - alpha) * (N - 1)) * variance)
    return chain.derivation(uses=("refined.cra.mean_error", lemma), lemmas=(noise(),))

"""Refined convergence theorems of CRA-DL, for three ways to bound what the aggregation rule gets wrong.

``paper``: an RBA rule, equal loads, and overlaps r^2/M as the paper has them (which equal loads exclude for r < M).
``attainable``: an RBA rule, equal loads and equal overlaps, as block designs have them.
``kappa``: the same allocation with a kappa-robust rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import sympy as sp

from ..proof import Chain, Derivation
from ..statement import Hypothesis, Role
from ..symbols import F0, Fstar, L, N, T, gamma0, lam
from . import cra_moments as moments
from .descent import margin
from .instantiate import instantiate
from .notation import Constants, err_0, steps
from .optimum import best_derivation, excess, floor, kept, lost, noise

FIXED_RATE = {gamma0: lam / sp.sqrt(T + 1), steps: T + 1}


@dataclass(frozen=True)
class Setting:
    """One way to bound the aggregation error and the noise.

    Attributes
    ----------
    prefix : str
        Of the keys of its theorems.
    error, noise : Derivation
        Bounds on E||ghat - gbar||^2 and on E||gbar - grad F / N||^2; neither has a gradient term.
    uses : tuple of str
        Keys of the statements behind them.
    """

    prefix: str
    error: Derivation
    noise: Derivation
    uses: tuple[str, ...]

    @property
    def constants(self) -> Constants:
        """``err_0, err_1, noise_0, noise_1``."""
        return self.error.conclusion, sp.S.Zero, self.noise.conclusion, sp.S.Zero


@cache
def paper() -> Setting:
    """RBA rule, balanced as in the paper."""
    return Setting(
        "refined.cra",
        moments.rba_error("refined.cra.error", moments.DIAMETER, "refined.cra.lemma1"),
        moments.noise_bound(
            "refined.cra.noise", moments.variance_from_pairs().conclusion, "refined.cra.variance.pairs"
        ),
        ("refined.cra.error", "refined.cra.noise"),
    )


@cache
def attainable() -> Setting:
    """RBA rule, balanced as can be."""
    lemma, variance = "refined.cra.lemma1.attainable", "refined.cra.variance.attainable"
    return Setting(
        "refined.cra.attainable",
        moments.rba_error("refined.cra.attainable.error", moments.ATTAINABLE_DIAMETER, lemma),
        moments.noise_bound("refined.cra.attainable.noise", moments.ATTAINABLE_VARIANCE, variance),
        ("refined.cra.attainable.error", "refined.cra.attainable.noise"),
    )


@cache
def kappa_robust() -> Setting:
    """kappa-robust rule, balanced as can be."""
    uses = ("refined.cra.error.kappa", "refined.cra.attainable.noise")
    return Setting("refined.cra.kappa", moments.kappa_error(), attainable().noise, uses)


Build = Callable[[], Derivation]


def special(setting: Callable[[], Setting], name: str, general: Build, by_horizon: bool = False) -> Build:
    """A general result with the setting's constants.

    Parameters
    ----------
    setting : callable
        One of the three.
    name : str
        What follows the setting's prefix in the key.
    general : callable
        Derivation of the general result.
    by_horizon : bool
        Whether the learning rate is lambda / sqrt(T + 1), else gamma0.
    """
    more = FIXED_RATE if by_horizon else {steps: T + 1}

    @cache
    def build() -> Derivation:
        key = f"{setting().prefix}.{name}"
        return instantiate(key, general, setting().constants, more, setting().uses)()

    return build


def margins(e1: sp.Expr, n1: sp.Expr) -> dict[str, Hypothesis]:
    """The condition under which each theorem says something, from the gradient terms of error and noise."""
    rate = FIXED_RATE[gamma0]
    text = "the margin is positive"
    kept = 1 - N**2 * (e1 + L * gamma0 / (N - L * gamma0) * n1)
    sums = 2 * (sp.sqrt(T + 2) - 1), gamma0 * (1 + sp.log(T + 1))
    share = (1 - N**2 * e1) * sums[0] - N**2 * n1 * L / (N - L * gamma0) * sums[1]
    found = {"fixed": margin(rate, e1, n1), "balanced": kept.subs(gamma0, rate), "kept": kept, "decaying": share}
    return {name: Hypothesis(text, sp.Gt(value, 0), Role.CONDITION) for name, value in found.items()}


def error_floor(setting: Callable[[], Setting]) -> Build:
    """Error floor as T tends to infinity, when the learning rate tends to zero."""

    @cache
    def build() -> Derivation:
        chain = Chain(f"{setting().prefix}.floor", N**2 * err_0, "Error floor")
        chain.define({err_0: setting().constants[0]}, "the bound on the aggregation error")
        return chain.derivation(uses=("refined.descent.balanced", *setting().uses))

    return build


def best(setting: Callable[[], Setting]) -> Build:
    """The balanced bound at its best learning rate."""

    @cache
    def build() -> Derivation:
        key = f"{setting().prefix}.theorem1.best"
        root = sp.Symbol("root", nonnegative=True)
        e0, _, n0, _ = setting().constants
        # M - r is not negative, which SymPy cannot know: it would write |M - r|.
        value = N * sp.sqrt(n0).replace(sp.Abs, lambda argument: argument)
        square = Chain(f"{key}.root", value**2, "The root of the noise").equals(N**2 * n0)
        chain = Chain(key, best_derivation().conclusion, "Best learning rate")
        chain.define({lost: sp.S.Zero, kept: sp.S.One}, "the bounds have no gradient term")
        chain.define({noise: root**2}, "the root of the noise")
        chain.equals(floor + excess + 2 * sp.sqrt(excess) * root)
        chain.define({excess: 2 * L * (F0 - Fstar) / (T + 1), floor: N**2 * e0, root: value}, "the bounds")
        uses = ("refined.descent.best", *setting().uses)
        return chain.derivation(uses=uses, lemmas=(square.derivation(),))

    return build

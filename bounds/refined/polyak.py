"""Polyak-Lojasiewicz losses with learning rates that decay like 1/t."""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..inequalities import Algebra, Positivity, Replace
from ..proof import Chain, Derivation
from ..symbols import F0, Fstar, L, N, gamma0, grad_sq
from .notation import F_t, err_0, err_1, err_sq, gamma_t, mu_PL, noise_0, noise_1, noise_sq, steps
from .schedules import balanced_step

#: One step: loss gap -> (1 - slope gamma_t) gap + bias gamma_t + wobble gamma_t^2.
slope = sp.Symbol("slope", positive=True)
bias, wobble = sp.symbols("bias wobble", nonnegative=True)
#: Steps done plus those by which the schedule starts late: gamma_t = 2 / (slope index).
index = sp.Symbol("index", positive=True)
_gap, _excess = sp.symbols("gap excess", real=True)
_scale, _left = sp.symbols("scale left", positive=True)
_more, _room = sp.symbols("more room", nonnegative=True)

_STEEP = L / (N - L * gamma0)
KEPT = 1 - N**2 * (err_1 + _STEEP * gamma0 * noise_1)
PARTS = {slope: mu_PL * KEPT / N, bias: N * err_0 / 2, wobble: N * _STEEP * noise_0 / 2}


@cache
def one_step() -> Derivation:
    """The loss gap after one step with a learning rate of at most gamma0."""
    kept = sp.Symbol("kept", positive=True)
    start = balanced_step().conclusion.subs(F_t, Fstar + _gap) - Fstar
    chain = Chain("refined.descent.pl_decaying.step", start, "The loss gap after one step")
    given = {err_sq: err_0 + err_1 * grad_sq, noise_sq: noise_0 + noise_1 * grad_sq}
    chain.bound(given, "the bounds on error and noise", {N: L * gamma0 + _left})
    least = gamma_t * (bias + wobble * gamma_t) + _gap - gamma_t * kept / (2 * N) * grad_sq
    loss = {bias: PARTS[bias], wobble: PARTS[wobble], kept: KEPT}
    # gamma_t <= gamma0 in the gradient's term of the noise.
    shift = {gamma0: gamma_t + _more, N: L * gamma0 + _left}
    chain.at_most(least.subs(loss), Positivity(shift, why="gamma_t <= gamma0"))
    chain.equals(least, Algebra(loss, why="names"))
    lower = Replace({grad_sq: 2 * mu_PL * _gap}, "the Polyak-Lojasiewicz inequality", {grad_sq: ">="})
    chain.at_most(lower.apply(chain.now), lower)
    chain.equals(
        (1 - slope * gamma_t) * _gap + bias * gamma_t + wobble * gamma_t**2, Algebra({slope: mu_PL * kept / N})
    )
    return chain.derivation(uses=("refined.descent.step",), lemmas=(balanced_step(),))


@cache
def induction() -> Derivation:
    """If the gap is at most bias/slope + scale/index, it is at most bias/slope + scale/(index + 1) after one step."""
    rate = 2 / (slope * index)
    before = bias / slope + _scale / index
    start = (1 - slope * rate) * _gap + bias * rate + wobble * rate**2
    chain = Chain("refined.descent.pl_decaying.induction", start, "Induction over the steps")
    chain.bound({_gap: before}, "the induction's hypothesis", {index: 2 + _room})
    shift = {_scale: 4 * wobble / slope**2 + _more, index: 2 + _room}
    return chain.at_most(bias / slope + _scale / (index + 1), Positivity(shift)).derivation()


def decaying_pl_rate() -> sp.Expr:
    """Bound on ``E F(x^steps) - Fstar`` for ``gamma_t = gamma0 / (1 + slope gamma0 t / 2)``."""
    late = 2 / (slope * gamma0)
    bound = bias / slope + (late * (F0 - Fstar) + 4 * wobble / slope**2) / (steps + late)
    return bound.subs(PARTS)


@cache
def pl_decaying_derivation() -> Derivation:
    """From the induction to the loss after all steps."""
    late = sp.Symbol("late", positive=True)
    chain = Chain("refined.descent.pl_decaying", bias / slope + _scale / (steps + late), "Learning rates like 1/t")
    chain.define(
        {_scale: late * (F0 - Fstar) + 4 * wobble / slope**2}, "large enough for the first step and for every next one"
    )
    chain.define({late: 2 / (slope * gamma0)}, "the schedule begins at gamma0")
    chain.define(PARTS, "the parts of one step")
    chain.equals(decaying_pl_rate())
    return chain.derivation(uses=("refined.descent.step",), lemmas=(one_step(), induction()))

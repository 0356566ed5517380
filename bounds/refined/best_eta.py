"""The best eta of the fixed-rate bound, in closed form.

As a function of ``x = N eta`` the bound is ``(p1 + p0 x + p2 x^2) / (q1 x - q0 - q2 x^2)``.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..inequalities import Algebra, Squares
from ..proof import Chain, Derivation
from ..squares import Gram, Norm
from ..symbols import F0, Fstar, L, N, eta, gamma0
from .descent import fixed_derivation
from .notation import err_0, err_1, noise_0, noise_1, steps

x = sp.Symbol("x", positive=True)
p0, p1, p2, q0, q1, q2 = sp.symbols("p_0 p_1 p_2 q_0 q_1 q_2", positive=True)
_left = sp.Symbol("left", positive=True)
_ONE = Gram(("one",), {("one", "one"): sp.S.One})

#: 1 - L gamma0 / N, and L gamma0.
_room, _scaled = 1 - L * gamma0 / N, L * gamma0
#: What p and q are in the fixed-rate bound.
PARTS = {
    p0: (F0 - Fstar) / (gamma0 * steps) + _scaled * (err_0 + noise_0) / 2,
    p1: N * _room * err_0 / 2,
    p2: _scaled**2 * noise_0 / (2 * N * _room),
    q0: N * _room * err_1 / 2,
    q1: (1 - _scaled / (2 * N)) / N - _scaled * (err_1 + noise_1) / 2,
    q2: _room / (2 * N) + _scaled**2 * noise_1 / (2 * N * _room),
}


def eta_point(p: tuple[sp.Expr, sp.Expr, sp.Expr], q: tuple[sp.Expr, sp.Expr, sp.Expr]) -> sp.Expr:
    """Where ``(p1 + p0 x + p2 x^2) / (q1 x - q0 - q2 x^2)`` is least: the positive root of a quadratic.

    Parameters
    ----------
    p, q : tuple of three expressions
        ``p0, p1, p2`` and ``q0, q1, q2``.
    """
    square, linear, constant = p[0] * q[2] + p[2] * q[1], p[1] * q[2] - p[2] * q[0], p[0] * q[0] + p[1] * q[1]
    return (-linear + sp.sqrt(linear**2 + square * constant)) / square


@cache
def eta_derivation() -> Derivation:
    """The best eta is stationary, and the bound exceeds its value there by a square."""
    best, value = sp.symbols("x_best least", positive=True)
    slope = p2 + value * q2
    # The bound touches its least value at x_best: these are the two equations of touching, solved for p0 and p1.
    touching = {p0: value * q1 - 2 * slope * best, p1: slope * best**2 - value * q0}
    bound = (p1 + p0 * x + p2 * x**2) / (q1 * x - q0 - q2 * x**2)
    above = Chain("refined.descent.best_eta.optimality", bound.subs(touching), "No eta does better")
    square = Norm(_ONE, {"one": x - best})
    shift = {q1: (_left + q0 + q2 * x**2) / x}
    above.at_least(value, Squares([(slope / (q1 * x - q0 - q2 * x**2), square)], shift, "a perfect square"))
    quadratic = (p0 * q2 + p2 * q1) * best**2 + 2 * (p1 * q2 - p2 * q0) * best - (p0 * q0 + p1 * q1)
    stationary = Chain("refined.descent.best_eta.stationary", quadratic, "Where the bound touches its least value")
    stationary.equals(sp.S.Zero, Algebra(touching, why="the two equations of touching"))
    parts = Chain(
        "refined.descent.best_eta.parts", fixed_derivation().conclusion, "The bound as a function of x = N eta"
    )
    parts.equals(bound.subs(PARTS), Algebra({eta: x / N}, why="eta = x / N"))
    chain = Chain("refined.descent.best_eta", best / N, "Best eta")
    root = Chain("refined.descent.best_eta.root", quadratic, "The positive root")
    root.equals(sp.S.Zero, Algebra({best: eta_point((p0, p1, p2), (q0, q1, q2))}, why="the formula for the root"))
    chain.define({best: eta_point((p0, p1, p2), (q0, q1, q2))}, "the positive root of the quadratic")
    chain.define(PARTS, "the parts of the bound")
    lemmas = (parts.derivation(), above.derivation(), stationary.derivation(), root.derivation())
    return chain.derivation(uses=("refined.descent.fixed",), lemmas=lemmas)

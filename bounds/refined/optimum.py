"""The free parameters of the descent lemma, chosen best in closed form."""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..inequalities import Algebra, Positivity, Squares
from ..proof import Chain, Derivation
from ..squares import Gram, Norm
from ..symbols import F0, Fstar, L, N, eta, gamma0
from .descent import fixed_derivation
from .notation import Constants, err_0, err_1, noise_0, noise_1, steps

#: u = L gamma0 / (N - L gamma0), the learning rate on a scale from 0 to infinity.
u = sp.Symbol("u", positive=True)
#: The bound as a function of u is (excess (1 + 1/u) + floor + noise u) / (kept - lost u).
excess = sp.Symbol("excess", positive=True)
floor, noise, lost = sp.symbols("floor noise lost", nonnegative=True)
kept = sp.Symbol("kept", positive=True)
_ONE = Gram(("one",), {("one", "one"): sp.Integer(1)})
_left = sp.Symbol("left", positive=True)
_square, _whole = sp.symbols("square whole", nonnegative=True)


def balanced_rate(gamma: sp.Expr, iterations: sp.Expr, constants: Constants) -> sp.Expr:
    """The bound of :func:`~byzbounds.bounds.refined.descent.rate` at ``eta = 1 / N``."""
    e0, e1, n0, n1 = constants
    scale = L * gamma / (N - L * gamma)
    return (2 * N * (F0 - Fstar) / (gamma * iterations) + N**2 * (e0 + scale * n0)) / (1 - N**2 * (e1 + scale * n1))


def best_value(a: sp.Expr, c: sp.Expr, b: sp.Expr, q: sp.Expr, v: sp.Expr) -> sp.Expr:
    """The least of ``(a (1 + 1/u) + c + b u) / (q - v u)`` over ``0 < u < q / v``."""
    return (q * (a + c) + 2 * a * v + 2 * sp.sqrt(a * (a * v**2 + q * v * (a + c) + b * q**2))) / q**2


def best_point(a: sp.Expr, c: sp.Expr, b: sp.Expr, q: sp.Expr, v: sp.Expr) -> sp.Expr:
    """Where :func:`best_value` is attained."""
    return a * q / (a * v + sp.sqrt(a * (a * v**2 + q * v * (a + c) + b * q**2)))


@cache
def optimality() -> Derivation:
    """No learning rate does better than :func:`best_value`: the difference is a square."""
    arguments = (excess, floor, noise, kept, lost)
    bound = (excess * (1 + 1 / u) + floor + noise * u) / (kept - lost * u)
    chain = Chain("refined.descent.best.optimality", bound, "No learning rate does better")
    square = Norm(_ONE, {"one": excess * (u / best_point(*arguments) - 1)})
    # The margin kept - lost u is positive by hypothesis: kept is what is left of it plus what u takes.
    reason = Squares([(1 / (excess * u * (kept - lost * u)), square)], {kept: lost * u + _left}, "a perfect square")
    return chain.at_least(best_value(*arguments), reason).derivation()


@cache
def balanced_derivation() -> Derivation:
    """The fixed-rate bound at eta = 1/N, which is best as the learning rate tends to zero."""
    chain = Chain("refined.descent.balanced", fixed_derivation().conclusion, "Fixed learning rate, eta = 1/N")
    chain.define({eta: 1 / N}, "the choice of eta")
    chain.simplify(balanced_rate(gamma0, steps, (err_0, err_1, noise_0, noise_1)))
    return chain.derivation(uses=("refined.descent.fixed",))


@cache
def best_derivation() -> Derivation:
    """The balanced bound at its best learning rate."""
    scaled = balanced_rate(gamma0, steps, (err_0, err_1, noise_0, noise_1))
    names = {
        err_0: floor / N**2,
        err_1: (1 - kept) / N**2,
        noise_0: noise / N**2,
        noise_1: lost / N**2,
        F0: Fstar + excess * steps / (2 * L),
    }
    general = (excess * (1 + 1 / u) + floor + noise * u) / (kept - lost * u)
    arguments = (excess, floor, noise, kept, lost)
    chain = Chain("refined.descent.best", scaled.subs(names), "Best learning rate")
    chain.define({gamma0: N / L * u / (1 + u)}, "the learning rate in terms of u")
    chain.simplify(general)
    chain.step("=", general.subs(u, best_point(*arguments)), Algebra({u: best_point(*arguments)}, why="the best u"))
    chain.equals(best_value(*arguments))
    return chain.derivation(uses=("refined.descent.balanced",), lemmas=(optimality(),))


@cache
def point_derivation() -> Derivation:
    """The best u: the balanced bound takes its least value there."""
    arguments = (excess, floor, noise, kept, lost)
    best = sp.Symbol("u_best", positive=True)
    chain = Chain("refined.descent.best_point", best, "Best learning rate, as u")
    chain.define({best: best_point(*arguments)}, "where the square vanishes")
    return chain.derivation(uses=("refined.descent.best",), lemmas=(best_derivation(),))


@cache
def eta_at_zero() -> Derivation:
    """As the learning rate tends to zero no eta does better than 1/N."""
    start = err_0 / (2 * eta / N - eta**2 - err_1)
    chain = Chain("refined.descent.floor.optimality", start, "No eta does better")
    given = {_whole: 1 / N**2 - err_1, _square: (eta - 1 / N) ** 2}
    chain.equals(err_0 / (_whole - _square), Algebra(given, why="the square completed"))
    chain.at_least(err_0 / _whole, Positivity({_whole: _square + _left}, why="the margin without the square is larger"))
    chain.define({_whole: 1 / N**2 - err_1}, "the margin at eta = 1/N")
    return chain.derivation()


@cache
def floor_derivation() -> Derivation:
    """The balanced bound as the number of steps grows and the learning rate tends to zero."""
    chain = Chain("refined.descent.floor", balanced_derivation().conclusion, "Error floor")
    chain.define({F0: Fstar}, "the number of steps tends to infinity: the first term vanishes")
    chain.define({gamma0: sp.S.Zero}, "the learning rate tends to zero")
    return chain.derivation(uses=("refined.descent.balanced",), lemmas=(eta_at_zero(),))

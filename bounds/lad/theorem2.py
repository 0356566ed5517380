"""Theorem 2: convergence of LAD without compression, (27)-(31), and its error term (34)."""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..inequalities import Algebra
from ..proof import Chain, Derivation
from ..statement import Kind, Relation, Statement
from ..symbols import F0, Fstar, H, L, N, beta, d, delta, gamma0, kappa
from . import lemma3, lemma4, theorem1
from .domain import BOUNDED, BYZANTINE, HETEROGENEITY, HONEST, LOAD, ROBUST, SLACK, SMOOTH, TASKS, source
from .theorem1 import K1, K2, K3, K4

#: As printed in (28)-(31).
XI1 = 4 * beta**2 * (N - d) * N / (d * H * (N - 1))
XI2 = 4 * (N - H) * (N - d) / (d * H * (N - 1) * N) / N
XI3 = 8 * (N - H) * (N - d) / (d * H * (N - 1)) * beta**2
XI4 = 2 / N**2 + 8 * (N - H) * (N - d) / (d * H * (N - 1) * N**2)
PRINTED = (XI1, XI2, XI3, XI4)


def _uncompressed(number: int, source_of: Derivation) -> Derivation:
    """kappa_i at delta = 0."""
    return (
        Chain(f"lad.xi{number}", source_of.conclusion, f"kappa{number} without compression")
        .define({delta: sp.S.Zero}, "no compression: delta = 0", source=f"LAD ({27 + number})")
        .simplify(source=f"LAD ({27 + number})")
        .derivation(uses=(source_of.key,), lemmas=(source_of,))
    )


@cache
def xi1() -> Derivation:
    """(28)."""
    return _uncompressed(1, lemma3.kappa1())


@cache
def xi2() -> Derivation:
    """(29)."""
    return _uncompressed(2, lemma3.kappa2())


@cache
def xi3() -> Derivation:
    """(30)."""
    return _uncompressed(3, lemma4.kappa3())


@cache
def xi4() -> Derivation:
    """(31)."""
    return _uncompressed(4, lemma4.kappa4())


def _derived() -> tuple[sp.Expr, sp.Expr, sp.Expr, sp.Expr]:
    return xi1().conclusion, xi2().conclusion, xi3().conclusion, xi4().conclusion


#: xi1 sqrt(kappa) / (2 sqrt(xi2)) with the common factor N - d cancelled, so that d = N can be inserted.
LEAD = N**2 * beta**2 * sp.sqrt(kappa) * sp.sqrt((N - d) / (d * H * (N - 1) * (N - H)))


_LEAD = K1 * sp.sqrt(kappa) / (2 * sp.sqrt(K2))


@cache
def leading_part() -> Derivation:
    """What Young's inequality leaves of heterogeneity; N - d cancels."""
    return (
        Chain("lad.theorem2.lead", _LEAD, "Leading part of the error term of LAD")
        .define(dict(zip((K1, K2), _derived(), strict=False)), "by lad.xi1, lad.xi2", source="LAD (34)")
        .equals(LEAD, Algebra(shift=SLACK, why="N - d cancels"), source="LAD (34)", printed=_LEAD_PRINTED)
        .derivation(lemmas=(xi1(), xi2(), xi3(), xi4()))
    )


@cache
def convergence() -> Derivation:
    """(27)."""
    values = dict(zip((K1, K2, K3, K4), _derived(), strict=True))
    lead = sp.Symbol("lead", nonnegative=True)
    named = Algebra({lead: _LEAD}, why="lead = kappa1 sqrt(kappa) / (2 sqrt(kappa2))")
    return (
        Chain("lad.theorem2", theorem1.averaged().conclusion, "Convergence of LAD")
        .equals(theorem1.bound(K1, K2, K3, K4, lead), named, source="LAD (27)")
        .define({**values, lead: leading_part().conclusion}, "by lad.xi1 ... lad.xi4", source="LAD (27)")
        .derivation(
            uses=("lad.theorem1", "lad.xi1", "lad.xi2", "lad.xi3", "lad.xi4"),
            lemmas=(theorem1.averaged(), leading_part()),
            meanings=theorem1.MEANINGS,
        )
    )


@cache
def error() -> Derivation:
    """(34)."""
    return (
        Chain("lad.eq34", convergence().conclusion.subs(F0, Fstar), "Error term of LAD")
        .equals(theorem1.error_term(*_derived(), LEAD), source="LAD (34)")
        .derivation(lemmas=(convergence(),), meanings=theorem1.MEANINGS)
    )


@cache
def small_step_error() -> Derivation:
    """The error term as the learning rate tends to zero."""
    return (
        Chain("lad.eq34.small_step", error().conclusion, "Error term of LAD at a vanishing learning rate")
        .define({gamma0: sp.S.Zero}, "gamma0 -> 0")
        .derivation(lemmas=(error(),), meanings=theorem1.MEANINGS)
    )


#: As printed in (34).
_LEAD_PRINTED = N * beta * sp.sqrt(kappa * XI1) / 2 * sp.sqrt(N / (N - H))
EQ34 = (_LEAD_PRINTED + gamma0 * (L * kappa * XI1 + L * XI3)) / (
    (1 / N - sp.sqrt(kappa * XI2)) - gamma0 * (L * kappa * XI2 + L * XI4)
)
_THEOREM2 = theorem1.bound(XI1, XI2, XI3, XI4, _LEAD_PRINTED)
_ASSUMPTIONS = (SMOOTH, HETEROGENEITY, BOUNDED, ROBUST, TASKS)
CONDITIONS = theorem1.conditions(_derived()[1], _derived()[3], XI4)


def _constant(number: int, printed: sp.Expr, title: str) -> Statement:
    return Statement(
        f"lad.xi{number}",
        title,
        source("Theorem 2", str(27 + number)),
        Kind.CONSTANT,
        Relation.UPPER,
        rf"\xi_{number}",
        printed,
        (xi1, xi2, xi3, xi4)[number - 1],
        (HONEST, LOAD),
        (f"lad.kappa{number}",),
        f"kappa{number} at delta = 0.",
        SLACK,
    )


STATEMENTS = (
    Statement(
        "lad.theorem2",
        "Convergence of LAD",
        source("Theorem 2", "27"),
        Kind.THEOREM,
        Relation.UPPER,
        theorem1.MEANINGS[theorem1.average],
        _THEOREM2,
        convergence,
        (BYZANTINE, LOAD, theorem1._START, *_ASSUMPTIONS, *CONDITIONS),
        ("lad.theorem1", "lad.xi1", "lad.xi2", "lad.xi3", "lad.xi4"),
        "Theorem 1 without compression. At d = N its Young parameter vanishes; the bound is then a limit.",
        SLACK,
    ),
    _constant(1, XI1, "Constant part of the spread, without compression"),
    _constant(2, XI2, "Gradient part of the spread, without compression"),
    _constant(3, XI3, "Constant part of the honest mean, without compression"),
    _constant(4, XI4, "Gradient part of the honest mean, without compression"),
    Statement(
        "lad.eq34",
        "Error term of LAD",
        source("Section VI", "34"),
        Kind.REMARK,
        Relation.UPPER,
        r"\varepsilon_{\mathrm{LAD}}",
        EQ34,
        error,
        (BYZANTINE, LOAD, *_ASSUMPTIONS, *CONDITIONS),
        ("lad.theorem2",),
        "What Theorem 2 leaves as T grows.",
        SLACK,
    ),
    Statement(
        "lad.eq34.small_step",
        "Error term of LAD at a vanishing learning rate",
        source("Section VI", "34"),
        Kind.REMARK,
        Relation.UPPER,
        r"\lim_{\gamma^0 \to 0} \varepsilon_{\mathrm{LAD}}",
        None,
        small_step_error,
        (BYZANTINE, LOAD, *_ASSUMPTIONS, CONDITIONS[0]),
        ("lad.eq34",),
        "The smallest error term that Theorem 2 can give.",
        SLACK,
    ),
)

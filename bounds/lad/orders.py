"""Orders of the error terms, the reference and the load threshold: (33), (35), (36) and what is said below them."""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..claims import Always, FirstAt, HoldsAt, SameOrder, WithReading
from ..inequalities import Algebra
from ..proof import Chain, Derivation
from ..statement import Hypothesis, Kind, Relation, Statement
from ..symbols import H, N, beta, d, delta, kappa
from . import lemma3, theorem1, theorem2
from .domain import BYZANTINE, HONEST, LOAD, SLACK, byzantine, source

EQ33 = lemma3.KAPPA1 * sp.sqrt(kappa) / sp.sqrt(lemma3.KAPPA2)
EQ35 = beta**2 * sp.sqrt(kappa * (N - d) * N / (d * H * (N - H)))
EQ36 = beta**2 * kappa
THRESHOLD = N**2 / (kappa * H * (N - H) + N)
#: The example under (36) and of Figs. 2 and 3.
EXAMPLE = {N: sp.Integer(100), H: sp.Integer(65), kappa: sp.Rational(3, 2), beta: sp.Integer(1)}
#: One way in which the number of devices grows, with loads and honest devices in proportion; an admissible one.
GROWTH = {d: N / 2, H: 7 * N / 10, kappa: sp.Rational(1, 10), delta: sp.Rational(1, 10), beta: sp.Integer(1)}

_com_lad = theorem1.small_step_error().conclusion
_lad = theorem2.small_step_error().conclusion
_condition = theorem2.CONDITIONS[0].condition
_excess = sp.Symbol("z", nonnegative=True)
_weak = Hypothesis("kappa > 0", kappa > 0)


@cache
def threshold() -> Derivation:
    """The load at which (35) equals (36): N (N - d) = kappa d H (N - H), which is linear in d."""
    solution = sp.solve(sp.Eq(N * (N - d), kappa * d * H * (N - H)), d)[0]
    return (
        Chain("lad.threshold", solution, "Load from which (35) is below (36)")
        .equals(THRESHOLD, Algebra(why="root of (35) = (36) in d"))
        .derivation(uses=("lad.eq35", "lad.eq36"))
    )


@cache
def turning_point() -> Derivation:
    """Where (33) is smallest in delta: 2 kappa1' kappa2 = kappa1 kappa2', which is linear in delta."""
    k1, k2 = lemma3.KAPPA1, lemma3.KAPPA2
    solution = sp.solve(sp.numer(sp.together(2 * sp.diff(k1, delta) * k2 - k1 * sp.diff(k2, delta))), delta)[0]
    return (
        Chain("lad.fig2.turning_point", solution, "Compression at which (33) is smallest")
        .equals((N - d) * (2 * H - N) / ((H + 1) * (N - 1) * N), Algebra(why="root of the derivative of (33)"))
        .derivation(uses=("lad.eq33",))
    )


def _claim(
    key: str, title: str, place: str, text: str, claim: object, equations: tuple[str, ...] = (), **more: object
) -> Statement:
    return Statement(
        key,
        title,
        source(place, *equations),
        Kind.CLAIM,
        Relation.PROPOSITION,
        "",
        text=text,
        claim=claim,  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )


STATEMENTS = (
    Statement(
        "lad.eq33",
        "Order of Com-LAD's error term",
        source("Section VI", "33"),
        Kind.REMARK,
        Relation.ORDER,
        r"\varepsilon_{\mathrm{Com\text{-}LAD}}",
        EQ33,
        None,
        (HONEST, LOAD, theorem1.SPREADING),
        ("lad.kappa1", "lad.kappa2"),
        "Order of (32) for many devices, a fixed honest fraction and a load in proportion to N; Figs. 2 and 3 plot it.",
        SLACK,
        WithReading(
            SameOrder(_com_lad, EQ33, N, GROWTH),
            SameOrder(_com_lad / N, EQ33, N, GROWTH),
            "the order of the error term divided by N",
        ),
    ),
    Statement(
        "lad.eq35",
        "Order of LAD's error term",
        source("Section VI", "35"),
        Kind.REMARK,
        Relation.ORDER,
        r"\varepsilon_{\mathrm{LAD}}",
        EQ35,
        None,
        (BYZANTINE, LOAD),
        ("lad.eq34",),
        "Order of (34) for many devices, a fixed honest fraction and a load in proportion to N.",
        SLACK,
        WithReading(
            SameOrder(_lad, EQ35, N, GROWTH),
            SameOrder(_lad / N**2, EQ35, N, GROWTH),
            "the order of the error term of grad F / N, that is (34) divided by N^2",
        ),
    ),
    Statement(
        "lad.eq36",
        "Order of the error without redundancy",
        source("Section VI", "36"),
        Kind.REMARK,
        Relation.ORDER,
        r"\varepsilon_0",
        EQ36,
        None,
        (BYZANTINE,),
        (),
        "Known order of a kappa-robust rule's error where each device sends one subset gradient; for grad F / N.",
    ),
    Statement(
        "lad.fig2.turning_point",
        "Compression at which (33) is smallest",
        source("Section VI, Fig. 2", "33"),
        Kind.REMARK,
        Relation.EQUALITY,
        r"\delta_0",
        None,
        turning_point,
        (HONEST, LOAD),
        ("lad.eq33",),
        "Below this delta the order (33) rises as delta falls; above it, it falls as said. Positive for d < N.",
        SLACK,
    ),
    Statement(
        "lad.threshold",
        "Load from which (35) is below (36)",
        source("Section VI"),
        Kind.REMARK,
        Relation.EQUALITY,
        r"d_0",
        THRESHOLD,
        threshold,
        (BYZANTINE,),
        ("lad.eq35", "lad.eq36"),
        "Constants of both orders are taken to be equal.",
        SLACK,
    ),
    _claim(
        "lad.threshold.sufficient",
        "Every larger load is below too",
        "Section VI",
        "From the threshold on, the order (35) is at most the order (36).",
        Always(EQ35**2, "<=", EQ36**2, {d: THRESHOLD * (1 + _excess), N: H + byzantine}, (BYZANTINE, LOAD, _weak)),
    ),
    _claim(
        "lad.threshold.example",
        "Threshold of the example",
        "Section VI",
        "At N = 100, H = 65, kappa = 1.5 the order (35) is at most the order (36) exactly from d = 3 on.",
        FirstAt(sp.Le(EQ35, EQ36), d, 3, 100, EXAMPLE),
    ),
    _claim(
        "lad.threshold.condition",
        "The theorem at the example's threshold",
        "Section VI",
        "Theorem 2 says something at N = 100, H = 65, kappa = 1.5 and d = 3: there sqrt(kappa xi2) < 1/N.",
        HoldsAt(_condition, {**EXAMPLE, d: sp.Integer(3)}),
    ),
    _claim(
        "lad.threshold.actual",
        "The error term itself at the example's threshold",
        "Section VI",
        "At N = 100, H = 65, kappa = 1.5 Theorem 2's condition holds and its smallest error term, for grad F / N, is "
        "at most beta^2 kappa, from d = 3 on.",
        FirstAt(sp.And(_condition, sp.Le(_lad / N**2, EQ36)), d, 3, 99, EXAMPLE),
    ),
)

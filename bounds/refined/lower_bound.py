"""A floor that no server can get under.

Two losses are told apart by nobody: in the first all subset gradients are equal, in the second m of the N differ from
the others
by a vector of length ``separation``. If the messages of the second differ from those of the first on at most 2 f
devices,
the adversary lets half of those devices send the other loss's messages: the server receives the same messages in both
cases,
in every iteration and for every model, while the two gradients differ by ``m separation``. Whatever the server does,
remembers
or returns, one of the two gradients is then at least half of that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import sympy as sp

from ..inequalities import PSD, Algebra
from ..named import Named
from ..proof import Chain, Derivation
from ..squares import Gram
from ..statement import Hypothesis, Kind, Relation, Statement
from ..symbols import H, M, N, alpha, beta, d, kappa, r
from .lad_theorem import floor2
from .notation import DEVICES, LOAD, MAJORITY, result

#: Number of subset gradients that differ, and by how much (squared).
m = sp.Symbol("m", nonnegative=True)
separation_sq = sp.Symbol("separation_sq", nonnegative=True)
_gap = sp.Symbol("gap", nonnegative=True)
_count = sp.Symbol("count", nonnegative=True)

#: Differing subsets that two halves of f Byzantine devices can hide, one half per loss, or that f devices can imitate.
HIDDEN = sp.floor(2 * (N - H) / d)
IMITATED = sp.floor((N - H) / d)
HIDDEN_CRA = sp.floor(2 * alpha * M / r)


@cache
def heterogeneity() -> Derivation:
    """Heterogeneity of the second loss, LAD (14)."""
    deviations = m * (1 - m / N) ** 2 + (N - m) * (m / N) ** 2
    chain = Chain("refined.lower.heterogeneity", separation_sq * deviations / N, "Heterogeneity of the second loss")
    return chain.equals(separation_sq * m * (N - m) / N**2).derivation()


@cache
def two_losses(key: str, separation: sp.Expr) -> Derivation:
    """Half of the distance of the two gradients, squared."""
    gram = Gram(("A", "B"))
    first, second, inner = gram.product("A", "A"), gram.product("B", "B"), gram.product("A", "B")
    chain = Chain(key, (first + second) / 2, "Two losses that nobody can tell apart")
    chain.at_least(gram.norm({"A": 1, "B": -1}) / 4, PSD(gram, why="||A + B||^2 >= 0; the larger is at least the mean"))
    chain.define({first: _gap + 2 * inner - second}, "gap = ||A - B||^2")
    chain.define({_gap: m**2 * separation_sq}, "m subset gradients differ")
    chain.define({separation_sq: separation}, "as far apart as the heterogeneity allows")
    meanings = {first: r"\|\nabla F_A\|^2", second: r"\|\nabla F_B\|^2"}
    return chain.derivation(meanings=meanings, lemmas=(heterogeneity(),))


def _bound(key: str, count: sp.Expr, separation: sp.Expr, formula: sp.Expr) -> Callable[[], Derivation]:
    """The bound for a number of differing subsets."""

    @cache
    def build() -> Derivation:
        base = two_losses(f"{key}.pair", separation)
        chain = Chain(key, base.conclusion, "Floor of every server")
        chain.equals(formula)
        given = Named(Algebra({m: _count}, why="as many as can be hidden"), {count: _count})
        chain.step("=", formula.subs(m, count), given)
        return chain.derivation(lemmas=(base,))

    return build


LAD_SEPARATION = beta**2 * N**2 / (m * (N - m))
LAD_FORMULA = beta**2 * N**2 * m / (4 * (N - m))
CRA_SEPARATION = beta**2 / (1 - m / M) ** 2
CRA_FORMULA = beta**2 * m**2 / (4 * (1 - m / M) ** 2)


@cache
def uncoded() -> Derivation:
    """The bound at d = 1, where 2 (N - H) subsets can be hidden."""
    chain = Chain("refined.lad.lower_bound.uncoded", LAD_FORMULA, "Floor of every server, d = 1")
    chain.define({m: 2 * (N - H)}, "each subset is computed once")
    chain.equals(beta**2 * N**2 * (N - H) / (2 * (2 * H - N)))
    return chain.derivation(
        uses=("refined.lad.lower_bound",), lemmas=(two_losses("refined.lower.pair", LAD_SEPARATION),)
    )


@cache
def gap_to_floor() -> Derivation:
    """The refined floor with the best possible kappa, over the lower bound, at d = 1."""
    best = floor2().conclusion.subs({d: 1, kappa: (N - H) / (2 * H - N)})
    chain = Chain("refined.lad.lower_bound.gap", best / uncoded().conclusion, "Upper over lower bound")
    return chain.equals(2 * N * (H - 1) / (H * (N - 1))).derivation(
        uses=("refined.lad.theorem2.floor", "refined.lad.lower_bound.uncoded")
    )


@cache
def oblivious_gap() -> Derivation:
    """The same with the bound for servers that do not know the senders."""
    best = floor2().conclusion.subs({d: 1, kappa: (N - H) / (2 * H - N)})
    lower = LAD_FORMULA.subs(m, N - H)
    chain = Chain("refined.lad.lower_bound.oblivious_gap", best / lower, "Upper over lower bound, senders unknown")
    return chain.equals(4 * N * (H - 1) / ((N - 1) * (2 * H - N))).derivation(
        uses=("refined.lad.theorem2.floor", "refined.lad.lower_bound.oblivious")
    )


_WORST = r"\inf_{\text{server}}\max_{F}\mathbb{E}\|\nabla F(\mathbf{x})\|^2"
_ADAPTIVE = Hypothesis("the adversary picks the N - H Byzantine devices of an iteration after the tasks are assigned")
_OBLIVIOUS = Hypothesis(
    "the Byzantine devices are fixed beforehand, and the server sees the messages without their senders"
)
_CLASS = Hypothesis(
    "the loss is any L-smooth one whose heterogeneity is at most beta, LAD (14); the model has any dimension"
)
_SOME = Hypothesis("some device is Byzantine", sp.Lt(H, N))
_COLUMNS = Hypothesis("every subset is computed by d devices, as with the cyclic matrix")

STATEMENTS: tuple[Statement, ...] = (
    result(
        "refined.lad.lower_bound",
        "Floor of every server",
        Relation.LOWER,
        _WORST,
        _bound("refined.lad.lower_bound", HIDDEN, LAD_SEPARATION, LAD_FORMULA),
        (DEVICES, LOAD, MAJORITY, _ADAPTIVE, _CLASS, _COLUMNS),
        "Holds for servers with memory, with knowledge of the tasks and of the senders, after any number of "
        "iterations. "
        "Zero once d > 2 (N - H), where majority decoding recovers the gradient.",
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.lower_bound.oblivious",
        "Floor of every server that does not know the senders",
        Relation.LOWER,
        _WORST,
        _bound("refined.lad.lower_bound.oblivious", IMITATED, LAD_SEPARATION, LAD_FORMULA),
        (DEVICES, LOAD, MAJORITY, _OBLIVIOUS, _CLASS, _COLUMNS),
        "The setting of the papers' theorems: the rule is a function of the messages. With the first loss the "
        "Byzantine devices "
        "send what the differing messages of the second would be.",
        kind=Kind.THEOREM,
    ),
    result(
        "refined.lad.lower_bound.uncoded",
        "Floor of every server without redundancy",
        Relation.LOWER,
        _WORST,
        uncoded,
        (DEVICES, MAJORITY, _ADAPTIVE, _CLASS),
        "At d = 1; with f = N - H Byzantine devices it is N^2 beta^2 / 2 times f / (N - 2 f).",
        uses=("refined.lad.lower_bound",),
        kind=Kind.COROLLARY,
    ),
    result(
        "refined.lad.lower_bound.gap",
        "Refined floor over the floor of every server",
        Relation.EQUALITY,
        r"\varepsilon_{\text{upper}}/\varepsilon_{\text{lower}}",
        gap_to_floor,
        (DEVICES, MAJORITY, _SOME),
        "At d = 1 and the least possible kappa, f / (N - 2 f), which the trimmed mean has: at most two, whatever f "
        "is. The two "
        "adversaries differ: that of the lower bound picks its devices after the tasks are assigned, that of the "
        "theorem before.",
        uses=("refined.lad.theorem2.floor", "refined.lad.lower_bound.uncoded"),
        kind=Kind.COROLLARY,
    ),
    result(
        "refined.lad.lower_bound.oblivious_gap",
        "Refined floor over the floor of every server that does not know the senders",
        Relation.EQUALITY,
        r"\varepsilon_{\text{upper}}/\varepsilon_{\text{lower}}",
        oblivious_gap,
        (DEVICES, MAJORITY, _SOME),
        "At d = 1 and the least possible kappa, with the same adversary in both bounds.",
        uses=("refined.lad.theorem2.floor", "refined.lad.lower_bound.oblivious"),
        kind=Kind.COROLLARY,
    ),
    result(
        "refined.cra.lower_bound",
        "Floor of every server in CRA-DL",
        Relation.LOWER,
        _WORST,
        _bound("refined.cra.lower_bound", HIDDEN_CRA, CRA_SEPARATION, CRA_FORMULA),
        (
            Hypothesis("a device holds between one and all of the subsets", sp.And(sp.Ge(r, 1), sp.Le(r, M))),
            Hypothesis("at most half of the subsets can be hidden: 4 alpha <= r", sp.Le(4 * alpha, r)),
            Hypothesis("every subset is held by N r / M devices"),
            Hypothesis("the adversary picks the alpha N Byzantine devices of every iteration"),
            Hypothesis("the loss is any L-smooth one whose subset gradients stay within beta of their mean, CRA (10)"),
        ),
        "Holds for servers with memory and knowledge of the allocation. Zero once r > 2 alpha M.",
        kind=Kind.THEOREM,
    ),
)

"""Lemma 3: how far the aggregate is from the honest mean, (20)-(22) with (50)-(63)."""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy as sp

from ..inequalities import PSD, Algebra, Squares
from ..moments import Split, sum_of_squares
from ..proof import Chain, Derivation
from ..squares import Gram, lagrange, pairs
from ..statement import Kind, Relation, Statement
from ..symbols import H, N, V, beta, d, delta, grad_sq, kappa
from . import lemma1, lemma2
from .domain import HETEROGENEITY, HONEST, LOAD, ROBUST, SLACK, TASKS, UNBIASED, source

n = sp.Symbol("n", integer=True, positive=True)
sum_squares = sp.Symbol("sum_sq", nonnegative=True)
square_sum = sp.Symbol("sq_sum", nonnegative=True)
#: E ||honest mean - mu||^2 with and without compression.
mean_dev = sp.Symbol("A_bar", nonnegative=True)
plain_dev = sp.Symbol("C_bar", nonnegative=True)
#: E of the mean over honest devices: compression error, deviation g_i - mu, and ||g_i||^2.
error = sp.Symbol("E_err", nonnegative=True)
deviation = sp.Symbol("B_dev", nonnegative=True)
E_g = lemma2.E_g
squares = lemma2.squares
#: Squared norm of the honest row average less the uniform row, in expectation.
row_dev = sp.Symbol("lemma1", nonnegative=True)
#: E (1/H) sum over honest of ||honest mean - message||^2.
spread = sp.Symbol("D_hat", nonnegative=True)

MEANINGS = {
    **lemma2.MEANINGS,
    mean_dev: r"\mathbb{E}\|\bar{\mathbf{g}}^t - \mu^t\|^2",
    plain_dev: r"\mathbb{E}\|\tfrac1H\sum_i \mathbf{g}_i^t - \mu^t\|^2",
    error: r"\mathbb{E}\tfrac1H\sum_i\|\hat{\mathbf{g}}_i^t - \mathbf{g}_i^t\|^2",
    deviation: r"\mathbb{E}\|\mathbf{g}_i^t - \mu^t\|^2",
    row_dev: r"\mathbb{E}\|\tfrac1d\tfrac1H\mathbf{h}\hat{\mathbf{S}} - \tfrac1N\mathbf{1}\|^2",
    spread: r"\mathbb{E}\tfrac1H\sum_i\|\bar{\mathbf{g}}^t - \hat{\mathbf{g}}_i^t\|^2",
}
_SPREAD = MEANINGS[spread]
_SQUARES_BOUND = N * beta**2 + grad_sq / N


@cache
def power_inequality() -> Derivation:
    """(50): n sum ||x_i||^2 - ||sum x_i||^2 is the sum over pairs of ||x_i - x_j||^2."""
    square = pairs(n, sum_squares, square_sum)
    return (
        Chain("lad.eq50", square_sum, "Square of a sum")
        .at_most(
            n * sum_squares,
            Squares(((sp.S.One, square),), why="sum over pairs of squared differences"),
            source="LAD (50)",
            printed=n * sum_squares,
        )
        .derivation(meanings={sum_squares: r"\sum_i\|x_i\|^2", square_sum: r"\|\sum_i x_i\|^2"})
    )


@cache
def triangle() -> Derivation:
    """(51)-(53): the distance of a message from the honest mean, in expectation and averaged over honest devices."""
    gram = Gram(("a", "e", "b"), {("a", "a"): mean_dev, ("e", "e"): error, ("b", "b"): deviation})
    one = sp.S.One
    start = gram.norm({"a": one, "e": -one, "b": -one})
    middle = 2 * mean_dev + 2 * gram.norm({"e": one, "b": one})
    last = 2 * mean_dev + 4 * error + 4 * deviation
    return (
        Chain("lad.eq53", start, "Distance of a message from the honest mean")
        .at_most(middle, PSD(gram, why="||x + y||^2 <= 2 ||x||^2 + 2 ||y||^2"), source="LAD (51)", printed=middle)
        .at_most(last, PSD(gram, why="||x + y||^2 <= 2 ||x||^2 + 2 ||y||^2"), source="LAD (52), (53)", printed=last)
        .derivation(uses=("lad.eq50",), meanings=MEANINGS)
    )


@cache
def honest_mean() -> Derivation:
    """(54): the honest mean's deviation, compression error split off."""
    noise = sp.Symbol("E_noise", nonnegative=True)
    gram = Gram(("e", "c"), {("e", "e"): noise, ("c", "c"): plain_dev})
    return (
        Chain("lad.eq54", gram.norm({"e": sp.S.One, "c": sp.S.One}), "Deviation of the honest mean")
        .at_most(2 * noise + 2 * plain_dev, PSD(gram), source="LAD (54)", printed=2 * noise + 2 * plain_dev)
        .moments({noise: Split(sp.S.Zero, 1 / H, error)}, "independent unbiased errors", source="LAD (54)")
        .bound(
            {error: delta * E_g},
            "lad.definition2",
            SLACK,
            source="LAD (54)",
            printed=2 * delta * E_g / H + 2 * plain_dev,
        )
        .derivation(uses=("lad.eq50", "lad.definition2"), meanings=MEANINGS)
    )


@cache
def collected() -> Derivation:
    """(55): both compression terms bounded by the second moment of a coded vector."""
    printed = (4 * delta / H + 4 * delta) * E_g + 4 * plain_dev + 4 * deviation
    return (
        Chain("lad.eq55", triangle().conclusion, "Compression errors collected")
        .bound({mean_dev: honest_mean().conclusion}, "lad.eq54", SLACK, source="LAD (55)")
        .bound({error: delta * E_g}, "lad.definition2", SLACK, source="LAD (55)")
        .simplify(printed, source="LAD (55)", printed=printed)
        .derivation(lemmas=(triangle(), honest_mean()), meanings=MEANINGS)
    )


@cache
def gradient_norm() -> Derivation:
    """(58): squared Frobenius norm of the matrix of subset gradients."""
    return (
        Chain("lad.eq58", squares, "Sum of squared subset gradients")
        .define({squares: sum_of_squares(N, grad_sq / N**2, V)}, "definition of V", source="LAD (58)")
        .bound({V: beta**2}, "lad.assumption2", source="LAD (58)")
        .simplify(_SQUARES_BOUND, source="LAD (58)", printed=_SQUARES_BOUND)
        .derivation(meanings=MEANINGS)
    )


@cache
def plain_deviation() -> Derivation:
    """(57) and (59): the honest mean without compression."""
    weight = (N - H) * (N - d) / (d * H * (N - 1) * N)
    printed = N * beta**2 * weight + grad_sq / N * weight
    square = lagrange(row_dev, squares, plain_dev)
    return (
        Chain("lad.eq59", plain_dev, "Honest mean without compression")
        .at_most(
            row_dev * squares,
            Squares(((sp.S.One, square),), why="Cauchy-Schwarz, as a sum of squares"),
            source="LAD (57)",
            printed=row_dev * squares,
        )
        .define({row_dev: lemma1.cyclic().conclusion}, "by lad.lemma1", source="LAD (59)")
        .bound({squares: gradient_norm().conclusion}, "lad.eq58", SLACK, source="LAD (59)")
        .simplify(printed, source="LAD (59)", printed=printed)
        .derivation(uses=("lad.lemma1",), lemmas=(lemma1.cyclic(), gradient_norm()), meanings=MEANINGS)
    )


@cache
def coded_norm() -> Derivation:
    """(61): second moment of a coded vector through ||S G|| <= ||S|| ||G||, one honest device's share."""
    printed = _SQUARES_BOUND / d
    per_row = lagrange(d / d**2, squares, E_g)
    return (
        Chain("lad.eq61", E_g, "Second moment of a coded vector, by norms")
        .at_most(
            squares / d,
            Squares(((sp.S.One, per_row),), why="Cauchy-Schwarz in each row: d entries 1/d"),
            source="LAD (61)",
        )
        .bound({squares: gradient_norm().conclusion}, "lad.eq58", SLACK, source="LAD (61)", printed=printed)
        .derivation(lemmas=(gradient_norm(),), meanings=MEANINGS)
    )


@cache
def message_spread() -> Derivation:
    """(62): mean squared distance of the honest messages from their mean."""
    bracket = (1 / H + 1) * 4 * delta / d + 4 * (N - H) * (N - d) / (d * H * (N - 1) * N)
    printed = bracket * _SQUARES_BOUND + 4 * (N - d) * beta**2 / (d * (N - 1))
    weight = (N - H) * (N - d) / (d * H * (N - 1) * N)
    printed60 = (
        (4 * delta / H + 4 * delta) * E_g
        + 4 * N * beta**2 * weight
        + 4 * grad_sq / N * weight
        + 4 * (N - d) * beta**2 / (d * (N - 1))
    )
    return (
        Chain("lad.eq62", collected().conclusion, "Spread of the honest messages")
        .bound({deviation: lemma2.deviation().conclusion}, "lad.lemma2", SLACK, source="LAD (60)")
        .bound({plain_dev: plain_deviation().conclusion}, "lad.eq59", SLACK, source="LAD (60)", printed=printed60)
        .bound({E_g: coded_norm().conclusion}, "lad.eq61", SLACK, source="LAD (62)", printed=printed)
        .derivation(
            uses=("lad.lemma2",),
            lemmas=(collected(), lemma2.deviation(), plain_deviation(), coded_norm()),
            meanings=MEANINGS,
        )
    )


def coefficient(derivation: Derivation, key: str, title: str, power: int, equation: str) -> Derivation:
    """A derivation of one coefficient, in ||grad F||^2, of another derivation's conclusion."""
    whole = sp.expand(derivation.conclusion)
    part = whole.coeff(grad_sq, power)
    by_delta = sp.Poly(part, delta).all_terms()
    simple = sp.Add(*(sp.factor(factor) * delta**degree for (degree,), factor in by_delta))
    return (
        Chain(key, part, title)
        .equals(simple, Algebra(why=f"coefficient of ||grad F||^{2 * power} in {derivation.key}"), source=equation)
        .derivation(lemmas=(derivation,), meanings=MEANINGS)
    )


@cache
def kappa1() -> Derivation:
    """(21)."""
    return coefficient(message_spread(), "lad.kappa1", "Constant part of the spread", 0, "LAD (21)")


@cache
def kappa2() -> Derivation:
    """(22)."""
    return coefficient(message_spread(), "lad.kappa2", "Gradient part of the spread", 1, "LAD (22)")


@cache
def aggregate_distance() -> Derivation:
    """(20): Definition 1 applied to the honest messages (63)."""
    gap = sp.Symbol("gap", nonnegative=True)
    printed = kappa * KAPPA1 + kappa * KAPPA2 * grad_sq
    return (
        Chain("lad.lemma3", gap, "Distance of the aggregate from the honest mean")
        .bound({gap: kappa * spread}, "lad.definition1", source="LAD (63)", printed=kappa * spread)
        .bound({spread: message_spread().conclusion}, "lad.eq62", source="LAD (62)")
        .equals(kappa * (kappa1().conclusion + kappa2().conclusion * grad_sq), source="LAD (20)", printed=printed)
        .derivation(uses=("lad.definition1",), lemmas=(message_spread(), kappa1(), kappa2()), meanings=MEANINGS)
    )


#: As printed in (21) and (22).
KAPPA1 = N * beta**2 * (1 / H + 1) * 4 * delta / d + 4 * beta**2 * (N - d) * N / (d * H * (N - 1))
KAPPA2 = ((1 / H + 1) * 4 * delta / d + 4 * (N - H) * (N - d) / (d * H * (N - 1) * N)) / N

_DOMAIN = (HONEST, LOAD, TASKS)


def _step(
    key: str,
    title: str,
    equations: tuple[str, ...],
    lhs: str,
    printed: sp.Expr | None,
    derivation: Any,
    text: str,
    uses: tuple[str, ...] = (),
    hypotheses: tuple[Any, ...] = (HONEST, LOAD, TASKS, HETEROGENEITY, UNBIASED),
) -> Statement:
    place = source("Appendix C", *equations)
    return Statement(
        key, title, place, Kind.STEP, Relation.UPPER, lhs, printed, derivation, hypotheses, uses, text, SLACK
    )


_bracket = (1 / H + 1) * 4 * delta / d + 4 * (N - H) * (N - d) / (d * H * (N - 1) * N)

STATEMENTS = (
    Statement(
        "lad.lemma3",
        "Distance of the aggregate from the honest mean",
        source("Lemma 3", "20", "63"),
        Kind.LEMMA,
        Relation.UPPER,
        r"\mathbb{E}\left[\left\|\hat{\mathbf{g}}^t - \bar{\mathbf{g}}^t\right\|^2 \mid \mathcal{F}^t\right]",
        kappa * KAPPA1 + kappa * KAPPA2 * grad_sq,
        aggregate_distance,
        (HONEST, LOAD, TASKS, HETEROGENEITY, UNBIASED, ROBUST),
        ("lad.definition1", "lad.kappa1", "lad.kappa2"),
        "kappa times the bound on the spread of the honest messages.",
        SLACK,
    ),
    Statement(
        "lad.kappa1",
        "Constant part of the spread",
        source("Lemma 3", "21"),
        Kind.CONSTANT,
        Relation.UPPER,
        r"\kappa_1",
        KAPPA1,
        kappa1,
        (HONEST, LOAD),
        ("lad.eq62",),
        "Heterogeneity's share of the spread of the honest messages.",
        SLACK,
    ),
    Statement(
        "lad.kappa2",
        "Gradient part of the spread",
        source("Lemma 3", "22"),
        Kind.CONSTANT,
        Relation.UPPER,
        r"\kappa_2",
        KAPPA2,
        kappa2,
        (HONEST, LOAD),
        ("lad.eq62",),
        "Share of ||grad F||^2 in the spread of the honest messages.",
        SLACK,
    ),
    _step(
        "lad.eq50",
        "Square of a sum",
        ("50",),
        r"\left\|\sum_{i=1}^n \mathbf{x}_i\right\|^2",
        n * sum_squares,
        power_inequality,
        "n times the sum of squares exceeds the square of the sum by the sum over pairs of squared differences.",
        hypotheses=(),
    ),
    _step(
        "lad.eq53",
        "Distance of a message from the honest mean",
        ("51", "52", "53"),
        _SPREAD,
        2 * mean_dev + 4 * error + 4 * deviation,
        triangle,
        "Two splittings, each at the price of a factor 2.",
        ("lad.eq50",),
    ),
    _step(
        "lad.eq54",
        "Deviation of the honest mean",
        ("54",),
        MEANINGS[mean_dev],
        2 * delta * E_g / H + 2 * plain_dev,
        honest_mean,
        "Independent unbiased errors average out like 1/H.",
        ("lad.eq50", "lad.definition2"),
    ),
    _step(
        "lad.eq55",
        "Compression errors collected",
        ("55",),
        _SPREAD,
        (4 * delta / H + 4 * delta) * E_g + 4 * plain_dev + 4 * deviation,
        collected,
        "Everything in terms of uncompressed coded vectors.",
        ("lad.eq53", "lad.eq54"),
    ),
    _step(
        "lad.eq58",
        "Sum of squared subset gradients",
        ("56", "58"),
        r"\left\|\mathbf{G}^t\right\|_F^2",
        _SQUARES_BOUND,
        gradient_norm,
        "Rows of G are the subset gradients, permuted (56).",
        ("lad.assumption2",),
    ),
    _step(
        "lad.eq59",
        "Honest mean without compression",
        ("57", "59"),
        MEANINGS[plain_dev],
        N * beta**2 * (N - H) * (N - d) / (d * H * (N - 1) * N)
        + grad_sq / N * (N - H) * (N - d) / (d * H * (N - 1) * N),
        plain_deviation,
        "Cauchy-Schwarz, which discards that a row of S sums to d.",
        ("lad.lemma1", "lad.eq58"),
    ),
    _step(
        "lad.eq61",
        "Second moment of a coded vector, by norms",
        ("61",),
        r"\mathbb{E}\|\mathbf{g}_i^t\|^2",
        _SQUARES_BOUND / d,
        coded_norm,
        "One honest device's share of (61).",
        ("lad.eq58",),
    ),
    _step(
        "lad.eq62",
        "Spread of the honest messages",
        ("60", "62"),
        _SPREAD,
        _bracket * _SQUARES_BOUND + 4 * (N - d) * beta**2 / (d * (N - 1)),
        message_spread,
        "What Definition 1 multiplies by kappa.",
        ("lad.eq55", "lad.lemma2", "lad.eq59", "lad.eq61"),
    ),
)

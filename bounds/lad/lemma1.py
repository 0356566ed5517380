"""Lemma 1: how far a random honest row average is from the uniform average, (17) with (38)-(43)."""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..inequalities import Algebra, Squares
from ..moments import SubsetForm, UniformSubset
from ..proof import Chain, Derivation
from ..squares import Gram, deviations
from ..statement import Kind, Relation, Statement
from ..symbols import H, N, d
from .domain import HONEST, LOAD, SLACK, TASKS, source

#: E ||h S||^2, sum over columns of (number of ones)^2, and the sum over different rows of s(i,j) s(k,j).
E_hS = sp.Symbol("E_hS", nonnegative=True)
column_squares = sp.Symbol("Theta2", nonnegative=True)
row_pairs = sp.Symbol("P_rows", nonnegative=True)
#: sum over i < k of s(i,j) s(k,j), column by column: sum of binomial(theta_j, 2).
column_pairs = sp.Symbol("C_theta", nonnegative=True)

_VALUE = (N - H) * (N - d) / (d * H * (N - 1) * N)
_LHS = r"\mathbb{E}\left\|\tfrac1d\tfrac1H \mathbf{h}\mathbf{S} - \tfrac1N \mathbf{1}\right\|^2"
MEANINGS = {
    E_hS: r"\mathbb{E}\|\mathbf{h}\mathbf{S}\|^2",
    column_squares: r"\sum_j \theta_j^2",
    row_pairs: r"\sum_j \sum_{i \ne k} s(i,j) s(k,j)",
}


@cache
def expansion() -> Derivation:
    """(38): the squared distance in terms of E ||hS||^2; every row of S sums to d, so h S 1 = d H for every h."""
    vectors = Gram(("u", "v"), {("u", "u"): E_hS / (d * H) ** 2, ("v", "v"): 1 / N, ("u", "v"): d * H / (d * H * N)})
    free = Gram(("u", "v"))
    values = {free.product(x, y): sp.sympify(vectors.product(x, y)) for x, y in (("u", "u"), ("u", "v"), ("v", "v"))}
    return (
        Chain("lad.eq38", free.norm({"u": sp.S.One, "v": -sp.S.One}), "Square expanded")
        .define(values, "row sums d, so the cross term is 1/N", source="LAD (38)")
        .simplify(E_hS / (d * H) ** 2 - 1 / N, source="LAD (38)", printed=E_hS / (d**2 * H**2) - 1 / N)
        .derivation(meanings=MEANINGS)
    )


@cache
def moments() -> Derivation:
    """(39): E ||hS||^2 from E h_i and E h_i h_k; S is 0-1, so its squared entries sum to d N."""
    printed = H / N * (d * N) + H * (H - 1) / (N * (N - 1)) * row_pairs
    return (
        Chain("lad.eq39", E_hS, "Moments of a uniform honest set")
        .moments({E_hS: SubsetForm(UniformSubset(N, H), d * N, d * N + row_pairs)}, "uniform subset", source="LAD (39)")
        .simplify(H * d + H * (H - 1) / (N * (N - 1)) * row_pairs, source="LAD (39)", printed=printed)
        .derivation(meanings=MEANINGS)
    )


@cache
def combined() -> Derivation:
    """(40): (39) inserted into (38)."""
    printed = (H * d + H * (H - 1) / (N * (N - 1)) * row_pairs) / (d**2 * H**2) - 1 / N
    return (
        Chain("lad.eq40", expansion().conclusion, "Distance and pairs of rows")
        .define({E_hS: moments().conclusion}, "by lad.eq39", source="LAD (40)")
        .simplify(printed, source="LAD (40)", printed=printed)
        .derivation(lemmas=(expansion(), moments()), meanings=MEANINGS)
    )


@cache
def column_form() -> Derivation:
    """(41): pairs of rows counted column by column: theta_j ones make theta_j (theta_j - 1) ordered pairs."""
    return (
        Chain("lad.eq41", row_pairs, "Pairs counted by columns")
        .define({row_pairs: column_squares - d * N}, "sum of theta_j is d N", source="LAD (41)")
        .simplify(column_squares - d * N, source="LAD (41)", printed=column_squares - d * N)
        .derivation(meanings=MEANINGS)
    )


@cache
def column_bound() -> Derivation:
    """(42): the sum of (theta_j - d)^2 is non-negative and vanishes for the cyclic matrix."""
    square = deviations(N, column_squares, d * d * N, d**2)
    return (
        Chain("lad.eq42", column_squares - d * N, "Equal columns are best")
        .at_least(
            d**2 * N - d * N,
            Squares(((sp.S.One, square),), why="sum over columns of (theta_j - d)^2"),
            source="LAD (42)",
            printed=d**2 * N - d * N,
        )
        .derivation(meanings=MEANINGS)
    )


@cache
def infimum() -> Derivation:
    """(43): a lower bound for every matrix with d ones in each row."""
    return (
        Chain("lad.eq43", combined().conclusion, "Infimum over the computation matrices")
        .bound({row_pairs: column_bound().conclusion}, "lad.eq42", SLACK, ">=", source="LAD (42)")
        .equals(_VALUE, source="LAD (43)", printed=_VALUE)
        .derivation(lemmas=(combined(), column_form(), column_bound()), meanings=MEANINGS)
    )


@cache
def cyclic() -> Derivation:
    """(17): the value at the cyclic matrix, which attains the infimum."""
    return (
        Chain("lad.lemma1", combined().conclusion, "Value at the cyclic computation matrix")
        .define({row_pairs: column_form().conclusion}, "by lad.eq41", source="LAD (41)")
        .define({column_squares: N * d**2}, "every column of the cyclic matrix has d ones", source="LAD (43)")
        .equals(_VALUE, source="LAD (17)", printed=_VALUE)
        .derivation(uses=("lad.eq43",), lemmas=(infimum(),), meanings=MEANINGS)
    )


@cache
def any_matrix() -> Derivation:
    """The exact value for any 0-1 matrix with d ones in each row, by the spread of its column sums."""
    spread = sp.Symbol("spread", nonnegative=True)
    slope = (H - 1) / (H * d**2 * N * (N - 1))
    return (
        Chain("lad.lemma1.any_matrix", combined().conclusion, "Any computation matrix")
        .define({row_pairs: column_form().conclusion}, "by lad.eq41")
        .define({column_squares: N * d**2 + spread}, "spread = sum over columns of (theta_j - d)^2")
        .equals(_VALUE + slope * spread, Algebra(why="the spread separates"))
        .derivation(lemmas=(combined(), column_form()))
    )


def _step(
    key: str,
    title: str,
    equation: str,
    relation: Relation,
    lhs: str,
    printed: sp.Expr | None,
    text: str,
    **more: object,
) -> Statement:
    return Statement(
        key,
        title,
        source("Appendix A", equation),
        Kind.STEP,
        relation,
        lhs,
        printed,
        hypotheses=(HONEST, LOAD, TASKS),
        slack=SLACK,
        text=text,
        **more,  # type: ignore[arg-type]
    )


STATEMENTS = (
    Statement(
        "lad.lemma1",
        "Honest row average of the cyclic matrix",
        source("Lemma 1", "17", "43"),
        Kind.LEMMA,
        Relation.EQUALITY,
        r"\mathbb{E}\left\|\tfrac1d\tfrac1H \mathbf{h}\hat{\mathbf{S}} - \tfrac1N \mathbf{1}\right\|^2",
        _VALUE,
        cyclic,
        (HONEST, LOAD, TASKS),
        ("lad.lemma1.infimum",),
        "Distance of the honest devices' average task row from the uniform row, for the cyclic matrix; no matrix "
        "with d ones in each row does better.",
        SLACK,
    ),
    _step(
        "lad.eq38",
        "Square expanded",
        "38",
        Relation.EQUALITY,
        _LHS,
        E_hS / (d**2 * H**2) - 1 / N,
        "Rows sum to d, so the cross term is known.",
        derivation=expansion,
    ),
    _step(
        "lad.eq39",
        "Moments of a uniform honest set",
        "39",
        Relation.EQUALITY,
        r"\mathbb{E}\|\mathbf{h}\mathbf{S}\|^2",
        H * d + H * (H - 1) / (N * (N - 1)) * row_pairs,
        "First and second moments of a uniform H-subset.",
        derivation=moments,
    ),
    _step(
        "lad.eq40",
        "Distance and pairs of rows",
        "40",
        Relation.EQUALITY,
        _LHS,
        (H * d + H * (H - 1) / (N * (N - 1)) * row_pairs) / (d**2 * H**2) - 1 / N,
        "The squared distance depends on S through the overlaps of its rows only.",
        derivation=combined,
        uses=("lad.eq38", "lad.eq39"),
    ),
    _step(
        "lad.eq41",
        "Pairs counted by columns",
        "41",
        Relation.EQUALITY,
        r"\sum_j \sum_{i \ne k} s(i,j) s(k,j)",
        column_squares - d * N,
        "A column with theta ones holds theta^2 - theta ordered pairs of rows.",
        derivation=column_form,
    ),
    _step(
        "lad.eq42",
        "Equal columns are best",
        "42",
        Relation.TIGHT_LOWER,
        r"\sum_j \theta_j^2 - dN",
        d**2 * N - d * N,
        "Attained when every column holds d ones.",
        derivation=column_bound,
    ),
    _step(
        "lad.lemma1.infimum",
        "Infimum over the computation matrices",
        "43",
        Relation.TIGHT_LOWER,
        _LHS,
        _VALUE,
        "Lower bound for every 0-1 matrix with d ones in each row, attained by the cyclic one.",
        derivation=infimum,
        uses=("lad.eq40", "lad.eq41", "lad.eq42"),
    ),
    Statement(
        "lad.lemma1.any_matrix",
        "Honest row average of any computation matrix",
        source("Appendix A", "40", "41"),
        Kind.REMARK,
        Relation.EQUALITY,
        _LHS,
        None,
        any_matrix,
        (HONEST, LOAD, TASKS),
        ("lad.eq40", "lad.eq41"),
        "spread is the sum over columns of (number of ones - d)^2; zero for the cyclic matrix.",
        SLACK,
    ),
)

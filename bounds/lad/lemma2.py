"""Lemma 2: how far one coded vector is from the mean gradient, (18) with (44)-(49)."""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy as sp

from ..moments import PermutationForm, PermutationMean, sum_of_squares
from ..proof import Chain, Derivation
from ..squares import Gram
from ..statement import Kind, Relation, Statement
from ..symbols import N, V, beta, d, grad_sq
from .domain import DEVICES, HETEROGENEITY, LOAD, SLACK, TASKS, source

#: E ||g_i||^2 and E ||g_i - mu||^2.
E_g = sp.Symbol("E_g", nonnegative=True)
#: Inner product of grad F with any fixed vector, and E of that of g_i.
inner_F = sp.Symbol("<gradF,w>", real=True)
E_inner = sp.Symbol("E<g,w>", real=True)
#: Sums over the subset gradients: of squared norms, and E of one pair's sum.
squares = sp.Symbol("G_sq", nonnegative=True)
pair_sum = sp.Symbol("E_pairs", real=True)

_LHS = r"\mathbb{E}\left[\left\|\mathbf{g}_i^t - \mu^t\right\|^2 \mid \mathcal{F}^t\right]"
MEANINGS = {
    E_g: r"\mathbb{E}\|\mathbf{g}_i^t\|^2",
    squares: r"\sum_k \|\nabla f_k\|^2",
    pair_sum: r"\sum_{k<j} \mathbb{E}\langle \mathbf{y}_k, \mathbf{y}_j\rangle",
    E_inner: r"\mathbb{E}\langle\mathbf{g}_i^t, \mathbf{w}\rangle",
    inner_F: r"\langle\nabla F, \mathbf{w}\rangle",
}


@cache
def unbiased() -> Derivation:
    """(44): d entries 1/d each, and every subset equally likely in every place."""
    return (
        Chain("lad.eq44", E_inner, "A coded vector is unbiased")
        .moments({E_inner: PermutationMean(N, d * (1 / d), inner_F)}, "uniform permutation", source="LAD (44)")
        .simplify(inner_F / N, source="LAD (44)", printed=inner_F / N)
        .derivation(meanings=MEANINGS)
    )


@cache
def variance() -> Derivation:
    """(45): expectation of the square, less the square of the expectation."""
    gram = Gram(("g", "mu"), {("g", "g"): E_g, ("g", "mu"): grad_sq / N**2, ("mu", "mu"): grad_sq / N**2})
    free = Gram(("g", "mu"))
    values = {free.product(u, v): sp.sympify(gram.product(u, v)) for u, v in (("g", "g"), ("g", "mu"), ("mu", "mu"))}
    return (
        Chain("lad.eq45", free.norm({"g": sp.S.One, "mu": -sp.S.One}), "Variance")
        .define(values, "E g = mu, by lad.eq44", source="LAD (45)")
        .simplify(E_g - grad_sq / N**2, source="LAD (45)", printed=E_g - grad_sq / N**2)
        .derivation(lemmas=(unbiased(),), meanings=MEANINGS)
    )


@cache
def split_mean() -> Derivation:
    """(47): one entry's mean square, split at the mean gradient."""
    one = sp.Symbol("E_y", nonnegative=True)
    return (
        Chain("lad.eq47", one, "One subset gradient")
        .moments({one: PermutationForm(N, sp.S.One, sp.S.One, squares, grad_sq)}, "one place", source="LAD (47)")
        .define({squares: sum_of_squares(N, grad_sq / N**2, V)}, "definition of V", source="LAD (47)")
        .simplify(V + grad_sq / N**2, source="LAD (47)", printed=V + grad_sq / N**2)
        .derivation(meanings=MEANINGS)
    )


@cache
def pairs_mean() -> Derivation:
    """(48): the d(d-1)/2 pairs of one device."""
    printed = d * (d - 1) / (N * (N - 1)) * (grad_sq - squares) / 2
    form = PermutationForm(N, sp.S.Zero, d * (d - 1) / 2, squares, grad_sq)
    return (
        Chain("lad.eq48", pair_sum, "Pairs of subset gradients")
        .moments({pair_sum: form}, "two different places", source="LAD (48)")
        .simplify(printed, source="LAD (48)", printed=printed)
        .derivation(meanings=MEANINGS)
    )


@cache
def second_moment() -> Derivation:
    """(46) and (49) up to the inequality: E ||g_i||^2 exactly."""
    one = sp.Symbol("E_y", nonnegative=True)
    first = (d - 1) / (d * N * (N - 1)) * grad_sq + (1 / (N * d) - (d - 1) / (d * N * (N - 1))) * squares
    exact = grad_sq / N**2 + (N - d) * V / (d * (N - 1))
    return (
        Chain("lad.eq49.exact", (d * one + 2 * pair_sum) / d**2, "Second moment of a coded vector")
        .define({one: squares / N}, "by lad.eq47", source="LAD (46)")
        .define({pair_sum: pairs_mean().conclusion}, "by lad.eq48", source="LAD (49)")
        .simplify(first, source="LAD (49)", printed=first)
        .define({squares: sum_of_squares(N, grad_sq / N**2, V)}, "definition of V", source="LAD (49)")
        .simplify(exact, source="LAD (49)", printed=exact)
        .derivation(lemmas=(split_mean(), pairs_mean()), meanings=MEANINGS)
    )


@cache
def second_moment_bound() -> Derivation:
    """(49): Assumption 2 inserted."""
    printed = grad_sq / N**2 + (N - d) * beta**2 / (d * (N - 1))
    return (
        Chain("lad.eq49", second_moment().conclusion, "Bound of the second moment")
        .bound({V: beta**2}, "lad.assumption2", SLACK, source="LAD (49)")
        .simplify(printed, source="LAD (49)", printed=printed)
        .derivation(lemmas=(second_moment(),), meanings=MEANINGS)
    )


@cache
def exact_deviation() -> Derivation:
    """Lemma 2 as an equality in V."""
    return (
        Chain("lad.lemma2.exact", variance().conclusion, "Deviation of one coded vector")
        .define({E_g: second_moment().conclusion}, "by lad.eq49.exact")
        .simplify((N - d) * V / (d * (N - 1)))
        .derivation(lemmas=(variance(), second_moment()), meanings=MEANINGS)
    )


@cache
def deviation() -> Derivation:
    """(18)."""
    printed = (N - d) * beta**2 / (d * (N - 1))
    return (
        Chain("lad.lemma2", exact_deviation().conclusion, "Deviation of one coded vector")
        .bound({V: beta**2}, "lad.assumption2", SLACK, source="LAD (18)")
        .simplify(printed, source="LAD (18)", printed=printed)
        .derivation(lemmas=(exact_deviation(),), meanings=MEANINGS)
    )


def _step(
    key: str,
    title: str,
    equation: str,
    relation: Relation,
    lhs: str,
    printed: sp.Expr | None,
    derivation: Any,
    text: str,
    uses: tuple[str, ...] = (),
) -> Statement:
    place = source("Appendix B", equation)
    return Statement(
        key, title, place, Kind.STEP, relation, lhs, printed, derivation, (DEVICES, LOAD, TASKS), uses, text, SLACK
    )


STATEMENTS = (
    Statement(
        "lad.lemma2",
        "Deviation of one coded vector",
        source("Lemma 2", "18"),
        Kind.LEMMA,
        Relation.TIGHT_UPPER,
        _LHS,
        (N - d) * beta**2 / (d * (N - 1)),
        deviation,
        (DEVICES, LOAD, TASKS, HETEROGENEITY),
        ("lad.assumption2", "lad.eq45", "lad.eq49"),
        "Mean squared distance of a device's coded vector from the mean gradient; an equality in V.",
        SLACK,
    ),
    _step(
        "lad.eq44",
        "A coded vector is unbiased",
        "44",
        Relation.EQUALITY,
        r"\mathbb{E}\langle\mathbf{g}_i^t, \mathbf{w}\rangle",
        inner_F / N,
        unbiased,
        "Written for an arbitrary direction w.",
    ),
    _step(
        "lad.eq45",
        "Variance",
        "45",
        Relation.EQUALITY,
        _LHS,
        E_g - grad_sq / N**2,
        variance,
        "Mean square less squared mean; E_g is E ||g_i||^2.",
        ("lad.eq44",),
    ),
    _step(
        "lad.eq47",
        "One subset gradient",
        "47",
        Relation.EQUALITY,
        r"\mathbb{E}\|\mathbf{y}_k\|^2",
        V + grad_sq / N**2,
        split_mean,
        "Mean square of one of the d subset gradients that a device computes.",
    ),
    _step(
        "lad.eq48",
        "Pairs of subset gradients",
        "48",
        Relation.EQUALITY,
        r"\sum_{k<j} \mathbb{E}\langle \mathbf{y}_k, \mathbf{y}_j\rangle",
        d * (d - 1) / (N * (N - 1)) * (grad_sq - squares) / 2,
        pairs_mean,
        "Sampling without replacement; G_sq is the sum of squared norms.",
    ),
    _step(
        "lad.eq49",
        "Second moment of a coded vector",
        "49",
        Relation.TIGHT_UPPER,
        r"\mathbb{E}\|\mathbf{g}_i^t\|^2",
        grad_sq / N**2 + (N - d) * beta**2 / (d * (N - 1)),
        second_moment_bound,
        "An equality in V.",
        ("lad.eq46", "lad.eq47", "lad.eq48", "lad.assumption2"),
    ),
    _step(
        "lad.eq46",
        "Second moment of a coded vector, exactly",
        "46",
        Relation.EQUALITY,
        r"\mathbb{E}\|\mathbf{g}_i^t\|^2",
        None,
        second_moment,
        "The square of the mean of d subset gradients, expanded and averaged.",
        ("lad.eq47", "lad.eq48"),
    ),
)

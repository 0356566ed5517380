"""Lemma 4: size of the honest mean, (23)-(25) with (64)."""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..inequalities import PSD
from ..proof import Chain, Derivation
from ..squares import Gram
from ..statement import Kind, Relation, Statement
from ..symbols import H, N, beta, d, delta, grad_sq
from . import lemma3
from .domain import HETEROGENEITY, HONEST, LOAD, SLACK, TASKS, UNBIASED, source

_WEIGHT = 4 * (N - H) * (N - d) / (d * H * (N - 1) * N)
#: As printed in (24) and (25).
KAPPA3 = (4 * delta / (H * d) + _WEIGHT) * N * beta**2
KAPPA4 = 2 / N**2 + 4 * delta / (H * d * N) + 4 * (N - H) * (N - d) / (d * H * (N - 1) * N**2)


@cache
def mean_square() -> Derivation:
    """(64)."""
    mu = grad_sq / N**2
    gram = Gram(("a", "mu"), {("a", "a"): lemma3.mean_dev, ("mu", "mu"): mu})
    free = Gram(("a", "mu"), {("a", "a"): lemma3.mean_dev})
    printed2 = 4 / H * delta * lemma3.E_g + 4 * lemma3.plain_dev + 2 * mu
    printed3 = (4 * delta / (H * d) + _WEIGHT) * (N * beta**2 + grad_sq / N) + 2 * mu
    return (
        Chain("lad.eq64", free.norm({"a": sp.S.One, "mu": sp.S.One}), "Size of the honest mean")
        .at_most(2 * lemma3.mean_dev + 2 * free.product("mu", "mu"), PSD(free), source="LAD (64)")
        .define({free.product("mu", "mu"): sp.sympify(gram.product("mu", "mu"))}, "mu = grad F / N", source="LAD (64)")
        .bound({lemma3.mean_dev: lemma3.honest_mean().conclusion}, "lad.eq54", source="LAD (64)", printed=printed2)
        .bound({lemma3.plain_dev: lemma3.plain_deviation().conclusion}, "lad.eq59", SLACK, source="LAD (64)")
        .bound({lemma3.E_g: lemma3.coded_norm().conclusion}, "lad.eq61", SLACK, source="LAD (64)", printed=printed3)
        .derivation(
            lemmas=(lemma3.honest_mean(), lemma3.plain_deviation(), lemma3.coded_norm()), meanings=lemma3.MEANINGS
        )
    )


@cache
def kappa3() -> Derivation:
    """(24)."""
    return lemma3.coefficient(mean_square(), "lad.kappa3", "Constant part of the honest mean", 0, "LAD (24)")


@cache
def kappa4() -> Derivation:
    """(25)."""
    return lemma3.coefficient(mean_square(), "lad.kappa4", "Gradient part of the honest mean", 1, "LAD (25)")


@cache
def honest_size() -> Derivation:
    """(23)."""
    return (
        Chain("lad.lemma4", mean_square().conclusion, "Size of the honest mean")
        .equals(
            kappa3().conclusion + kappa4().conclusion * grad_sq, source="LAD (23)", printed=KAPPA3 + KAPPA4 * grad_sq
        )
        .derivation(lemmas=(mean_square(), kappa3(), kappa4()), meanings=lemma3.MEANINGS)
    )


_HYPOTHESES = (HONEST, LOAD, TASKS, HETEROGENEITY, UNBIASED)
_LHS = r"\mathbb{E}\left[\left\|\bar{\mathbf{g}}^t\right\|^2 \mid \mathcal{F}^t\right]"

STATEMENTS = (
    Statement(
        "lad.lemma4",
        "Size of the honest mean",
        source("Lemma 4", "23"),
        Kind.LEMMA,
        Relation.UPPER,
        _LHS,
        KAPPA3 + KAPPA4 * grad_sq,
        honest_size,
        _HYPOTHESES,
        ("lad.kappa3", "lad.kappa4"),
        "Second moment of the mean of the honest messages.",
        SLACK,
    ),
    Statement(
        "lad.kappa3",
        "Constant part of the honest mean",
        source("Lemma 4", "24"),
        Kind.CONSTANT,
        Relation.UPPER,
        r"\kappa_3",
        KAPPA3,
        kappa3,
        (HONEST, LOAD),
        ("lad.eq64",),
        "Heterogeneity's share of the second moment of the honest mean.",
        SLACK,
    ),
    Statement(
        "lad.kappa4",
        "Gradient part of the honest mean",
        source("Lemma 4", "25"),
        Kind.CONSTANT,
        Relation.UPPER,
        r"\kappa_4",
        KAPPA4,
        kappa4,
        (HONEST, LOAD),
        ("lad.eq64",),
        "Share of ||grad F||^2 in the second moment of the honest mean.",
        SLACK,
    ),
    Statement(
        "lad.eq64",
        "Size of the honest mean, before sorting",
        source("Appendix E", "64"),
        Kind.STEP,
        Relation.UPPER,
        _LHS,
        (4 * delta / (H * d) + _WEIGHT) * (N * beta**2 + grad_sq / N) + 2 * grad_sq / N**2,
        mean_square,
        _HYPOTHESES,
        ("lad.eq54", "lad.eq59", "lad.eq61"),
        "The honest mean split into deviation and mean gradient, at the price of a factor 2.",
        SLACK,
    ),
)

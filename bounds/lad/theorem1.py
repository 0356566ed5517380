"""Theorem 1: convergence of Com-LAD, (26) with (65)-(70), and its error term (32)."""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy as sp

from ..inequalities import PSD, Algebra, Replace
from ..moments import PermutationMean
from ..proof import Chain, Derivation
from ..squares import Gram
from ..statement import Hypothesis, Kind, Relation, Role, Statement
from ..symbols import F0, Fstar, H, L, N, T, d, delta, eta, gamma0, grad_sq, kappa
from . import lemma3, lemma4
from .definitions import F_now, length_sq, slope
from .domain import BOUNDED, HETEROGENEITY, HONEST, LOAD, ROBUST, SLACK, SMOOTH, TASKS, UNBIASED, source

#: kappa1 ... kappa4 as unknowns: the argument needs no more than their signs.
K1, K3, K4 = sp.symbols("K1 K3 K4", nonnegative=True)
K2 = sp.Symbol("K2", positive=True)
F_next = sp.Symbol("F_next", real=True)
gap_sq = sp.Symbol("gap_sq", nonnegative=True)
mean_sq = sp.Symbol("mean_sq", nonnegative=True)
#: c is what multiplies ||grad F||^2, A what is left over, in one step.
progress = sp.Symbol("c", positive=True)
noise = sp.Symbol("A", nonnegative=True)
next_bound = sp.Symbol("F_bound", real=True)
scaled = sp.Symbol("c_grad", nonnegative=True)
average = sp.Symbol("grad_avg", nonnegative=True)
decrease = sp.Symbol("mean_decrease", real=True)
F_last = sp.Symbol("F_T", real=True)

_GRAM = Gram(("G", "u", "v"), {("G", "G"): grad_sq, ("u", "u"): gap_sq, ("v", "v"): mean_sq})
_ONE = sp.S.One
_INNER_GAP = _GRAM.product("G", "u")
_INNER_MEAN = _GRAM.product("G", "v")
MEANINGS = {
    F_next: r"\mathbb{E} F(\mathbf{x}^{t+1})",
    F_now: r"F(\mathbf{x}^t)",
    gap_sq: r"\mathbb{E}\|\hat{\mathbf{g}}^t - \bar{\mathbf{g}}^t\|^2",
    mean_sq: r"\mathbb{E}\|\bar{\mathbf{g}}^t\|^2",
    _INNER_GAP: r"\mathbb{E}\langle\nabla F, \hat{\mathbf{g}}^t - \bar{\mathbf{g}}^t\rangle",
    _INNER_MEAN: r"\mathbb{E}\langle\nabla F, \bar{\mathbf{g}}^t\rangle",
    average: r"\tfrac1T\sum_{t<T} \mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2",
    F_last: r"\mathbb{E} F(\mathbf{x}^T)",
}


def threshold(k2: sp.Expr, k4: sp.Expr) -> sp.Expr:
    """Largest learning rate of (26)."""
    return (1 / N - sp.sqrt(kappa * k2)) / (L * kappa * k2 + L * k4)


def bound(k1: sp.Expr, k2: sp.Expr, k3: sp.Expr, k4: sp.Expr, lead: sp.Expr | None = None) -> sp.Expr:
    """The right-hand side of (26); ``lead`` is kappa1 sqrt(kappa) / (2 sqrt(kappa2))."""
    edge = 1 / N - sp.sqrt(kappa * k2)
    slope_of = L * kappa * k2 + L * k4
    return (F0 - Fstar) / (T * (gamma0 * edge - gamma0**2 * slope_of)) + error_term(k1, k2, k3, k4, lead)


def error_term(k1: sp.Expr, k2: sp.Expr, k3: sp.Expr, k4: sp.Expr, lead: sp.Expr | None = None) -> sp.Expr:
    """The right-hand side of (32)."""
    lead = k1 * sp.sqrt(kappa) / (2 * sp.sqrt(k2)) if lead is None else lead
    edge = 1 / N - sp.sqrt(kappa * k2)
    return (lead + gamma0 * (L * kappa * k1 + L * k3)) / (edge - gamma0 * (L * kappa * k2 + L * k4))


@cache
def unbiased() -> Derivation:
    """(65): <grad F, E honest mean> is ||grad F||^2 / N; compression errors have mean zero."""
    return (
        Chain("lad.eq65", _INNER_MEAN, "The honest mean is unbiased")
        .moments({_INNER_MEAN: PermutationMean(N, d * (1 / d), grad_sq)}, "uniform permutation", source="LAD (65)")
        .simplify(grad_sq / N, source="LAD (65)", printed=grad_sq / N)
        .derivation(uses=("lad.definition2", "lad.eq44"), meanings=MEANINGS)
    )


@cache
def descent() -> Derivation:
    """(66): smoothness, the square of a sum of two, and Young's inequality."""
    split = F_now - gamma0 * _INNER_GAP - gamma0 * _INNER_MEAN + L * gamma0**2 * (gap_sq + mean_sq)
    young = (
        F_now
        + gamma0 * (eta * grad_sq + gap_sq / eta) / 2
        - gamma0 * grad_sq / N
        + L * gamma0**2 * gap_sq
        + L * gamma0**2 * mean_sq
    )
    moved = {
        slope: -gamma0 * _GRAM.inner({"G": _ONE}, {"u": _ONE, "v": _ONE}),
        length_sq: gamma0**2 * _GRAM.norm({"u": _ONE, "v": _ONE}),
    }
    return (
        Chain("lad.eq66", F_next, "Descent in one step")
        .bound({F_next: F_now + slope + L / 2 * length_sq}, "lad.assumption1", source="LAD (66)")
        .define(moved, "the update (12)", source="LAD (66)")
        .at_most(split, PSD(_GRAM, why="||u + v||^2 <= 2 ||u||^2 + 2 ||v||^2"), source="LAD (66)", printed=split)
        .define({_INNER_MEAN: unbiased().conclusion}, "by lad.eq65", source="LAD (66)")
        .at_most(young, PSD(_GRAM, why="Young's inequality"), source="LAD (66)", printed=young)
        .derivation(uses=("lad.assumption1",), lemmas=(unbiased(),), meanings=MEANINGS)
    )


@cache
def recursion() -> Derivation:
    """(67) and (68): Lemmas 3 and 4 inserted."""
    gap, mean = kappa * K1 + kappa * K2 * grad_sq, K3 + K4 * grad_sq
    printed67 = (
        F_now
        + gamma0 * (eta * grad_sq + kappa * K1 / eta + kappa * K2 * grad_sq / eta) / 2
        - gamma0 * grad_sq / N
        + L * gamma0**2 * gap
        + L * gamma0**2 * mean
    )
    printed68 = (
        F_now
        + gamma0 * kappa * K1 / eta / 2
        + gamma0**2 * (L * kappa * K1 + L * K3)
        + grad_sq * (gamma0 * ((eta + kappa * K2 / eta) / 2 - 1 / N) + gamma0**2 * (L * kappa * K2 + L * K4))
    )
    return (
        Chain("lad.eq68", descent().conclusion, "One step with Lemmas 3 and 4")
        .bound({gap_sq: gap, mean_sq: mean}, "lad.lemma3, lad.lemma4", source="LAD (67)", printed=printed67)
        .simplify(printed68, source="LAD (68)", printed=printed68)
        .derivation(uses=("lad.lemma3", "lad.lemma4"), lemmas=(descent(),), meanings=MEANINGS)
    )


def _parts() -> dict[sp.Symbol, sp.Expr]:
    root = sp.sqrt(kappa * K2)
    return {
        progress: gamma0 * (1 / N - root) - gamma0**2 * (L * kappa * K2 + L * K4),
        noise: gamma0 * kappa * K1 / (2 * root) + gamma0**2 * (L * kappa * K1 + L * K3),
    }


@cache
def one_step() -> Derivation:
    """(69): Young's parameter eta = sqrt(kappa kappa2), and sorted."""
    given = {next_bound: recursion().conclusion.subs(eta, sp.sqrt(kappa * K2)), **_parts()}
    after = F_now - F_next + noise
    printed = F_now - F_next + gamma0 * kappa * K1 / (2 * sp.sqrt(kappa * K2)) + gamma0**2 * (L * kappa * K1 + L * K3)
    drop = Replace({next_bound: F_next}, "lad.eq68", {next_bound: ">="})
    return (
        Chain("lad.eq69", progress * grad_sq, "Progress in one step")
        .equals(
            F_now + noise - next_bound, Algebra(given, why="eta = sqrt(kappa kappa2) in lad.eq68"), source="LAD (69)"
        )
        .at_most(after, drop, source="LAD (69)")
        .define({noise: _parts()[noise]}, source="LAD (69)", printed=printed)
        .derivation(lemmas=(recursion(),), meanings=MEANINGS)
    )


@cache
def one_step_divided() -> Derivation:
    """(70): divided by c > 0, which the learning rate ensures."""
    printed = ((F_now - F_next) + _parts()[noise]) / _parts()[progress]
    return (
        Chain("lad.eq70", grad_sq, "Squared gradient in one step")
        .equals(scaled / progress, Algebra({scaled: progress * grad_sq}, why="c > 0"), source="LAD (70)")
        .bound({scaled: one_step().conclusion}, "lad.eq69", source="LAD (70)")
        .define({progress: _parts()[progress]}, source="LAD (70)", printed=printed)
        .derivation(lemmas=(one_step(),), meanings=MEANINGS)
    )


@cache
def averaged() -> Derivation:
    """(26) in kappa1 ... kappa4: averaged over iterations, telescoped, and bounded below."""
    return (
        Chain("lad.theorem1.abstract", average, "Average squared gradient")
        .bound({average: (decrease + noise) / progress}, "lad.eq70, averaged", source="LAD (26)")
        .define({decrease: (F0 - F_last) / T}, "the differences telescope", source="LAD (26)")
        .at_most(
            ((F0 - Fstar) / T + noise) / progress,
            Replace({F_last: Fstar}, "lad.assumption3", {F_last: ">="}),
            source="LAD (26)",
        )
        .define(_parts(), source="LAD (26)")
        .equals(bound(K1, K2, K3, K4), source="LAD (26)", printed=bound(K1, K2, K3, K4))
        .derivation(uses=("lad.assumption3",), lemmas=(one_step_divided(),), meanings=MEANINGS)
    )


def kappas() -> dict[sp.Symbol, sp.Expr]:
    """kappa1 ... kappa4 as derived."""
    return {
        K1: lemma3.kappa1().conclusion,
        K2: lemma3.kappa2().conclusion,
        K3: lemma4.kappa3().conclusion,
        K4: lemma4.kappa4().conclusion,
    }


@cache
def convergence() -> Derivation:
    """(26)."""
    return (
        Chain("lad.theorem1", averaged().conclusion, "Convergence of Com-LAD")
        .define(kappas(), "by lad.kappa1 ... lad.kappa4", source="LAD (26)")
        .derivation(
            uses=("lad.kappa1", "lad.kappa2", "lad.kappa3", "lad.kappa4"), lemmas=(averaged(),), meanings=MEANINGS
        )
    )


@cache
def error() -> Derivation:
    """(32): what is left of (26) as the number of iterations grows."""
    without_start = convergence().conclusion.subs(F0, Fstar)
    return (
        Chain("lad.eq32", without_start, "Error term of Com-LAD")
        .equals(error_term(*kappas().values()), source="LAD (32)")
        .derivation(lemmas=(convergence(),), meanings=MEANINGS)
    )


@cache
def small_step_error() -> Derivation:
    """The error term as the learning rate tends to zero."""
    return (
        Chain("lad.eq32.small_step", error().conclusion, "Error term of Com-LAD at a vanishing learning rate")
        .define({gamma0: sp.S.Zero}, "gamma0 -> 0")
        .derivation(lemmas=(error(),), meanings=MEANINGS)
    )


PRINTED = (lemma3.KAPPA1, lemma3.KAPPA2, lemma4.KAPPA3, lemma4.KAPPA4)
SPREADING = Hypothesis("kappa2 > 0: delta > 0, or d < N and H < N", sp.Or(delta > 0, sp.And(d < N, H < N)))


def conditions(k2: sp.Expr, k4: sp.Expr, printed_k4: sp.Expr | None = None) -> tuple[Hypothesis, ...]:
    """Both conditions of a convergence theorem."""
    printed = None if printed_k4 is None else gamma0 < threshold(k2, printed_k4)
    return (
        Hypothesis("sqrt(kappa kappa2) < 1/N", sp.sqrt(kappa * k2) < 1 / N, Role.CONDITION),
        Hypothesis(
            "gamma0 < (1/N - sqrt(kappa kappa2)) / (L kappa kappa2 + L kappa4)",
            gamma0 < threshold(k2, k4),
            Role.CONDITION,
            printed,
        ),
    )


_ASSUMPTIONS = (SMOOTH, HETEROGENEITY, BOUNDED, UNBIASED, ROBUST, TASKS)
_START = Hypothesis("F0 >= Fstar", Fstar <= F0)
CONDITIONS = conditions(*(kappas()[k] for k in (K2, K4)))


def _step(
    key: str, title: str, equations: tuple[str, ...], lhs: str, printed: sp.Expr, derivation: Any, text: str
) -> Statement:
    place = source("Appendix F", *equations)
    relation = derivation().relation
    kind = Relation.EQUALITY if relation == "=" else Relation.UPPER
    # The bracket of (70) is positive under the theorem's own conditions, with kappa2 and kappa4 as symbols.
    needed = conditions(K2, K4) if key == "lad.eq70" else ()
    return Statement(key, title, place, Kind.STEP, kind, lhs, printed, derivation, needed, derivation().uses, text)


def _abstract_steps() -> tuple[Statement, ...]:
    return tuple(
        _step(derivation().key, derivation().title, equations, lhs, derivation().steps[-1].printed, derivation, text)
        for derivation, equations, lhs, text in (
            (unbiased, ("65",), MEANINGS[_INNER_MEAN], "Permutations and unbiased compression average out."),
            (descent, ("66",), MEANINGS[F_next], "For every Young parameter eta > 0."),
            (recursion, ("67", "68"), MEANINGS[F_next], "K1 ... K4 stand for kappa1 ... kappa4."),
            (one_step, ("69",), r"c \|\nabla F\|^2", "With eta = sqrt(kappa kappa2); c is the bracket on the left."),
            (one_step_divided, ("70",), r"\|\nabla F\|^2", "Divided by the bracket, which must be positive."),
        )
    )


STATEMENTS = (
    Statement(
        "lad.theorem1",
        "Convergence of Com-LAD",
        source("Theorem 1", "26"),
        Kind.THEOREM,
        Relation.UPPER,
        MEANINGS[average],
        bound(*PRINTED),
        convergence,
        (HONEST, LOAD, SPREADING, _START, *_ASSUMPTIONS, *CONDITIONS),
        ("lad.kappa1", "lad.kappa2", "lad.kappa3", "lad.kappa4", "lad.eq70", "lad.assumption3"),
        "Average squared gradient norm over T iterations at a fixed learning rate gamma0.",
        SLACK,
    ),
    Statement(
        "lad.eq32",
        "Error term of Com-LAD",
        source("Section VI", "32"),
        Kind.REMARK,
        Relation.UPPER,
        r"\varepsilon_{\mathrm{Com\text{-}LAD}}",
        error_term(*PRINTED),
        error,
        (HONEST, LOAD, SPREADING, *_ASSUMPTIONS, *CONDITIONS),
        ("lad.theorem1",),
        "What Theorem 1 leaves as T grows.",
        SLACK,
    ),
    Statement(
        "lad.eq32.small_step",
        "Error term of Com-LAD at a vanishing learning rate",
        source("Section VI", "32"),
        Kind.REMARK,
        Relation.UPPER,
        r"\lim_{\gamma^0 \to 0} \varepsilon_{\mathrm{Com\text{-}LAD}}",
        None,
        small_step_error,
        (HONEST, LOAD, SPREADING, *_ASSUMPTIONS, CONDITIONS[0]),
        ("lad.eq32",),
        "The smallest error term that Theorem 1 can give.",
        SLACK,
    ),
    *_abstract_steps(),
)

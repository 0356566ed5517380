"""Certificates that a refined bound is never above the printed one, for all admissible parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import sympy as sp

from ..catalogue import get
from ..inequalities import Algebra, Positivity
from ..proof import Chain, Derivation
from ..statement import Hypothesis, Kind, Relation, Role
from ..symbols import F0, C_alpha, Fstar, H, L, M, N, alpha, beta, d, d_min, eta, gamma0, grad_sq, kappa, r
from .descent import error_weight, margin, noise_weight, rate
from .lad_theorem import CONSTANTS
from .notation import GAP, err_0, err_1, noise_0, noise_1, result, steps

#: The papers' constants: E||ghat - gbar||^2 <= paper_0 + eta^2 ||grad F||^2 and E||gbar||^2 <= paper_3 + paper_4
#: ||grad F||^2.
paper_0, paper_3, paper_4 = sp.symbols("paper_0 paper_3 paper_4", nonnegative=True)
_a, _b, _c, _e = sp.symbols("slack_0 slack_1 slack_3 slack_4", nonnegative=True)
_loss, _margin, _big, _small = sp.symbols("loss margin big small", positive=True)
_more = sp.Symbol("more", nonnegative=True)
_t, _s, _rest = sp.symbols("t s rest", positive=True)
_x, _y, _z = sp.symbols("x y z", nonnegative=True)

#: eta and the learning rate where the papers' margin is positive: N eta + L gamma0 / N < 1.
_INSIDE = {eta: _t / ((_t + _s + _rest) * N), gamma0: _s * N / ((_t + _s + _rest) * L)}
#: Every 1 <= d <= N, 2 <= H <= N: the larger of d and H first.
CASES: tuple[dict[sp.Symbol, sp.Expr], ...] = (
    {d: 1 + _x, H: 1 + d + _y, N: H + _z},
    {H: 2 + _x, d: H + _y, N: d + _z},
)


def printed_rate() -> sp.Expr:
    """The papers' bound for a fixed learning rate, with eta the root of the gradient's coefficient."""
    loss = (F0 - Fstar) / (gamma0 * steps) + paper_0 / (2 * eta) + L * gamma0 * (paper_0 + paper_3)
    return loss / (1 / N - eta - L * gamma0 * (eta**2 + paper_4))


@cache
def dominance() -> Derivation:
    """The refined bound at the papers' eta is at most the papers' bound with constants that are no smaller."""
    drop = sp.Symbol("drop", nonnegative=True)
    loss = drop + error_weight(gamma0) * err_0 + noise_weight(gamma0) * noise_0
    printed_loss = drop + paper_0 / (2 * eta) + L * gamma0 * (paper_0 + paper_3)
    above = Chain("refined.descent.dominance.loss", loss, "The numerator")
    above.at_most(printed_loss, Positivity({paper_0: err_0 + _a, paper_3: noise_0 + _c, **_INSIDE}))
    below = Chain("refined.descent.dominance.margin", margin(gamma0, err_1, noise_1), "The denominator")
    shift = {err_1: eta**2 - _b, paper_4: 1 / N**2 + noise_1 + _e, **_INSIDE}
    below.at_least(1 / N - eta - L * gamma0 * (eta**2 + paper_4), Positivity(shift))
    chain = Chain("refined.descent.dominance", _loss / _margin, "Refined against printed")
    chain.bound({_loss: _big}, "the numerator")
    chain.at_most(_big / _small, Positivity({_margin: _small + _more}, why="the denominator"))
    given = {_big: printed_loss.subs(drop, (F0 - Fstar) / (gamma0 * steps)), _small: below.now}
    chain.define(given, "the papers' numerator and denominator")
    start = Chain(
        "refined.descent.dominance.start", rate(gamma0, steps, (err_0, err_1, noise_0, noise_1)), "The refined bound"
    )
    parts = {_loss: loss.subs(drop, (F0 - Fstar) / (gamma0 * steps)), _margin: margin(gamma0, err_1, noise_1)}
    start.equals(_loss / _margin, Algebra(parts, why="numerator and denominator"))
    return chain.derivation(
        uses=("refined.descent.fixed",), lemmas=(start.derivation(), above.derivation(), below.derivation())
    )


def _compared(
    key: str, refined: sp.Expr, printed: sp.Expr, cases: tuple[Mapping[sp.Symbol, sp.Expr], ...]
) -> Derivation:
    """``refined <= printed``, case by case."""
    chains = [
        Chain(key, refined, "Refined against printed").at_most(printed, Positivity(case)).derivation() for case in cases
    ]
    first, *others = chains
    return Derivation(key, first.steps, first.title, lemmas=tuple(others))


def _printed(key: str) -> sp.Expr:
    """The paper's formula."""
    formula = get(key).printed
    if formula is None:
        raise ValueError(f"{key} has no printed form to compare with")
    return formula


def _coefficient(number: int) -> Callable[[], Derivation]:
    """kappa_number' <= kappa_number."""

    @cache
    def build() -> Derivation:
        key = f"refined.lad.kappa{number}"
        return _compared(f"{key}.dominance", get(key).formula, _printed(f"lad.kappa{number}"), CASES)

    return build


@cache
def lad_theorem() -> Derivation:
    """Theorem 1 of Com-LAD: its constants are no larger than the paper's, and the general comparison applies."""
    printed = [_printed(f"lad.kappa{number}") for number in range(1, 5)]
    pairs = zip(CONSTANTS, (kappa * printed[0], kappa * printed[1], printed[2], printed[3] - 1 / N**2), strict=True)
    lemmas = tuple(
        _compared(f"refined.lad.theorem1.dominance.{number}", ours, theirs, CASES)
        for number, (ours, theirs) in enumerate(pairs)
    )
    base = dominance()
    return Derivation("refined.lad.theorem1.dominance", base.steps, base.title, lemmas=(*base.lemmas, *lemmas))


@cache
def lad_floor() -> Derivation:
    """The floor of Com-LAD: with x = N sqrt(kappa kappa2) < 1 the printed one has 2 x (1 - x) for 1 - x^2 here."""
    x = sp.Symbol("x", positive=True)
    ours, printed = N**2 * err_0 / (1 - N**2 * err_1), N**2 * paper_0 / (2 * x * (1 - x))
    # x = t / (t + rest) is any number below one; the constants are no larger than the paper's.
    share = _t / (_t + _rest)
    shift = {paper_0: err_0 + _a, err_1: (x**2 - _b_share(x)) / N**2, x: share}
    chain = Chain("refined.lad.floor.dominance", ours, "Refined against printed floor")
    chain.at_most(printed, Positivity(shift))
    values = [_printed(f"lad.kappa{number}") for number in (1, 2)]
    lemmas = tuple(
        _compared(f"refined.lad.floor.dominance.{number}", CONSTANTS[number], kappa * values[number], CASES)
        for number in (0, 1)
    )
    return chain.derivation(lemmas=lemmas)


def _b_share(x: sp.Expr) -> sp.Expr:
    """Any number between 0 and x^2."""
    return x**2 * _b / (1 + _b)


#: Slack variables of CRA: 1 <= r <= M, at least two honest devices, 0 <= alpha.
CRA_CASES: tuple[dict[sp.Symbol, sp.Expr], ...] = (
    {alpha: _x / (_x + 1 + _y), M: r + _z, N: (_x + 1 + _y) * (2 + _more) / (1 + _y)},
)


@cache
def cra_theorem() -> Derivation:
    """Theorem 1 of CRA-DL with equal loads: the same comparison."""
    base = dominance()
    loads = {d_min: N * r / M}
    error = _printed("cra.eq26").subs(loads)
    mean = _printed("cra.lemma2").subs(loads)
    comparisons = (
        (get("refined.cra.error").formula, error.subs(grad_sq, 0)),
        (sp.S.Zero, sp.factor(error - error.subs(grad_sq, 0)) / grad_sq),
        (get("refined.cra.noise").formula, mean.subs(grad_sq, 0)),
        (1 / N**2, sp.factor(mean - mean.subs(grad_sq, 0)) / grad_sq),
    )
    lemmas = tuple(
        _compared(f"refined.cra.theorem1.dominance.{number}", ours, theirs, CRA_CASES)
        for number, (ours, theirs) in enumerate(comparisons)
    )
    return Derivation("refined.cra.theorem1.dominance", base.steps, base.title, lemmas=(*base.lemmas, *lemmas))


@cache
def cra_floor() -> Derivation:
    """The floor of CRA-DL: with x = 2 sqrt(2) C_alpha (1 - r/M) < 1, x^2 / 2 <= x / (2 (1 - x))."""
    x = sp.Symbol("x", positive=True)
    ours = Chain("refined.cra.floor.value", get("refined.cra.floor").formula, "The refined floor")
    limit = 4 * C_alpha**2 * beta**2 * (M - r) ** 2
    ours.at_most(limit, Positivity(CRA_CASES[0]))
    named = {C_alpha: x / (2 * sp.sqrt(2) * (1 - r / M))}
    ours.step("=", M**2 * beta**2 * x**2 / 2, Algebra(named, why="x = 2 sqrt(2) C_alpha (1 - r / M)"))
    chain = Chain("refined.cra.floor.dominance", M**2 * beta**2 * x**2 / 2, "Refined against printed floor")
    chain.at_most(M**2 * beta**2 * x / (2 * (1 - x)), Positivity({x: _t / (_t + _rest)}))
    theirs = Chain("refined.cra.floor.printed", _printed("cra.remark2"), "The printed floor")
    theirs.equals(M**2 * beta**2 * x / (2 * (1 - x)), Algebra(named, why="x = 2 sqrt(2) C_alpha (1 - r / M)"))
    return chain.derivation(lemmas=(ours.derivation(), theirs.derivation()))


@cache
def cra_lemma1() -> Derivation:
    """Lemma 1 of CRA-DL with equal loads."""
    printed = _printed("cra.lemma1").subs(d_min, N * r / M)
    return _compared("refined.cra.lemma1.dominance", get("refined.cra.lemma1").formula, printed, ({M: r + _z},))


#: Refined key -> derivation that it is never above what it improves.
DOMINANCE: dict[str, Callable[[], Derivation]] = {
    **{f"refined.lad.kappa{number}": _coefficient(number) for number in range(1, 5)},
    "refined.lad.theorem1": lad_theorem,
    "refined.lad.floor": lad_floor,
    "refined.cra.lemma1": cra_lemma1,
    "refined.cra.theorem1": cra_theorem,
    "refined.cra.floor": cra_floor,
}

STATEMENTS = (
    result(
        "refined.descent.dominance",
        "The refined bound is never above the papers'",
        Relation.UPPER,
        r"\text{the bound of refined.descent.fixed at the papers' }\eta",
        dominance,
        (
            GAP,
            Hypothesis("the refined constants are no larger than the papers'"),
            Hypothesis(
                "the papers' margin is positive",
                sp.Gt(1 / N - eta - L * gamma0 * (eta**2 + paper_4), 0),
                Role.CONDITION,
            ),
        ),
        "For every learning rate and number of iterations that the papers admit.",
        uses=("refined.descent.fixed",),
        kind=Kind.LEMMA,
    ),
)

"""kappa of the mean of the values nearest to a robust centre: Phocas and MeaMed, sharp."""

from __future__ import annotations

import sympy as sp

from ..inequalities import Positivity, Squares
from ..proof import Chain, Derivation
from ..squares import lagrange
from ..statement import Kind, Relation, Source, Statement
from ..symbols import H, N
from .parts import CORE, EVEN, MAJORITY, MEANINGS, ODD, OWN, deviation, f, variance

_dropped = sp.Symbol("b", integer=True, nonnegative=True)
_more = sp.Symbol("s", integer=True, nonnegative=True)
_spread = sp.Symbol("Y", nonnegative=True)
_MEANINGS = {
    **MEANINGS,
    _spread: r"\Big(\sum_{i \in E} |z_i - c|\Big)^2",
    _dropped: r"|E|,\ E \text{ the honest values left out}",
}
_NEARER = (
    "every Byzantine value that is kept is at least as near to the centre c as every honest value that is left "
    "out, and "
    "there are as many of them"
)
_SIGNED = (
    "Cauchy-Schwarz; c is at most the mean of the {top} largest honest values and at least that of the {top} "
    "smallest, so "
    "that the sum over E is at most a combination of the z_i whose weights have squared norm b + b^2/({top})"
)


def _nearest(key: str, top: sp.Expr, result: sp.Expr, title: str) -> Derivation:
    """kappa from the number of honest values whose mean bounds the centre on either side."""
    byzantine = N - H
    weights = _dropped + _dropped**2 / top
    chain = Chain(key, deviation / variance, title)
    chain.bound({deviation: 4 * _spread / H**2}, _NEARER)
    square = lagrange(weights, H * variance, _spread)
    shift = {N: H + f, H: f + 1 + sp.Symbol("t", integer=True, nonnegative=True), f: _dropped + _more}
    reason = Squares(((4 / (H**2 * variance), square),), shift, _SIGNED.format(top=top))
    chain.at_most(4 * weights / H, reason)
    chain.at_most(4 * (byzantine + byzantine**2 / top) / H, Positivity(shift, why="at most f are left out"))
    chain.simplify(result)
    return chain.derivation(meanings=_MEANINGS, lemmas=(_approached(key, top, result),))


def _approached(key: str, top: sp.Expr, result: sp.Expr) -> Derivation:
    """f honest values at -1, ``top`` at f/top, the others at 0, the Byzantine ones mirrored: a tie, so a supremum."""
    byzantine = N - H
    centre = byzantine / top
    moved = (top * centre + byzantine * (2 * centre + 1)) / H
    spread = (top * centre**2 + byzantine) / H
    chain = Chain(f"{key}.approached", moved**2 / spread, "values that approach the constant")
    chain.simplify(
        result, note="the honest mean is 0; the f values at -1 are as far from the centre as the Byzantine ones"
    )
    return chain.derivation()


def _phocas() -> Derivation:
    return _nearest("robustness.kappa.phocas", CORE, 4 * (N - H) / CORE, "Phocas: kappa is 4f/(N - 2f)")


def _meamed_odd() -> Derivation:
    top, result = (N + 1) / 2 - (N - H), 4 * (N - H) * (N + 1) / (H * (CORE + 1))
    return _nearest("robustness.kappa.meamed_odd", top, result, "MeaMed, N odd: 4f(N + 1)/((N - f)(N + 1 - 2f))")


def _meamed_even() -> Derivation:
    top, result = N / 2 + 1 - (N - H), 4 * (N - H) * (N + 2) / (H * (CORE + 2))
    return _nearest("robustness.kappa.meamed_even", top, result, "MeaMed, N even: 4f(N + 2)/((N - f)(N + 2 - 2f))")


_OWN = Source(OWN, "sharp constants")

STATEMENTS = (
    Statement(
        key="robustness.kappa.phocas",
        title="kappa of Phocas, by coordinate or by vector",
        source=_OWN,
        kind=Kind.CONSTANT,
        relation=Relation.TIGHT_UPPER,
        lhs=r"\kappa",
        derivation=_phocas,
        hypotheses=(MAJORITY,),
        uses=("robustness.kappa.cwtm",),
        text="4f/(N - 2f): averaging around the trimmed mean costs a factor of four against the trimmed mean itself. "
        "For vectors the same follows with 1 + kappa of the trimmed mean in place of the signed sum.",
    ),
    Statement(
        key="robustness.kappa.meamed_odd",
        title="kappa of the mean around the median, N odd",
        source=_OWN,
        kind=Kind.CONSTANT,
        relation=Relation.TIGHT_UPPER,
        lhs=r"\kappa",
        derivation=_meamed_odd,
        hypotheses=(MAJORITY, ODD),
        uses=("robustness.kappa.median_odd",),
        text="4f(N + 1)/((N - f)(N + 1 - 2f)).",
    ),
    Statement(
        key="robustness.kappa.meamed_even",
        title="kappa of the mean around the median, N even",
        source=_OWN,
        kind=Kind.CONSTANT,
        relation=Relation.TIGHT_UPPER,
        lhs=r"\kappa",
        derivation=_meamed_even,
        hypotheses=(MAJORITY, EVEN),
        uses=("robustness.kappa.median_even",),
        text="4f(N + 2)/((N - f)(N + 2 - 2f)).",
    ),
)

"""kappa of the geometric median, sharp for either parity of the number of devices."""

from __future__ import annotations

import sympy as sp

from ..inequalities import Algebra, Squares
from ..proof import Chain, Derivation
from ..squares import lagrange
from ..statement import Hypothesis, Kind, Relation, Statement
from ..symbols import H, N
from .parts import ALLOUAH, MAJORITY, MAJORITY_SHIFT, MEANINGS, ODD, deviation, q, variance

_along = sp.Symbol("D_along", nonnegative=True)
_reach = sp.Symbol("Y", nonnegative=True)
_cosines = sp.Symbol("B", nonnegative=True)
_MEANINGS = {
    **MEANINGS,
    _along: r"\langle \bar z - x, e\rangle^2",
    _reach: r"\Big(\sum_i c_i^+ \|z_i - x\|\Big)^2",
    _cosines: r"\sum_i (c_i^+)^2",
}
_BALANCE = (
    "x minimises the sum of distances, so that the unit vectors from x to the messages balance; the Byzantine ones "
    "contribute at most f, hence the cosines c_i of the honest ones with the direction e of the mean sum to at most f; "
)
_ANY = _BALANCE + "and (c^+)^2 <= (1 + c)/2 on [-1, 1]"
_VERTEX = _BALANCE + (
    "(c^+)^2 is convex, so its largest sum is at a vertex: all c_i but one are 1 or -1, and for odd N that one "
    "is 0, or 1 "
    "beside one more -1"
)


def _bound(key: str, cosines: sp.Expr, reason: str, result: sp.Expr, title: str) -> Derivation:
    """From the squares of the cosines to the constant: B/(H - B)."""
    chain = Chain(key, deviation / variance, title)
    split = (H * _along - cosines * deviation) / ((H - cosines) * variance)
    chain.equals(split, Algebra({_along: deviation}, why="e is the direction of the mean seen from x"))
    chain.bound({_along: _reach / H**2}, "leaving out messages on the far side", MAJORITY_SHIFT)
    after = (_cosines * (variance + deviation) - cosines * deviation) / ((H - cosines) * variance)
    weight = 1 / (H * (H - cosines) * variance)
    square = lagrange(_cosines, H * (variance + deviation), _reach)
    chain.at_most(after, Squares(((weight, square),), MAJORITY_SHIFT, "Cauchy-Schwarz"))
    chain.bound({_cosines: cosines}, reason, MAJORITY_SHIFT)
    chain.simplify(result)
    return chain.derivation(meanings=_MEANINGS, lemmas=(_two_places(key, cosines, result),))


def _two_places(key: str, far: sp.Expr, result: sp.Expr) -> Derivation:
    """``far`` honest messages at 1, the others and the Byzantine ones at 0, where the geometric median stays."""
    share = far / H
    chain = Chain(f"{key}.attained", share**2 / (share * (1 - share)), "honest messages at two places")
    chain.simplify(result, note="squared distance of the mean from 0, over the variance")
    return chain.derivation()


def _any_number() -> Derivation:
    title = "Geometric median: kappa is at most N/(N - 2f)"
    return _bound("robustness.kappa.geometric_median", N / 2, _ANY, N / (2 * H - N), title)


def _odd_number() -> Derivation:
    title = "Geometric median, N odd: kappa is (N - 1)/(N + 1 - 2f)"
    result = (N - 1) / (2 * H - N + 1)
    return _bound("robustness.kappa.geometric_median_odd", (N - 1) / 2, _VERTEX, result, title)


#: The geometric median of fewer than two messages is no question.
_TWO = Hypothesis("at least two devices", sp.Ge(N, 2))

STATEMENTS = (
    Statement(
        key="robustness.kappa.geometric_median",
        title="kappa of the geometric median",
        source=ALLOUAH,
        kind=Kind.CONSTANT,
        relation=Relation.TIGHT_UPPER,
        lhs=r"\kappa",
        printed=4 * (1 + q) ** 2,
        derivation=_any_number,
        hypotheses=(MAJORITY, _TWO),
        uses=("lad.definition1",),
        text="At most N/(N - 2f), approached but not attained for even N in two dimensions: N/2 honest "
        "messages near one "
        "place, so that their pull on the other N/2 messages is just below N/2.",
    ),
    Statement(
        key="robustness.kappa.geometric_median_odd",
        title="kappa of the geometric median, N odd",
        source=ALLOUAH,
        kind=Kind.CONSTANT,
        relation=Relation.TIGHT_UPPER,
        lhs=r"\kappa",
        printed=4 * (1 + q) ** 2,
        derivation=_odd_number,
        hypotheses=(MAJORITY, ODD),
        uses=("lad.definition1",),
        text="(N - 1)/(N + 1 - 2f), attained with (N - 1)/2 honest messages at one place and all others at another.",
    ),
)

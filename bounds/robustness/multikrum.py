"""kappa of Multi-Krum, the mean of the N - f messages of least score."""

from __future__ import annotations

import sympy as sp

from ..inequalities import Algebra, Squares
from ..proof import Chain, Derivation
from ..squares import lagrange
from ..statement import Kind, Relation, Source, Statement
from ..symbols import H, N
from .parts import CORE, MAJORITY, MEANINGS, OWN, deviation, variance
from .selection import SHIFT, SOME

_squares = sp.symbols("x2 y2 w2", nonnegative=True)
_sum = sp.Symbol("S2", nonnegative=True)
_byzantine = N - H
_MEANINGS = {
    **MEANINGS,
    _sum: r"\|x + y + w\|^2",
    _squares[0]: r"\Big(\frac1H\sum_{i \in E} \|z_i - \bar z\|\Big)^2",
    _squares[1]: r"\Big(\frac1H\sum_j \|b_j - \bar z_{A_j}\|\Big)^2",
    _squares[2]: r"\Big(\frac1H\sum_j \|\bar z_{A_j} - \bar z\|\Big)^2",
}
_SWAPPED = (
    "each Byzantine message b_j that is kept stands where an honest one of E is missing, and has no larger "
    "score; A_j are "
    "N - 2f honest neighbours of b_j"
)


def _multikrum() -> Derivation:
    share = _byzantine / H
    sizes = (sp.Integer(1), sp.sqrt(N / CORE), _byzantine / sp.sqrt(H * CORE))
    total = sum(sizes, sp.Integer(0))
    title = "Multi-Krum: kappa is at most (f/H) (1 + sqrt(N/(N - 2f)) + f/sqrt(H(N - 2f)))^2"
    chain = Chain("robustness.kappa.multikrum", deviation / variance, title)
    chain.bound({deviation: _sum}, _SWAPPED)
    weighted = sum((square / size for size, square in zip(sizes, _squares, strict=True)), sp.Integer(0))
    cauchy = Squares(((1 / variance, lagrange(total, weighted, _sum)),), SHIFT, "Cauchy-Schwarz, weighted by the sizes")
    chain.at_most(total * weighted / variance, cauchy)
    reasons = (
        "Cauchy-Schwarz over at most f messages of E, whose squares sum to at most H V_z",
        "the score of b_j is at most that of z_i in E, which is at most H (V_z + ||z_i - mean||^2)",
        "N - 2f honest messages have their mean within f V_z/(N - 2f), squared",
    )
    for size, square, reason in zip(sizes, _squares, reasons, strict=True):
        chain.bound({square: share * size**2 * variance}, reason, SHIFT)
    chain.equals(share * total**2, Algebra(shift=SHIFT))
    return chain.derivation(meanings=_MEANINGS)


STATEMENTS = (
    Statement(
        key="robustness.kappa.multikrum",
        title="kappa of Multi-Krum (N - f messages kept, scored by the N - f nearest)",
        source=Source(OWN, "upper bounds"),
        kind=Kind.CONSTANT,
        relation=Relation.UPPER,
        lhs=r"\kappa",
        derivation=_multikrum,
        hypotheses=(MAJORITY, SOME),
        uses=("lad.definition1",),
        text="Of the order of f/N, unlike Krum; the search reaches 4f/(N - 2f) up to a third of Byzantine devices.",
    ),
)

"""kappa of the mean of the N - f messages of smallest covariance (SMEA), sharp."""

from __future__ import annotations

import sympy as sp

from ..inequalities import PSD
from ..proof import Chain, Derivation
from ..squares import Gram
from ..statement import Kind, Relation, Source, Statement
from ..symbols import H, N
from .parts import CORE, MAJORITY, MAJORITY_SHIFT, MEANINGS, OWN, deviation, variance

_p2 = sp.Symbol("p2", nonnegative=True)
_q2 = sp.Symbol("q2", nonnegative=True)
_eigenvalue = sp.Symbol("lambda_H", nonnegative=True)
_byzantine = N - H
_GRAM = Gram(("p", "q"), {("p", "p"): _p2, ("q", "q"): _q2})
_MEANINGS = {
    **MEANINGS,
    _p2: r"\|\bar x_S - \bar z_A\|^2",
    _q2: r"\|\bar z_A - \bar z\|^2",
    _eigenvalue: r"\lambda_{\max}(\mathrm{Cov}_H)",
}
_SPLIT = "S is the chosen subset, A its honest members, at least N - 2f of H"


def _smea() -> Derivation:
    chain = Chain("robustness.kappa.smea", deviation / variance, "SMEA: kappa is 4f/(N - 2f)")
    chain.define({deviation: _GRAM.norm({"p": 1, "q": 1})}, _SPLIT)
    chain.at_most(2 * (_p2 + _q2) / variance, PSD(_GRAM, MAJORITY_SHIFT, "||p + q||^2 <= 2 ||p||^2 + 2 ||q||^2"))
    part = _byzantine / CORE * _eigenvalue
    reason = (
        "the mean of a part of N - 2f out of H differs by at most f/(N - 2f) times the variance along that "
        "direction; the "
        "covariance of S has no larger top eigenvalue than that of the honest messages"
    )
    chain.bound({_p2: part}, reason, MAJORITY_SHIFT)
    chain.bound({_q2: part}, "the same for A as a part of the honest messages", MAJORITY_SHIFT)
    chain.bound({_eigenvalue: variance}, "an eigenvalue is at most the trace", MAJORITY_SHIFT)
    chain.simplify(4 * _byzantine / CORE)
    return chain.derivation(meanings=_MEANINGS, lemmas=(_approached(),))


def _approached() -> Derivation:
    """f honest messages at 0, N - 2f at 1, the Byzantine ones at 2: two subsets tie."""
    share = CORE / H
    moved = (CORE + 2 * _byzantine) / H - share
    chain = Chain("robustness.kappa.smea.approached", moved**2 / (share * (1 - share)), "three places on a line")
    chain.simplify(4 * _byzantine / CORE, note="nearer to 1 by any amount, the Byzantine messages are chosen")
    return chain.derivation()


STATEMENTS = (
    Statement(
        key="robustness.kappa.smea",
        title="kappa of SMEA, the mean of the N - f messages of smallest covariance",
        source=Source(OWN, "sharp constants"),
        kind=Kind.CONSTANT,
        relation=Relation.TIGHT_UPPER,
        lhs=r"\kappa",
        derivation=_smea,
        hypotheses=(MAJORITY,),
        uses=("lad.definition1",),
        text="4f/(N - 2f), even with the largest eigenvalue of the honest covariance in place of its trace; "
        "also for the "
        "subset of smallest trace.",
    ),
)

"""kappa of nearest-neighbour mixing followed by any rule."""

from __future__ import annotations

import sympy as sp

from ..inequalities import PSD
from ..proof import Chain, Derivation
from ..squares import Gram
from ..statement import Kind, Relation, Statement
from ..symbols import H, N, kappa
from .parts import ALLOUAH, MAJORITY, MEANINGS, deviation, variance

_p2 = sp.Symbol("p2", nonnegative=True)
_q2 = sp.Symbol("q2", nonnegative=True)
_mixed = sp.Symbol("V_y", nonnegative=True)
_moved = sp.Symbol("W", nonnegative=True)
_pairs = sp.Symbol("G", nonnegative=True)
_byzantine = N - H
_GRAM = Gram(("p", "q"), {("p", "p"): _p2, ("q", "q"): _q2})
_MEANINGS = {
    **MEANINGS,
    _p2: r"\|F(y) - \bar y\|^2",
    _q2: r"\|\bar y - \bar z\|^2",
    _mixed: r"\frac1H\sum_i \|y_i - \bar y\|^2",
    _moved: r"\frac1H\sum_i \|y_i - \bar z\|^2",
    _pairs: r"\frac1{H^2}\sum_{i,j} \|z_i - z_j\|^2",
}
_NEARER = (
    "in y_i each Byzantine neighbour is at least as near to z_i as each honest message that it "
    "displaces, at most f of them"
)


def _nnm() -> Derivation:
    positive = {kappa: sp.Symbol("kappa_F", positive=True)}
    chain = Chain(
        "robustness.kappa.nnm", deviation / variance, "Mixing, then a rule F: kappa is at most 8f(1 + kappa_F)/H"
    )
    chain.define({deviation: _GRAM.norm({"p": 1, "q": 1})}, "F(y) - mean z = (F(y) - mean y) + (mean y - mean z)")
    chain.at_most(((1 + 1 / kappa) * _p2 + (1 + kappa) * _q2) / variance, PSD(_GRAM, positive, "Young"))
    chain.bound({_p2: kappa * _mixed}, "kappa-robustness of F on the mixed messages", positive)
    chain.define({_q2: _moved - _mixed}, "Pythagoras around the mean of the y_i")
    chain.bound({_moved: 4 * _byzantine / H * _pairs}, _NEARER, positive)
    chain.define({_pairs: 2 * variance}, "mean over pairs")
    chain.simplify(8 * _byzantine / H * (1 + kappa))
    return chain.derivation(meanings=_MEANINGS)


STATEMENTS = (
    Statement(
        key="robustness.kappa.nnm",
        title="kappa of nearest-neighbour mixing before a rule of coefficient kappa",
        source=ALLOUAH,
        kind=Kind.CONSTANT,
        relation=Relation.UPPER,
        lhs=r"\kappa_{\mathrm{NNM}}",
        printed=8 * _byzantine / H * (kappa + 1),
        derivation=_nnm,
        hypotheses=(MAJORITY,),
        uses=("lad.definition1",),
        text="What is published, derived again; the search finds half of it before the trimmed mean.",
    ),
)

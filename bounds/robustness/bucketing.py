"""kappa of bucketing followed by any rule."""

from __future__ import annotations

import sympy as sp

from ..inequalities import PSD
from ..proof import Chain, Derivation
from ..squares import Gram
from ..statement import Hypothesis, Kind, Relation, Source, Statement
from ..symbols import H, N, kappa
from .parts import MAJORITY, MEANINGS, OWN, deviation, variance

#: Number of messages in a bucket.
s = sp.Symbol("s", integer=True, positive=True)
_p2 = sp.Symbol("p2", nonnegative=True)
_q2 = sp.Symbol("q2", nonnegative=True)
_within = sp.Symbol("V_y", nonnegative=True)
_moved = sp.Symbol("W", nonnegative=True)
_GRAM = Gram(("p", "q"), {("p", "p"): _p2, ("q", "q"): _q2})
_MEANINGS = {
    **MEANINGS,
    _p2: r"\|F(y) - \bar y\|^2",
    _q2: r"\|\bar y - \bar z\|^2",
    _within: r"\text{mean of } \|y_j - \bar y\|^2 \text{ over the clean buckets}",
    _moved: r"\text{mean of } \|y_j - \bar z\|^2 \text{ over the clean buckets}",
}
#: Messages in buckets without a Byzantine one, at least.
_clean = N - s * (N - H)


def _bucketing() -> Derivation:
    positive = sp.Symbol("kappa_F", positive=True), sp.Symbol("c", integer=True, positive=True)
    # N = H + f and H = (s - 1) f + c, so that c = N - s f messages are sure to be in clean buckets; s = 1 + r.
    more, byzantine = sp.symbols("r f", integer=True, nonnegative=True)
    shift = {kappa: positive[0], N: H + byzantine, H: more * byzantine + positive[1], s: 1 + more}
    chain = Chain("robustness.kappa.bucketing", deviation / variance, "Bucketing, then a rule F")
    chain.define({deviation: _GRAM.norm({"p": 1, "q": 1})}, "F(y) - mean z = (F(y) - mean y) + (mean y - mean z)")
    chain.at_most(((1 + 1 / kappa) * _p2 + (1 + kappa) * _q2) / variance, PSD(_GRAM, shift, "Young"))
    chain.bound({_p2: kappa * _within}, "kappa-robustness of F on N/s bucket means, at most f of them spoilt", shift)
    chain.define({_q2: _moved - _within}, "Pythagoras around the mean of the clean buckets")
    reason = (
        "Jensen in each clean bucket; the clean buckets hold at least N - s f honest messages, whose "
        "squares sum to at most H V_z"
    )
    chain.bound({_moved: H * variance / _clean}, reason, shift)
    chain.simplify((1 + kappa) * H / _clean)
    return chain.derivation(meanings=_MEANINGS)


_WHOLE = Hypothesis("whole buckets: s divides N", sp.Eq(sp.Mod(N, s), 0))
_ENOUGH = Hypothesis("a majority of clean buckets: N > 2 s f", sp.Gt(N, 2 * s * (N - H)))

STATEMENTS = (
    Statement(
        key="robustness.kappa.bucketing",
        title="kappa of bucketing before a rule of coefficient kappa for N/s messages",
        source=Source(OWN, "upper bounds"),
        kind=Kind.CONSTANT,
        relation=Relation.UPPER,
        lhs=r"\kappa_{\mathrm{bucketing}}",
        derivation=_bucketing,
        hypotheses=(MAJORITY, _WHOLE, _ENOUGH),
        uses=("lad.definition1",),
        text="In whatever order the messages fall into the buckets: mixing s messages helps on average over "
        "random orders, "
        "but in the worst order it costs a factor.",
    ),
)

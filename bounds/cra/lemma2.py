"""Lemma 2 of the CRA paper and its proof: (15)-(17), (45)-(52)."""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..proof import Chain, Derivation
from ..statement import Hypothesis, Kind, Relation, Statement
from ..symbols import H, M, N, alpha, beta, d_min, grad_sq, r
from .notation import (
    ALLOCATION,
    DEVICES,
    HELD,
    HETEROGENEITY,
    HONEST,
    UNIFORM,
    WHOLE,
    phi1,
    phi2,
    source,
    sum_sq,
)

#: ||sum over the honest of g_i||^2.
honest_sum_sq = sp.Symbol("honest_sum_sq", nonnegative=True)
#: 1 for a diagonal entry, 0 for one off the diagonal.
same = sp.Symbol("same", integer=True, nonnegative=True)

#: Moments of the honest indicator; squared norm of the sum of all messages.
p_honest, p_pair = sp.symbols("p_honest p_pair", nonnegative=True)
total_sq = sp.Symbol("total_sq", nonnegative=True)
#: Sums over devices and their subsets of ||grad f_k||^2 / d_k^2, and of its two parts.
term_sum, dev_sum, mean_sum = sp.symbols("term_sum dev_sum mean_sum", nonnegative=True)
#: Slack variables: N = 2 + others, alpha = odds / (1 + odds).
others, odds = sp.symbols("others odds", nonnegative=True)

HONEST_COUNT = {H: (1 - alpha) * N}
FRACTION_SHIFT = {N: others + 2, alpha: odds / (1 + odds)}


@cache
def _phi1() -> Derivation:
    chain = Chain(
        "cra.phi1", sp.binomial(N - 1, H - 1) / sp.binomial(N, H), "Sets of H devices that contain a given one"
    )
    chain.equals(H / N).define(HONEST_COUNT, "alpha N devices are Byzantine").equals(1 - alpha)
    return chain.derivation()


@cache
def _phi2() -> Derivation:
    start = sp.binomial(N - 2, H - 2) / sp.binomial(N, H)
    chain = Chain("cra.phi2", start, "Sets of H devices that contain two given ones")
    chain.equals(H * (H - 1) / (N * (N - 1))).define(HONEST_COUNT, "alpha N devices are Byzantine")
    return chain.equals(phi2).derivation()


@cache
def _eq47() -> Derivation:
    return Chain("cra.eq47", 1 / H).define(HONEST_COUNT, "alpha N devices are Byzantine").derivation()


@cache
def _eq48() -> Derivation:
    return Chain("cra.eq48", honest_sum_sq / H**2).define(HONEST_COUNT, "alpha N devices are Byzantine").derivation()


@cache
def _eq50() -> Derivation:
    chain = Chain("cra.eq50", same * p_honest + (1 - same) * p_pair, "Diagonal and other entries")
    chain.define({p_honest: _phi1().conclusion, p_pair: _phi2().conclusion}, "cra.phi1 and cra.phi2")
    return chain.equals((phi1 - phi2) * same + phi2).derivation(uses=("cra.phi1", "cra.phi2"))


@cache
def _eq51() -> Derivation:
    chain = Chain("cra.eq51", (p_honest * sum_sq + p_pair * (total_sq - sum_sq)) / H**2, "From the indicator's moments")
    chain.define({p_honest: _phi1().conclusion, p_pair: _phi2().conclusion}, "cra.phi1 and cra.phi2", source="CRA (50)")
    chain.define(HONEST_COUNT, "alpha N devices are Byzantine", source="CRA (51)")
    chain.define({total_sq: grad_sq}, "every subset enters d_k messages with weight 1/d_k", source="CRA (51)")
    chain.equals(((phi1 - phi2) * sum_sq + phi2 * grad_sq) / ((1 - alpha) ** 2 * N**2))
    return chain.derivation(uses=("cra.phi1", "cra.phi2"), meanings={total_sq: r"\|\sum_i g_i\|^2"})


@cache
def _eq52() -> Derivation:
    chain = Chain("cra.eq52", sum_sq, "Sum of the messages' squared norms")
    chain.bound({sum_sq: r * term_sum}, "cra.eq43 with the r vectors of a device", source="CRA (52)")
    chain.bound({term_sum: 2 * (dev_sum + mean_sum)}, "cra.eq43 with two vectors", source="CRA (52)")
    sums = {dev_sum: N * r * beta**2 / d_min**2, mean_sum: N * r * grad_sq / (M**2 * d_min**2)}
    chain.bound(sums, "cra.eq44.subset over N r pairs, with d_k >= d_min", source="CRA (52)")
    chain.equals(2 * N * r**2 / d_min**2 * (beta**2 + grad_sq / M**2))
    return chain.derivation(uses=("cra.eq43", "cra.eq44.subset"))


@cache
def lemma2_derivation() -> Derivation:
    """How Lemma 2 follows."""
    chain = Chain("cra.lemma2", _eq51().conclusion, "Equality (51), then (52)")
    chain.bound({sum_sq: _eq52().conclusion}, "cra.eq52", FRACTION_SHIFT)
    chain.equals(
        (phi1 - phi2) * 2 * r**2 / ((1 - alpha) ** 2 * N * d_min**2) * (beta**2 + grad_sq / M**2)
        + phi2 * grad_sq / ((1 - alpha) ** 2 * N**2)
    )
    return chain.derivation(uses=("cra.eq51", "cra.eq52"))


_honest = (DEVICES, HONEST, WHOLE, UNIFORM)

EQ15 = Statement(
    key="cra.honest_mean",
    title="Average of the honest messages",
    source=source("Lemma 2", "15"),
    kind=Kind.DEFINITION,
    relation=Relation.DEFINITION,
    lhs=r"\bar{\mathbf{g}}^t = \frac{1}{|\mathcal{H}^t|}\sum_{i\in\mathcal{H}^t}\mathbf{g}_i^t",
    uses=("cra.coded_gradient",),
    text="What the server would compute if it knew who is honest.",
)
PHI1 = Statement(
    key="cra.phi1",
    title="Probability that a device is honest",
    source=source("Lemma 2", "17"),
    kind=Kind.CONSTANT,
    relation=Relation.EQUALITY,
    lhs=r"\phi_1 = \Pr(h_i^t=1)",
    printed=1 - alpha,
    derivation=_phi1,
    hypotheses=(Hypothesis("not every device is Byzantine", sp.Lt(alpha, 1)), WHOLE, UNIFORM),
    text="N(1 - alpha) of N devices are honest, and every device is equally likely to be one of them.",
)
PHI2 = Statement(
    key="cra.phi2",
    title="Probability that two given devices are honest",
    source=source("Lemma 2", "17"),
    kind=Kind.CONSTANT,
    relation=Relation.EQUALITY,
    lhs=r"\phi_2 = \Pr(h_i^t=1, h_j^t=1)",
    printed=(1 - alpha) * (N - N * alpha - 1) / (N - 1),
    derivation=_phi2,
    hypotheses=_honest,
    slack=FRACTION_SHIFT,
    text="Drawing two devices without replacement among N, of which N(1 - alpha) are honest.",
)
EQ45 = Statement(
    key="cra.eq45",
    title="Scaled gradients and messages as matrices",
    source=source("Appendix B", "45", "46"),
    kind=Kind.DEFINITION,
    relation=Relation.DEFINITION,
    lhs=r"\mathbf{A}^t=\left[\tfrac{1}{d_1}\nabla f_1(\mathbf{x}^t),\dots,\tfrac{1}{d_M}\nabla "
    r"f_M(\mathbf{x}^t)\right],\quad \mathbf{G}^t=\mathbf{A}^t\mathbf{S}^T",
    uses=("cra.coded_gradient",),
    text="The messages are the columns of the scaled gradients times the transposed allocation.",
)
EQ47 = Statement(
    key="cra.eq47",
    title="Weight of an honest message in the average",
    source=source("Appendix B", "47"),
    kind=Kind.STEP,
    relation=Relation.EQUALITY,
    lhs=r"1/|\mathcal{H}^t|",
    printed=1 / ((1 - alpha) * N),
    derivation=_eq47,
    hypotheses=_honest,
    uses=("cra.honest_mean", "cra.eq45"),
    text="The average is G h over the number of honest devices.",
)
EQ48 = Statement(
    key="cra.eq48",
    title="Squared norm of the average",
    source=source("Appendix B", "48"),
    kind=Kind.STEP,
    relation=Relation.EQUALITY,
    lhs=r"\left\|\bar{\mathbf{g}}^t\right\|^2",
    printed=honest_sum_sq / ((1 - alpha) ** 2 * N**2),
    derivation=_eq48,
    hypotheses=_honest,
    uses=("cra.eq47",),
    text="A trace form of the same; honest_sum_sq is ||G h||^2.",
)
EQ50 = Statement(
    key="cra.eq50",
    title="Second moments of the honest indicator",
    source=source("Appendix B", "49", "50"),
    kind=Kind.STEP,
    relation=Relation.EQUALITY,
    lhs=r"\mathbb{E}\left[h_i^t h_j^t\right]",
    printed=(phi1 - phi2) * same + phi2,
    derivation=_eq50,
    hypotheses=(*_honest, Hypothesis("same is 1 for i = j and 0 otherwise", sp.Le(same, 1))),
    uses=("cra.phi1", "cra.phi2"),
    slack=FRACTION_SHIFT,
    text="An entry of the matrix (phi_1 - phi_2) I + phi_2 1 1^T; it enters (49) as the messages do not "
    "depend on who is honest.",
)
EQ51 = Statement(
    key="cra.eq51",
    title="Mean squared norm of the average, from the messages' norms",
    source=source("Appendix B", "51"),
    kind=Kind.STEP,
    relation=Relation.EQUALITY,
    lhs=r"\mathbb{E}\left(\left\|\bar{\mathbf{g}}^t\right\|^2\middle|\mathcal{F}^t\right)",
    printed=(phi1 - phi2) / ((1 - alpha) ** 2 * N**2) * sum_sq + phi2 / ((1 - alpha) ** 2 * N**2) * grad_sq,
    derivation=_eq51,
    hypotheses=(*_honest, HELD),
    uses=("cra.eq48", "cra.eq50", "cra.coded_gradient"),
    slack=FRACTION_SHIFT,
    text="An equality: all messages together add up to the gradient, so only the sum of their squared norms "
    "remains; sum_sq is sum_i ||g_i||^2.",
)
EQ52 = Statement(
    key="cra.eq52",
    title="Sum of the messages' squared norms",
    source=source("Appendix B", "52"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\sum_{i=1}^{N}\left\|\mathbf{g}_i^t\right\|^2",
    printed=2 * N * r**2 / d_min**2 * (beta**2 + grad_sq / M**2),
    derivation=_eq52,
    hypotheses=(*ALLOCATION, HETEROGENEITY),
    uses=("cra.eq43", "cra.assumption2", "cra.coded_gradient"),
    text="(43) over the r subsets of a device, then over deviation and average.",
)
LEMMA2 = Statement(
    key="cra.lemma2",
    title="Mean squared norm of the honest average",
    source=source("Lemma 2", "16"),
    kind=Kind.LEMMA,
    relation=Relation.UPPER,
    lhs=r"\mathbb{E}\left(\left\|\bar{\mathbf{g}}^t\right\|^2\middle|\mathcal{F}^t\right)",
    printed=(phi1 - phi2) * 2 * r**2 / ((1 - alpha) ** 2 * N * d_min**2) * (beta**2 + grad_sq / M**2)
    + phi2 / ((1 - alpha) ** 2 * N**2) * grad_sq,
    derivation=lemma2_derivation,
    hypotheses=(*ALLOCATION, *_honest[1:], HETEROGENEITY),
    uses=("cra.eq51", "cra.eq52", "cra.phi1", "cra.phi2"),
    slack=FRACTION_SHIFT,
    text="How large the average of the honest messages can be, over who happens to be honest.",
)

STATEMENTS = (EQ15, PHI1, PHI2, EQ45, EQ47, EQ48, EQ50, EQ51, EQ52, LEMMA2)

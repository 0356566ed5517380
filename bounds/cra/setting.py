"""The problem, the method, Definition 1 and Assumptions 1-3 of the CRA paper: (1)-(11), (41)."""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..proof import Chain, Derivation
from ..statement import Kind, Relation, Statement
from ..symbols import C_alpha, Fstar, L, M, beta, r
from .notation import LOAD, PAIRWISE, source, spread_max

F_y, inner, distance_sq = (
    sp.Symbol("F_y", real=True),
    sp.Symbol("inner", real=True),
    sp.Symbol("distance_sq", nonnegative=True),
)

#: Probability that a given subset is among the r that a device holds.
p_held = sp.Symbol("p_held", nonnegative=True)


@cache
def _overlap() -> Derivation:
    chain = Chain("cra.overlap", M * p_held**2, "Mean overlap of two independent random sets of r subsets")
    chain.define({p_held: r / M}, "a device holds r of M subsets").equals(r**2 / M)
    return chain.derivation()


PROBLEM = Statement(
    key="cra.problem",
    title="The loss is the sum of the subset losses",
    source=source("Sections II and III", "1", "2", "3", "4"),
    kind=Kind.DEFINITION,
    relation=Relation.DEFINITION,
    lhs=r"F(\mathbf{x}) = \sum_{k=1}^{M} f_k(\mathbf{x}),\quad f_k(\mathbf{x}) = "
    r"\sum_{\varrho\in\mathcal{D}_k} l(\mathbf{x},\varrho)",
    text="The training loss adds up the losses of all samples; a partition of the samples into M subsets "
    "splits it into f_1, ..., f_M.",
)
CODED_GRADIENT = Statement(
    key="cra.coded_gradient",
    title="What an honest device sends",
    source=source("Section III", "5"),
    kind=Kind.DEFINITION,
    relation=Relation.DEFINITION,
    lhs=r"\mathbf{g}_i^t = \sum_{k:\,s(i,k)\neq 0} \frac{1}{d_k}\nabla f_k(\mathbf{x}^t)",
    hypotheses=(PAIRWISE,),
    text="A device weighs each subset's gradient by one over the number of devices that hold the subset, so "
    "that all messages add up to the gradient.",
)
AGGREGATE = Statement(
    key="cra.aggregate",
    title="What the server computes",
    source=source("Section III", "6"),
    kind=Kind.DEFINITION,
    relation=Relation.DEFINITION,
    lhs=r"\hat{\mathbf{g}}^t = "
    r"A\left(\{\mathbf{g}_i^t\}_{i\in\mathcal{H}^t},\{\mathbf{b}_j^t\}_{j\in\mathcal{B}^t}\right)",
    uses=("cra.coded_gradient", "cra.definition1"),
    text="The server applies its rule to honest and Byzantine messages together.",
)
UPDATE = Statement(
    key="cra.update",
    title="The iteration",
    source=source("Section III", "8"),
    kind=Kind.DEFINITION,
    relation=Relation.DEFINITION,
    lhs=r"\mathbf{x}^{t+1} = \mathbf{x}^t - \gamma^t\hat{\mathbf{g}}^t",
    uses=("cra.aggregate",),
    text="A gradient step along the aggregate.",
)
OVERLAP = Statement(
    key="cra.overlap",
    title="Subsets that two devices share",
    source=source("Section III"),
    kind=Kind.DEFINITION,
    relation=Relation.EQUALITY,
    lhs=r"\left|\mathcal{S}_i\cap\mathcal{S}_j\right|",
    printed=r**2 / M,
    derivation=_overlap,
    hypotheses=(LOAD,),
    text="In a pair-wise balanced allocation any two devices share the same number of subsets, r^2/M, which "
    "therefore has to be a whole number.",
)
DEFINITION1 = Statement(
    key="cra.definition1",
    title="Robust bounded aggregation (RBA)",
    source=source("Definition 1", "7"),
    kind=Kind.DEFINITION,
    relation=Relation.UPPER,
    lhs=r"\left\|A(\cdot)-\bar{\mathbf{z}}\right\|^2",
    printed=C_alpha**2 * spread_max,
    text="The aggregate is no farther from the honest mean than C_alpha times the largest distance of an "
    "honest message from that mean.",
)
ASSUMPTION1 = Statement(
    key="cra.assumption1",
    title="Smoothness",
    source=source("Assumption 1", "9"),
    kind=Kind.ASSUMPTION,
    relation=Relation.UPPER,
    lhs=r"F(\mathbf{x})",
    printed=F_y + inner + L / 2 * distance_sq,
    text="F(x) is at most its tangent at y plus L/2 times the squared distance; F_y is F(y), inner the inner "
    "product of the gradient at y with x - y.",
)
ASSUMPTION2 = Statement(
    key="cra.assumption2",
    title="Bounded heterogeneity of the subsets",
    source=source("Assumption 2", "10"),
    kind=Kind.ASSUMPTION,
    relation=Relation.UPPER,
    lhs=r"\left\|\nabla f_i(\mathbf{x})-\tfrac{1}{M}\nabla F(\mathbf{x})\right\|^2",
    printed=beta**2,
    text="Each subset's gradient, not only their mean square, is within beta of the average gradient, at every x.",
)
ASSUMPTION3 = Statement(
    key="cra.assumption3",
    title="Loss bounded below",
    source=source("Assumption 3", "11"),
    kind=Kind.ASSUMPTION,
    relation=Relation.LOWER,
    lhs=r"F(\mathbf{x})",
    printed=Fstar,
    text="The training loss has a finite lower bound.",
)
EXPERIMENT_LOSS = Statement(
    key="cra.experiment_loss",
    title="The linear regression of the experiments",
    source=source("Section V", "41"),
    kind=Kind.DEFINITION,
    relation=Relation.DEFINITION,
    lhs=r"F(\mathbf{x}) = \sum_{k=1}^{m} \tfrac12\left(\langle\mathbf{x},\mathbf{z}_k\rangle-y_k\right)^2",
    uses=("cra.problem",),
    text="A sum of m = 1000 squared residuals, one sample a subset, in 100 dimensions.",
)

STATEMENTS = (
    PROBLEM,
    CODED_GRADIENT,
    AGGREGATE,
    UPDATE,
    OVERLAP,
    DEFINITION1,
    ASSUMPTION1,
    ASSUMPTION2,
    ASSUMPTION3,
    EXPERIMENT_LOSS,
)

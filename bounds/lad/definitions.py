"""The LAD paper's problem, method, definitions and assumptions: equations (1)-(16), (19) and (37)."""

from __future__ import annotations

import sympy as sp

from ..statement import Kind, Relation, Statement
from ..symbols import H, L, N, beta, delta, grad_sq, kappa
from .domain import BYZANTINE, source

#: Mean squared distance of the honest messages from their mean.
dispersion = sp.Symbol("dispersion", nonnegative=True)
#: Squared norm of the vector that is compressed.
norm_sq = sp.Symbol("norm_sq", nonnegative=True)
#: F at the old point, inner product of gradient and displacement, squared length of the displacement.
F_now = sp.Symbol("F_now", real=True)
slope = sp.Symbol("slope", real=True)
length_sq = sp.Symbol("length_sq", nonnegative=True)
#: Lower bound of the loss.
F_lower = sp.Symbol("Fstar", real=True)


def _defined(key: str, title: str, equations: tuple[str, ...], place: str, lhs: str, text: str) -> Statement:
    return Statement(key, title, source(place, *equations), Kind.DEFINITION, Relation.DEFINITION, lhs, text=text)


STATEMENTS = (
    _defined(
        "lad.problem",
        "Training problem",
        ("1", "2", "3", "4"),
        "Section III-A",
        r"\mathbf{x}^* = \arg\min_{\mathbf{x}} F(\mathbf{x}), \quad F = \sum_{k=1}^N f_k",
        "The training loss is the plain sum, not the mean, of N subset losses.",
    ),
    _defined(
        "lad.encoding",
        "Coded vector",
        ("5",),
        "Section IV",
        r"\mathbf{g}_i^t = \frac1d \sum_{k:\hat s(T_i^t,k)=1} \nabla f_{p_k^t}(\mathbf{x}^t)",
        "A device sends the mean of the d subset gradients that its task row selects after both permutations.",
    ),
    _defined(
        "lad.aggregation",
        "Aggregation",
        ("6", "11"),
        "Sections IV and V",
        r"\hat{\mathbf{g}}^t = \operatorname{agg}(\{\hat{\mathbf{g}}_i^t\}, \{\hat{\mathbf{b}}_j^t\})",
        "The server aggregates honest and Byzantine messages with one kappa-robust rule.",
    ),
    _defined(
        "lad.update",
        "Model update",
        ("7", "12"),
        "Sections IV and V",
        r"\mathbf{x}^{t+1} = \mathbf{x}^t - \gamma^t \hat{\mathbf{g}}^t",
        "A gradient step along the aggregate, which estimates the mean gradient grad F / N.",
    ),
    _defined(
        "lad.compression",
        "Compressed message",
        ("8",),
        "Section V",
        r"\hat{\mathbf{g}}_i^t = C(\mathbf{g}_i^t)",
        "Each device compresses its own coded vector.",
    ),
    Statement(
        "lad.definition1",
        "Robustness coefficient kappa",
        source("Definition 1"),
        Kind.DEFINITION,
        Relation.UPPER,
        r"\left\|\operatorname{agg}(\mathbf{z}, \tilde{\mathbf{z}}) - \bar{\mathbf{z}}\right\|^2",
        kappa * dispersion,
        hypotheses=(BYZANTINE,),
        text="The aggregate is within sqrt(kappa) root-mean-square honest deviations of the honest mean, whatever the "
        "N - H other messages are. `dispersion` is the mean squared distance of the honest messages from their mean.",
    ),
    Statement(
        "lad.definition2",
        "Unbiased compressor",
        source("Definition 2", "9", "10"),
        Kind.DEFINITION,
        Relation.UPPER,
        r"\mathbb{E}\left\|C(\mathbf{g}) - \mathbf{g}\right\|^2",
        delta * norm_sq,
        text="E C(g) = g, and the squared error is at most delta times norm_sq = ||g||^2.",
    ),
    Statement(
        "lad.assumption1",
        "Smoothness",
        source("Assumption 1", "13"),
        Kind.ASSUMPTION,
        Relation.UPPER,
        r"F(\mathbf{x})",
        F_now + slope + L / 2 * length_sq,
        text="F lies below its quadratic expansion: F_now at y, slope = <grad F(y), x - y>, length_sq = ||x - y||^2.",
    ),
    Statement(
        "lad.assumption2",
        "Heterogeneity",
        source("Assumption 2", "14", "15"),
        Kind.ASSUMPTION,
        Relation.UPPER,
        r"V = \frac1N \sum_{i=1}^N \left\|\nabla f_i(\mathbf{x}) - \mu^t\right\|^2, \quad \mu^t = \tfrac1N \nabla F",
        beta**2,
        text="The subset gradients deviate from their mean by at most beta in root mean square.",
    ),
    Statement(
        "lad.assumption3",
        "Lower bound of the loss",
        source("Assumption 3", "16"),
        Kind.ASSUMPTION,
        Relation.LOWER,
        r"F(\mathbf{x})",
        F_lower,
        text="The training loss is bounded below.",
    ),
    Statement(
        "lad.honest_mean",
        "Mean of the honest messages",
        source("Lemma 3", "19"),
        Kind.DEFINITION,
        Relation.DEFINITION,
        r"\bar{\mathbf{g}}^t = \frac1H \sum_{i \in \mathcal{H}^t} \hat{\mathbf{g}}_i^t",
        text="Mean of what the honest devices send, after compression.",
    ),
    Statement(
        "lad.mean_gradient",
        "Squared norm of the mean gradient",
        source("Assumption 2", "15"),
        Kind.DEFINITION,
        Relation.EQUALITY,
        r"\left\|\mu^t\right\|^2",
        grad_sq / N**2,
        text="mu is grad F divided by the number of subsets.",
    ),
    _defined(
        "lad.regression",
        "Linear regression of the experiments",
        ("37",),
        "Section VII",
        r"f_k(\mathbf{x}) = \tfrac12 (\langle \mathbf{x}, \mathbf{z}_k\rangle - y_k)^2",
        "One sample a subset, N = 100 subsets of dimension 100; labels drift with the subset's index.",
    ),
)

__all__ = ["STATEMENTS", "H", "dispersion"]

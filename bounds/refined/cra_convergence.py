"""Statements on CRA-DL: distances, moments and convergence."""

from __future__ import annotations

import sympy as sp

from ..statement import Hypothesis, Kind, Relation, Role, Statement
from ..symbols import L, M, N, T, alpha, lam, r
from . import cra_moments as moments
from . import cra_theorem as theorem
from .descent import fixed_derivation
from .notation import BOUNDED_BELOW, DEVICES, GAP, ROBUST, SMOOTH, STEP_SIZE, mu_PL, result
from .optimum import balanced_derivation
from .polyak import pl_decaying_derivation
from .schedules import decaying_derivation, pl_derivation

LOADED = Hypothesis("a device holds between one and all of the subsets", sp.And(sp.Ge(r, 1), sp.Le(r, M)))
HONEST = Hypothesis("at least two devices are honest", sp.Ge((1 - alpha) * N, 2))
UNIFORM = Hypothesis("the honest devices of an iteration are a uniformly random set, drawn afresh each time")
EQUAL_LOADS = Hypothesis("every device holds r subsets and every subset is held by N r / M devices")
HELD = Hypothesis("every subset is held by some device; devices and subsets may have any loads")
PAIRWISE = Hypothesis("every two devices share r^2/M subsets; with equal loads that is possible for r = M alone")
EQUIDISTANT = Hypothesis("every two devices share equally many subsets")
HETEROGENEITY = Hypothesis("the subset gradients stay within beta of their mean, CRA (10)")
RBA = Hypothesis("the server's rule is an RBA rule with constant C_alpha, CRA (7)")
HORIZON = Hypothesis("lambda / sqrt(T + 1) < N / L", sp.Lt(L * lam, N * sp.sqrt(T + 1)), Role.CONDITION)

_BASE = (DEVICES, LOADED, HONEST, UNIFORM, EQUAL_LOADS)
_DESCENT = (SMOOTH, BOUNDED_BELOW, GAP)
_MEAN = r"\frac{1}{T+1}\sum_{t\le T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2"
_LEAST = r"\min_{t\le T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2"
_PAPER = (*_BASE, PAIRWISE, HETEROGENEITY, RBA)
_ATTAINABLE = (*_BASE, EQUIDISTANT, HETEROGENEITY, RBA)
_KAPPA = (*_BASE, EQUIDISTANT, HETEROGENEITY, ROBUST)
_PL = Hypothesis("the loss is Polyak-Lojasiewicz with constant mu_PL <= L", sp.Le(mu_PL, L))
_DISTANCE = r"\max_{i,j}\|\mathbf{g}_i-\mathbf{g}_j\|^2"
_VARIANCE = r"\tfrac1N\sum_i\|\mathbf{g}_i-\tfrac1N\nabla F\|^2"
_ERROR = r"\mathbb{E}\|\hat{\mathbf{g}}^t-\bar{\mathbf{g}}^t\|^2"
_NOISE = r"\mathbb{E}\|\bar{\mathbf{g}}^t-\tfrac1N\nabla F\|^2"

LEMMAS = (
    result(
        "refined.cra.mean_error",
        "Noise of the honest average",
        Relation.EQUALITY,
        _NOISE,
        moments.noise,
        (DEVICES, HONEST, UNIFORM, HELD),
        "Sampling the honest devices without replacement, for any allocation in which every subset is held.",
    ),
    result(
        "refined.cra.dispersion",
        "Dispersion of the honest messages",
        Relation.EQUALITY,
        r"\mathbb{E}\tfrac1H\sum_{i\in\mathcal{H}}\|\mathbf{g}_i-\bar{\mathbf{g}}\|^2",
        moments.honest_dispersion,
        (DEVICES, HONEST, UNIFORM),
        "What a kappa-robust rule multiplies by kappa, for any allocation.",
        uses=("refined.cra.mean_error",),
    ),
    result(
        "refined.cra.lemma1",
        "Largest distance of two coded gradients",
        Relation.UPPER,
        _DISTANCE,
        moments.lemma1,
        (DEVICES, LOADED, EQUAL_LOADS, PAIRWISE, HETEROGENEITY),
        "The gradient's norm cancels, and the constant is half of the paper's.",
    ),
    result(
        "refined.cra.overlap",
        "Overlap that equal loads force",
        Relation.EQUALITY,
        r"|\mathcal{S}_i\cap\mathcal{S}_j|",
        moments.overlap,
        (DEVICES, LOADED, EQUAL_LOADS, EQUIDISTANT),
        "By counting the pairs of devices that hold a subset.",
    ),
    result(
        "refined.cra.imbalance",
        "The paper's overlap against the one that can be",
        Relation.EQUALITY,
        r"\frac{r^2}{M}-|\mathcal{S}_i\cap\mathcal{S}_j|",
        moments.imbalance,
        (DEVICES, LOADED, EQUAL_LOADS, EQUIDISTANT),
        "Zero for r = M alone: equal loads and overlaps r^2/M exclude one another for r < M.",
        uses=("refined.cra.overlap",),
    ),
    result(
        "refined.cra.lemma1.attainable",
        "Largest distance of two coded gradients, with the overlap that can be",
        Relation.UPPER,
        _DISTANCE,
        moments.attainable_lemma1,
        (DEVICES, LOADED, EQUAL_LOADS, EQUIDISTANT, HETEROGENEITY),
        "As the lemma for the paper's overlaps, with N - 1 in the place of N.",
        uses=("refined.cra.overlap",),
    ),
    result(
        "refined.cra.variance.pairs",
        "Variance of the coded gradients from their distances",
        Relation.UPPER,
        _VARIANCE,
        moments.variance_from_pairs,
        (DEVICES, LOADED, EQUAL_LOADS, PAIRWISE, HETEROGENEITY),
        "Half the mean squared distance of two of them.",
        uses=("refined.cra.lemma1",),
    ),
    result(
        "refined.cra.variance.attainable",
        "Variance of the coded gradients for equal overlaps",
        Relation.TIGHT_UPPER,
        _VARIANCE,
        moments.attainable_variance,
        (DEVICES, LOADED, EQUAL_LOADS, EQUIDISTANT, HETEROGENEITY),
        "The singular values of P W are then all equal.",
        uses=("refined.cra.overlap",),
    ),
    result(
        "refined.cra.variance.shuffled",
        "Variance of the coded gradients under a random numbering of the subsets",
        Relation.EQUALITY,
        r"\mathbb{E}_{\text{numbering}}" + _VARIANCE,
        moments.shuffled_variance,
        (DEVICES, LOADED, EQUAL_LOADS, Hypothesis("at least two subsets", sp.Ge(M, 2))),
        "The same for every allocation with equal loads, at a point that does not depend on the numbering.",
    ),
    result(
        "refined.cra.deviation",
        "Largest deviation from the honest mean",
        Relation.UPPER,
        r"\max_{i\in\mathcal{H}}\|\bar{\mathbf{g}}-\mathbf{g}_i\|^2",
        moments.largest_deviation,
        (DEVICES,),
        "The paper's (25) has the largest distance without the factor.",
    ),
)


def _constants() -> tuple[Statement, ...]:
    """The bounds on the aggregation error and on the noise, for the three settings."""
    rows = (
        ("refined.cra.error", _ERROR, lambda: theorem.paper().error, _PAPER, "refined.cra.lemma1"),
        ("refined.cra.noise", _NOISE, lambda: theorem.paper().noise, _PAPER[:-1], "refined.cra.variance.pairs"),
        (
            "refined.cra.attainable.error",
            _ERROR,
            lambda: theorem.attainable().error,
            _ATTAINABLE,
            "refined.cra.lemma1.attainable",
        ),
        (
            "refined.cra.attainable.noise",
            _NOISE,
            lambda: theorem.attainable().noise,
            _ATTAINABLE[:-1],
            "refined.cra.variance.attainable",
        ),
        ("refined.cra.error.kappa", _ERROR, moments.kappa_error, _KAPPA, "refined.cra.variance.attainable"),
    )
    return tuple(
        result(
            key,
            "Aggregation error" if lhs == _ERROR else "Noise of the honest average",
            Relation.UPPER,
            lhs,
            derivation,
            hypotheses,
            "No gradient term: nothing has to be small for the theorems that rest on it.",
            uses=("refined.cra.deviation" if lhs == _ERROR else "refined.cra.mean_error", lemma),
        )
        for key, lhs, derivation, hypotheses, lemma in rows
    )


def _theorems() -> tuple[Statement, ...]:
    """Convergence in the three settings."""
    found: list[Statement] = []
    for setting, hypotheses, name in (
        (theorem.paper, _PAPER, "an RBA rule, balanced as in the paper"),
        (theorem.attainable, _ATTAINABLE, "an RBA rule, equal overlaps"),
        (theorem.kappa_robust, _KAPPA, "a kappa-robust rule, equal overlaps"),
    ):
        prefix = {theorem.paper: "refined.cra", theorem.attainable: "refined.cra.attainable"}.get(
            setting, "refined.cra.kappa"
        )
        positive = theorem.margins(sp.S.Zero, sp.S.Zero)["fixed"]
        rows = (
            (
                "theorem1",
                "any eta",
                _MEAN,
                theorem.special(setting, "theorem1", fixed_derivation, True),
                (HORIZON, positive),
            ),
            (
                "theorem1.balanced",
                "eta = 1/N",
                _MEAN,
                theorem.special(setting, "theorem1.balanced", balanced_derivation, True),
                (HORIZON,),
            ),
            ("theorem1.best", "best learning rate", _MEAN, theorem.best(setting), ()),
            (
                "theorem2",
                "gamma0 / sqrt(t + 1)",
                _LEAST,
                theorem.special(setting, "theorem2", decaying_derivation),
                (STEP_SIZE,),
            ),
            (
                "pl",
                "Polyak-Lojasiewicz loss",
                r"\mathbb{E}F-F^*",
                theorem.special(setting, "pl", pl_derivation),
                (_PL, STEP_SIZE),
            ),
            (
                "pl_decaying",
                "Polyak-Lojasiewicz loss, learning rates like 1/t",
                r"\mathbb{E}F-F^*",
                theorem.special(setting, "pl_decaying", pl_decaying_derivation),
                (_PL, STEP_SIZE),
            ),
            ("floor", "error floor", r"\lim_{T\to\infty}" + _MEAN, theorem.error_floor(setting), ()),
        )
        for suffix, what, lhs, derivation, conditions in rows:
            found.append(
                result(
                    f"{prefix}.{suffix}",
                    f"Convergence of CRA-DL, {what}",
                    Relation.UPPER,
                    lhs,
                    derivation,
                    (*hypotheses, *(_DESCENT if suffix != "floor" else _DESCENT[:2]), *conditions),
                    f"For {name}; there is no condition on the rule's constant.",
                    uses=("refined.descent.step",),
                    kind=Kind.COROLLARY if suffix == "floor" else Kind.THEOREM,
                )
            )
    return tuple(found)


STATEMENTS: tuple[Statement, ...] = (*LEMMAS, *_constants(), *_theorems())

"""Which experiment observes the left-hand side of which statement of the LAD paper."""

from __future__ import annotations

from functools import partial

from .cases import Observer, check_cases
from .exact import lad_cases
from .exact.expectations import Part, check_expectation, check_infimum
from .montecarlo import check_sampled, check_weights
from .probe import Probe
from .verdict import Check

#: Statement -> the observable whose expectation is its left-hand side (times kappa, where that is a symbol).
OBSERVED = {
    "lad.lemma2": "coded deviation",
    "lad.eq46": "coded square",
    "lad.eq49": "coded square",
    "lad.eq59": "mean coded deviation",
    "lad.eq61": "coded square",
    "lad.eq62": "sent dispersion",
    "lad.lemma3": "sent dispersion",
    "lad.lemma4": "mean sent square",
    "lad.eq64": "mean sent square",
}

#: Constant -> the observable, and whether it multiplies V (beta^2) or ||grad F||^2.
CONSTANTS: dict[str, tuple[str, Part]] = {
    "lad.kappa1": ("sent dispersion", "variance"),
    "lad.kappa2": ("sent dispersion", "gradient"),
    "lad.kappa3": ("mean sent square", "variance"),
    "lad.kappa4": ("mean sent square", "gradient"),
    "lad.xi1": ("coded dispersion", "variance"),
    "lad.xi2": ("coded dispersion", "gradient"),
    "lad.xi3": ("mean coded square", "variance"),
    "lad.xi4": ("mean coded square", "gradient"),
}

#: Statement -> observer of exact cases: on computation matrices, on moments at given gradients, on whole iterations.
CASES: dict[str, Observer] = {
    "lad.eq38": lad_cases.matrices,
    "lad.eq39": lad_cases.row_norms,
    "lad.eq40": lad_cases.matrices,
    "lad.eq41": lad_cases.shared_pairs,
    "lad.eq42": lad_cases.shared_pairs,
    "lad.lemma1.any_matrix": lad_cases.matrices,
    "lad.definition1": lad_cases.aggregation,
    "lad.definition2": lad_cases.compression,
    "lad.sparsification": lad_cases.sparsification,
    "lad.assumption1": lad_cases.smoothness,
    "lad.assumption2": lad_cases.heterogeneity,
    "lad.assumption3": lad_cases.losses,
    "lad.mean_gradient": lad_cases.mean_gradients,
    "lad.eq44": lad_cases.projections,
    "lad.eq45": partial(lad_cases.at_gradients, "coded deviation"),
    "lad.eq47": lad_cases.subset_squares,
    "lad.eq48": lad_cases.subset_products,
    "lad.eq50": lad_cases.vector_sums,
    "lad.eq53": partial(lad_cases.at_gradients, "sent dispersion"),
    "lad.eq54": partial(lad_cases.at_gradients, "mean sent deviation"),
    "lad.eq55": partial(lad_cases.at_gradients, "sent dispersion"),
    "lad.eq58": partial(lad_cases.at_gradients, "total square"),
    "lad.eq65": partial(lad_cases.iterations, "inner_mean"),
    "lad.eq66": partial(lad_cases.iterations, "F_next"),
    "lad.eq68": partial(lad_cases.iterations, "F_next"),
    "lad.eq69": partial(lad_cases.iterations, "progress"),
    "lad.eq70": partial(lad_cases.iterations, "grad_sq"),
    "lad.theorem1": partial(lad_cases.iterations, "two_steps"),
    "lad.theorem2": partial(lad_cases.iterations, "two_steps"),
}


def expectation_probes(observed: dict[str, str], constants: dict[str, tuple[str, Part]]) -> tuple[Probe, ...]:
    """Exact enumeration and Monte Carlo for each observed statement, enumeration for each constant."""
    exact = [
        Probe(key, Check.EXACT, partial(check_expectation, observable=observable))
        for key, observable in observed.items()
    ]
    sampled = [
        Probe(key, Check.MONTE_CARLO, partial(check_sampled, observable=observable), random=True, stream="lad.messages")
        for key, observable in observed.items()
    ]
    parts = [
        Probe(key, Check.EXACT, partial(check_expectation, observable=observable, part=part))
        for key, (observable, part) in constants.items()
    ]
    return (*exact, *sampled, *parts)


def case_probes(cases: dict[str, Observer], stream: str) -> tuple[Probe, ...]:
    """Exact cases."""
    return tuple(
        Probe(key, Check.EXACT, partial(check_cases, observer=observer), "cases", stream=stream)
        for key, observer in cases.items()
    )


PROBES: tuple[Probe, ...] = (
    Probe("lad.lemma1", Check.EXACT, check_infimum),
    Probe("lad.lemma1", Check.MONTE_CARLO, check_weights, random=True),
    Probe("lad.lemma1.infimum", Check.EXACT, check_infimum),
    *expectation_probes(OBSERVED, CONSTANTS),
    Probe(
        "lad.dispersion",
        Check.EXACT,
        partial(check_expectation, observable="coded dispersion", any_matrix=True),
        "any matrix",
    ),
    *case_probes(CASES, "lad.cases"),
)

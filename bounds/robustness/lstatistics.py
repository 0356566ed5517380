"""kappa of coordinate-wise order statistics: trimmed mean and medians, sharp."""

from __future__ import annotations

from functools import partial

import sympy as sp

from ..proof import Derivation
from ..statement import Kind, Relation, Source, Statement
from ..symbols import H, N
from .parts import ALLOUAH, EVEN, FLOOR, MAJORITY, ODD, OWN, by_subset_mean, q

#: kappa of the median with an odd number of devices.
MEDIAN_ODD = (N - 1) / (2 * H - N + 1)
#: kappa of the median with an even number of devices, the mean of the middle two.
MEDIAN_EVEN = (N - 2) / (2 * H - N + 2)
#: kappa of the lower median with an even number of devices.
MEDIAN_LOWER = N / (2 * H - N)
_BY_PARITY = "monotone in every message, so all Byzantine values at one end are worst; "


def _cwtm() -> Derivation:
    reduction = _BY_PARITY + "then the trimmed mean is the mean of the H - f honest values at the other side"
    return by_subset_mean("robustness.kappa.cwtm", 2 * H - N, FLOOR, reduction, "Trimmed mean: kappa is f/(N - 2f)")


def _median_odd() -> Derivation:
    reduction = _BY_PARITY + "the median is then below the mean of the (N + 1)/2 - f honest values from it upwards"
    size = (N + 1) / 2 - (N - H)
    return by_subset_mean("robustness.kappa.median_odd", size, MEDIAN_ODD, reduction, "Median, N odd")


def _median_even() -> Derivation:
    reduction = _BY_PARITY + (
        "the mean of the middle two is then below the mean of the N/2 + 1 - f >= 2 honest values from the "
        "lower one upwards"
    )
    size = N / 2 + 1 - (N - H)
    return by_subset_mean("robustness.kappa.median_even", size, MEDIAN_EVEN, reduction, "Median, N even")


def _median_lower() -> Derivation:
    reduction = _BY_PARITY + (
        "with the Byzantine values lowest, the lower median is above the mean of the N/2 - f honest values up to it"
    )
    size = N / 2 - (N - H)
    return by_subset_mean("robustness.kappa.median_lower", size, MEDIAN_LOWER, reduction, "Lower median, N even")


_kappa = partial(Statement, kind=Kind.CONSTANT, lhs=r"\kappa")

STATEMENTS = (
    _kappa(
        key="robustness.kappa.cwtm",
        title="kappa of the coordinate-wise trimmed mean",
        source=ALLOUAH,
        relation=Relation.TIGHT_UPPER,
        printed=6 * q * (1 + q),
        derivation=_cwtm,
        hypotheses=(MAJORITY,),
        uses=("lad.definition1", "robustness.kappa.lower_bound"),
        text="f values left out on either side: the constant is f/(N - 2f), which no rule beats; 6q(1 + q) was "
        "published.",
    ),
    _kappa(
        key="robustness.kappa.median_odd",
        title="kappa of the coordinate-wise median, N odd",
        source=ALLOUAH,
        relation=Relation.TIGHT_UPPER,
        printed=4 * (1 + q) ** 2,
        derivation=_median_odd,
        hypotheses=(MAJORITY, ODD),
        uses=("lad.definition1",),
        text="(N - 1)/(N + 1 - 2f), attained with (N + 1)/2 - f honest values at one place and the others at another.",
    ),
    _kappa(
        key="robustness.kappa.median_even",
        title="kappa of the coordinate-wise median, N even, mean of the middle two",
        source=ALLOUAH,
        relation=Relation.TIGHT_UPPER,
        printed=4 * (1 + q) ** 2,
        derivation=_median_even,
        hypotheses=(MAJORITY, EVEN),
        uses=("lad.definition1",),
        text="(N - 2)/(N + 2 - 2f), attained with N/2 + 1 - f honest values at one place and the others at another.",
    ),
    _kappa(
        key="robustness.kappa.median_lower",
        title="kappa of the coordinate-wise lower median, N even",
        source=ALLOUAH,
        relation=Relation.TIGHT_UPPER,
        printed=4 * (1 + q) ** 2,
        derivation=_median_lower,
        hypotheses=(MAJORITY, EVEN),
        uses=("lad.definition1",),
        text="N/(N - 2f): the convention for even N costs more than averaging the middle two.",
    ),
    _kappa(
        key="robustness.kappa.median",
        title="kappa of the coordinate-wise median (the middle two averaged)",
        source=Source(OWN, "sharp constants"),
        relation=Relation.TIGHT_UPPER,
        printed=sp.Piecewise((MEDIAN_ODD, sp.Eq(sp.Mod(N, 2), 1)), (MEDIAN_EVEN, True)),
        hypotheses=(MAJORITY,),
        uses=("robustness.kappa.median_odd", "robustness.kappa.median_even"),
        text="Both parities of N in one formula.",
    ),
)

"""What a paper says about a figure, as an object that is put to the test.

A claim about random curves is a conjunction of comparisons, each a list of paired values, one a seed, whose mean the
claim says to be positive: the log-ratio of two losses, a margin less such a log-ratio, a difference of two of them. A
claim about a formula is a list of points at which it is true or false; nothing random, so it needs no p-value.

The p-value in support of a conjunction is the largest of its comparisons' (each has to be positive); the one against it
is the smallest, times their number (one negative comparison refutes it). Both enter one family over all claims and
readings, corrected by Holm's method. At the level of 5 %, the probability that any verdict of the report other
than UNDECIDED is wrong is at most 5 %, as far as the means of the paired values follow Student's distribution.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from .figures.base import FigureData

#: Probability that a family of verdicts holds a wrong one.
LEVEL = 0.05

#: Paired log-ratios below this are rounding, and count as equal.
ROUNDING = 1e-9


class ClaimOutcome(StrEnum):
    """What a test of a claim found."""

    HOLDS = "HOLDS"
    FAILS = "DOES NOT HOLD"
    UNDECIDED = "UNDECIDED"


@dataclass(frozen=True)
class Comparison:
    """Paired values, one a seed; the claim says that their mean is positive.

    Attributes
    ----------
    label : str
        What is compared.
    values : tuple of float
        In natural-logarithm units where losses are compared; infinite where a run diverged.
    """

    label: str
    values: tuple[float, ...]

    @classmethod
    def of(cls, label: str, values: npt.ArrayLike) -> Comparison:
        """From an array of shape (seeds,); differences of two diverged runs count as equal."""
        array = np.asarray(values, dtype=float)
        return cls(label, tuple(np.where(np.isnan(array), 0.0, array).tolist()))


@dataclass(frozen=True)
class Points:
    """Points of a formula at which a claim is true or false.

    Attributes
    ----------
    true : tuple of bool
        Whether the claim is true at each point.
    worst : str
        The point that fails it most, or comes closest to it.
    """

    true: tuple[bool, ...]
    worst: str = ""


Evidence = Sequence[Comparison] | Points


@dataclass(frozen=True)
class Claim:
    """One statement of a paper about its figures.

    Attributes
    ----------
    key : str
        ``"lad.fig4.va-worst"``.
    text : str
        What is claimed, in this project's words, with the margin where a word like "close" needs one.
    source : str
        Where the paper says so.
    evidence : callable
        From the data of ``figures`` (by name, of one reading) to comparisons or points.
    figures : tuple of str
        The figures whose data it needs.
    """

    key: str
    text: str
    source: str
    evidence: Callable[[Mapping[str, FigureData]], Evidence]
    figures: tuple[str, ...]

    @property
    def figure(self) -> str:
        """The figure that it belongs to."""
        return self.figures[0]


@dataclass(frozen=True)
class ClaimVerdict:
    """A claim's verdict under one reading.

    Attributes
    ----------
    outcome : ClaimOutcome
        By Holm's method over the family.
    p_support, p_against : float or None
        Adjusted p-values in support of the claim and against it; None for formulas.
    p_signed_rank : float or None
        Unadjusted p-value in support by Wilcoxon's signed-rank test, which assumes symmetry only.
    effect : float or None
        Mean of the weakest comparison; for formulas the share of points at which the claim is true.
    effect_name : str
        What the effect measures.
    effect_size : float or None
        Cohen's d of the weakest comparison: mean over standard deviation of the paired values.
    samples : int
        Seeds, or points of a formula.
    weakest : str
        The comparison that decides.
    """

    key: str
    reading: str
    figure: str
    outcome: ClaimOutcome
    p_support: float | None
    p_against: float | None
    p_signed_rank: float | None
    effect: float | None
    effect_name: str
    effect_size: float | None
    samples: int
    weakest: str
    text: str
    source: str

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON types."""
        return asdict(self)


def p_positive(values: Sequence[float]) -> float:
    """p-value of "the mean is positive" against "it is at most zero": Student's paired test, one-sided.

    With infinite values (diverged runs) the exact sign test takes its place.

    Raises
    ------
    ValueError
        If there are fewer than two values.
    """
    from scipy import stats

    array = np.asarray(values, dtype=float)
    array = np.where(np.abs(array) < ROUNDING, 0.0, array)
    if array.size < 2:
        raise ValueError(f"p_positive needs at least 2 paired values, got {array.size}")
    if not np.all(np.isfinite(array)):
        signs = np.sign(array[array != 0])
        return float(stats.binomtest(int(np.sum(signs > 0)), signs.size, 0.5, alternative="greater").pvalue)
    spread = float(np.std(array, ddof=1))
    if spread <= ROUNDING * float(np.max(np.abs(array), initial=0.0)):
        # Equal to rounding on every seed: nothing random is left to test.
        return 0.0 if array[0] > 0 else 1.0
    return float(stats.t.sf(float(np.mean(array)) / spread * math.sqrt(array.size), array.size - 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment: reject those at most LEVEL, and the family errs with at most that probability."""
    order = np.argsort(np.asarray(p_values, dtype=float), kind="stable")
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted


def judge(
    claims: Sequence[Claim], data: Mapping[tuple[str, str], FigureData], *, level: float = LEVEL
) -> list[ClaimVerdict]:
    """Test claims under every reading for which all their figures are there; one family.

    Parameters
    ----------
    claims
        Any claims.
    data
        By (figure, reading).
    level
        Probability that any decided verdict is wrong.

    Returns
    -------
    list of ClaimVerdict
        By claim, then by reading.
    """
    readings = list(dict.fromkeys(reading for _, reading in data))
    found: list[tuple[Claim, str, Evidence]] = []
    for claim in claims:
        for reading in readings:
            if all((figure, reading) in data for figure in claim.figures):
                found.append((claim, reading, claim.evidence({f: data[f, reading] for f in claim.figures})))
    random = [index for index, (_, _, evidence) in enumerate(found) if not isinstance(evidence, Points)]
    raw = [p for index in random for p in _conjunction(found[index][2])]
    adjusted = holm(raw)
    p_by_index = {index: (adjusted[2 * k], adjusted[2 * k + 1]) for k, index in enumerate(random)}
    return [
        _verdict(claim, reading, evidence, p_by_index.get(i), level)
        for i, (claim, reading, evidence) in enumerate(found)
    ]


def _conjunction(evidence: Evidence) -> tuple[float, float]:
    """p-values in support of a conjunction and against it."""
    assert not isinstance(evidence, Points)
    support = max(p_positive(c.values) for c in evidence)
    against = min(1.0, len(evidence) * min(p_positive([-v for v in c.values]) for c in evidence))
    return support, against


def _verdict(
    claim: Claim, reading: str, evidence: Evidence, adjusted: tuple[float, float] | None, level: float
) -> ClaimVerdict:
    if isinstance(evidence, Points):
        return _formula_verdict(claim, reading, evidence)
    assert adjusted is not None
    support, against = adjusted
    if support <= level:
        outcome = ClaimOutcome.HOLDS
    elif against <= level:
        outcome = ClaimOutcome.FAILS
    else:
        outcome = ClaimOutcome.UNDECIDED
    weakest = max(evidence, key=lambda c: p_positive(c.values))
    mean, size = _effects(weakest.values)
    return ClaimVerdict(
        claim.key, reading, claim.figure, outcome, support, against, _signed_rank(weakest.values), mean,
        "mean log-ratio", size, len(weakest.values), weakest.label, claim.text, claim.source,
    )  # fmt: skip


def _formula_verdict(claim: Claim, reading: str, points: Points) -> ClaimVerdict:
    if not points.true:
        outcome = ClaimOutcome.UNDECIDED
    else:
        outcome = ClaimOutcome.HOLDS if all(points.true) else ClaimOutcome.FAILS
    share = float(np.mean(points.true)) if points.true else None
    return ClaimVerdict(
        claim.key, reading, claim.figure, outcome, None, None, None, share, "share of points", None,
        len(points.true), points.worst, claim.text, claim.source,
    )  # fmt: skip


def _effects(values: Sequence[float]) -> tuple[float | None, float | None]:
    array = np.asarray(values, dtype=float)
    if not np.all(np.isfinite(array)):
        return float(np.median(array)), None
    spread = float(np.std(array, ddof=1))
    mean = float(np.mean(array))
    return mean, (mean / spread if spread > 0 else None)


def _signed_rank(values: Sequence[float]) -> float | None:
    from scipy import stats

    array = np.asarray(values, dtype=float)
    array = np.where(np.abs(array) < ROUNDING, 0.0, array)
    if not np.any(array):
        return 1.0
    # Infinite differences rank above all finite ones, which is all that the test needs of them.
    finite = np.abs(array[np.isfinite(array)])
    array = np.clip(array, -2 * (1 + np.max(finite, initial=0.0)), 2 * (1 + np.max(finite, initial=0.0)))
    return float(stats.wilcoxon(array, alternative="greater").pvalue)

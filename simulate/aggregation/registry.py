"""Rules and pre-aggregations by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..naming import build
from .around import MeaMed, Phocas
from .base import Preaggregator, Rule
from .coordinatewise import Mean, Median, TrimmedMean
from .covariance import CAF
from .filters import FABA, NormThresholding
from .iterative import CenteredClipping, Correntropy, GeometricMedian, Huber
from .krum import Bulyan, Krum, MultiKrum
from .majority import MajorityVote
from .preaggregation import NNM, AdaptiveClipping, Bucketing, Clipping
from .subsets import MDA, SMEA

RULES: dict[str, Callable[..., Rule]] = {
    "mean": Mean,
    "cwtm": TrimmedMean,
    "median": Median,
    "median-lower": partial(Median, convention="lower"),
    "phocas": Phocas,
    "phocas-vector": partial(Phocas, variant="vector"),
    "meamed": MeaMed,
    "geometric-median": GeometricMedian,
    "centered-clipping": CenteredClipping,
    "huber": Huber,
    "correntropy": Correntropy,
    "krum": Krum,
    "krum-blanchard": partial(Krum, score="others"),
    "krum-inclusive": partial(Krum, score="inclusive"),
    "multikrum": MultiKrum,
    "multikrum-blanchard": partial(MultiKrum, score="others"),
    "mda": MDA,
    "faba": FABA,
    "bulyan": Bulyan,
    "smea": SMEA,
    "caf": CAF,
    "norm-thresholding": NormThresholding,
    "majority-vote": MajorityVote,
}
"""Rules by name: functions of f, and of the fields of the rule."""

PREAGGREGATORS: dict[str, Callable[..., Preaggregator]] = {
    "nnm": NNM,
    "bucketing": Bucketing,
    "clipping": Clipping,
    "arc": AdaptiveClipping,
}
"""Pre-aggregations by name: functions of f, and of the fields of the step."""

_ALIASES = {
    "average": "mean",
    "va": "mean",
    "trimmed-mean": "cwtm",
    "gm": "geometric-median",
    "rfa": "geometric-median",
    "cc": "centered-clipping",
    "mcc": "correntropy",
    "multi-krum": "multikrum",
    "tgn": "norm-thresholding",
}


def rule_from_name(name: str, f: int | None = None, **parameters: Any) -> Rule:
    """Make a rule from its name, e.g. ``"cwtm"``, ``"nnm+cwtm"`` or ``"bucketing+median"``.

    Parameters
    ----------
    name
        A key of `RULES`, in any case, or a short form of it; in front of it, joined by ``+``, keys of `PREAGGREGATORS`
        in the order of application.
    f
        Number of Byzantine messages, for all parts; None leaves it open.
    **parameters
        Fields of the rule itself, the last part.

    Raises
    ------
    ValueError
        If there is no such rule (the text names near misses) or it does not take the parameters.
    """
    *before, last = [part.strip() for part in name.split("+")]
    table = {**RULES, **{alias: RULES[full] for alias, full in _ALIASES.items()}}
    known = {"f": f} if f is not None and "fraction" not in parameters else {}
    rule = build("rule", last, table, {**known, **parameters})
    for part in reversed(before):
        rule = build("pre-aggregation", part, PREAGGREGATORS, known) >> rule
    return rule

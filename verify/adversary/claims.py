"""What the catalogue says about a rule: the published constant, and the best upper end with its source."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from ...bounds.catalogue import get
from ...bounds.numeric import evaluate
from ...bounds.statement import Statement
from .exact_lstat import Norm

#: Rule -> stem of the keys in the catalogue; a parity suffix is added where the constant depends on it.
STEMS = {
    "cwtm": "cwtm",
    "median": "median",
    "median-lower": "median_lower",
    "geometric-median": "geometric_median",
    "krum": "krum",
    "multikrum": "multikrum",
    "phocas": "phocas",
    "phocas-vector": "phocas",
    "meamed": "meamed",
    "faba": "faba",
    "mda": "mda",
}
#: Rule -> row of Table I of the CRA paper.
TABLE_I = {
    "cwtm": "trimmed_mean",
    "median": "median",
    "median-lower": "median",
    "geometric-median": "geometric_median",
    "krum": "krum",
    "krum-blanchard": "krum",
    "krum-inclusive": "krum",
    "phocas": "phocas",
    "phocas-vector": "phocas",
    "faba": "faba",
}


@dataclass(frozen=True)
class Constant:
    """A value from the catalogue.

    Attributes
    ----------
    value : sympy number or None
        None where a condition of the statement fails.
    key : str
        The statement.
    kind : str
        "proof" or "published".
    """

    value: sp.Expr | None
    key: str
    kind: str

    @property
    def source(self) -> str:
        """``"proof (robustness.kappa.cwtm)"``."""
        return f"{self.kind} ({self.key})"


def family(rule: str) -> str:
    """The rule of the papers that a name is about: parameters after a colon or bracket are dropped."""
    return rule.split(":")[0].split("(")[0].split("=")[0]

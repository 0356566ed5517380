"""Table I of the CRA paper: constants that it quotes for six aggregation rules."""

from __future__ import annotations

import sympy as sp

from ..statement import Hypothesis, Kind, Relation, Statement
from ..symbols import N, Q, alpha
from .notation import MINORITY, source

THIRD = Hypothesis("less than a third of the devices are Byzantine", sp.Lt(alpha, sp.Rational(1, 3)))
_odds = (1 - alpha) / (1 - 2 * alpha)


def _row(name: str, title: str, formula: sp.Expr, *hypotheses: Hypothesis, text: str = "") -> Statement:
    return Statement(
        key=f"cra.table1.{name}",
        title=f"Published constant: {title}",
        source=source("Table I"),
        kind=Kind.CONSTANT,
        relation=Relation.UPPER,
        lhs=r"C_\alpha^2",
        printed=formula,
        hypotheses=hypotheses or (MINORITY,),
        uses=("cra.definition1",),
        text=text or f"Value quoted for {title}, without proof, from an earlier paper.",
    )


STATEMENTS = (
    _row(
        "median", "coordinate-wise median", sp.Min(2 * sp.sqrt(N - N * alpha), sp.sqrt(Q)) ** 2 / (2 * (1 - alpha) ** 2)
    ),
    _row("trimmed_mean", "coordinate-wise trimmed mean", 2 * alpha * (1 - alpha) / (1 - 2 * alpha) ** 2),
    _row("geometric_median", "geometric median", (2 * (1 - alpha) / (1 - 2 * alpha)) ** 2),
    _row("krum", "Krum", 2 * (1 + sp.sqrt(_odds)) ** 2),
    _row("phocas", "Phocas", 4 + 12 * alpha * (1 - alpha) / (1 - 2 * alpha) ** 2),
    _row(
        "faba",
        "FABA",
        4 * (N * alpha / (N - N * alpha) + (N + 1 - N * alpha) / (N - N * alpha) * N * alpha / (N - 3 * N * alpha)),
        THIRD,
        text="Value quoted for FABA, without proof; its last denominator is N - 3 alpha N, so it needs alpha < 1/3.",
    ),
)

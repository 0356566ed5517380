"""LAD Fig. 2: the error term (33) as a function of the compression constant delta."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..claims import Claim, Points
from . import error_term
from .base import FigureData, Parameters, Progress, no_progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "lad.fig2"
TITLE = "Error term against the compression constant"
SOURCE = "LAD Fig. 2"
CAPTION = (
    "The error term (33) along δ. Where the hatching lies, the hypothesis √(κκ₂) < 1/N of the theorem that the "
    "term belongs to fails, so the curve bounds nothing there."
)
PARAMETERS: Parameters = {
    "N": 100, "H": 65, "d": 5, "kappa": 1.5, "beta": 1.0, "delta_max": 2.0, "points": 201, "form": "printed",
}  # fmt: skip
PRESETS: dict[str, Parameters] = {}
READINGS = error_term.READINGS


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Evaluate (33) on equally spaced delta."""
    if not parameters["delta_max"] > 0 or parameters["points"] < 2:
        raise ValueError(
            f"{NAME} needs delta_max > 0 and points >= 2, got {parameters['delta_max']} and {parameters['points']}"
        )
    (progress or no_progress)(0.0, "evaluating (33)")
    grid = np.linspace(0, parameters["delta_max"], parameters["points"])
    return error_term.compute_along(NAME, "delta", grid, parameters)


def plot(data: FigureData) -> Figure:
    """Draw the term and the vacuous region."""
    return error_term.plot_along(data, "delta", r"compression constant $\delta$")


def _bits_fall(data: FigureData) -> Points:
    """Random sparsification attains delta = Q/k - 1, so k/Q = 1/(1 + delta) of the entries are sent."""
    sent = 1 / (1 + data.tables["curves"]["delta"])
    return Points(tuple((np.diff(sent) < 0).tolist()), "share of entries that random sparsification sends")


CLAIMS = (
    Claim(
        f"{NAME}.grows-with-delta",
        "The error term is reduced as δ decreases.",
        "LAD Section VI, before Fig. 2",
        lambda data: error_term.monotone(data[NAME], "delta", 1),
        (NAME,),
    ),
    Claim(
        f"{NAME}.less-communication",
        "As δ decreases the communication grows (random sparsification).",
        "LAD Section VI, before Fig. 2",
        lambda data: _bits_fall(data[NAME]),
        (NAME,),
    ),
    Claim(
        f"{NAME}.hypothesis-holds",
        "The theorem that the error term belongs to applies at every plotted δ.",
        "LAD Section VI, Theorem 1 and Fig. 2",
        lambda data: error_term.informative(data[NAME], "delta"),
        (NAME,),
    ),
)

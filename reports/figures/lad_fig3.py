"""LAD Fig. 3: the error term (33) as a function of the computational load d."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..claims import Claim
from . import error_term
from .base import FigureData, Parameters, Progress, no_progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "lad.fig3"
TITLE = "Error term against the computational load"
SOURCE = "LAD Fig. 3"
CAPTION = (
    "The error term (33) along d. Where the hatching lies, the hypothesis √(κκ₂) < 1/N of the theorem that the "
    "term belongs to fails, so the curve bounds nothing there."
)
PARAMETERS: Parameters = {"N": 100, "H": 65, "delta": 0.5, "kappa": 1.5, "beta": 1.0, "form": "printed"}
PRESETS: dict[str, Parameters] = {}
READINGS = error_term.READINGS


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Evaluate (33) at d = 1, ..., N."""
    (progress or no_progress)(0.0, "evaluating (33)")
    return error_term.compute_along(NAME, "d", np.arange(1, parameters["N"] + 1), parameters)


def plot(data: FigureData) -> Figure:
    """Draw the term and the vacuous region."""
    return error_term.plot_along(data, "d", "computational load $d$")


CLAIMS = (
    Claim(
        f"{NAME}.falls-with-d",
        "Increasing d reduces the error term.",
        "LAD Section VI, after Fig. 3",
        lambda data: error_term.monotone(data[NAME], "d", -1),
        (NAME,),
    ),
    Claim(
        f"{NAME}.hypothesis-holds",
        "The theorem that the error term belongs to applies at every plotted d.",
        "LAD Section VI, Theorem 1 and Fig. 3",
        lambda data: error_term.informative(data[NAME], "d"),
        (NAME,),
    ),
)

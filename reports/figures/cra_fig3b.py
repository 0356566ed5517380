"""CRA Fig. 3b: training loss of CRA-DL for several r at alpha = 0.4, and the Pareto front after 10 iterations."""

from __future__ import annotations

from . import redundancy
from .base import FigureData, Parameters, Progress

NAME = "cra.fig3b"
TITLE = "Redundancy against loss at α = 0.4"
SOURCE = "CRA Fig. 3b"
PARAMETERS: Parameters = redundancy.parameters_at(0.4, 10)
CAPTION = redundancy.caption(PARAMETERS["alpha"], PARAMETERS["front_iteration"])
PRESETS = redundancy.PRESETS
READINGS = redundancy.READINGS
CLAIMS = redundancy.claims(NAME)
plot = redundancy.plot_panel


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Train for each r on the same seeds."""
    return redundancy.compute_panel(NAME, parameters, progress)

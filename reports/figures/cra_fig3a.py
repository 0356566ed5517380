"""CRA Fig. 3a: training loss of CRA-DL for several r at alpha = 0.2, and the Pareto front after 5 iterations."""

from __future__ import annotations

from . import redundancy
from .base import FigureData, Parameters, Progress

NAME = "cra.fig3a"
TITLE = "Redundancy against loss at α = 0.2"
SOURCE = "CRA Fig. 3a"
PARAMETERS: Parameters = redundancy.parameters_at(0.2, 5)
CAPTION = redundancy.caption(PARAMETERS["alpha"], PARAMETERS["front_iteration"])
PRESETS = redundancy.PRESETS
READINGS = redundancy.READINGS
CLAIMS = redundancy.claims(NAME)
plot = redundancy.plot_panel


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Train for each r on the same seeds."""
    return redundancy.compute_panel(NAME, parameters, progress)

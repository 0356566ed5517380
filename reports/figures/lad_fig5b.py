"""LAD Fig. 5b: LAD and its baselines at sigma_H = 0.1."""

from __future__ import annotations

from . import heterogeneity
from .base import FigureData, Parameters, Progress

NAME = "lad.fig5b"
TITLE = "Training loss at heterogeneity σ_H = 0.1"
SOURCE = "LAD Fig. 5b"
PARAMETERS: Parameters = heterogeneity.parameters_at(0.1)
CAPTION = heterogeneity.caption(PARAMETERS["sigma_H"])
PRESETS = heterogeneity.PRESETS
READINGS = heterogeneity.READINGS
READING_PRESETS = heterogeneity.READING_PRESETS
plot = heterogeneity.plot_panel


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Train the four methods on the same seeds."""
    return heterogeneity.compute_panel(NAME, parameters, progress)


RULES = ("CWTM", "CWTM-NNM")
CLAIMS = (
    *(heterogeneity.lad_beats(NAME, rule) for rule in RULES),
    *(heterogeneity.advantage_grows(NAME, "lad.fig5a", rule) for rule in RULES),
)

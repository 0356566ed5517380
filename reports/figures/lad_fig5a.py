"""LAD Fig. 5a: LAD and its baselines at sigma_H = 0."""

from __future__ import annotations

from . import heterogeneity
from .base import FigureData, Parameters, Progress

NAME = "lad.fig5a"
TITLE = "Training loss at heterogeneity σ_H = 0"
SOURCE = "LAD Fig. 5a"
PARAMETERS: Parameters = heterogeneity.parameters_at(0.0)
CAPTION = heterogeneity.caption(PARAMETERS["sigma_H"])
PRESETS = heterogeneity.PRESETS
READINGS = heterogeneity.READINGS
READING_PRESETS = heterogeneity.READING_PRESETS
plot = heterogeneity.plot_panel


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Train the four methods on the same seeds."""
    return heterogeneity.compute_panel(NAME, parameters, progress)


RULES = ("CWTM", "CWTM-NNM")
CLAIMS = tuple(heterogeneity.lad_beats(NAME, rule) for rule in RULES)

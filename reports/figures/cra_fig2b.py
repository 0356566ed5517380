"""CRA Fig. 2b: all methods under the gaussian attack."""

from __future__ import annotations

from . import attacks_compared as shared
from . import cra_setting
from .base import FigureData, Parameters, Progress

NAME = "cra.fig2b"
TITLE = "Training loss under the gaussian attack"
SOURCE = "CRA Fig. 2b"
PARAMETERS: Parameters = {**cra_setting.PARAMETERS, "attack": "gaussian:10000", "alpha": 0.03}
CAPTION = shared.caption("Gaussian", PARAMETERS["alpha"])
PRESETS = shared.PRESETS
READINGS = shared.READINGS
plot = shared.plot_panel


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Train all methods on the same seeds."""
    return shared.compute_panel(NAME, parameters, progress)


CLAIMS = shared.claims(NAME)

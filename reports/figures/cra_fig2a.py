"""CRA Fig. 2a: all methods under the sign-flipping attack."""

from __future__ import annotations

from . import attacks_compared as shared
from . import cra_setting
from .base import FigureData, Parameters, Progress

NAME = "cra.fig2a"
TITLE = "Training loss under the sign-flipping attack"
SOURCE = "CRA Fig. 2a"
PARAMETERS: Parameters = {**cra_setting.PARAMETERS, "attack": "sign:-2", "alpha": 0.2}
CAPTION = shared.caption("Sign-flipping", PARAMETERS["alpha"])
PRESETS = shared.PRESETS
READINGS = shared.READINGS
plot = shared.plot_panel


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Train all methods on the same seeds."""
    return shared.compute_panel(NAME, parameters, progress)


CLAIMS = (*shared.claims(NAME), *shared.ma_suffers(NAME))

"""CRA Fig. 2c: all methods under the sample-duplicating attack."""

from __future__ import annotations

from . import attacks_compared as shared
from . import cra_setting
from .base import FigureData, Parameters, Progress

NAME = "cra.fig2c"
TITLE = "Training loss under the sample-duplicating attack"
SOURCE = "CRA Fig. 2c"
PARAMETERS: Parameters = {**cra_setting.PARAMETERS, "attack": "sample-duplicating", "alpha": 0.4}
CAPTION = shared.caption("Sample-duplicating", PARAMETERS["alpha"])
PRESETS = shared.PRESETS
READINGS = shared.READINGS
plot = shared.plot_panel


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Train all methods on the same seeds."""
    return shared.compute_panel(NAME, parameters, progress)


CLAIMS = (*shared.claims(NAME), *shared.ma_suffers(NAME))

"""LAD Fig. 3: the error term (33) as a function of the computational load d."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..claims import Claim, Points
from . import error_term
from .base import FigureData, Parameters, Progress, no_progress
from .formulas import values

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


def _below_baseline(data: FigureData) -> Points:
    """(35) against (36) at every load from 3 on, at the paper's example."""
    point = {name: data.parameters[name] for name in ("N", "H", "kappa", "beta")}
    loads = np.arange(3, point["N"] + 1)
    order, baseline = values("lad.eq35", "printed", **point, d=loads), values("lad.eq36", "printed", **point)
    worst = int(np.argmax(order - baseline))
    return Points(tuple((order < baseline).tolist()), f"d = {loads[worst]}: {order[worst]:.3g} against {baseline:.3g}")


def _vanishes(data: FigureData) -> Points:
    """(34) at d = N, at a small learning rate."""
    point = {name: data.parameters[name] for name in ("N", "H", "kappa", "beta")}
    error = float(values("lad.eq34", "printed", **point, d=point["N"], gamma0=1e-6, L=1.0))
    return Points((error == 0,), f"error term {error:g} at d = N")


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
    Claim(
        f"{NAME}.below-baseline",
        "Without compression, order (35) is below the baseline's order (36) from d = 3 on.",
        "LAD Section VI, after (36)",
        lambda data: _below_baseline(data[NAME]),
        (NAME,),
    ),
    Claim(
        f"{NAME}.vanishes-at-full-load",
        "Without compression, the error term (34) vanishes at d = N.",
        "LAD Section VI, after (36)",
        lambda data: _vanishes(data[NAME]),
        (NAME,),
    ),
)

"""CRA Fig. 5: CRA-DL and RBA-DL under several levels of heterogeneity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..claims import Claim, Comparison
from . import cra_setting, training
from .base import FigureData, Parameters, Progress
from .training import Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure


NAME = "cra.fig5"
TITLE = "CRA-DL and RBA-DL under heterogeneity"
SOURCE = "CRA Fig. 5"
CAPTION = (
    "Coordinate-wise median, r = 40, α = 0.2, sign-flipping. The paper's text names no values of σ_H; those here are a "
    "choice. Geometric means over paired seeds with 95 % confidence bands."
)
PARAMETERS: Parameters = {
    **{name: value for name, value in cra_setting.PARAMETERS.items() if name != "sigma_H"}, "levels": (0.1, 0.5, 1.0),
}  # fmt: skip
PRESETS = cra_setting.PRESETS
READINGS = cra_setting.READINGS
METHODS = ("RBA-median", "CRA-median")


def _label(method: str, level: float) -> str:
    return f"{method}, σ_H = {level:g}"


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Train both methods at each level on the same seeds."""
    series: list[Series] = []
    for level in parameters["levels"]:
        at = {**parameters, "sigma_H": level}
        series += [cra_setting.series(_label(m, level), m, at) for m in METHODS]
    return FigureData(
        NAME, parameters, training.tables(training.train(series, training.seeds_of(parameters), progress))
    )


def plot(data: FigureData) -> Figure:
    """Draw the curves."""
    p = data.parameters
    return training.plot_curves(data, f"coordinate-wise median, α = {p['alpha']:g}, r = {p['r']}, sign-flipping")


def _gain(data: FigureData, level: float) -> list[Comparison]:
    return training.better(data, _label("CRA-median", level), _label("RBA-median", level))


def _grows(data: FigureData) -> list[Comparison]:
    levels = data.parameters["levels"]
    gains = [training.gain(data, _label("RBA-median", s), _label("CRA-median", s)) for s in levels]
    return [
        c
        for k in range(len(levels) - 1)
        for c in training.larger_gain(
            gains[k], gains[k + 1], f"gain at σ_H = {levels[k + 1]:g} above that at {levels[k]:g}"
        )
    ]


def _claim(key: str, text: str, evidence: Callable[[FigureData], Sequence[Comparison]]) -> Claim:
    return Claim(f"{NAME}.{key}", text, "CRA Section V, Fig. 5", lambda data: evidence(data[NAME]), (NAME,))


CLAIMS = (
    _claim(
        "cra-beats-rba",
        "CRA-DL ends better than RBA-DL at every level of heterogeneity.",
        lambda d: [c for level in d.parameters["levels"] for c in _gain(d, level)],
    ),
    _claim("advantage-grows", "The advantage of CRA-DL over RBA-DL grows with the heterogeneity.", _grows),
)

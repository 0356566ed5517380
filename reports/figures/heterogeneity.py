"""LAD Fig. 5: LAD against its baselines at one heterogeneity; both panels differ in sigma_H alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..claims import Claim, Comparison
from . import lad_setting, training
from .base import FigureData, Parameters, Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLACE = "LAD Section VII-A, Fig. 5"
METHODS = ("CWTM", "CWTM-NNM", "LAD-CWTM", "LAD-CWTM-NNM")
PRESETS = lad_setting.PRESETS
READINGS = lad_setting.READINGS
READING_PRESETS = lad_setting.READING_PRESETS


def parameters_at(sigma_H: float) -> Parameters:
    """The panel's parameters."""
    return {**lad_setting.PARAMETERS, "sigma_H": sigma_H, "d": 10}


def caption(sigma_H: float) -> str:
    """The panel's caption."""
    return (
        f"20 Byzantine devices, d = 10, γ = 1e-6, σ_H = {sigma_H:g}; geometric means over paired seeds with 95 % "
        "confidence bands. The panels use the same seeds, hence the same features and permutations."
    )


def compute_panel(name: str, parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Train the four methods on the same seeds."""
    series = [
        lad_setting.series(m, m, parameters, **({"d": parameters["d"]} if m.startswith("LAD") else {})) for m in METHODS
    ]
    return FigureData(
        name, parameters, training.tables(training.train(series, training.seeds_of(parameters), progress))
    )


def plot_panel(data: FigureData) -> Figure:
    """Draw the curves."""
    return training.plot_curves(
        data, f"$\\sigma_H$ = {data.parameters['sigma_H']:g}, d = {data.parameters['d']}, sign-flipping"
    )


def _larger(data: Mapping[str, FigureData], low: str, high: str, rule: str) -> list[Comparison]:
    first, second = (training.gain(data[name], rule, f"LAD-{rule}") for name in (low, high))
    return training.larger_gain(first, second, f"gain of LAD-{rule} in {high} above that in {low}")


def lad_beats(name: str, rule: str) -> Claim:
    """The claim that coding helps a rule in one panel."""
    return Claim(
        key=f"{name}.lad-beats-{rule.lower()}",
        text=f"LAD-{rule} ends better than {rule}.",
        source=PLACE,
        evidence=lambda data: training.better(data[name], f"LAD-{rule}", rule),
        figures=(name,),
    )


def advantage_grows(name: str, low: str, rule: str) -> Claim:
    """The claim that coding helps a rule more in this panel than in the one of low heterogeneity."""
    return Claim(
        key=f"{name}.{rule.lower()}-advantage-grows",
        text=f"LAD-{rule}'s advantage over {rule} is larger at σ_H = 0.1 than at σ_H = 0.",
        source=PLACE,
        evidence=lambda data: _larger(data, low, name, rule),
        figures=(name, low),
    )

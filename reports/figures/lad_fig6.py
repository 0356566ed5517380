"""LAD Fig. 6: training loss with compressed communication."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..claims import Claim, Comparison
from . import lad_setting, training
from .base import FigureData, Parameters, Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "lad.fig6"
TITLE = "Training loss with compressed communication"
SOURCE = "LAD Fig. 6"
CAPTION = (
    "Random sparsification to k = 30 of Q = 100 entries, H = 70, d = 3, σ_H = 0.3, γ = 3e-7; a Byzantine device "
    "multiplies its message by -2, then compresses it. Geometric means over paired seeds with 95 % confidence "
    "bands."
)
PARAMETERS: Parameters = {**lad_setting.PARAMETERS, "H": 70, "gamma0": 3e-7, "d": 3, "k": 30, "tgn": 0.2}
PRESETS = lad_setting.PRESETS
READINGS = lad_setting.READINGS
READING_PRESETS = lad_setting.READING_PRESETS
METHODS = ("Com-VA", "Com-CWTM", "Com-CWTM-NNM", "Com-TGN", "Com-LAD-CWTM", "Com-LAD-CWTM-NNM")


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Train all methods on the same seeds."""

    def options(method: str) -> dict[str, object]:
        load = {"d": parameters["d"]} if "LAD" in method else {}
        return {"k": parameters["k"], "tgn": parameters["tgn"], **load}

    series = [lad_setting.series(m, m, parameters, **options(m)) for m in METHODS]
    return FigureData(
        NAME, parameters, training.tables(training.train(series, training.seeds_of(parameters), progress))
    )


def plot(data: FigureData) -> Figure:
    """Draw the curves."""
    p = data.parameters
    return training.plot_curves(data, f"H = {p['H']}, d = {p['d']}, k = {p['k']} of {p['Q']}, sign-flipping")


def _claim(key: str, text: str, evidence: Callable[[FigureData], Sequence[Comparison]]) -> Claim:
    return Claim(f"{NAME}.{key}", text, "LAD Section VII-B, Fig. 6", lambda data: evidence(data[NAME]), (NAME,))


def _nnm_gains_more(data: FigureData) -> list[Comparison]:
    plain, mixed = (training.gain(data, f"Com-{rule}", f"Com-LAD-{rule}") for rule in ("CWTM", "CWTM-NNM"))
    return training.larger_gain(plain, mixed, "gain of Com-LAD-CWTM-NNM above that of Com-LAD-CWTM")


CLAIMS = (
    _claim("va-worst", "Com-VA ends worse than every other method.", lambda d: training.worst(d, "Com-VA")),
    _claim(
        "nnm-helps",
        "Com-LAD-CWTM-NNM ends better than Com-LAD-CWTM.",
        lambda d: training.better(d, "Com-LAD-CWTM-NNM", "Com-LAD-CWTM"),
    ),
    _claim(
        "lad-beats-cwtm",
        "Com-LAD-CWTM ends better than Com-CWTM.",
        lambda d: training.better(d, "Com-LAD-CWTM", "Com-CWTM"),
    ),
    _claim(
        "lad-nnm-beats-nnm",
        "Com-LAD-CWTM-NNM ends better than Com-CWTM-NNM.",
        lambda d: training.better(d, "Com-LAD-CWTM-NNM", "Com-CWTM-NNM"),
    ),
    _claim("nnm-gains-more", "Coding gains more with NNM than without it.", _nnm_gains_more),
    _claim(
        "tgn-between",
        "Com-TGN lies between Com-LAD-CWTM-NNM and Com-LAD-CWTM.",
        lambda d: training.decreasing(d, ("Com-LAD-CWTM", "Com-TGN", "Com-LAD-CWTM-NNM")),
    ),
    _claim(
        "tgn-slightly-better",
        "Com-TGN ends within a factor 1.1 of Com-LAD-CWTM.",
        lambda d: training.close(d, "Com-TGN", "Com-LAD-CWTM", 1.1),
    ),
    _claim(
        "nnm-best",
        "Com-LAD-CWTM-NNM ends better than every other method.",
        lambda d: training.best(d, "Com-LAD-CWTM-NNM"),
    ),
)

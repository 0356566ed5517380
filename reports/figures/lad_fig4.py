"""LAD Fig. 4: training loss of all methods under sign-flipping, without compression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..claims import Claim, Comparison, Points
from . import lad_setting, training
from .base import FigureData, Parameters, Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "lad.fig4"
TITLE = "Training loss of LAD and its baselines"
SOURCE = "LAD Fig. 4"
CAPTION = (
    "N = Q = 100, H = 80, sign-flipping with coefficient -2, σ_H = 0.3, γ = 1e-6. Curves are geometric means over "
    "paired seeds with 95 % confidence bands. The paper gives neither the number of iterations nor, in its text, "
    "the loads d: the loads here are 5, 10 and 20. With N = Q the regression interpolates, so the curves are "
    "transients and not floors."
)
PARAMETERS: Parameters = {**lad_setting.PARAMETERS, "loads": (5, 10, 20)}
PRESETS = lad_setting.PRESETS
READINGS = lad_setting.READINGS
READING_PRESETS = lad_setting.READING_PRESETS


def _series(parameters: Parameters) -> list[training.Series]:
    one = lad_setting.series
    found = [one(name, name, parameters) for name in ("VA", "CWTM", "CWTM-NNM")]
    for rule in ("LAD-CWTM", "LAD-CWTM-NNM"):
        found += [one(f"{rule}, d = {d}", rule, parameters, d=d) for d in parameters["loads"]]
    return [*found, one("DRACO", "DRACO", parameters)]


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Train all methods on the same seeds."""
    from ...simulate.methods import method_from_name

    series = _series(parameters)
    trained = training.train(series, training.seeds_of(parameters), progress)
    draco = method_from_name("DRACO", N=parameters["N"], f=parameters["N"] - parameters["H"]).encoding
    load = {s.label: s.options.get("d", 1) for s in series} | {"DRACO": draco.load(parameters["N"])}
    return FigureData(NAME, parameters, training.tables(trained, {label: {"load": d} for label, d in load.items()}))


def plot(data: FigureData) -> Figure:
    """Draw the curves."""
    return training.plot_curves(
        data, f"H = {data.parameters['H']}, $\\sigma_H$ = {data.parameters['sigma_H']:g}, sign-flipping"
    )


def _labels(data: FigureData, rule: str) -> list[str]:
    return [f"{rule}, d = {d}" for d in data.parameters["loads"]]


def _claim(key: str, text: str, evidence: Callable[[FigureData], Sequence[Comparison] | Points]) -> Claim:
    return Claim(f"{NAME}.{key}", text, "LAD Section VII-A, Fig. 4", lambda data: evidence(data[NAME]), (NAME,))


def _every_load(data: FigureData, baseline: str) -> list[Comparison]:
    return [c for label in _labels(data, f"LAD-{baseline}") for c in training.better(data, label, baseline)]


def _nnm_helps(data: FigureData) -> list[Comparison]:
    pairs = zip(_labels(data, "LAD-CWTM-NNM"), _labels(data, "LAD-CWTM"), strict=True)
    return [c for with_nnm, without in pairs for c in training.better(data, with_nnm, without)]


def _half_the_load(data: FigureData) -> Points:
    """DRACO needs 2f + 1 gradients a device to outvote f Byzantine ones."""
    needed = 2 * (data.parameters["N"] - data.parameters["H"]) + 1
    largest = max(data.parameters["loads"])
    return Points((abs(largest / needed - 0.5) < 0.05,), f"{largest} against {needed} gradients a device")


def _code_exists(data: FigureData) -> Points:
    """The load of the repetition code that was run: its groups have equal sizes, so they divide N."""
    needed = 2 * (data.parameters["N"] - data.parameters["H"]) + 1
    used = int(data.tables["finals"].where(label="DRACO")["load"][0])
    return Points((used == needed,), f"groups of equal size take {used} gradients a device, not {needed}")


CLAIMS = (
    _claim("va-worst", "VA ends worse than every other method.", lambda d: training.worst(d, "VA")),
    _claim("lad-cwtm-beats-cwtm", "LAD-CWTM ends better than CWTM, at each d.", lambda d: _every_load(d, "CWTM")),
    _claim(
        "lad-nnm-beats-nnm", "LAD-CWTM-NNM ends better than CWTM-NNM, at each d.", lambda d: _every_load(d, "CWTM-NNM")
    ),
    _claim(
        "gain-grows-with-d",
        "The gain of LAD-CWTM over CWTM grows with d.",
        lambda d: training.decreasing(d, _labels(d, "LAD-CWTM")),
    ),
    _claim(
        "nnm-gain-grows-with-d",
        "The gain of LAD-CWTM-NNM over CWTM-NNM grows with d.",
        lambda d: training.decreasing(d, _labels(d, "LAD-CWTM-NNM")),
    ),
    _claim("nnm-helps", "LAD-CWTM-NNM ends better than LAD-CWTM, at each d.", _nnm_helps),
    _claim("draco-best", "DRACO ends better than every other method.", lambda d: training.best(d, "DRACO")),
    _claim(
        "close-to-draco",
        "At the largest d, LAD-CWTM-NNM ends within a factor 1.1 of DRACO.",
        lambda d: training.close(d, _labels(d, "LAD-CWTM-NNM")[-1], "DRACO", 1.1),
    ),
    _claim(
        "cwtm-close-to-draco",
        "At the largest d, LAD-CWTM ends within a factor 1.1 of DRACO.",
        lambda d: training.close(d, _labels(d, "LAD-CWTM")[-1], "DRACO", 1.1),
    ),
    _claim("half-the-load", "The largest d is half of DRACO's load 2(N - H) + 1, within 5 % of it.", _half_the_load),
    _claim(
        "draco-load", "DRACO runs with 2(N - H) + 1 gradients a device in this setting (repetition code).", _code_exists
    ),
)

"""CRA Fig. 4: training loss of CRA-DL for several fractions of Byzantine devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..claims import Claim, Comparison, Points
from ..table import Table
from . import cra_setting, training
from .base import FigureData, Parameters, Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure


NAME = "cra.fig4"
TITLE = "Training loss of CRA-DL for several α"
SOURCE = "CRA Fig. 4"
CAPTION = (
    "Coordinate-wise median, r = 40, sign-flipping; α = 0 is the case without attack. The paper's text names α = 0 "
    "and 0.1; the others are a choice. Geometric means over paired seeds with 95 % confidence bands."
)
PARAMETERS: Parameters = {**cra_setting.PARAMETERS, "alphas": (0.0, 0.1, 0.2, 0.3, 0.4)}
PRESETS = cra_setting.PRESETS
READINGS = cra_setting.READINGS


def _label(alpha: float) -> str:
    return f"α = {alpha:g}"


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Train for each alpha on the same seeds, and find the smallest loss there is in closed form."""
    from ...simulate.problems import CraRegression

    p = parameters
    series = [cra_setting.series(_label(a), "CRA-median", p, alpha=a) for a in p["alphas"]]
    seeds = training.seeds_of(p)
    trained = training.train(series, seeds, progress)
    found = training.tables(trained, {_label(a): {"alpha": a} for a in p["alphas"]})
    problem = CraRegression(M=p["M"], Q=p["Q"], sigma_H=p["sigma_H"], features_reading=p["spread"]).draw(list(seeds))
    optimum = Table.of(seed=seeds, log_loss=np.log(np.asarray(problem.minimum)))
    return FigureData(NAME, p, {**found, "optimum": optimum})


def plot(data: FigureData) -> Figure:
    """Draw the curves and the smallest loss."""
    figure = training.plot_curves(data, f"CRA-median, r = {data.parameters['r']}, sign-flipping")
    axes = figure.axes[0]
    axes.axhline(
        float(np.exp(np.mean(data.tables["optimum"]["log_loss"]))), color="0.3", linewidth=0.9, linestyle=(0, (2, 2))
    )
    axes.annotate(
        "optimum F*", (0.99, 0.01), xycoords="axes fraction", ha="right", va="bottom", fontsize=8, color="0.3"
    )
    return figure


def _claim(key: str, text: str, evidence: Callable[[FigureData], Sequence[Comparison] | Points]) -> Claim:
    return Claim(f"{NAME}.{key}", text, "CRA Section V, Fig. 4", lambda data: evidence(data[NAME]), (NAME,))


def _labels(data: FigureData) -> list[str]:
    return [_label(a) for a in data.parameters["alphas"]]


def _same_value(data: FigureData) -> list[Comparison]:
    first, *others = _labels(data)
    return [c for other in others for c in training.close(data, other, first, 1.1)]


def _optimal(data: FigureData) -> list[Comparison]:
    excess = training.final(data, _labels(data)[0]) - data.tables["optimum"]["log_loss"]
    return [Comparison.of("F of α = 0 below 1.01 F*", np.log(1.01) - excess)]


def _redundancy(data: FigureData) -> Points:
    """Exact recovery under s Byzantine devices needs each subset on s + 1 devices: r = M (s + 1) / N."""
    p = data.parameters
    needed = p["M"] * (cra_setting.byzantine(p, 0.1) + 1) / p["N"]
    return Points(
        (needed == 110 and p["r"] < needed,), f"exact recovery needs r = {needed:g} at α = 0.1; here r = {p['r']}"
    )


CLAIMS = (
    _claim(
        "improves-as-alpha-falls",
        "The loss ends lower the smaller α is.",
        lambda d: training.decreasing(d, _labels(d)[::-1]),
    ),
    _claim("same-value", "For all α the loss ends within a factor 1.1 of that without attack.", _same_value),
    _claim(
        "almost-the-same-at-0.1",
        "At α = 0.1 the loss ends within a factor 1.01 of that without attack.",
        lambda d: training.close(d, _label(0.1), _label(0.0), 1.01),
    ),
    _claim("optimal-without-attack", "Without attack the loss ends within 1 % of the optimum.", _optimal),
    _claim(
        "needs-less-redundancy", "Exact recovery would need r = 110 in this setting, more than r = 40.", _redundancy
    ),
)

"""The three-way trade-off of Com-LAD: bits that a device sends, gradients that it computes, and the loss it ends at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import style
from ..claims import Claim
from ..table import Table
from . import lad_setting, training
from .base import FigureData, Parameters, Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "bounds.tradeoff"
TITLE = "Communication, computation and error"
SOURCE = "byzbounds"
CAPTION = (
    "Com-LAD-CWTM-NNM in the setting of LAD Fig. 6: the loss reached after a fixed number of iterations against "
    "the bits of a message (random sparsification; 32 bits a number, and the positions), one curve a load d. "
    "Points on the Pareto front of all three are filled."
)
PARAMETERS: Parameters = {
    **lad_setting.PARAMETERS, "H": 70, "gamma0": 3e-7, "iterations": 400, "seeds": 10,
    "loads": (1, 3, 10, 30), "kept": (5, 10, 30, 60, 100),
}  # fmt: skip
PRESETS: dict[str, Parameters] = {
    "quick": {"iterations": 200, "seeds": 4, "loads": (1, 3, 10), "kept": (10, 30, 100)},
    "full": {"iterations": 5000},
}
READINGS: dict[str, Parameters] = {"literal": {}}
CLAIMS: tuple[Claim, ...] = ()
METHOD = "Com-LAD-CWTM-NNM"


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Train at each (d, k) on the same seeds."""
    from ...simulate.compression import RandomSparsification

    p = parameters
    points = {f"d = {d}, k = {k}": (d, k) for d in p["loads"] for k in p["kept"]}
    series = [lad_setting.series(label, METHOD, p, d=d, k=k) for label, (d, k) in points.items()]
    trained = training.train(series, training.seeds_of(p), progress)
    logs = np.stack([training.tables({label: one})["finals"]["log_loss"] for label, one in trained.items()])
    middle, half = (part[:, 0] for part in training.paired_bands(logs[:, :, None]))
    table = Table.of(
        d=[d for d, _ in points.values()],
        k=[k for _, k in points.values()],
        bits=[RandomSparsification(k).bits(p["Q"]) if k < p["Q"] else 32.0 * p["Q"] for _, k in points.values()],
        loss=np.exp(middle),
        low=np.exp(middle - half),
        high=np.exp(middle + half),
    )
    return FigureData(NAME, p, {"curves": table})


def plot(data: FigureData) -> Figure:
    """Loss against bits, one curve a load."""
    table = data.tables["curves"]
    cost = np.stack([table[name].astype(float) for name in ("d", "bits", "loss")], axis=1)
    better = np.all(cost[None] <= cost[:, None], axis=2) & np.any(cost[None] < cost[:, None], axis=2)
    front = ~np.any(better, axis=1)
    with style.context():
        figure, axes = style.panels()
        for index, d in enumerate(table.unique("d")):
            rows = np.flatnonzero(table["d"] == d)
            look = style.line(index)
            bars = [table["loss"][rows] - table["low"][rows], table["high"][rows] - table["loss"][rows]]
            axes.errorbar(
                table["bits"][rows],
                table["loss"][rows],
                yerr=bars,
                capsize=2,
                label=f"d = {d}",
                markerfacecolor="white",
                **look,
            )
            filled = rows[front[rows]]
            axes.plot(table["bits"][filled], table["loss"][filled], **{**look, "linestyle": ""})
        title = f"{METHOD} after {data.parameters['iterations']} iterations"
        axes.set(xlabel="bits a message", ylabel="training loss", xscale="log", yscale="log", title=title)
        axes.legend()
    return figure

"""CRA Fig. 3: training loss for several r, and the Pareto front of redundancy and loss; the panels differ in alpha."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .. import style
from ..claims import Claim, Comparison
from ..table import Table
from . import cra_setting, training
from .base import FigureData, Parameters, Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure


PRESETS = cra_setting.PRESETS
READINGS = cra_setting.READINGS
PLACE = "CRA Section V, Fig. 3"


def parameters_at(alpha: float, front_iteration: int) -> Parameters:
    """The panel's parameters: alpha, and the iteration after which the Pareto front is shown."""
    return {**cra_setting.PARAMETERS, "alpha": alpha, "loads": (10, 20, 40, 80), "front_iteration": front_iteration}


def caption(alpha: float, front_iteration: int) -> str:
    """The panel's caption."""
    return (
        f"CRA-DL with the coordinate-wise median under sign-flipping, α = {alpha:g}. Right: redundancy r against "
        f"the loss after {front_iteration} iterations; filled points are on the Pareto front. The paper's text "
        "names no values of r; those here are a choice."
    )


def label(r: int) -> str:
    """A curve's name."""
    return f"r = {r}"


def compute_panel(name: str, parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Train for each r on the same seeds."""
    p = parameters
    if not 0 < p["front_iteration"] <= p["iterations"]:
        raise ValueError(f"{name} needs 0 < front_iteration <= iterations, got {p['front_iteration']}")
    series = [cra_setting.series(label(r), "CRA-median", p, r=r) for r in p["loads"]]
    trained = training.train(series, training.seeds_of(p), progress)
    rows = []
    for r in p["loads"]:
        one = trained[label(r)]
        at = int(np.flatnonzero(one.iterations == p["front_iteration"])[0])
        for seed, log_loss in zip(one.seeds, training.log_losses(one)[:, at], strict=True):
            rows.append({"label": label(r), "r": r, "seed": seed, "log_loss": log_loss})
    found = training.tables(trained, {label(r): {"r": r} for r in p["loads"]})
    return FigureData(name, p, {**found, "front": Table.from_rows(rows)})


def plot_panel(data: FigureData) -> Figure:
    """Draw the curves, and the Pareto front beside them."""
    curves, front = data.tables["curves"], data.tables["front"]
    with style.context():
        figure, (left, right) = style.panels(1, 2, width=5.4)
        for index, name in enumerate(curves.unique("label")):
            own = curves.where(label=name)
            style.band(left, own["iteration"], own["loss"], own["low"], own["high"], index, str(name))
        left.set(xlabel="iteration", ylabel="training loss", yscale="log", title=f"α = {data.parameters['alpha']:g}")
        left.legend()
        loads = [int(r) for r in front.unique("r")]  # type: ignore[arg-type]
        loss = np.array([np.exp(np.mean(front.where(r=r)["log_loss"])) for r in loads])
        on_front = [bool(np.all(loss[i] < loss[:i])) for i in range(len(loads))]
        right.plot(loads, loss, color="0.6", linestyle=":", zorder=1)
        for r, value, filled in zip(loads, loss, on_front, strict=True):
            right.plot(
                r, value, marker="o", color="#0072B2", markerfacecolor="#0072B2" if filled else "white", linestyle=""
            )
        title = f"after {data.parameters['front_iteration']} iterations"
        right.set(xlabel="redundancy r (subsets a device)", ylabel="training loss", yscale="log", title=title)
    return figure


def claims(name: str) -> tuple[Claim, ...]:
    """What the text says of each panel."""

    def claim(key: str, text: str, evidence: Callable[[FigureData], Sequence[Comparison]]) -> Claim:
        return Claim(f"{name}.{key}", text, PLACE, lambda data: evidence(data[name]), (name,))

    return (
        claim(
            "improves-with-r",
            "The final loss falls as r grows.",
            lambda d: training.decreasing(d, [label(r) for r in d.parameters["loads"]]),
        ),
        claim("front-falls-with-r", "After the front's number of iterations the loss falls as r grows.", _front_falls),
    )


def _front_falls(data: FigureData) -> list[Comparison]:
    front, loads = data.tables["front"], data.parameters["loads"]
    found = []
    for low, high in itertools.pairwise(loads):
        with np.errstate(invalid="ignore"):
            values = front.where(r=low)["log_loss"] - front.where(r=high)["log_loss"]
        found.append(Comparison.of(f"r = {high} below r = {low}", values))
    return found

"""The tightness ladder: from the floor that no server can beat up to the printed theorem, and what each rung costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import style
from ..claims import Claim
from ..table import Table
from .base import FigureData, Parameters, Progress, no_progress
from .formulas import relied_on, values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "bounds.ladder"
TITLE = "Tightness ladder"
SOURCE = "byzbounds"
CAPTION = (
    "Upper bounds on the error floor (mean squared gradient norm over N²β² for LAD, M²β² for CRA-DL) at a "
    "vanishing learning rate, from the loosest to the tightest, and the floor below which no server can promise "
    "anything; behind each value the factor by which it lies above the next. The rule is the trimmed mean, with "
    "its published and its sharp constant."
)
PARAMETERS: Parameters = {"N": 100, "H": 80, "d": 10, "M": 1000, "r": 40}
PRESETS: dict[str, Parameters] = {}
READINGS: dict[str, Parameters] = {"literal": {}}
CLAIMS: tuple[Claim, ...] = ()


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Evaluate each rung of both ladders."""
    (progress or no_progress)(0.0, "evaluating the rungs")
    rows = [
        {"ladder": ladder, "rung": rung, "floor": float(value)}
        for ladder, rungs in (("LAD", _lad(parameters)), ("CRA-DL", _cra(parameters)))
        for rung, value in sorted(rungs.items(), key=lambda entry: -entry[1])
    ]
    return FigureData(NAME, parameters, {"curves": Table.from_rows(rows)})


def _lad(p: Parameters) -> dict[str, float]:
    N, H = p["N"], p["H"]
    base = {"N": N, "H": H, "d": p["d"], "beta": 1.0}
    published = float(values("robustness.kappa.cwtm", "printed", N=N, H=H))
    sharp = float(relied_on("robustness.kappa.cwtm", N=N, H=H))
    rungs = {}
    for name, kappa in (("published κ", published), ("sharp κ", sharp)):
        rungs[f"Theorem 2, {name}"] = relied_on("lad.eq34.small_step", **base, kappa=kappa)
        rungs[f"refined, {name}"] = relied_on("refined.lad.theorem2.floor", **base, kappa=kappa)
    rungs["no server can promise less"] = relied_on("refined.lad.lower_bound.oblivious", **base)
    return {name: float(value) / N**2 for name, value in rungs.items()}


def _cra(p: Parameters) -> dict[str, float]:
    N, M = p["N"], p["M"]
    alpha = (N - p["H"]) / N
    base = {"N": N, "M": M, "r": p["r"], "alpha": alpha, "beta": 1.0}
    table = float(np.sqrt(relied_on("cra.table1.trimmed_mean", alpha=alpha)))
    sharp = float(np.sqrt(relied_on("robustness.c_alpha.cwtm", alpha=alpha)))
    kappa = float(relied_on("robustness.kappa.cwtm", N=N, H=p["H"]))
    rungs = {}
    for name, c_alpha in (("C_α of Table I", table), ("sharp C_α", sharp)):
        rungs[f"Theorem 1, {name}"] = relied_on("cra.remark2", **base, C_alpha=c_alpha)
        rungs[f"refined, {name}"] = relied_on("refined.cra.floor", **base, C_alpha=c_alpha)
    rungs["refined, sharp κ"] = relied_on("refined.cra.kappa.floor", **base, kappa=kappa)
    rungs["no server can promise less"] = relied_on("refined.cra.lower_bound", **base)
    return {name: float(value) / M**2 for name, value in rungs.items()}


def plot(data: FigureData) -> Figure:
    """Two ladders of bars on logarithmic axes."""
    p = data.parameters
    titles = {
        "LAD": f"LAD: N = {p['N']}, H = {p['H']}, d = {p['d']}",
        "CRA-DL": f"CRA-DL: N = {p['N']}, M = {p['M']}, r = {p['r']}, α = {(p['N'] - p['H']) / p['N']:g}",
    }
    with style.context():
        figure, axes = style.panels(1, 2, width=6.0, height=3.4)
        for ax, (ladder, title) in zip(axes, titles.items(), strict=True):
            _ladder(ax, data.tables["curves"].where(ladder=ladder))
            ax.set(xlabel="floor / scale", title=title)
    return figure


def _ladder(axes: Axes, rungs: Table) -> None:
    names, heights = [str(name) for name in rungs.columns["rung"]], rungs["floor"].astype(float)
    shown = np.isfinite(heights) & (heights > 0)
    least = float(np.min(heights[shown])) / 3
    top = float(np.max(heights[shown]))
    for row, (value, visible) in enumerate(zip(heights, shown, strict=True)):
        hatch = "////" if not visible else ""
        width = value if visible else top * 3
        colour = (
            "0.9"
            if not visible
            else "#009E73"
            if "promise" in names[row]
            else "#56B4E9"
            if "refined" in names[row]
            else "#0072B2"
        )
        axes.barh(
            row, width - least, left=least, color=colour, hatch=hatch, edgecolor="0.4", linewidth=0.5, height=0.65
        )
        below = heights[row + 1] if row + 1 < len(heights) else None
        factor = f"  ×{value / below:.3g}" if visible and below and np.isfinite(below) else ""
        axes.text(
            width * 1.1,
            row,
            f"{value:.3g}{factor}" if visible else "vacuous" if value > 0 else "0",
            va="center",
            fontsize=8,
        )
    axes.set_xscale("log")
    axes.set_xlim(least, top * 60)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)

"""Where each theorem says something: maps of the hypotheses over two parameters each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .. import style
from ..claims import Claim
from ..table import Table
from .base import FigureData, Parameters, Progress, no_progress
from .formulas import relied_on, values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "bounds.feasibility"
TITLE = "Where the theorems say something"
SOURCE = "byzbounds"
CAPTION = (
    "Each point of a map is a parameter pair; the paper's theorem and its refined version bound the error there or "
    "are vacuous. LAD with the published constant of the trimmed mean (its sharp one would widen the dark part); "
    "CRA-DL with the constants of its Table I, equal numbers of holders. The marks are the papers' own parameters."
)
PARAMETERS: Parameters = {
    "N": 100, "H": 65, "kappa": 1.5, "d": 5, "delta_max": 2.0, "M": 1000, "points": 60,
}  # fmt: skip
PRESETS: dict[str, Parameters] = {}
READINGS: dict[str, Parameters] = {"literal": {}}
CLAIMS: tuple[Claim, ...] = ()

#: What a point of a map says, from nothing to all.
CLASSES = ("both vacuous", "refined only", "both say something")
COLOURS = ("0.86", "#56B4E9", "#0072B2")

#: Horizontal axis, vertical axis, title and the papers' own parameters of each map.
PANELS: dict[str, tuple[str, str, str, tuple[tuple[float, float], ...]]] = {
    "com-lad": ("load d", "compression constant δ", "Com-LAD, Theorem 1", ((5, 0.5), (3, 7 / 3))),
    "lad": ("load d", "Byzantine fraction f/N", "LAD, Theorem 2, trimmed mean", ((10, 0.2),)),
    "cra-trimmed-mean": ("redundancy r", "Byzantine fraction α", "CRA-DL, trimmed mean", ((40, 0.2),)),
    "cra-median": ("redundancy r", "Byzantine fraction α", "CRA-DL, median (Q = 100)", ((40, 0.2),)),
}


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Evaluate both versions of each theorem on each grid."""
    report, p = progress or no_progress, parameters
    report(0.0, "evaluating the hypotheses")
    d = np.unique(np.geomspace(1, p["N"] - 1, p["points"]).round())
    delta = np.linspace(0, p["delta_max"], p["points"])
    f = np.arange(1, (p["N"] + 1) // 2)
    r = np.geomspace(1, p["M"] - 1, p["points"])
    tables = [
        _map("com-lad", d, delta, lambda x, y: _com_lad(p, x, y)),
        _map("lad", d, f / p["N"], lambda x, y: _lad(p["N"], x, np.round(y * p["N"]))),
        _map("cra-trimmed-mean", r, f / p["N"], lambda x, y: _cra(p, "trimmed_mean", x, y)),
        _map("cra-median", r, f / p["N"], lambda x, y: _cra(p, "median", x, y)),
    ]
    return FigureData(NAME, p, {"curves": Table.stack(tables)})


def _com_lad(p: Parameters, d: Any, delta: Any) -> tuple[Any, Any]:
    base = {"N": p["N"], "H": p["H"], "kappa": p["kappa"], "beta": 1.0, "d": d, "delta": delta}
    return relied_on("lad.eq32.small_step", **base), relied_on("refined.lad.floor", **base)


def _lad(N: int, d: Any, f: Any) -> tuple[Any, Any]:
    base = {"N": N, "H": N - f, "beta": 1.0, "d": d}
    kappa = values("robustness.kappa.cwtm", "printed", N=N, H=N - f)
    return relied_on("lad.eq34.small_step", **base, kappa=kappa), relied_on(
        "refined.lad.theorem2.floor", **base, kappa=kappa
    )


def _cra(p: Parameters, rule: str, r: Any, alpha: Any) -> tuple[Any, Any]:
    constant = np.sqrt(relied_on(f"cra.table1.{rule}", alpha=alpha, N=p["N"], Q=100))
    base = {"N": p["N"], "M": p["M"], "beta": 1.0, "alpha": alpha, "r": r, "C_alpha": constant}
    return relied_on("cra.remark2", **base), relied_on("refined.cra.floor", **base)


def _map(name: str, x: npt.NDArray[Any], y: npt.NDArray[Any], evaluate: Callable[[Any, Any], tuple[Any, Any]]) -> Table:
    across, up = (part.ravel() for part in np.meshgrid(x, y))
    printed, refined = (np.isfinite(np.broadcast_to(part, across.shape)) for part in evaluate(across, up))
    return Table.of(map=[name] * len(across), x=across, y=up, printed=printed, refined=refined)


def plot(data: FigureData) -> Figure:
    """Four maps in three shades."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    table = data.tables["curves"]
    with style.context():
        figure, axes = style.panels(2, 2, width=4.9, height=3.6)
        for ax, (name, (across, up, title, marks)) in zip(axes.flat, PANELS.items(), strict=True):
            own = table.where(map=name)
            x, y = np.unique(own["x"]), np.unique(own["y"])
            level = (own["refined"].astype(int) + own["printed"].astype(int)).reshape(len(y), len(x))
            ax.pcolormesh(
                x, y, level, cmap=ListedColormap(COLOURS), vmin=-0.5, vmax=2.5, shading="nearest", rasterized=True
            )
            ax.contour(x, y, level, levels=[0.5, 1.5], colors="black", linewidths=0.8)
            for at in marks:
                if x[0] <= at[0] <= x[-1] and y[0] <= at[1] <= y[-1]:
                    ax.plot(*at, marker="X", color="#D55E00", markersize=9, markeredgecolor="white")
            ax.set(xlabel=across, ylabel=up, title=title, xscale="log")
            ax.grid(False)
        legend = [Patch(facecolor=c, edgecolor="black", label=label) for c, label in zip(COLOURS, CLASSES, strict=True)]
        figure.legend(handles=legend, loc="outside lower center", ncols=3)
    return figure

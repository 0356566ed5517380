"""Worst cases in the plane: honest and Byzantine messages that push a rule as far as it goes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import style
from ..claims import Claim
from ..table import Table
from .base import FigureData, Parameters, Progress, no_progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "bounds.witness"
TITLE = "Worst cases, drawn"
SOURCE = "byzbounds"
CAPTION = (
    "Two-dimensional messages found by search for which the aggregate lies far from the honest mean, relative to "
    "the honest messages' spread. Far Byzantine messages are drawn at the frame. The ratio above each panel is the "
    "exact value at the drawn messages, a lower end of κ; numbers beside a point count messages that coincide."
)
PARAMETERS: Parameters = {"n": 7, "f": 2, "rules": ("cwtm", "geometric-median", "krum", "nnm+cwtm"), "seed": 0}
PRESETS: dict[str, Parameters] = {"quick": {"rules": ("cwtm", "krum", "nnm+cwtm")}}
READINGS: dict[str, Parameters] = {"literal": {}}
CLAIMS: tuple[Claim, ...] = ()


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Search a witness in two dimensions for each rule and apply the rule to it."""
    from ...simulate.aggregation import rule_from_name
    from ...verify.adversary.bracket import worst_case

    report, p = progress or no_progress, parameters
    rows: list[dict[str, Any]] = []
    ratios: list[dict[str, Any]] = []
    for number, rule in enumerate(p["rules"]):
        report(number / len(p["rules"]), rule)
        found = worst_case(rule, p["n"], p["f"], "mean", dim=2, seed=p["seed"])
        if found.witness is None:
            continue
        messages = found.witness.floats()
        messages = messages if messages.shape[1] == 2 else np.pad(messages, ((0, 0), (0, 2 - messages.shape[1])))
        honest = messages[: p["n"] - p["f"]]
        centre, spread = (
            honest.mean(axis=0),
            float(np.sqrt(np.mean(np.sum((honest - honest.mean(axis=0)) ** 2, axis=1)))),
        )
        aggregate = np.asarray(rule_from_name(rule, f=p["f"])(messages))
        points = [("honest", m) for m in honest] + [("Byzantine", m) for m in messages[p["n"] - p["f"] :]]
        for role, point in [*points, ("honest mean", centre), ("aggregate", aggregate)]:
            x, y = (point - centre) / (spread or 1.0)
            rows.append({"rule": rule, "role": role, "x": float(x), "y": float(y)})
        ratios.append({"rule": rule, "ratio": float(found.lower), "evaluation": found.evaluation})
    return FigureData(NAME, p, {"curves": Table.from_rows(rows), "ratios": Table.from_rows(ratios)})


LOOKS: dict[str, dict[str, Any]] = {
    "Byzantine": {"marker": "^", "facecolors": "none", "edgecolors": "#D55E00", "s": 210, "linewidths": 2.0},
    "honest": {"marker": "o", "facecolors": "#0072B2", "edgecolors": "white", "s": 70, "linewidths": 0.8},
    "honest mean": {"marker": "+", "color": "#009E73", "s": 130, "linewidths": 2.2},
    "aggregate": {"marker": "x", "color": "black", "s": 60, "linewidths": 2.2},
}


def plot(data: FigureData) -> Figure:
    """One panel a rule, in units of the honest messages' spread."""
    points, ratios = data.tables["curves"], data.tables["ratios"]
    rules = [str(rule) for rule in ratios.columns["rule"]]
    with style.context():
        figure, axes = style.panels(1, max(1, len(rules)), width=3.6, height=3.9, squeeze=False)
        for ax, rule in zip(axes.flat, rules, strict=False):
            _panel(ax, points.where(rule=rule))
            ratio = float(ratios.where(rule=rule)["ratio"][0])
            ax.set_title(f"{rule}: ratio {ratio:.4g}")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _panel(axes: Axes, points: Table) -> None:
    inner = points["role"] != "Byzantine"
    size = 1.3 * max(1.0, float(np.max(np.abs([points["x"][inner], points["y"][inner]]))))
    for role, look in LOOKS.items():
        own = points.where(role=role)
        x, y = (np.clip(own[name].astype(float), -size, size) for name in ("x", "y"))
        axes.scatter(x, y, label=role, zorder=3, **look)
        counts = Counter(zip(x.round(3), y.round(3), strict=True))
        for at, count in counts.items():
            if count > 1:
                offset = (9, -14) if role == "Byzantine" else (7, 8)
                colour = look.get("edgecolors") if role == "Byzantine" else look.get("facecolors")
                axes.annotate(f"{count}×", at, xytext=offset, textcoords="offset points", fontsize=9, color=colour)
    axes.set(xlim=(-1.1 * size, 1.1 * size), ylim=(-1.1 * size, 1.1 * size), aspect="equal")
    axes.set(xlabel="first coordinate / spread", ylabel="second coordinate / spread")

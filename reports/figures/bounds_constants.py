"""Robustness constants of the rules over f/n: published, proved, and reached by a witness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import style
from ..claims import Claim
from ..table import Table
from .base import FigureData, Parameters, Progress, no_progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "bounds.constants"
TITLE = "Robustness constants of the rules"
SOURCE = "byzbounds"
CAPTION = (
    "κ of each rule with n messages: the published value, the proved upper end, and the ratio that a witness "
    "reaches when it is evaluated again in exact arithmetic. Where a witness lies above the published value it "
    "refutes it. Rules that average order statistics are computed exactly; the others are searched, so their "
    "witnesses are lower ends."
)
PARAMETERS: Parameters = {
    "n": 12, "rules": (
        "cwtm", "median", "geometric-median", "krum", "nnm+cwtm", "meamed", "multikrum", "faba", "caf",
    ), "f": (1, 2, 3, 4, 5), "searched_f": (1, 2, 3), "norm": "mean", "seed": 0,
}  # fmt: skip
PRESETS: dict[str, Parameters] = {
    "quick": {
        "rules": ("cwtm", "median", "geometric-median", "krum", "nnm+cwtm", "meamed"),
        "searched_f": (2,),
        "n": 10,
        "f": (1, 2, 3, 4),
    },
    "full": {"searched_f": (1, 2, 3, 4, 5)},
}
READINGS: dict[str, Parameters] = {"literal": {}}
CLAIMS: tuple[Claim, ...] = ()


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Look up and search the constants; rules that average order statistics at every f, the others where asked."""
    from ...verify.adversary.bracket import worst_case
    from ...verify.adversary.claims import proved, published
    from ...verify.adversary.subjects import subject

    report, p = progress or no_progress, parameters
    points = [(rule, f) for rule in p["rules"] for f in p["f"] if 2 * f < p["n"]]
    rows: list[dict[str, Any]] = []
    for number, (rule, f) in enumerate(points):
        report(number / len(points), f"{rule}, f = {f}")
        quick = subject(rule, p["n"], f).weights is not None
        found = worst_case(rule, p["n"], f, p["norm"], seed=p["seed"]) if quick or f in p["searched_f"] else None
        upper = proved(rule, p["n"], f, p["norm"]) if found is None else None
        printed = published(rule, p["n"], f, p["norm"])
        rows.append(
            {
                "rule": rule,
                "n": p["n"],
                "f": f,
                "published": None if printed is None else _number(printed.value),
                "proved": _number(found.upper) if found else None if upper is None else _number(upper.value),
                "witness": float(found.lower) if found else None,
                "exact": bool(found.exact) if found else False,
                "verdict": str(found.verdict) if found and found.verdict is not None else "",
            }
        )
    return FigureData(NAME, p, {"curves": Table.from_rows(rows)})


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def plot(data: FigureData) -> Figure:
    """One panel a rule."""
    table = data.tables["curves"]
    rules = [str(rule) for rule in table.unique("rule")]
    columns = 3
    with style.context():
        figure, axes = style.panels(
            -(-len(rules) // columns), columns, width=3.7, height=2.9, sharex=True, sharey=True, squeeze=False
        )
        for ax in axes.flat[len(rules) :]:
            ax.remove()
        for ax, rule in zip(axes.flat, rules, strict=False):
            _panel(ax, table.where(rule=rule))
            ax.set(title=rule, yscale="log")
        for ax in axes[:, 0]:
            ax.set_ylabel("κ")
        for ax in axes[-1]:
            ax.set_xlabel("f / n")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _panel(axes: Axes, rows: Table) -> None:
    n, f = rows["n"].astype(float), rows["f"].astype(float)
    x = f / n
    for index, name in enumerate(("published", "proved")):
        heights = np.array([np.nan if v is None else v for v in rows.columns[name]], dtype=float)
        axes.plot(x, heights, label=name, **style.line(index))
    axes.plot(x, f / (n - 2 * f), label="no rule below f/(n−2f)", color="0.4", linestyle=":", linewidth=1.2)
    reached = np.array([np.nan if v is None else v for v in rows.columns["witness"]], dtype=float)
    axes.plot(x, reached, label="reached by a witness", color="black", marker="X", linestyle="", markersize=6)

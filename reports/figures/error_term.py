"""LAD's error term (33) along one parameter, with the region in which Theorem 1 says anything: Figs. 2 and 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...bounds.numeric import Form
from .. import style
from ..claims import Points
from ..table import Table
from .base import FigureData, Parameters
from .formulas import Floats, values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: The two forms of kappa1 and kappa2 that a reader may put into (33).
READINGS: Mapping[str, Parameters] = {"literal": {}, "derived": {"form": "derived"}}

LABELS = {"printed": "(33) with (21), (22) as printed", "derived": "(33) with what Appendix C derives"}


def error_term(form: Form, point: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """Error term (33) and the margin ``1/N - sqrt(kappa kappa2)`` of Theorem 1's condition (negative: vacuous)."""
    kappa1, kappa2 = (values(f"lad.kappa{i}", form, **point) for i in (1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        # At delta = 0, d = N both coefficients vanish, and so does their ratio's limit.
        term = np.where(kappa2 > 0, kappa1 * np.sqrt(point["kappa"] / np.where(kappa2 > 0, kappa2, 1)), 0.0)
    return term, 1 / np.asarray(point["N"]) - np.sqrt(point["kappa"] * kappa2)


def compute_along(figure: str, variable: str, grid: Any, parameters: Parameters) -> FigureData:
    """Evaluate along one variable, in the reading's form."""
    grid = np.asarray(grid, dtype=float)
    point = {name: parameters[name] for name in ("N", "H", "d", "delta", "kappa", "beta") if name != variable}
    term, margin = error_term(parameters["form"], {**point, variable: grid})
    curves = Table.of(**{variable: grid, "error": term, "margin": margin, "vacuous": margin <= 0})
    return FigureData(figure, parameters, {"curves": curves})


def plot_along(data: FigureData, variable: str, label: str) -> Figure:
    """Draw the error term on a logarithmic axis and hatch where Theorem 1 says nothing."""
    curves = data.tables["curves"]
    x = curves[variable]
    with style.context():
        figure, axes = style.panels()
        axes.plot(
            x, curves["error"], label=LABELS[data.parameters["form"]], markevery=max(1, len(x) // 10), **style.line(0)
        )
        style.shade_vacuous(axes, x, curves["vacuous"], r"$\sqrt{\kappa\kappa_2}\geq 1/N$: Theorem 1 says nothing")
        axes.set(
            xlabel=label,
            ylabel=r"error term  $\kappa_1\sqrt{\kappa}/\sqrt{\kappa_2}$",
            yscale="log",
            xlim=(x[0], x[-1]),
        )
        given = ", ".join(
            f"{n} = {data.parameters[n]}" for n in ("N", "H", "d", "delta", "kappa", "beta") if n != variable
        )
        axes.set_title(given.replace("delta", "δ").replace("kappa", "κ").replace("beta", "β"))
        axes.legend(loc="best")
    return figure


def monotone(data: FigureData, variable: str, sign: int) -> Points:
    """Whether the error term strictly grows (sign 1) or falls (sign -1) from each grid point to the next."""
    curves = data.tables["curves"]
    steps = sign * np.diff(curves["error"])
    worst = int(np.argmin(steps))
    where = f"{variable} from {curves[variable][worst]:g} to {curves[variable][worst + 1]:g}"
    return Points(tuple((steps > 0).tolist()), where)


def informative(data: FigureData, variable: str) -> Points:
    """Whether Theorem 1's condition holds at each plotted point."""
    curves = data.tables["curves"]
    best = int(np.argmin(curves["margin"]))
    return Points(
        tuple((~curves["vacuous"]).tolist()),
        f"{variable} = {curves[variable][best]:g}: 1/N - sqrt(kappa kappa2) = {curves['margin'][best]:.3g}",
    )

"""The figures, by name: one module each, found by listing it here."""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING, Any, cast

from .base import LITERAL, FigureData, FigureModule, Parameters, Progress, complete

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["LITERAL", "NAMES", "FigureData", "FigureModule", "complete", "compute", "draw", "get"]

#: Names of all figures, in the report's order; ``lad.fig2`` lives in the module ``lad_fig2``.
NAMES = (
    "lad.fig2",
    "lad.fig3",
    "lad.fig4",
    "lad.fig5a",
    "lad.fig5b",
    "lad.fig6",
    "cra.fig2a",
    "cra.fig2b",
    "cra.fig2c",
    "cra.fig3a",
    "cra.fig3b",
    "cra.fig4",
    "cra.fig5",
    "bounds.floors",
    "bounds.feasibility",
    "bounds.ladder",
    "bounds.constants",
    "bounds.witness",
    "bounds.tradeoff",
)


def get(name: str) -> FigureModule:
    """The module of a figure.

    Raises
    ------
    ValueError
        If there is none; near misses are suggested.
    """
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "`byzbounds list figures` shows all names"
        raise ValueError(f"no figure {name!r}; {hint}")
    module = importlib.import_module("." + name.replace(".", "_").replace("-", "_"), __package__)
    return cast(FigureModule, module)


def compute(
    name: str,
    given: Parameters | None = None,
    *,
    preset: str = "paper",
    reading: str = LITERAL,
    progress: Progress | None = None,
) -> FigureData:
    """Compute a figure's data, at the paper's parameters where none are given."""
    module = get(name)
    return module.compute(complete(module, given or {}, preset=preset, reading=reading), progress)


def draw(name: str, given: Parameters | None = None, **options: Any) -> Figure:
    """Compute and draw a figure; options are those of `compute`."""
    return get(name).plot(compute(name, given, **options))

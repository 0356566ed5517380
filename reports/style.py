"""The look of every figure: colours for colour-blind readers, line styles and markers for black-and-white print.

The style sheet stands beside this module and works with plain matplotlib too: ``matplotlib.style.use(style.PATH)``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

#: The matplotlib style sheet.
PATH = Path(__file__).with_name("byzbounds.mplstyle")

#: Colour of regions in which a theorem says nothing.
VACUOUS = "0.90"

#: Formats that `save` writes by default.
FORMATS = ("png", "svg")


@contextmanager
def context() -> Iterator[None]:
    """Draw in the project's style inside a ``with`` block."""
    import matplotlib.style

    with matplotlib.style.context(PATH):
        yield


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Draw in the project's style inside a function."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with context():
            return function(*args, **kwargs)

    return inside


def panels(
    rows: int = 1, columns: int = 1, *, width: float = 6.4, height: float = 4.2, **options: Any
) -> tuple[Figure, Any]:
    """A figure that no window manages, and its axes (an array where there are several).

    Parameters
    ----------
    rows, columns
        Numbers of panels.
    width, height
        Size of one panel, in inches.
    options
        For ``Figure.subplots``.
    """
    from matplotlib.figure import Figure as NewFigure

    figure = NewFigure(figsize=(width * columns, height * rows), layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


def line(index: int) -> dict[str, Any]:
    """Colour, line style and marker number `index`; after eight they repeat with open markers.

    Returns
    -------
    dict
        Keyword arguments of ``Axes.plot``.
    """
    import matplotlib as mpl

    with context():
        cycle = list(mpl.rcParams["axes.prop_cycle"])
    chosen = dict(cycle[index % len(cycle)])
    if index >= len(cycle):
        chosen["markerfacecolor"] = "white"
    return chosen


def band(axes: Axes, x: Any, middle: Any, low: Any, high: Any, index: int, label: str, *, marks: int = 9) -> None:
    """Draw a curve with its confidence band and about `marks` markers, shifted from curve to curve."""
    look = line(index)
    step = max(1, len(x) // marks)
    axes.plot(x, middle, label=label, markevery=(min(index, len(x) - 1) % step, step), **look)
    axes.fill_between(x, low, high, color=look["color"], alpha=0.16, linewidth=0)


def shade_vacuous(axes: Axes, x: Any, vacuous: Any, label: str = "hypothesis fails: the theorem says nothing") -> None:
    """Hatch the part of the horizontal axis where a hypothesis fails.

    Parameters
    ----------
    x, vacuous
        Grid points in increasing order and booleans, of shape (n,).
    """
    import numpy as np

    x, vacuous = np.asarray(x, dtype=float), np.asarray(vacuous, dtype=bool)
    edges = np.concatenate([x[:1], (x[1:] + x[:-1]) / 2, x[-1:]])
    starts = np.flatnonzero(vacuous & ~np.concatenate([[False], vacuous[:-1]]))
    stops = np.flatnonzero(vacuous & ~np.concatenate([vacuous[1:], [False]]))
    for number, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        axes.axvspan(
            edges[start], edges[stop + 1], facecolor=VACUOUS, edgecolor="0.7", hatch="////", zorder=0, linewidth=0,
            label=label if number == 0 else None,
        )  # fmt: skip


def save(figure: Figure, stem: str | os.PathLike[str], formats: tuple[str, ...] = FORMATS) -> list[Path]:
    """Write a figure as ``stem.png``, ``stem.svg`` and so on, the same bytes each time.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    written = []
    for extension in formats:
        path = Path(f"{os.fspath(stem)}.{extension}")
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(extension)
        with context():
            figure.savefig(path, format=extension, metadata=metadata)
        written.append(path)
    return written

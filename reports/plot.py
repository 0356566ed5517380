"""Any catalogue formulas against one of their parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..bounds import Statement


def plot(
    keys: str | Sequence[str],
    x: str,
    points: Iterable[float],
    *,
    log: bool = False,
    fixed: Mapping[str, Any] | None = None,
) -> Figure:
    """Draw statements against one parameter; a printed form that differs from the derived one gets a curve of its own.

    Parameters
    ----------
    keys
        One or more statements.
    x
        Name of the symbol on the horizontal axis.
    points
        Its values, in increasing order.
    log
        Whether the vertical axis is logarithmic.
    fixed
        Values of the other symbols, by name; each statement takes those that it knows.

    Raises
    ------
    ValueError
        If a key is unknown, a statement lacks a value or does not depend on x, or a fixed name serves no statement.
    """
    from ..bounds import get

    statements = [get(key) for key in ([keys] if isinstance(keys, str) else keys)]
    values = np.asarray(list(points), dtype=float)
    given = dict(fixed or {})
    _check(statements, x, values, given)
    with style.context():
        figure, axes = style.panels()
        curves = [curve for statement in statements for curve in _curves(statement, x, values, given)]
        hidden = np.ones(len(values), dtype=bool)
        for index, (label, heights) in enumerate(curves):
            hidden &= ~np.isfinite(heights)
            shown = np.where(np.isfinite(heights), heights, np.nan)
            axes.plot(values, shown, label=label, markevery=max(1, len(values) // 10), **style.line(index))
        if hidden.any():
            style.shade_vacuous(axes, values, hidden, "vacuous: every curve is infinite")
        axes.set(xlabel=x, xlim=(values[0], values[-1]))
        if log:
            axes.set_yscale("log")
        axes.set_title(", ".join(f"{name} = {value:g}" for name, value in given.items()))
        axes.legend()
    return figure


def _check(statements: Sequence[Statement], x: str, values: Any, given: Mapping[str, Any]) -> None:
    if len(values) < 2 or not np.all(np.diff(values) > 0):
        raise ValueError(f"plot needs at least 2 increasing values of {x}, got {len(values)}")
    known = set().union(*({symbol.name for symbol in statement.symbols} for statement in statements))
    for statement in statements:
        names = [symbol.name for symbol in statement.symbols]
        if x not in names:
            raise ValueError(
                f"plot: {statement.key} does not depend on {x!r}; it takes {', '.join(names) or 'nothing'}"
            )
        missing = [name for name in names if name != x and name not in given]
        if missing:
            raise ValueError(f"plot: {statement.key} needs {', '.join(missing)} too")
    surplus = sorted(set(given) - known)
    if surplus:
        raise ValueError(f"plot: no statement takes {', '.join(surplus)}; they take {', '.join(sorted(known))}")


def _curves(statement: Statement, x: str, values: Any, given: Mapping[str, Any]) -> list[tuple[str, Any]]:
    from ..bounds.numeric import evaluate_grid

    arrays = {s.name: values if s.name == x else given[s.name] for s in statement.symbols}
    printed, derived = statement.printed, statement.derived
    relied_on = evaluate_grid(statement, arrays)
    if printed is None or derived is None or printed == derived:
        return [(statement.key, relied_on)]
    as_printed = evaluate_grid(statement, arrays, form="printed")
    if np.allclose(as_printed, relied_on, rtol=1e-9, atol=0.0):
        return [(statement.key, relied_on)]
    return [(f"{statement.key} (printed)", as_printed), (f"{statement.key} (derived)", relied_on)]

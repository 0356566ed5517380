"""Where in a plane of two parameters a theorem says something."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sympy as sp

from ..catalogue import get
from ..statement import Role, Statement
from .values import Point, Value, read_point

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class FeasibilityMap:
    """A theorem on a grid.

    Attributes
    ----------
    key : str
        The theorem.
    x, y : tuple of (str, array)
        Name and values of both parameters, of lengths n and m.
    admissible : bool array, shape (m, n)
        Whether the theorem is about such parameters.
    feasible : bool array, shape (m, n)
        Whether its conditions hold too.
    margin : float array, shape (m, n)
        Smallest relative margin of the conditions that are single inequalities; negative where one fails, NaN outside
        the domain.
    bound : float array, shape (m, n), or None
        The bound where feasible, infinite elsewhere; None if values are missing.
    ignored : tuple of str
        Hypotheses that lack a value, and so were not checked.
    """

    key: str
    x: tuple[str, Array]
    y: tuple[str, Array]
    admissible: Array
    feasible: Array
    margin: Array
    bound: Array | None
    ignored: tuple[str, ...]


def feasibility(
    theorem: str | Statement,
    x: tuple[str, Sequence[float] | Array],
    y: tuple[str, Sequence[float] | Array],
    values: Mapping[str, Value],
) -> FeasibilityMap:
    """Map where a theorem applies.

    Parameters
    ----------
    theorem : str or Statement
        Key or statement.
    x, y : (name, values)
        The two parameters of the map, n and m values.
    values : mapping of str to number, str or sympy expression
        Everything else, as :func:`byzbounds.bounds.audit.audit` takes it; formulas may use ``x`` and ``y``.

    Returns
    -------
    FeasibilityMap
        Arrays of shape (m, n).

    Raises
    ------
    ValueError
        For an unknown parameter, or the same one on both axes.
    """
    statement = get(theorem) if isinstance(theorem, str) else theorem
    if x[0] == y[0]:
        raise ValueError(f"feasibility({statement.key}) needs two different parameters, got {x[0]!r} on both axes")
    evaluate, shape = _evaluator(statement, x, y, values)
    domain, conditions = np.ones(shape, bool), np.ones(shape, bool)
    margin, ignored = np.full(shape, np.inf), []
    for hypothesis in statement.hypotheses:
        if hypothesis.condition is None:
            continue
        truth = evaluate(hypothesis.condition)
        if truth is None:
            ignored.append(hypothesis.text)
        elif hypothesis.role is Role.DOMAIN:
            domain = domain & truth.astype(bool)
        else:
            conditions = conditions & truth.astype(bool)
            margin = np.fmin(margin, _margins(hypothesis.condition, evaluate))
    bound = evaluate(statement.formula) if isinstance(statement.formula, sp.Expr) and not ignored else None
    if bound is not None:
        bound = np.where(domain & conditions, bound, np.inf)
    across, up = (x[0], np.asarray(x[1], dtype=float)), (y[0], np.asarray(y[1], dtype=float))
    margin = np.where(domain, margin, np.nan)
    return FeasibilityMap(statement.key, across, up, domain, domain & conditions, margin, bound, tuple(ignored))


def _evaluator(
    statement: Statement,
    x: tuple[str, Sequence[float] | Array],
    y: tuple[str, Sequence[float] | Array],
    values: Mapping[str, Value],
) -> tuple[Callable[[sp.Basic], Array | None], tuple[int, ...]]:
    """Evaluates formulas on the grid (None where another value is missing), and the grid's shape."""
    point = read_point(statement.key, statement.symbols, {**values, x[0]: 1, y[0]: 1})
    by_name = {symbol.name: symbol for symbol in (*statement.symbols, *point.numbers)}
    axes = (by_name[x[0]], by_name[y[0]])
    fixed = Point({symbol: value for symbol, value in point.numbers.items() if symbol not in axes}, point.ties)
    grid = np.meshgrid(np.asarray(x[1], dtype=float), np.asarray(y[1], dtype=float))

    def evaluate(expression: sp.Basic) -> Array | None:
        resolved = fixed.resolve(expression)
        if resolved.free_symbols - set(axes):
            return None
        with np.errstate(all="ignore"):
            found = sp.lambdify(axes, resolved, modules="numpy", cse=True)(*grid)
        return np.broadcast_to(np.asarray(found), grid[0].shape)

    return evaluate, grid[0].shape


def _margins(condition: sp.Basic, evaluate: Any) -> Any:
    if not isinstance(condition, sp.StrictLessThan | sp.LessThan | sp.StrictGreaterThan | sp.GreaterThan):
        return np.inf
    low, high = evaluate(condition.lts), evaluate(condition.gts)
    with np.errstate(all="ignore"):
        return (high - low) / np.maximum(np.abs(low), np.abs(high))

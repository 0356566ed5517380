"""``byzbounds eval``: a formula at a point, or over ranges."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import sympy as sp

    from ..bounds import Statement
    from ..bounds.numeric import Form

#: Above so many points exact values are computed only when they are asked for: they cost about a millisecond each.
EXACT_POINTS = 2000


def evaluate_points(
    statement: Statement, ranges: Mapping[str, tuple[sp.Expr, ...]], form: Form, exact: bool
) -> dict[str, Any]:
    """Evaluate on the product of the ranges, first parameter slowest.

    Parameters
    ----------
    statement : Statement
        What to evaluate.
    ranges : mapping of str to tuple of sympy numbers
        Values of each parameter.
    form : {"formula", "printed", "derived"}
        Which form of the statement.
    exact : bool
        Whether exact values are wanted whatever the number of points.

    Returns
    -------
    dict
        ``key``, ``parameters`` (one dictionary a point, for the parameters that vary or all when there is one point),
        ``values`` (floats, None where the statement is vacuous), ``exact`` (strings, or None when not computed) and
        ``vacuous`` (one truth value a point).

    Raises
    ------
    ValueError
        For a missing or surplus parameter, or a point outside the domain.
    """
    import numpy as np

    from ..bounds.numeric import evaluate, evaluate_grid

    points = [dict(zip(ranges, point, strict=True)) for point in itertools.product(*ranges.values())]
    shown = [name for name, values in ranges.items() if len(values) > 1] or list(ranges)
    labels = [{name: str(point[name]) for name in shown} for point in points]
    if exact or len(points) <= EXACT_POINTS:
        found = [evaluate(statement, point, form=form) for point in points]
        floats, exacts = [e.value for e in found], [str(e.exact) for e in found]
        vacuous = [e.vacuous for e in found]
    else:
        names = list(ranges)
        mesh = np.meshgrid(*(np.array([float(v) for v in ranges[name]]) for name in names), indexing="ij")
        floats = evaluate_grid(statement, dict(zip(names, mesh, strict=True)), form=form).ravel().tolist()
        exacts = None
        vacuous = [math.isinf(value) for value in floats] if statement.conditions else [False] * len(floats)
    return {
        "key": statement.key,
        "parameters": labels,
        "values": [None if empty or math.isinf(value) else value for value, empty in zip(floats, vacuous, strict=True)],
        "exact": exacts,
        "vacuous": vacuous,
    }


def _table(result: dict[str, Any], exact: bool) -> list[dict[str, Any]]:
    rows = []
    for i, point in enumerate(result["parameters"]):
        value, empty = result["values"][i], result["vacuous"][i]
        row: dict[str, Any] = dict(point)
        row["value"] = "VACUOUS (infinite bound)" if empty else "infinite" if value is None else f"{value:.10g}"
        if exact:
            row["exact"] = result["exact"][i]
        rows.append(row)
    return rows


def _eval(
    key: Annotated[str, typer.Argument(help="A statement's key; `byzbounds list` shows them.")],
    assignments: Annotated[
        list[str] | None,
        typer.Argument(help="name=value, exact (1/2, 3, 0.1, sqrt(2)) or a range (d=1:100, delta=0:2:41, d=1,2,5)."),
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Print exact values too.")] = False,
    form: Annotated[
        str, typer.Option(help="formula (derived where there is a derivation), printed or derived.")
    ] = "formula",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Evaluate a statement's formula, exactly and in floating point."""
    from typing import cast

    from ..bounds import get
    from ..bounds.numeric import parse_range
    from .cli_catalogue import print_table

    statement = get(key)
    result = evaluate_points(statement, parse_range(*(assignments or [])), cast("Form", form), exact)
    if as_json:
        typer.echo(json.dumps(result))
    else:
        print_table(_table(result, exact), title=f"{key}: {statement.title}")
        _explain_vacuous(statement, result)


def _explain_vacuous(statement: Statement, result: dict[str, Any]) -> None:
    if any(result["vacuous"]):
        conditions = "; ".join(h.text for h in statement.conditions)
        typer.echo(f"VACUOUS: the statement's own condition fails there ({conditions}), so it bounds nothing.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("eval")(_eval)

"""``byzbounds design``: the computation matrix, the load and the allocation that the refined bounds prefer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..bounds.design import CraDesign, CraProblem, LadDesign, LadProblem

METHODS = ("lad", "cra")
#: Parameters that count something.
_WHOLE = ("N", "H", "M", "budget")


def parse_parameters(method: str, assignments: list[str]) -> tuple[LadProblem | CraProblem, int | None]:
    """Read ``name=value`` pairs; ``d`` (LAD) or ``r`` (CRA-DL) is the load budget.

    Parameters
    ----------
    method : str
        ``"lad"`` or ``"cra"``.
    assignments : list of str
        Values as :func:`~byzbounds.bounds.parsing.parse_value` reads them.

    Returns
    -------
    problem : LadProblem or CraProblem
        What is given.
    budget : int or None
        Largest load.

    Raises
    ------
    ValueError
        For an unknown method, an unknown, missing or repeated parameter, or a value of the wrong kind.
    """
    from ..bounds.design import PARAMETERS, CraProblem, LadProblem
    from ..bounds.parsing import parse_value

    if method not in METHODS:
        raise ValueError(f"design knows {' and '.join(METHODS)}, not {method!r}")
    budget_name = "d" if method == "lad" else "r"
    known = {*PARAMETERS[method], budget_name} - {"compressor"}
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise ValueError(f"design {method} takes name=value, got {assignment!r}")
        if name not in known:
            raise ValueError(f"design {method} knows no parameter {name!r}; it takes {', '.join(sorted(known))}")
        if name in values:
            raise ValueError(f"design {method} got {name} twice")
        number = parse_value(text)
        if name in (*_WHOLE, budget_name) and not number.is_integer:
            raise ValueError(f"design {method} needs a whole number {name}, got {text}")
        values[name] = int(number) if name in (*_WHOLE, budget_name) else float(number)
    budget = values.pop(budget_name, None)
    required = ("N", "H", "kappa") if method == "lad" else ("N", "M", "alpha")
    missing = [name for name in required if name not in values]
    if missing:
        raise ValueError(f"design {method} needs {', '.join(missing)}")
    return (LadProblem(**values) if method == "lad" else CraProblem(**values)), budget


def _number(value: float) -> float | None:
    """A float for JSON; None for an infinite bound, which says nothing."""
    return value if abs(value) != float("inf") else None


def lad_rows(design: LadDesign) -> list[dict[str, Any]]:
    """One row a load: the best matrix beside the cyclic one and a single task."""
    rows = []
    for choice, lower in zip(design.curve, design.lower_bounds, strict=True):
        load = choice.matrix.load
        bounds = {c.matrix.kind: c.guarantee.bound for c in design.considered if c.matrix.load == load}
        rows.append(
            {
                "d": load,
                "best": choice.matrix.kind,
                "tasks": choice.matrix.tasks,
                "bound": _number(choice.guarantee.bound),
                "floor": _number(choice.guarantee.floor),
                "rate": choice.guarantee.learning_rate,
                "cyclic": _number(bounds["cyclic"]),
                "one_task": _number(bounds.get("one task", bounds["cyclic"])),
                "cyclic_at_least": lower,
            }
        )
    return rows


def cra_rows(design: CraDesign) -> list[dict[str, Any]]:
    """One row for each number of subsets per device."""
    return [
        {
            "r": choice.r,
            "best": choice.kind,
            "d_k": choice.load,
            "overlap": choice.overlap,
            "whole_overlap": float(choice.overlap).is_integer(),
            "bound": _number(choice.guarantee.bound),
            "floor": _number(choice.guarantee.floor),
            "rate": choice.guarantee.learning_rate,
            "at_least": lower,
        }
        for choice, lower in zip(design.curve, design.lower_bounds, strict=True)
    ]


def _result(method: str, problem: Any, budget: int | None) -> dict[str, Any]:
    """Design as plain data: the choice, and the curve."""
    from ..bounds.design import design_cra, design_lad

    if method == "lad":
        lad = design_lad(problem, budget)
        rows = lad_rows(lad)
        best = next(row for row in rows if row["d"] == lad.best.matrix.load)
        return {"method": method, "best": best, "crossover_rate": lad.crossover, "curve": rows}
    cra = design_cra(problem, budget)
    rows = cra_rows(cra)
    return {"method": method, "best": next(row for row in rows if row["r"] == cra.best.r), "curve": rows}


def drawn(problem: CraProblem, r: int, allocation: str, seed: int) -> dict[str, Any]:
    """Draw an allocation and certify it.

    Parameters
    ----------
    problem : CraProblem
        What is given.
    r : int
        Subsets per device.
    allocation : str
        Name of an allocation.
    seed : int
        Of the draw.

    Returns
    -------
    dict
        The certificate's numbers, and the error floors of the held subsets' loss and of the training loss.
    """
    import numpy as np

    from ..bounds.refined.instance import certify, floor_kappa, floor_rba
    from ..simulate.allocation import allocation_from_name

    matrix = allocation_from_name(allocation)(problem.N, problem.M, r, np.random.default_rng(seed))
    found = certify(matrix)
    if problem.kappa is not None:
        floors = floor_kappa(found, kappa=problem.kappa, alpha=problem.alpha, beta=problem.beta)
    else:
        assert problem.C_alpha is not None
        floors = floor_rba(found, c_alpha=problem.C_alpha, alpha=problem.alpha, beta=problem.beta)
    return {
        "allocation": allocation,
        "seed": seed,
        "r": r,
        "unheld": found.unheld,
        "d_k": list(found.loads),
        "sigma_sq": found.sigma_sq,
        "drift_sq": found.drift_sq,
        "floor_held": _number(floors.held),
        "floor": _number(floors.full),
    }


def _shown(value: Any) -> Any:
    if value is None:
        return "says nothing"
    return f"{value:.6g}" if isinstance(value, float) else value


def _print(result: Mapping[str, Any]) -> None:
    from .cli_catalogue import print_table

    rows = [{name: _shown(value) for name, value in row.items()} for row in result["curve"]]
    print_table(rows, title="Least refined bound for each load")
    best = result["best"]
    if result["method"] == "lad":
        typer.echo(
            f"Best: {best['best']}, d = {best['d']}, bound {_shown(best['bound'])}. Below the learning rate "
            f"{result['crossover_rate']:.6g} a single task beats equal column sums, above it the reverse."
        )
    else:
        typer.echo(f"Best: {best['best']}, r = {best['r']}, bound {_shown(best['bound'])}.")
        if not best["whole_overlap"]:
            typer.echo("No allocation has this overlap exactly: certify one that is drawn with --allocation.")
        if "drawn" in result:
            rows = [{name: _shown(value) for name, value in result["drawn"].items()}]
            print_table(rows, title="Error floor of the allocation that was drawn")


def _design(
    method: Annotated[str, typer.Argument(help="lad or cra.")],
    parameters: Annotated[
        list[str],
        typer.Argument(
            help="name=value. lad: N H kappa, and delta beta L gap T gamma0, d for the largest load. "
            "cra: N M alpha and kappa or C_alpha, and beta L gap T gamma0, r for the largest load."
        ),
    ],
    shared: Annotated[
        bool, typer.Option("--shared", help="LAD: one random linear compressor for all devices.")
    ] = False,
    allocation: Annotated[
        str | None, typer.Option(help="cra: draw an allocation of this kind with the best r, and certify it.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the allocation.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Choose the computation: which matrix and load for LAD, which allocation for CRA-DL, by the refined bounds."""
    from dataclasses import replace

    from ..bounds.design import LadProblem

    problem, budget = parse_parameters(method, parameters)
    if shared:
        if not isinstance(problem, LadProblem):
            raise ValueError("--shared is about the compressors of design lad")
        problem = replace(problem, compressor="shared")
    result = _result(method, problem, budget)
    if allocation is not None:
        if isinstance(problem, LadProblem):
            raise ValueError("--allocation is about design cra")
        result["drawn"] = drawn(problem, result["best"]["r"], allocation, seed)
    if as_json:
        typer.echo(json.dumps(result, indent=2))
    else:
        _print(result)


def improvement_rows() -> list[dict[str, Any]]:
    """Printed and refined error floor at every parameter set of the papers; None where a bound says nothing."""
    from ..bounds.refined.papers import improvement_table

    return [
        {
            "place": row.place,
            "rule": row.rule,
            "refined": row.refined,
            "printed": row.printed,
            "values": row.values,
            "printed_bound": _number(row.printed_bound),
            "refined_bound": _number(row.refined_bound),
            "ratio": None if row.ratio != row.ratio else _number(row.ratio),
            "lower_bound": row.lower_bound,
        }
        for row in improvement_table()
    ]


def _improvements(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Printed beside refined error floor, at the parameters of the papers' figures and examples."""
    rows = improvement_rows()
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    from .cli_catalogue import print_table

    varied = ("d", "delta", "r", "alpha")
    table = [
        {
            "place": row["place"],
            "rule": row["rule"],
            "at": ", ".join(f"{name} = {row['values'][name]}" for name in varied if name in row["values"]),
            "printed": _shown(row["printed_bound"]),
            "refined": _shown(row["refined_bound"]),
            "at least": _shown(row["lower_bound"]),
        }
        for row in rows
    ]
    print_table(table, title="Error floors for beta = 1")
    typer.echo("At least: the floor of every server if the adversary picks its devices after the tasks are assigned.")


def register(app: typer.Typer) -> None:
    """Add ``design`` and ``improvements`` to the command line."""
    app.command("design")(_design)
    app.command("improvements")(_improvements)

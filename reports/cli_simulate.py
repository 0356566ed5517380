"""``byzbounds simulate``, and what ``byzbounds list`` shows of the simulator."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..simulate import Trajectory


def _registry(what: str) -> dict[str, Any]:
    from ..simulate import aggregation, allocation, attacks, compression, problems

    registries: dict[str, Any] = {
        "rules": aggregation,
        "attacks": attacks,
        "compressors": compression,
        "allocations": allocation,
        "problems": problems,
    }
    return dict(getattr(registries[what], what.upper()))


def listing(what: str) -> list[dict[str, Any]]:
    """What there is of "methods", "rules", "attacks", "compressors", "allocations" or "problems", one row each."""
    if what == "methods":
        from ..simulate import METHODS

        return [{"name": name, "meaning": meaning} for name, meaning in METHODS.items()]
    rows = []
    for name, entry in _registry(what).items():
        parameters = _problem_parameters(name) if what == "problems" else _parameters(entry)
        rows.append({"name": name, "meaning": _first_line(entry), "parameters": parameters})
    return rows


def _problem_parameters(name: str) -> str:
    from ..simulate.experiments import problem_parameters

    return ", ".join(f"{key}={value!r}" for key, value in problem_parameters(name).items())


def _first_line(entry: Any) -> str:
    chosen = "".join(f"{argument}: " for argument in getattr(entry, "args", ()))
    return chosen + (inspect.getdoc(getattr(entry, "func", entry)) or "").split("\n", 1)[0].rstrip(".")


def _parameters(entry: Any) -> str:
    try:
        signature = inspect.signature(entry)
    except (TypeError, ValueError):
        return ""
    shown = []
    for parameter in signature.parameters.values():
        default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
        shown.append(parameter.name + default)
    return ", ".join(shown)


def parse_assignments(words: list[str]) -> dict[str, Any]:
    """``["d=10", "attack=sign"]`` as a dictionary; numbers are read as numbers.

    Raises
    ------
    ValueError
        If a word is no assignment, or a name comes twice.
    """
    from ..simulate.naming import number

    values: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"simulate needs parameters as name=value, got {word!r}")
        if name in values:
            raise ValueError(f"simulate got parameter {name!r} twice")
        values[name.strip()] = number(text)
    return values


def record(trajectory: Trajectory, parameters: dict[str, Any]) -> dict[str, Any]:
    """What ``--json`` prints: one entry a seed; the final loss of a divergent run is the last that was computed."""
    return {
        "method": trajectory.method,
        "parameters": parameters,
        "seeds": list(trajectory.seeds),
        "loss": {"initial": trajectory.loss[:, 0].tolist(), "final": trajectory.final_loss.tolist()},
        "diverged": list(trajectory.diverged),
    }


def plot_loss(trajectory: Trajectory, path: Path) -> None:
    """Draw mean loss and range over the seeds against the iteration."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    kept = np.isfinite(trajectory.loss).any(axis=0)
    losses, iterations = trajectory.loss[:, kept], trajectory.iterations[kept]
    axes.fill_between(iterations, np.nanmin(losses, axis=0), np.nanmax(losses, axis=0), alpha=0.2, linewidth=0)
    axes.plot(iterations, np.nanmean(losses, axis=0), label=trajectory.method)
    axes.set(
        xlabel="iteration", ylabel="training loss", yscale="log", title=f"{len(trajectory.seeds)} seeds: mean, range"
    )
    axes.legend()
    figure.savefig(path)


def _save_table(trajectory: Trajectory, path: Path) -> None:
    if path.suffix == ".parquet":
        trajectory.to_parquet(path)
    elif path.suffix == ".csv":
        trajectory.to_csv(path)
    else:
        raise ValueError(f"simulate --out writes .csv or .parquet, got {path.name!r}")


def _print_summary(trajectory: Trajectory, parameters: dict[str, Any]) -> None:
    import numpy as np

    from .cli_catalogue import print_table

    final, initial = trajectory.final_loss, trajectory.loss[:, 0]
    diverged = [at for at in trajectory.diverged if at is not None]
    print_table(
        [
            {
                "method": trajectory.method,
                "iterations": int(trajectory.iterations[-1]),
                "seeds": len(trajectory.seeds),
                "initial loss": f"{initial.mean():.4g}",
                "final loss": f"{final.mean():.4g} ± {np.std(final) / np.sqrt(len(final)):.2g}",
                "diverged": f"{len(diverged)}, first at {min(diverged)}" if diverged else "none",
            }
        ]
    )
    typer.echo("  ".join(f"{name}={value}" for name, value in parameters.items()))


def _simulate(
    method: Annotated[str, typer.Argument(help="As in the papers' legends; `byzbounds list methods` shows them.")],
    parameters: Annotated[
        list[str] | None, typer.Argument(help="name=value ..., e.g. d=10 sigma_H=0.1 T=2000.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Number of seeds.")] = 20,
    plot: Annotated[Path | None, typer.Option(help="Draw the loss to this file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the losses to this .csv or .parquet file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train with a method; by default in its paper's own experiment."""
    from rich.console import Console

    from ..simulate.experiments import experiment, replication_note
    from ..simulate.training import check_seeds, train

    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise ValueError(f"simulate --out writes .csv or .parquet, got {out.name!r}")
    chosen = experiment(method, **parse_assignments(parameters or []))
    for note in (*chosen.notes, replication_note(chosen.configuration, check_seeds(seeds))):
        if note:
            typer.secho(f"Note: {note}.", err=True)
    with Console(stderr=True).status(f"training {chosen.configuration.method.name}, {seeds} seeds"):
        trajectory = train(chosen.configuration, seeds)
    shown = {name: value for name, value in chosen.parameters.items() if value is not None}
    if plot is not None:
        plot_loss(trajectory, plot)
    if out is not None:
        _save_table(trajectory, out)
    if as_json:
        typer.echo(json.dumps(record(trajectory, shown), indent=1))
    else:
        _print_summary(trajectory, shown)


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("simulate")(_simulate)

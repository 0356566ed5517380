"""``byzbounds report``: the main job."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def _report(
    preset: Annotated[str, typer.Option(help="quick (minutes), paper (the papers' numbers) or full.")] = "quick",
    out: Annotated[Path, typer.Option(help="Folder for index.html, figures, verdicts.json, provenance.json.")] = Path(
        "report"
    ),
    seed: Annotated[int, typer.Option(min=0, help="First seed.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 for one a processor.")] = 0,
) -> None:
    """Check every statement, compute every figure, test every claim, and write it all as one HTML page."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from .report import build

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.percentage:3.0f}%"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    try:
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("starting", total=1.0)
            page = build(
                preset,
                out,
                seed,
                lambda fraction, message: bar.update(task, completed=fraction, description=message),
                workers=workers or os.cpu_count() or 1,
            )
    except KeyboardInterrupt:
        typer.secho(f"Interrupted: finished parts are kept in {out}; the same command goes on from there.", err=True)
        raise typer.Exit(130) from None
    missing = _summary(page)
    if missing:
        raise typer.Exit(1)


def _summary(page: Path) -> int:
    """Print what was found and where it lies; return the number of parts that failed."""
    import json
    from collections import Counter

    record = json.loads((page.parent / "verdicts.json").read_text("utf-8"))
    for what in ("verdicts", "claims"):
        counts = Counter(row["outcome"] for row in record[what])
        typer.echo(f"{what}: " + (", ".join(f"{count} {name}" for name, count in counts.most_common()) or "none"))
    typer.echo(f"errata: {len(record['errata'])}")
    for part in record["missing"]:
        typer.secho(f"not computed: {part['name']}: {part['reason']}", err=True, fg=typer.colors.RED)
    typer.echo(f"open {page}")
    return len(record["missing"])


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(_report)

"""``byzbounds worst-case``: brackets on the robustness constants of aggregation rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..verify.adversary import Bracket


def register(app: typer.Typer) -> None:
    """Mount the command.

    Parameters
    ----------
    app : typer.Typer
        The root of the command line.
    """
    app.command("worst-case")(worst_case_command)
    app.command("worst-case-grid")(grid_command)


def worst_case_command(
    rule: Annotated[
        str, typer.Argument(help="Rule, e.g. cwtm, krum, nnm+cwtm; misused: cwtm:trim=1, huber:threshold=1.")
    ],
    n: Annotated[int, typer.Option("--n", help="Number of messages.")],
    f: Annotated[int, typer.Option("--f", help="Number of Byzantine messages, below n/2.")],
    norm: Annotated[
        str, typer.Option(help="mean: kappa (LAD Definition 1); max: C_alpha^2 (CRA Definition 1).")
    ] = "mean",
    dim: Annotated[int | None, typer.Option(help="Dimension of the messages; every dimension if left out.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the search.")] = 0,
    deep: Annotated[bool, typer.Option("--deep", help="Search longer.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with the witness.")] = False,
) -> None:
    """Bracket a rule's robustness constant: a witness below, a proof or computation above."""
    from ..verify.adversary import worst_case

    bracket = worst_case(rule, n, f, norm=norm, dim=dim, seed=seed, deep=deep)  # type: ignore[arg-type]
    if as_json:
        typer.echo(_dumps(bracket.to_json()))
    else:
        _print(bracket)


def grid_command(
    rules: Annotated[str, typer.Option(help="Rules, separated by commas; all if left out.")] = "",
    sizes: Annotated[str, typer.Option(help="small, full (up to n = 100), or n:f pairs such as 5:1,7:2.")] = "small",
    norm: Annotated[str, typer.Option(help="mean, max, or both.")] = "both",
    store: Annotated[
        Path | None, typer.Option(help="File of finished brackets, from which a killed run resumes.")
    ] = None,
    archive: Annotated[
        Path | None, typer.Option(help="Write lower ends and refuting messages to this file, smallest cases included.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the searches.")] = 0,
    deep: Annotated[bool, typer.Option("--deep", help="Search longer.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with the witnesses.")] = False,
) -> None:
    """Bracket many rules at many sizes, and hold published constants and conjectures against them."""
    from ..verify.adversary.archive import dump
    from ..verify.adversary.closed_forms import conjectures_markdown
    from ..verify.adversary.fitting import fitted_markdown
    from ..verify.adversary.grid import RULES, grid, jobs, markdown, refutations_markdown, smaller

    chosen = tuple(part.strip() for part in rules.split(",")) if rules else RULES
    if norm not in ("mean", "max", "both"):
        raise ValueError(f"worst-case-grid needs norm mean, max or both, got {norm!r}")
    norms = ("mean", "max") if norm == "both" else (norm,)
    work = jobs(chosen, _sizes(sizes), norms, seed, deep)  # type: ignore[arg-type]

    def show(done: int, total: int) -> None:
        typer.echo(f"\r{done} of {total} brackets", err=True, nl=done == total)

    records = grid(work, store, progress=None if as_json else show)
    if archive is not None:
        records += smaller(records)
        dump(records, archive)
    if as_json:
        typer.echo(_dumps(records))
        return
    typer.echo(markdown(records))
    typer.echo(refutations_markdown(records))
    typer.echo(conjectures_markdown(records))
    typer.echo(fitted_markdown(records))


def _sizes(text: str) -> tuple[tuple[int, int], ...]:
    from ..verify.adversary.grid import FULL, SMALL

    if text in ("small", "full"):
        return SMALL if text == "small" else FULL
    pairs = []
    for part in text.split(","):
        n, _, f = part.partition(":")
        if not (n.strip().isdigit() and f.strip().isdigit()):
            raise ValueError(f"worst-case-grid needs sizes small, full, or pairs such as 5:1,7:2, got {text!r}")
        pairs.append((int(n), int(f)))
    return tuple(pairs)


def _print(bracket: Bracket) -> None:
    from rich.console import Console
    from rich.table import Table

    symbol = "kappa" if bracket.norm == "mean" else "C_alpha^2"
    where = "every dimension" if bracket.dim is None else f"dimension {bracket.dim}"
    table = Table(title=f"{symbol} of {bracket.rule}, n={bracket.n}, f={bracket.f}, {where}", show_header=False)
    again = f"{_shown(float(bracket.lower))}, witness evaluated again: {bracket.evaluation}"
    table.add_row("lower end", f"unbounded; {again}" if bracket.unbounded else again)
    upper = "" if bracket.upper is None else f"{_shown(float(bracket.upper))}, "
    table.add_row("upper end", upper + bracket.upper_source)
    if bracket.exact:
        table.add_row("exact value", str(bracket.upper))
    if bracket.published is not None:
        table.add_row(
            "published", f"{_shown(float(bracket.published))} ({bracket.published}), {bracket.published_source}"
        )
    if bracket.verdict is not None:
        table.add_row("verdict", str(bracket.verdict))
    console = Console()
    console.print(table)
    if bracket.witness is not None:
        from ..verify.adversary.grid import counted

        for name, vectors in (("honest", bracket.witness.honest), ("byzantine", bracket.witness.byzantine)):
            console.print(f"{name}: {counted(vectors)}", soft_wrap=True, highlight=False)


def _dumps(data: object) -> str:
    """JSON in which an infinite lower end is 1e999: a valid number, which every reader takes for infinity."""
    return json.dumps(data).replace("Infinity", "1e999")


def _shown(value: float) -> str:
    return f"{value:.6g}"

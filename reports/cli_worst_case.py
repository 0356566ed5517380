"""``byzbounds worst-case``: brackets on the robustness constants of aggregation rules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from ..verify.adversary import Bracket


def register(app: typer.Typer) -> None:
    """Mount the command.

    Parameters
    ----------
    app : typer.Typer
        The root of the command line.
    """
    app.command("worst-case")(worst_case_command)


def worst_case_command(
    rule: Annotated[
        str, typer.Argument(help="Rule, e.g. cwtm, krum, nnm+cwtm; misused: cwtm:trim=1, krum:neighbours=2.")
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
        typer.echo(json.dumps(bracket.to_json()))
    else:
        _print(bracket)


def _print(bracket: Bracket) -> None:
    from rich.console import Console
    from rich.table import Table

    symbol = "kappa" if bracket.norm == "mean" else "C_alpha^2"
    where = "every dimension" if bracket.dim is None else f"dimension {bracket.dim}"
    table = Table(title=f"{symbol} of {bracket.rule}, n={bracket.n}, f={bracket.f}, {where}", show_header=False)
    table.add_row("lower end", f"{_shown(float(bracket.lower))}, witness evaluated again: {bracket.evaluation}")
    upper = "none" if bracket.upper is None else _shown(float(bracket.upper))
    table.add_row("upper end", f"{upper}, {bracket.upper_source}")
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
        _print_witness(console, bracket)


def _print_witness(console: Console, bracket: Bracket) -> None:
    """Equal messages once, with how many there are."""
    from collections import Counter

    assert bracket.witness is not None
    for name in ("honest", "byzantine"):
        counts = Counter(getattr(bracket.witness, name))
        shown = [f"{count} x ({', '.join(map(str, vector))})" for vector, count in counts.most_common(8)]
        more = f", and {len(counts) - 8} more" if len(counts) > 8 else ""
        console.print(f"{name}: {'; '.join(shown)}{more}", soft_wrap=True, highlight=False)


def _shown(value: float) -> str:
    return f"{value:.6g}"

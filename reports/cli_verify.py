"""``byzbounds verify`` and ``byzbounds replay``."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from ..verify.verdict import Verdict

_STYLES = {"HOLDS": "green", "REFUTED": "red", "INCONCLUSIVE": "yellow", "VACUOUS": "dim"}

_DIGITS = set("0123456789-/")
_SHORT = {"exact enumeration": "exact", "adversarial search": "search", "property test": "property"}


def _number(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 12 else f"{float(Fraction(text)):.4g}" if set(text) <= _DIGITS else text


def _table(verdicts: list[Verdict]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{len(verdicts)} verdicts", box=box.SIMPLE)
    table.add_column("key", overflow="fold")
    table.add_column("check", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    for name in ("lhs", "rhs", "points (vacuous)"):
        table.add_column(name, justify="right")
    for v in verdicts:
        outcome = Text(v.outcome.value, style=_STYLES[v.outcome.value])
        check = _SHORT.get(v.check.value, v.check.value)
        points = f"{v.points} ({v.vacuous})" if v.vacuous else str(v.points)
        table.add_row(v.key, check, outcome, _number(v.lhs), _number(v.rhs), points)
    return table


def _print(verdicts: list[Verdict]) -> None:
    from rich.console import Console

    from ..verify.runner import failures

    Console().print(_table(verdicts))
    for verdict in verdicts:
        if verdict.outcome.value in ("REFUTED", "INCONCLUSIVE"):
            typer.echo(f"{verdict.outcome.value} {verdict.key} ({verdict.check.value}): {verdict.detail}")
            if verdict.counterexample:
                typer.echo(f"  witness: {json.dumps(verdict.to_json()['counterexample'])}")
    counts = Counter(verdict.outcome.value for verdict in verdicts)
    typer.echo(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "nothing to check")
    if failures(verdicts):
        typer.secho("Something that the catalogue states as true is refuted.", err=True, fg=typer.colors.RED)


@contextlib.contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[float, str], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda fraction, name: bar.update(task, completed=fraction, description=name)


def _run(keys: list[str], preset: str, seed: int, store: Path | None, quiet: bool) -> list[Verdict]:
    from ..verify.runner import run

    with _progress(quiet) as show:
        return run(keys or None, preset, seed, store, show)  # type: ignore[arg-type]


def _verify(
    keys: Annotated[
        list[str] | None, typer.Argument(help="Statements, or prefixes that end in a dot (lad.); all by default.")
    ] = None,
    preset: Annotated[str, typer.Option(help="quick, paper or full: sizes and budgets.")] = "quick",
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 0,
    store: Annotated[
        Path | None, typer.Option(help="Folder that keeps finished verdicts: a killed run resumes.")
    ] = None,
    claims: Annotated[
        bool, typer.Option("--claims", help="Test the papers' claims about their figures; KEYs are claims or figures.")
    ] = False,
    ways: Annotated[
        bool, typer.Option("--ways", help="Print a row a statement: how it was verified, at how many points.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list with a verdict an entry.")] = False,
) -> None:
    """Check statements in every way there is: derivation, enumeration, sampling, search, trajectories.

    Exit code 1 when something is refuted that the catalogue states as true.
    """
    from ..verify.runner import failures

    if claims:
        _verify_claims(list(keys or []), preset, seed, as_json)
        return
    verdicts = _run(list(keys or []), preset, seed, store, quiet=as_json)
    if ways:
        _print_ways(verdicts, as_json)
    elif as_json:
        typer.echo(json.dumps([verdict.to_json() for verdict in verdicts], indent=1, allow_nan=False))
    else:
        _print(verdicts)
    if failures(verdicts):
        raise typer.Exit(1)


def _print_ways(verdicts: list[Verdict], as_json: bool) -> None:
    """How each statement was verified, of those with a verdict."""
    from ..verify.coverage import how_verified
    from .cli_catalogue import print_table

    checked = {verdict.key for verdict in verdicts}
    rows = [row for row in how_verified(verdicts) if row.key in checked]
    if as_json:
        typer.echo(json.dumps([row.to_json() for row in rows], indent=1))
        return
    table = [
        {
            "key": row.key,
            "checks": ", ".join(f"{_SHORT.get(check, check)} {outcome}" for check, outcome in row.checks.items()),
            "ways": str(row.ways),
            "points (vacuous)": f"{row.points} ({row.vacuous})" if row.vacuous else str(row.points),
        }
        for row in rows
    ]
    print_table(table, title=f"{len(rows)} statements")
    counts = Counter(row.ways for row in rows if not row.nothing_to_check)
    typer.echo(", ".join(f"{count} in {ways} way{'s' * (ways != 1)}" for ways, count in sorted(counts.items())))


def _verify_claims(names: list[str], preset: str, seed: int, as_json: bool) -> None:
    from .cli_catalogue import print_table
    from .cli_figures import verify_claims

    with _progress(quiet=as_json) as show:
        rows = [{**row, "p_value": _p_value(row)} for row in verify_claims(names, preset, seed, show)]
    if as_json:
        typer.echo(json.dumps(rows, indent=1, allow_nan=False))
    else:
        shown = ("key", "reading", "outcome", "effect", "p_value")
        print_table([{name: row[name] for name in shown} for row in rows], title=f"{len(rows)} verdicts on claims")


def _p_value(row: dict[str, Any]) -> float | None:
    """The corrected p-value of the direction that the data favour; None where nothing is drawn."""
    found = [row[name] for name in ("p_support", "p_against") if row[name] is not None]
    return min(found) if found else None


def _replay(
    path: Annotated[Path, typer.Argument(metavar="VERDICTS.JSON", help="As verify --json or report wrote it.")],
    key: Annotated[str, typer.Argument(help="The statement.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Repeat the recorded verdicts on a statement from their seeds and parameters.

    Exit code 1 when one comes out differently.
    """
    from ..verify.replay import replay
    from .cli_catalogue import print_table

    found = replay(path, key)
    if as_json:
        rows = [
            {"recorded": one.recorded.to_json(), "repeated": one.repeated.to_json(), "same": one.same} for one in found
        ]
        typer.echo(json.dumps(rows, indent=1, allow_nan=False))
    else:
        print_table(
            [
                {
                    "check": one.recorded.check.value,
                    "recorded": one.recorded.outcome.value,
                    "repeated": one.repeated.outcome.value,
                    "lhs": _number(one.repeated.lhs),
                    "rhs": _number(one.repeated.rhs),
                    "differs in": ", ".join(one.differences) or "nothing",
                }
                for one in found
            ],
            title=key,
        )
    if not all(one.same for one in found):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("verify")(_verify)
    app.command("replay")(_replay)

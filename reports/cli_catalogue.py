"""``byzbounds list`` and ``byzbounds show``."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from ..bounds import Statement

Rows = list[dict[str, Any]]


def _statement_rows() -> Rows:
    from ..bounds import statements

    return [
        {
            "key": s.key,
            "title": s.title,
            "kind": str(s.kind),
            "relation": str(s.relation),
            "paper": s.source.paper,
            "place": s.source.place,
            "equations": list(s.source.equations),
            "derived": s.derivation is not None,
        }
        for s in statements()
    ]


def _simulate_rows(what: str) -> Callable[[], Rows]:
    def rows() -> Rows:
        from .cli_simulate import listing

        return listing(what)

    return rows


def _figure_rows() -> Rows:
    from .cli_figures import list_figures

    return list_figures()


def _claim_rows() -> Rows:
    from .cli_figures import list_claims

    return list_claims()


LISTS: dict[str, Callable[[], Rows]] = {
    "statements": _statement_rows,
    "figures": _figure_rows,
    "claims": _claim_rows,
    **{
        what: _simulate_rows(what) for what in ("methods", "rules", "attacks", "compressors", "allocations", "problems")
    },
}


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "-"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


def print_table(rows: Iterable[dict[str, Any]], *, title: str = "", console: Console | None = None) -> None:
    """Print rows of equal keys as a table that folds long cells instead of cutting them."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    rows = list(rows)
    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in rows[0] if rows else ():
        table.add_column(column, overflow="fold", no_wrap=column == "key")
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row.values()))
    (console or Console()).print(table)


def _list(
    what: Annotated[str, typer.Argument(help="One of: " + ", ".join(LISTS))] = "statements",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the catalogue's statements, or the methods, rules, attacks, figures, claims ..."""
    if what not in LISTS:
        near = difflib.get_close_matches(what, LISTS, n=1)
        raise ValueError(
            f"list: no such list {what!r}; " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(LISTS)}")
        )
    rows = LISTS[what]()
    if as_json:
        typer.echo(json.dumps(rows, indent=1, default=str))
        return
    print_table(_brief(rows) if what == "statements" else rows, title=f"{len(rows)} {what}")


def _brief(rows: Rows) -> Rows:
    """What fits a terminal of 80 columns."""
    return [
        {
            "key": row["key"],
            "title": row["title"],
            "source": f"{row['paper']} " + (f"({', '.join(row['equations'])})" if row["equations"] else row["place"]),
            "derived": row["derived"],
        }
        for row in rows
    ]


def _show(
    key: Annotated[str, typer.Argument(help="A statement's key; `byzbounds list` shows them.")],
    proof: Annotated[bool, typer.Option("--proof", help="Print the derivation, each step checked now.")] = False,
    latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX only (with --proof: a whole document).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a statement: LaTeX, pretty form, source, hypotheses, what it uses, how it was verified."""
    from ..bounds import get
    from .show import show_statement, statement_latex, statement_record

    statement = get(key)
    if as_json:
        typer.echo(json.dumps(statement_record(statement, proof=proof), indent=1, default=str))
        return
    if proof and statement.derivation is None:
        raise ValueError(f"show --proof: {key} has no derivation: it is a {statement.kind} that its source states")
    if latex:
        typer.echo(_proof_document(statement) if proof else statement_latex(statement))
    else:
        show_statement(statement, proof=proof)


def _proof_document(statement: Statement) -> str:
    from ..bounds.latex import derivation_document

    assert statement.derivation is not None
    return derivation_document(statement.derivation())


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("list")(_list)
    app.command("show")(_show)

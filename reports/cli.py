"""The command line's root: the catalogue, evaluation, and the other commands mounted beside them."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import typer
from typer.core import TyperGroup

#: Modules that add commands: each exports ``register(app)`` and imports what is heavy inside its functions.
COMMAND_MODULES = (
    "cli_catalogue",
    "cli_eval",
    "cli_verify",
    "cli_report",
    "cli_figures",
    "cli_audit",
    "cli_design",
    "cli_worst_case",
    "cli_check_rule",
    "cli_simulate",
)


class _Commands(TyperGroup):
    """Commands whose bad input ends in one clear line and exit code 2 instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (ValueError, OSError) as error:
            typer.secho(f"Error: {error}", err=True, fg=typer.colors.RED)
            raise typer.Exit(2) from error
        except KeyboardInterrupt as error:
            typer.secho("Interrupted: what was finished is kept.", err=True, fg=typer.colors.YELLOW)
            raise typer.Exit(130) from error


app = typer.Typer(
    cls=_Commands,
    help="Verify the theory of coded robust aggregation for distributed training under Byzantine attacks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _show_version(value: bool) -> None:
    if value:
        from .._version import __version__

        typer.echo(f"byzbounds {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    # Formulas hold Greek letters and square roots: a terminal that cannot show them gets replacements, not a crash.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


for _name in COMMAND_MODULES:
    importlib.import_module(f".{_name}", __package__).register(app)

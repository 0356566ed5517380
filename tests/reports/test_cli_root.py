"""The command line's root: version, help, bad input."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

import byzbounds
from byzbounds.reports import cli


def run(*arguments: str):
    return CliRunner().invoke(cli.app, list(arguments))


def test_version() -> None:
    result = run("--version")
    assert result.exit_code == 0
    assert result.output.strip() == f"byzbounds {byzbounds.__version__}"


def test_every_command_has_help() -> None:
    listed = run("--help")
    assert listed.exit_code == 0
    names = [command.name or command.callback.__name__ for command in cli.app.registered_commands]
    assert len(names) >= 12
    for name in names:
        assert name in listed.output
        assert run(name, "--help").exit_code == 0


def test_bad_input_ends_in_one_line_and_exit_code_2() -> None:
    result = run("show", "lad.lemma11")
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert "lad.lemma1" in result.output


def test_an_interrupt_is_told_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("byzbounds.bounds.statements", interrupted)
    result = run("list")
    assert result.exit_code == 130
    assert "Interrupted" in result.output


def test_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "byzbounds", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("byzbounds ")


def test_help_needs_no_heavy_library() -> None:
    code = (
        "import sys\n"
        "from byzbounds.reports import cli\n"
        "heavy = {'sympy', 'matplotlib', 'scipy', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

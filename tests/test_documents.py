"""Every command and code block in the README and the docs runs.

Commands of the package run in this process. What builds environments, runs whole test suites or benchmarks is run by
the continuous-integration script instead, and is listed here so that nothing else can hide.
"""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import matplotlib as mpl
import pytest
from typer.testing import CliRunner

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "howto").glob("*.md"))]
#: Run by `.ci/run`, or by a person.
ELSEWHERE = (
    "python3 -m venv", "pip install", "python -m pytest", "python -m benchmarks", "mkdocs ", "bash .ci/run", "ruff ",
    "mypy ",
)  # fmt: skip
#: Take longer than the default run may.
LONG = (
    "byzbounds report",
    "byzbounds verify --preset",
    "byzbounds figure",
    "byzbounds verify --claims",
    "byzbounds errata",
)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return [body for found, body in _BLOCK.findall(path.read_text(encoding="utf-8")) if found == language]


def commands(path: Path) -> list[str]:
    """The shell commands of a document, continued lines joined and comments dropped."""
    lines = [
        line.split("  #")[0].strip() for body in blocks(path, "sh") for line in body.replace("\\\n", " ").splitlines()
    ]
    return [line for line in lines if line and not line.startswith(("#", *ELSEWHERE))]


def _commands(long: bool) -> list[object]:
    """Each command once, under the first document that gives it."""
    found = {command: path.name for path in reversed(DOCUMENTS) for command in reversed(commands(path))}
    return [
        pytest.param(command, id=f"{name}: {command[:70]}")
        for command, name in reversed(found.items())
        if command.startswith(LONG) is long
    ]


def run_command(command: str) -> None:
    """Run a command of the package; other programs are refused."""
    from byzbounds.reports.cli import app

    program, *arguments = shlex.split(command)
    assert program == "byzbounds", f"neither run here nor listed as run elsewhere: {command}"
    expected = 1 if arguments[0] == "check-rule" and "bad" in command else 0
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == expected, f"{command}\n{result.output}\n{result.exception!r}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    mpl.use("Agg")
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", _commands(long=False))
def test_commands(command: str) -> None:
    run_command(command)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", _commands(long=True))
def test_long_commands(command: str) -> None:
    run_command(command)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("path", [path for path in DOCUMENTS if blocks(path, "python")], ids=lambda path: path.name)
def test_code(path: Path) -> None:
    names: dict[str, object] = {"__name__": "document"}
    for body in blocks(path, "python"):
        exec(compile(body, path.name, "exec"), names)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_examples(path: Path) -> None:
    runpy.run_path(str(path), run_name="__main__")


def test_the_readme_names_the_main_job_and_the_tests() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^python3 -m venv .*byzbounds report", text, flags=re.MULTILINE)
    assert re.search(r"^python -m pytest", text, flags=re.MULTILINE)


def test_pictures_of_the_readme_exist() -> None:
    for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert (ROOT / target).is_file(), target

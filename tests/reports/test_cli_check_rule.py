"""``byzbounds check-rule``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from byzbounds.reports import cli_check_rule

RULES = """
import numpy as np

def trimmed(messages):
    return np.sort(messages, axis=0)[2:-2].mean(axis=0, dtype=messages.dtype)

class Average:
    def __init__(self, f=0):
        self.f = f

    def __call__(self, messages):
        return messages.mean(axis=0)

class NeedsMore:
    def __init__(self, radius):
        self.radius = radius

number = 3
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "someones_rules.py").write_text(RULES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    app = typer.Typer()
    cli_check_rule.register(app)
    app.command("other")(lambda: None)
    return lambda *arguments: CliRunner().invoke(app, ["check-rule", *arguments])


def test_a_good_rule_exits_with_zero(run) -> None:
    result = run("someones_rules:trimmed", "--n", "10", "--f", "2", "--kappa", "1/3", "--max-examples", "20")
    assert result.exit_code == 0, result.output
    assert "HOLDS" in result.output


def test_a_bad_rule_exits_with_one_and_prints_code(run) -> None:
    result = run("someones_rules:Average", "--claims", "all", "--max-examples", "20")
    assert result.exit_code == 1
    assert "result = rule(messages)" in result.output


def test_json(run) -> None:
    result = run("someones_rules:Average", "--claims", "breakdown", "--json", "--max-examples", "20")
    record = json.loads(result.output)
    assert record["passed"] is False
    outcomes = {v["key"]: v["outcome"] for v in record["verdicts"]}
    assert outcomes["conformance.breakdown"] == "REFUTED"
    assert outcomes["conformance.shape"] == "HOLDS"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nothing", "module:name"),
        ("someones_rules:missing", "missing"),
        ("no_such_module:x", "no_such_module"),
        ("someones_rules:number", "callable"),
        ("someones_rules:NeedsMore", "radius"),
    ],
)
def test_bad_paths(run, path: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        raise run(path).exception

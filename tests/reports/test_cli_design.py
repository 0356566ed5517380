"""``byzbounds design`` from the command line."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from byzbounds.reports.cli import app

runner = CliRunner()
LAD = ["design", "lad", "N=12", "H=9", "kappa=1/2", "T=100", "d=3"]
CRA = ["design", "cra", "N=12", "M=24", "alpha=1/4", "C_alpha=0.3", "r=6"]


def test_lad_curve_as_json():
    result = runner.invoke(app, [*LAD, "--json"])
    assert result.exit_code == 0, result.output
    data = json.loads(result.output)
    assert [row["d"] for row in data["curve"]] == [1, 2, 3]
    assert data["best"]["best"] == "one task"
    assert data["crossover_rate"] == pytest.approx(12 * 0.5 / 1.5)


def test_cra_curve_as_json():
    result = runner.invoke(app, [*CRA, "--json"])
    assert result.exit_code == 0, result.output
    data = json.loads(result.output)
    assert [row["r"] for row in data["curve"]] == [2, 4, 6]
    assert data["best"]["r"] == 6


@pytest.mark.parametrize("arguments", [LAD, CRA, [*LAD, "delta=1/2", "--shared"]])
def test_table(arguments: list[str]):
    result = runner.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "Best:" in result.output


@pytest.mark.parametrize("rule", ["kappa=1/3", "C_alpha=1/20"])
def test_drawn_allocation_is_certified(rule: str):
    arguments = ["design", "cra", "N=7", "M=7", "alpha=2/7", rule, "r=3", "--json", "--allocation"]
    ideal = json.loads(runner.invoke(app, [*arguments, "pairwise"]).output)
    assert ideal["drawn"]["floor"] == pytest.approx(ideal["best"]["floor"])
    random = json.loads(runner.invoke(app, [*arguments, "uniform", "--seed", "4"]).output)
    assert random["drawn"]["floor"] is None or random["drawn"]["floor"] > ideal["drawn"]["floor"]


def test_drawn_allocation_in_the_table():
    result = runner.invoke(app, [*CRA, "--allocation", "balanced"])
    assert result.exit_code == 0, result.output
    assert "was drawn" in result.output


def test_vacuous_bounds_are_null_in_json():
    result = runner.invoke(app, ["design", "lad", "N=12", "H=9", "kappa=2", "delta=3", "d=1", "--json"])
    assert json.loads(result.output)["best"]["bound"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["design", "sgd", "N=3"], "knows lad and cra"),
        (["design", "lad", "N=12", "kappa=1"], "needs H"),
        (["design", "lad", "N=12", "H=9", "kappa=1", "r=2"], "knows no parameter"),
        (["design", "lad", "N=12", "H=9", "kappa"], "name=value"),
        (["design", "lad", "N=12", "N=13", "H=9", "kappa=1"], "twice"),
        (["design", "lad", "N=1.5", "H=9", "kappa=1"], "whole number"),
        (["design", "lad", "N=12", "H=five", "kappa=1"], "not a real number"),
        (["design", "lad", "N=12", "H=5", "kappa=1"], "honest"),
        ([*CRA, "--shared"], "design lad"),
        ([*CRA, "--allocation", "unifrom"], "did you mean uniform"),
        ([*LAD, "--allocation", "uniform"], "about design cra"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: list[str], message: str):
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert message in result.output + (result.stderr if result.stderr_bytes else "")


def test_improvements_of_the_papers_bounds():
    result = runner.invoke(app, ["improvements", "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.output)
    assert {row["refined"] for row in rows} >= {"refined.lad.floor", "refined.cra.floor", "refined.cra.kappa.floor"}
    assert all(row["printed_bound"] is None or row["refined_bound"] < row["printed_bound"] for row in rows)
    shown = runner.invoke(app, ["improvements"])
    assert "nothing" in shown.output

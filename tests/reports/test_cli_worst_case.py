"""``byzbounds worst-case``."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from typer.testing import CliRunner

from byzbounds.reports.cli import app

KEYS = {
    "rule",
    "n",
    "f",
    "norm",
    "dim",
    "lower",
    "upper",
    "exact",
    "upper_source",
    "published",
    "verdict",
    "witness",
}


def run(*arguments):
    return CliRunner().invoke(app, ["worst-case", *arguments])


def test_json_has_the_promised_keys():
    result = run("cwtm", "--n", "10", "--f", "2", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert set(found) == KEYS
    assert found["exact"] is True
    assert found["lower"] == found["upper"] == pytest.approx(1 / 3)
    assert found["verdict"] == "HOLDS"
    assert len(found["witness"]["honest"]) == 8
    assert len(found["witness"]["byzantine"]) == 2


def test_json_of_a_search():
    result = run("krum", "--n", "5", "--f", "1", "--json", "--dim", "1")
    found = json.loads(result.output)
    assert set(found) == KEYS
    assert found["dim"] == 1
    assert all(len(vector) == 1 for vector in found["witness"]["honest"])
    assert all(Fraction(x).denominator == 1 for vector in found["witness"]["honest"] for x in vector)
    assert found["lower"] <= found["upper"]


def test_refuted_constant_is_shown():
    result = run("median", "--n", "5", "--f", "1", "--norm", "max", "--dim", "1")
    assert result.exit_code == 0
    assert "REFUTED" in result.output
    assert "cra.table1.median" in result.output
    assert "honest: 2 x (-1); 2 x (1)" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cwtm", "--n", "4", "--f", "2"), "n > 2f"),
        (("cwmt", "--n", "5", "--f", "1"), "cwtm"),
        (("cwtm", "--n", "5", "--f", "1", "--norm", "l2"), "mean"),
    ],
)
def test_bad_input(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_grid_prints_tables(tmp_path):
    arguments = [
        "--rules",
        "cwtm,median",
        "--sizes",
        "5:1,7:2",
        "--norm",
        "max",
        "--store",
        str(tmp_path / "grid.jsonl"),
    ]
    result = CliRunner().invoke(app, ["worst-case-grid", *arguments])
    assert result.exit_code == 0, result.output
    assert "| median | 5 | 1 | C_alpha^2 | 1 |" in result.output
    assert "| multikrum | kappa | 4f / (n - 2f) |" in result.output


@pytest.mark.parametrize(("option", "value"), [("--sizes", "five"), ("--norm", "l2")])
def test_bad_grid(option, value):
    result = CliRunner().invoke(app, ["worst-case-grid", option, value])
    assert result.exit_code == 2
    assert value in result.output

from __future__ import annotations

import csv
import json

import pytest
from typer.testing import CliRunner

from byzbounds.reports.cli import app
from byzbounds.reports.cli_simulate import listing, parse_assignments

SMALL = ["N=12", "Q=6", "H=10", "T=5"]


def invoke(*words):
    return CliRunner().invoke(app, ["simulate", *words])


def test_json():
    result = invoke("LAD-CWTM-NNM", *SMALL, "d=4", "--seeds", "3", "--json")
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert list(printed) == ["method", "parameters", "seeds", "loss", "diverged"]
    assert printed["method"] == "LAD-CWTM-NNM"
    assert printed["seeds"] == [0, 1, 2]
    assert printed["diverged"] == [None] * 3
    assert len(printed["loss"]["initial"]) == len(printed["loss"]["final"]) == 3
    assert {"d": 4, "T": 5, "gamma": 1e-6, "alpha": 2 / 12}.items() <= printed["parameters"].items()


def test_same_seed_same_numbers():
    words = ("CWTM", *SMALL, "--seeds", "2", "--json")
    assert invoke(*words).stdout == invoke(*words).stdout


def test_divergence_is_valid_json():
    result = invoke("VA", *SMALL[:3], "gamma=10", "T=200", "--seeds", "2", "--json")
    printed = json.loads(result.stdout, parse_constant=pytest.fail)
    assert all(isinstance(at, int) for at in printed["diverged"])


def test_table_plot_and_data(tmp_path):
    result = invoke("VA", *SMALL, "--seeds", "2", "--plot", str(tmp_path / "a.png"), "--out", str(tmp_path / "a.csv"))
    assert result.exit_code == 0, result.output
    assert "VA" in result.stdout
    assert "gamma=1e-06" in result.stdout
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with open(tmp_path / "a.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == 12


def test_notes_go_to_the_other_stream():
    result = invoke("VA", *SMALL, "d=3", "--seeds", "1", "--json")
    assert "d=3 does not concern VA" in result.stderr
    json.loads(result.stdout)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["LAD-CTWM"], "did you mean"),
        (["VA", "gama=1"], "did you mean 'gamma'"),
        (["VA", "T"], "parameters as name=value, got 'T'"),
        (["VA", "T=1", "T=2"], "parameter 'T' twice"),
        (["VA", "T=1", "--seeds", "0"], "seeds of at least 1"),
        (["VA", "T=1", "--out", "a.txt"], ".csv or .parquet"),
    ],
)
def test_bad_input(words, message):
    result = invoke(*words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("what", ["methods", "rules", "attacks", "compressors", "allocations", "problems"])
def test_lists(what):
    rows = listing(what)
    assert rows
    assert all(row["name"] and row["meaning"] for row in rows)
    result = CliRunner().invoke(app, ["list", what, "--json"])
    assert json.loads(result.stdout) == rows


def test_assignments():
    assert parse_assignments(["d=10", "gamma=1e-6", "attack=sign"]) == {"d": 10, "gamma": 1e-6, "attack": "sign"}

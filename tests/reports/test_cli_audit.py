"""``byzbounds audit`` and ``byzbounds errata``."""

from __future__ import annotations

import json

import typer
from typer.testing import CliRunner

from byzbounds.reports import cli, cli_audit

CRA = ("N=100", "M=1000", "r=40", "d_min=N*r/M", "alpha=1/5", "C_alpha=sqrt(2*alpha*(1-alpha))/(1-2*alpha)")


def run(*arguments: str):
    app = cli.app
    if not any(command.name == "audit" for command in app.registered_commands):
        cli_audit.register(app)
    return CliRunner().invoke(app, list(arguments))


def test_register_adds_both_commands() -> None:
    app = typer.Typer()
    cli_audit.register(app)
    assert {command.name for command in app.registered_commands} == {"audit", "errata"}


def test_a_point_as_json() -> None:
    record = json.loads(run("audit", "cra.theorem1", *CRA, "--json").output)
    assert record["vacuous"] is True
    limits = {entry["name"]: entry for entry in record["limits"]}
    assert limits["r"]["nearest"] == "625"
    assert limits["C_alpha"]["nearest"] == "25*sqrt(2)/96"
    assert "N" not in record["obstacles"]


def test_a_point_for_people() -> None:
    result = run("audit", "cra.theorem1", *CRA)
    assert result.exit_code == 0
    assert "VACUOUS" in result.output
    assert "625" in result.output


def test_one_range_gives_a_line_a_value() -> None:
    arguments = ("audit", "lad.theorem2", "N=100", "H=65", "kappa=3/2", "d=2:5")
    record = json.loads(run(*arguments, "--json").output)
    assert [report["vacuous"] for report in record["reports"]] == [True, True, False, False]
    assert run(*arguments).output.count("VACUOUS") == 2


def test_two_ranges_give_a_map() -> None:
    arguments = ("audit", "lad.theorem2", "N=100", "H=65", "d=1:10", "kappa=1,2,4")
    record = json.loads(run(*arguments, "--json").output)
    assert record["x"] == {"name": "d", "values": list(map(float, range(1, 11)))}
    assert [len(row) for row in record["feasible"]] == [10] * 3
    assert record["bound"] is None
    shown = run(*arguments).output
    assert "..####" in shown


def test_errata_of_one_statement() -> None:
    (erratum,) = json.loads(run("errata", "cra.theorem1.condition", "--json").output)
    assert set(erratum) == {"key", "source", "printed", "derived", "effect", "evidence"}
    assert erratum["effect"] == "invalid"
    assert "no differences" in run("errata", "cra.lemma1").output
    assert "1 differences" in run("errata", "cra.eq39.harmonic").output


def test_bad_input_ends_in_one_line() -> None:
    for arguments in (
        ("audit",),
        ("audit", "cra.theorem1", "r"),
        ("audit", "cra.theorem1", "r=1", "r=2"),
        ("audit", "cra.theorem1", "nonsense=2"),
        ("audit", "cra.theorem", "r=1"),
        ("audit", "lad.theorem2", "d=1:3", "H=60:70", "N=90:100"),
    ):
        result = run(*arguments)
        assert result.exit_code == 2, arguments
        assert "Traceback" not in result.output

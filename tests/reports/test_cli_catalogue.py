"""``byzbounds list`` and ``byzbounds show``."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from byzbounds.bounds import statements
from byzbounds.reports import cli, cli_catalogue


def run(*arguments: str):
    return CliRunner().invoke(cli.app, list(arguments))


@pytest.mark.parametrize("what", list(cli_catalogue.LISTS))
def test_every_list_prints_and_gives_json(what: str) -> None:
    rows = json.loads(run("list", what, "--json").output)
    assert rows
    assert all(isinstance(row, dict) for row in rows)
    assert run("list", what).exit_code == 0


def test_the_list_of_statements_tells_the_source_equation() -> None:
    rows = {row["key"]: row for row in json.loads(run("list", "--json").output)}
    assert set(rows) == {statement.key for statement in statements()}
    assert "17" in rows["lad.lemma1"]["equations"]
    assert "12" in rows["cra.lemma1"]["equations"]


def test_near_misses_of_a_list() -> None:
    result = run("list", "figure")
    assert result.exit_code == 2
    assert "figures" in result.output


@pytest.mark.parametrize("key", ["lad.lemma1", "lad.kappa2", "lad.theorem1", "cra.theorem1", "lad.assumption1"])
def test_show(key: str) -> None:
    result = run("show", key)
    assert result.exit_code == 0, result.output
    for heading in ("LaTeX", "Verified by"):
        assert heading in result.output
    record = json.loads(run("show", key, "--json").output)
    assert record["key"] == key
    assert record["latex"]
    assert record["checks"] or "assumption" in key


def test_show_links_a_bound_with_what_improves_it() -> None:
    assert "refined.lad.mean_error" in json.loads(run("show", "lad.eq59", "--json").output)["improved_by"]
    assert "Improved by" in run("show", "lad.eq59").output
    assert json.loads(run("show", "refined.lad.mean_error", "--json").output)["improves"] == "lad.eq59"


def test_show_a_proof() -> None:
    result = run("show", "lad.lemma1", "--proof")
    assert result.exit_code == 0
    assert "PROVED" in result.output
    record = json.loads(run("show", "lad.lemma1", "--proof", "--json").output)
    assert record["proof"]["proved"] is True
    assert all(step["certificate"] for step in record["proof"]["steps"])


def test_latex() -> None:
    assert "\\frac" in run("show", "lad.lemma1", "--latex").output
    document = run("show", "lad.lemma1", "--proof", "--latex").output
    assert document.count("\\begin{document}") == 1


def test_no_proof_to_show() -> None:
    result = run("show", "lad.assumption1", "--proof")
    assert result.exit_code == 2
    assert "lad.assumption1" in result.output

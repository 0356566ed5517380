"""``byzbounds verify`` and ``byzbounds replay`` from the shell's side."""

import json

import pytest
import typer
from typer.testing import CliRunner

from byzbounds.reports import cli_verify
from byzbounds.reports.cli import app
from byzbounds.verify import runner
from byzbounds.verify.verdict import Check, Outcome, Verdict

shell = CliRunner()


def invoke(*arguments):
    return shell.invoke(app, list(arguments))


def test_a_table_of_verdicts():
    result = invoke("verify", "cra.phi1")
    assert result.exit_code == 0
    assert "derivation" in result.stdout
    assert "exact" in result.stdout
    assert "2 HOLDS" in result.stdout


def test_ways_has_a_row_a_statement():
    rows = json.loads(invoke("verify", "cra.phi1", "--ways", "--json").stdout)
    assert [(row["key"], row["ways"]) for row in rows] == [("cra.phi1", 2)]
    assert rows[0]["checks"] == {"derivation": "HOLDS", "exact enumeration": "HOLDS"}
    shown = invoke("verify", "cra.phi1", "--ways").stdout
    assert "derivation HOLDS" in shown
    assert "1 in 2 ways" in shown
    assert str(rows[0]["points"]) in shown


def test_json_has_a_verdict_an_entry_and_replays(tmp_path):
    result = invoke("verify", "cra.phi1", "--json", "--seed", "4")
    rows = json.loads(result.stdout)
    assert [row["check"] for row in rows] == ["derivation", "exact enumeration"]
    assert all(row["outcome"] == "HOLDS" and row["parameters"]["preset"] == "quick" for row in rows)
    path = tmp_path / "verdicts.json"
    path.write_text(result.stdout)
    again = invoke("replay", str(path), "cra.phi1")
    assert again.exit_code == 0
    assert "nothing" in again.stdout
    rows[1]["samples"] += 1
    path.write_text(json.dumps(rows))
    changed = invoke("replay", str(path), "cra.phi1", "--json")
    assert changed.exit_code == 1
    assert [row["same"] for row in json.loads(changed.stdout)] == [True, False]


def test_a_refuted_statement_sets_the_exit_code(monkeypatch):
    refuted = Verdict("lad.lemma1", Check.EXACT, Outcome.REFUTED, lhs="1/3", rhs="1/4", counterexample={"N": 3})
    monkeypatch.setattr(runner, "run", lambda *_: [refuted])
    result = invoke("verify", "lad.lemma1")
    assert result.exit_code == 1
    assert 'witness: {"N": 3}' in result.stdout
    assert invoke("verify", "lad.lemma1", "--json").exit_code == 1


def test_a_refuted_quotation_is_a_finding_and_no_failure():
    result = invoke("verify", "cra.table1.median")
    assert result.exit_code == 0
    assert "REFUTED" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("verify", "lad.lema1"), "did you mean"),
        (("verify", "cra.phi1", "--preset", "fast"), "preset is one of quick, paper, full"),
        (("verify", "cra.phi1", "--seed", "-1"), "at least 0"),
        (("replay", "nowhere.json", "cra.phi1"), "nowhere.json"),
    ],
)
def test_bad_input_ends_in_one_line(arguments, message):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_finished_verdicts_are_kept(tmp_path):
    assert invoke("verify", "cra.phi1", "--store", str(tmp_path / "kept")).exit_code == 0
    assert len(list((tmp_path / "kept").glob("*.json"))) == 2


def test_it_mounts_on_any_app():
    own = typer.Typer()
    cli_verify.register(own)
    assert {command.name for command in own.registered_commands} == {"verify", "replay"}


def test_claims_give_verdict_effect_and_p_value_per_reading() -> None:
    result = invoke("verify", "--claims", "lad.fig2", "lad.fig3", "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.output)
    assert {row["reading"] for row in rows} >= {"literal"}
    assert all({"key", "outcome", "effect", "p_value"} <= set(row) for row in rows)
    assert invoke("verify", "--claims", "lad.fig2").exit_code == 0


def test_an_unknown_claim_has_near_misses() -> None:
    result = invoke("verify", "--claims", "lad.fig22")
    assert result.exit_code == 2
    assert "lad.fig2" in result.output

"""``byzbounds eval``."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from typer.testing import CliRunner

from byzbounds.reports import cli

LEMMA1 = ("N=100", "H=65", "d=5")


def run(*arguments: str):
    return CliRunner().invoke(cli.app, list(arguments))


def test_one_point_exactly() -> None:
    record = json.loads(run("eval", "lad.lemma1", *LEMMA1, "--json").output)
    exact = Fraction(35 * 95, 5 * 65 * 99 * 100)
    assert record["key"] == "lad.lemma1"
    assert Fraction(record["exact"][0]) == exact
    assert record["values"] == [pytest.approx(float(exact), rel=1e-15)]


def test_ranges_give_a_table() -> None:
    record = json.loads(run("eval", "lad.lemma1", "N=100", "H=65", "d=1:100", "--json").output)
    assert len(record["values"]) == 100
    assert record["values"][-1] == 0
    assert record["parameters"][4] == {"d": "5"}
    shown = run("eval", "lad.lemma1", "N=100", "H=65", "d=1:4", "--exact")
    assert shown.exit_code == 0
    assert "7/1300" in shown.output  # 35 * 99 / (65 * 99 * 100)


def test_many_points_are_vectorised_and_agree_with_the_exact_ones() -> None:
    arguments = ("eval", "lad.kappa1", "N=100", "H=65", "beta=1", "d=1:50", "delta=0:2:61", "--json")
    fast, slow = json.loads(run(*arguments).output), json.loads(run(*arguments, "--exact").output)
    assert fast["exact"] is None
    assert len(slow["exact"]) == len(fast["values"]) == 3050
    assert fast["values"] == pytest.approx(slow["values"], rel=1e-12)


def test_a_vacuous_point_is_marked_and_never_negative() -> None:
    point = (
        "N=100",
        "H=65",
        "d=5",
        "kappa=3/2",
        "delta=1/2",
        "beta=1",
        "L=1",
        "gamma0=1e-6",
        "T=100",
        "F0=1",
        "Fstar=0",
    )
    record = json.loads(run("eval", "lad.theorem1", *point, "--json").output)
    assert record["vacuous"] == [True]
    assert record["values"] == [None]
    assert "VACUOUS" in run("eval", "lad.theorem1", *point).output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lad.lema1", *LEMMA1), "lad.lemma1"),
        (("lad.lemma1", "N=100", "H=65"), "missing d"),
        (("lad.lemma1", *LEMMA1, "kappa=1"), "kappa"),
        (("lad.lemma1", "N=100", "H=50", "d=5"), "H=50"),
        (("lad.lemma1", "N=100", "H=65", "d=101"), "d=101"),
        (("lad.lemma1", "N=100", "H=65", "d=0"), "d=0"),
        (("lad.kappa1", *LEMMA1, "delta=-1", "beta=1"), "delta=-1"),
        (("lad.lemma1", "N=100", "H=65", "d=five"), "five"),
        (("lad.lemma1", "N=100", "H=65", "d"), "name=value"),
        (("lad.lemma1", "N=100", "H=65", "d=5", "d=6"), "twice"),
        (("lad.lemma1", "N=100", "H=65", "d=9:3"), "backwards"),
        (("lad.lemma1", *LEMMA1, "--form", "guessed"), "guessed"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], message: str) -> None:
    result = run("eval", *arguments)
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.output.split())
    assert "Traceback" not in result.output

"""The main job: complete, resumable, honest about what failed; and its commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from byzbounds.reports import cli_figures, report
from byzbounds.reports.cli import app
from byzbounds.reports.figures import get
from byzbounds.reports.plot import plot
from byzbounds.reports.store import Store, write_whole

FIGURES = ["lad.fig2", "lad.fig3"]


def build(out: Path, **options: Any) -> Path:
    return report.build("quick", out, **{"figures": FIGURES, "statements": False, **options})


def strict(path: Path) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{path.name} holds {constant}, which is no JSON")

    return json.loads(path.read_text("utf-8"), parse_constant=refuse)


@pytest.fixture
def bare_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty pictures instead of drawn ones, for tests that are about something else."""

    def save(_: Any, stem: Path) -> None:
        stem.with_name(f"{stem.name}.svg").write_text('<svg viewBox="0 0 64 42"></svg>')

    monkeypatch.setattr(report, "save", save)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("report")).parent


def test_output_is_complete(built: Path) -> None:
    assert (built / "index.html").stat().st_size > 10_000
    for name in FIGURES:
        for reading in ("", ".derived"):
            for extension in ("png", "svg", "curves.csv"):
                assert (built / "figures" / f"{name}{reading}.{extension}").stat().st_size > 100
    record = strict(built / "verdicts.json")
    assert {row["reading"] for row in record["claims"]} == {"literal", "derived"}
    assert record["missing"] == []
    provenance = strict(built / "provenance.json")
    assert set(provenance) >= {"versions", "seed", "preset", "parameters", "wall_time_s", "command", "fingerprint"}
    assert provenance["parameters"]["lad.fig3/literal"]["H"] == 65


@pytest.mark.usefixtures("bare_pictures")
def test_finished_parts_are_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(tmp_path)
    before = strict(tmp_path / "verdicts.json")
    for name in FIGURES:
        monkeypatch.setattr(get(name), "compute", None)
    build(tmp_path)
    assert strict(tmp_path / "verdicts.json") == before


@pytest.mark.usefixtures("bare_pictures")
def test_an_interrupted_run_keeps_what_was_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(get("lad.fig3"), "compute", interrupted)
        with pytest.raises(KeyboardInterrupt):
            build(tmp_path)
    assert sorted(path.name.split("-")[0] for path in (tmp_path / "parts").iterdir()) == [
        "lad.fig2.derived",
        "lad.fig2.literal",
    ]
    monkeypatch.setattr(get("lad.fig2"), "compute", None)
    assert strict(build(tmp_path).parent / "verdicts.json")["missing"] == []


@pytest.mark.usefixtures("bare_pictures")
def test_a_part_that_fails_is_named_and_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ValueError("a deliberate failure")

    monkeypatch.setattr(get("lad.fig2"), "compute", broken)
    page = build(tmp_path)
    missing = strict(tmp_path / "verdicts.json")["missing"]
    assert [part["name"] for part in missing] == ["lad.fig2 (literal)", "lad.fig2 (derived)"]
    assert "a deliberate failure" in page.read_text("utf-8")
    assert {row["figure"] for row in strict(tmp_path / "verdicts.json")["claims"]} == {"lad.fig3"}


def test_worker_processes_find_the_same(built: Path, tmp_path: Path) -> None:
    build(tmp_path, workers=2)
    assert strict(tmp_path / "verdicts.json") == strict(built / "verdicts.json")


@pytest.mark.usefixtures("bare_pictures")
def test_progress_runs_from_start_to_end(tmp_path: Path) -> None:
    seen: list[float] = []
    build(tmp_path, progress=lambda fraction, _: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_another_seed_or_source_is_another_part(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("part", {"seed": 0}, "zero")
    assert store.get("part", {"seed": 0}) == "zero"
    assert store.get("part", {"seed": 1}) is None


def test_writing_fails_without_leaving_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import byzbounds.reports.store as module

    def full(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(module.os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        write_whole(tmp_path / "file", "text")
    assert list(tmp_path.iterdir()) == []


def test_bad_input_names_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no preset .slow.; there are quick, paper, full"):
        report.build("slow", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot write to the folder"):
        build(tmp_path / "file")
    with pytest.raises(ValueError, match=r"did you mean lad.fig4"):
        build(tmp_path, figures=["lad.figure4"])


def run(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


def test_figure_command_takes_own_parameters(tmp_path: Path) -> None:
    for name in ("fig.pdf", "fig.png", "fig.svg", "fig.csv"):
        result = run("figure", "lad.fig3", "N=40", "H=30", "delta=1/10", "--out", str(tmp_path / name))
        assert result.exit_code == 0, result.output
        assert (tmp_path / name).stat().st_size > 100
    assert len((tmp_path / "fig.csv").read_text().splitlines()) == 41


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["figure", "lad.fig33"], "did you mean"),
        (["figure", "lad.fig3", "M=3"], "no parameter 'M'"),
        (["figure", "lad.fig3", "N=2.5"], "whole number N"),
        (["figure", "lad.fig3", "N"], "write name=value"),
        (["figure", "lad.fig3", "N=many"], "not a real number"),
        (["figure", "lad.fig3", "--out", "fig.doc"], "--out has to end in"),
        (["figure", "lad.fig3", "--out", "/proc/nowhere/fig.png"], "cannot write to the folder"),
        (["plot", "lad.kappa1", "1:10"], "plot takes KEY"),
        (["plot", "lad.kappa1", "x=d", "1:10", "N=20"], "needs"),
        (["plot", "lad.kappa1", "x=Q", "1:10"], "does not depend on 'Q'"),
        (["report", "--out", "/proc/nowhere"], "cannot write to the folder"),
        (["report", "--preset", "slow", "--out", "report"], "no preset 'slow'"),
    ],
)
def test_commands_explain_bad_input(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_plot_draws_printed_and_derived(tmp_path: Path) -> None:
    fixed = {"N": 100, "H": 65, "delta": 0.5, "beta": 1}
    figure = plot(["lad.kappa1", "lad.kappa2"], "d", range(1, 101), log=True, fixed=fixed)
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert any("lad.kappa1" in label for label in labels)
    words = [f"{name}={value}" for name, value in fixed.items()]
    out = tmp_path / "plot.png"
    result = run("plot", "lad.kappa1", "lad.kappa2", "x=d", "1:100", *words, "--log", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert out.stat().st_size > 1000


def test_lists_name_figures_and_claims() -> None:
    figures = {row["name"] for row in cli_figures.list_figures()}
    assert figures >= {"lad.fig4", "lad.fig5a", "cra.fig2a", "cra.fig3b", "bounds.floors"}
    claims = cli_figures.list_claims()
    assert len(claims) >= 30
    assert {row["figure"] for row in claims} <= figures
    assert all(row["readings"] for row in claims)


def test_claims_are_verified_by_name() -> None:
    rows = cli_figures.verify_claims(["lad.fig3"])
    assert {(row["key"], row["reading"]) for row in rows} == {
        (f"lad.fig3.{claim}", reading) for claim in _claims_of("lad.fig3") for reading in ("literal", "derived")
    }
    one = cli_figures.verify_claims(["lad.fig3.falls-with-d"])
    assert {row["key"] for row in one} == {"lad.fig3.falls-with-d"}
    with pytest.raises(ValueError, match=r"no claim 'lad.fig3.falls'; did you mean lad.fig3.falls-with-d"):
        cli_figures.verify_claims(["lad.fig3.falls"])


def _claims_of(name: str) -> list[str]:
    return [claim.key.removeprefix(f"{name}.") for claim in get(name).CLAIMS]


def started(out: Path) -> subprocess.Popen[str]:
    """A report in a process group of its own, in the middle of its work."""
    command = [sys.executable, "-m", "byzbounds", "report", "--preset", "paper", "--out", str(out), "--workers", "2"]
    environment = {**os.environ, "PYTHONPATH": str(Path(report.__file__).parents[1].parent)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, env=environment
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list(out.glob("parts/**/*.json")):
        time.sleep(0.2)
    return process


@pytest.mark.slow
def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    process = started(tmp_path)
    process.kill()
    process.communicate(timeout=60)  # the workers hold the pipes: it returns when the last of them is gone
    assert process.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_ctrl_c_says_what_to_do(tmp_path: Path) -> None:
    """The whole process group gets the signal, as from a terminal; one line comes back, no traceback."""
    process = started(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "finished parts are kept" in errors
    assert "Traceback" not in errors

"""Every benchmark runs on small sizes; what it times is nobody's business here."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks import gpu, measure, rules, symbolic, tables, training
from benchmarks.__main__ import main
from benchmarks.limits import LIMIT_OF
from benchmarks.peers import byzfl_rules, byzpy_rules


def run_rules(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    main(["rules", "--budget", "0.001", "--no-cap-memory", "--out", str(folder), *arguments])
    rows: list[dict[str, Any]] = json.loads((folder / "results.json").read_text())["results"]["rules"]
    return rows


def test_every_rule_in_small_cells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = run_rules(tmp_path, "--cell", "11x9", "--cell", "16x300")
    ours = [row for row in rows if row["library"] == "byzbounds"]
    assert {(row["rule"], row["q"], row["dtype"]) for row in ours} == {
        (name, q, dtype) for name in rules.RULES for q in (9, 300) for dtype in rules.DTYPES
    }
    assert all(row["median_s"] > 0 for row in rows)
    limited = {row["rule"] for row in ours if row["over_limit"] is not None}
    assert limited == set(LIMIT_OF)
    assert (tmp_path / "rules.svg").stat().st_size > 1000
    tables.main([str(tmp_path / "results.json")])
    printed = capsys.readouterr().out
    assert "### n = 16, q = 300, float32, 1 thread\n" in printed
    assert printed.count("| krum |") == 4


def test_results_are_kept_and_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run_rules(tmp_path, "--cell", "11x9", "--dtype", "float32", "--rule", "mean")
    measured = []
    bench_cell = rules.bench_cell

    def spy(name: str, messages: Any, *, budget_s: float) -> list[dict[str, Any]]:
        measured.append(name)
        if name == "krum":
            raise KeyboardInterrupt
        return bench_cell(name, messages, budget_s=budget_s)

    monkeypatch.setattr(rules, "bench_cell", spy)
    chosen = ["--cell", "11x9", "--dtype", "float32"]
    chosen += [part for name in ("mean", "median", "krum") for part in ("--rule", name)]
    with pytest.raises(KeyboardInterrupt):
        run_rules(tmp_path, "--resume", *chosen)
    rows = json.loads((tmp_path / "results.json").read_text())["results"]["rules"]
    assert measured == ["median", "krum"]
    assert rows[: len(first)] == first
    assert {row["rule"] for row in rows} == {"mean", "median"}


def test_times_in_tables_have_units() -> None:
    found = [tables.seconds(value) for value in (1.5, 0.25, 0.0123, 4.2e-6, 7e-9, None)]
    assert found == ["1.50 s", "250 ms", "12.3 ms", "4.20 µs", "7.00 ns", ""]


def test_cells_behind_a_peer_are_named() -> None:
    row = {"rule": "mean", "n": 10, "q": 5, "dtype": "float32", "library": "byzbounds"}
    rows = [{**row, "over_best_peer": 0.5}, {**row, "over_best_peer": None}, {**row, "over_best_peer": 1.25}]
    assert tables.standing(rows) == ("Ahead of the best peer in 1 of 2 cells; not in: mean at (10, 5) float32 1.25.")
    assert tables.standing([*rows[:2], {**row, "library": "byzpy"}]) == "Ahead of the best peer in 1 of 1 cells."


def test_quick_cells_and_all_threads(tmp_path: Path) -> None:
    rows = run_rules(tmp_path, "--quick", "--rule", "mean", "--threads", "all")
    assert {(row["n"], row["q"]) for row in rows} == {(100, 100), (100, 10_000)}
    assert {row["threads"] for row in rows} >= {rows[0]["threads"]}


@pytest.mark.parametrize("arguments", [["rules", "--rule", "meen"], ["rulez"], ["rules", "--dtype", "int8"]])
def test_unknown_names_are_refused(arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main([*arguments, "--out", str(tmp_path)])


def test_a_peer_that_fails_is_left_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(messages: Any) -> Any:
        raise MemoryError(f"too large: {messages.shape}")

    def slow(messages: Any) -> Any:
        time.sleep(0.02)
        return messages[0]

    monkeypatch.setattr(rules, "byzfl_rules", lambda *_: {"mean": fails})
    monkeypatch.setattr(rules, "byzpy_rules", lambda *_: {"mean": slow})
    messages = np.ones((7, 3))
    rows = {row["library"]: row for row in rules.bench_cell("mean", messages, budget_s=0.01)}
    assert "byzfl NumPy" not in rows
    assert "too large" in capsys.readouterr().out
    assert rows["byzpy NumPy"]["rounds"] == 1
    assert rows["byzbounds"]["over_best_peer"] < 1


@pytest.mark.parametrize("peers", [byzfl_rules, byzpy_rules])
def test_peers_agree_where_they_are_installed(peers: Any) -> None:
    known = peers(11, 2)
    if not known:
        pytest.skip("not installed")
    torch = pytest.importorskip("torch")
    # On tensors of double precision some of them return single precision.
    messages = np.random.default_rng(0).standard_normal((11, 6))
    for name in ("cwtm", "median", "meamed", "krum", "multikrum", "clipping"):
        result = np.asarray(known[name](torch.from_numpy(messages.copy())))
        np.testing.assert_allclose(result, rules.our_rule(name, 2)(messages), rtol=1e-4, err_msg=name)


def test_training_loop_and_its_growth() -> None:
    rows = list(training.bench_training(seeds=1, iterations=2, rounds=1))
    assert {row["method"] for row in rows} == set(training.METHODS)
    growth = list(training.bench_scaling(rounds=1))
    assert {row["axis"] for row in growth} == {"Q", "seeds", "iterations"}
    text = tables.markdown({"training": rows, "scaling": growth})
    assert text.count("\n") == 2 + len(rows) + 1 + 1 + 1 + 2 + len(growth) + 1 + 1
    assert "| DRACO |" in text


def test_symbolic_part() -> None:
    rows = list(symbolic.bench_symbolic(main_jobs=False, rounds=1))
    assert len(rows) == 3
    assert all(row["seconds"] >= 0 for row in rows)


@pytest.mark.parametrize(("job", "options"), [("verify", ("--preset", "--json")), ("report", ("--preset", "--out"))])
def test_main_jobs_take_the_options_that_are_timed(job: str, options: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "byzbounds", job, "--help"], check=True, capture_output=True, text=True
    )
    for option in options:
        assert option in done.stdout


def test_device_code_without_a_device() -> None:
    pytest.importorskip("torch")
    rows = list(gpu.bench_gpu(kind="cpu", cells=((10, 20),), seeds=2, iterations=2))
    assert {row["what"] for row in rows} >= set(gpu.RULES)


def test_a_missing_device_is_named() -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(SystemExit, match="CUDA"):
        list(gpu.bench_gpu())


def test_extra_memory_sees_an_allocation() -> None:
    extra = measure.extra_memory(lambda: np.ones(2**22))
    if extra is None:
        pytest.skip("the system does not tell")
    assert extra > 2**24


def test_memory_can_be_capped() -> None:
    code = "from benchmarks.measure import cap_memory; cap_memory(0.5); import numpy as np; np.ones(2**44)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert "MemoryError" in done.stderr


def test_tracked_by_pytest_benchmark() -> None:
    pytest.importorskip("pytest_benchmark", reason="pytest-benchmark is not installed")
    chosen = ["-k", "krum and 100x100- and float32 and not byzfl", "--benchmark-disable"]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "benchmarks", *chosen]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "...." in done.stdout

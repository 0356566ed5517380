"""``python -m benchmarks``: run the groups, print tables, write JSON and a plot."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

Row = dict[str, Any]
_CONSOLE = Console(width=150)


def machine() -> Row:
    """What the figures were taken on."""
    cpu = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = f"{len(names)} x {names[0]}" if names else cpu
    return {
        "cpu": cpu,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return "-" if value is None else str(value)


def show(title: str, rows: Iterable[Row]) -> list[Row]:
    """Print rows as a table and return them."""
    rows = list(rows)
    table = Table(title=title, title_justify="left")
    for name in rows[0] if rows else ():
        table.add_column(name)
    for row in rows:
        table.add_row(*map(_cell, row.values()))
    _CONSOLE.print(table)
    return rows


def plot_rules(rows: list[Row], path: Path) -> None:
    """Time of each rule over the best peer's and over the limit, one point a cell."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    ours = [row for row in rows if row["library"] == "byzbounds"]
    names = list(dict.fromkeys(row["rule"] for row in ours))
    figure, axes = plt.subplots(1, 2, figsize=(11, 0.32 * len(names) + 1.6), sharey=True)
    for axis, column, title in zip(
        axes, ("over_best_peer", "over_limit"), ("time / best peer's", "time / limit kernel's"), strict=True
    ):
        for marker, cell in zip("osDv", sorted({(row["n"], row["q"]) for row in ours}), strict=False):
            points = [
                row
                for row in ours
                if (row["n"], row["q"]) == cell and row[column] is not None and row["dtype"] == ours[0]["dtype"]
            ]
            axis.plot(
                [row[column] for row in points], [names.index(row["rule"]) for row in points], marker, alpha=0.8,
                label=f"n={cell[0]}, q={cell[1]}",
            )  # fmt: skip
        axis.axvline(1.0, color="black", linewidth=0.8)
        axis.set(xscale="log", xlabel=title)
        axis.grid(alpha=0.3)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    axes[1].legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path)


def _cell_of(text: str) -> tuple[int, int]:
    n, _, q = text.partition("x")
    return int(n), int(q)


def _threads_of(text: str) -> int:
    return len(os.sched_getaffinity(0)) if text == "all" else int(text)


class Record:
    """The results so far, written to a file after each part."""

    def __init__(self, folder: Path, arguments: Sequence[str], resume: bool) -> None:
        self.path = folder / "results.json"
        self.arguments = list(arguments)
        known = resume and self.path.exists()
        self.results: dict[str, list[Row]] = json.loads(self.path.read_text("utf-8"))["results"] if known else {}

    def add(self, group: str, rows: list[Row]) -> None:
        """Append rows to a group, and save."""
        self.results.setdefault(group, []).extend(rows)
        record = {"machine": machine(), "arguments": self.arguments, "results": self.results}
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(record, indent=1), encoding="utf-8")
        part.replace(self.path)


def _run_rules(options: argparse.Namespace, record: Record) -> None:
    from . import measure, rules

    cells = tuple(options.cell or (((100, 100), (100, 10_000)) if options.quick else rules.CELLS))
    dtypes = tuple(options.dtype or (("float64",) if options.quick else rules.DTYPES))
    chosen = tuple(options.rule or rules.RULES)
    unknown = set(chosen) - set(rules.RULES)
    if unknown:
        raise SystemExit(f"no such rule: {', '.join(sorted(unknown))}; there are {', '.join(rules.RULES)}")
    if options.cap_memory:
        measure.cap_memory()
    budget = options.budget if options.budget is not None else 1.0 if options.quick else 2.0
    done = {rules.key_of(row) for row in record.results.get("rules", ())}
    for part in rules.bench_rules(
        cells=cells, dtypes=dtypes, threads=options.threads, rules=chosen, budget_s=budget, done=done
    ):
        first = part[0]
        title = f"{first['rule']}, n = {first['n']}, q = {first['q']}, {first['dtype']}, threads {first['threads']}"
        record.add("rules", show(title, part))


def _run_group(group: str, options: argparse.Namespace, record: Record) -> None:
    if group == "rules":
        _run_rules(options, record)
        if record.results.get("rules"):
            plot_rules(record.results["rules"], options.out / "rules.svg")
    elif group == "training":
        from . import training

        seeds = 5 if options.quick else 20
        record.add("training", show("Fig. 4", training.bench_training(seeds=seeds, threads=options.threads)))
        record.add("scaling", show("LAD-CWTM", training.bench_scaling()))
    elif group == "symbolic":
        from . import symbolic

        record.add("symbolic", show("symbolic", symbolic.bench_symbolic(main_jobs=not options.quick)))
    else:
        from . import gpu

        record.add("gpu", show("GPU", gpu.bench_gpu()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    groups = ("rules", "training", "symbolic", "gpu")
    parser.add_argument("groups", nargs="*", default=["rules", "training", "symbolic"], help=f"of {', '.join(groups)}")
    parser.add_argument("--quick", action="store_true", help="the small cells only, fewer seeds")
    parser.add_argument("--threads", type=_threads_of, default=1, help='threads for every library, or "all"')
    parser.add_argument("--rule", action="append", help="only these rules")
    parser.add_argument("--cell", action="append", type=_cell_of, help="only these cells, such as 100x10000")
    parser.add_argument("--dtype", action="append", choices=("float64", "float32"), help="only these dtypes")
    parser.add_argument("--budget", type=float, help="seconds for the repetitions of one rule in one cell")
    parser.add_argument("--resume", action="store_true", help="keep what the results file holds, and measure the rest")
    parser.add_argument("--no-cap-memory", dest="cap_memory", action="store_false", help="let a peer take all memory")
    parser.add_argument(
        "--out", type=Path, default=Path("benchmark-results"), help="folder of the JSON files and the plot"
    )
    options = parser.parse_args(arguments)
    if set(options.groups) - set(groups):
        parser.error(f"no such group: {', '.join(sorted(set(options.groups) - set(groups)))}")
    options.out.mkdir(parents=True, exist_ok=True)
    record = Record(options.out, sys.argv[1:] if arguments is None else arguments, options.resume)
    for group in options.groups:
        _run_group(group, options, record)


if __name__ == "__main__":
    main()

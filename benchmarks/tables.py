"""``python -m benchmarks.tables RESULTS.json``: the results as Markdown, as they stand in the documentation."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def seconds(value: float | None) -> str:
    """A time with three digits and its unit."""
    if value is None:
        return ""
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= size:
            return f"{_digits(value / size)} {unit}"
    return f"{_digits(value / 1e-9)} ns"


def _digits(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 99.5 else f"{value:.3g}" if abs(value) >= 10 else f"{value:.2f}"


def table(rows: Sequence[Row]) -> str:
    """Rows of one shape as a Markdown table."""
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(str(row[name]) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def rules(rows: Iterable[Row]) -> Iterator[str]:
    """One table for each shape, dtype and number of threads: ours, the best peer, the limit, and extra memory."""
    cells: dict[tuple[Any, ...], dict[str, list[Row]]] = {}
    for row in rows:
        cell = (row["n"], row["q"], row["dtype"], row["threads"])
        cells.setdefault(cell, {}).setdefault(row["rule"], []).append(row)
    for (n, q, dtype, threads), found in cells.items():
        plural = "" if threads == 1 else "s"
        yield f"### n = {n}, q = {q}, {dtype}, {threads} thread{plural}"
        yield table([_rule(name, measured) for name, measured in found.items()])


def standing(rows: Iterable[Row]) -> str:
    """In how many cells this project is ahead of the best peer, and where it is not."""
    ours = [row for row in rows if row["library"] == "byzbounds" and row["over_best_peer"] is not None]
    behind = [row for row in ours if row["over_best_peer"] > 1]
    cells = [
        f"{row['rule']} at ({row['n']}, {row['q']}) {row['dtype']} {_digits(row['over_best_peer'])}" for row in behind
    ]
    found = f"Ahead of the best peer in {len(ours) - len(behind)} of {len(ours)} cells"
    return f"{found}; not in: {'; '.join(cells)}." if cells else f"{found}."


def _rule(name: str, measured: Sequence[Row]) -> Row:
    ours = next(row for row in measured if row["library"] == "byzbounds")
    limits = [row for row in measured if row["library"].startswith("limit")]
    peers = [row for row in measured if not row["library"].startswith(("byzbounds", "limit"))]
    peer = min(peers, key=lambda row: row["median_s"], default=None)
    plain = next((row["median_s"] for row in measured if row["library"] == "byzbounds, arrays alone"), None)
    return {
        "rule": name,
        "byzbounds": f"{seconds(ours['median_s'])} ({seconds(ours['low_s'])} to {seconds(ours['high_s'])})",
        "arrays alone": seconds(plain),
        "best peer": "" if peer is None else f"{seconds(peer['median_s'])} {peer['library']}",
        "over it": _digits(ours["over_best_peer"]),
        "limit": "; ".join(f"{seconds(row['median_s'])} {row['library'].removeprefix('limit: ')}" for row in limits),
        "over the limit": _digits(ours["over_limit"]),
        "extra inputs, ours": _digits(ours["extra_inputs"]),
        "peer's": "" if peer is None else _digits(peer["extra_inputs"]),
    }


def training(rows: Iterable[Row]) -> str:
    """The training loop, a row a method."""
    return table(
        [
            {
                "method": row["method"],
                "d": row["d"],
                "iterations a second": f"{row['per_s']:.0f} ({row['low']:.0f} to {row['high']:.0f})",
                "arrays alone": "" if row["arrays_per_s"] is None else f"{row['arrays_per_s']:.0f}",
                "peer loop": "" if row["peer"] is None else f"{row['peer_per_s']:.0f} {row['peer']}",
                "speed-up": _digits(row["speedup"]),
                "attainable": _digits(row["attainable"]),
                "overhead": f"{row['overhead']:.2f}",
                "draws": f"{row['draws']:.2f}",
            }
            for row in rows
        ]
    )


def plain(rows: Iterable[Row]) -> str:
    """Rows as they are, numbers with three digits, times with their unit."""

    def shown(name: str, value: Any) -> Any:
        if not isinstance(value, float):
            return value
        return seconds(value) if name == "seconds" else _digits(value)

    return table([{name: shown(name, value) for name, value in row.items()} for row in rows])


def markdown(results: dict[str, list[Row]]) -> str:
    """All groups that a results file holds."""
    parts: list[str] = []
    for group, rows in results.items():
        if group == "rules":
            parts += [standing(rows), *rules(rows)]
        else:
            parts += [f"### {group}", training(rows) if group == "training" else plain(rows)]
    return "\n\n".join(parts) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables of a results file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument("path", type=Path, help="results.json, as python -m benchmarks wrote it")
    print(markdown(json.loads(parser.parse_args(arguments).path.read_text("utf-8"))["results"]))


if __name__ == "__main__":
    main()

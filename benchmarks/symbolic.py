"""Import, first evaluation, a grid of a million points, and the two main jobs, each with a budget."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]

_GRID = """
import time
import numpy as np
from byzbounds.bounds import get
from byzbounds.bounds.numeric import evaluate_grid
statement = get("lad.theorem1")
known = dict(N=100.0, H=80.0, kappa=1/3, delta=0.5, L=1.0, gamma0=1e-6, T=1000.0, F0=1.0, Fstar=0.0)
known["d"] = np.arange(1.0, 101.0)[:, None].repeat(10, 0)
known["beta"] = np.linspace(0.1, 2.0, 1000)[None, :]
evaluate_grid(statement, known)
start = time.perf_counter()
evaluate_grid(statement, known)
print(time.perf_counter() - start)
"""


def _wall(command: list[str], rounds: int) -> list[float]:
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return taken


def bench_symbolic(*, main_jobs: bool = True, rounds: int = 5) -> Iterator[Row]:
    """Rows of what is measured, its median, and its budget in seconds."""
    python = [sys.executable, "-c"]
    cli = [sys.executable, "-m", "byzbounds"]
    bare = statistics.median(_wall([*python, "pass"], rounds))
    imported = statistics.median(_wall([*python, "import byzbounds"], rounds))
    yield {"what": "import byzbounds", "seconds": max(0.0, imported - bare), "budget_s": 0.2}
    first = _wall([*cli, "eval", "lad.kappa1", "N=100", "H=65", "d=5", "delta=1/2", "beta=1"], min(rounds, 3))
    yield {"what": "first evaluation, from the shell", "seconds": statistics.median(first), "budget_s": 2.0}
    grid = subprocess.run([*python, _GRID], check=True, capture_output=True, text=True)
    yield {"what": "Theorem 1 on a 1000 x 1000 grid", "seconds": float(grid.stdout), "budget_s": 1.0}
    if main_jobs:
        start = time.perf_counter()
        subprocess.run([*cli, "verify", "--preset", "quick", "--json"], check=False, capture_output=True)
        yield {"what": "verify --preset quick", "seconds": time.perf_counter() - start, "budget_s": 90.0}
        with tempfile.TemporaryDirectory() as folder:
            (report,) = _wall([*cli, "report", "--preset", "quick", "--out", folder], 1)
        yield {"what": "report --preset quick", "seconds": report, "budget_s": 180.0}

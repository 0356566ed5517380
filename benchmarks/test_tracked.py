"""Rules, limits and peers under pytest-benchmark, for those who track and compare timings with it.

``python -m pytest benchmarks --benchmark-only`` groups them by rule and cell; ``python -m benchmarks`` interleaves
them, measures memory, and writes the tables of the documentation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .limits import LIMIT_OF
from .peers import byzfl_rules
from .rules import CELLS, DTYPES, RULES, our_rule, thread_limit

pytest.importorskip("pytest_benchmark", reason="pytest-benchmark is not installed")

SMALL = [cell for cell in CELLS if cell[0] * cell[1] <= 10**6]
"""Cells whose every call takes less than a second."""


@pytest.fixture(params=SMALL, ids="{0[0]}x{0[1]}".format)
def cell(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Number of messages and of coordinates."""
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize("library", ["byzbounds", "byzfl", "limit"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", RULES)
def test_rule(benchmark: Any, name: str, dtype: str, cell: tuple[int, int], library: str) -> None:
    """One rule on one array, at one thread."""
    n, q = cell
    messages = np.random.default_rng(0).normal(size=cell).astype(dtype)
    calls = {"byzbounds": our_rule(name, n // 5), "byzfl": byzfl_rules(n, n // 5).get(name)}
    calls["limit"] = LIMIT_OF[name][1] if name in LIMIT_OF else None
    call = calls[library]
    if call is None:
        pytest.skip(f"no {library} for {name}")
    benchmark.group = f"{name} {n}x{q} {dtype}"
    with thread_limit(1):
        benchmark(call, messages)

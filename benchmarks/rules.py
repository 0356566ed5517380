"""Aggregation rules against peers and limits over (n, q), float64 and float32."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from byzbounds.simulate.aggregation import (
    NNM,
    AdaptiveClipping,
    Bucketing,
    CenteredClipping,
    Clipping,
    GeometricMedian,
    rule_from_name,
)
from byzbounds.simulate.arrays import threads as our_threads

from .limits import LIMIT_OF
from .measure import Call, Timing, fast_call, measure
from .peers import ITERATIONS, byzfl_rules, byzpy_rules

CELLS = ((100, 100), (100, 10_000), (100, 1_000_000), (1000, 1000))
RULES = (
    "mean", "cwtm", "median", "phocas", "phocas-vector", "meamed", "geometric-median", "centered-clipping", "huber",
    "correntropy", "krum", "multikrum", "faba", "bulyan", "caf", "norm-thresholding", "nnm", "bucketing", "clipping",
    "arc",
)  # fmt: skip
Row = dict[str, Any]


def our_rule(name: str, f: int) -> Callable[[Any], Any]:
    """This project's rule; the iterative ones run as many iterations as the peers are given."""
    special: dict[str, Callable[[Any], Any]] = {
        "geometric-median": GeometricMedian(max_iterations=ITERATIONS, tolerance=1e-15),
        "centered-clipping": CenteredClipping(radius=1.0, iterations=ITERATIONS, start="zero"),
        "nnm": NNM(f=f),
        "bucketing": Bucketing(size=2),
        "clipping": Clipping(radius=1.0),
        "arc": AdaptiveClipping(f=f),
    }
    return special[name] if name in special else rule_from_name(name, f=f)


@contextlib.contextmanager
def thread_limit(count: int) -> Iterator[None]:
    """Give NumPy's and PyTorch's kernels and ours the same number of threads."""
    with contextlib.ExitStack() as stack:
        if importlib.util.find_spec("threadpoolctl"):
            from threadpoolctl import threadpool_limits

            stack.enter_context(threadpool_limits(count))
        if importlib.util.find_spec("torch"):
            import torch

            torch.set_num_threads(count)
        stack.enter_context(our_threads(count))
        yield


def _calls(name: str, messages: Any, f: int) -> dict[str, Call]:
    n = messages.shape[0]
    ours = our_rule(name, f)
    calls: dict[str, Call] = {"byzbounds": lambda: ours(messages)}
    if name in LIMIT_OF:
        limit, kernel = LIMIT_OF[name]
        calls[f"limit: {limit}"] = lambda: kernel(messages)
    byzfl, byzpy = byzfl_rules(n, f), byzpy_rules(n, f)
    if name in byzfl:
        calls["byzfl NumPy"] = lambda: byzfl[name](messages)
        if importlib.util.find_spec("torch"):
            import torch

            tensor = torch.from_numpy(messages)
            calls["byzfl PyTorch"] = lambda: byzfl[name](tensor)
            calls["byzbounds PyTorch"] = lambda: ours(tensor)
    if name in byzpy:
        calls["byzpy"] = lambda: byzpy[name](messages)
    return calls


def _survivors(calls: dict[str, Call]) -> dict[str, Call]:
    """The calls that return; a peer that fails on an input is left out of its cell and named."""
    alive = {}
    for label, call in calls.items():
        try:
            call()
        except Exception as error:  # peers fail in their own ways: out of memory, or a shape that they do not take
            print(f"   {label}: {type(error).__name__}: {error}")
        else:
            alive[label] = call
    return alive


def bench_cell(name: str, n: int, q: int, dtype: str, *, budget_s: float) -> list[Row]:
    """Rows of one rule in one cell."""
    messages = np.random.default_rng(0).normal(size=(n, q)).astype(dtype)
    calls = _survivors(_calls(name, messages, n // 5))
    counts: dict[str, int] = {}
    timed: dict[str, Call] = {}
    for label, call in calls.items():
        timed[label], counts[label] = fast_call(call)
    found = measure(timed, budget_s=budget_s)
    peers = [t.median / counts[label] for label, t in found.items() if not label.startswith(("byzbounds", "limit"))]
    limits = [t.median / counts[label] for label, t in found.items() if label.startswith("limit")]
    return [
        _row(name, n, q, dtype, label, timing, counts[label], min(peers, default=None), min(limits, default=None))
        for label, timing in found.items()
    ]


def _row(
    name: str,
    n: int,
    q: int,
    dtype: str,
    label: str,
    timing: Timing,
    count: int,
    peer: float | None,
    limit: float | None,
) -> Row:
    seconds = timing.median / count
    size = n * q * np.dtype(dtype).itemsize
    return {
        "rule": name,
        "n": n,
        "q": q,
        "dtype": dtype,
        "library": label,
        "median_s": seconds,
        "low_s": timing.low / count,
        "high_s": timing.high / count,
        "rounds": timing.rounds,
        "extra_inputs": None if timing.extra_bytes is None or size < 2**22 else timing.extra_bytes / size,
        "over_best_peer": None if peer is None else seconds / peer,
        "over_limit": None if limit is None else seconds / limit,
    }


def bench_rules(
    *, cells: tuple[tuple[int, int], ...] = CELLS, dtypes: tuple[str, ...] = ("float64", "float32"), threads: int = 1,
    rules: tuple[str, ...] = RULES, budget_s: float = 10.0,
) -> Iterator[list[Row]]:  # fmt: skip
    """Measure every rule in every cell; yields the rows of one rule and cell at a time."""
    with thread_limit(threads):
        for n, q in cells:
            for dtype in dtypes:
                for name in rules:
                    yield [{**row, "threads": threads} for row in bench_cell(name, n, q, dtype, budget_s=budget_s)]

"""Aggregation rules against peers and limits over (n, q), float64 and float32."""

from __future__ import annotations

import contextlib
import importlib.util
import time
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any

import numpy as np

from byzbounds.simulate.aggregation import (
    CAF,
    NNM,
    AdaptiveClipping,
    Bucketing,
    CenteredClipping,
    Clipping,
    GeometricMedian,
    rule_from_name,
)
from byzbounds.simulate.arrays import threads as our_threads
from byzbounds.simulate.compiled import active, interpreted

from .limits import CLOSER, LIMIT_OF
from .measure import Call, Timing, fast_call, measure
from .peers import ITERATIONS, byzfl_rules, byzpy_rules

CELLS = ((100, 100), (100, 10_000), (100, 1_000_000), (1000, 1000))
DTYPES = ("float64", "float32")
RULES = (
    "mean", "cwtm", "median", "phocas", "phocas-vector", "meamed", "geometric-median", "geometric-median-medoid",
    "centered-clipping", "huber", "correntropy", "krum", "multikrum", "faba", "bulyan", "caf", "caf-exact",
    "norm-thresholding", "nnm", "bucketing", "clipping", "arc",
)  # fmt: skip
#: Input size from which on the peak memory is measured, in bytes: below, it drowns in what the process does anyway.
MEMORY_BYTES = 2**22
#: What is timed three times at least, whatever it takes.
STEADY = ("byzbounds", "limit")
#: This project's rule without machine code.
ARRAYS_ALONE = "byzbounds, arrays alone"
Row = dict[str, Any]
Key = tuple[str, int, int, str, int]
"""Rule, n, q, dtype, threads."""


def our_rule(name: str, f: int) -> Callable[[Any], Any]:
    """This project's rule; the iterative ones run as many iterations as the peers are given.

    The peers' geometric medians start at the mean or at zero, and so does ours; from the medoid is our default. Their
    CAF takes one power step or three, and so does ours; the exact eigenpair is our default.
    """
    special: dict[str, Callable[[Any], Any]] = {
        "geometric-median": GeometricMedian(max_iterations=ITERATIONS, tolerance=1e-15, start="mean"),
        "geometric-median-medoid": GeometricMedian(max_iterations=ITERATIONS, tolerance=1e-15),
        "caf": CAF(f=f, power_iterations=1),
        "caf-exact": CAF(f=f),
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

            stack.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(count)
        stack.enter_context(our_threads(count))
        yield


def _calls(name: str, messages: Any, f: int) -> dict[str, Call]:
    n = messages.shape[0]
    ours = our_rule(name, f)
    calls: dict[str, Call] = {"byzbounds": lambda: ours(messages)}
    if active():
        calls[ARRAYS_ALONE] = interpreted()(lambda: ours(messages))
    for table in (LIMIT_OF, CLOSER):
        if name in table:
            limit, kernel = table[name]
            calls[f"limit: {limit}"] = partial(kernel, messages)
    for label, peers in (("byzfl", byzfl_rules(n, f)), ("byzpy", byzpy_rules(n, f))):
        if name in peers:
            calls[f"{label} NumPy"] = partial(peers[name], messages)
            if importlib.util.find_spec("torch"):
                import torch

                calls[f"{label} PyTorch"] = partial(peers[name], torch.from_numpy(messages))
                calls["byzbounds PyTorch"] = partial(ours, torch.from_numpy(messages))
    return calls


def _survivors(calls: dict[str, Call]) -> dict[str, float]:
    """Seconds of a first run of each call that returns; a peer that fails on an input is left out and named."""
    alive = {}
    for label, call in calls.items():
        start = time.perf_counter()
        try:
            call()
        except Exception as error:  # peers fail in their own ways: out of memory, or a shape that they do not take
            print(f"   {label}: {type(error).__name__}: {error}")
        else:
            alive[label] = time.perf_counter() - start
    return alive


def bench_cell(name: str, messages: Any, *, budget_s: float) -> list[Row]:
    """Rows of one rule on messages (n, q): this project's, each peer's, and the limit's.

    A peer whose first run takes more than the budget is not repeated: that run is its timing.
    """
    calls = _calls(name, messages, messages.shape[0] // 5)
    first = _survivors(calls)
    slow = {
        label: Timing(taken, taken, taken, 1)
        for label, taken in first.items()
        if taken > budget_s and not label.startswith(STEADY)
    }
    counts: dict[str, int] = {}
    timed: dict[str, Call] = {}
    for label in (label for label in first if label not in slow):
        timed[label], counts[label] = fast_call(calls[label], first[label])
    large = messages.nbytes >= MEMORY_BYTES
    found = slow | measure(timed, budget_s=budget_s, memory=large, steady=STEADY)
    seconds = {label: timing.median / counts.get(label, 1) for label, timing in found.items()}
    peers = [value for label, value in seconds.items() if not label.startswith(("byzbounds", "limit"))]
    limits = [value for label, value in seconds.items() if label.startswith("limit")]
    return [
        _row(name, messages, label, found[label], counts.get(label, 1))
        | {
            "over_best_peer": seconds[label] / min(peers) if peers else None,
            "over_limit": seconds[label] / min(limits) if limits else None,
        }
        for label in first
    ]


def _row(name: str, messages: Any, label: str, timing: Timing, count: int) -> Row:
    n, q = messages.shape
    return {
        "rule": name,
        "n": n,
        "q": q,
        "dtype": str(messages.dtype),
        "library": label,
        "median_s": timing.median / count,
        "low_s": timing.low / count,
        "high_s": timing.high / count,
        "rounds": timing.rounds,
        "extra_inputs": None if timing.extra_bytes is None else timing.extra_bytes / messages.nbytes,
    }


def key_of(row: Row) -> Key:
    """What identifies the part of the table that a row belongs to."""
    return row["rule"], row["n"], row["q"], row["dtype"], row["threads"]


def bench_rules(
    *,
    cells: tuple[tuple[int, int], ...] = CELLS,
    dtypes: tuple[str, ...] = DTYPES,
    threads: int = 1,
    rules: tuple[str, ...] = RULES,
    budget_s: float = 2.0,
    done: Collection[Key] = (),
) -> Iterator[list[Row]]:
    """Measure every rule in every cell that is not done yet; yields the rows of one rule and cell at a time.

    The budget is for the repetitions of one rule in one cell, all libraries together, after a first run of each.
    """
    with thread_limit(threads):
        for n, q in cells:
            for dtype in dtypes:
                left = [name for name in rules if (name, n, q, dtype, threads) not in done]
                if not left:
                    continue
                messages = np.random.default_rng(0).standard_normal((n, q), dtype=np.dtype(dtype).type)
                for name in left:
                    yield [{**row, "threads": threads} for row in bench_cell(name, messages, budget_s=budget_s)]

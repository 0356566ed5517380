"""Time and peak memory of calls, interleaved so that a slow minute of the machine hits all of them alike."""

from __future__ import annotations

import ctypes
import gc
import os
import re
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Call = Callable[[], Any]


@dataclass(frozen=True)
class Timing:
    """Seconds of one call over several rounds, and the memory that it needed at its peak.

    Attributes
    ----------
    median, low, high : float
        Seconds.
    rounds : int
        Number of timings.
    extra_bytes : int or None
        Growth of the resident set at the call's peak; None where the system does not tell.
    """

    median: float
    low: float
    high: float
    rounds: int
    extra_bytes: int | None = None


def _status(name: str) -> int:
    return _kilobytes("/proc/self/status", name)


def _kilobytes(path: str, name: str) -> int:
    """Bytes that a line of a file of the Linux kernel tells, zero where there is none."""
    text = Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""
    found = re.search(rf"^{name}:\s+(\d+) kB", text, flags=re.MULTILINE)
    return int(found.group(1)) * 1024 if found else 0


def extra_memory(call: Call) -> int | None:
    """Bytes by which the resident set grows at the peak of a call, all libraries' allocations included.

    Linux alone lets a process reset its peak; elsewhere the answer is None.
    """
    reset = Path("/proc/self/clear_refs")
    if not reset.exists() or not os.access(reset, os.W_OK):
        return None
    gc.collect()
    # What was freed but is still held for the next allocation would hide that one.
    getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)(0)
    reset.write_text("5", encoding="ascii")
    before = _status("VmRSS")
    result = call()
    peak = _status("VmHWM")
    del result
    return max(0, peak - before)


def measure(
    calls: Mapping[str, Call],
    *,
    rounds: int = 15,
    budget_s: float = 20.0,
    memory: bool = True,
    steady: tuple[str, ...] = (),
) -> dict[str, Timing]:
    """Time each call in turn, round by round.

    Parameters
    ----------
    calls : mapping of str to callable
        What to time. The caller has called each once before, so that caches and compilation do not count.
    rounds : int
        Timings of each; fewer when the budget is spent, but at least three (one for a call above a third of it).
    budget_s : float
        Seconds for all rounds together, about.
    steady : tuple of str
        Beginnings of the names that get three timings whatever they take.
    memory : bool
        Whether to measure the peak memory of one more call each.
    """
    extra = {name: extra_memory(call) if memory else None for name, call in calls.items()}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    begin = time.perf_counter()
    for done in range(rounds):
        for name, call in calls.items():
            if done and seconds[name][0] > budget_s / 3 and not name.startswith(steady):
                continue
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
        if done >= 2 and time.perf_counter() - begin > budget_s:
            break
    return {
        name: Timing(statistics.median(taken), min(taken), max(taken), len(taken), extra[name])
        for name, taken in seconds.items()
    }


_COMPILES_S = 1.0
"""Seconds that a first run may spend on compiling."""


def fast_call(call: Call, once_s: float | None = None, least_s: float = 5e-3) -> tuple[Call, int]:
    """Repeat a call that is too short to time alone; returns the repeated call and the number of repetitions.

    `once_s` is what a first run took, if there was one; unless it was long, the call is timed again, since a first run
    may compile and fill caches.
    """
    if once_s is None:
        call()
    if once_s is None or once_s < _COMPILES_S:
        start = time.perf_counter()
        call()
        once_s = time.perf_counter() - start
    count = max(1, int(least_s / max(once_s, 1e-9)))

    def repeated() -> None:
        for _ in range(count):
            call()

    return (call, 1) if count == 1 else (repeated, count)


def cap_memory(share: float = 0.9) -> None:
    """Let allocations beyond a share of the free memory fail, instead of the system ending the process for one.

    A peer that needs more than there is then raises MemoryError. Linux alone tells how much is free.
    """
    free = _kilobytes("/proc/meminfo", "MemAvailable")
    if not free:
        return
    import resource

    limit = int(share * free) + _status("VmSize")
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))

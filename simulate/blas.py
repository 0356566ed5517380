"""One thread in BLAS while the runs of a batch share the processors: its threads would only get in their way."""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any


@dataclass
class _Held:
    """The limit in force, and by how many it is held: the first sets it, the last lifts it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    holders: int = 0
    limit: Any = None


_HELD = _Held()


@cache
def _controller() -> Any:
    """The libraries loaded in this process, or None where threadpoolctl, which finds them, is not installed."""
    try:
        return importlib.import_module("threadpoolctl").ThreadpoolController()
    except ImportError:
        return None


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let BLAS use one thread a call, in the whole process; without threadpoolctl nothing is changed."""
    controller = _controller()
    if controller is None:
        yield
        return
    with _HELD.lock:
        if _HELD.holders == 0:
            _HELD.limit = controller.limit(limits=1, user_api="blas")
        _HELD.holders += 1
    try:
        yield
    finally:
        with _HELD.lock:
            _HELD.holders -= 1
            if _HELD.holders == 0:
                _HELD.limit.restore_original_limits()

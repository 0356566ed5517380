"""A limit on how long somebody's function may run."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any


class TookTooLong(TimeoutError):
    """A call did not return within its limit."""


@contextlib.contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Interrupt the block after some seconds.

    Only the main thread of a process on a system with interval timers can be interrupted; elsewhere there is no limit.
    A call inside compiled code is interrupted when it returns.

    Parameters
    ----------
    seconds : float or None
        The limit; None for none.

    Raises
    ------
    TookTooLong
        In the block, when its time is over.
    """
    if seconds is None or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: Any) -> None:
        raise TookTooLong(f"did not return within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    started = time.monotonic()
    outer, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        # Somebody else's timer, such as a test runner's, goes on with what is left of it.
        left = max(outer - (time.monotonic() - started), 1e-3) if outer else 0.0
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, left)

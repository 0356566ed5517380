"""The limit on a call: it interrupts, and leaves an outer timer as it was."""

from __future__ import annotations

import signal
import time

import numpy as np
import pytest

from byzbounds.verify import check_rule
from byzbounds.verify.time_limit import TookTooLong, time_limit

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")


def test_a_block_is_interrupted() -> None:
    with pytest.raises(TookTooLong, match=r"within 0\.05 s"), time_limit(0.05):
        time.sleep(30)


def test_a_block_in_time_is_left_alone_and_the_outer_timer_goes_on() -> None:
    rung: list[float] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with time_limit(30.0):
            assert sum(range(10)) == 45
        end = time.monotonic() + 5.0
        while not rung and time.monotonic() < end:
            time.sleep(0.01)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert rung


def test_a_rule_that_does_not_return_is_refuted() -> None:
    def stuck_on_outliers(messages: np.ndarray) -> np.ndarray:
        while np.ptp(messages) > 1e3:
            pass
        return messages.mean(axis=0)

    result = check_rule(stuck_on_outliers, 5, 1, claims=("breakdown",), max_examples=20, time_limit=0.05)
    verdict = result["breakdown"]
    assert verdict.outcome == "REFUTED"
    assert "did not return" in verdict.detail
    assert verdict.counterexample["code"]


def test_bad_limit() -> None:
    with pytest.raises(ValueError, match="time_limit > 0"):
        check_rule(np.mean, 5, 1, time_limit=0.0)

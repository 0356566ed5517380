"""Sequential tests that may be looked at after every sample: testing by betting.

A bet multiplies a wealth of one by ``1 + lambda z`` at each sample ``z``, with a ``lambda`` chosen from earlier
samples only. Under the null hypothesis ``E z <= 0`` the wealth is a non-negative supermartingale, so by Ville's
inequality it ever reaches ``1 / level`` with probability at most ``level``, whenever one stops (Waudby-Smith and
Ramdas 2024).

What a test has to know about its samples is one-sided. To refute ``E X <= m`` a lower bound on ``X`` is enough: a
squared norm is at least 0, so a refutation needs no assumption at all. To accept ``E X <= m`` one refutes ``E X >=
m``, and that needs an upper bound on ``X``, which every caller states and proves.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .verdict import Outcome

Floats = npt.NDArray[np.float64]

#: Share of the largest admissible bet that is ever placed: below one, so that no single sample can ruin the wealth.
CAUTION = 0.75


class Bet:
    """The running test of ``E z <= 0`` from samples ``z >= -floor``.

    Parameters
    ----------
    floor : float
        What a sample can lose at most, ``z >= -floor``. Negative: the null is impossible. Zero: the null says that
        every sample is zero.
    shape : tuple of int
        Leading axes for tests that run side by side on samples of shape ``(*shape, n)``.

    Notes
    -----
    The bet is ``lambda = clip(mean / (variance + mean^2), 0, CAUTION / floor)`` with the mean and the variance of all
    earlier samples, shrunk by one pseudo-sample at zero with variance ``floor^2 / 4``.
    """

    def __init__(self, floor: float, shape: tuple[int, ...] = ()) -> None:
        self.floor = floor
        self._count = 1.0
        self._sum: Floats = np.zeros(shape)
        self._squares: Floats = np.full(shape, floor * floor / 4)
        self._log_wealth: Floats = np.zeros(shape)
        self.peak: Floats = np.zeros(shape)  #: largest log-wealth so far

    def update(self, z: Floats) -> None:
        """Place a bet on each sample along the last axis, shape ``(*shape, n)``.

        Raises
        ------
        ValueError
            If a sample is below the stated floor: the caller's bound is wrong, and so would be the test's guarantee.
        """
        if not np.all(np.isfinite(z)):
            raise ValueError("Bet: a sample is not finite")
        if np.any(z < -self.floor * (1 + 1e-9) - 1e-300) and self.floor >= 0:
            raise ValueError(f"Bet: sample {float(z.min())!r} is below the stated floor -{self.floor!r}")
        if self.floor <= 0:
            if self.floor < 0 or np.any(z > 0):
                self.peak = np.where(np.logical_or(self.floor < 0, (z > 0).any(axis=-1)), math.inf, self.peak)
            return
        before = self._count + np.arange(z.shape[-1])
        sums = self._sum[..., None] + np.cumsum(z, axis=-1) - z
        squares = self._squares[..., None] + np.cumsum(z * z, axis=-1) - z * z
        mean = sums / before
        variance = np.maximum(squares / before - mean * mean, 0)
        bet = np.clip(mean / (variance + mean * mean + 1e-300), 0, CAUTION / self.floor)
        path = self._log_wealth[..., None] + np.cumsum(np.log1p(bet * np.maximum(z, -self.floor)), axis=-1)
        self.peak = np.maximum(self.peak, path.max(axis=-1))
        self._log_wealth = path[..., -1]
        self._sum = self._sum + z.sum(axis=-1)
        self._squares = self._squares + (z * z).sum(axis=-1)
        self._count += z.shape[-1]

    def rejects(self, level: float) -> npt.NDArray[np.bool_]:
        """Whether the null has been refuted at this level, at any time so far."""
        return np.asarray(self.peak >= math.log(1 / level))


@dataclass(frozen=True)
class Question:
    """A claim about a mean, and what is known of the samples.

    Attributes
    ----------
    rhs : float
        The value that the claim compares the mean with.
    sides : str
        ``"<="``, ``">="`` or ``"="``.
    lower, upper : float
        Proved bounds on every sample; ``upper`` may be infinite, and then an upper bound can be refuted but never
        accepted.
    tight : bool
        Whether the claim is attained, so that it can only be accepted within the tolerance.
    tolerance : float
        Relative to ``rhs``, for equalities and tight bounds.
    rounding : float
        Absolute floating-point error of a sample: differences below it are no evidence.
    """

    rhs: float
    sides: str
    lower: float
    upper: float
    tight: bool
    tolerance: float = 0.05
    rounding: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What a sequential test found.

    Attributes
    ----------
    outcome : Outcome
        HOLDS, REFUTED or INCONCLUSIVE.
    mean, stderr : float
        Of the samples drawn (not used for the decision).
    samples : int
        How many were drawn.
    """

    outcome: Outcome
    mean: float
    stderr: float
    samples: int


def _tests(question: Question, shape: tuple[int, ...]) -> dict[str, tuple[Bet, float, float]]:
    """For each null, its bet with the sign and the threshold: ``z = sign (x - threshold)``."""
    slack = question.tolerance * abs(question.rhs) if question.tight or question.sides == "=" else 0.0
    top, bottom = question.rhs + question.rounding, question.rhs - question.rounding
    tests: dict[str, tuple[Bet, float, float]] = {}
    if question.sides in ("<=", "="):
        tests["refute:above"] = (Bet(top - question.lower, shape), 1.0, top)
        if math.isfinite(question.upper):
            limit = top + slack
            tests["accept:below"] = (Bet(question.upper - limit, shape), -1.0, limit)
    if question.sides in (">=", "="):
        limit = bottom - slack
        tests["accept:above"] = (Bet(limit - question.lower, shape), 1.0, limit)
        if math.isfinite(question.upper):
            tests["refute:below"] = (Bet(question.upper - bottom, shape), -1.0, bottom)
    return tests


def decide(
    draw: Callable[[int], Floats],
    question: Question,
    *,
    level: float,
    budget: int,
    batch: int = 64,
) -> Answer:
    """Draw until the claim is refuted, accepted, or the budget is spent.

    Parameters
    ----------
    draw : callable
        ``draw(n)`` gives the next ``n`` independent samples, shape ``(n,)``.
    question : Question
        The claim.
    level : float
        Probability of a wrong definite answer: of REFUTED when the claim is true, and of HOLDS when it is false (for an
        equality or a tight bound: false by more than the tolerance).
    budget : int
        Largest number of samples; then INCONCLUSIVE.
    batch : int
        Samples in the first batch; batches double.

    Returns
    -------
    Answer
        The outcome and the samples' mean.
    """
    if question.sides not in ("<=", ">=", "="):
        raise ValueError(f"Question: sides has to be '<=', '>=' or '=', got {question.sides!r}")
    tests = _tests(question, ())
    refuting = [name for name in tests if name.startswith("refute")]
    accepting = [name for name in tests if name.startswith("accept")]
    needed = 2 if question.sides == "=" else 1
    seen: list[Floats] = []
    total = 0
    outcome = Outcome.INCONCLUSIVE
    while total < budget and outcome is Outcome.INCONCLUSIVE:
        values = np.asarray(draw(min(batch, budget - total)), dtype=np.float64)
        seen.append(values)
        total += values.size
        batch *= 2
        for bet, sign, threshold in tests.values():
            bet.update(sign * (values - threshold))
        if any(tests[name][0].rejects(level / needed) for name in refuting):
            outcome = Outcome.REFUTED
        elif len(accepting) == needed and all(tests[name][0].rejects(level) for name in accepting):
            outcome = Outcome.HOLDS
    everything = np.concatenate(seen) if seen else np.zeros(0)
    mean = float(everything.mean()) if total else math.nan
    stderr = float(everything.std(ddof=1) / math.sqrt(total)) if total > 1 else math.nan
    return Answer(outcome, mean, stderr, total)


def refutation_rate(samples: Any, question: Question, level: float) -> float:
    """Share of the rows of ``samples``, shape ``(runs, n)``, that refute the claim: for calibration."""
    values = np.asarray(samples, dtype=np.float64)
    tests = _tests(question, values.shape[:-1])
    refuted = np.zeros(values.shape[:-1], dtype=bool)
    needed = 2 if question.sides == "=" else 1
    for name, (bet, sign, threshold) in tests.items():
        if name.startswith("refute"):
            bet.update(sign * (values - threshold))
            refuted |= bet.rejects(level / needed)
    return float(refuted.mean())

"""The quoted order of the error without redundancy, observed at growing numbers of devices.

An order holds if the observed error over the formula does not grow while the number of devices grows sixteenfold, or
as far as all honest sets can be run through.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from ..bounds.statement import Statement
from .adversary import worst_case
from .points import Tally, bound
from .probe import Probe, Settings
from .steady import Floats, settle, split
from .verdict import Check, Outcome, Verdict

#: Growth of the ratio that still counts as none.
_GROWTH = 2.0
Observed = tuple[float, dict[str, Any]]


def check_order(
    statement: Statement, settings: Settings, observe: Callable[[Settings], Iterator[Observed]], check: Check
) -> Verdict:
    """Compare the ratio of observed error and formula at the largest size with that at the smallest.

    Parameters
    ----------
    statement : Statement
        Of relation O(.), with a formula.
    settings : Settings
        For the observer.
    observe : callable
        Yields errors with the values of the symbols, at growing sizes.
    check : Check
        What the observer does.
    """
    tally = Tally(statement, check)
    first: float | None = None
    for error, values in observe(settings):
        value = bound(statement, values)
        if value is None or float(value) <= 0:
            tally.skip()
            continue
        ratio = error / float(value)
        first = ratio if first is None else first
        outcome = Outcome.HOLDS if ratio <= _GROWTH * first else Outcome.REFUTED
        tally.add(outcome, {"N": values["N"], "H": values["H"]}, ratio, _GROWTH * first)
    return tally.verdict(f"observed error over the formula, against {_GROWTH:g} times that of the smallest size")


def _values(devices: int, beta: float) -> dict[str, Any]:
    f = devices // 4
    return {"N": devices, "H": devices - f, "kappa": Fraction(f, devices - 2 * f), "beta": Fraction(beta)}


def enumerated(settings: Settings) -> Iterator[Observed]:
    """kappa of the trimmed mean, computed exactly, times the honest dispersion averaged over all honest sets."""
    for devices in (4, 8, 12) if settings.preset == "quick" else (4, 8, 12, 16):
        f = devices // 4
        gradients = np.arange(devices, dtype=np.float64)
        gradients -= gradients.mean()
        spreads = [np.var(gradients[list(kept)]) for kept in itertools.combinations(range(devices), devices - f)]
        kappa = float(worst_case("cwtm", devices, f, "mean").lower)
        yield kappa * float(np.mean(spreads)), _values(devices, math.sqrt(float(np.var(gradients))))


def settled(settings: Settings) -> Iterator[Observed]:
    """``||grad F / N||^2`` at which runs settle whose Byzantine devices are picked anew in every iteration."""
    del settings
    for devices in (4, 16, 64):
        f = devices // 4
        centres = split(devices, f)
        samples = settle(partial(_gradients, centres), 2, 0.5, f, devices, 200)
        yield float(samples.mean()) / devices**2, _values(devices, math.sqrt(float(np.mean(centres**2))))


def _gradients(centres: Floats, x: Floats) -> Floats:
    return np.asarray(x[:, None] - centres)


PROBES: tuple[Probe, ...] = tuple(
    Probe("lad.eq36", check, partial(check_order, observe=observe, check=check), "order")
    for check, observe in ((Check.EXACT, enumerated), (Check.TRAJECTORY, settled))
)

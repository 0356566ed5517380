"""Several iterations of a batch of runs in one call of machine code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .aggregation import Mean, Median, Rule, TrimmedMean
from .aggregation.statistics import Statistic
from .compiled import active, averages, descent
from .problems.regression import LinearRegression

Floats = npt.NDArray[Any]
Whole = npt.NDArray[np.int64]

_SPARE = 16
"""Entries of the widest vector."""


def stretch(
    problem: LinearRegression, rule: Rule, d: int, largest_residual: float, largest_iterate: float
) -> Stretch | None:
    """What advances runs by machine code; None where their parts or sizes do not suit it.

    Parameters
    ----------
    problem
        The runs' problem, of NumPy arrays.
    rule
        The server's rule.
    d
        Number of subsets in a message.
    largest_residual, largest_iterate
        Magnitudes up to which a run is left to it.
    """
    n, Q, dtype = problem.subsets, problem.dimension, problem.features.dtype
    # A class derived from these may do something else with the values.
    statistic = None if type(rule) is Mean else _statistic(rule, n)
    if not active() or (type(rule) is not Mean and statistic is None):
        return None
    if not (averages.suits(n, Q, dtype) if statistic is None else descent.suits(n, d, Q, dtype)):
        return None
    if not (problem.features.flags.c_contiguous and problem.labels.flags.c_contiguous):
        return None
    return Stretch(problem, statistic, d, largest_residual, largest_iterate)


def _statistic(rule: Rule, n: int) -> Statistic | None:
    if type(rule) not in (TrimmedMean, Median) or rule.breakdown(n) < 0:
        return None
    assert isinstance(rule, TrimmedMean | Median)
    return rule.statistic(n)


class Stretch:
    """A compiled kernel and what it needs of a problem; see `stretch`.

    Attributes
    ----------
    by_subset : bool
        Whether messages are told apart by subsets, not by windows: where they are gradients of one subset, or where an
        average does not need them at all.
    """

    def __init__(
        self,
        problem: LinearRegression,
        statistic: Statistic | None,
        d: int,
        largest_residual: float,
        largest_iterate: float,
    ) -> None:
        n, self._dtype = problem.subsets, problem.features.dtype
        self.by_subset = d == 1 or statistic is None
        # Where there is no statistic but an average, it is taken of the gradients times their factors.
        self._share = 1.0 if statistic is not None else 1 / (d * n)
        if statistic is None:
            self._kernel = averages.kernel(n, self._dtype)
        else:
            self._kernel = descent.kernel(statistic, n, d, self._dtype)
        self._problem = problem
        self._bounds = (largest_residual, largest_iterate)
        self._scratch = np.empty(2 * (n + d) + problem.dimension + _SPARE, dtype=self._dtype)

    def advance(
        self, x: Floats, factors: Floats, places: Whole | None, rates: Sequence[float]
    ) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Move runs by as many iterations as there are rates.

        Parameters
        ----------
        x
            Where the runs are, (runs, Q).
        factors
            What the messages of windows, or of subsets, are multiplied by, (iterations, runs, N).
        places
            The subset at each place, (iterations, runs, N + d - 1); None where messages are told apart by subsets.
        rates
            Learning rates.

        Returns
        -------
        array, array of bool
            Where they end; and which runs kept to the largest magnitudes all along: the others are where they must not
            be.
        """
        features, labels = self._problem.features, self._problem.labels
        moved = np.array(x, dtype=self._dtype, order="C")
        factors = np.ascontiguousarray(factors)
        settings = np.array([*(self._share * rate for rate in rates), *self._bounds], dtype=self._dtype)
        bad = np.zeros(len(x), dtype=self._dtype)
        order = np.empty(0, dtype=np.int64) if places is None else np.ascontiguousarray(places)
        used = (features, labels, moved, factors, settings, self._scratch, bad, order)
        own = int(features.ndim == 3)
        self._kernel(*(each.ctypes.data for each in used), own, len(x), len(rates), self._problem.dimension)
        return moved, bad == 0

"""Coding of a linear regression on NumPy arrays, in as few passes over the messages as the rule allows.

A subset's gradient is a residual times a row of features, and an attack that multiplies messages by a number multiplies
residuals or whole rows. So an average needs no messages at all; a coordinate-wise rule, which does not ask whose a
value is, gets them in the order and the memory layout in which they are cheapest; and what is done to the messages is
done to a few runs at a time, while they fit a processor's cache. The plain path of `training` and `encoding` is the
reference: results agree with it to rounding, and depend on the batch as little.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import arrays
from .aggregation import Mean, Median, Rule, TrimmedMean
from .attacks import Attack
from .averages import AveragedDraws
from .coded_draws import CodedBlock, CodedDraws
from .compiled import active, messages
from .draws import BLOCK, PermutationDraws
from .encoding import AllocatedEncoder, AllocatedEncoding, CyclicEncoder, CyclicEncoding, Encoder
from .methods import Method
from .problems.base import Problem
from .problems.regression import LinearRegression
from .stretches import stretch

Floats = npt.NDArray[Any]
Whole = npt.NDArray[np.int64]

_CACHE_BYTES = 2**20
"""Size of the messages of the runs that are worked on together; shorter calls of NumPy hinder other threads."""


def may_fuse(method: Method, attack: Attack | None) -> bool:
    """Whether a method has a fused iteration under an attack, on a linear regression of NumPy arrays."""
    encoding, scaled = method.encoding, attack is None or attack.multiplier is not None
    if method.compressor is not None:
        return False
    if isinstance(encoding, AllocatedEncoding) and encoding.subsets == "fixed":
        return method.knows_identities or (type(method.rule) is Mean and scaled)
    return (
        isinstance(encoding, CyclicEncoding)
        and isinstance(method.rule, Rule)
        and not method.knows_identities
        and scaled
    )


def fuse(
    method: Method,
    encoder: Encoder,
    problem: Problem,
    attack: Attack | None,
    byzantine: PermutationDraws,
    largest_iterate: float,
) -> FusedIteration | None:
    """The fused iteration of a method, or None where its parts do not allow one."""
    if not may_fuse(method, attack) or not isinstance(problem, LinearRegression):
        return None
    features = arrays.host_view(problem.features)
    if features is None or features is not problem.features:
        return None
    factor = 1.0 if attack is None or attack.multiplier is None else attack.multiplier
    if isinstance(encoder, AllocatedEncoder):
        averaged = AveragedDraws(encoder, byzantine, None if method.knows_identities else factor, features.dtype)
        return FusedIteration(problem, Mean(), averaged, largest_iterate)
    assert isinstance(encoder, CyclicEncoder)
    assert isinstance(method.rule, Rule)
    draws = CodedDraws(encoder, byzantine, factor, features.dtype)
    return FusedIteration(problem, method.rule, draws, largest_iterate)


class FusedIteration:
    """From the residuals of a batch of runs to what the server makes of the messages.

    Parameters
    ----------
    problem
        The runs' problem, of NumPy arrays.
    rule
        The server's rule.
    draws
        Tasks, orders and factors of the runs.
    largest_iterate
        Magnitude of an entry beyond which a run counts as diverged.
    """

    def __init__(
        self, problem: LinearRegression, rule: Rule, draws: CodedDraws | AveragedDraws, largest_iterate: float
    ) -> None:
        self.problem, self._rule, self._draws = problem, rule, draws
        n, Q, dtype = problem.subsets, problem.dimension, problem.features.dtype
        self._share = dtype.type(1 / (draws.d * n))
        # Messages, and sums of all of them, are finite as long as no residual exceeds this.
        peak = float(np.abs(problem.features).max()) * max(1.0, abs(draws.factor))
        self._largest_residual = float(np.finfo(dtype).max) / (4 * n * draws.d * peak) if peak > 0 else 0.0
        self._stretch = stretch(problem, rule, draws.d, self._largest_residual, largest_iterate)
        self._writes = (
            active() and problem.features.flags.c_contiguous and messages.suits(n, draws.d, Q, problem.features.dtype)
        )
        self._sorted_weights = _sorted_weights(rule, n, dtype)
        step = max(1, _CACHE_BYTES // (n * Q * dtype.itemsize))
        self._gradients = _Gradients(problem, draws.d, step)
        self._step = step
        self._sorted = np.empty((step, Q, n), dtype=dtype)
        self._messages = np.empty((0, n, Q), dtype=dtype)

    @property
    def several(self) -> bool:
        """Whether `advance` does iterations, several at a time."""
        return self._stretch is not None

    def advance(
        self, x: Floats, iteration: int, rates: Sequence[float]
    ) -> tuple[int, Floats, npt.NDArray[np.bool_]] | None:
        """Do the next iterations at once; None where only `aggregate` can do them.

        Parameters
        ----------
        x
            Where the runs are, (runs, Q).
        iteration
            t.
        rates
            Learning rates of the iterations that may be done.

        Returns
        -------
        int, array, array of bool
            How many were done, where the runs are then, and for which of them that holds: the others went beyond what
            is taken for finite, or for diverged.
        """
        if self._stretch is None:
            return None
        block, index = self._draws.at(iteration)
        count = min(len(rates), BLOCK - iteration % BLOCK)
        if self._stretch.by_subset:
            factors, places = _entries_from(block.by_subset, index, count), None
        else:
            assert isinstance(block, CodedBlock)
            factors = _entries_from(block.by_window, index, count)
            places = _entries_from(block.places, index, count)
        return count, *self._stretch.advance(x, factors, places, rates[:count])

    def aggregate(self, residuals: Floats, iteration: int) -> Floats | None:
        """What the rule makes of the messages, (runs, Q); None where some may not be finite: the plain path decides.

        Parameters
        ----------
        residuals
            Of the runs at their iterates, (runs, M); overwritten.
        iteration
            t.
        """
        if not np.abs(residuals).max() <= self._largest_residual:
            return None
        block, index = self._draws.at(iteration)
        if type(self._rule) is Mean:
            residuals *= block.by_subset[index]
            averaged: Floats = self.problem.combined(residuals) * self._share
            return averaged
        assert isinstance(block, CodedBlock)
        result: Floats
        if self._sorted_weights is None:
            result = self._rule(self._by_device(residuals, block, index))
        elif self._draws.d == 1:
            residuals *= block.by_subset[index]
            result = self._sorted_sums_of_subsets(residuals, self._sorted_weights)
        else:
            result = self._sorted_sums_of_windows(residuals, block, index, self._sorted_weights)
        return result

    def _parts(self, count: int) -> list[slice]:
        return [slice(start, min(start + self._step, count)) for start in range(0, count, self._step)]

    def _sorted_sums_of_subsets(self, residuals: Floats, weights: Floats) -> Floats:
        """Weighted sums of each coordinate's sorted values, where each device sends the gradient of one subset."""
        columns = self.problem.columns
        result = np.empty((len(residuals), columns.shape[-2]), dtype=residuals.dtype)
        for part in self._parts(len(result)):
            values = self._sorted[: part.stop - part.start]
            np.multiply(columns if columns.ndim == 2 else columns[part], residuals[part, None, :], out=values)
            _weigh_sorted(values, weights, result[part])
        return result

    def _sorted_sums_of_windows(self, residuals: Floats, block: CodedBlock, index: int, weights: Floats) -> Floats:
        """The same where they send means of windows: in the order of the windows, whoever has which."""
        places, scaled = self._gradients.scaled(residuals, block.places[index])
        result = np.empty((len(residuals), self._sorted.shape[1]), dtype=residuals.dtype)
        factors = block.by_window[index]
        for part in self._parts(len(result)):
            means = self._gradients.means(places[part], scaled[part])
            values = self._sorted[: len(means)]
            np.multiply(np.swapaxes(means, -1, -2), factors[part, None, :], out=values)
            _weigh_sorted(values, weights, result[part])
        return result

    def _by_device(self, residuals: Floats, block: CodedBlock, index: int) -> Floats:
        """Messages (runs, N, Q) in the order of the devices, in a buffer that the next iteration uses again."""
        if len(self._messages) != len(residuals):
            self._messages = np.empty((len(residuals), *self._messages.shape[1:]), dtype=residuals.dtype)
        if self._writes:
            features, places = self.problem.features, block.places[index]
            scaled = residuals.reshape(-1).take(_flat(places, residuals.shape[-1]))
            scaled *= scaled.dtype.type(1 / self._draws.d)
            coded = (scaled, block.by_window[index], places, block.owners[index])
            messages.send(features, *coded, self._draws.d, self._messages)
            return self._messages
        factors, tasks = block.by_device[index], block.tasks[index]
        if self._draws.d == 1:
            places, scaled = self._gradients.scaled(residuals, _entries(block.places[index], tasks))
            self._gradients.take(places, scaled * factors, self._messages)
            return self._messages
        places, scaled = self._gradients.scaled(residuals, block.places[index])
        for part in self._parts(len(residuals)):
            means, out = self._gradients.means(places[part], scaled[part]), self._messages[part]
            _take_rows(means, _flat(tasks[part], tasks.shape[-1]), out)
            out *= factors[part, :, None]
        return self._messages


def _sorted_weights(rule: Rule, n: int, dtype: np.dtype[Any]) -> Floats | None:
    """Weights of a rule on the sorted values, where it is known to be such a sum and takes n messages."""
    # A class derived from these may do something else with the values.
    if type(rule) not in (TrimmedMean, Median) or rule.breakdown(n) < 0:
        return None
    weights = rule.weights(n)
    return None if weights is None else np.array([float(weight) for weight in weights], dtype=dtype)


def _weigh_sorted(values: Floats, weights: Floats, out: Floats) -> None:
    """Sort values (runs, Q, N) in place and add them up by weight."""
    values.sort(axis=-1)
    np.matmul(values, weights, out=out)


class _Gradients:
    """Scaled rows of features, and means of d of them that are consecutive in a random order, in buffers."""

    def __init__(self, problem: LinearRegression, d: int, step: int) -> None:
        n, Q, dtype = problem.subsets, problem.dimension, problem.features.dtype
        self._features, self._d, self._n = problem.features, d, n
        spare = 3 if d > 1 else 0
        self._spare = [np.empty((step, n + d - 1, Q), dtype=dtype) for _ in range(spare)]
        self._sums = np.empty((step if d > 1 else 0, n, Q), dtype=dtype)

    def scaled(self, residuals: Floats, places: Whole) -> tuple[Whole, Floats]:
        """Where the features of the places (runs, n) lie, run after run, and their residuals over d."""
        flat = _flat(places, self._n)
        scaled = residuals.reshape(-1).take(flat)
        if self._d > 1:
            scaled *= scaled.dtype.type(1 / self._d)
        return (places if self._features.ndim == 2 else flat), scaled

    def take(self, places: Whole, factors: Floats, out: Floats) -> None:
        """Fill out, (runs, n, Q), with rows of features times factors."""
        _take_rows(self._features, places, out)
        out *= factors[..., None]

    def means(self, places: Whole, scaled: Floats) -> Floats:
        """Mean i is that of places i, ..., i + d - 1 of N + d - 1: (runs, N, Q)."""
        spare, out = [buffer[: len(places)] for buffer in self._spare], self._sums[: len(places)]
        self.take(places, scaled, spare[0])
        d, n, rows = self._d, self._n, places.shape[-1]
        width, offset, current, kept = 1, 0, 0, -1
        total: Floats | None = None
        while True:
            # Sums of 1, 2, 4, ... rows are added as the binary digits of d say, as `window_sums` does.
            if d & width:
                part = spare[current][:, offset : offset + n]
                offset += width
                total, kept = (part, current) if total is None else (np.add(total, part, out=out), -1)
            if 2 * width > d:
                assert total is not None
                return total
            rows -= width
            target = next(place for place in range(3) if place not in (current, kept))
            sums = spare[current]
            np.add(sums[:, :rows], sums[:, width : width + rows], out=spare[target][:, :rows])
            current, width = target, 2 * width


def _entries_from(values: npt.NDArray[Any], index: int, count: int) -> npt.NDArray[Any]:
    """So many entries of a block's draws, of which there is one where they are fixed."""
    return values[index : index + count] if len(values) > 1 else np.broadcast_to(values, (count, *values.shape[1:]))


def _entries(values: npt.NDArray[Any], places: Whole) -> npt.NDArray[Any]:
    """Entries of (runs, N) at (runs, n) places, run by run."""
    return values.reshape(-1).take(_flat(places, values.shape[-1]))


def _take_rows(vectors: Floats, places: Whole, out: Floats) -> None:
    """Rows of (..., Q), all one after another, at places."""
    # Places are in range; the mode that would clip them is the one that writes to `out` directly.
    vectors.reshape(-1, vectors.shape[-1]).take(places, axis=0, out=out, mode="clip")


def _flat(places: Whole, length: int) -> Whole:
    """Places (runs, n) in rows of a length, as places in all rows one after another."""
    return places + length * np.arange(len(places))[:, None]

"""What can be observed of an iteration: the left-hand sides and the ingredients of the papers' bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from array_api_compat import array_namespace

from .problems.base import Array, Problem, max_heterogeneity, mean_square_heterogeneity


@dataclass(frozen=True, eq=False)
class Observation:
    """Everything about iteration t of a chunk of S runs.

    Parameters
    ----------
    iteration
        t.
    runs
        Which runs these are, as positions in the sequence of seeds.
    problem
        The problem of these runs.
    x
        x^t, (S, Q).
    messages
        What the devices would send if all were honest and nothing was compressed, (S, N, Q).
    sent
        What the server received, (S, N, Q).
    byzantine
        Who was Byzantine, (S, N).
    aggregate
        What the server's rule returned, (S, Q).
    """

    iteration: int
    runs: slice
    problem: Problem
    x: Array
    messages: Array
    sent: Array
    byzantine: Array
    aggregate: Array

    @property
    def honest_mean(self) -> Array:
        """Average of what the honest devices sent, (S, Q)."""
        return honest_mean(self.sent, self.byzantine)

    @property
    def honest_deviations_sq(self) -> Array:
        """||z_i - zbar||^2 of what the honest devices sent, 0 for the Byzantine ones, (S, N)."""
        xp = array_namespace(self.sent)
        deviations = self.sent - self.honest_mean[..., None, :]
        squared = xp.sum(deviations * deviations, axis=-1)
        return xp.where(self.byzantine, xp.zeros_like(squared), squared)


def honest_mean(messages: Array, byzantine: Array) -> Array:
    """Average over the devices that are not Byzantine: (..., N, Q) and (..., N) to (..., Q)."""
    xp = array_namespace(messages)
    honest = xp.astype(~byzantine, messages.dtype)
    kept = xp.where(byzantine[..., None], xp.zeros_like(messages), messages)
    return xp.sum(kept, axis=-2) / xp.sum(honest, axis=-1)[..., None]


def _norm_sq(vectors: Array) -> Array:
    return array_namespace(vectors).sum(vectors * vectors, axis=-1)


def _aggregation_error(seen: Observation) -> Array:
    return _norm_sq(seen.aggregate - seen.honest_mean)


def _mean_error(seen: Observation) -> Array:
    devices = seen.sent.shape[-2]
    return _norm_sq(seen.honest_mean - seen.problem.gradient(seen.x) / devices)


def _dispersion(seen: Observation) -> Array:
    xp = array_namespace(seen.sent)
    count = xp.sum(xp.astype(~seen.byzantine, seen.sent.dtype), axis=-1)
    return xp.sum(seen.honest_deviations_sq, axis=-1) / count


def _largest_dispersion(seen: Observation) -> Array:
    return array_namespace(seen.sent).max(seen.honest_deviations_sq, axis=-1)


MEASURES: Mapping[str, Callable[[Observation], Array]] = MappingProxyType(
    {
        "aggregation_error": _aggregation_error,
        "honest_mean_norm_sq": lambda seen: _norm_sq(seen.honest_mean),
        "honest_mean_error": _mean_error,
        "aggregate_norm_sq": lambda seen: _norm_sq(seen.aggregate),
        "dispersion": _dispersion,
        "dispersion_max": _largest_dispersion,
        "heterogeneity": lambda seen: mean_square_heterogeneity(seen.problem, seen.x),
        "heterogeneity_max": lambda seen: max_heterogeneity(seen.problem, seen.x),
    }
)
"""Measures by name, each a function of an `Observation` to one number a run, (S,).

aggregation_error: ||ghat - gbar||^2; honest_mean_norm_sq: ||gbar||^2; honest_mean_error: ||gbar - grad F/N||^2;
aggregate_norm_sq: ||ghat||^2; dispersion and dispersion_max: the mean and the largest ||g_i - gbar||^2 over the honest
devices; heterogeneity: beta^2 at x as LAD defines it; heterogeneity_max: as CRA defines it.
"""

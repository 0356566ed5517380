"""Exact arithmetic of one iteration: losses, honest sets, attacks and the trimmed mean, in rationals."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Rationals = npt.NDArray[Any]  #: object arrays of Fractions

ATTACKS = ("sign", "against", "far")


def rationals(values: Any) -> Rationals:
    """An object array of Fractions."""
    array = np.asarray(values, dtype=object)
    fractions: Rationals = np.frompyfunc(Fraction, 1, 1)(array)
    return fractions


def norm_sq(vector: Rationals) -> Fraction:
    """``||v||^2`` over all entries."""
    return sum((entry * entry for entry in vector.flat), Fraction(0))


def inner(left: Rationals, right: Rationals) -> Fraction:
    """``<u, v>``."""
    return sum((a * b for a, b in zip(left.flat, right.flat, strict=True)), Fraction(0))


@dataclass(frozen=True)
class Quadratic:
    """``F(x) = sum_k ||x - a_k||^2 / 2``: smooth with L = M exactly, and equally heterogeneous at every x.

    Attributes
    ----------
    centres : object array of Fractions, shape (M, Q)
        The a_k.
    """

    centres: Rationals

    @property
    def subsets(self) -> int:
        """M, which is also the smoothness constant L."""
        return len(self.centres)

    def gradients(self, x: Rationals) -> Rationals:
        """Shape (M, Q)."""
        return np.asarray(x - self.centres)

    def loss(self, x: Rationals) -> Fraction:
        """F(x)."""
        return norm_sq(x - self.centres) / 2

    @cached_property
    def smallest(self) -> Fraction:
        """F at the mean of the centres."""
        return self.loss(self.centres.sum(axis=0) / Fraction(self.subsets))

    @cached_property
    def deviations_sq(self) -> list[Fraction]:
        """``||grad f_k - grad F / M||^2`` for each k, the same at every x."""
        centred = self.centres - self.centres.sum(axis=0) / Fraction(self.subsets)
        return [norm_sq(row) for row in centred]


def trimmed_mean(messages: Rationals, f: int) -> Rationals:
    """Mean of each coordinate without its f smallest and f largest entries: rows to one row."""
    ordered = np.sort(messages, axis=0)
    kept = ordered[f : len(messages) - f]
    return np.asarray(kept.sum(axis=0) / Fraction(len(kept)))


def attacked(messages: Rationals, byzantine: tuple[int, ...], gradient: Rationals, attack: str) -> Rationals:
    """The messages with the Byzantine rows replaced.

    ``sign``: minus twice the true message. ``against``: far along minus the gradient's signs. ``far``: far along plus.
    """
    received = messages.copy()
    scale = 1000 * (1 + max(abs(entry) for entry in messages.flat))
    for i in byzantine:
        if attack == "sign":
            received[i] = -2 * messages[i]
        else:
            direction = -1 if attack == "against" else 1
            received[i] = [direction * scale * (1 if entry >= 0 else -1) for entry in gradient]
    return received


def honest_sets(devices: int, honest: int) -> Iterator[tuple[int, ...]]:
    """All sets of that many honest devices, each equally likely."""
    return itertools.combinations(range(devices), honest)


@dataclass
class Means:
    """Exact averages over equally likely cases."""

    totals: dict[str, Fraction]
    count: int = 0

    @classmethod
    def empty(cls) -> Means:
        """Of no cases yet."""
        return cls({})

    def add(self, **values: Fraction) -> None:
        """Count one case."""
        self.count += 1
        for name, value in values.items():
            self.totals[name] = self.totals.get(name, Fraction(0)) + value

    def __getitem__(self, name: str) -> Fraction:
        return self.totals[name] / self.count


def step_moments(
    problem: Quadratic, x: Rationals, received: list[tuple[Rationals, Rationals]], gamma: Fraction
) -> Means:
    """Averages over the cases (aggregate, honest mean) of one iteration of what the proofs of convergence use."""
    gradient = problem.gradients(x).sum(axis=0)
    means = Means.empty()
    for aggregate, honest_mean in received:
        error = aggregate - honest_mean
        means.add(
            inner_agg=inner(gradient, aggregate),
            inner_err=inner(gradient, error),
            inner_mean=inner(gradient, honest_mean),
            agg_sq=norm_sq(error),
            mean_sq=norm_sq(honest_mean),
            noise_sq=norm_sq(honest_mean - gradient / Fraction(problem.subsets)),
            F_next=problem.loss(x - gamma * aggregate),
        )
    return means

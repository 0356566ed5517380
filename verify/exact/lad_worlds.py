"""Small exact settings of Com-LAD: a quadratic problem, an attack, a compressor, and everything that follows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import sympy as sp

from ..points import number
from ..probe import Settings
from .iteration import Means, Quadratic, Rationals, attacked, norm_sq, rationals, step_moments, trimmed_mean

#: Aggregate, honest mean, honest dispersion.
Received = tuple[Rationals, Rationals, Fraction]


class LadIteration:
    """What one exact iteration of LAD on a quadratic problem yields, whatever the devices compute and compress.

    A dataclass that inherits from this names ``honest`` (H), ``problem`` (N subsets), ``x``, ``gamma`` and ``attack``,
    and lists as ``cases`` what the server may get; the last f devices are Byzantine, the rule is the trimmed mean of f.
    """

    honest: int
    problem: Quadratic
    x: Rationals
    gamma: Fraction
    attack: str

    @property
    def devices(self) -> int:
        """N."""
        return self.problem.subsets

    @property
    def byzantine(self) -> int:
        """f."""
        return self.devices - self.honest

    @property
    def kappa(self) -> Fraction:
        """Of the trimmed mean."""
        return Fraction(self.byzantine, self.devices - 2 * self.byzantine)

    @cached_property
    def gradient(self) -> Rationals:
        """grad F(x)."""
        return np.asarray(self.problem.gradients(self.x).sum(axis=0))

    @cached_property
    def cases(self) -> list[Received]:
        """(aggregate, honest mean, honest dispersion), all equally likely."""
        raise NotImplementedError

    def aggregate(self, sent: Rationals) -> Received:
        """A case, from what the devices would send were they honest."""
        honest = sent[: self.honest]
        mean = np.asarray(honest.sum(axis=0) / Fraction(self.honest))
        byzantine = tuple(range(self.honest, self.devices))
        received = attacked(sent, byzantine, self.gradient, self.attack)
        return trimmed_mean(received, self.byzantine), mean, norm_sq(honest - mean) / self.honest

    @cached_property
    def moments(self) -> Means:
        """Averages over the cases of one iteration from x."""
        return step_moments(self.problem, self.x, [case[:2] for case in self.cases], self.gamma)

    @cached_property
    def next_grad_sq(self) -> Fraction:
        """``E ||grad F(x^1)||^2``."""
        total = Fraction(0)
        for aggregate, _, _ in self.cases:
            total += norm_sq(self.problem.gradients(self.x - self.gamma * aggregate).sum(axis=0))
        return total / len(self.cases)


@dataclass(frozen=True)
class LadWorld(LadIteration):
    """One iteration of Com-LAD in which everything is known exactly; the last f devices are Byzantine.

    Attributes
    ----------
    honest, load : int
        H and d.
    kept : int or None
        Coordinates that random sparsification keeps on every device; None: no compression.
    problem : Quadratic
        N subsets, L = N.
    x : object array
        The iterate.
    gamma : Fraction
        Learning rate.
    attack : str
        What the Byzantine devices do; the rule is the trimmed mean of f = N - H.
    """

    honest: int
    load: int
    kept: int | None
    problem: Quadratic
    x: Rationals
    gamma: Fraction
    attack: str

    @cached_property
    def values(self) -> dict[str, Any]:
        """Values of the paper's symbols."""
        variance = sum(self.problem.deviations_sq, Fraction(0)) / self.devices
        dimension = len(self.x)
        return {
            "N": self.devices,
            "H": self.honest,
            "d": self.load,
            "delta": Fraction(0) if self.kept is None else Fraction(dimension, self.kept) - 1,
            "kappa": self.kappa,
            "V": variance,
            "beta": sp.sqrt(number(variance)),
            "grad_sq": norm_sq(self.gradient),
            "L": self.devices,
            "F_t": self.problem.loss(self.x),
            "F_now": self.problem.loss(self.x),
            "F0": self.problem.loss(self.x),
            "Fstar": self.problem.smallest,
            "gamma0": self.gamma,
            "gamma_t": self.gamma,
        }

    @cached_property
    def cases(self) -> list[Received]:
        """(aggregate, honest mean, honest dispersion) for all tasks, permutations and supports, equally likely."""
        return [self.aggregate(sent) for coded in self._coded() for sent in self._compressed(coded)]

    def _coded(self) -> Iterator[Rationals]:
        """What the devices compute, for all permutations and tasks."""
        gradients = self.problem.gradients(self.x)
        everyone = range(self.devices)
        zero = rationals([0] * len(self.x))
        for order in itertools.permutations(everyone):
            permuted = gradients[list(order)]
            windows = [
                sum((permuted[(i + k) % self.devices] for k in range(self.load)), zero) / Fraction(self.load)
                for i in everyone
            ]
            for tasks in itertools.permutations(everyone):
                yield np.array([windows[i] for i in tasks], dtype=object)

    def _compressed(self, coded: Rationals) -> Iterator[Rationals]:
        if self.kept is None:
            yield coded
            return
        dimension = coded.shape[1]
        supports = list(itertools.combinations(range(dimension), self.kept))
        scale = Fraction(dimension, self.kept)
        for choice in itertools.product(supports, repeat=self.devices):
            mask = rationals([[scale if k in support else 0 for k in range(dimension)] for support in choice])
            yield coded * mask

    @cached_property
    def adaptive_error(self) -> Fraction:
        """``E max ||ghat - grad F / N||^2``, the maximum over all sets of f Byzantine devices; without compression."""
        target = self.gradient / Fraction(self.devices)
        total, count = Fraction(0), 0
        for coded in self._coded():
            errors = []
            for byzantine in itertools.combinations(range(self.devices), self.byzantine):
                received = attacked(coded, byzantine, self.gradient, self.attack)
                errors.append(norm_sq(trimmed_mean(received, self.byzantine) - target))
            total, count = total + max(errors), count + 1
        return total / count

    @property
    def largest_deviation(self) -> Fraction:
        """``E max ||g_i - gbar||^2`` over the honest devices; without compression."""
        total, count = Fraction(0), 0
        for coded in self._coded():
            centred = coded[: self.honest] - coded[: self.honest].sum(axis=0) / Fraction(self.honest)
            total, count = total + max(norm_sq(row) for row in centred), count + 1
        return total / count

    @property
    def witness(self) -> dict[str, Any]:
        """What one needs to build this world again."""
        return {
            "H": self.honest,
            "d": self.load,
            "kept": self.kept,
            "centres": [[str(entry) for entry in row] for row in self.problem.centres],
            "x": [str(entry) for entry in self.x],
            "gamma": str(self.gamma),
            "attack": self.attack,
        }


#: (N, H, d, kept) of each preset.
_SIZES: dict[str, tuple[tuple[int, int, int, int | None], ...]] = {
    "quick": ((2, 2, 1, None), (3, 2, 1, None), (3, 2, 2, None), (3, 3, 2, 1), (3, 2, 2, 1), (3, 2, 3, None)),
}
_SIZES["paper"] = (*_SIZES["quick"], (4, 3, 2, None), (4, 3, 3, None), (4, 3, 4, None))
_SIZES["full"] = (*_SIZES["paper"], (4, 4, 3, None), (3, 2, 3, 1), (3, 2, 1, 1))


def worlds(settings: Settings) -> tuple[LadWorld, ...]:
    """The worlds of a preset: random small integers, and gradients that are extreme."""
    return _worlds(replace(settings, level=0.0))


@lru_cache(maxsize=4)
def _worlds(settings: Settings) -> tuple[LadWorld, ...]:
    rng = settings.rng()
    found = []
    for devices, honest, load, kept in _SIZES[settings.preset]:
        for extreme in (False, True):
            drawn = rationals(rng.integers(-3, 4, (devices, 2)))
            centres = rationals([[4 if k == 0 else 0, 0] for k in range(devices)]) if extreme else drawn
            attack = ("sign", "against", "far")[int(rng.integers(3))]
            gamma = Fraction(1, int(rng.integers(3, 40)) * devices)
            x = rationals(rng.integers(-2, 3, 2))
            found.append(LadWorld(honest, load, kept, Quadratic(centres), x, gamma, attack))
    return tuple(found)

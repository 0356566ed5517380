"""Small exact settings of LAD with any computation matrix and the same random sparsification on all devices."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp

from ..cases import Case
from ..points import number
from ..probe import Settings
from .iteration import ATTACKS, Quadratic, Rationals, norm_sq, rationals
from .lad_worlds import LadIteration, Received

Rows = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class SharedWorld(LadIteration):
    """One iteration in which everything is known exactly; the last f devices are Byzantine.

    Attributes
    ----------
    tasks : tuple of tuple of int
        Rows of the computation matrix: positions in the order of the subsets, d each.
    honest : int
        H.
    kept : int
        Coordinates that all devices keep, the same ones.
    problem : Quadratic
        N subsets, L = N.
    x : object array
        The iterate.
    gamma : Fraction
        Learning rate.
    attack : str
        What the Byzantine devices do; the rule is the trimmed mean of f.
    """

    tasks: Rows
    honest: int
    kept: int
    problem: Quadratic
    x: Rationals
    gamma: Fraction
    attack: str

    @property
    def load(self) -> int:
        """d."""
        return len(self.tasks[0])

    @cached_property
    def values(self) -> dict[str, Any]:
        """Values of the paper's symbols, at T = 2 with the same learning rate twice."""
        variance = sum(self.problem.deviations_sq, Fraction(0)) / self.devices
        columns = [sum(k in row for row in self.tasks) for k in range(self.devices)]
        return {
            "N": self.devices,
            "H": self.honest,
            "d": self.load,
            "delta": Fraction(len(self.x), self.kept) - 1,
            "kappa": self.kappa,
            "beta": sp.sqrt(number(variance)),
            "theta_sq": sum(count**2 for count in columns),
            "grad_sq": norm_sq(self.gradient),
            "L": self.devices,
            "F0": self.problem.loss(self.x),
            "Fstar": self.problem.smallest,
            "gamma0": self.gamma,
            "T": 2,
        }

    def sent(self, x: Rationals) -> Iterator[Rationals]:
        """What the devices would send were they honest: all orders of subsets, of tasks, and all supports."""
        gradients = self.problem.gradients(x)
        dimension = len(x)
        masks = [
            rationals([Fraction(dimension, self.kept) if k in support else 0 for k in range(dimension)])
            for support in itertools.combinations(range(dimension), self.kept)
        ]
        for order in itertools.permutations(range(self.devices)):
            coded = np.array(
                [gradients[[order[k] for k in row]].sum(axis=0) / Fraction(self.load) for row in self.tasks]
            )
            for tasks in itertools.permutations(range(self.devices)):
                for mask in masks:
                    yield coded[list(tasks)] * mask

    @cached_property
    def cases(self) -> list[Received]:
        """(aggregate, honest mean, honest dispersion), all equally likely."""
        return [self.aggregate(sent) for sent in self.sent(self.x)]

    @property
    def dispersion(self) -> Fraction:
        """Mean honest dispersion."""
        return sum((case[2] for case in self.cases), Fraction(0)) / len(self.cases)

    @property
    def two_steps(self) -> Fraction:
        """``||grad F||^2``, averaged over this iterate and the next."""
        return (norm_sq(self.gradient) + self.next_grad_sq) / 2

    @property
    def witness(self) -> dict[str, Any]:
        """What one needs to build this world again."""
        return {
            "tasks": [list(row) for row in self.tasks],
            "H": self.honest,
            "kept": self.kept,
            "centres": [[str(entry) for entry in row] for row in self.problem.centres],
            "x": [str(entry) for entry in self.x],
            "gamma": str(self.gamma),
            "attack": self.attack,
        }


def matrices(devices: int, load: int) -> Iterator[Rows]:
    """The cyclic matrix, one task for all, and one in between."""
    cyclic = tuple(tuple((i + k) % devices for k in range(load)) for i in range(devices))
    single = (cyclic[0],) * devices
    yield from dict.fromkeys((cyclic, single, (*single[1:], cyclic[1 % devices])))


def worlds(settings: Settings) -> Iterator[SharedWorld]:
    """Small settings with random small integers."""
    rng = settings.rng()
    sizes = [(2, 2, 1), (3, 2, 1), (3, 2, 2), (3, 3, 2), (3, 2, 3)]
    for devices, honest, load in sizes if settings.preset == "quick" else [*sizes, (4, 3, 2)]:
        for tasks in matrices(devices, load):
            for kept in (1, 2) if devices < 4 else (1,):
                centres = rationals(rng.integers(-3, 4, (devices, 2)))
                x, attack = rationals(rng.integers(-2, 3, 2)), ATTACKS[int(rng.integers(3))]
                gamma = Fraction(1, int(rng.integers(3, 40)) * devices)
                yield SharedWorld(tasks, honest, kept, Quadratic(centres), x, gamma, attack)


def errors(settings: Settings) -> Iterator[Case]:
    """Aggregation error of the trimmed mean under an attack, and the largest that LAD Definition 1 allows."""
    for world in worlds(settings):
        yield Case(world.moments["agg_sq"], world.values, world.witness)
        yield Case(world.values["kappa"] * world.dispersion, world.values, {**world.witness, "rule": "any"})


def noises(settings: Settings) -> Iterator[Case]:
    """Noise of the honest average."""
    for world in worlds(settings):
        yield Case(world.moments["noise_sq"], world.values, world.witness)


def steps(settings: Settings) -> Iterator[Case]:
    """Two iterations; also from the optimum with a long step, where the bound has no initial term."""
    for world in worlds(settings):
        optimum = world.problem.centres.sum(axis=0) / Fraction(world.devices)
        for start in (world, replace(world, x=optimum, gamma=Fraction(1, 2))):
            yield Case(start.two_steps, start.values, start.witness)


def stationary(settings: Settings) -> Iterator[Case]:
    """A single task for all: the limit of the stationary ``E||grad F||^2`` as the learning rate tends to zero.

    The rule is seen to return the common message in every case. An iteration is then ``x - gamma D (x - a)`` with a
    random diagonal D and window mean a; the second moment of each coordinate has an affine recursion whose coefficients
    are averages over all cases, and its fixed point is a rational function of gamma.
    """
    gamma = sp.Symbol("gamma", positive=True)
    for world in worlds(settings):
        if len(set(world.tasks)) > 1:
            continue
        if any(norm_sq(aggregate - mean) for aggregate, mean, _ in world.cases):
            raise ValueError("the rule does not return the message that all honest devices send")
        optimum = world.problem.centres.sum(axis=0) / Fraction(world.devices)
        at_rest = [sent[0] for sent in world.sent(optimum)]
        beside = [sent[0] for sent in world.sent(optimum + 1)]
        total = sp.Integer(0)
        for coordinate in range(len(world.x)):
            push = [entry[coordinate] for entry in at_rest]
            slope = [other[coordinate] - own for other, own in zip(beside, push, strict=True)]
            products = ([a * a for a in slope], [a * b for a, b in zip(slope, push, strict=True)], push)
            squared, mixed, first = (number(sum(part, Fraction(0)) / len(push)) for part in products)
            if mixed or first:
                raise ValueError("the optimum does not stay put on average")
            noise = number(sum((b * b for b in push), Fraction(0)) / len(push))
            kept = 1 - 2 * gamma * number(sum(slope, Fraction(0)) / len(push)) + gamma**2 * squared
            total += world.devices**2 * sp.cancel(gamma**2 * noise / (1 - kept))
        yield Case(sp.cancel(total).subs(gamma, 0), world.values, world.witness)

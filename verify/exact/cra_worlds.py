"""Small exact settings of CRA-DL: an allocation, a quadratic problem, an attack, and everything that follows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import sympy as sp

from ...bounds.cra import notation as cra
from ...bounds.refined import cra_convergence
from ..probe import Settings
from .iteration import (
    Means,
    Quadratic,
    Rationals,
    attacked,
    honest_sets,
    norm_sq,
    rationals,
    step_moments,
    trimmed_mean,
)

Rows = tuple[tuple[int, ...], ...]


@lru_cache(maxsize=32)
def pairwise_balanced(devices: int, subsets: int, held: int) -> tuple[Rows, ...]:
    """All allocations in which any two devices share ``held^2 / subsets`` subsets, up to the order of the devices."""
    if held * held % subsets:
        return ()
    shared = held * held // subsets
    blocks = [frozenset(block) for block in itertools.combinations(range(subsets), held)]

    def extend(chosen: list[frozenset[int]], start: int) -> Iterator[Rows]:
        if len(chosen) == devices:
            yield tuple(tuple(sorted(block)) for block in chosen)
            return
        for index in range(start, len(blocks)):
            if all(len(blocks[index] & other) == shared for other in chosen):
                again = index if held == shared else index + 1
                yield from extend([*chosen, blocks[index]], again)

    return tuple(extend([], 0))


@lru_cache(maxsize=1)
def pencil() -> Rows:
    """Seven devices, eight subsets, four each, any two share two: the planes through a point of AG(3, 2)."""
    points = list(itertools.product((0, 1), repeat=3))
    normals = [normal for normal in points if any(normal)]
    return tuple(
        tuple(k for k, point in enumerate(points) if sum(a * b for a, b in zip(normal, point, strict=True)) % 2 == 0)
        for normal in normals
    )


@dataclass(frozen=True)
class CraWorld:
    """One iteration of CRA-DL in which everything is known exactly.

    Attributes
    ----------
    blocks : tuple of tuple of int
        The subsets that each device holds.
    byzantine : int
        f = alpha N.
    problem : Quadratic
        M subsets, L = M.
    x : object array
        The iterate.
    gamma : Fraction
        Learning rate.
    attack : str
        What the Byzantine devices do; the rule is the trimmed mean of f.
    """

    blocks: Rows
    byzantine: int
    problem: Quadratic
    x: Rationals
    gamma: Fraction
    attack: str

    @property
    def devices(self) -> int:
        """N."""
        return len(self.blocks)

    @property
    def honest(self) -> int:
        """(1 - alpha) N."""
        return self.devices - self.byzantine

    @cached_property
    def holders(self) -> list[int]:
        """d_k for each subset."""
        return [sum(k in block for block in self.blocks) for k in range(self.problem.subsets)]

    @cached_property
    def gradients(self) -> Rationals:
        """Of the subsets at x."""
        return self.problem.gradients(self.x)

    @cached_property
    def gradient(self) -> Rationals:
        """grad F(x)."""
        return np.asarray(self.gradients.sum(axis=0))

    @cached_property
    def messages(self) -> Rationals:
        """Coded gradients of all devices at x, CRA (5)."""
        return self.encode(self.x)

    def encode(self, x: Rationals) -> Rationals:
        """Coded gradients at any point."""
        scaled = self.problem.gradients(x) / rationals([[max(count, 1)] for count in self.holders])
        return np.array([scaled[list(block)].sum(axis=0) for block in self.blocks], dtype=object)

    @property
    def kappa(self) -> Fraction:
        """Of the trimmed mean: f / (N - 2f), which also bounds C_alpha^2."""
        return Fraction(self.byzantine, self.devices - 2 * self.byzantine)

    @cached_property
    def values(self) -> dict[str, Any]:
        """Values of the paper's symbols."""
        root = Fraction(math.isqrt(int(self.kappa * 10**8)) + (1 if self.kappa else 0), 10**4)
        largest = max(self.problem.deviations_sq)
        return {
            "N": self.devices,
            "M": self.problem.subsets,
            "H": self.honest,
            "r": len(self.blocks[0]),
            "d_min": min(self.holders),
            "D": Fraction(sum(self.holders), self.problem.subsets),
            "alpha": Fraction(self.byzantine, self.devices),
            "beta": sp.sqrt(sp.Rational(largest.numerator, largest.denominator)),
            "V": sum(self.problem.deviations_sq, Fraction(0)) / self.problem.subsets,
            "grad_sq": sum((entry**2 for entry in self.gradient), Fraction(0)),
            "C_alpha": root,
            "kappa": self.kappa,
            "L": self.problem.subsets,
            "F_t": self.problem.loss(self.x),
            "F0": self.problem.loss(self.x),
            "Fstar": self.problem.smallest,
            "gamma_t": self.gamma,
            "gamma0": self.gamma,
        }

    @cached_property
    def facts(self) -> dict[str, bool]:
        """Which of the papers' assumptions on the allocation hold, by their text in the catalogue."""
        sizes = {len(block) for block in self.blocks}
        shared = {len(set(a) & set(b)) for a, b in itertools.combinations(self.blocks, 2)}
        held = min(self.holders) > 0
        equal = len(sizes) == 1 and len(set(self.holders)) == 1
        papers = sizes == {r := len(self.blocks[0])} and shared == {Fraction(r * r, self.problem.subsets)}
        return {
            cra.PAIRWISE.text: papers,
            cra_convergence.PAIRWISE.text: papers,
            cra_convergence.EQUAL_LOADS.text: equal,
            cra_convergence.EQUIDISTANT.text: len(shared) == 1,
            cra_convergence.HELD.text: held,
            "the messages of all devices, were they honest, average to grad F / N": held,
        }

    @cached_property
    def weights(self) -> Rationals:
        """``P W``: the centred matrix that takes subset gradients to coded gradients, shape (N, M)."""
        rows = [
            [Fraction(int(k in block), max(count, 1)) for k, count in enumerate(self.holders)] for block in self.blocks
        ]
        matrix = rationals(rows)
        return np.asarray(matrix - matrix.sum(axis=0) / Fraction(self.devices))

    @cached_property
    def certificate(self) -> dict[str, Any]:
        """``drift_sq = ||P W 1||^2``, and ``sigma_sq``, the squared norm of P W on sums of zero, rounded up."""
        matrix = self.weights
        centred = (matrix - matrix.sum(axis=1, keepdims=True) / Fraction(self.problem.subsets)).astype(float)
        largest = float(np.linalg.norm(centred, 2)) ** 2
        return {"drift_sq": norm_sq(matrix.sum(axis=1)), "sigma_sq": Fraction(math.ceil(largest * 10**9 + 1), 10**9)}

    @cached_property
    def variance(self) -> Fraction:
        """``(1/N) sum ||g_i - mean||^2`` over all devices."""
        return norm_sq(self.messages - self.messages.sum(axis=0) / Fraction(self.devices)) / self.devices

    @cached_property
    def next_points(self) -> list[Rationals]:
        """x^1 in each case, all equally likely."""
        return [self.x - self.gamma * aggregate for aggregate, _ in self.outcomes(self.x)]

    @cached_property
    def next_grad_sq(self) -> Fraction:
        """``E ||grad F(x^1)||^2``."""
        norms = [norm_sq(self.problem.gradients(x).sum(axis=0)) for x in self.next_points]
        return sum(norms, Fraction(0)) / len(norms)

    @cached_property
    def last_loss(self) -> Fraction:
        """``E F(x^2)``, with the same learning rate twice."""
        losses = [
            self.problem.loss(x - self.gamma * aggregate) for x in self.next_points for aggregate, _ in self.outcomes(x)
        ]
        return sum(losses, Fraction(0)) / len(losses)

    def outcomes(self, x: Rationals) -> list[tuple[Rationals, Rationals]]:
        """(aggregate, honest mean) at x for every honest set, all equally likely."""
        messages = self.encode(x)
        gradient = self.problem.gradients(x).sum(axis=0)
        found = []
        for members in honest_sets(self.devices, self.honest):
            byzantine = tuple(i for i in range(self.devices) if i not in members)
            received = attacked(messages, byzantine, gradient, self.attack)
            mean = messages[list(members)].sum(axis=0) / Fraction(self.honest)
            found.append((trimmed_mean(received, self.byzantine), mean))
        return found

    @cached_property
    def moments(self) -> Means:
        """Averages of one iteration from x."""
        return step_moments(self.problem, self.x, self.outcomes(self.x), self.gamma)

    @property
    def witness(self) -> dict[str, Any]:
        """What one needs to build this world again."""
        return {
            "blocks": [list(block) for block in self.blocks],
            "byzantine": self.byzantine,
            "centres": [[str(entry) for entry in row] for row in self.problem.centres],
            "x": [str(entry) for entry in self.x],
            "gamma": str(self.gamma),
            "attack": self.attack,
        }


def allocations(settings: Settings) -> list[Rows]:
    """Pair-wise balanced allocations: exhaustively for small sizes, also those with unheld subsets, and a design."""
    sizes = [(2, 2, 2), (3, 3, 3), (2, 4, 2), (3, 4, 2), (4, 4, 2), (5, 2, 2)]
    if settings.preset != "quick":
        sizes += [(3, 9, 3), (4, 9, 3), (7, 3, 3)]
    found = [rows for size in sizes for rows in pairwise_balanced(*size)[: 4 if size[1] == 9 else None]]
    return [*found, *equal_loads(), pencil()]


def equal_loads() -> tuple[Rows, ...]:
    """Allocations in which every subset is held equally often: with equal overlaps, up to the Fano plane, and
    without."""
    fano = tuple(tuple(sorted((i + k) % 7 for k in (0, 1, 3))) for i in range(7))
    pairs = tuple(itertools.combinations(range(3), 2))
    ring = tuple(tuple(sorted((i, (i + 1) % 4))) for i in range(4))
    return ((0,), (1,), (2,)), pairs, ring, tuple(itertools.combinations(range(4), 2)), fano


def worlds(settings: Settings) -> tuple[CraWorld, ...]:
    """The worlds of a preset: every allocation with random small integers, and with gradients that are extreme."""
    return _worlds(replace(settings, level=0.0))


@lru_cache(maxsize=4)
def _worlds(settings: Settings) -> tuple[CraWorld, ...]:
    return tuple(_drawn(settings))


def _drawn(settings: Settings) -> Iterator[CraWorld]:
    rng = settings.rng()
    draws = {"quick": 1, "paper": 2, "full": 4}[settings.preset]
    for blocks in allocations(settings):
        subsets = max(max(block) for block in blocks) + 1
        subsets = max(subsets, 4 if len(blocks[0]) == 2 and subsets > 2 else subsets)
        for byzantine in range((len(blocks) - 1) // 2 + 1):
            extremes = ("opposed", "simplex") if byzantine < 2 else ("opposed",)
            for kind in (*("drawn",) * draws, *extremes):
                if kind == "drawn":
                    centres = rationals(rng.integers(-3, 4, (subsets, 2)))
                elif kind == "opposed":
                    centres = rationals([[(-1) ** k, 0] for k in range(subsets)])
                else:  # every deviation is equally long
                    centres = rationals(np.eye(subsets, dtype=np.int64))
                attack = ("sign", "against", "far")[int(rng.integers(3))]
                x = rationals(rng.integers(-2, 3, centres.shape[1]))
                gamma = Fraction(1, int(rng.integers(2, 40)) * subsets)
                yield CraWorld(blocks, byzantine, Quadratic(centres), x, gamma, attack)

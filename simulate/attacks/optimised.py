"""An attack that searches for the message that does the rule most harm."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from .. import arrays
from ..arrays import Array
from .base import Attack, Sight


@dataclass(frozen=True, repr=False)
class Optimised(Attack):
    """All send the same point, the one that carries the rule farthest from the honest mean among those searched.

    Candidates are m + t s u, where m is the honest mean and s the root mean square of the honest deviations' norms, for
    directions u of unit norm and both signs: the mean itself, the standard deviations per coordinate, their signs, the
    leading direction of the deviations, and the deviation of the farthest honest message; t runs over a geometric grid,
    then over finer ones around the best. Every set of messages in the batch is attacked by itself. The search is
    deterministic, and a lower bound of the worst case only. The rule is called with the trials as a leading batch axis,
    as many as the memory budget allows.

    Parameters
    ----------
    scales
        Number of values of t on the first grid, at least 2.
    largest
        Largest t on it, above 0.1, the smallest.
    rounds
        Number of refinements, each of 4 values of t on either side of the best.
    """

    scales: int = 12
    largest: float = 1000.0
    rounds: int = 3

    needs_rule: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "scales", arrays.whole("Optimised", "scales", self.scales, lower=2))
        object.__setattr__(self, "rounds", arrays.whole("Optimised", "rounds", self.rounds))
        if not 0.1 < self.largest < math.inf:
            raise ValueError(f"Optimised needs a finite largest scale above 0.1, got {self.largest!r}")

    def _send(self, sight: Sight) -> Array:
        xp = sight.xp
        mean = sight.honest_mean()
        ratio = (self.largest / 0.1) ** (1 / (self.scales - 1))
        grid = [0.1 * ratio**index for index in range(self.scales)]
        best, harm = mean, self._harms(sight, mean, mean[None, ...])[0, ...]
        for direction in _directions(sight):
            scale, top, step = xp.ones_like(mean[..., :1]), xp.full_like(harm, -math.inf), ratio
            factors = grid
            for _ in range(self.rounds + 1):
                scale, top = self._best(sight, mean, direction, factors, scale, top)
                step **= 1 / 5
                factors = [step**power for power in (-4, -3, -2, -1, 1, 2, 3, 4)]
            best = xp.where((top > harm)[..., None, None], mean + scale * direction, best)
            harm = xp.maximum(harm, top)
        return best

    def _best(
        self, sight: Sight, mean: Array, direction: Array, factors: list[float], scale: Array, top: Array
    ) -> tuple[Array, Array]:
        """Try multiples of a scale (..., 1, 1) whose harm is `top` (...): the best scale, and its harm."""
        xp = sight.xp
        trials = xp.stack([factor * scale for factor in factors])
        bytes_each = math.prod(sight.messages.shape) * arrays.itemsize(xp, mean)
        groups = list(arrays.chunks(len(factors), bytes_each))
        harms = xp.concat([self._harms(sight, mean, mean + trials[part, ...] * direction) for part in groups])
        index = xp.argmax(harms, axis=0)
        found = xp.max(harms, axis=0)
        numbers = xp.reshape(arrays.arange(xp, len(factors), mean), (len(factors), *(1 for _ in index.shape)))
        chosen = xp.where((numbers == index)[..., None, None], trials, xp.zeros_like(trials))
        better = found > top
        return xp.where(better[..., None, None], xp.sum(chosen, axis=0), scale), xp.where(better, found, top)

    def _harms(self, sight: Sight, mean: Array, points: Array) -> Array:
        """Squared distances (trials, ...) of the results from the honest mean, for points (trials, ..., 1, q)."""
        assert sight.rule is not None
        xp = sight.xp
        messages = xp.where(sight.byzantine[..., None], points, sight.messages)
        result = sight.rule(messages) if sight.f is None else sight.rule(messages, f=sight.f)
        return xp.sum((result - mean[..., 0, :]) ** 2, axis=-1)


def _directions(sight: Sight) -> Iterator[Array]:
    """Directions (..., 1, q) whose norm is the root mean square of the norms of the honest deviations."""
    xp = sight.xp
    deviations, spread = sight.honest_deviations(), sight.honest_spread()
    length = xp.sqrt(xp.sum(spread * spread, axis=-1, keepdims=True))
    norms = xp.sum(deviations * deviations, axis=-1)
    farthest = arrays.arange(xp, deviations.shape[-2], deviations) == xp.argmax(norms, axis=-1)[..., None]
    _, vectors = xp.linalg.eigh(deviations @ xp.matrix_transpose(deviations))
    candidates = (
        sight.honest_mean(),
        spread,
        xp.sign(sight.honest_mean()) * spread,
        xp.where(spread > 0, xp.ones_like(spread), spread),
        xp.matrix_transpose(vectors[..., -1:]) @ deviations,
        xp.sum(xp.where(farthest[..., None], deviations, xp.zeros_like(deviations)), axis=-2, keepdims=True),
    )
    for vector in candidates:
        size = xp.sqrt(xp.sum(vector * vector, axis=-1, keepdims=True))
        unit = length * vector / xp.where(size > 0, size, xp.ones_like(size))
        yield unit
        yield -unit

"""Search for messages at which a rule deviates most: structured families first, then every coordinate freely.

The ratio to be maximised jumps wherever a rule selects other messages, and its best values lie next to such jumps.
The search therefore takes steps of all magnitudes at once, many in parallel, and keeps what is best: no gradients, no
smoothness. A candidate counts with the worse of two orders and signs of the messages: it cannot live on how ties are
broken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .exact_lstat import Norm
from .families import Family

Floats = npt.NDArray[np.float64]
#: Messages (batch, n, D) to aggregates (batch, D).
BatchRule = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Effort:
    """How much to search.

    Attributes
    ----------
    restarts : int
        Independent searches of each family, in parallel.
    offspring : int
        Candidates of each search and generation.
    generations : int
        For a family.
    screened : int
        Families that are searched longer after the first screening.
    free : int
        Generations of the search over all coordinates.
    """

    restarts: int = 3
    offspring: int = 10
    generations: int = 20
    screened: int = 4
    free: int = 150

    def within(self, evaluations: int) -> Effort:
        """The same with fewer generations, so that one family takes about this many evaluations of the rule."""
        most = max(3, evaluations // (self.offspring * (self.restarts + 6)))
        return replace(self, generations=min(self.generations, most), free=min(self.free, 3 * most))

    def first_look(self) -> Effort:
        """A fraction of the restarts and generations, to tell promising families from others."""
        return replace(self, restarts=max(1, self.restarts // 3), generations=max(3, self.generations // 6))


QUICK = Effort()
DEEP = Effort(restarts=8, offspring=16, generations=60, screened=12, free=1500)


def ratios(rule: BatchRule, honest: Floats, byzantine: Floats, norm: Norm) -> Floats:
    """Squared deviation over the squared norm of the honest deviations, the smaller for two orders and signs.

    Parameters
    ----------
    rule : callable
        (batch, n, D) to (batch, D).
    honest, byzantine : float arrays (batch, h, D), (batch, f, D)
    norm : {"mean", "max"}

    Returns
    -------
    float array (batch,)
        Minus infinity where the honest messages agree up to rounding, or something is not finite.
    """
    centre = honest.mean(axis=1, keepdims=True)
    squares = np.sum((honest - centre) ** 2, axis=2)
    below = squares.max(axis=1) if norm == "max" else squares.mean(axis=1)
    scale = np.max(np.abs(honest), axis=(1, 2), initial=0.0)
    results = []
    for sign, parts in ((1.0, (honest, byzantine)), (-1.0, (byzantine, honest))):
        output = sign * rule(sign * np.concatenate(parts, axis=1))
        results.append(np.sum((output - centre[:, 0]) ** 2, axis=1))
    above = np.minimum(*results)
    valid = (below > (1e-7 * scale) ** 2) & np.isfinite(above) & (below > 0)
    return np.where(valid, above / np.where(valid, below, 1.0), -np.inf)


def climb(
    objective: Callable[[Floats], Floats], start: Floats, generations: int, offspring: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Improve several points at once by random steps of all magnitudes.

    Parameters
    ----------
    objective : callable
        (batch, P) to (batch,), to be maximised.
    start : float array (restarts, P)
    generations, offspring : int
    rng : Generator

    Returns
    -------
    points, values : float arrays (restarts, P), (restarts,)
    """
    points, values = start.copy(), objective(start)
    restarts, size = points.shape
    for _ in range(generations):
        scale = 10.0 ** -rng.uniform(0.0, 5.0, (restarts, offspring, 1))
        some = rng.random((restarts, offspring, size)) < rng.choice([1.0, 0.5, 2.0 / size], (restarts, offspring, 1))
        extent = np.sqrt(np.mean(points**2, axis=1))[:, None, None] + 1e-12
        step = rng.standard_normal((restarts, offspring, size)) * scale * extent * some
        candidates = points[:, None, :] + step
        found = objective(candidates.reshape(-1, size)).reshape(restarts, offspring)
        best = np.argmax(found, axis=1)
        better = found[np.arange(restarts), best] > values
        points[better] = candidates[np.arange(restarts), best][better]
        values[better] = found[np.arange(restarts), best][better]
    return points, values


@dataclass(frozen=True)
class Found:
    """The best messages met.

    Attributes
    ----------
    value : float
        Their ratio in double precision.
    honest, byzantine : float arrays (h, D), (f, D)
        The messages.
    origin : str
        Which family, or "free".
    """

    value: float
    honest: Floats
    byzantine: Floats
    origin: str


def search_family(
    rule: BatchRule,
    family: Family,
    norm: Norm,
    effort: Effort,
    rng: np.random.Generator,
    start: Floats | None = None,
) -> tuple[Found, Floats]:
    """Search one family, from its typical configurations and random ones, or from given parameters.

    Parameters
    ----------
    rule : callable
        (batch, n, D) to (batch, D).
    family : Family
    norm : {"mean", "max"}
    effort : Effort
    rng : Generator
    start : float array (any, parameters) or None

    Returns
    -------
    Found
        The best.
    float array (1, parameters)
        Its parameters.
    """

    def objective(parameters: Floats) -> Floats:
        return ratios(rule, *family.build(parameters), norm)

    if start is None:
        start = np.concatenate([family.typical(), rng.standard_normal((effort.restarts, family.parameters))])
    points, values = climb(objective, start, effort.generations, effort.offspring, rng)
    best = int(np.argmax(values))
    honest, byzantine = family.build(points[best : best + 1])
    found = Found(float(values[best]), honest[0], byzantine[0], f"groups {family.honest} and {family.byzantine}")
    return found, points[best : best + 1]


def search_free(rule: BatchRule, start: Found, norm: Norm, effort: Effort, rng: np.random.Generator) -> Found:
    """Move every coordinate of every message, from a configuration on.

    Parameters
    ----------
    rule : callable
        (batch, n, D) to (batch, D).
    start : Found
    norm : {"mean", "max"}
    effort : Effort
    rng : Generator

    Returns
    -------
    Found
        At least as good as the start.
    """
    h = len(start.honest)
    both = np.concatenate([start.honest, start.byzantine])

    def objective(points: Floats) -> Floats:
        messages = points.reshape(len(points), *both.shape)
        return ratios(rule, messages[:, :h], messages[:, h:], norm)

    points, values = climb(objective, both.reshape(1, -1), effort.free, 2 * effort.offspring, rng)
    if values[0] <= start.value:
        return start
    messages = points[0].reshape(both.shape)
    return Found(float(values[0]), messages[:h], messages[h:], "free")

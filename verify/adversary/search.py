"""Search for messages at which a rule deviates most: structured families first, then every coordinate freely.

The ratio to be maximised jumps wherever a rule selects other messages, and its best values lie next to such jumps. The search
therefore takes steps of all magnitudes at once, many in parallel, and keeps what is best: no gradients, no smoothness. A
candidate counts with the worse of two orders of the messages, so that it cannot live on how ties are broken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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

    restarts: int = 4
    offspring: int = 12
    generations: int = 25
    screened: int = 6
    free: int = 200


QUICK = Effort()
DEEP = Effort(restarts=8, offspring=16, generations=80, screened=12, free=1500)


def ratios(rule: BatchRule, honest: Floats, byzantine: Floats, norm: Norm) -> Floats:
    """Squared deviation over the squared norm of the honest deviations, the smaller of two orders of the messages.

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
    for parts in ((honest, byzantine), (byzantine, honest)):
        output = rule(np.concatenate(parts, axis=1))
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


def search_family(rule: BatchRule, family: Family, norm: Norm, effort: Effort, rng: np.random.Generator) -> Found:
    """Search one family.

    Parameters
    ----------
    rule : callable
        (batch, n, D) to (batch, D).
    family : Family
    norm : {"mean", "max"}
    effort : Effort
    rng : Generator

    Returns
    -------
    Found
    """

    def objective(parameters: Floats) -> Floats:
        return ratios(rule, *family.build(parameters), norm)

    start = rng.standard_normal((effort.restarts, family.parameters))
    points, values = climb(objective, start, effort.generations, effort.offspring, rng)
    best = int(np.argmax(values))
    honest, byzantine = family.build(points[best : best + 1])
    return Found(float(values[best]), honest[0], byzantine[0], f"groups {family.honest}, {family.byzantine}")


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
    h, dim = start.honest.shape
    both = np.concatenate([start.honest, start.byzantine])

    def objective(points: Floats) -> Floats:
        messages = points.reshape(len(points), *both.shape)
        return ratios(rule, messages[:, :h], messages[:, h:], norm)

    points, values = climb(objective, both.reshape(1, -1), effort.free, 4 * effort.offspring, rng)
    if values[0] <= start.value:
        return start
    messages = points[0].reshape(both.shape)
    return Found(float(values[0]), messages[:h], messages[h:], "free")

"""Error floors: where runs settle that start at the optimum, with adversaries and compressors of their own.

The iterations are written out here, and not taken from the training loop: Byzantine devices picked anew in every
iteration after the tasks, an aggregation error of the largest size that the descent allows, one compressor for all
devices, one task for all devices.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ..bounds.statement import Statement
from ..simulate.aggregation import TrimmedMean
from .exact.cra_worlds import equal_loads
from .points import Tally, bound
from .probe import Probe, Settings
from .trajectory import judge
from .verdict import Check, Verdict

Floats = npt.NDArray[np.float64]

#: Far beyond every message; a trimmed mean leaves it out, so that its size does not matter.
_FAR = 1e6


@dataclass(frozen=True)
class Settled:
    """What runs settled at.

    Attributes
    ----------
    samples : numpy.ndarray
        ``||grad F||^2`` of each run, averaged over iterations.
    values : dict
        Values of the statement's symbols.
    point : dict
        For the verdict.
    """

    samples: Floats
    values: dict[str, Any]
    point: dict[str, Any]


def check_settled(
    statement: Statement, settings: Settings, observe: Callable[[Settings], Iterator[Settled]]
) -> Verdict:
    """Compare an upper bound on a floor with runs; see :func:`~byzbounds.verify.trajectory.judge` for the test."""
    tally = Tally(statement, Check.TRAJECTORY)
    found = list(observe(settings))
    ratio = 0.0
    for seen in found:
        value = bound(statement, seen.values)
        if value is None:
            tally.skip()
            continue
        outcome, mean, stderr = judge(seen.samples, float(value), settings.level / len(found))
        ratio = max(ratio, mean / float(value) if value else 0.0)
        tally.add(outcome, seen.point, mean, float(value), samples=len(seen.samples), stderr=stderr)
    return tally.verdict(f"runs from the optimum; largest measured value over bound: {ratio:.3g}")


def aligned_errors(settings: Settings) -> Iterator[Settled]:
    """Gradient descent on ``L x^2 / 2`` with the largest admissible error against it, in every iteration."""
    del settings
    for devices, smooth, share in itertools.product((3, 10), (1, 8), (Fraction(0), Fraction(1, 4), Fraction(16, 25))):
        err_0, err_1 = Fraction(1, 50), share / devices**2
        gamma, x, seen = 0.5 * devices / smooth, 0.0, []
        for _ in range(4000):
            gradient = smooth * x
            x -= gamma * (gradient / devices - math.sqrt(err_0 + err_1 * gradient**2))
            seen.append(gradient**2)
        values = {"N": devices, "err_0": err_0, "err_1": err_1}
        point = {name: str(value) for name, value in values.items()} | {"L": smooth}
        yield Settled(np.full(2, np.mean(seen[2000:])), values, point)


def split(devices: int, byzantine: int) -> Floats:
    """2f low values and N - 2f high ones that add up to zero: the trimmed mean's worst, if f low ones are replaced."""
    low, high = -float(devices - 2 * byzantine), 2.0 * byzantine
    return np.array([low] * (2 * byzantine) + [high] * (devices - 2 * byzantine))


def _pushed(messages: Floats, byzantine: int) -> Floats:
    """The trimmed mean when those of the f lowest messages are replaced by far ones: scalars, devices on axis -1."""
    received = np.sort(messages, axis=-1)
    received[..., :byzantine] = _FAR
    return np.asarray(TrimmedMean(f=byzantine)(received[..., None]))[..., 0]


def iterates(gradients: Callable[[Floats], Floats], start: Floats, gamma: float, byzantine: int, steps: int) -> Floats:
    """All iterates, shape (steps + 1, runs), when the f lowest messages of every iteration are replaced."""
    found = [start]
    for _ in range(steps):
        found.append(found[-1] - gamma * _pushed(gradients(found[-1]), byzantine))
    return np.array(found)


def settle(
    gradients: Callable[[Floats], Floats], runs: int, gamma: float, byzantine: int, subsets: int, steps: int
) -> Floats:
    """Averages of ``||grad F||^2`` over the second half, for ``F = sum (x - a_k)^2 / 2`` with the a_k adding to 0."""
    found = iterates(gradients, np.zeros(runs), gamma, byzantine, steps)
    return np.asarray(np.mean((subsets * found[steps // 2 + 1 :]) ** 2, axis=0))


@dataclass(frozen=True)
class Adaptive:
    """A location problem in one dimension, against an adversary that picks the Byzantine devices last.

    Attributes
    ----------
    gradients : callable
        Models (runs,) -> messages (runs, N), with tasks drawn anew.
    centres : numpy.ndarray
        The a_k, adding up to zero.
    byzantine : int
        f.
    values, point : dict
        Of the symbols, and for the verdict.
    """

    gradients: Callable[[Floats], Floats]
    centres: Floats
    byzantine: int
    values: dict[str, Any]
    point: dict[str, Any]


def _lad_rounds(settings: Settings) -> Iterator[Adaptive]:
    """LAD with the cyclic matrix: centres at which the trimmed mean is worst, and drawn ones."""
    rng = settings.rng()
    for (devices, byzantine), load, drawn in itertools.product(((4, 1), (9, 2), (10, 4)), (1, 2, 4), (False, True)):
        centres = split(devices, byzantine) if not drawn else rng.normal(size=devices)
        centres = centres - centres.mean()

        def gradients(x: Floats, centres: Floats = centres, load: int = load) -> Floats:
            order = rng.permuted(np.broadcast_to(centres, (len(x), len(centres))), axis=1)
            window = sum(np.roll(order, -k, axis=1) for k in range(load)) / load
            return np.asarray(x[:, None] - window)

        values = {
            "N": devices,
            "H": devices - byzantine,
            "d": load,
            "kappa": Fraction(byzantine, devices - 2 * byzantine),
            "beta": math.sqrt(float(np.mean(centres**2))),
        }
        point = {"N": devices, "H": devices - byzantine, "d": load, "drawn": drawn}
        yield Adaptive(gradients, centres, byzantine, values, point)


def _cra_rounds(settings: Settings) -> Iterator[Adaptive]:
    """CRA-DL with equal loads and overlaps."""
    rng = settings.rng()
    identities = tuple(tuple((i,) for i in range(devices)) for devices in (4, 8))
    designs = (
        rows for rows in equal_loads() if len({len({*a} & {*b}) for a, b in itertools.combinations(rows, 2)}) == 1
    )
    for blocks in (*identities, *designs):
        devices, subsets, held = len(blocks), max(map(max, blocks)) + 1, len(blocks[0])
        weights = np.zeros((devices, subsets))
        for device, block in enumerate(blocks):
            weights[device, list(block)] = subsets / (devices * held)
        for byzantine, drawn in itertools.product(range(1, (devices - 1) // 2 + 1), (False, True)):
            centres = rng.normal(size=subsets) if drawn else (-1.0) ** np.arange(subsets)
            centres = centres - centres.mean()

            def gradients(x: Floats, weights: Floats = weights, centres: Floats = centres) -> Floats:
                return np.asarray((x[:, None] - centres) @ weights.T)

            values = {
                "N": devices,
                "M": subsets,
                "r": held,
                "alpha": Fraction(byzantine, devices),
                "kappa": Fraction(byzantine, devices - 2 * byzantine),
                "beta": float(np.abs(centres).max()),
            }
            point = {"blocks": [list(block) for block in blocks], "f": byzantine, "drawn": drawn}
            yield Adaptive(gradients, centres, byzantine, values, point)


def adaptive(lad: bool, observed: str, settings: Settings) -> Iterator[Settled]:
    """What an adversary that picks the Byzantine devices of every iteration last brings about.

    ``floor``: from the optimum, over the second half. ``mean``: from elsewhere, over all iterates. ``gap``: the loss at
    the end, over its minimum.
    """
    steps, runs = {"quick": (120, 256), "paper": (400, 256), "full": (2000, 1024)}[settings.preset]
    for round_ in _lad_rounds(settings) if lad else _cra_rounds(settings):
        subsets, devices = len(round_.centres), round_.values["N"]
        gamma = 0.5 * devices / subsets
        if observed == "floor":
            samples = settle(round_.gradients, runs, gamma, round_.byzantine, subsets, steps)
            yield Settled(samples, round_.values, round_.point)
            continue
        least = float(np.sum(round_.centres**2)) / 2
        start = np.full(runs, 3.0)
        length = steps // 10
        found = iterates(round_.gradients, start, gamma, round_.byzantine, length)
        kept = found[:-1] if lad else found
        samples = np.mean((subsets * kept) ** 2, axis=0) if observed == "mean" else subsets * found[-1] ** 2 / 2
        more = {"L": subsets, "mu_PL": subsets, "gamma0": Fraction(gamma), "T": length, "Fstar": Fraction(least)}
        more["F0"] = Fraction(least) + Fraction(9 * subsets, 2)
        yield Settled(samples, {**round_.values, **more}, round_.point)


def compressed(shared: bool, settings: Settings) -> Iterator[Settled]:
    """Com-LAD with random sparsification: the same support on all devices and the cyclic matrix, or one task for all.

    Byzantine devices send what is far in a fixed direction, or far along the honest mean's signs.
    """
    steps, runs = {"quick": (250, 16), "paper": (1000, 32), "full": (4000, 64)}[settings.preset]
    rng = settings.rng()
    dimension, gamma = 6, 0.02
    for (devices, byzantine, load), kept, along in itertools.product(((8, 1, 2), (9, 3, 1)), (3, 5), (False, True)):
        centres = rng.normal(size=(devices, dimension))
        centres -= centres.mean(axis=0)
        x, seen, rows = np.zeros((runs, dimension)), [], np.arange(runs)[:, None]
        for _ in range(steps):
            seen.append(np.sum((devices * x) ** 2, axis=1))
            order = rng.permuted(np.broadcast_to(np.arange(devices), (runs, devices)), axis=1)
            starts = rng.permuted(
                np.broadcast_to(np.arange(devices) if shared else np.zeros(devices, dtype=int), (runs, devices)), axis=1
            )
            window = sum(centres[order[rows, (starts + k) % devices]] for k in range(load)) / load
            draws = rng.random((runs, 1 if shared else devices, dimension))
            mask = np.argsort(np.argsort(draws, axis=-1), axis=-1) < kept
            sent = (x[:, None, :] - window) * mask * (dimension / kept)
            honest = sent[:, byzantine:].mean(axis=1, keepdims=True)
            sent[:, :byzantine] = _FAR * (np.sign(honest) if along else 1.0)
            x = x - gamma * np.asarray(TrimmedMean(f=byzantine)(sent))
        values = {
            "N": devices,
            "H": devices - byzantine,
            "d": load,
            "delta": Fraction(dimension, kept) - 1,
            "kappa": Fraction(byzantine, devices - 2 * byzantine),
            "beta": math.sqrt(float(np.mean(np.sum(centres**2, axis=1)))),
        }
        point = {name: str(value) for name, value in values.items()} | {"along": along, "gamma0": gamma}
        yield Settled(np.mean(seen, axis=0), values, point)


_OBSERVED: dict[str, Callable[[Settings], Iterator[Settled]]] = {
    "refined.descent.floor": aligned_errors,
    "refined.lad.adaptive.floor": partial(adaptive, True, "floor"),
    "refined.lad.adaptive.theorem": partial(adaptive, True, "mean"),
    "refined.lad.adaptive.pl": partial(adaptive, True, "gap"),
    "refined.cra.adaptive.floor": partial(adaptive, False, "floor"),
    "refined.cra.adaptive.theorem": partial(adaptive, False, "mean"),
    "refined.lad.shared.floor": partial(compressed, True),
    "refined.lad.one_task.floor": partial(compressed, False),
}

PROBES: tuple[Probe, ...] = tuple(
    Probe(key, Check.TRAJECTORY, partial(check_settled, observe=observe), "settled", random=True, stream="settled")
    for key, observe in _OBSERVED.items()
)

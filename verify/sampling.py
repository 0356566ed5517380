"""Random draws of LAD's honest messages at full size, for given gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .observables import Observable, Scales, spread_bounds

Floats = npt.NDArray[np.float64]

#: Numbers in an array of one chunk of draws: 16 MB of doubles.
_CHUNK = 2_000_000


@dataclass(frozen=True)
class Setting:
    """What Com-LAD does in one iteration.

    Attributes
    ----------
    honest, load : int
        H and d; N is the number of gradients.
    kept : int or None
        Coordinates that random sparsification keeps; None: no compression.
    rotations : int
        Antithetic draws: a sample is the average over this many rotations of the honest devices' tasks, equally
        spaced around the cyclic matrix. Each has the same law, so the average is unbiased, and a subset that few
        devices hold at one rotation is held by many at another.
    """

    honest: int
    load: int
    kept: int | None = None
    rotations: int = 1


def gaussian(devices: int, dimension: int, mean: float, rng: np.random.Generator) -> Floats:
    """Gradients with V = 1 exactly, in general position, and a mean of the given norm; shape (devices, dimension)."""
    gradients = rng.standard_normal((devices, dimension))
    gradients -= gradients.mean(axis=0)
    gradients /= math.sqrt(float(np.mean(np.sum(gradients**2, axis=1))))
    gradients[:, 0] += mean
    return gradients


def outlier(devices: int, mean: float) -> Floats:
    """Gradients with V = 1 of which all but one are equal, in one dimension; shape (devices, 1)."""
    gradients = np.zeros((devices, 1))
    gradients[0] = 1.0
    gradients -= gradients.mean()
    return np.asarray(gradients / math.sqrt(float(np.mean(gradients**2))) + mean)


class Bank:
    """Independent samples of an observable, drawn in blocks as they are asked for, and kept.

    Statements about the same observable are put to the same samples: each verdict keeps its own error probability,
    and a union bound over a family of verdicts does not need them to be independent.

    Parameters
    ----------
    observable : Observable
        What is sampled.
    gradients : numpy.ndarray, shape (N, q)
        Gradients of the subsets.
    setting : Setting
        The iteration.
    rng : numpy.random.Generator
        Used by this bank alone.
    """

    def __init__(self, observable: Observable, gradients: Floats, setting: Setting, rng: np.random.Generator) -> None:
        self._observable, self._gradients, self._setting, self._rng = observable, gradients, setting, rng
        devices, dimension = gradients.shape
        size = max(devices, 2 * setting.honest * setting.rotations) * dimension
        self._block = max(1, min(64, _CHUNK // size))
        self._blocks: list[Floats] = []

    def take(self, start: int, count: int) -> Floats:
        """Samples ``start`` to ``start + count``, always the same ones, shape (count,)."""
        while len(self._blocks) * self._block < start + count:
            self._blocks.append(_draw(self._observable, self._gradients, self._setting, self._rng, self._block))
        first, last = start // self._block, -(-(start + count) // self._block)
        offset = start - first * self._block
        return np.concatenate(self._blocks[first:last])[offset : offset + count]

    def reader(self) -> Callable[[int], Floats]:
        """A function that takes the samples from the beginning."""
        taken = 0

        def draw(count: int) -> Floats:
            nonlocal taken
            taken += count
            return self.take(taken - count, count)

        return draw


def _draw(
    observable: Observable,
    gradients: Floats,
    setting: Setting,
    rng: np.random.Generator,
    count: int,
) -> Floats:
    devices = gradients.shape[0]
    order = rng.permuted(np.broadcast_to(np.arange(devices), (count, devices)), axis=1)
    tasks = np.argpartition(rng.random((count, devices)), setting.honest - 1, axis=1)[:, : setting.honest]
    shifts = (np.arange(setting.rotations) * devices) // setting.rotations
    rows = (tasks[:, None, :] + shifts[:, None]) % devices
    windows = _windows(gradients[order], setting.load)
    coded = windows[np.arange(count)[:, None, None], rows]
    sent = coded if setting.kept is None else _sparsify(coded, setting.kept, rng)
    values: Floats = np.mean(observable.of(sent, coded, gradients.mean(axis=0)), axis=1)
    return values


def _windows(permuted: Floats, load: int) -> Floats:
    """Averages over the windows i..i+d-1 modulo N of axis 1: what device i computes with task i."""
    sums = np.cumsum(np.concatenate([permuted, permuted[:, :load]], axis=1), axis=1)
    sums = np.concatenate([np.zeros_like(sums[:, :1]), sums], axis=1)
    devices = permuted.shape[1]
    return np.asarray((sums[:, load : load + devices] - sums[:, :devices]) / load)


def _sparsify(coded: Floats, kept: int, rng: np.random.Generator) -> Floats:
    dimension = coded.shape[-1]
    mask = np.zeros(coded.shape)
    chosen = np.argpartition(rng.random(coded.shape), kept - 1, axis=-1)[..., :kept]
    np.put_along_axis(mask, chosen, dimension / kept, axis=-1)
    return np.asarray(coded * mask)


def honest_weights(devices: int, honest: int, load: int, rng: np.random.Generator, count: int) -> Floats:
    """Draws of ``|| h S / (d H) - 1 / N ||^2`` for the cyclic matrix, shape (count,)."""
    chosen = np.zeros((count, devices))
    np.put_along_axis(chosen, np.argpartition(rng.random((count, devices)), honest - 1, axis=1)[:, :honest], 1, axis=1)
    weights = _windows(chosen[:, :, None], load)[..., 0] / honest
    values: Floats = np.sum((weights - 1 / devices) ** 2, axis=1)
    return values


def scales(gradients: Floats, setting: Setting) -> Scales:
    """The bounds that an observable's ceiling is made of, for these gradients."""
    alone, together = spread_bounds(gradients, setting.load, setting.honest)
    blowup = 1.0 if setting.kept is None else gradients.shape[1] / setting.kept
    return Scales(setting.honest, float(np.linalg.norm(gradients.mean(axis=0))), alone, together, blowup)


def rounding(gradients: Floats) -> float:
    """Absolute floating-point error of an observable: sums over N terms of products of entries of the gradients."""
    largest = float(np.max(np.sum(gradients**2, axis=1)))
    return float(64 * gradients.shape[0] * np.finfo(np.float64).eps * largest)

"""delta of the compressors by running through all their outcomes, in rationals."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial

import numpy as np

from ..simulate.compression import (
    QSGD,
    Bernoulli,
    Composition,
    Compressor,
    Natural,
    RandomSparsification,
    StochasticQuantisation,
    TernGrad,
)
from .cases import Case, Observer, check_cases
from .probe import Probe, Settings
from .verdict import Check

Vector = tuple[Fraction, ...]


def error_ratio(compressor: Compressor, vector: Vector) -> Fraction:
    """``E||C(g) - g||^2 / ||g||^2`` over all outcomes, which have to average to g exactly.

    Raises
    ------
    ValueError
        If the probabilities do not add up to one, or the compressor is biased at this vector.
    """
    total, error = Fraction(0), Fraction(0)
    mean = [Fraction(0)] * len(vector)
    for probability, value in compressor.outcomes(vector):
        total += probability
        mean = [entry + probability * coordinate for entry, coordinate in zip(mean, value, strict=True)]
        error += probability * sum((a - b) ** 2 for a, b in zip(value, vector, strict=True))
    if total != 1 or tuple(mean) != vector:
        raise ValueError(f"{compressor!r} is biased at {[str(entry) for entry in vector]}: its mean is {mean}")
    return error / sum(entry**2 for entry in vector)


def vectors(dimension: int, settings: Settings) -> Iterator[Vector]:
    """Non-zero vectors on a small grid, and random ones; among the first those with a rational norm."""
    grid = range(-2, 3) if dimension <= 3 else (0, 1, 2)
    every = [tuple(Fraction(entry) for entry in point) for point in itertools.product(grid, repeat=dimension)]
    limit = {"quick": 40, "paper": 200, "full": 1000}[settings.preset]
    rng = settings.rng()
    chosen = [every[int(i)] for i in rng.permutation(len(every))[:limit]]
    yield from (vector for vector in (*_special(dimension), *chosen) if any(vector))


def _special(dimension: int) -> Iterator[Vector]:
    """Where the constants are attained: all of one size, opposite extremes, one large and small ones, 4/3."""
    zeros = (Fraction(0),) * dimension
    yield (Fraction(1),) * dimension
    yield (Fraction(4, 3), *zeros[1:])
    if dimension >= 2:
        yield (Fraction(1), Fraction(-1), *zeros[2:])
        root = round((dimension - 1) ** 0.5)
        for small in (Fraction(1, 3), Fraction(1, 2), Fraction(1, root + 1)):
            yield (Fraction(1), *[small] * (dimension - 1))


def _worst(
    compressors: Iterator[tuple[Compressor, int, dict[str, Fraction | int]]], settings: Settings
) -> Iterator[Case]:
    for compressor, dimension, values in compressors:
        for vector in vectors(dimension, settings):
            try:
                ratio = error_ratio(compressor, vector)
            except ValueError as error:
                if "rational" in str(error):
                    continue
                raise
            yield Case(ratio, {"Q": dimension, **values}, {"vector": [str(entry) for entry in vector]})


def _randk() -> Iterator[tuple[Compressor, int, dict[str, Fraction | int]]]:
    for dimension in (1, 2, 3, 4):
        for kept in range(1, dimension + 1):
            yield RandomSparsification(k=kept), dimension, {"k": kept}


def _bernoulli() -> Iterator[tuple[Compressor, int, dict[str, Fraction | int]]]:
    for probability in (0.25, 0.5, 1.0):
        for dimension in (1, 2, 3):
            yield Bernoulli(p=probability), dimension, {"p": Fraction(probability)}


def _sized(make: type[Compressor], smallest: int) -> Iterator[tuple[Compressor, int, dict[str, Fraction | int]]]:
    for dimension in range(smallest, 6):
        yield make(), dimension, {}


def _levels(counts: tuple[int, ...]) -> Iterator[tuple[Compressor, int, dict[str, Fraction | int]]]:
    for levels in counts:
        for dimension in (1, 2, 3, 4):
            yield QSGD(levels=levels), dimension, {"s": levels}


def _composed() -> Iterator[tuple[Compressor, int, dict[str, Fraction | int]]]:
    both = Composition(Bernoulli(p=0.5), RandomSparsification(k=1))
    for dimension in (1, 2, 3):
        yield both, dimension, {"delta1": 1, "delta2": dimension - 1}


def on_sphere(parameters: Sequence[int]) -> Vector:
    """A vector of whole numbers' quotients with norm one, by stereographic projection."""
    square = sum(entry**2 for entry in parameters)
    return (*(Fraction(2 * entry, 1 + square) for entry in parameters), Fraction(square - 1, square + 1))


def _climb(compressor: Compressor, dimension: int, rng: np.random.Generator, rounds: int) -> tuple[Fraction, Vector]:
    """The largest error ratio that steps to neighbours on a grid of rational unit vectors lead to."""
    scale = 3
    best = [int(entry) for entry in rng.integers(-4, 5, dimension - 1)]
    highest = error_ratio(compressor, on_sphere(best))
    for _ in range(rounds):
        tried = [
            entry + int(step) for entry, step in zip(best, rng.integers(-scale, scale + 1, dimension - 1), strict=True)
        ]
        ratio = error_ratio(compressor, on_sphere(tried))
        if ratio > highest:
            highest, best = ratio, tried
    return highest, on_sphere(best)


def _searched(settings: Settings) -> Iterator[Case]:
    """The largest error of QSGD that a search over vectors of rational norm finds, evaluated over all outcomes."""
    rng = settings.rng()
    rounds, starts = {"quick": (30, 2), "paper": (150, 5), "full": (500, 10)}[settings.preset]
    for levels, dimension, _ in itertools.product((1, 2, 4), (2, 3, 4), range(starts)):
        ratio, vector = _climb(QSGD(levels=levels), dimension, rng, rounds)
        yield Case(ratio, {"Q": dimension, "s": levels}, {"vector": [str(entry) for entry in vector]})


def _observer(make: partial[Iterator[tuple[Compressor, int, dict[str, Fraction | int]]]]) -> Observer:
    def observer(settings: Settings) -> Iterator[Case]:
        return _worst(make(), settings)

    return observer


_COMPRESSORS = {
    "randk": partial(_randk),
    "bernoulli": partial(_bernoulli),
    "two_level": partial(_sized, StochasticQuantisation, 2),
    "terngrad": partial(_sized, TernGrad, 2),
    "natural": partial(_sized, Natural, 1),
    "qsgd": partial(_levels, (1, 2, 4)),
    "qsgd_levels": partial(_levels, (1, 2, 4)),
    "qsgd_norm": partial(_levels, (1, 2, 4)),
    "qsgd_sign": partial(_levels, (1,)),
    "composition": partial(_composed),
}

PROBES: tuple[Probe, ...] = (
    *(
        Probe(
            f"compression.delta.{name}",
            Check.EXACT,
            partial(check_cases, observer=_observer(make)),
            stream="compression",
        )
        for name, make in _COMPRESSORS.items()
    ),
    *(
        Probe(
            f"compression.delta.{name}",
            Check.ADVERSARY,
            partial(check_cases, observer=_searched, check=Check.ADVERSARY),
            stream="compression.search",
        )
        for name in ("qsgd", "qsgd_levels", "qsgd_norm")
    ),
)

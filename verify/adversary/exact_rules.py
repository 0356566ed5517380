"""Aggregation rules in exact rational arithmetic, written independently of the array implementations.

A witness of a worst case counts only when these agree with it: no rounding decides which message a rule selects.
Messages are object arrays (n, q) of int or Fraction; at a tie the first message wins.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

Exact = npt.NDArray[Any]
ExactRule = Callable[[Exact, int], Exact]
ExactStep = Callable[[Exact, int], Exact]


def squared_distances(messages: Exact) -> Exact:
    """All squared distances.

    Parameters
    ----------
    messages : object array (n, q)

    Returns
    -------
    object array (n, n)
    """
    gram = messages @ messages.T
    squares = np.diagonal(gram)
    result: Exact = squares[:, None] + squares[None, :] - 2 * gram
    return result


def _total(messages: Exact) -> Exact:
    total: Exact = messages.sum(axis=0)
    return total


def _divided(values: Exact, by: int) -> Exact:
    return np.array([Fraction(value) / by for value in values], dtype=object)


def mean(messages: Exact, f: int = 0) -> Exact:
    """Average of all messages."""
    del f
    return _divided(_total(messages), len(messages))


def trimmed_mean(messages: Exact, f: int, cut: int | None = None) -> Exact:
    """Coordinate-wise mean without the ``cut`` (default f) smallest and largest values."""
    cut = f if cut is None else cut
    n = len(messages)
    return mean(np.sort(messages, axis=0)[cut : n - cut])


def median(messages: Exact, f: int = 0, lower: bool = False) -> Exact:
    """Coordinate-wise median: the mean of the middle two, or the lower of them."""
    del f
    ordered, n = np.sort(messages, axis=0), len(messages)
    return mean(ordered[(n - 1) // 2 : (n - 1) // 2 + 1 if lower else n // 2 + 1])


def weighted(messages: Exact, f: int, weights: tuple[Fraction, ...]) -> Exact:
    """Any L-statistic: weights on the sorted values of each coordinate."""
    del f
    total: Exact = np.array(weights, dtype=object) @ np.sort(messages, axis=0)
    return total


def krum_scores(messages: Exact, neighbours: int) -> list[Any]:
    """Sum of the squared distances to the nearest ``neighbours`` other messages."""
    distances = squared_distances(messages)
    scores = []
    for i, row in enumerate(distances):
        others = sorted(value for j, value in enumerate(row) if j != i)
        scores.append(sum(others[: max(neighbours, 0)]))
    return scores


def krum(messages: Exact, f: int, fewer: int = 1) -> Exact:
    """The message of least score over its ``n - f - fewer`` nearest others (1: the n-f nearest with itself)."""
    scores = krum_scores(messages, len(messages) - f - fewer)
    return _divided(messages[scores.index(min(scores))], 1)


def krum_nearest(messages: Exact, f: int, neighbours: int) -> Exact:
    """The message of least score over a given number of nearest messages, itself among them."""
    del f
    scores = krum_scores(messages, neighbours - 1)
    return _divided(messages[scores.index(min(scores))], 1)


def multi_krum(messages: Exact, f: int, fewer: int = 1, m: int | None = None) -> Exact:
    """Mean of the m (default n - f) messages of least score."""
    scores = krum_scores(messages, len(messages) - f - fewer)
    best = sorted(range(len(messages)), key=lambda i: (scores[i], i))[: len(messages) - f if m is None else m]
    return mean(messages[best])


def around(messages: Exact, f: int, centre: ExactRule) -> Exact:
    """Per coordinate, the mean of the n - f values nearest to a centre, the smaller one at a tie: Phocas and MeaMed."""
    middle, n = centre(messages, f), len(messages)
    result = []
    for column, c in zip(messages.T, middle, strict=True):
        nearest = sorted(column, key=lambda x: (abs(x - c), x))[: n - f]
        result.append(Fraction(sum(nearest)) / (n - f))
    return np.array(result, dtype=object)


def vector_around(messages: Exact, f: int, centre: ExactRule) -> Exact:
    """The mean of the n - f vectors nearest to a centre."""
    offset = messages - centre(messages, f)[None, :]
    squares, n = (offset * offset).sum(axis=1), len(messages)
    return mean(messages[sorted(range(n), key=lambda i: (squares[i], i))[: n - f]])


def faba(messages: Exact, f: int) -> Exact:
    """f times: drop the message farthest from the mean of those left; then the mean."""
    left = messages
    for _ in range(f):
        offset = left * len(left) - _total(left)[None, :]
        squares = list((offset * offset).sum(axis=1))
        farthest = squares.index(max(squares))
        left = np.delete(left, farthest, axis=0)
    return mean(left)


def mda(messages: Exact, f: int) -> Exact:
    """Mean of the n - f messages of least diameter, then of least sum of squared distances."""
    distances = squared_distances(messages)

    def size(kept: tuple[int, ...]) -> tuple[Any, Any]:
        inside = distances[np.ix_(kept, kept)]
        return inside.max(), inside.sum()

    kept = min(itertools.combinations(range(len(messages)), len(messages) - f), key=size)
    return mean(messages[list(kept)])


def smea(messages: Exact, f: int) -> Exact:
    """Mean of the n - f messages whose covariance has the least largest eigenvalue.

    Raises
    ------
    ValueError
        If two subsets come nearer to each other than eigenvalues are known.
    """
    n, best = len(messages), []
    for kept in itertools.combinations(range(n), n - f):
        rows = messages[list(kept)] * (n - f)
        centred = (rows - messages[list(kept)].sum(axis=0)[None, :]).astype(np.float64)
        gram = centred @ centred.T
        best.append((float(np.linalg.eigvalsh(gram)[-1]), kept))
    best.sort()
    if len(best) > 1 and best[1][0] - best[0][0] <= 1e-9 * best[0][0]:
        same = {
            tuple(sorted(map(tuple, messages[list(kept)]))) for value, kept in best if value <= best[0][0] * (1 + 1e-9)
        }
        if len(same) > 1:
            raise ValueError("SMEA: the two best subsets have the same eigenvalue up to rounding")
    return mean(messages[list(best[0][1])])


def bulyan(messages: Exact, f: int) -> Exact:
    """Choose n - 2f messages by repeated Krum, then average per coordinate the n - 4f nearest to their median."""
    left, chosen = messages, []
    for _ in range(len(messages) - 2 * f):
        scores = krum_scores(left, max(1, len(left) - f - 2))
        best = scores.index(min(scores))
        chosen.append(left[best])
        left = np.delete(left, best, axis=0)
    return around(np.array(chosen, dtype=object), 2 * f, median)


def norm_thresholding(messages: Exact, f: int) -> Exact:
    """Drop the f messages of largest norm, average the rest."""
    squares, n = (messages * messages).sum(axis=1), len(messages)
    return mean(messages[sorted(range(n), key=lambda i: (squares[i], i))[: n - f]])


def bucketing(messages: Exact, f: int, size: int = 2) -> Exact:
    """Means of consecutive buckets."""
    del f
    buckets = [messages[start : start + size] for start in range(0, len(messages), size)]
    return np.array([mean(bucket) for bucket in buckets], dtype=object)


def nnm(messages: Exact, f: int) -> Exact:
    """Each message becomes the mean of the n - f nearest to it, itself included."""
    n, distances = len(messages), squared_distances(messages)
    mixed = []
    for i in range(n):
        nearest = sorted(range(n), key=lambda j: (j != i, distances[i, j], j))[: n - f]
        mixed.append(mean(messages[nearest]))
    return np.array(mixed, dtype=object)


def compose(first: ExactStep, second: ExactRule) -> ExactRule:
    """A pre-aggregation followed by a rule that commutes with scaling, both with the same f."""

    def run(messages: Exact, f: int) -> Exact:
        whole, scale = _whole(first(messages, f))
        return _divided(second(whole, f), scale)

    return run


def _whole(messages: Exact) -> tuple[Exact, int]:
    """Messages times their common denominator, and that: whole numbers are many times faster than fractions."""
    scale = math.lcm(*(Fraction(x).denominator for x in messages.flat))
    return np.array([[int(x * scale) for x in row] for row in messages], dtype=object), scale


#: Rules by their name on the command line.
EXACT_RULES: dict[str, ExactRule] = {
    "mean": mean,
    "cwtm": trimmed_mean,
    "median": median,
    "median-lower": partial(median, lower=True),
    "krum": krum,
    "krum-blanchard": partial(krum, fewer=2),
    "krum-inclusive": partial(krum, fewer=3),
    "multikrum": multi_krum,
    "phocas": partial(around, centre=trimmed_mean),
    "phocas-vector": partial(vector_around, centre=trimmed_mean),
    "meamed": partial(around, centre=median),
    "faba": faba,
    "mda": mda,
    "bulyan": bulyan,
    "smea": smea,
    "norm-thresholding": norm_thresholding,
}
EXACT_STEPS: dict[str, ExactStep] = {"nnm": nnm, "bucketing": bucketing}

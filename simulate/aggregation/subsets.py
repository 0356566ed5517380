"""Rules that search among the subsets of n-f messages: minimum diameter (MDA), smallest maximum eigenvalue (SMEA)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .. import arrays
from ..arrays import Array, Namespace
from .base import Rule
from .span import span

Matrix = npt.NDArray[np.float64]
Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, repr=False)
class MDA(Rule):
    """Minimum diameter averaging (El Mhamdi et al. 2021): the mean of the n-f messages of smallest diameter.

    Where several subsets have it, the one with the smallest sum of squared distances is taken, then the one that is
    found first. A subset has diameter at most D where the messages left out cover every pair at a distance above D: D
    is found by bisection over the distances, each time by a search for a vertex cover of size f, and then all such
    covers are compared. That takes milliseconds up to f of about 20, and a time exponential in f at worst.

    Parameters
    ----------
    f
        Number of Byzantine messages.
    max_nodes
        Size of a search beyond which the rule gives up with a ValueError.
    """

    max_nodes: int = 1_000_000

    tie_sensitive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "max_nodes", arrays.whole("MDA", "max_nodes", self.max_nodes, lower=1))

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        assert self.f is not None
        space = span(xp, values, check)
        distances = arrays.to_host(space.distances)
        chosen = np.stack([_smallest_diameter(one, self.f, self) for one in distances.astype(np.float64)])
        weights = arrays.to_namespace(xp, chosen.astype(np.float64), values)
        return space.combine(weights / (values.shape[-2] - self.f))


@dataclass(frozen=True, repr=False)
class SMEA(Rule):
    """Smallest maximum eigenvalue averaging (Allouah et al. 2023): mean of the n-f messages of smallest covariance.

    Covariances are compared by their largest eigenvalue; the first subset in lexicographic order wins a tie. All
    subsets are bounded from below, by ||C||_F^2 / tr C, and eigenvalues are computed in the order of the bounds until
    the bound exceeds the best one.

    Parameters
    ----------
    f
        Number of Byzantine messages.
    max_subsets
        Number of subsets beyond which the rule refuses with a ValueError.
    """

    max_subsets: int = 500_000

    tie_sensitive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "max_subsets", arrays.whole("SMEA", "max_subsets", self.max_subsets, lower=1))

    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        assert self.f is not None
        n = values.shape[-2]
        count = math.comb(n, self.f)
        if count > self.max_subsets:
            raise ValueError(
                f"{self!r} would compare {count} subsets of n={n} messages, more than max_subsets={self.max_subsets}"
            )
        space = span(xp, values, check)
        grams = arrays.to_host(space.gram).astype(np.float64)
        chosen = np.stack([_smallest_eigenvalue(gram, self.f) for gram in grams])
        return space.combine(arrays.to_namespace(xp, chosen.astype(np.float64), values) / (n - self.f))


def _smallest_diameter(distances: Matrix, f: int, rule: MDA) -> Rows:
    """Mask (n,) of the chosen messages, from their squared distances (n, n)."""
    n = len(distances)
    levels = np.unique(distances[np.triu_indices(n, 1)]) if n > 1 else np.zeros(1)
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        cover = next(_Covers(distances > levels[middle], f, rule).search(), None)
        low, high = (middle + 1, high) if cover is None else (low, middle)
    best, smallest = np.ones(n, dtype=bool), math.inf
    for cover in _Covers(distances > levels[low], f, rule).search():
        kept = _fill(distances, ~cover, f)
        spread = float(distances[np.ix_(kept, kept)].sum())
        if spread < smallest:
            best, smallest = kept, spread
    return best


def _fill(distances: Matrix, kept: Rows, f: int) -> Rows:
    """Leave out more messages, the most distant from the others first, until f are."""
    kept = kept.copy()
    while (~kept).sum() < f:
        totals = np.where(kept, distances[:, kept].sum(axis=1), -math.inf)
        kept[int(np.argmax(totals))] = False
    return kept


class _Covers:
    """Enumerate, as masks (n,), vertex covers of at most `size` vertices, every minimal one among them.

    A vertex is in the cover, or all of its neighbours are: the search branches on the vertex with the most uncovered
    edges, takes it at once where it has more of them than vertices are left, and gives up a branch where the edges that
    remain are more than the vertices left could cover.
    """

    def __init__(self, edges: Rows, size: int, rule: MDA) -> None:
        self.edges, self.size, self.rule, self.nodes = edges, size, rule, 0

    def search(self) -> Any:
        """Yield the covers in a fixed order."""
        yield from self._branch(self.edges.copy(), np.zeros(len(self.edges), dtype=bool))

    def _branch(self, edges: Rows, cover: Rows) -> Any:
        self.nodes += 1
        if self.nodes > self.rule.max_nodes:
            raise ValueError(f"{self.rule!r} gave up: more than {self.rule.max_nodes} branches for n={len(cover)}")
        degrees = edges.sum(axis=1)
        vertex = int(degrees.argmax())
        degree, left = int(degrees[vertex]), self.size - int(cover.sum())
        if degree == 0:
            yield cover
            return
        if int(degrees.sum()) > 2 * degree * left:
            return
        alone = np.zeros_like(cover)
        alone[vertex] = True
        yield from self._branch(*_covered(edges, cover, alone))
        if degree <= left:
            yield from self._branch(*_covered(edges, cover, edges[vertex]))


def _covered(edges: Rows, cover: Rows, added: Rows) -> tuple[Rows, Rows]:
    rest = edges & ~added
    rest[added] = False
    return rest, cover | added


def _smallest_eigenvalue(gram: Matrix, f: int) -> Rows:
    """Mask (n,) of the n-f messages whose covariance has the smallest largest eigenvalue, from the Gram matrix."""
    n = len(gram)
    kept = n - f
    subsets = np.array(list(combinations(range(n), kept)))
    block = max(1, 2**22 // (8 * kept * kept))
    bounds = np.concatenate([_bounds(_centred(gram, part)) for part in _parts(subsets, block)])
    order = np.argsort(bounds, kind="stable")
    best, smallest = 0, math.inf
    for part in _parts(order, min(block, 64)):
        if bounds[part[0]] > smallest:
            break
        values = np.linalg.eigvalsh(_centred(gram, subsets[part]))[:, -1]
        index = int(values.argmin())
        if values[index] < smallest or (values[index] == smallest and part[index] < best):
            best, smallest = int(part[index]), float(values[index])
    mask = np.zeros(n, dtype=bool)
    mask[subsets[best]] = True
    return mask


def _parts(rows: npt.NDArray[np.int64], size: int) -> Any:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _centred(gram: Matrix, subsets: npt.NDArray[np.int64]) -> Matrix:
    """Gram matrices (count, kept, kept) of subsets (count, kept) around their own means."""
    part = gram[subsets[:, :, None], subsets[:, None, :]]
    rows = part.mean(axis=-1, keepdims=True)
    centred: Matrix = part - rows - np.swapaxes(rows, -1, -2) + rows.mean(axis=-2, keepdims=True)
    return centred


def _bounds(grams: Matrix) -> Matrix:
    """Lower bounds (count,) on the largest eigenvalues: the mean eigenvalue, each weighted by itself."""
    traces = np.trace(grams, axis1=-2, axis2=-1)
    squares = np.sum(grams * grams, axis=(-2, -1))
    bounds: Matrix = np.divide(squares * (1 - 1e-9), traces, out=np.zeros_like(traces), where=traces > 0)
    return bounds

"""Compressors that send some of the coordinates, scaled up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any, ClassVar

from .. import arrays
from ..arrays import Array, Namespace
from ..randomness import Rng, subsets, uniforms
from .base import Compressor, Outcome, product, rational


@dataclass(frozen=True, repr=False)
class RandomSparsification(Compressor):
    """Keep k coordinates drawn uniformly, times q/k; zero elsewhere (LAD, Section V; rand-k). delta = q/k - 1, exactly.

    Parameters
    ----------
    k
        Number of coordinates kept, at least 1 and at most q.
    """

    k: int

    delta_is_attained: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", arrays.whole("RandomSparsification", "k", self.k, lower=1))

    def check(self, q: int) -> None:
        """Check that k <= q."""
        if self.k > q:
            raise ValueError(f"RandomSparsification(k={self.k}) needs k <= q, got q={q}")

    def delta(self, q: int) -> float:
        """q/k - 1."""
        self.check(q)
        return q / self.k - 1

    def kept(self, q: int) -> float:
        """k."""
        del q
        return self.k

    def most_kept(self, q: int) -> int:
        """k."""
        del q
        return self.k

    def position_bits(self, q: int) -> float:
        """Whole bits that number the subsets of size k."""
        return float((math.comb(q, self.k) - 1).bit_length())

    def outcomes(self, vector: Iterable[Fraction | int | str]) -> Iterator[Outcome]:
        """All subsets of size k, equally likely."""
        entries = rational(vector)
        q = len(entries)
        self.check(q)
        scale, chance = Fraction(q, self.k), Fraction(1, math.comb(q, self.k))
        for chosen in combinations(range(q), self.k):
            yield chance, tuple(scale * entry if i in chosen else Fraction(0) for i, entry in enumerate(entries))

    def _draw(self, rng: Rng, shape: tuple[int, ...]) -> Any:
        """Mask of the coordinates kept, of the vectors' shape."""
        return subsets(rng, shape, self.k)

    def _apply(self, xp: Namespace, vectors: Array, noise: Any) -> Array:
        return _keep(xp, vectors, noise, vectors.shape[-1] / self.k)


@dataclass(frozen=True, repr=False)
class Bernoulli(Compressor):
    """Keep each coordinate with probability p, times 1/p. delta = 1/p - 1, exactly.

    Parameters
    ----------
    p
        Above 0, at most 1. Exact computations read the float as the decimal number that it prints as.
    """

    p: float

    delta_is_attained: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 < self.p <= 1:
            raise ValueError(f"Bernoulli needs a probability p above 0 and at most 1, got {self.p!r}")

    def delta(self, q: int) -> float:
        """1/p - 1."""
        self.check(q)
        return 1 / self.p - 1

    def kept(self, q: int) -> float:
        """p q, on average."""
        return self.p * q

    def position_bits(self, q: int) -> float:
        """One bit for each coordinate."""
        return float(q)

    def outcomes(self, vector: Iterable[Fraction | int | str]) -> Iterator[Outcome]:
        """All subsets of the coordinates that are not zero."""
        p = Fraction(str(self.p))
        zero = Fraction(0)
        yield from product(
            [((p, entry / p), (1 - p, zero)) if entry else ((Fraction(1), zero),) for entry in rational(vector)]
        )

    def _draw(self, rng: Rng, shape: tuple[int, ...]) -> Any:
        """Mask of the coordinates kept, of the vectors' shape."""
        return uniforms(rng, shape) < self.p

    def _apply(self, xp: Namespace, vectors: Array, noise: Any) -> Array:
        return _keep(xp, vectors, noise, 1 / self.p)


def _keep(xp: Namespace, vectors: Array, mask: Any, scale: float) -> Array:
    return xp.where(arrays.to_namespace(xp, mask, vectors), scale * vectors, xp.zeros_like(vectors))

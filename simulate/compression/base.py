"""What all compressors share: draws apart from arithmetic, delta, the cost in bits, exact outcomes, composition."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar

from .. import arrays
from ..arrays import Array, Namespace
from ..randomness import Rng

Vector = tuple[Fraction, ...]
Outcome = tuple[Fraction, Vector]


@dataclass(frozen=True)
class Compressor(ABC):
    """An unbiased random map C of vectors: E C(g) = g, and E ||C(g) - g||^2 <= delta ||g||^2 (LAD (9)-(10)).

    `draw` makes the random draws with NumPy, one generator a run, as one array that depends on the shape alone; `apply`
    is a deterministic function of arrays of any library. Calling the compressor does both.
    """

    needs_rng: ClassVar[bool] = True
    """Whether random draws are needed."""
    delta_is_exact: ClassVar[bool] = True
    """Whether `delta` is the smallest constant, rather than a published upper bound."""
    delta_is_attained: ClassVar[bool] = False
    """Whether E ||C(g) - g||^2 = delta ||g||^2 for every vector g, not only for the worst."""
    keeps_zero: ClassVar[bool] = True
    """Whether zero coordinates stay zero, and do not matter to the others."""

    def __repr__(self) -> str:
        shown = [
            f"{entry.name}={getattr(self, entry.name)!r}"
            for entry in dataclasses.fields(self)
            if getattr(self, entry.name) != entry.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __call__(self, vectors: Array, rng: Rng | None = None) -> Array:
        """Compress vectors.

        Parameters
        ----------
        vectors
            Real floating-point array (..., q).
        rng
            A generator, or one for each entry of the leading axis; None where nothing is random.

        Returns
        -------
        array
            (..., q), of the same namespace, dtype and device.

        Raises
        ------
        ValueError
            If the array or rng do not suit the compressor.
        """
        xp = arrays.check_vectors(self, vectors, axes=1, name="vectors")
        return self._apply(xp, vectors, self.draw(rng, tuple(vectors.shape)))

    def draw(self, rng: Rng | None, shape: tuple[int, ...]) -> Any:
        """Make the draws for vectors of a shape (..., q); None where none are needed.

        Raises
        ------
        ValueError
            If draws are needed and rng is None, or the compressor does not suit q.
        """
        self.check(shape[-1])
        if not self.needs_rng:
            return None
        if rng is None:
            raise ValueError(f"{self!r} needs rng, a numpy.random.Generator or one a run")
        return self._draw(rng, shape)

    def apply(self, vectors: Array, noise: Any = None) -> Array:
        """Compress vectors, given what `draw` returned; otherwise as a call."""
        xp = arrays.check_vectors(self, vectors, axes=1, name="vectors")
        self.check(vectors.shape[-1])
        if self.needs_rng and noise is None:
            raise ValueError(f"{self!r} needs the noise that its draw returns")
        return self._apply(xp, vectors, noise)

    def check(self, q: int) -> None:
        """Check that vectors of q coordinates suit the compressor.

        Raises
        ------
        ValueError
            If they do not.
        """
        if q < 1:
            raise ValueError(f"{self!r} needs vectors of at least one coordinate, got q={q}")

    @abstractmethod
    def delta(self, q: int) -> float:
        """The least delta for vectors of q coordinates, or an upper bound (see `delta_is_exact`); may be infinite."""

    def bits(self, q: int, word: int = 32) -> float:
        """Expected number of bits of a message of q coordinates, where a real number takes `word` bits."""
        self.check(q)
        return self.kept(q) * word + self.position_bits(q)

    def kept(self, q: int) -> float:
        """Expected number of coordinates whose values are sent."""
        return q

    def most_kept(self, q: int) -> int:
        """Largest number of coordinates that are not zero in what comes out."""
        return q

    def position_bits(self, q: int) -> float:
        """Bits that say which coordinates are sent."""
        del q
        return 0.0

    @abstractmethod
    def outcomes(self, vector: Iterable[Fraction | int | str]) -> Iterator[Outcome]:
        """All values of C(vector) with their probabilities, exactly; one value may come several times.

        Parameters
        ----------
        vector
            Rational coordinates; few of them, since supports grow exponentially.

        Yields
        ------
        probability, value
            A Fraction and a tuple of Fractions. Probabilities are positive and sum to one.

        Raises
        ------
        ValueError
            If an outcome is irrational, or the vector does not suit the compressor.
        """

    def __rshift__(self, other: Compressor) -> Compressor:
        if isinstance(other, Compressor):
            return Composition(self, other)
        return NotImplemented

    def _draw(self, rng: Rng, shape: tuple[int, ...]) -> Any:
        raise NotImplementedError

    @abstractmethod
    def _apply(self, xp: Namespace, vectors: Array, noise: Any) -> Array:
        """Compress checked vectors."""


@dataclass(frozen=True, repr=False)
class Composition(Compressor):
    """One compressor, then another on what comes out, with independent draws; made by ``>>``.

    Its delta is (1 + delta1)(1 + delta2) - 1, where delta2 is for as many coordinates as the first one keeps if the
    second leaves zeros alone.
    """

    first: Compressor = field()
    second: Compressor = field()

    def __repr__(self) -> str:
        return f"{self.first!r} >> {self.second!r}"

    @property
    def needs_rng(self) -> bool:  # type: ignore[override]
        """Whether one of the two draws."""
        return self.first.needs_rng or self.second.needs_rng

    @property
    def delta_is_exact(self) -> bool:  # type: ignore[override]
        """Whether both are exact and the second is attained everywhere; otherwise delta is an upper bound."""
        trivial = isinstance(self.first, Identity)
        exact = self.first.delta_is_exact and self.second.delta_is_exact
        return exact and (trivial or self.second.delta_is_attained)

    @property
    def delta_is_attained(self) -> bool:  # type: ignore[override]
        """Whether both are attained by every vector."""
        return self.first.delta_is_attained and self.second.delta_is_attained

    @property
    def keeps_zero(self) -> bool:  # type: ignore[override]
        """Whether both leave zeros alone."""
        return self.first.keeps_zero and self.second.keeps_zero

    def check(self, q: int) -> None:
        """Check both."""
        self.first.check(q)
        self.second.check(q)

    def delta(self, q: int) -> float:
        """(1 + delta1)(1 + delta2) - 1."""
        return (1 + self.first.delta(q)) * (1 + self.second.delta(self._seen(q))) - 1

    def bits(self, q: int, word: int = 32) -> float:
        """Cost of the second one's values, and of the first one's positions."""
        if not self.second.keeps_zero:
            return self.second.bits(q, word)
        return self.first.position_bits(q) + self.second.bits(round(self.first.kept(q)), word)

    def kept(self, q: int) -> float:
        """Expected number of coordinates whose values are sent."""
        return self.second.kept(self._seen(q))

    def position_bits(self, q: int) -> float:
        """Bits that say which coordinates those are."""
        return self.first.position_bits(q) + self.second.position_bits(self._seen(q))

    def outcomes(self, vector: Iterable[Fraction | int | str]) -> Iterator[Outcome]:
        """All values with their probabilities."""
        for probability, between in self.first.outcomes(vector):
            for conditional, value in self.second.outcomes(between):
                yield probability * conditional, value

    def most_kept(self, q: int) -> int:
        """Largest number of coordinates that are not zero in what comes out."""
        return self.second.most_kept(self._seen(q))

    def _seen(self, q: int) -> int:
        """Number of coordinates that matter to the second one."""
        return self.first.most_kept(q) if self.second.keeps_zero else q

    def _draw(self, rng: Rng, shape: tuple[int, ...]) -> Any:
        return self.first.draw(rng, shape), self.second.draw(rng, shape)

    def _apply(self, xp: Namespace, vectors: Array, noise: Any) -> Array:
        first, second = (None, None) if noise is None else noise
        return self.second._apply(xp, self.first._apply(xp, vectors, first), second)


@dataclass(frozen=True, repr=False)
class Identity(Compressor):
    """No compression."""

    needs_rng: ClassVar[bool] = False
    delta_is_attained: ClassVar[bool] = True

    def delta(self, q: int) -> float:
        """Zero."""
        self.check(q)
        return 0.0

    def outcomes(self, vector: Iterable[Fraction | int | str]) -> Iterator[Outcome]:
        """The vector itself."""
        yield Fraction(1), rational(vector)

    def _apply(self, xp: Namespace, vectors: Array, noise: Any) -> Array:
        del noise
        return xp.asarray(vectors, copy=True)


def rational(vector: Iterable[Fraction | int | str]) -> Vector:
    """The coordinates as Fractions."""
    return tuple(Fraction(entry) for entry in vector)


def product(choices: Sequence[Sequence[tuple[Fraction, Fraction]]]) -> Iterator[Outcome]:
    """Joint outcomes of coordinates that are drawn independently, each from its (probability, value) pairs."""
    if not choices:
        yield Fraction(1), ()
        return
    *front, last = choices
    for probability, vector in product(front):
        for chance, value in last:
            if chance:
                yield probability * chance, (*vector, value)

"""Compressors that round each coordinate at random to one of its two neighbours on a grid."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Literal

from .. import arrays
from ..arrays import Array, Namespace
from ..randomness import Rng, uniforms
from .base import Compressor, Outcome, Vector, product, rational

Choice = tuple[tuple[Fraction, Fraction], ...]


@dataclass(frozen=True, repr=False)
class _Rounding(Compressor):
    """What these share: a uniform draw for each coordinate, and outcomes that are independent between coordinates."""

    def _draw(self, rng: Rng, shape: tuple[int, ...]) -> Any:
        """Uniform numbers on [0, 1), of the vectors' shape."""
        return uniforms(rng, shape)

    def outcomes(self, vector: Iterable[Fraction | int | str]) -> Iterator[Outcome]:
        """All roundings of the coordinates."""
        entries = rational(vector)
        self.check(len(entries))
        yield from product(self._choices(entries))

    @abstractmethod
    def _choices(self, entries: Vector) -> list[Choice]:
        """Values of each coordinate with their probabilities."""

    def kept(self, q: int) -> float:
        """All coordinates."""
        return q


@dataclass(frozen=True, repr=False)
class StochasticQuantisation(_Rounding):
    """Two levels a <= b: a coordinate g becomes b with probability (g - a)/(b - a), else a (LAD, Section V).

    With a fixed range delta is infinite, since a vector near zero does not become small; with the range of the data it
    is (q-2)/2, exactly, and 0 for q = 1.

    Parameters
    ----------
    a, b
        The range, a < b; a coordinate outside of it is an error. None, together with range="data".
    range
        ``"fixed"``, or ``"data"``: the smallest and the largest coordinate of the vector itself.
    """

    a: float | None = None
    b: float | None = None
    range: Literal["fixed", "data"] | None = None

    keeps_zero: ClassVar[bool] = False

    def __post_init__(self) -> None:
        fixed = self.a is not None and self.b is not None
        if self.range is None:
            object.__setattr__(self, "range", "data" if self.a is None and self.b is None else "fixed")
        if self.range not in ("fixed", "data"):
            raise ValueError(f'StochasticQuantisation needs range "fixed" or "data", got {self.range!r}')
        if (self.range == "fixed") != fixed or (self.a is None) != (self.b is None):
            got = f"a={self.a}, b={self.b}, range={self.range!r}"
            raise ValueError(f"StochasticQuantisation takes a and b, or range='data', got {got}")
        if self.a is not None and self.b is not None and not -math.inf < self.a < self.b < math.inf:
            raise ValueError(f"StochasticQuantisation needs finite a < b, got a={self.a}, b={self.b}")

    def delta(self, q: int) -> float:
        """Infinite; with the range of the data (q-2)/2, at least 0."""
        self.check(q)
        return math.inf if self.range == "fixed" else max(0.0, (q - 2) / 2)

    def bits(self, q: int, word: int = 32) -> float:
        """One bit for each coordinate; with the range of the data, two words more."""
        self.check(q)
        return float(q) if self.range == "fixed" else float(q + 2 * word)

    def _choices(self, entries: Vector) -> list[Choice]:
        low, high = min(entries), max(entries)
        if self.range == "fixed":
            a, b = Fraction(str(self.a)), Fraction(str(self.b))
            if low < a or high > b:
                raise ValueError(f"{self!r} needs coordinates in its range, got {float(low)} to {float(high)}")
            low, high = a, b
        if low == high:
            return [((Fraction(1), entry),) for entry in entries]
        return [(((high - g) / (high - low), low), ((g - low) / (high - low), high)) for g in entries]

    def _apply(self, xp: Namespace, vectors: Array, noise: Any) -> Array:
        low = xp.min(vectors, axis=-1, keepdims=True)
        high = xp.max(vectors, axis=-1, keepdims=True)
        if self.range == "fixed":
            assert self.a is not None
            assert self.b is not None
            if bool(xp.any(low < self.a)) or bool(xp.any(high > self.b)):
                got = f"{float(xp.min(low))} to {float(xp.max(high))}"
                raise ValueError(f"{self!r} needs coordinates in its range, got {got}")
            low, high = xp.full_like(low, self.a), xp.full_like(high, self.b)
        width = high - low
        share = (vectors - low) / xp.where(width > 0, width, xp.ones_like(width))
        return xp.where(_below(xp, noise, share), high, low)


@dataclass(frozen=True, repr=False)
class QSGD(_Rounding):
    """QSGD (Alistarh et al. 2017): ||g|| sign(g_i) l/s, with l/s the ratio |g_i|/||g|| rounded at random to s levels.

    delta is the published bound min(q/s^2, sqrt(q)/s), no exact value, but for one level: sqrt(q) - 1.

    Parameters
    ----------
    levels
        s, at least 1.
    """

    levels: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", arrays.whole("QSGD", "levels", self.levels, lower=1))

    @property
    def delta_is_exact(self) -> bool:  # type: ignore[override]
        """Only with one level."""
        return self.levels == 1

    def delta(self, q: int) -> float:
        """min(q/s^2, sqrt(q)/s), a bound; sqrt(q) - 1, exactly, for s = 1."""
        self.check(q)
        if self.levels == 1:
            return math.sqrt(q) - 1
        return min(q / self.levels**2, math.sqrt(q) / self.levels)

    def bits(self, q: int, word: int = 32) -> float:
        """A word for the norm, and a number out of 2s+1 for each coordinate, coded with equal lengths, jointly."""
        self.check(q)
        return word + math.ceil(q * math.log2(2 * self.levels + 1))

    def _choices(self, entries: Vector) -> list[Choice]:
        square = sum((entry * entry for entry in entries), Fraction(0))
        norm = Fraction(math.isqrt(square.numerator), math.isqrt(square.denominator))
        if norm * norm != square:
            raise ValueError(f"{self!r} has irrational outcomes: the norm sqrt({square}) of the vector is irrational")
        return [_grid(entry, norm, self.levels) for entry in entries]

    def _apply(self, xp: Namespace, vectors: Array, noise: Any) -> Array:
        largest = xp.max(xp.abs(vectors), axis=-1, keepdims=True)
        scale = xp.where(largest > 0, largest, xp.ones_like(largest))
        norm = scale * xp.sqrt(xp.sum((vectors / scale) ** 2, axis=-1, keepdims=True))
        return _round(xp, vectors, xp.where(norm > 0, norm, xp.ones_like(norm)), self.levels, noise)


@dataclass(frozen=True, repr=False)
class TernGrad(_Rounding):
    """TernGrad (Wen et al. 2017): m sign(g_i) with probability |g_i|/m, else 0, where m = max |g_i|.

    delta = (sqrt(q) - 1)/2, exactly.
    """

    def delta(self, q: int) -> float:
        """(sqrt(q) - 1)/2."""
        self.check(q)
        return (math.sqrt(q) - 1) / 2

    def bits(self, q: int, word: int = 32) -> float:
        """A word for m, and one of three values for each coordinate."""
        self.check(q)
        return word + math.ceil(q * math.log2(3))

    def _choices(self, entries: Vector) -> list[Choice]:
        largest = max(abs(entry) for entry in entries)
        return [_grid(entry, largest, 1) for entry in entries]

    def _apply(self, xp: Namespace, vectors: Array, noise: Any) -> Array:
        largest = xp.max(xp.abs(vectors), axis=-1, keepdims=True)
        return _round(xp, vectors, xp.where(largest > 0, largest, xp.ones_like(largest)), 1, noise)


@dataclass(frozen=True, repr=False)
class Natural(_Rounding):
    """Natural compression (Horvath et al. 2022): round |g_i| at random to a power of two beside it; delta is 1/8.

    Powers below the smallest normal number are not used: what is smaller is rounded to it, or to zero.
    """

    def delta(self, q: int) -> float:
        """1/8."""
        self.check(q)
        return 0.125

    def bits(self, q: int, word: int = 32) -> float:
        """Sign and exponent: 9 bits for each coordinate for 32-bit numbers, 12 for 64-bit ones."""
        self.check(q)
        return float(q * (12 if word > 32 else 9))

    def _choices(self, entries: Vector) -> list[Choice]:
        return [_powers(entry) for entry in entries]

    def _apply(self, xp: Namespace, vectors: Array, noise: Any) -> Array:
        smallest = float(xp.finfo(vectors.dtype).smallest_normal)
        size = xp.abs(vectors)
        normal = xp.where(size >= smallest, size, xp.full_like(size, smallest))
        low = xp.pow(xp.full_like(size, 2.0), xp.floor(xp.log2(normal)))
        low = xp.where(low > normal, low / 2, low)
        low = xp.where(normal - low >= low, 2 * low, low)
        low = xp.where(size >= smallest, low, xp.zeros_like(low))
        high = xp.where(size >= smallest, 2 * low, xp.full_like(size, smallest))
        share = (size - low) / (high - low)
        return xp.sign(vectors) * xp.where(_below(xp, noise, share), high, low)


def _below(xp: Namespace, noise: Any, share: Array) -> Array:
    """Where the uniform draws are below a share: never at 0, always at 1."""
    return arrays.to_namespace(xp, noise, share) < share


def _round(xp: Namespace, vectors: Array, top: Array, levels: int, noise: Any) -> Array:
    """Round to the multiples of top/levels, at random between the two neighbours."""
    position = levels * (xp.abs(vectors) / top)
    low = xp.floor(position)
    level = low + xp.astype(_below(xp, noise, position - low), vectors.dtype)
    return xp.sign(vectors) * top * (level / levels)


def _grid(entry: Fraction, top: Fraction, levels: int) -> Choice:
    if entry == 0:
        return ((Fraction(1), Fraction(0)),)
    position = levels * abs(entry) / top
    low = math.floor(position)
    unit = (top if entry > 0 else -top) / levels
    return ((1 - (position - low), low * unit), (position - low, (low + 1) * unit))


def _powers(entry: Fraction) -> Choice:
    if entry == 0:
        return ((Fraction(1), Fraction(0)),)
    size, sign = abs(entry), 1 if entry > 0 else -1
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    low = Fraction(2) ** exponent
    low = low / 2 if low > size else low
    return ((2 - size / low, sign * low), (size / low - 1, sign * 2 * low))

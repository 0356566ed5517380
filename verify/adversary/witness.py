"""Witnesses: messages at which a rule deviates, as rationals, evaluated again without rounding."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .exact_lstat import Norm
from .exact_rules import Exact, ExactRule

Vectors = tuple[tuple[Fraction, ...], ...]


@dataclass(frozen=True)
class Witness:
    """Honest and Byzantine messages.

    Attributes
    ----------
    honest : tuple of tuples of Fraction
        (h, D).
    byzantine : tuple of tuples of Fraction
        (f, D).
    """

    honest: Vectors
    byzantine: Vectors

    def __post_init__(self) -> None:
        sizes = {len(vector) for vector in (*self.honest, *self.byzantine)}
        if not self.honest or len(sizes) != 1 or 0 in sizes:
            raise ValueError(
                f"Witness needs honest messages, and all messages of one length, got lengths {sorted(sizes)}"
            )

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return len(self.honest[0])

    def messages(self, byzantine_first: bool = False) -> Exact:
        """All messages as an object array (n, D), the honest ones first unless told."""
        parts = (self.byzantine, self.honest) if byzantine_first else (self.honest, self.byzantine)
        return np.array([[_plain(x) for x in vector] for part in parts for vector in part], dtype=object)

    def floats(self, byzantine_first: bool = False) -> npt.NDArray[np.float64]:
        """The same in double precision."""
        result: npt.NDArray[np.float64] = self.messages(byzantine_first).astype(np.float64)
        return result

    def whole(self) -> Witness:
        """The same up to scale, with whole numbers."""
        scale = math.lcm(*(x.denominator for vector in (*self.honest, *self.byzantine) for x in vector))
        return Witness(_scaled(self.honest, scale), _scaled(self.byzantine, scale))

    def to_json(self) -> dict[str, Any]:
        """Whole numbers where all entries are whole, floats where they are exact, else fractions as strings."""
        entries = [x for vector in (*self.honest, *self.byzantine) for x in vector]
        show: Callable[[Fraction], Any] = str
        if all(x.denominator == 1 for x in entries):
            show = int
        elif all(Fraction(float(x)) == x for x in entries):
            show = float
        return {
            "honest": [[show(x) for x in vector] for vector in self.honest],
            "byzantine": [[show(x) for x in vector] for vector in self.byzantine],
        }


def _plain(value: Fraction) -> Fraction | int:
    """Whole numbers as int: arithmetic on them is many times faster."""
    return value.numerator if value.denominator == 1 else value


def _scaled(vectors: Vectors, scale: int) -> Vectors:
    return tuple(tuple(x * scale for x in vector) for vector in vectors)


def witness_from_json(data: dict[str, Any]) -> Witness:
    """Read back what :meth:`Witness.to_json` wrote."""
    return Witness(_rational(data["honest"]), _rational(data["byzantine"]))


def _rational(vectors: Iterable[Iterable[Any]]) -> Vectors:
    return tuple(tuple(Fraction(x) for x in vector) for vector in vectors)


def rationalise(honest: npt.NDArray[np.float64], byzantine: npt.NDArray[np.float64], resolution: int) -> Witness:
    """Round messages to whole numbers, ``resolution`` steps for the largest honest entry.

    Parameters
    ----------
    honest, byzantine : float arrays (h, D), (f, D)
    resolution : int

    Returns
    -------
    Witness
    """
    scale = resolution / max(float(np.max(np.abs(honest), initial=0.0)), 1e-300)
    rounded = [np.rint(part * scale) for part in (honest, byzantine)]
    first, second = (tuple(tuple(Fraction(int(x)) for x in vector) for vector in part) for part in rounded)
    return Witness(first, second)


def as_it_is(honest: npt.NDArray[np.float64], byzantine: npt.NDArray[np.float64]) -> Witness:
    """Messages with the exact rational values of their floats, for rules that do not commute with scaling."""
    first, second = (
        tuple(tuple(Fraction(float(x)) for x in vector) for vector in part) for part in (honest, byzantine)
    )
    return Witness(first, second)


def honest_norm(witness: Witness, norm: Norm) -> Fraction:
    """Mean or largest squared distance of the honest messages to their mean."""
    h = len(witness.honest)
    honest = witness.messages()[:h]
    offsets = honest * h - honest.sum(axis=0)[None, :]
    squares = [Fraction(square) for square in (offsets * offsets).sum(axis=1)]
    return (max(squares) if norm == "max" else sum(squares, Fraction(0)) / h) / h**2


def honest_mean(witness: Witness) -> tuple[Fraction, ...]:
    """Mean of the honest messages."""
    h = len(witness.honest)
    return tuple(Fraction(total) / h for total in witness.messages()[:h].sum(axis=0))


def ratio_of(output: Sequence[Fraction], witness: Witness, norm: Norm) -> Fraction:
    """Squared deviation of an aggregate over the squared norm of the honest deviations.

    Parameters
    ----------
    output : sequence of D Fraction
        What the rule returned.
    witness : Witness
        The messages.
    norm : {"mean", "max"}
        kappa or C_alpha^2.

    Returns
    -------
    Fraction

    Raises
    ------
    ValueError
        If the honest messages all agree: no constant follows from them.
    """
    below = honest_norm(witness, norm)
    if below == 0:
        raise ValueError("Witness with honest messages that all agree gives no ratio")
    above = sum(((Fraction(y) - c) ** 2 for y, c in zip(output, honest_mean(witness), strict=True)), Fraction(0))
    return above / below


def exact_ratio(rule: ExactRule, witness: Witness, norm: Norm) -> Fraction:
    """Ratio at a witness, in exact arithmetic; the smaller for two orders and signs, so that no tie helps.

    Parameters
    ----------
    rule : callable
        Exact rule, see :mod:`~byzbounds.verify.adversary.exact_rules`.
    witness : Witness
    norm : {"mean", "max"}

    Returns
    -------
    Fraction
    """
    f = len(witness.byzantine)
    plain = rule(witness.messages(), f)
    turned = -rule(-witness.messages(byzantine_first=True), f)
    return min(ratio_of(list(output), witness, norm) for output in (plain, turned))


def confirms(rule: ExactRule, witness: Witness, norm: Norm, claimed: Fraction) -> bool:
    """Whether the witness really shows a constant of at least ``claimed``.

    Parameters
    ----------
    rule : callable
        Exact rule.
    witness : Witness
    norm : {"mean", "max"}
    claimed : Fraction
        The lower end that it is said to show.

    Returns
    -------
    bool
        False too where the honest messages agree.
    """
    try:
        return exact_ratio(rule, witness, norm) >= claimed
    except ValueError:
        return False

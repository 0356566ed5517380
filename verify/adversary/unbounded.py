"""Rules without a constant: a family of messages along which the ratio grows beyond every bound.

One witness only shows a large ratio. A family shows more: its messages are moved apart step by step, and the ratio,
evaluated again at each step, grows like a power of the scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from .exact_lstat import Norm
from .witness import Witness, honest_mean

#: How far the family is followed, as multiples of the first witness.
SCALES = (1, 10, 100)
#: A ratio that grows by less than this power of the scale is not said to be unbounded.
LEAST = 0.5


@dataclass(frozen=True)
class Growth:
    """How the ratio grows along a family.

    Attributes
    ----------
    how : str
        What the scale does to the messages.
    scales : tuple of int
        Where the ratio was evaluated.
    ratios : tuple of Fraction
        The ratios there.
    """

    how: str
    scales: tuple[int, ...]
    ratios: tuple[Fraction, ...]

    @property
    def power(self) -> float:
        """The ratio grows as this power of the scale, from the last two evaluations."""
        return math.log(self.ratios[-1] / self.ratios[-2]) / math.log(self.scales[-1] / self.scales[-2])

    def describe(self) -> str:
        """A line for people."""
        return f"none: unbounded, the ratio grows as s^{self.power:.3g} with {self.how}"


def _farther(witness: Witness, scale: int) -> Witness:
    return Witness(witness.honest, tuple(tuple(x * scale for x in vector) for vector in witness.byzantine))


def _nearer(witness: Witness, scale: int) -> Witness:
    mean = honest_mean(witness)
    honest = tuple(tuple(c + (x - c) / scale for x, c in zip(z, mean, strict=True)) for z in witness.honest)
    return Witness(honest, witness.byzantine)


FAMILIES: tuple[tuple[str, Callable[[Witness, int], Witness]], ...] = (
    ("Byzantine messages s times as far", _farther),
    ("honest messages s times as near to their mean", _nearer),
)


def growth(evaluate: Callable[[Witness, Norm], Fraction], witness: Witness, norm: Norm) -> Growth | None:
    """Follow the families that start at a witness.

    Parameters
    ----------
    evaluate : callable
        Ratio at a witness, in the most reliable arithmetic that the rule allows.
    witness : Witness
        Where the families start.
    norm : {"mean", "max"}

    Returns
    -------
    Growth or None
        The first family along which the ratio keeps growing; None if it settles along each.
    """
    for how, move in FAMILIES:
        try:
            found = Growth(how, SCALES, tuple(evaluate(move(witness, scale), norm) for scale in SCALES))
        except ValueError:  # the honest messages agree up to rounding
            continue
        if 0 < found.ratios[0] < found.ratios[1] < found.ratios[2] and found.power >= LEAST:
            return found
    return None

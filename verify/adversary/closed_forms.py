"""Closed forms to which the search points where no proof is known: conjectures, with how well the search agrees.

A conjecture is a supremum: messages come near it and none was found beyond it. It is never used as an upper end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .exact_lstat import Norm

#: A lower end is said to agree if it falls short by no more than this share.
SHORTFALL = 0.002


@dataclass(frozen=True)
class Conjecture:
    """A formula in n and f.

    Attributes
    ----------
    rule : str
    norm : {"mean", "max"}
    text : str
        The formula.
    value : callable
        (n, f) to Fraction.
    applies : callable
        (n, f) to bool: for which sizes it is conjectured.
    """

    rule: str
    norm: Norm
    text: str
    value: Callable[[int, int], Fraction]
    applies: Callable[[int, int], bool]


def _always(n: int, f: int) -> bool:
    return n > 2 * f


def _third(n: int, f: int) -> bool:
    return n >= 3 * f


def four_floors(n: int, f: int) -> Fraction:
    """Four times what no rule beats."""
    return Fraction(4 * f, n - 2 * f)


def around_the_median(n: int, f: int) -> Fraction:
    """The constant of the mean around the median, which is proved for that rule."""
    even = 2 if n % 2 == 0 else 1
    return Fraction(4 * f * (n + even), (n - f) * (n + even - 2 * f))


def square_of_share(n: int, f: int) -> Fraction:
    """(n / (n - 2f))^2."""
    return Fraction(n, n - 2 * f) ** 2


def square_of_floor(n: int, f: int) -> Fraction:
    """Four times the square of f / (n - 2f): what FABA is proved to have."""
    return 4 * Fraction(f, n - 2 * f) ** 2


def middle(n: int, f: int) -> Fraction:
    """The constant of the median for an odd number of messages."""
    return Fraction(n - 1, n + 1 - 2 * f)


def _third_beyond_three(n: int, f: int) -> bool:
    return f > 0 and n > 3 and _third(n, f)


def _odd_third(n: int, f: int) -> bool:
    return n % 2 == 1 and _third(n, f)


CONJECTURES = (
    Conjecture("krum", "mean", "(n / (n - 2f))^2", square_of_share, _third_beyond_three),
    Conjecture("krum", "max", "(n / (n - 2f))^2", square_of_share, _third_beyond_three),
    Conjecture("multikrum", "max", "4 (f / (n - 2f))^2", square_of_floor, _third),
    Conjecture("nnm+cwtm", "max", "4 (f / (n - 2f))^2", square_of_floor, _third),
    Conjecture("huber", "mean", "(n - 1) / (n + 1 - 2f), odd n", middle, _odd_third),
    Conjecture("centered-clipping", "mean", "(n - 1) / (n + 1 - 2f), odd n", middle, _odd_third),
    Conjecture(
        "nnm+krum",
        "mean",
        "4f(n + 1) / ((n - f)(n + 1 - 2f)), odd n > 3",
        around_the_median,
        lambda n, f: n > 3 and _odd_third(n, f),
    ),
    Conjecture("multikrum", "mean", "4f / (n - 2f)", four_floors, _third),
    Conjecture("nnm+cwtm", "mean", "4f / (n - 2f)", four_floors, _always),
    Conjecture(
        "nnm+median", "mean", "4f(n + e) / ((n - f)(n + e - 2f)), e = 1 for odd n, else 2", around_the_median, _always
    ),
)


@dataclass(frozen=True)
class Agreement:
    """A conjecture against brackets.

    Attributes
    ----------
    conjecture : Conjecture
    points : int
        Sizes at which the search was run.
    reached : int
        Sizes at which its lower end comes within :data:`SHORTFALL`.
    exceeded : tuple of (int, int)
        Sizes at which messages go beyond it: these refute the conjecture.
    """

    conjecture: Conjecture
    points: int
    reached: int
    exceeded: tuple[tuple[int, int], ...]

    @property
    def standing(self) -> bool:
        """Whether nothing refutes it and something supports it."""
        return not self.exceeded and self.reached > 0


def agreement(conjecture: Conjecture, records: Sequence[Mapping[str, Any]]) -> Agreement:
    """Hold a conjecture against the records of a grid.

    Parameters
    ----------
    conjecture : Conjecture
    records : sequence of mapping
        From :func:`~.grid.grid`, of all rules.

    Returns
    -------
    Agreement
    """
    points = reached = 0
    exceeded = []
    for record in records:
        mine = record.get("rule") == conjecture.rule and record.get("norm") == conjecture.norm
        if not mine or record["dim"] is not None or not record["f"] or not conjecture.applies(record["n"], record["f"]):
            continue
        value = conjecture.value(record["n"], record["f"])
        points += 1
        if record["lower"] > float(value) * (1 + 1e-9):
            exceeded.append((record["n"], record["f"]))
        reached += record["lower"] >= float(value) * (1 - SHORTFALL)
    return Agreement(conjecture, points, reached, tuple(exceeded))


def conjectures_markdown(records: Sequence[Mapping[str, Any]]) -> str:
    """All conjectures with their standing, as a Markdown table.

    Parameters
    ----------
    records : sequence of mapping
        From :func:`~.grid.grid`.

    Returns
    -------
    str
    """
    lines = ["| rule | constant | conjecture | sizes | reached | exceeded |", "|---|---|---|---|---|---|"]
    for conjecture in CONJECTURES:
        found = agreement(conjecture, records)
        constant = "kappa" if conjecture.norm == "mean" else "C_alpha^2"
        exceeded = ", ".join(map(str, found.exceeded)) or "nowhere"
        lines.append(
            f"| {conjecture.rule} | {constant} | {conjecture.text} | {found.points} | {found.reached} | {exceeded} |"
        )
    return "\n".join(lines) + "\n"

"""Which equation of a paper lives in which statement."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .catalogue import statements
from .statement import Statement


@dataclass(frozen=True)
class Entry:
    """Where one numbered equation lives.

    Attributes
    ----------
    equation : str
        Its number.
    statements : tuple of str
        Keys of the statements that name it as their source.
    steps : tuple of str
        Keys of the statements in whose derivation a step is attributed to it.
    """

    equation: str
    statements: tuple[str, ...]
    steps: tuple[str, ...]


def _order(equation: str) -> tuple[int, str]:
    digits = re.match(r"\d+", equation)
    return (int(digits[0]) if digits else 0, equation)


def _of_steps(statement: Statement) -> set[str]:
    if statement.derivation is None:
        return set()
    own = [step.source for step in statement.derivation().steps if step.source.startswith(statement.source.paper)]
    return set(re.findall(r"\((\d+)\)", " ".join(own)))


def coverage(paper: str, of: Iterable[Statement] | None = None) -> tuple[Entry, ...]:
    """Every equation number of a paper that the catalogue mentions, in order.

    Parameters
    ----------
    paper : str
        ``"LAD"`` or ``"CRA"``.
    of : iterable of Statement, optional
        Default: the whole catalogue.
    """
    named: dict[str, list[str]] = {}
    stepped: dict[str, list[str]] = {}
    for statement in statements() if of is None else of:
        if statement.source.paper != paper:
            continue
        for equation in statement.source.equations:
            named.setdefault(equation, []).append(statement.key)
        for equation in _of_steps(statement):
            stepped.setdefault(equation, []).append(statement.key)
    numbers = sorted({*named, *stepped}, key=_order)
    return tuple(Entry(n, tuple(named.get(n, ())), tuple(stepped.get(n, ()))) for n in numbers)

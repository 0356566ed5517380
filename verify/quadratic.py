"""Statements about expected squared norms: for all gradients at once (small N), and by sampling (N = 100).

Their right-hand sides are ``c_V V + c_g ||grad F||^2`` (or with ``beta^2`` for V): two numbers at each parameter
point, which are read off the statement's own formula.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..bounds.statement import Statement
from .points import bound, fraction

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Coefficients:
    """``variance * V + gradient * ||grad F||^2``, exactly."""

    variance: Fraction
    gradient: Fraction


def coefficients(statement: Statement, values: Values) -> Coefficients | None:
    """Read the two coefficients off a statement's formula, or None where a hypothesis fails.

    Raises
    ------
    ValueError
        If the formula is not of that shape, or has a symbol without a value.
    """

    def at(heterogeneity: int, grad_sq: int) -> Fraction | None:
        given = {**values, "beta": heterogeneity, "V": heterogeneity**2, "grad_sq": grad_sq}
        exact = bound(statement, given)
        return None if exact is None else fraction(exact)

    one, far, steep, both = at(1, 0), at(2, 0), at(0, 1), at(2, 1)
    if one is None or far is None or steep is None or both is None:
        return None
    if far != 4 * one or both != far + steep:
        raise ValueError(f"{statement.key}: the formula is not of the form c_V V + c_g ||grad F||^2")
    return Coefficients(one, steep)


def names(statement: Statement) -> frozenset[str]:
    """Names of the statement's symbols."""
    return frozenset(symbol.name for symbol in statement.symbols)


def small_sizes(largest: int) -> Iterator[tuple[int, int, int]]:
    """All (N, H, d) with 2 <= N <= largest, also those that hypotheses exclude: they are counted as vacuous."""
    for devices in range(2, largest + 1):
        for honest in range(1, devices + 1):
            for load in range(1, devices + 1):
                yield devices, honest, load

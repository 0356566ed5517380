"""Look-up of rules, attacks and compressors by name."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def near_misses(name: str, known: Iterable[str]) -> str:
    """Say which known names look like a name, or list them all, as the end of an error message."""
    names = sorted(known)
    close = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(repr(one) for one in close) + "?"
    return "known are " + ", ".join(names)


def lookup(kind: str, name: str, table: Mapping[str, T]) -> T:
    """Entry of a table by its name, in any case.

    Raises
    ------
    ValueError
        If there is none; the text names the near misses.
    """
    try:
        return table[name.strip().lower()]
    except KeyError:
        raise ValueError(f"there is no {kind} {name!r}: {near_misses(name, table)}") from None


def build(kind: str, name: str, table: Mapping[str, Callable[..., T]], parameters: Mapping[str, Any]) -> T:
    """Make an entry of a table from ``"name"`` or ``"name:value"``, the value being its first parameter.

    Raises
    ------
    ValueError
        If there is none of this name, the value is no number or word that it takes, or a parameter is unknown.
    """
    plain, colon, text = name.partition(":")
    factory = lookup(kind, plain, table)
    try:
        return factory(number(text), **parameters) if colon else factory(**parameters)
    except TypeError as error:
        raise ValueError(f"{kind} {name!r} does not take these parameters: {error}") from None


def number(text: str) -> int | float | str:
    """Read a whole number or a finite float; other text stays as it is."""
    for convert in (int, float):
        try:
            value = convert(text)
        except ValueError:
            continue
        if math.isfinite(value):
            return value
    return text.strip()

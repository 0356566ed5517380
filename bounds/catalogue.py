"""The catalogue: every statement by its key."""

from __future__ import annotations

import difflib
import importlib
from functools import cache

from .statement import Statement

#: Modules that hold statements, in the order in which they are listed. Each exports ``STATEMENTS``.
MODULES = ("lad", "cra", "refined", "robustness", "compression")


@cache
def _index() -> dict[str, Statement]:
    index: dict[str, Statement] = {}
    for name in MODULES:
        module = importlib.import_module(f".{name}", __package__)
        for statement in module.STATEMENTS:
            if statement.key in index:
                raise ValueError(f"catalogue: key {statement.key!r} is defined twice")
            index[statement.key] = statement
    return index


def statements() -> tuple[Statement, ...]:
    """All statements, in catalogue order."""
    return tuple(_index().values())


def get(key: str) -> Statement:
    """Return the statement with this key.

    Raises
    ------
    ValueError
        If there is none; near misses are suggested.
    """
    index = _index()
    if key in index:
        return index[key]
    near = difflib.get_close_matches(key, index, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else "; `byzbounds list` shows all keys"
    raise ValueError(f"no statement {key!r} in the catalogue{hint}")

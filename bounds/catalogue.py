"""The catalogue: every statement by its key."""

from __future__ import annotations

import difflib
import importlib
from functools import cache

from .statement import Statement

#: Modules that hold statements, in the order in which they are listed. Each exports ``STATEMENTS``.
MODULES = ("lad", "cra", "refined", "robustness", "compression")


@cache
def _section(name: str) -> dict[str, Statement]:
    """Statements of one module. Its keys begin with its name, so that a look-up imports no other."""
    section: dict[str, Statement] = {}
    for statement in importlib.import_module(f".{name}", __package__).STATEMENTS:
        if statement.key in section or not statement.key.startswith(f"{name}."):
            raise ValueError(f"catalogue: {statement.key!r} is defined twice, or does not begin with {name!r}")
        section[statement.key] = statement
    return section


@cache
def _index() -> dict[str, Statement]:
    return {key: statement for name in MODULES for key, statement in _section(name).items()}


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
    name = key.partition(".")[0]
    if name in MODULES and key in _section(name):
        return _section(name)[key]
    index = _index()
    near = difflib.get_close_matches(key, index, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else "; `byzbounds list` shows all keys"
    raise ValueError(f"no statement {key!r} in the catalogue{hint}")

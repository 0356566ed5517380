"""Repeat a recorded verdict from its seed and parameters, and compare."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .probe import Settings
from .runner import attempt, probe_named
from .verdict import Verdict

#: What has to come out the same.
_COMPARED = ("outcome", "lhs", "rhs", "samples", "points", "vacuous")


@dataclass(frozen=True)
class Replay:
    """A recorded verdict and its repetition.

    Attributes
    ----------
    recorded, repeated : Verdict
        Before and now.
    """

    recorded: Verdict
    repeated: Verdict

    @property
    def differences(self) -> tuple[str, ...]:
        """Fields in which they differ."""
        before, now = self.recorded.to_json(), self.repeated.to_json()
        return tuple(name for name in _COMPARED if before[name] != now[name])

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def read_verdicts(path: str | os.PathLike[str]) -> list[Verdict]:
    """Read a file of verdicts: a JSON list of them, or an object that has such a list under ``"verdicts"``.

    Raises
    ------
    ValueError
        If the file holds no verdicts.
    OSError
        If it cannot be read.
    """
    try:
        content: Any = json.loads(Path(path).read_text("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{os.fspath(path)} is not a file of verdicts: {error}") from error
    rows = content.get("verdicts") if isinstance(content, Mapping) else content
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not all(isinstance(row, Mapping) for row in rows):
        raise ValueError(f"{os.fspath(path)} is not a file of verdicts: it holds no list of them")
    return [Verdict.from_json(row) for row in rows]


def repeat(verdict: Verdict) -> Replay:
    """Repeat one verdict.

    Raises
    ------
    ValueError
        If it does not say from which check, preset, seed and level it came.
    """
    parameters = verdict.parameters
    missing = [name for name in ("probe", "preset", "level") if name not in parameters]
    if missing or verdict.seed is None:
        raise ValueError(f"the verdict on {verdict.key} cannot be repeated: no {', '.join(missing) or 'seed'}")
    settings = Settings(parameters["preset"], verdict.seed, float(parameters["level"]))
    return Replay(verdict, attempt(probe_named(str(parameters["probe"])), settings))


def replay(path: str | os.PathLike[str], key: str) -> list[Replay]:
    """Repeat every verdict on one statement in a file.

    Parameters
    ----------
    path : path
        File of verdicts, as ``byzbounds verify --json`` and ``byzbounds report`` write them.
    key : str
        The statement.

    Raises
    ------
    ValueError
        If the file holds none on this statement.
    """
    found = [verdict for verdict in read_verdicts(path) if verdict.key == key]
    if not found:
        raise ValueError(f"{os.fspath(path)} holds no verdict on {key!r}")
    return [repeat(verdict) for verdict in found]

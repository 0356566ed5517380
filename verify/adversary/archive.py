"""The outcome of a grid as a small file, which is replayed and not trusted.

What is kept of a bracket is its lower end and, where it refutes something, the messages. Published constants, proved
upper ends and verdicts are looked up again when the file is read, and a refutation counts only with its messages
evaluated again.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import sympy as sp

from ..verdict import Outcome
from .claims import Constant, proved, published
from .exact_lstat import Norm
from .hunt import evaluate_again
from .subjects import subject
from .witness import Witness

#: Numbers in a witness that is kept although a smaller size is refuted too.
LARGEST = 400
#: The grid that the committed file holds.
COMMAND = "byzbounds worst-case-grid --sizes full --store grid.jsonl --archive worst_cases.json"


@dataclass(frozen=True)
class Entry:
    """One bracket of a grid.

    Attributes
    ----------
    rule : str
    n, f : int
    norm : {"mean", "max"}
    dim : int or None
    lower : Fraction or None
        None where the rule has no constant.
    upper : float or None
        As the grid found it: an exact computation that is not worth repeating to print a page.
    witness : Witness or None
        Kept for refutations.
    """

    rule: str
    n: int
    f: int
    norm: Norm
    dim: int | None
    lower: Fraction | None
    upper: float | None
    witness: Witness | None

    @property
    def constant(self) -> Constant | None:
        """What is published, looked up now."""
        return published(self.rule, self.n, self.f, self.norm, self.dim)

    @property
    def bound(self) -> Constant | None:
        """What is proved, looked up now."""
        return proved(self.rule, self.n, self.f, self.norm, self.dim)

    @property
    def verdict(self) -> Outcome | None:
        """On the published constant, from the lower end and the upper one."""
        constant = self.constant
        if constant is None or constant.value is None:
            return None if constant is None else Outcome.VACUOUS
        if self.lower is None or bool(sp.Rational(self.lower.numerator, self.lower.denominator) > constant.value):
            return Outcome.REFUTED
        ends = [end for end in (self.upper, None if self.bound is None else self.bound.value) if end is not None]
        holds = any(bool(sp.sympify(end) <= constant.value) for end in ends)
        return Outcome.HOLDS if holds else Outcome.INCONCLUSIVE

    @property
    def command(self) -> str:
        """What searches for this bracket again."""
        dim = "" if self.dim is None else f" --dim {self.dim}"
        norm = "" if self.norm == "mean" else " --norm max"
        return f"byzbounds worst-case {self.rule} --n {self.n} --f {self.f}{norm}{dim}"

    def replay(self) -> Fraction:
        """Evaluate the messages again.

        Returns
        -------
        Fraction
            The ratio that they reach.

        Raises
        ------
        ValueError
            Without messages, or with messages that do not fit the rule.
        """
        if self.witness is None:
            raise ValueError(f"{self.rule} at n={self.n}, f={self.f} was archived without its messages")
        return evaluate_again(subject(self.rule, self.n, self.f), self.witness, self.norm)


def _grouped(vectors: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Runs of equal messages: how many, and which."""
    runs = itertools.groupby([str(x) for x in vector] for vector in vectors)
    return [[len(list(run)), vector] for vector, run in runs]


def _ungrouped(runs: Iterable[Sequence[Any]]) -> tuple[tuple[Fraction, ...], ...]:
    return tuple(tuple(Fraction(x) for x in vector) for count, vector in runs for _ in range(count))


def _size(witness: Mapping[str, Any]) -> int:
    return sum(len(vector) for part in witness.values() for _, vector in part)


def compact(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What is kept of a grid.

    Parameters
    ----------
    records : sequence of mapping
        From :func:`~.grid.grid`.

    Returns
    -------
    dict
        Of JSON types; numbers that have to be exact are strings.
    """
    entries: list[dict[str, Any]] = []
    shown: set[tuple[Any, ...]] = set()
    for record in sorted(records, key=lambda record: (record["job"][0], *record["job"][1:3])):
        if "refused" in record:
            continue
        entry = {name: record[name] for name in ("rule", "n", "f", "norm", "dim")}
        gone = record["lower"] == math.inf
        entry["lower"] = None if gone else f"{record['lower'] * (1 - 1e-12):.10g}"
        entry["upper"] = None if record["upper"] is None else float(f"{record['upper']:.12g}")
        if record["witness"] is not None and (record["verdict"] == str(Outcome.REFUTED) or gone):
            witness = {part: _grouped(vectors) for part, vectors in record["witness"].items()}
            key = (record["rule"], record["norm"], record["dim"])
            if key not in shown or (not gone and _size(witness) <= LARGEST):
                entry["witness"] = witness
                shown.add(key)
                if not gone:
                    entry["lower"] = str(_read(entry).replay())
        entries.append(entry)
    return {"command": COMMAND, "entries": entries}


def dump(records: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write :func:`compact` with one entry a line."""
    data = compact(records)
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in data["entries"])
    path.write_text(f'{{"command": {json.dumps(data["command"])}, "entries": [\n{lines}\n]}}\n', encoding="utf-8")


def _read(entry: Mapping[str, Any]) -> Entry:
    kept = entry.get("witness")
    witness = None if kept is None else Witness(_ungrouped(kept["honest"]), _ungrouped(kept["byzantine"]))
    lower = None if entry["lower"] is None else Fraction(entry["lower"])
    rule, n, f, norm, dim = (entry[name] for name in ("rule", "n", "f", "norm", "dim"))
    return Entry(rule, n, f, norm, dim, lower, entry["upper"], witness)


def load(path: Path) -> list[Entry]:
    """Read what :func:`dump` wrote.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of Entry
    """
    return [_read(entry) for entry in json.loads(path.read_text(encoding="utf-8"))["entries"]]


@dataclass(frozen=True)
class Refutation:
    """A published constant that messages exceed.

    Attributes
    ----------
    entry : Entry
        The fewest messages that do, with a witness.
    refuted, tried : int
        Sizes of the grid at which the constant is exceeded, and at which it says something.
    """

    entry: Entry
    refuted: int
    tried: int


def refutations(entries: Sequence[Entry]) -> list[Refutation]:
    """The published constants that a witness exceeds, each with the smallest case.

    Parameters
    ----------
    entries : sequence of Entry

    Returns
    -------
    list of Refutation
        Judged anew: only messages that exceed the constant when they are evaluated again count as the smallest case.
    """
    groups: dict[tuple[str, str, int | None], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.rule, entry.norm, entry.dim), []).append(entry)
    found = []
    for group in groups.values():
        verdicts = [entry.verdict for entry in group]
        tried = sum(verdict not in (None, Outcome.VACUOUS) for verdict in verdicts)
        beyond = [entry for entry, verdict in zip(group, verdicts, strict=True) if verdict is Outcome.REFUTED]
        shown = [entry for entry in sorted(beyond, key=lambda e: (e.n, e.f)) if confirmed(entry)]
        if shown:
            found.append(Refutation(shown[0], len(beyond), tried))
    return found


def confirmed(entry: Entry) -> bool:
    """Whether the archived messages, evaluated now, exceed the constant that is published."""
    constant = entry.constant
    if entry.witness is None or constant is None or constant.value is None:
        return False
    try:
        ratio = entry.replay()
    except ValueError:
        return False
    return bool(sp.Rational(ratio.numerator, ratio.denominator) > constant.value)

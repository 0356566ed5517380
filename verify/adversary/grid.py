"""Every rule over a grid of sizes: resumable, compared with what is published, as a table."""

from __future__ import annotations

import itertools
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from ..verdict import Outcome
from .bracket import Bracket, lstatistic_bracket, worst_case
from .exact_lstat import Norm
from .subjects import subject

#: Rules of both papers, of the toolkit, composed with mixing and bucketing, and misused.
RULES = (
    "mean",
    "cwtm",
    "cwtm:trim=1",
    "median",
    "median-lower",
    "geometric-median",
    "krum",
    "krum-blanchard",
    "krum-inclusive",
    "krum:neighbours=2",
    "multikrum",
    "phocas",
    "phocas-vector",
    "meamed",
    "faba",
    "mda",
    "smea",
    "caf",
    "bulyan",
    "centered-clipping",
    "huber",
    "correntropy",
    "norm-thresholding",
    "huber:threshold=1",
    "centered-clipping:radius=1",
    "correntropy:width=1",
    "nnm+cwtm",
    "nnm+median",
    "nnm+krum",
    "nnm+geometric-median",
    "bucketing+cwtm",
    "bucketing+median",
)
SMALL = ((3, 1), (4, 1), (5, 1), (5, 2), (6, 2), (7, 1), (7, 2), (8, 2), (9, 3), (10, 2))
#: The papers' own sizes last: N = 100 with alpha = 0.03, 0.1, 0.2 and 0.4.
FULL = (*SMALL, (11, 2), (20, 2), (20, 4), (20, 8), (50, 5), (50, 20), (100, 3), (100, 10), (100, 20), (100, 40))
#: Rules that compare all subsets of n - f messages, and how many subsets a search can afford.
SUBSETS = {"mda": 500, "smea": 60}

Record = dict[str, Any]
Job = tuple[str, int, int, Norm, int | None, int, bool]


def jobs(
    rules: Sequence[str] = RULES,
    sizes: Sequence[tuple[int, int]] = SMALL,
    norms: Sequence[Norm] = ("mean", "max"),
    seed: int = 0,
    deep: bool = False,
) -> list[Job]:
    """All brackets of a grid.

    Parameters
    ----------
    rules : sequence of str
    sizes : sequence of (n, f)
    norms : sequence of {"mean", "max"}
    seed : int
    deep : bool

    Returns
    -------
    list of tuple
        Arguments of :func:`~.bracket.worst_case`, with the largest norm once in one dimension and once in all; none
        where a rule would compare too many subsets.
    """
    found: list[Job] = []
    for rule in rules:
        for n, f in sizes:
            if rule in SUBSETS and math.comb(n, f) > SUBSETS[rule]:
                continue
            for norm in norms:
                dims: tuple[int | None, ...] = (1, None) if norm == "max" else (None,)
                found.extend((rule, n, f, norm, dim, seed, deep) for dim in dims)
    return found


def _key(job: Job) -> str:
    return json.dumps(job)


def run_job(job: Job) -> Record:
    """One bracket as a record; a rule that refuses the size gives a record that says why.

    Parameters
    ----------
    job : tuple
        Arguments of :func:`~.bracket.worst_case`.

    Returns
    -------
    dict
        The bracket's JSON, the source of the published constant, how the witness was evaluated, and the job.
    """
    rule, n, f, norm, dim, seed, deep = job
    try:
        bracket = worst_case(rule, n, f, norm, dim, seed, deep)
        if bracket.dim != dim:  # refuted in one dimension, which the grid looks at by itself
            bracket = lstatistic_bracket(subject(rule, n, f), norm, dim)
    except ValueError as error:
        return {"job": list(job), "refused": str(error)}
    extra = {"job": list(job), "published_source": bracket.published_source, "evaluation": bracket.evaluation}
    return {**bracket.to_json(), **extra}


def _stored(store: Path | None) -> dict[str, Record]:
    """What is already there; a last line that was cut off is dropped."""
    records: dict[str, Record] = {}
    if store is None or not store.exists():
        return records
    for line in store.read_text(encoding="utf-8").splitlines():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        records[_key(tuple(record["job"]))] = record
    return records


def grid(
    work: Sequence[Job],
    store: Path | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Record]:
    """Run a grid, or what of it is not yet in the store.

    Parameters
    ----------
    work : sequence of tuple
        From :func:`jobs`.
    store : Path or None
        File of JSON lines to which each record is appended as soon as it is there; a killed run resumes from it.
    executor : Executor or None
        Where to run; None runs here, one after the other.
    progress : callable or None
        Called with the number of records that are there and that of all.

    Returns
    -------
    list of dict
        One record a job, in order.
    """
    records = _stored(store)
    missing = [job for job in work if _key(job) not in records]
    results: Iterable[Record] = map(run_job, missing) if executor is None else executor.map(run_job, missing)
    for done, record in enumerate(results, start=len(work) - len(missing) + 1):
        records[_key(tuple(record["job"]))] = record
        if store is not None:
            _append(store, record)
        if progress is not None:
            progress(done, len(work))
    return [records[_key(job)] for job in work]


def _append(store: Path, record: Record) -> None:
    """One line, after the end of a line that a killed run may have cut off."""
    store.parent.mkdir(parents=True, exist_ok=True)
    with store.open("ab+") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(json.dumps(record).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def smallest_refutation(
    rule: str, norm: Norm, dim: int | None = None, largest: int = 10, seed: int = 0
) -> Bracket | None:
    """The fewest messages with which the published constant of a rule is exceeded.

    Parameters
    ----------
    rule : str
    norm : {"mean", "max"}
    dim : int or None
        Dimension of the messages.
    largest : int
        Largest number of messages to try.
    seed : int

    Returns
    -------
    Bracket or None
        With the witness; None if no size up to ``largest`` refutes it.
    """
    for n in range(2, largest + 1):
        for f in range((n + 1) // 2):
            try:
                bracket = worst_case(rule, n, f, norm, dim, seed)
            except ValueError:  # the rule does not take this size
                continue
            if bracket.verdict is Outcome.REFUTED:
                return bracket
    return None


def smaller(records: Sequence[Record]) -> list[Record]:
    """Look for fewer messages that refute what a grid refutes.

    Parameters
    ----------
    records : sequence of dict
        From :func:`grid`.

    Returns
    -------
    list of dict
        One record for each constant that is refuted at a smaller size than in the grid: the smallest one with at least
        one Byzantine message.
    """
    first: dict[tuple[str, str, int | None], Record] = {}
    for record in records:
        if record.get("verdict") == str(Outcome.REFUTED):
            key = (record["rule"], record["norm"], record["dim"])
            if key not in first or (record["n"], record["f"]) < (first[key]["n"], first[key]["f"]):
                first[key] = record
    found = []
    for record in first.values():
        rule, n, f, *rest = record["job"]
        sizes = [(m, g) for m in range(2, n + 1) for g in range(1, (m + 1) // 2) if (m, g) < (n, f)]
        tries = (run_job((rule, m, g, *rest)) for m, g in sizes)
        found += list(itertools.islice((one for one in tries if one.get("verdict") == str(Outcome.REFUTED)), 1))
    return found


def markdown(records: Sequence[Mapping[str, Any]]) -> str:
    """The records as a Markdown table, without the witnesses.

    Parameters
    ----------
    records : sequence of mapping
        From :func:`grid`; refused sizes are left out.

    Returns
    -------
    str
    """
    head = ("rule", "n", "f", "constant", "dimension", "lower end", "upper end", "source", "published", "verdict")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for record in records:
        if "refused" in record:
            continue
        constant = "kappa" if record["norm"] == "mean" else "C_alpha^2"
        dim = "all" if record["dim"] is None else str(record["dim"])
        upper = "exact" if record["exact"] else _shown(record["upper"])
        cells = (record["rule"], record["n"], record["f"], constant, dim, _shown(record["lower"]), upper)
        verdict = record["verdict"] or ""
        more = (record["upper_source"], _shown(record["published"]), verdict)
        lines.append("| " + " | ".join(str(cell) for cell in (*cells, *more)) + " |")
    return "\n".join(lines) + "\n"


def refutations_markdown(records: Sequence[Mapping[str, Any]]) -> str:
    """The smallest witness against each refuted constant, as a Markdown table.

    Parameters
    ----------
    records : sequence of mapping
        From :func:`grid`.

    Returns
    -------
    str
        Equal messages are shown once, with how many there are.
    """
    smallest: dict[tuple[str, str, int | None], Mapping[str, Any]] = {}
    for record in records:
        if record.get("verdict") == str(Outcome.REFUTED):
            key = (record["rule"], record["norm"], record["dim"])
            if key not in smallest or (record["n"], record["f"]) < (smallest[key]["n"], smallest[key]["f"]):
                smallest[key] = record
    head = ("rule", "constant", "dimension", "n", "f", "published", "messages reach", "honest", "Byzantine")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for (rule, norm, dim), record in smallest.items():
        constant = "kappa" if norm == "mean" else "C_alpha^2"
        where = "all" if dim is None else str(dim)
        numbers = (record["n"], record["f"], _shown(record["published"]), _shown(record["lower"]))
        messages = (counted(record["witness"][part]) for part in ("honest", "byzantine"))
        lines.append("| " + " | ".join(str(cell) for cell in (rule, constant, where, *numbers, *messages)) + " |")
    return "\n".join(lines) + "\n"


def counted(vectors: Sequence[Sequence[Any]], most: int = 8) -> str:
    """Messages in words: ``"2 x (-1); 2 x (1)"``.

    Parameters
    ----------
    vectors : sequence of sequences
    most : int
        How many different ones are shown.

    Returns
    -------
    str
    """
    counts = Counter(tuple(vector) for vector in vectors)
    shown = [f"{count} x ({', '.join(map(str, vector))})" for vector, count in counts.most_common(most)]
    return "; ".join(shown) + (f"; and {len(counts) - most} more" if len(counts) > most else "")


def _shown(value: float | None) -> str:
    return "" if value is None else "unbounded" if value == math.inf else f"{value:.6g}"

"""The main job: check every statement, compute every figure, test every claim, write the page; resumable."""

from __future__ import annotations

import json
import math
import os
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .claims import Claim, ClaimVerdict, judge
from .figures import NAMES, FigureData, complete, get
from .figures.base import Progress, no_progress
from .page import Content, render
from .provenance import fingerprint, machine, now, versions
from .store import Store, require_writable, write_whole
from .style import save

if TYPE_CHECKING:
    from ..verify.probe import Preset

#: The presets, in order of their cost.
PRESETS = ("quick", "paper", "full")

#: Readings that the quick preset computes, by the beginning of a figure's name; the others compute all.
QUICK_READINGS: Mapping[str, tuple[str, ...]] = {
    "lad.": ("literal", "derived"),
    "cra.": ("literal", "fixed-identities"),
    "bounds.": ("literal",),
}


@dataclass
class Gathered:
    """What the parts of a report have yielded so far."""

    verdicts: list[Mapping[str, Any]] = field(default_factory=list)
    errata: list[Mapping[str, Any]] = field(default_factory=list)
    worst_cases: list[Mapping[str, Any]] = field(default_factory=list)
    data: dict[tuple[str, str], FigureData] = field(default_factory=dict)
    missing: list[Mapping[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Unit:
    """One figure under one reading: what is computed, kept and resumed as a whole."""

    figure: str
    reading: str
    preset: str
    seed: int
    out: str

    @property
    def label(self) -> str:
        """Name for people."""
        return f"{self.figure} ({self.reading})"


def build(
    preset: str = "quick",
    out: str | os.PathLike[str] = "report",
    seed: int = 0,
    progress: Progress | None = None,
    *,
    workers: int = 1,
    figures: Sequence[str] | None = None,
    statements: bool = True,
) -> Path:
    """Build a report; parts that an earlier, interrupted call finished in the same folder are used again.

    Parameters
    ----------
    preset
        ``"quick"`` (minutes, literal readings), ``"paper"`` (the papers' numbers, all readings) or ``"full"``.
    out
        The output folder; it is created.
    seed
        First seed; figures use this one and the following ones.
    progress
        Called with the finished fraction and what was finished.
    workers
        Processes that compute figures and checks; more than one needs a caller that is safe to import (``if __name__ ==
        "__main__"``).
    figures
        Names of the figures to show; all by default.
    statements
        Whether the statements are checked and shown.

    Returns
    -------
    pathlib.Path
        The page, ``out/index.html``. Beside it lie ``figures/``, ``verdicts.json`` and ``provenance.json``.

    Raises
    ------
    ValueError
        If the preset or a figure is unknown.
    OSError
        If the folder cannot be written.
    KeyboardInterrupt
        If the user interrupts; finished parts stay, and the next call goes on from there.
    """
    if preset not in PRESETS:
        raise ValueError(f"report: no preset {preset!r}; there are {', '.join(PRESETS)}")
    folder = Path(out)
    require_writable(folder)
    require_writable(folder / "figures")
    names = list(NAMES if figures is None else figures)
    units = [u for name in names for u in units_of(name, preset, seed, folder)]
    gathered, started, clock = Gathered(), now(), time.perf_counter()
    report = progress or no_progress
    jobs: list[tuple[str, Callable[..., Any], tuple[Any, ...]]] = [(u.label, figure_part, (u,)) for u in units]
    if statements:
        jobs[:0] = [
            ("statements", statements_part, (preset, seed, str(folder))),
            ("errata", errata_part, (str(folder),)),
            ("worst cases", worst_cases_part, (preset, seed, str(folder))),
        ]
    _run(jobs, gathered, report, workers)
    claims = judge([c for name in names for c in get(name).CLAIMS], gathered.data)
    wall_time = time.perf_counter() - clock
    provenance = _provenance(gathered, preset, seed, folder, started, wall_time)
    return write(folder, gathered, claims, provenance, names, statements)


def _provenance(
    gathered: Gathered, preset: str, seed: int, folder: Path, started: str, wall_time: float
) -> dict[str, Any]:
    return {
        "command": _command(preset, folder, seed),
        "preset": preset,
        "seed": seed,
        "started": started,
        "finished": now(),
        "wall_time_s": wall_time,
        "versions": versions(),
        "machine": machine(),
        "fingerprint": fingerprint(),
        "parts": gathered.seconds,
        "parameters": {f"{name}/{reading}": dict(d.parameters) for (name, reading), d in gathered.data.items()},
    }


def _command(preset: str, folder: Path, seed: int) -> str:
    return shlex.join(["byzbounds", "report", "--preset", preset, "--out", str(folder), "--seed", str(seed)])


def units_of(name: str, preset: str, seed: int, folder: Path) -> list[Unit]:
    """The units of a figure: one a reading that the preset asks for."""
    return [Unit(name, reading, preset, seed, str(folder)) for reading in readings_of(name, preset)]


def readings_of(name: str, preset: str) -> list[str]:
    """The readings of a figure that a preset computes, the literal one first.

    Raises
    ------
    ValueError
        If the preset is unknown.
    """
    if preset not in PRESETS:
        raise ValueError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
    offered = list(get(name).READINGS)
    if preset != "quick":
        return offered
    wanted = next(readings for start, readings in QUICK_READINGS.items() if name.startswith(start))
    return [reading for reading in offered if reading in wanted]


def figure_part(unit: Unit, progress: Progress | None = None) -> FigureData:
    """Compute a unit, or find it finished; draw its pictures and write its data."""
    module = get(unit.figure)
    given = {"seed": unit.seed} if "seed" in module.PARAMETERS else {}
    parameters = complete(module, given, preset=unit.preset, reading=unit.reading)
    store = Store(Path(unit.out) / "parts")
    label = f"{unit.figure}.{unit.reading}"
    content = {"parameters": parameters, "fingerprint": fingerprint()}
    kept = store.get(label, content)
    data = FigureData.from_json(kept) if kept is not None else module.compute(parameters, progress)
    if kept is None:
        store.put(label, content, data.to_json())
    from .views import stem

    base = Path(unit.out) / "figures" / stem(unit.figure, unit.reading)
    save(module.plot(data), base)
    for name, table in data.tables.items():
        write_whole(base.with_name(f"{base.name}.{name}.csv"), table.to_csv())
    return data


def statements_part(preset: str, seed: int, out: str, progress: Progress | None = None) -> list[Mapping[str, Any]]:
    """Verdicts on every statement of the catalogue."""
    from ..verify.runner import run

    verdicts = run(None, cast("Preset", preset), seed, Path(out) / "parts" / "verdicts", progress)
    return [verdict.to_json() for verdict in verdicts]


def errata_part(out: str, progress: Progress | None = None) -> list[Mapping[str, Any]]:
    """Differences between printed and derived results, as the comparison lists them."""
    from ..bounds.errata import errata

    (progress or no_progress)(0.0, "comparing printed with derived")
    store, content = Store(Path(out) / "parts"), {"fingerprint": fingerprint()}
    kept = store.get("errata", content)
    rows: list[Mapping[str, Any]] = json.loads(kept) if kept else [row.to_json() for row in errata()]
    if kept is None:
        store.put("errata", content, json.dumps(rows, default=str))
    return rows


def worst_cases_part(preset: str, seed: int, out: str, progress: Progress | None = None) -> list[Mapping[str, Any]]:
    """Published robustness constants against the worst cases that this report searches for."""
    from .worst_cases import rows, search

    return [*rows(search(preset, seed, Path(out) / "parts" / f"worst-cases-{fingerprint()}.jsonl", progress))]


def _run(
    jobs: Sequence[tuple[str, Callable[..., Any], tuple[Any, ...]]], gathered: Gathered, report: Progress, workers: int
) -> None:
    """Run the jobs; a part that fails is named on the page and does not stop the others."""
    if workers > 1:
        _run_in_processes(jobs, gathered, report, workers)
        return
    for number, (label, job, arguments) in enumerate(jobs):
        clock = time.perf_counter()

        def inner(fraction: float, message: str, number: int = number, label: str = label) -> None:
            report((number + min(fraction, 1.0)) / len(jobs), f"{label}: {message}" if message else label)

        inner(0.0, "")
        try:
            _gather(gathered, label, arguments, job(*arguments, progress=inner))
        except Exception as error:
            gathered.missing.append({"name": label, "reason": f"{type(error).__name__}: {error}"})
        gathered.seconds[label] = time.perf_counter() - clock
    report(1.0, "done")


def _timed(job: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[float, Any]:
    clock = time.perf_counter()
    found = job(*arguments)
    return time.perf_counter() - clock, found


def _follow_the_parent() -> None:
    """Leave interrupts to the parent, and end with it: a parent that is killed cannot end its workers itself."""
    import multiprocessing
    import signal
    import threading

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def end_with_it() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=end_with_it, daemon=True).start()


def _run_in_processes(
    jobs: Sequence[tuple[str, Callable[..., Any], tuple[Any, ...]]], gathered: Gathered, report: Progress, workers: int
) -> None:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed

    threads = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    # The processes share the cores: more threads in each would only get in one another's way.
    os.environ.update(dict.fromkeys(threads, "1"))
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_follow_the_parent)
    report(0.0, f"{len(jobs)} parts in {workers} processes")
    try:
        futures = {pool.submit(_timed, job, arguments): (label, arguments) for label, job, arguments in jobs}
        for count, future in enumerate(as_completed(futures), start=1):
            label, arguments = futures[future]
            try:
                gathered.seconds[label], found = future.result()
                _gather(gathered, label, arguments, found)
            except Exception as error:
                gathered.missing.append({"name": label, "reason": f"{type(error).__name__}: {error}"})
            report(count / len(jobs), label)
    except KeyboardInterrupt:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for name, value in threads.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
    gathered.data = {key: gathered.data[key] for key in _order(jobs) if key in gathered.data}


def _order(jobs: Sequence[tuple[str, Callable[..., Any], tuple[Any, ...]]]) -> list[tuple[str, str]]:
    return [(a[0].figure, a[0].reading) for _, _, a in jobs if isinstance(a[0], Unit)]


def _gather(gathered: Gathered, label: str, arguments: tuple[Any, ...], found: Any) -> None:
    if label == "statements":
        gathered.verdicts = found
    elif label == "errata":
        gathered.errata = found
    elif label == "worst cases":
        gathered.worst_cases = found
    else:
        gathered.data[arguments[0].figure, arguments[0].reading] = found


def write(
    folder: Path,
    gathered: Gathered,
    claims: Sequence[ClaimVerdict],
    provenance: Mapping[str, Any],
    names: Sequence[str],
    with_statements: bool = True,
) -> Path:
    """Write the page, ``verdicts.json`` and ``provenance.json``."""
    from .views import READING_TEXTS, erratum_view, figure_view, statement_view

    preset, shown = str(provenance["preset"]), []
    for name in names:
        readings = {r: d for (figure, r), d in gathered.data.items() if figure == name}
        if readings:
            shown.append(figure_view(name, readings, folder / "figures", claims, preset))
    views = []
    if with_statements:
        from ..bounds import statements

        views = [statement_view(s, gathered.verdicts) for s in statements()]
    used = dict.fromkeys(r for _, r in gathered.data)
    content = Content(
        title="Coded robust aggregation, verified",
        provenance=provenance,
        statements=views,
        verdicts=gathered.verdicts,
        claims=[c.to_json() for c in claims],
        figures=shown,
        errata=[erratum_view(row) for row in gathered.errata],
        ways=_ways(gathered.verdicts) if with_statements else (),
        worst_cases=gathered.worst_cases,
        readings={r: READING_TEXTS.get(r, r) for r in used},
        missing=gathered.missing,
    )
    record = {
        "verdicts": gathered.verdicts,
        "claims": content.claims,
        "errata": gathered.errata,
        "worst_cases": gathered.worst_cases,
        "missing": gathered.missing,
    }
    write_whole(folder / "verdicts.json", json.dumps(finite(record), indent=1, default=str, allow_nan=False))
    write_whole(folder / "provenance.json", json.dumps(finite(provenance), indent=1, default=str, allow_nan=False))
    page = folder / "index.html"
    write_whole(page, render(content))
    return page


def _ways(verdicts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    from ..verify.coverage import how_verified
    from ..verify.verdict import Verdict

    return [row.to_json() for row in how_verified(Verdict.from_json(verdict) for verdict in verdicts)]


def finite(value: Any) -> Any:
    """The same with non-finite numbers as strings, which JSON has no numbers for."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [finite(entry) for entry in value]
    return value


def all_claims() -> list[Claim]:
    """The claims of all figures, in the report's order."""
    return [claim for name in NAMES for claim in get(name).CLAIMS]

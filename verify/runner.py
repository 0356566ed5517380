"""Run checks: which there are, in which order, with which share of the error probability; resumable."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

from .._version import __version__
from ..bounds.catalogue import get, statements
from ..bounds.statement import Kind, Statement
from .probe import PRESETS, Preset, Probe, Settings
from .symbolic import replay as replay_derivation
from .verdict import Check, Outcome, Verdict

#: Called with the finished fraction and the name of the check that comes next.
Progress = Callable[[float, str], None]

#: Modules that say how statements are checked, each exporting ``PROBES``.
MODULES = (
    "lad",
    "cra",
    "refined",
    "formulas",
    "thresholds",
    "words",
    "rules",
    "small_messages",
    "duels",
    "compression",
    "trajectory",
    "steady",
    "orders",
    "objects",
)

#: Probability that a run returns any wrong definite verdict among those that rest on samples.
ERROR = 0.01

#: Kinds that the catalogue quotes: a refutation is a finding about the source, not an error of the catalogue.
_QUOTED = (Kind.CLAIM, Kind.REMARK, Kind.CONSTANT)


@cache
def probes() -> tuple[Probe, ...]:
    """All checks of all statements, in catalogue order.

    Raises
    ------
    ValueError
        If two have the same name, or one is about a statement that the catalogue does not hold.
    """
    found = [
        Probe(statement.key, Check.DERIVATION, replay_derivation)
        for statement in statements()
        if statement.derivation is not None
    ]
    for name in MODULES:
        found += importlib.import_module(f".{name}", __package__).PROBES
    names = [probe.name for probe in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"checks with the same name: {', '.join(twice)}")
    order = {statement.key: position for position, statement in enumerate(statements())}
    unknown = sorted({probe.key for probe in found} - set(order))
    if unknown:
        raise ValueError(f"checks of statements that the catalogue does not hold: {', '.join(unknown)}")
    return tuple(sorted(found, key=lambda probe: order[probe.key]))


def probe_named(name: str) -> Probe:
    """The check of this name.

    Raises
    ------
    ValueError
        If there is none; near misses are suggested.
    """
    for probe in probes():
        if probe.name == name:
            return probe
    near = difflib.get_close_matches(name, [probe.name for probe in probes()], n=3, cutoff=0.5)
    raise ValueError(f"no check {name!r}" + (f"; did you mean {' or '.join(near)}?" if near else ""))


def run(
    keys: Iterable[str] | None = None,
    preset: Preset = "quick",
    seed: int = 0,
    store: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> list[Verdict]:
    """Check statements in every way that there is.

    Parameters
    ----------
    keys : iterable of str, optional
        Statements, or prefixes of keys that end in a dot (``"lad."``); all by default.
    preset : {"quick", "paper", "full"}
        Sizes, grids and budgets.
    seed : int
        Of the run; each check's seed follows from it and from the check's name.
    store : path, optional
        Folder of finished verdicts: those computed earlier from the same sources, preset and seed are not computed
        again.
    progress : callable, optional
        Called with the finished fraction and the name of the check that comes next.

    Returns
    -------
    list of Verdict
        In catalogue order. The probability that any of those that rest on samples is wrong is at most :data:`ERROR`
        (evenly shared among them, a union bound). A check that fails with an error is INCONCLUSIVE and says why.

    Raises
    ------
    ValueError
        For an unknown key or preset, or a negative seed.
    """
    if preset not in PRESETS:
        raise ValueError(f"run: preset is one of {', '.join(PRESETS)}, got {preset!r}")
    if seed < 0:
        raise ValueError(f"run: seed has to be at least 0, got {seed}")
    wanted = _chosen(keys)
    chosen = [probe for probe in probes() if probe.key in wanted]
    level = ERROR / max(sum(probe.random for probe in chosen), 1)
    shelf = None if store is None else _Shelf(Path(store))
    verdicts = []
    for number, probe in enumerate(chosen):
        if progress is not None:
            progress(number / len(chosen), probe.name)
        settings = Settings(preset, probe.seed(seed), level if probe.random else 0.0)
        verdicts.append(_once(probe, settings, shelf))
    if progress is not None:
        progress(1.0, "")
    return verdicts


def _chosen(keys: Iterable[str] | None) -> set[str]:
    every = [statement.key for statement in statements()]
    if keys is None:
        return set(every)
    found: set[str] = set()
    for key in keys:
        matching = [one for one in every if one == key or (key.endswith(".") and one.startswith(key))]
        if not matching:
            get(key)  # raises, with near misses
        found.update(matching)
    return found


def _once(probe: Probe, settings: Settings, shelf: _Shelf | None) -> Verdict:
    kept = None if shelf is None else shelf.get(probe, settings)
    if kept is not None:
        return kept
    verdict = attempt(probe, settings)
    if shelf is not None:
        shelf.put(probe, settings, verdict)
    return verdict


def attempt(probe: Probe, settings: Settings) -> Verdict:
    """Run one check; an error makes it INCONCLUSIVE."""
    try:
        return probe(get(probe.key), settings)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return Verdict(
            key=probe.key,
            check=probe.check,
            outcome=Outcome.INCONCLUSIVE,
            points=0,
            seed=settings.seed,
            parameters={"probe": probe.name, "preset": settings.preset, "level": settings.level},
            detail=f"the check failed: {type(error).__name__}: {error}",
        )


def stated_as_true(statement: Statement) -> bool:
    """Whether the catalogue itself asserts a statement, and does not only quote it.

    Quoted are constants, remarks and claims that a source gives and that no derivation backs.
    """
    return statement.derivation is not None or statement.kind not in _QUOTED


def failures(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Verdicts that refute what the catalogue states as true."""
    return [verdict for verdict in verdicts if verdict.outcome is Outcome.REFUTED and stated_as_true(get(verdict.key))]


class _Shelf:
    """A folder of finished verdicts, each written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def _path(self, probe: Probe, settings: Settings) -> Path:
        content = [probe.name, settings.preset, settings.seed, settings.level, __version__, _sources()]
        digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
        return self._folder / f"{probe.key}-{digest}.json"

    def get(self, probe: Probe, settings: Settings) -> Verdict | None:
        path = self._path(probe, settings)
        return Verdict.from_json(json.loads(path.read_text("utf-8"))) if path.exists() else None

    def put(self, probe: Probe, settings: Settings, verdict: Verdict) -> None:
        handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(verdict.to_json(), file, allow_nan=False)
            os.replace(temporary, self._path(probe, settings))
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@cache
def _sources() -> str:
    """A hash of everything that a verdict depends on."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[1]
    for part in ("bounds", "simulate", "verify"):
        for path in sorted((root / part).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()

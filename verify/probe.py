"""What a check is: a statement's key, a way to check it, and a function that does."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from ..bounds.statement import Statement
from .verdict import Check, Outcome, Verdict

Preset = Literal["quick", "paper", "full"]
PRESETS: tuple[Preset, ...] = get_args(Preset)


@dataclass(frozen=True)
class Settings:
    """How much work a check may do, and with which seed and error probability.

    Attributes
    ----------
    preset : {"quick", "paper", "full"}
        Sizes, grids and budgets.
    seed : int
        Of this check; every random number follows from it.
    level : float
        Probability with which this check may give a wrong definite outcome, if it draws samples.
    """

    preset: Preset = "quick"
    seed: int = 0
    level: float = 1e-3

    def choose(self, quick: object, paper: object, full: object) -> object:
        """Return the entry of this preset."""
        return {"quick": quick, "paper": paper, "full": full}[self.preset]

    def rng(self) -> np.random.Generator:
        """A fresh generator from the seed."""
        return np.random.default_rng(self.seed)


Experiment = Callable[[Statement, Settings], Verdict]


@dataclass(frozen=True)
class Probe:
    """One check of one statement.

    Attributes
    ----------
    key : str
        The statement.
    check : Check
        The way.
    experiment : callable
        Does it; it takes the statement as an argument, so that a wrong one can be put to the same test.
    label : str
        Tells apart several probes of the same kind on the same statement.
    random : bool
        Whether the outcome is subject to chance: such probes share the run's error probability.
    stream : str
        What its random numbers depend on besides the run's seed; its own name by default. Probes with the same stream
        look at the same samples.
    """

    key: str
    check: Check
    experiment: Experiment
    label: str = ""
    random: bool = False
    stream: str = ""

    @property
    def name(self) -> str:
        """Unique among the probes of all statements."""
        return f"{self.key}/{self.check.value}" + (f"/{self.label}" if self.label else "")

    def seed(self, run_seed: int) -> int:
        """This probe's seed in a run: it depends on the run's seed and on the probe's stream only."""
        words = np.random.SeedSequence([run_seed, zlib.crc32((self.stream or self.name).encode())]).generate_state(
            1, np.uint32
        )
        return int(words[0])

    def __call__(self, statement: Statement, settings: Settings) -> Verdict:
        """Run, and write into the verdict what a replay needs."""
        verdict = self.experiment(statement, settings)
        needed = {"probe": self.name, "preset": settings.preset, "level": settings.level}
        confidence = 1 - settings.level if self.random and verdict.outcome is not Outcome.VACUOUS else None
        return replace(
            verdict,
            seed=settings.seed,
            confidence=verdict.confidence if verdict.confidence is not None else confidence,
            parameters={**needed, **verdict.parameters},
        )

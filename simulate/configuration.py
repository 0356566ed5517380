"""Everything that determines a training run, but for its seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from . import arrays
from .attacks import Attack, attack_from_name
from .description import describe, namespace_from_name
from .draws import Persistence, check_persistence
from .measures import MEASURES
from .methods import Method
from .problems.base import Array, Problem, ProblemFamily

Schedule = float | Callable[[int], float]


@dataclass(frozen=True, eq=False)
class Configuration:
    """Arguments of `training.run` except for the seeds; checked when it is made, and fit to be sent to another process.

    Parameters
    ----------
    method, problem, iterations, gamma, f, attack, byzantine, x0, xp, device, dtype, record_every, measures
        As for `training.run`.
    """

    method: Method
    problem: Problem | ProblemFamily
    iterations: int
    gamma: Schedule
    f: int | None = None
    attack: str | Attack | None = "sign"
    byzantine: Persistence = "redrawn"
    x0: Array | Callable[[int], Array] | None = None
    xp: str | ModuleType = "numpy"
    device: Any = None
    dtype: str = "float64"
    record_every: int = 1
    measures: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        devices = self.method.encoding.devices
        if arrays.whole("run", "f", self.byzantine_count) >= devices:
            raise ValueError(f"run needs fewer Byzantine devices than devices, got f={self.f}, N={devices}")
        if self.dtype not in ("float64", "float32"):
            raise ValueError(f"run needs dtype 'float64' or 'float32', got {self.dtype!r}")
        if not callable(self.gamma) and not (np.isfinite(self.gamma) and self.gamma >= 0):
            raise ValueError(f"run needs a finite learning rate gamma of at least 0, got {self.gamma!r}")
        unknown = [name for name in self.measures if name not in MEASURES]
        if unknown:
            raise ValueError(f"run knows no measure {unknown[0]!r}; known: {', '.join(MEASURES)}")
        arrays.whole("run", "iterations", self.iterations)
        arrays.whole("run", "record_every", self.record_every, 1)
        check_persistence("run byzantine", self.byzantine)
        if not isinstance(self.xp, str):
            object.__setattr__(self, "xp", self.xp.__name__)
        namespace_from_name(str(self.xp))
        if isinstance(self.attack, str):
            attack_from_name(self.attack)

    @property
    def attacker(self) -> Attack | None:
        """The attack, made from its name if it was named."""
        return attack_from_name(self.attack) if isinstance(self.attack, str) else self.attack

    @property
    def byzantine_count(self) -> int:
        """Number of Byzantine devices in an iteration."""
        return self.method.f if self.f is None else self.f

    def recorded(self, iteration: int) -> bool:
        """Whether iterate x^t is recorded."""
        return iteration % self.record_every == 0 or iteration == self.iterations

    @property
    def records(self) -> list[int]:
        """The iterations t whose x^t is recorded."""
        return [t for t in range(self.iterations + 1) if self.recorded(t)]

    def learning_rate(self, iteration: int) -> float:
        """gamma^t."""
        return float(self.gamma(iteration)) if callable(self.gamma) else float(self.gamma)

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything as plain values, nested as the objects are."""
        return {
            "method": describe(self.method),
            "problem": describe(self.problem),
            "iterations": int(self.iterations),
            "gamma": describe(self.gamma),
            "f": self.byzantine_count,
            "attack": describe(self.attacker),
            "byzantine": self.byzantine,
            "x0": describe(self.x0),
            "xp": str(self.xp),
            "dtype": self.dtype,
            "record_every": self.record_every,
            "measures": list(self.measures),
        }

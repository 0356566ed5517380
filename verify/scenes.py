"""Full training runs in which every constant of the theorems is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..simulate.aggregation import TrimmedMean
from ..simulate.allocation import BalancedRandom, PairwiseBalanced
from ..simulate.attacks import Attack, attack_from_name
from ..simulate.compression import RandomSparsification
from ..simulate.encoding import AllocatedEncoding, CyclicEncoding
from ..simulate.methods import Method
from ..simulate.problems import LadRegression
from ..simulate.problems.dense import DenseProblem
from ..simulate.training import run
from ..simulate.trajectory import Trajectory
from .exact.cra_worlds import pencil

Floats = npt.NDArray[np.float64]
Family = Literal["lad", "cra"]

#: Names of the symbols that a scene gives values to.
KNOWN = frozenset(
    [
        "N",
        "H",
        "M",
        "d",
        "r",
        "d_min",
        "alpha",
        "delta",
        "kappa",
        "C_alpha",
        "beta",
        "L",
        "mu_PL",
        "F0",
        "Fstar",
        "T",
        "steps",
        "gamma0",
        "lambda",
        "eta",
        "zeta",
        "theta_sq",
        "drift_sq",
        "sigma_sq",
        "Q",
    ]
)

#: Rounding up of what is computed in floating point and has to be an upper bound.
_UP = 1 + 1e-9


@dataclass(frozen=True, eq=False)
class Location(DenseProblem):
    """``f_k(x) = ||x - a_k||^2 / 2``: L = M exactly, and the same heterogeneity at every x, so that beta holds for
    all x.

    Parameters
    ----------
    centres
        The a_k as rows, (M, Q).
    """

    centres: Floats

    @property
    def subsets(self) -> int:
        """M."""
        return int(self.centres.shape[0])

    @property
    def dimension(self) -> int:
        """Q."""
        return int(self.centres.shape[1])

    def all_gradients(self, x: Any) -> Any:
        """Shape (..., M, Q)."""
        return x[..., None, :] - self.centres

    def loss(self, x: Any) -> Any:
        """F(x)."""
        return 0.5 * ((x[..., None, :] - self.centres) ** 2).sum(axis=(-2, -1))

    @property
    def smoothness(self) -> float:
        """L."""
        return float(self.subsets)

    @property
    def optimum(self) -> Floats:
        """The mean of the centres."""
        return np.asarray(self.centres.mean(axis=0))

    @property
    def minimum(self) -> float:
        """F at the optimum."""
        return float(self.loss(self.optimum))


@dataclass(frozen=True)
class Design:
    """A given allocation, whatever the seed."""

    rows: tuple[tuple[int, ...], ...]

    def __call__(self, N: int, M: int, r: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
        """The 0/1 matrix, of shape (N, M)."""
        del r, rng
        matrix = np.zeros((N, M), dtype=np.int8)
        for device, block in enumerate(self.rows):
            matrix[device, list(block)] = 1
        return matrix


@dataclass(frozen=True)
class Scene:
    """One training experiment.

    Attributes
    ----------
    family : {"lad", "cra"}
        Com-LAD with the cyclic matrix, or CRA-DL; the rule is the trimmed mean of f.
    devices, byzantine : int
        N and f.
    load : int
        d, or r.
    kept : int or None
        Coordinates that random sparsification keeps (LAD).
    design : {"", "pencil", "equal", "random"}
        Allocation (CRA): any two devices share r^2/M subsets; equal loads and overlaps; equal loads drawn at random.
    problem : {"location", "regression"}
        Heterogeneity the same everywhere, or the LAD paper's regression.
    attack : str
        Of the Byzantine devices.
    pace : float
        Learning rate in units of N / L.
    start : {"away", "optimum"}
        Where training starts; at the optimum the bounds' initial term is zero.
    decaying : bool
        Whether the learning rate falls as one over the root of t + 1.
    steps : int
        T.
    seeds : int
        Runs.
    """

    family: Family
    devices: int
    byzantine: int
    load: int
    kept: int | None = None
    design: str = ""
    problem: str = "location"
    attack: str = "sign"
    pace: float = 0.1
    start: str = "away"
    decaying: bool = False
    steps: int = 100
    seeds: int = 16

    @cached_property
    def task(self) -> Any:
        """The problem, the same for all seeds."""
        rng = np.random.default_rng([self.devices, self.load, len(self.problem)])
        if self.problem == "location":
            subsets = 8 if self.design == "pencil" else self.devices
            return Location(rng.standard_normal((subsets, 10)))
        family = LadRegression(N=self.devices, Q=4, sigma_H=0.3, feature_spread=1.0)
        drawn = family.draw([self.devices])
        return type(drawn)(drawn.features[0], drawn.labels[0])

    @property
    def smoothness(self) -> float:
        """L."""
        return float(self.task.smoothness) * (_UP if self.problem == "regression" else 1)

    def rate(self, pace: float | None = None) -> float:
        """gamma^0."""
        return (self.pace if pace is None else pace) * self.devices / self.smoothness

    @cached_property
    def begin(self) -> Floats:
        """x^0."""
        optimum = np.asarray(self.task.optimum)
        return optimum + (np.ones_like(optimum) if self.start == "away" else 0)

    def method(self) -> Method:
        """What devices and server do."""
        rule = TrimmedMean(f=self.byzantine)
        if self.family == "lad":
            compressor = None if self.kept is None else RandomSparsification(k=self.kept)
            encoding: Any = CyclicEncoding(self.devices, d=self.load)
            return Method("scene", encoding, rule, f=self.byzantine, compressor=compressor)
        allocation: Any = {
            "pencil": Design(pencil()),
            "equal": PairwiseBalanced(),
            "random": BalancedRandom(),
        }[self.design]
        return Method("scene", AllocatedEncoding(self.devices, allocation, r=self.load), rule, f=self.byzantine)

    def allocation(self, seed: int) -> Floats:
        """``W = S diag(1 / d_k)`` of a run (CRA), shape (N, M)."""
        weights = self.method().encoding.start([seed], self.task.subsets).weights(0)
        return np.asarray(weights[0], dtype=np.float64)


@lru_cache(maxsize=256)
def train(scene: Scene, rate: float, seed: int) -> Trajectory:
    """Train; seeds are ``seed`` and the following ones."""
    schedule: float | Callable[[int], float] = rate
    if scene.decaying:

        def schedule(iteration: int) -> float:
            return rate / math.sqrt(iteration + 1)

    return run(
        scene.method(),
        scene.task,
        iterations=scene.steps,
        gamma=schedule,
        seeds=range(seed, seed + scene.seeds),
        attack=_attack(scene.attack),
        x0=scene.begin,
        measures=("heterogeneity", "heterogeneity_max"),
    )


def _attack(name: str) -> Attack:
    if name == "optimised-light":
        return attack_from_name("optimised", scales=4, rounds=0)
    return attack_from_name(name)


def values(scene: Scene, trajectory: Trajectory, rate: float) -> dict[str, Any]:
    """Values of the theorems' symbols in a scene.

    beta is exact for all x in a location problem. Elsewhere no finite beta holds for all x, and beta^2 is the largest
    heterogeneity over every point that any of the runs visited: the proofs use the assumption at these points only.
    """
    mean_square = float(np.nanmax(trajectory.measures["heterogeneity"])) * _UP
    largest = float(np.nanmax(trajectory.measures["heterogeneity_max"])) * _UP
    honest = scene.devices - scene.byzantine
    kappa = scene.byzantine / (scene.devices - 2 * scene.byzantine) * _UP
    lad = scene.family == "lad"
    begin = float(scene.task.loss(scene.begin))
    minimum = min(float(scene.task.minimum), begin)
    common: dict[str, Any] = {
        "N": scene.devices,
        "H": honest,
        "M": scene.task.subsets,
        "alpha": Fraction(scene.byzantine, scene.devices),
        "kappa": kappa,
        "C_alpha": math.sqrt(kappa),
        "beta": math.sqrt(mean_square if lad else largest),
        "L": scene.smoothness,
        "mu_PL": scene.smoothness / _UP,
        "F0": begin,
        "Fstar": minimum,
        "T": scene.steps,
        "steps": scene.steps if lad else scene.steps + 1,
        "gamma0": rate,
        "lambda": rate * math.sqrt(scene.steps + 1),
        "eta": Fraction(1, scene.devices),
        "zeta": 1,
        "Q": scene.task.dimension,
    }
    if lad:
        dimension = scene.task.dimension
        delta = Fraction(0, 1) if scene.kept is None else Fraction(dimension - scene.kept, scene.kept)
        return common | {"d": scene.load, "delta": delta, "theta_sq": scene.devices * scene.load**2}
    weights = [scene.allocation(seed) for seed in trajectory.seeds]
    held = [np.count_nonzero(matrix, axis=0).min() for matrix in weights]
    centred = [matrix - matrix.mean(axis=0) for matrix in weights]
    sums = [float(np.sum(matrix.sum(axis=1) ** 2)) for matrix in centred]
    norms = [np.linalg.norm(matrix - matrix.mean(axis=1, keepdims=True), 2) ** 2 for matrix in centred]
    drift = max(sums) if max(sums) > 1e-20 else 0.0
    more = {"r": scene.load, "d_min": int(min(held)), "drift_sq": drift, "sigma_sq": float(max(norms)) * _UP}
    return common | more

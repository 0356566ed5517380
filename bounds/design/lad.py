"""The computation matrix of LAD: which one has the least refined bound at each load."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .guarantee import Constants, Guarantee, check_descent, guarantee, linear, value_of

#: All devices may compress independently (as in Com-LAD) or with the same random linear map.
Compressor = Literal["independent", "shared"]


@dataclass(frozen=True)
class Matrix:
    """A computation matrix of LAD.

    Attributes
    ----------
    kind : str
        ``"cyclic"`` (and all others with equal column sums), ``"groups"`` (disjoint tasks, equally often) or
        ``"one task"``.
    tasks : int
        Distinct tasks.
    load : int
        Subsets per task, d.
    theta_sq : float
        Sum of the squared column sums: all that the refined bounds see of the matrix.
    """

    kind: str
    tasks: int
    load: int
    theta_sq: float


@dataclass(frozen=True)
class LadProblem:
    """What is given when a computation matrix is chosen.

    Attributes
    ----------
    N, H : int
        Devices, honest devices.
    kappa : float
        Robustness coefficient of the rule.
    delta : float
        Constant of the compressor.
    beta, L : float
        Heterogeneity, smoothness.
    gap : float
        F(x^0) - F^*.
    T : float
        Iterations; infinite to compare floors alone.
    gamma0 : float or None
        Learning rate; None for the best one.
    compressor : {"independent", "shared"}
        How devices draw the randomness of their compressors.
    """

    N: int
    H: int
    kappa: float
    delta: float = 0.0
    beta: float = 1.0
    L: float = 1.0
    gap: float = 1.0
    T: float = math.inf
    gamma0: float | None = None
    compressor: Compressor = "independent"

    def __post_init__(self) -> None:
        check_descent("LadProblem", self.L, self.gap, self.T, self.gamma0)
        if self.compressor not in ("independent", "shared"):
            raise ValueError(f"LadProblem(compressor={self.compressor!r}) is independent or shared")


@dataclass(frozen=True)
class LadChoice:
    """A computation matrix with its guarantee.

    Attributes
    ----------
    matrix : Matrix
        The matrix.
    guarantee : Guarantee
        What the refined theorems say.
    """

    matrix: Matrix
    guarantee: Guarantee


@dataclass(frozen=True)
class LadDesign:
    """The best computation matrix, and the whole trade-off.

    Attributes
    ----------
    best : LadChoice
        The least bound of all, with the least load among equals.
    curve : tuple of LadChoice
        The best one of each load.
    considered : tuple of LadChoice
        Every load with every matrix.
    lower_bounds : tuple of float
        For each load, the floor that no server beats with equal column sums (``refined.lad.lower_bound``).
    crossover : float
        Learning rate below which a single task beats equal column sums, and above which it is the other way round.
    """

    best: LadChoice
    curve: tuple[LadChoice, ...]
    considered: tuple[LadChoice, ...]
    lower_bounds: tuple[float, ...]
    crossover: float


def matrices(devices: int, load: int) -> tuple[Matrix, ...]:
    """The computation matrices that are compared at one load.

    Parameters
    ----------
    devices, load : int
        N and d.

    Returns
    -------
    tuple of Matrix
        The cyclic one, one task for all, and every number of disjoint tasks of equal size in between.
    """
    found = [Matrix("cyclic", devices if load < devices else 1, load, float(load**2 * devices))]
    found += [
        Matrix("groups", tasks, load, load * devices**2 / tasks)
        for tasks in range(2, devices // load + 1)
        if devices % tasks == 0
    ]
    return (*found, Matrix("one task", 1, load, float(load * devices**2))) if load < devices else tuple(found)


def lad_constants(problem: LadProblem, matrix: Matrix) -> Constants:
    """``err_0, err_1, noise_0, noise_1`` of a computation matrix."""
    family = "matrix" if problem.compressor == "independent" else "shared"
    point = {"N": problem.N, "H": problem.H, "d": matrix.load, "delta": problem.delta, "beta": problem.beta}
    point["theta_sq"] = matrix.theta_sq
    error = linear(f"refined.lad.{family}.error", kappa=problem.kappa, **point)
    return (*error, *linear(f"refined.lad.{family}.noise", **point))


def design_lad(problem: LadProblem, budget: int | None = None) -> LadDesign:
    """Choose the computation matrix, and show the trade-off over the load.

    Parameters
    ----------
    problem : LadProblem
        What is given.
    budget : int, optional
        Largest load; N if not given.

    Raises
    ------
    ValueError
        For a budget outside 1..N, or parameters outside the statements' domain.
    """
    limit = problem.N if budget is None else budget
    if not 1 <= limit <= problem.N:
        raise ValueError(f"design_lad(budget={budget}) needs 1 <= budget <= N = {problem.N}")
    considered = tuple(
        LadChoice(
            matrix,
            guarantee(
                problem.N,
                lad_constants(problem, matrix),
                smoothness=problem.L,
                gap=problem.gap,
                steps=problem.T,
                rate=problem.gamma0,
            ),
        )
        for load in range(1, limit + 1)
        for matrix in matrices(problem.N, load)
    )
    curve = tuple(_least(c for c in considered if c.matrix.load == load) for load in range(1, limit + 1))
    lower = tuple(
        value_of("refined.lad.lower_bound", N=problem.N, H=problem.H, d=load, beta=problem.beta)
        for load in range(1, limit + 1)
    )
    points = {"N": problem.N, "H": problem.H, "kappa": problem.kappa, "L": problem.L}
    crossover = value_of("refined.lad.matrix.crossover", d=1, **points)
    return LadDesign(_least(curve), curve, considered, lower, crossover)


def _least(choices: Iterable[LadChoice]) -> LadChoice:
    """Least bound; among equals the first, so the least load and the cyclic matrix."""
    return min(choices, key=lambda choice: choice.guarantee.bound)

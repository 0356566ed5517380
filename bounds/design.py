"""Which computation is best: the matrix of LAD, the load, and the allocation of CRA-DL, by the refined bounds.

Every number comes from a statement of the catalogue; this module only compares them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Literal

from .catalogue import get
from .numeric import evaluate_grid

#: All devices may compress independently (as in Com-LAD) or with the same random linear map.
Compressor = Literal["independent", "shared"]


@dataclass(frozen=True)
class Guarantee:
    """What the refined theorems say for some bounds on the aggregation error and on the honest average's noise.

    Attributes
    ----------
    bound : float
        On the mean of E||grad F||^2 over the iterations; on its limit if no number of iterations is given.
    floor : float
        Its limit as the iterations grow and the learning rate tends to zero.
    learning_rate : float
        At which the bound holds: the given one or the best one; 0 if no number of iterations is given.
    """

    bound: float
    floor: float
    learning_rate: float


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
        _check_descent("LadProblem", self.L, self.gap, self.T, self.gamma0)
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


def _check_descent(owner: str, smoothness: float, gap: float, horizon: float, rate: float | None) -> None:
    for name, value in (("L", smoothness), ("gap", gap), ("T", horizon)):
        if not value > 0:
            raise ValueError(f"{owner}({name}={value}) needs {name} > 0")
    if rate is not None and not rate > 0:
        raise ValueError(f"{owner}(gamma0={rate}) needs gamma0 > 0")
    if rate is not None and math.isinf(horizon):
        raise ValueError(f"{owner}(gamma0={rate}) needs T too: the floor is about learning rates that tend to zero")


def _value(key: str, **point: float) -> float:
    return float(evaluate_grid(get(key), point))


def _linear(key: str, **point: float) -> tuple[float, float]:
    """Constant and slope of a statement that is linear in ``||grad F||^2``."""
    names = {symbol.name for symbol in get(key).symbols}
    if "grad_sq" not in names:
        return _value(key, **point), 0.0
    constant = _value(key, grad_sq=0.0, **point)
    return constant, _value(key, grad_sq=1.0, **point) - constant


Constants = tuple[float, float, float, float]


def guarantee(
    devices: int, constants: Constants, *, smoothness: float, gap: float, steps: float, rate: float | None
) -> Guarantee:
    """Bound, floor and learning rate from the general results of the descent lemma.

    Parameters
    ----------
    devices : int
        N.
    constants : tuple of four floats
        ``err_0, err_1, noise_0, noise_1``.
    smoothness, gap : float
        L, and F(x^0) - F^*.
    steps : float
        Iterations, or infinity.
    rate : float or None
        Learning rate, or None for the best one.
    """
    e0, e1, n0, n1 = constants
    floor = _value("refined.descent.floor", N=devices, err_0=e0, err_1=e1)
    if math.isinf(steps):
        return Guarantee(floor, floor, 0.0)
    named = {"err_0": e0, "err_1": e1, "noise_0": n0, "noise_1": n1, "F0": gap, "Fstar": 0.0, "L": smoothness}
    if rate is not None:
        bound = _value("refined.descent.balanced", N=devices, gamma0=rate, steps=steps, **named)
        return Guarantee(bound, floor, rate)
    kept = 1 - devices**2 * e1
    if kept <= 0:
        return Guarantee(math.inf, math.inf, 0.0)
    excess = {"excess": 2 * smoothness * gap / steps, "floor": devices**2 * e0, "noise": devices**2 * n0}
    excess |= {"kept": kept, "lost": devices**2 * n1}
    u = _value("refined.descent.best_point", **excess)
    return Guarantee(_value("refined.descent.best", **excess), floor, devices / smoothness * u / (1 + u))


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
    error = _linear(f"refined.lad.{family}.error", kappa=problem.kappa, **point)
    return (*error, *_linear(f"refined.lad.{family}.noise", **point))


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
        _value("refined.lad.lower_bound", N=problem.N, H=problem.H, d=load, beta=problem.beta)
        for load in range(1, limit + 1)
    )
    points = {"N": problem.N, "H": problem.H, "kappa": problem.kappa, "L": problem.L}
    crossover = _value("refined.lad.matrix.crossover", d=1, **points)
    return LadDesign(_least(curve), curve, considered, lower, crossover)


def _least(choices: Iterable[LadChoice]) -> LadChoice:
    """Least bound; among equals the first, so the least load and the cyclic matrix."""
    return min(choices, key=lambda choice: choice.guarantee.bound)


@dataclass(frozen=True)
class CraProblem:
    """What is given when an allocation is chosen.

    Attributes
    ----------
    N, M : int
        Devices, subsets.
    alpha : float
        Fraction of Byzantine devices.
    kappa, C_alpha : float or None
        Constant of the rule: exactly one of them.
    beta, L, gap, T, gamma0
        As in :class:`LadProblem`; heterogeneity is CRA (10), and there are T + 1 iterations.
    """

    N: int
    M: int
    alpha: float
    kappa: float | None = None
    C_alpha: float | None = None
    beta: float = 1.0
    L: float = 1.0
    gap: float = 1.0
    T: float = math.inf
    gamma0: float | None = None

    def __post_init__(self) -> None:
        _check_descent("CraProblem", self.L, self.gap, self.T, self.gamma0)
        if (self.kappa is None) == (self.C_alpha is None):
            raise ValueError(f"CraProblem(kappa={self.kappa}, C_alpha={self.C_alpha}) needs exactly one of the two")


@dataclass(frozen=True)
class CraChoice:
    """An allocation with its guarantee.

    Attributes
    ----------
    kind : str
        ``"equal overlaps"`` (equal loads, every two devices share equally many subsets) or ``"groups"`` (fractional
        repetition: disjoint groups of devices with the same subsets).
    r, load : int
        Subsets per device, devices per subset.
    overlap : float
        Subsets that two devices share (two devices of a group for groups).
    guarantee : Guarantee
        What the refined theorems say.
    """

    kind: str
    r: int
    load: int
    overlap: float
    guarantee: Guarantee


@dataclass(frozen=True)
class CraDesign:
    """The best allocation within a budget, and the whole trade-off.

    Attributes
    ----------
    best : CraChoice
        Least bound.
    curve : tuple of CraChoice
        Best allocation for each r for which loads and overlaps are whole numbers.
    considered : tuple of CraChoice
        Every allocation.
    lower_bounds : tuple of float
        For each entry of the curve, the floor that no server beats (``refined.cra.lower_bound``).
    """

    best: CraChoice
    curve: tuple[CraChoice, ...]
    considered: tuple[CraChoice, ...]
    lower_bounds: tuple[float, ...]


def _cra_choice(problem: CraProblem, kind: str, r: int, overlap: float) -> CraChoice:
    base = {"N": problem.N, "alpha": problem.alpha}
    held = {"M": problem.M, "r": r, "beta": problem.beta}
    # In groups the worst gradients differ between the groups alone.
    spread = problem.M**2 * problem.beta**2 / problem.N**2
    if kind == "groups":
        variance, diameter = spread, 4 * spread
    else:
        variance = _value("refined.cra.variance.attainable", N=problem.N, **held)
        diameter = _value("refined.cra.lemma1.attainable", N=problem.N, **held)
    if problem.kappa is not None:
        error = problem.kappa * _value("refined.cra.dispersion", pop_var=variance, **base)
    else:
        honest = (1 - problem.alpha) * problem.N
        assert problem.C_alpha is not None
        deviation = _value("refined.cra.deviation", N=problem.N, H=round(honest), diameter_sq=diameter)
        error = problem.C_alpha**2 * deviation
    noise = _value("refined.cra.mean_error", pop_var=variance, **base)
    found = guarantee(
        problem.N,
        (error, 0.0, noise, 0.0),
        smoothness=problem.L,
        gap=problem.gap,
        steps=problem.T + 1,
        rate=problem.gamma0,
    )
    return CraChoice(kind, r, problem.N * r // problem.M, overlap, found)


def design_cra(problem: CraProblem, budget: int | None = None) -> CraDesign:
    """Choose the number of subsets per device and their allocation.

    Parameters
    ----------
    problem : CraProblem
        What is given.
    budget : int, optional
        Largest number of subsets per device; M if not given.

    Notes
    -----
    Only r for which N r / M is a whole number allow equal loads. Whole overlaps are necessary for equal overlaps, not
    sufficient: a block design with these parameters must exist. Where the overlap is no whole number the bound is an
    ideal, and an allocation that is drawn needs its own certificate (:mod:`~byzbounds.bounds.refined.instance`).

    Raises
    ------
    ValueError
        If no r within the budget allows equal loads, or parameters are outside the statements' domain.
    """
    limit = problem.M if budget is None else budget
    loads = [r for r in range(1, limit + 1) if problem.N * r % problem.M == 0]
    if not loads or limit > problem.M:
        raise ValueError(
            f"design_cra(budget={budget}) needs 1 <= r <= M with N r / M whole for some r within the budget"
        )
    considered: list[CraChoice] = []
    for r in loads:
        overlap = _value("refined.cra.overlap", N=problem.N, M=problem.M, r=r)
        considered.append(_cra_choice(problem, "equal overlaps", r, overlap))
        if r < problem.M and problem.M % r == 0 and problem.N % (problem.M // r) == 0:
            considered.append(_cra_choice(problem, "groups", r, float(r)))
    curve = tuple(min((c for c in considered if c.r == r), key=lambda choice: choice.guarantee.bound) for r in loads)
    lower = tuple(_cra_lower_bound(problem, choice.r) for choice in curve)
    best = min(curve, key=lambda choice: choice.guarantee.bound)
    return CraDesign(best, curve, tuple(considered), lower)


def _cra_lower_bound(problem: CraProblem, r: int) -> float:
    """Zero where the statement does not apply: too many subsets could be hidden for its argument."""
    if 4 * problem.alpha > r:
        return 0.0
    return _value("refined.cra.lower_bound", M=problem.M, alpha=problem.alpha, beta=problem.beta, r=r)


#: Names of the parameters of either problem, for front ends.
PARAMETERS = {
    "lad": tuple(field.name for field in fields(LadProblem)),
    "cra": tuple(field.name for field in fields(CraProblem)),
}

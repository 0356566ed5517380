"""The allocation of CRA-DL: how many subsets a device should hold, and which."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .guarantee import Guarantee, check_descent, guarantee, value_of


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
        check_descent("CraProblem", self.L, self.gap, self.T, self.gamma0)
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
        variance = value_of("refined.cra.variance.attainable", N=problem.N, **held)
        diameter = value_of("refined.cra.lemma1.attainable", N=problem.N, **held)
    if problem.kappa is not None:
        error = problem.kappa * value_of("refined.cra.dispersion", pop_var=variance, **base)
    else:
        honest = (1 - problem.alpha) * problem.N
        assert problem.C_alpha is not None
        deviation = value_of("refined.cra.deviation", N=problem.N, H=round(honest), diameter_sq=diameter)
        error = problem.C_alpha**2 * deviation
    noise = value_of("refined.cra.mean_error", pop_var=variance, **base)
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
        overlap = value_of("refined.cra.overlap", N=problem.N, M=problem.M, r=r)
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
    return value_of("refined.cra.lower_bound", M=problem.M, alpha=problem.alpha, beta=problem.beta, r=r)

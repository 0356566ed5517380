"""Thresholds, turning points and roots that the catalogue gives in closed form, isolated again as real roots.

At rational points each is the root of a polynomial that follows from the statements which it is about. The root is
isolated exactly, without the algebra that led to the closed form, and its kind (minimum, crossing from above) is seen
from values on either side.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

import sympy as sp

from ..bounds.catalogue import get
from .cases import Case, Observer, check_cases
from .points import bound, number
from .probe import Probe, Settings
from .verdict import Check

#: (N, H) of the points.
_SIZES = ((10, 8), (20, 13), (100, 65))
#: Relative distance at which the two sides of a root are looked at.
_STEP = sp.Rational(1, 10**6)
_free = sp.Symbol("free", real=True)


def roots(expression: sp.Expr) -> list[sp.Expr]:
    """Real zeros of a rational function of one variable, each once."""
    numerator = sp.fraction(sp.cancel(sp.together(expression)))[0]
    return list(dict.fromkeys(sp.real_roots(sp.Poly(numerator, _free))))


def _along(key: str, name: str, values: Mapping[str, Any]) -> sp.Expr:
    """A statement's formula as a function of one of its symbols, the others at a point; printed, if there is one."""
    statement = get(key)
    formula = statement.formula if statement.printed is None else statement.printed
    assert isinstance(formula, sp.Expr)
    point = {s: _free if s.name == name else number(values[s.name]) for s in formula.free_symbols}
    return formula.xreplace(point)


def _sign(expression: sp.Expr, at: sp.Expr) -> int:
    return int(sp.sign(expression.subs(_free, at).evalf(50)))


def _crosses(difference: sp.Expr, root: sp.Expr, rising: bool) -> bool:
    before, after = (_sign(difference, root * (1 + side * _STEP)) for side in (-1, 1))
    return before != after and (after > 0) == rising


def _shown(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _lad() -> Iterator[dict[str, Any]]:
    for (devices, honest), load in itertools.product(_SIZES, (1, 3, 9)):
        yield {"N": devices, "H": honest, "d": load, "kappa": Fraction(3, 2), "beta": Fraction(5, 2)}


def turning_point(settings: Settings) -> Iterator[Case]:
    """Where the order (33) stops falling in delta and rises: a zero of the derivative of its square."""
    del settings
    for values in _lad():
        squared = sp.together(_along("lad.eq33", "delta", values) ** 2)
        slope = sp.diff(squared, _free)
        for root in roots(slope):
            if _sign(squared, root) > 0 and _crosses(slope, root, rising=True):
                yield Case(root, values, _shown(values))


def threshold(settings: Settings) -> Iterator[Case]:
    """Where (35) falls below (36) as the load grows."""
    del settings
    for values, kappa in itertools.product(_lad(), (Fraction(1, 4), Fraction(3, 2), Fraction(7))):
        given = {**values, "kappa": kappa}
        difference = _along("lad.eq35", "d", given) ** 2 - _along("lad.eq36", "d", given) ** 2
        for root in roots(difference):
            if root.is_positive and _crosses(difference, root, rising=False):
                yield Case(root, given, _shown(given))


def crossover(settings: Settings) -> Iterator[Case]:
    """The learning rate above which equal column sums have a smaller bound than a single task for all devices."""
    del settings
    for values, delta in itertools.product(_lad(), (Fraction(0), Fraction(1, 4))):
        devices, load = values["N"], values["d"]
        given = {**values, "kappa": Fraction(1, 3), "delta": delta, "L": 7, "T": 50, "F0": 9, "Fstar": 1}
        even, single = (
            _along("refined.lad.matrix.theorem", "gamma0", {**given, "theta_sq": theta_sq})
            for theta_sq in (devices * load**2, devices**2 * load)
        )
        difference = sp.together(even - single)
        for root in roots(difference):
            if 0 < root < sp.Rational(devices, 7) and _crosses(difference, root, rising=False):
                yield Case(root, given, _shown(given))


def learning_rates(settings: Settings) -> Iterator[Case]:
    """The smaller root of (35), at iterations whose square root is whole."""
    del settings
    for share, rho2, root in itertools.product((Fraction(1, 5), Fraction(4, 5)), (Fraction(1, 3), Fraction(7)), (1, 3)):
        rho1 = Fraction(2, 5)
        start = share * rho1 / (2 * rho2)
        values = {"rho_1": rho1, "rho_2": rho2, "gamma0": start, "t": root**2 - 1}
        level = number((start * rho1 - start**2 * rho2) / root)
        found = roots(number(rho2) * _free**2 - number(rho1) * _free + level)
        yield Case(min(found), values, _shown(values))


def overlaps(settings: Settings) -> Iterator[Case]:
    """Mean overlap of two independent uniform sets of r subsets, over all pairs of sets."""
    for subsets in range(1, 6 if settings.preset == "quick" else 8):
        for held in range(1, subsets + 1):
            sets = [set(block) for block in itertools.combinations(range(subsets), held)]
            total = sum(len(one & other) for one in sets for other in sets)
            yield Case(Fraction(total, len(sets) ** 2), {"M": subsets, "r": held}, {"M": subsets, "r": held})


def dominance(settings: Settings) -> Iterator[Case]:
    """The refined bound at the papers' eta, for refined constants that are no larger than the papers'."""
    rng = settings.rng()
    refined = get("refined.descent.fixed")
    for count in range({"quick": 60, "paper": 300, "full": 1000}[settings.preset]):
        devices, smooth = int(rng.integers(2, 30)), int(rng.integers(1, 30))
        parts = [Fraction(int(entry), 20) for entry in rng.integers(1, 20, 8)]
        near = count % 3 == 0  # small learning rate and the papers' own constants: the bounds differ by little
        eta, gamma = parts[0] / (2 * devices), (Fraction(1, 10**4) if near else parts[1] / 2) * devices / smooth
        extra = parts[2] / (2 * devices**2)
        papers = {"paper_0": 3 * parts[3], "paper_3": 3 * parts[4], "paper_4": Fraction(1, devices**2) + extra}
        shares = (Fraction(1), Fraction(1), Fraction(1)) if near else parts[5:8]
        values: dict[str, Any] = {"N": devices, "L": smooth, "eta": eta, "gamma0": gamma, **papers, "steps": 10**6}
        values |= {
            "F0": 5,
            "Fstar": 1,
            "err_0": papers["paper_0"] * shares[0],
            "noise_0": papers["paper_3"] * shares[1],
        }
        values |= {"err_1": eta**2 * shares[2], "noise_1": extra * shares[0]}
        below = bound(refined, values)
        if below is not None:
            yield Case(below, values, _shown(values))


CASES: dict[str, Observer] = {
    "lad.fig2.turning_point": turning_point,
    "lad.threshold": threshold,
    "refined.lad.matrix.crossover": crossover,
    "cra.eq33": learning_rates,
    "cra.overlap": overlaps,
    "refined.descent.dominance": dominance,
}

#: Those that are roots of polynomials.
_ROOTS = (turning_point, threshold, crossover, learning_rates)

PROBES: tuple[Probe, ...] = tuple(
    Probe(key, Check.EXACT, partial(check_cases, observer=observer), "roots" if observer in _ROOTS else "points")
    for key, observer in CASES.items()
)

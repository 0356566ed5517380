"""Compares what is printed with what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import sympy as sp

from . import symbols as sym
from .inequalities import Algebra, Positivity, Status
from .sampling import points
from .statement import Hypothesis, Relation

#: How symbols scale when all losses are multiplied by c, and when lengths in model space are multiplied by c.
_LOSS_SCALE = {sym.beta: 1, sym.L: 1, sym.gamma0: -1, sym.lam: -1, sym.grad_sq: 2, sym.V: 2, sym.F0: 1, sym.Fstar: 1}
_LENGTH_SCALE = {sym.beta: -1, sym.L: -2, sym.gamma0: 2, sym.lam: 2, sym.grad_sq: -2, sym.V: -2}
_UPPER = (Relation.UPPER, Relation.TIGHT_UPPER)
_LOWER = (Relation.LOWER, Relation.TIGHT_LOWER)


class Effect(StrEnum):
    """What a difference does."""

    NONE = "none"
    LOOSER = "harmless-looser"
    MISPRINT = "misprint"
    INVALID = "invalid"


@dataclass(frozen=True)
class Comparison:
    """Printed against derived.

    Attributes
    ----------
    effect : Effect
        NONE if they are the same function.
    evidence : str
        One line for people.
    witness : mapping or None
        A point at which the printed form is on the wrong side, exactly.
    """

    effect: Effect
    evidence: str
    witness: Mapping[str, str] | None = None


def scaling(expression: sp.Expr, scales: Mapping[sp.Symbol, int]) -> sp.Expr | None:
    """Degree of homogeneity under a change of units, or None where there is none."""
    unit = sp.Symbol("unit", positive=True)
    scaled = expression.subs({symbol: symbol * unit**power for symbol, power in scales.items()}, simultaneous=True)
    if sp.simplify(expression) == 0:
        return None
    degree = sp.simplify(unit * sp.diff(scaled, unit) / scaled)
    return degree if degree.is_number else None


def _same_units(printed: sp.Expr, derived: sp.Expr) -> bool:
    """Whether both are homogeneous of the same degree (unknown for a zero form: taken as yes)."""
    for scales in (_LOSS_SCALE, _LENGTH_SCALE):
        expected = scaling(derived, scales)
        if expected is not None and printed != 0 and scaling(printed, scales) != expected:
            return False
    return True


def _sides(
    printed: sp.Expr, derived: sp.Expr, conditions: Sequence[Hypothesis], tries: int
) -> tuple[int, int, int, Mapping[str, str] | None, Mapping[str, str] | None]:
    """Counts of printed below, equal to and above derived, and a witness of below and of above."""
    free = printed.free_symbols | derived.free_symbols
    free |= {s for h in conditions if h.condition is not None for s in h.condition.free_symbols}
    below = equal = above = 0
    low: Mapping[str, str] | None = None
    high: Mapping[str, str] | None = None
    for point in points(sorted(free, key=str), conditions, tries, 11, "printed"):
        difference = printed.subs(point) - derived.subs(point)
        if not (difference.is_real and difference.is_finite):
            continue
        difference = difference if difference.is_Rational else sp.N(difference, 40, chop=sp.Rational(1, 10**30))
        shown = {symbol.name: str(value) for symbol, value in point.items()}
        if difference == 0:
            equal += 1
        elif difference < 0:
            below, low = below + 1, low or shown
        else:
            above, high = above + 1, high or shown
    return below, equal, above, low, high


def compare(
    printed: sp.Basic,
    derived: sp.Basic,
    relation: Relation,
    conditions: Sequence[Hypothesis] = (),
    slack: Mapping[sp.Symbol, sp.Expr] | None = None,
    tries: int = 40,
) -> Comparison:
    """Compare a printed form with the derived one.

    Parameters
    ----------
    printed, derived : sympy expression or Boolean
        Both forms.
    relation : Relation
        An upper bound may be printed larger without harm, a lower bound smaller; anything else must agree.
    conditions : sequence of Hypothesis
        The domain.
    slack : mapping, optional
        Slack variables of the domain, for proofs of sign.
    tries : int
        Sampled points.

    Returns
    -------
    Comparison
        MISPRINT where units disagree, so that the printed form cannot be meant; INVALID where it is on the wrong side
        at a witness.
    """
    slack = slack or {}
    if not isinstance(printed, sp.Expr) or not isinstance(derived, sp.Expr):
        return _compare_propositions(printed, derived, conditions, tries)
    if printed == derived or Algebra(shift=slack).prove(printed, derived, "=").status is Status.PROVED:
        return Comparison(Effect.NONE, "the same function")
    below, equal, above, low, high = _sides(printed, derived, conditions, tries)
    counted = f"{below} below, {equal} equal, {above} above of {below + equal + above} exact points"
    if not below and not above:
        return Comparison(Effect.NONE, f"no difference met: {counted}")
    looser = ">=" if relation in _UPPER else "<=" if relation in _LOWER else None
    wrong, witness = (below, low) if looser == ">=" else (above, high) if looser == "<=" else (1, low or high)
    if not _same_units(printed, derived):
        return Comparison(Effect.MISPRINT, f"the units differ; {counted}", witness or low or high)
    if wrong:
        return Comparison(Effect.INVALID, f"printed against derived: {counted}", witness)
    proved = Positivity(slack).prove(printed, derived, looser or "=").status is Status.PROVED
    how = "proved: printed is on the safe side" if proved else f"printed is on the safe side at all points: {counted}"
    ratio = sp.factor(sp.simplify(printed / derived))
    return Comparison(Effect.LOOSER, f"{how}; ratio {ratio}" if ratio.is_number else how, high or low)


def _compare_propositions(
    printed: sp.Basic, derived: sp.Basic, conditions: Sequence[Hypothesis], tries: int
) -> Comparison:
    """Two conditions: printed may be stronger (it then demands more than needed), never weaker."""
    if printed == derived:
        return Comparison(Effect.NONE, "the same condition")
    free = sorted(printed.free_symbols | derived.free_symbols, key=str)
    stronger = None
    for point in points(free, conditions, tries, seed=11):
        claims, needs = bool(sp.simplify(printed.subs(point))), bool(sp.simplify(derived.subs(point)))
        shown = {symbol.name: str(value) for symbol, value in point.items()}
        if claims and not needs:
            return Comparison(Effect.INVALID, "the printed condition holds where the derived one fails", shown)
        if needs and not claims:
            stronger = stronger or shown
    if stronger:
        return Comparison(Effect.LOOSER, "the printed condition demands more than is needed", stronger)
    return Comparison(Effect.NONE, f"equivalent at {tries} exact points")

"""Compares what is printed with what follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import mpmath
import sympy as sp

from . import symbols as sym
from .inequalities import Algebra, Positivity, Status
from .sampling import points, screen_of
from .statement import Hypothesis, Relation

#: How symbols scale when all losses are multiplied by c, and when lengths in model space are multiplied by c.
_LOSS_SCALE = {sym.beta: 1, sym.L: 1, sym.gamma0: -1, sym.lam: -1, sym.grad_sq: 2, sym.V: 2, sym.F0: 1, sym.Fstar: 1}
_LENGTH_SCALE = {sym.beta: -1, sym.L: -2, sym.gamma0: 2, sym.lam: 2, sym.grad_sq: -2, sym.V: -2}
_UPPER = (Relation.UPPER, Relation.TIGHT_UPPER)
_LOWER = (Relation.LOWER, Relation.TIGHT_LOWER)
#: Working precision of sampled comparisons, and how many of its digits rounding may spoil.
_DIGITS = 60
_ROUNDING = 20
#: Longer formulas than this are compared at points only.
_LONG = 100
#: Points for a condition, to one for a formula: a truth value tells less than a number.
_CHEAPER = 10


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


def _sorted(symbols: set[sp.Symbol]) -> tuple[sp.Symbol, ...]:
    return tuple(sorted(symbols, key=lambda symbol: symbol.name))


@lru_cache(maxsize=256)
def _compiled(expression: sp.Expr, symbols: tuple[sp.Symbol, ...]) -> Callable[..., Any]:
    compiled: Callable[..., Any] = sp.lambdify(
        symbols, expression, modules="mpmath", cse=expression.count_ops() > _LONG
    )
    return compiled


def scaling(
    expression: sp.Expr, scales: Mapping[sp.Symbol, int], conditions: Sequence[Hypothesis] = ()
) -> sp.Expr | None:
    """Degree of homogeneity under a change of units, from three points of the domain, or None where there is none."""
    symbols = _sorted(expression.free_symbols | _symbols_of(conditions))
    form, degrees = _compiled(expression, symbols), set()
    for point in points(symbols, conditions, 3, 3):
        with mpmath.workdps(_DIGITS):
            plain = [mpmath.mpmathify(point[symbol]) for symbol in symbols]
            scaled = [value * 2 ** scales.get(symbol, 0) for symbol, value in zip(symbols, plain, strict=True)]
            try:
                ratio = form(*scaled) / form(*plain)
            except ZeroDivisionError:
                continue
            if not mpmath.isfinite(ratio) or mpmath.im(ratio) != 0 or mpmath.re(ratio) <= 0:
                return None
            degrees.add(round(float(2 * mpmath.log(mpmath.re(ratio), 2)), 9))
    degree = degrees.pop() if len(degrees) == 1 else None
    return sp.Rational(int(degree), 2) if degree is not None and degree.is_integer() else None


def _symbols_of(conditions: Sequence[Hypothesis]) -> set[sp.Symbol]:
    return {symbol for h in conditions if h.condition is not None for symbol in h.condition.free_symbols}


def _same_units(printed: sp.Expr, derived: sp.Expr, conditions: Sequence[Hypothesis]) -> bool:
    """Whether both are homogeneous of the same degree (unknown for a zero form: taken as yes)."""
    for scales in (_LOSS_SCALE, _LENGTH_SCALE):
        expected = scaling(derived, scales, conditions)
        if expected is not None and printed != 0 and scaling(printed, scales, conditions) != expected:
            return False
    return True


def _sign_of_difference(
    printed_form: Callable[..., Any], derived_form: Callable[..., Any], values: Sequence[sp.Expr]
) -> int | None:
    """-1, 0 or 1 as printed is below, equal to or above derived; None where derived has no real value.

    Printed without a real value, where derived has one, counts as below: it bounds nothing.
    """
    with mpmath.workdps(_DIGITS):
        numbers = [mpmath.mpmathify(value) for value in values]
        try:
            derived = derived_form(*numbers)
        except ZeroDivisionError:
            return None
        try:
            printed = printed_form(*numbers)
        except ZeroDivisionError:
            printed = mpmath.nan
        if not mpmath.isfinite(derived) or mpmath.im(derived) != 0:
            return None
        if not mpmath.isfinite(printed) or mpmath.im(printed) != 0:
            return -1
        difference, scale = mpmath.re(printed) - mpmath.re(derived), abs(printed) + abs(derived)
        if abs(difference) <= scale * mpmath.mpf(10) ** (_ROUNDING - _DIGITS):
            return 0
        return 1 if difference > 0 else -1


def _sides(
    printed: sp.Expr, derived: sp.Expr, conditions: Sequence[Hypothesis], tries: int
) -> tuple[int, int, int, Mapping[str, str] | None, Mapping[str, str] | None]:
    """Counts of printed below, equal to and above derived, and a witness of below and of above."""
    symbols = _sorted(printed.free_symbols | derived.free_symbols | _symbols_of(conditions))
    forms = _compiled(printed, symbols), _compiled(derived, symbols)
    below = equal = above = 0
    low: Mapping[str, str] | None = None
    high: Mapping[str, str] | None = None
    for point in points(symbols, conditions, tries, 11, "printed"):
        sign = _sign_of_difference(*forms, [point[symbol] for symbol in symbols])
        if sign is None:
            continue
        shown = {symbol.name: str(value) for symbol, value in point.items()}
        if sign == 0:
            equal += 1
        elif sign < 0:
            below, low = below + 1, low or shown
        else:
            above, high = above + 1, high or shown
    return below, equal, above, low, high


def _without_functions(*forms: sp.Expr) -> tuple[sp.Expr, ...]:
    """Logarithms and the like as symbols of the same sign, as certificates hold none."""
    functions = sorted({f for form in forms for f in form.atoms(sp.log, sp.Min, sp.Max)}, key=str)
    names = {f: sp.Symbol(f"function{i}", nonnegative=f.is_nonnegative) for i, f in enumerate(functions)}
    return tuple(form.subs(names) for form in forms)


def compare(
    printed: sp.Basic,
    derived: sp.Basic,
    relation: Relation,
    conditions: Sequence[Hypothesis] = (),
    slack: Mapping[sp.Symbol, sp.Expr] | None = None,
    tries: int = 40,
    prove: bool = True,
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
    prove : bool
        Whether to look for a proof of what the points show.

    Returns
    -------
    Comparison
        MISPRINT where units disagree, so that the printed form cannot be meant; INVALID where it is on the wrong side
        at a witness.
    """
    slack = slack or {}
    if not isinstance(printed, sp.Expr) or not isinstance(derived, sp.Expr):
        return _compare_propositions(printed, derived, conditions, tries)
    if printed == derived:
        return Comparison(Effect.NONE, "the same expression")
    plain, target = _without_functions(printed, derived)
    below, equal, above, low, high = _sides(printed, derived, conditions, tries)
    counted = f"{below} below, {equal} equal, {above} above of {below + equal + above} random points"
    if not below and not above:
        if not prove or printed.count_ops() > _LONG:
            return Comparison(Effect.NONE, f"no difference in {_DIGITS - _ROUNDING} digits: {counted}")
        same = Algebra(shift=slack).prove(plain, target, "=").status is Status.PROVED
        return Comparison(Effect.NONE, "the same function" if same else f"no difference met: {counted}")
    looser = ">=" if relation in _UPPER else "<=" if relation in _LOWER else None
    wrong, witness = (below, low) if looser == ">=" else (above, high) if looser == "<=" else (1, low or high)
    if not _same_units(printed, derived, conditions):
        return Comparison(Effect.MISPRINT, f"the units differ; {counted}", witness or low or high)
    if wrong:
        return Comparison(Effect.INVALID, f"printed against derived: {counted}", witness)
    if sp.count_ops(printed) + sp.count_ops(derived) > _LONG:
        return Comparison(Effect.LOOSER, f"printed is on the safe side at all points: {counted}", high or low)
    proved = prove and Positivity(slack).prove(plain, target, looser or "=").status is Status.PROVED
    how = "proved: printed is on the safe side" if proved else f"printed is on the safe side at all points: {counted}"
    return Comparison(Effect.LOOSER, how, high or low)


def _compare_propositions(
    printed: sp.Basic, derived: sp.Basic, conditions: Sequence[Hypothesis], tries: int
) -> Comparison:
    """Two conditions: printed may be stronger (it then demands more than needed), never weaker."""
    if printed == derived:
        return Comparison(Effect.NONE, "the same condition")
    free = _sorted(printed.free_symbols | derived.free_symbols | _symbols_of(conditions))
    claim, need = screen_of(printed), screen_of(derived)
    stronger = None
    for point in points(free, conditions, tries * _CHEAPER, seed=11):
        values = {symbol.name: float(value) for symbol, value in point.items()}
        if not (claim.is_clear(values) and need.is_clear(values)):
            continue
        claims, needs = claim.passes(values), need.passes(values)
        shown = {symbol.name: str(value) for symbol, value in point.items()}
        if claims and not needs:
            return Comparison(Effect.INVALID, "the printed condition holds where the derived one fails", shown)
        if needs and not claims:
            stronger = stronger or shown
    if stronger:
        return Comparison(Effect.LOOSER, "the printed condition demands more than is needed", stronger)
    return Comparison(Effect.NONE, f"equivalent at {tries * _CHEAPER} random points")

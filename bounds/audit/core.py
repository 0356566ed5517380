"""Audits a theorem: does it say anything at these parameters, and if not, why not."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import sympy as sp
from sympy.core.relational import Relational

from ..catalogue import get, statements
from ..statement import Hypothesis, Statement
from .admissible import admissible
from .report import AuditReport, Check, Limit, Refinement
from .terms import Term, terms
from .truth import decide, take_apart
from .values import Point, Value, read_point


def audit(
    theorem: str | Statement, values: Mapping[str, Value], refine: bool = True, limits: bool = True
) -> AuditReport:
    """Audit one statement at one set of parameters.

    Parameters
    ----------
    theorem : str or Statement
        A key of the catalogue, or a statement.
    values : mapping of str to number, str or sympy expression
        By symbol name; not all are needed: what depends on a missing one is reported as undetermined. A value may
        be a formula in the other parameters (``"N*r/M"``): it then follows them when they are varied.
    refine : bool
        Whether to look up what sharper statements say.
    limits : bool
        Whether to find out how far each parameter can move.

    Returns
    -------
    AuditReport
        Hypotheses with margins, limits of every parameter, the bound and its terms, and the refined versions.

    Raises
    ------
    ValueError
        For an unknown key or parameter, or a value that is no number or formula.
    """
    statement = get(theorem) if isinstance(theorem, str) else theorem
    point = read_point(statement.key, statement.symbols, values)
    missing = tuple(symbol.name for symbol in statement.symbols if symbol.name not in values)
    signs = (check for hypothesis in _signs(statement) if (check := _check(hypothesis, point)).met is False)
    checks = (*signs, *(_check(hypothesis, point) for hypothesis in statement.hypotheses))
    reach = tuple(_limit(statement, point, symbol) for symbol in _movable(statement, point)) if limits else ()
    formula = statement.formula
    bound: float | None = None
    parts: tuple[Term, ...] = ()
    if isinstance(formula, sp.Expr) and not missing and all(check.met is not False for check in checks):
        number = sp.N(point.resolve(formula), 20)
        bound = float(number) if number.is_real else None
        parts = terms(formula, point)
    refinements = tuple(_refined(statement, point)) if refine else ()
    return AuditReport(statement.key, point.values, checks, reach, bound, parts, refinements, missing)


def _signs(statement: Statement) -> list[Hypothesis]:
    """What the symbols themselves demand, as hypotheses."""
    found = []
    for symbol in statement.symbols:
        plain = sp.Symbol(symbol.name, real=True)
        if symbol.is_positive:
            found.append(Hypothesis(f"{symbol.name} > 0", sp.Gt(plain, 0)))
        elif symbol.is_nonnegative:
            found.append(Hypothesis(f"{symbol.name} >= 0", sp.Ge(plain, 0)))
    return found


def _check(hypothesis: Hypothesis, point: Point) -> Check:
    if hypothesis.condition is None:
        return Check(hypothesis.text, hypothesis.role, None)
    values = {name: value for name, value in point.values.items() if value.is_number}
    given = {symbol: values[symbol.name] for symbol in hypothesis.condition.free_symbols if symbol.name in values}
    missing = tuple(sorted(s.name for s in hypothesis.condition.free_symbols if s.name not in values))
    met = None if missing else bool(decide(take_apart(hypothesis.condition), given))
    left, right, margin = _sides(hypothesis.condition, given) if met is not None else (None, None, None)
    return Check(hypothesis.text, hypothesis.role, met, missing, left, right, margin)


def _sides(condition: sp.Basic, given: Mapping[sp.Symbol, sp.Expr]) -> tuple[float | None, float | None, float | None]:
    if not isinstance(condition, Relational) or condition.rel_op not in ("<", "<=", ">", ">="):
        return None, None, None
    smaller, larger = condition.lts, condition.gts
    low, high = (sp.N(side.subs(given), 20) for side in (smaller, larger))
    left, right = (low, high) if condition.lhs == smaller else (high, low)
    if not (low.is_real and high.is_real and low.is_finite and high.is_finite):
        return None, None, None
    scale = max(abs(low), abs(high))
    return float(left), float(right), float((high - low) / scale) if scale else 0.0


def _movable(statement: Statement, point: Point) -> list[sp.Symbol]:
    """Parameters on which some condition depends, directly or through a formula."""
    conditions = [h.condition for h in statement.hypotheses if h.condition is not None]
    used: set[sp.Symbol] = set()
    for condition in conditions:
        for _ in range(len(point.ties) + 1):
            used |= condition.free_symbols
            condition = condition.subs(point.ties)
        used |= condition.free_symbols
    given = {*point.numbers, *point.ties}
    return sorted(given & used, key=lambda symbol: symbol.name)


def _limit(statement: Statement, point: Point, symbol: sp.Symbol) -> Limit:
    value = point.values[symbol.name]
    if symbol in point.ties:  # let it move by itself
        point = Point({**point.numbers, symbol: value}, {s: f for s, f in point.ties.items() if s != symbol})
    intervals = admissible(statement.hypotheses, point, symbol)
    inside = any(interval.contains(value) for interval in intervals)
    if inside or not intervals:
        return Limit(symbol.name, value, intervals, inside, None, None)
    nearest = min((interval.nearest(value) for interval in intervals), key=lambda end: _distance(value, end))
    return Limit(symbol.name, value, intervals, False, nearest, _change(value, nearest))


def _distance(value: sp.Expr, end: sp.Expr) -> float:
    change = _change(value, end)
    return abs(math.log(change)) if change is not None and change > 0 else math.inf


def _change(value: sp.Expr, end: sp.Expr) -> float | None:
    return float(end / value) if value != 0 and end.is_finite else None


def _refined(statement: Statement, point: Point) -> list[Refinement]:
    """Sharper statements, by name: ``refined.cra...theorem1...`` for ``cra.theorem1``."""
    paper, _, name = statement.key.partition(".")
    pattern = re.compile(rf"refined\.{re.escape(paper)}\.(?:.*\.)?{re.escape(name)}(?:\..*)?")
    return [_refinement(other, point) for other in statements() if pattern.fullmatch(other.key)]


def _refinement(other: Statement, point: Point) -> Refinement:
    values = point.values
    missing = tuple(symbol.name for symbol in other.symbols if symbol.name not in values)
    given = {symbol: values[symbol.name] for symbol in other.symbols if symbol.name in values}
    decided = [
        h.condition for h in other.hypotheses if h.condition is not None and h.condition.free_symbols <= set(given)
    ]
    vacuous = any(decide(take_apart(condition), given) is not True for condition in decided)
    bound = None
    if not missing and not vacuous and isinstance(other.formula, sp.Expr):
        number = sp.N(other.formula.subs(given), 20)
        bound = float(number) if number.is_real and number.is_finite else None
    return Refinement(other.key, other.title, vacuous, bound, missing)


__all__ = ["audit"]

"""What the papers say in words: each claim decided by its own rule, and looked at again at exact points.

The second look uses neither derivatives nor certificates nor SymPy's simplification: both sides are evaluated with many
digits, a monotone expression at neighbouring points, one that has a limit or an order at points that approach it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

import sympy as sp

from ..bounds.catalogue import statements
from ..bounds.certificates import resolve
from ..bounds.claims import AllOf, Always, FirstAt, HoldsAt, Monotone, WithReading
from ..bounds.inequalities import sample_point
from ..bounds.limits import FiniteLimit, LimitIs, SameOrder
from ..bounds.ruling import Claim, Truth
from ..bounds.sampling import points
from ..bounds.statement import Statement
from .points import exact_value
from .probe import Probe, Settings
from .verdict import Check, Outcome, Verdict

#: Working digits, and the digits to which two sides count as equal.
_DIGITS, _AGREE = 60, 40
#: Relative distance of the two points between which a monotone expression is compared: too small to step over a pole.
_STEP = sp.Rational(1, 10**20)
#: Two distances from a limit's point, or sizes of what grows, between which an expression has to settle.
_NEAR, _NEARER = sp.Integer(10) ** 10, sp.Integer(10) ** 40
#: Parameter points at which a limit is approached.
_APPROACHES = 5
Point = Mapping[sp.Symbol, sp.Expr]
#: What was looked at, and whether it is as claimed.
Look = tuple[Point, bool]

_OUTCOME = {Truth.TRUE: Outcome.HOLDS, Truth.FALSE: Outcome.REFUTED, Truth.UNDECIDED: Outcome.INCONCLUSIVE}


def decide(statement: Statement, settings: Settings | None = None) -> Verdict:
    """Decide the statement's claim by proof, exact evaluation or counterexample.

    Parameters
    ----------
    statement : Statement
        With a claim.
    settings : Settings, optional
        Ignored: nothing here is random.

    Raises
    ------
    ValueError
        If the statement has no claim.
    """
    del settings
    ruling = _claim(statement).decide()
    reading = f"; holds when read as {ruling.reading}" if ruling.reading else ""
    refuted = ruling.truth is Truth.FALSE
    return Verdict(
        key=statement.key,
        check=Check.DERIVATION,
        outcome=_OUTCOME[ruling.truth],
        samples=1,
        counterexample={"claim": ruling.evidence, **(ruling.witness or {})} if refuted else None,
        detail=ruling.evidence + reading,
    )


def look_again(statement: Statement, settings: Settings) -> Verdict:
    """Look at the statement's claim at exact points, without what decided it.

    Parameters
    ----------
    statement : Statement
        With a claim.
    settings : Settings
        Number of points and seed.
    """
    tries = settings.choose(40, 200, 1000)
    assert isinstance(tries, int)
    looks = list(_looks(_claim(statement), tries, settings.seed))
    wrong = next((point for point, right in looks if not right), None)
    outcome = Outcome.INCONCLUSIVE if not looks else Outcome.HOLDS if wrong is None else Outcome.REFUTED
    return Verdict(
        key=statement.key,
        check=Check.EXACT,
        outcome=outcome,
        samples=len(looks),
        points=len(looks),
        seed=settings.seed,
        counterexample=None if wrong is None else {symbol.name: str(value) for symbol, value in wrong.items()},
        detail=f"evaluated with {_DIGITS} digits at {len(looks)} exact points",
    )


def _claim(statement: Statement) -> Claim:
    if statement.claim is None:
        raise ValueError(f"{statement.key} makes no claim in words to decide")
    return statement.claim


def _looks(claim: Claim, tries: int, seed: int) -> Iterator[Look]:
    if isinstance(claim, WithReading):
        yield from _looks(claim.claim, tries, seed)
    elif isinstance(claim, AllOf):
        for part in claim.claims:
            yield from _looks(part, tries, seed)
    elif isinstance(claim, HoldsAt):
        yield claim.point, _true_at(claim.condition, claim.point)
    elif isinstance(claim, FirstAt):
        for number in range(claim.start, claim.last + 1):
            at = {**claim.point, claim.symbol: sp.Integer(number)}
            yield at, _true_at(claim.condition, at) == (number >= claim.first)
    elif isinstance(claim, Always):
        for point in _domain(claim, tries, seed):
            sign = _sign(claim.left - claim.right, claim.left, point)
            if sign is not None:
                yield point, _agrees(sign, claim.relation)
    elif isinstance(claim, Monotone):
        yield from _neighbours(claim, tries, seed)
    elif isinstance(claim, LimitIs | FiniteLimit | SameOrder):
        yield from _approaches(claim, seed)


def _approaches(claim: LimitIs | FiniteLimit | SameOrder, seed: int) -> Iterator[Look]:
    """Whether what should vanish shrinks tenfold, or what should stay bounded does not double, on the way."""
    moving = sp.Symbol(claim.symbol.name)  # without the sign and the wholeness that its neighbours need not have
    if isinstance(claim, SameOrder):
        followed = (claim.expression / claim.reference).subs(claim.assumptions).subs(claim.symbol, moving)
    else:
        given = claim.assumptions if isinstance(claim, LimitIs) else {}
        followed = claim.expression.subs(given).subs(claim.symbol, moving)
        followed -= claim.value if isinstance(claim, LimitIs) else 0
    rest = sorted(followed.free_symbols - {moving}, key=str)
    rng = random.Random(seed)
    for _ in range(_APPROACHES if rest else 1):
        drawn = sample_point(rest, rng)
        sizes = []
        for far in (_NEAR, _NEARER):
            at: sp.Expr = far
            if not isinstance(claim, SameOrder):
                at = claim.point.subs(drawn) + (1 if claim.side == "+" else -1) / far
            sizes.append(sp.N(followed.xreplace({**drawn, moving: at}), 3 * _DIGITS))
        if all(size.is_Float or size.is_Rational for size in sizes):
            first, last = map(abs, sizes)
            yield (
                {**drawn, claim.symbol: at},
                bool(10 * last <= first if isinstance(claim, LimitIs) else last <= 2 * first),
            )


def _neighbours(claim: Monotone, tries: int, seed: int) -> Iterator[Look]:
    relation = "<=" if claim.direction == "decreasing" else ">="
    free = sp.Symbol(claim.symbol.name)  # without the sign and integrality that its neighbour need not have
    expression = claim.expression.subs(claim.symbol, free)
    for point in _domain(claim, tries, seed):
        at = point[claim.symbol]
        if at == 0:
            continue
        rest = {symbol: value for symbol, value in point.items() if symbol != claim.symbol}
        higher = expression.xreplace({**rest, free: at * (1 + _STEP)})
        sign = _sign(higher - expression.xreplace({**rest, free: at}), higher, {})
        if sign is not None:
            yield point, _agrees(sign, relation)


def _domain(claim: Always | Monotone, tries: int, seed: int) -> Iterator[Point]:
    """Points of the claim's domain: in its slack variables where it has them, else where its conditions hold."""
    parts = (claim.expression, claim.symbol) if isinstance(claim, Monotone) else (claim.left, claim.right)
    symbols: set[sp.Symbol] = set().union(*(part.free_symbols for part in parts))
    if not claim.slack:
        for hypothesis in claim.conditions:
            symbols |= set() if hypothesis.condition is None else hypothesis.condition.free_symbols
        yield from points(sorted(symbols, key=str), claim.conditions, tries, seed)
        return
    shift = resolve(claim.slack)
    free = set().union(*((shift[s].free_symbols if s in shift else {s}) for s in symbols))
    rng = random.Random(seed)
    for _ in range(tries):
        drawn = sample_point(sorted(free, key=str), rng)
        point = {symbol: exact_value(shift[symbol], drawn) if symbol in shift else drawn[symbol] for symbol in symbols}
        if all(_has_its_sign(symbol, value) for symbol, value in point.items()):
            yield point


def _has_its_sign(symbol: sp.Symbol, value: sp.Expr) -> bool:
    return not (symbol.is_nonnegative and value < 0) and not (symbol.is_positive and value == 0)


def _sign(difference: sp.Expr, scale: sp.Expr, point: Point) -> int | None:
    """Sign of the difference at the point; 0 if the sides agree in most digits, None where it is not a real number."""
    value, size = (sp.N(part.xreplace(dict(point)), _DIGITS) for part in (difference, scale))
    if not (value.is_Float or value.is_Rational) or not (size.is_Float or size.is_Rational):
        return None
    if abs(value) <= (1 + abs(size)) * sp.Float(10, _DIGITS) ** -_AGREE:
        return 0
    return 1 if value > 0 else -1


def _agrees(sign: int, relation: str) -> bool:
    return {"=": sign == 0, "<=": sign <= 0, ">=": sign >= 0, "<": sign < 0, ">": sign > 0}[relation]


def _true_at(condition: sp.Basic, point: Point) -> bool:
    """Truth of a condition from the signs of its relations, with many digits."""
    relations = condition.atoms(sp.core.relational.Relational)
    truths = {}
    for relation in relations:
        sign = _sign(relation.lhs - relation.rhs, relation.lhs, point)
        if sign is None:
            raise ValueError(f"{relation} has no real value at {point}")
        truths[relation] = sp.true if _agrees(sign, "=" if relation.rel_op == "==" else relation.rel_op) else sp.false
    return bool(condition.xreplace(truths))


PROBES = [
    probe
    for statement in statements()
    if statement.claim is not None
    for probe in (
        Probe(statement.key, Check.DERIVATION, decide, label="words"),
        Probe(statement.key, Check.EXACT, look_again, label="points"),
    )
]

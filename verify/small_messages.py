"""Robustness constants against every set of messages of a small grid, in rationals.

No search, no structure and no array implementation is used: each rule's exact implementation is applied to all honest
and Byzantine messages of the grid.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np
import sympy as sp

from ..bounds.statement import Statement
from .adversary import worst_case
from .adversary.exact_rules import bucketing
from .adversary.gm_certificate import is_minimiser
from .adversary.subjects import exact_rule
from .adversary.witness import Witness, ratio_of
from .cases import sign_of
from .points import SIDES, Tally, bound, number
from .probe import Probe, Settings
from .verdict import Check, Outcome, Verdict

#: Honest messages, and Byzantine ones: among them, between them, just nearer than another honest one, and far away.
_LINE = ((0,), (2,), (4,)), tuple((x,) for x in (-60, -2, 0, 1, 2, 3, 4, 6, Fraction(7999, 1000), 60))
_PLANE = ((0, 0), (2, 0), (0, 2)), tuple(itertools.product((-60, 0, 1, 2, 60), repeat=2))
#: A bound that is reached up to this relative distance counts as approached.
_NEAR = Fraction(1, 1000)


@dataclass(frozen=True)
class Worst:
    """The largest ratios of a rule on a grid.

    Attributes
    ----------
    mean, largest : Fraction
        Those over the mean and over the largest squared honest deviation: kappa and C_alpha^2 are no less.
    mean_witness, largest_witness : Witness or None
        Where they are reached.
    tried : int
        Message sets.
    """

    mean: Fraction
    largest: Fraction
    mean_witness: Witness | None
    largest_witness: Witness | None
    tried: int


def _sets(n: int, f: int) -> Iterator[Witness]:
    for honest, byzantine in (_LINE, _PLANE) if f == 1 else (_LINE,):
        for inside in itertools.combinations_with_replacement(honest, n - f):
            if len(set(inside)) > 1:
                for others in itertools.combinations_with_replacement(byzantine, f):
                    yield Witness(_fractions(inside), _fractions(others))


def _fractions(points: Sequence[Sequence[Any]]) -> tuple[tuple[Fraction, ...], ...]:
    return tuple(tuple(Fraction(x) for x in point) for point in points)


def _pinned(n: int, f: int) -> Iterator[Witness]:
    """For an even number of messages: half of them, honest, near one place, the others at another place.

    The former pull the geometric median from the latter's place with a little less than the latter hold it.
    """
    if n % 2 == 0 and f:
        for small in (Fraction(1, 10), Fraction(1, 100)):
            near = [(Fraction(0), small * side) for side in (1, -1)] + [(Fraction(0), Fraction(0))] * (n // 2 - 2)
            there = (Fraction(1), Fraction(0))
            yield Witness((*near, *[there] * (n // 2 - f)), (there,) * f)


def _outputs(rule: str, witness: Witness) -> list[Sequence[Fraction]]:
    """What the rule returns: in both orders of the messages and for both signs, so that no tie helps."""
    f = len(witness.byzantine)
    if rule == "geometric-median":
        messages = Counter((*witness.honest, *witness.byzantine))
        return [next((point for point in messages if is_minimiser(point, messages)), ())]
    exact = exact_rule(rule, len(witness.honest) + f, f)
    if exact is None:
        raise ValueError(f"{rule} has no exact implementation")
    return [list(exact(witness.messages(), f)), list(-exact(-witness.messages(byzantine_first=True), f))]


@lru_cache(maxsize=64)
def worst(rule: str, n: int, f: int) -> Worst:
    """The largest ratios of a rule with n messages, f of them Byzantine, over the grid.

    Messages for which the exact rule cannot decide a tie (SMEA), or for which no message is certain to be the geometric
    median, are passed over.
    """
    found: dict[str, tuple[Fraction, Witness | None]] = {"mean": (Fraction(0), None), "max": (Fraction(0), None)}
    tried = 0
    for witness in itertools.chain(_sets(n, f), _pinned(n, f) if rule == "geometric-median" else ()):
        try:
            outputs = _outputs(rule, witness)
        except ValueError as error:
            if "rounding" not in str(error):
                raise
            continue
        if not all(outputs):
            continue
        tried += 1
        for norm in ("mean", "max"):
            ratio = min(ratio_of(output, witness, norm) for output in outputs)
            if ratio > found[norm][0]:
                found[norm] = ratio, witness
    return Worst(found["mean"][0], found["max"][0], found["mean"][1], found["max"][1], tried)


def check_on_grid(statement: Statement, settings: Settings, rule: str, largest: bool) -> Verdict:
    """Compare an upper bound on kappa or C_alpha^2 with every message set of a small grid.

    Parameters
    ----------
    statement : Statement
        The bound; where it is said to be attained, some set has to come within a thousandth of it.
    settings : Settings
        The preset gives the sizes.
    rule : str
        Name of the rule.
    largest : bool
        Whether the honest deviations are measured by their largest (C_alpha^2), and not by their mean square (kappa).
    """
    tally = Tally(statement, Check.EXACT)
    reached = False
    sizes = [(3, 1), (4, 1), (5, 1), (5, 2)] + ([] if settings.preset == "quick" else [(6, 1), (6, 2), (7, 2)])
    for n, f in sizes:
        found = worst(rule, n, f)
        ratio, witness = (found.largest, found.largest_witness) if largest else (found.mean, found.mean_witness)
        values = {"N": n, "H": n - f, "alpha": Fraction(f, n), "Q": 1 if witness is None else witness.dim}
        value = bound(statement, values)
        if value is None:
            tally.skip()
            continue
        shown = {} if witness is None else {"rule": rule, **witness.to_json()}
        reached |= sign_of(number(ratio) - value * (1 - number(_NEAR))) >= 0
        outcome = Outcome.REFUTED if sign_of(value - number(ratio)) < 0 else Outcome.HOLDS
        point = {name: str(value) for name, value in values.items()}
        tally.add(outcome, point, ratio, _plain(value), samples=found.tried, witness=shown)
    missed = SIDES[statement.relation][1] and not reached and tally.outcome is Outcome.HOLDS
    tally.undecided += missed
    return tally.verdict(
        f"{rule} on every message set of a grid{', which does not reach the constant' if missed else ''}"
    )


#: (N, f, s), the honest values and the Byzantine values.
_BUCKETS = (
    (6, 1, 2, (0, 1, 2), (-60, 0, 1, 60)),
    (8, 1, 2, (0, 1), (-60, 60)),
    (9, 1, 3, (0, 1), (-60, 60)),
    (10, 2, 2, (0, 1), (-60, 60)),
)


def check_bucketing(statement: Statement, settings: Settings) -> Verdict:
    """kappa of bucketing before rules of exactly known kappa: every order of every set of honest messages of a grid.

    The Byzantine messages are put in buckets of their own or together; the honest ones fill the other places in every
    order.
    """
    tally = Tally(statement, Check.EXACT)
    for (n, f, size, inside, outside), rule in itertools.product(_BUCKETS, ("cwtm", "median")):
        if settings.preset == "quick" and n > 9:
            continue
        kappa = worst_case(rule, n // size, f, "mean").lower
        value = bound(statement, {"N": n, "H": n - f, "kappa": kappa, "s": size})
        if value is None:
            tally.skip()
            continue
        ratio, witness, tried = _worst_buckets(rule, n, f, size, inside, outside)
        outcome = Outcome.REFUTED if sign_of(value - number(ratio)) < 0 else Outcome.HOLDS
        point = {"N": n, "H": n - f, "s": size, "kappa": str(kappa), "rule": rule}
        tally.add(outcome, point, ratio, _plain(value), samples=tried, witness=witness)
    return tally.verdict("every order of the messages of a grid into buckets")


def _worst_buckets(
    rule: str, n: int, f: int, size: int, inside: tuple[int, ...], outside: tuple[int, ...]
) -> tuple[Fraction, dict[str, Any], int]:
    after = exact_rule(rule, n // size, f)
    assert after is not None
    worst_ratio, shown, tried = Fraction(-1), {}, 0
    together, apart = tuple(range(f)), tuple(size * i for i in range(f))
    for places in dict.fromkeys((together, apart)) if f <= size else (apart,):
        for honest in itertools.product(inside, repeat=n - f):
            if len(set(honest)) == 1:
                continue
            for byzantine in itertools.product(outside, repeat=f):
                rest = iter(honest)
                row = [byzantine[places.index(i)] if i in places else next(rest) for i in range(n)]
                witness = Witness(_fractions([[x] for x in honest]), _fractions([[x] for x in byzantine]))
                messages = bucketing(_column(row), f, size)
                ratio = ratio_of(list(after(messages, f)), witness, "mean")
                tried += 1
                if ratio > worst_ratio:
                    worst_ratio, shown = ratio, {"messages": row, "byzantine places": list(places)}
    return worst_ratio, shown, tried


def _column(row: Sequence[int]) -> Any:
    return np.array([[Fraction(x)] for x in row], dtype=object)


def _plain(value: sp.Expr) -> Fraction | float:
    return Fraction(int(value.p), int(value.q)) if value.is_Rational else float(value)


#: Constant -> the rule it is about.
_KAPPA = {
    "robustness.kappa.cwtm": "cwtm",
    "robustness.kappa.median": "median",
    "robustness.kappa.geometric_median": "geometric-median",
    "robustness.kappa.smea": "smea",
    "robustness.kappa.krum": "krum",
    "robustness.kappa.faba": "faba",
}
_TABLE_I = {
    "median": "median",
    "trimmed_mean": "cwtm",
    "geometric_median": "geometric-median",
    "krum": "krum",
    "phocas": "phocas",
    "faba": "faba",
}

PROBES: tuple[Probe, ...] = (
    *(
        Probe(key, Check.EXACT, partial(check_on_grid, rule=rule, largest=False), "grid")
        for key, rule in _KAPPA.items()
    ),
    *(
        Probe(f"cra.table1.{name}", Check.EXACT, partial(check_on_grid, rule=rule, largest=True), "grid")
        for name, rule in _TABLE_I.items()
    ),
    Probe("robustness.kappa.bucketing", Check.EXACT, check_bucketing, "buckets"),
)

"""Robustness constants: the worst case that is computed or searched for, and property tests of the rules themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any, Literal

import sympy as sp

from ..bounds.catalogue import statements
from ..bounds.statement import Statement
from .adversary import Bracket, worst_case
from .cases import sign_of
from .points import SIDES, Tally, bound, number
from .probe import Probe, Settings
from .verdict import Check, Outcome, Verdict

Norm = Literal["mean", "max"]

#: A supremum that a search approaches up to this relative distance counts as attained.
_NEAR = Fraction(1, 1000)

#: Points with an exact worst case after which a bound that none of them attains is not an attained one.
_ENOUGH = 5


@dataclass(frozen=True)
class Subject:
    """The rule that a constant is about.

    Attributes
    ----------
    rule : str
        Name for the worst-case search.
    norm : {"mean", "max"}
        kappa or C_alpha^2.
    searched : bool
        Whether its worst case is searched for, and not computed: then only small sizes are looked at.
    slow : bool
        Whether even small sizes take seconds.
    """

    rule: str
    norm: Norm
    searched: bool = True
    slow: bool = False


_EXACT = {"cwtm": "cwtm", "median_odd": "median", "median_even": "median", "median": "median"}
_SEARCHED = {
    "phocas": "phocas",
    "meamed_odd": "meamed",
    "meamed_even": "meamed",
    "krum": "krum",
    "krum_third": "krum",
    "multikrum": "multikrum",
    "faba": "faba",
    "krum_blanchard": "krum-blanchard",
    "krum_blanchard_third": "krum-blanchard",
    "krum_inclusive": "krum-inclusive",
    "krum_inclusive_third": "krum-inclusive",
    "caf": "caf",
    "caf_third": "caf",
    "bulyan": "bulyan",
    "huber": "huber",
    "centered_clipping": "centered-clipping",
    "correntropy": "correntropy",
}
#: Sizes for rules that need more messages or more time; the quick preset takes the first one.
_OWN_SIZES = {
    "krum-blanchard": ((5, 1), (7, 2), (9, 3), (10, 2)),
    "krum-inclusive": ((5, 1), (7, 2), (9, 3), (10, 2)),
    "bulyan": ((7, 1), (8, 1), (11, 2)),
    "caf": ((4, 1), (5, 2), (7, 2)),
    "huber": ((4, 1), (5, 2), (7, 2)),
    "centered-clipping": ((4, 1), (5, 2), (7, 2)),
    "correntropy": ((4, 1), (7, 2), (8, 2)),
}
_SLOW = {
    "geometric_median": "geometric-median",
    "geometric_median_odd": "geometric-median",
    "mda": "mda",
    "smea": "smea",
}
#: Those of which a second size takes about a second.
_SOON = (("geometric-median", "mean"), ("smea", "mean"))
#: Rules of which a few more sizes cost little.
_CHEAP = ("phocas", "meamed")
_TABLE_I = {
    "median": ("median", False, False),
    "trimmed_mean": ("cwtm", False, False),
    "geometric_median": ("geometric-median", True, True),
    "krum": ("krum", True, False),
    "phocas": ("phocas", True, False),
    "faba": ("faba", True, False),
}


def _subjects() -> Iterator[tuple[str, Subject]]:
    norms: tuple[tuple[str, Norm], ...] = (("kappa", "mean"), ("c_alpha", "max"))
    for stem, norm in norms:
        for name, rule in _EXACT.items():
            yield f"robustness.{stem}.{name}", Subject(rule, norm, searched=False)
        for name, rule in _SEARCHED.items():
            yield f"robustness.{stem}.{name}", Subject(rule, norm)
        for name, rule in _SLOW.items():
            yield f"robustness.{stem}.{name}", Subject(rule, norm, slow=True)
    yield "robustness.kappa.median_lower", Subject("median-lower", "mean", searched=False)
    yield "robustness.kappa.nnm", Subject("nnm+cwtm", "mean")
    for name, (rule, searched, slow) in _TABLE_I.items():
        yield f"cra.table1.{name}", Subject(rule, "max", searched, slow)


def _sizes(subject: Subject, settings: Settings) -> list[tuple[int, int]]:
    if subject.rule in _OWN_SIZES:
        own = list(_OWN_SIZES[subject.rule])
        return own[:1] if settings.preset == "quick" else own
    if subject.slow:
        small = [(3, 1), (4, 1)] if (subject.rule, subject.norm) in _SOON else [(3, 1)]
        return {"quick": small, "paper": [*small, (5, 1), (6, 2)], "full": [*small, (5, 1), (6, 2), (7, 3)]}[
            settings.preset
        ]
    if subject.searched:
        small = [(4, 1), (5, 2), (6, 2)]
        if settings.preset == "quick":
            return small if subject.rule in _CHEAP else small[:2]
        return [*small, (7, 2), (9, 4), (10, 2), (10, 3)]
    small = [(n, f) for n in range(2, 12) for f in range((n - 1) // 2 + 1)]
    return [*small, (100, 20), (101, 30)] if settings.preset == "quick" else [*small, (100, 20), (101, 30), (1000, 200)]


@lru_cache(maxsize=512)
def _bracket(rule: str, n: int, f: int, norm: Norm, dim: int | None, seed: int) -> Bracket:
    return worst_case(rule, n, f, norm, dim, seed)


def _values(n: int, f: int, dim: int | None) -> dict[str, Any]:
    return {
        "N": n,
        "H": n - f,
        "alpha": Fraction(f, n),
        "Q": 4 * n if dim is None else dim,
        "kappa": Fraction(f, n - 2 * f),
    }


def check_constant(statement: Statement, settings: Settings, subject: Subject) -> Verdict:
    """Compare a constant with the worst case of its rule.

    Parameters
    ----------
    statement : Statement
        An upper bound on kappa or C_alpha^2, perhaps attained.
    settings : Settings
        The preset gives the sizes.
    subject : Subject
        The rule.

    Returns
    -------
    Verdict
        REFUTED by messages that exceed the constant, evaluated exactly. HOLDS where the worst case is computed, or the
        search found nothing above; a bound that is said to be attained has to be reached at some size, up to a
        thousandth where the worst case is only searched for.
    """
    tally = Tally(statement, Check.ADVERSARY)
    brackets: list[Bracket] = []
    attained = False
    for n, f in _sizes(subject, settings):
        for dim in _dims(statement, subject, n):
            values = _values(n, f, dim)
            value = bound(statement, values)
            if value is None:
                tally.skip()
                continue
            found = _bracket(subject.rule, n, f, subject.norm, dim, settings.seed)
            brackets.append(found)
            lower = number(found.lower)
            attained |= sign_of(lower - value * (1 if found.exact else 1 - number(_NEAR))) >= 0
            outcome = Outcome.REFUTED if sign_of(value - lower) < 0 else Outcome.HOLDS
            witness = None if found.witness is None else {"rule": subject.rule, **found.witness.to_json()}
            point = {name: str(values[name]) for name in ("N", "H", "alpha", "Q")}
            tally.add(outcome, point, found.lower, _number(value), witness=witness)
    exact = all(found.exact for found in brackets)
    how = "computed exactly" if exact else "searched for"
    if SIDES[statement.relation][1] and not attained and tally.outcome is Outcome.HOLDS:
        many = exact and tally.points >= _ENOUGH
        tally.refuted, tally.undecided = int(many), int(not many)
        return tally.verdict(f"worst case of {subject.rule} {how}: nowhere does it reach the constant")
    return tally.verdict(f"worst case of {subject.rule} {how}; lhs is reached by messages")


def _dims(statement: Statement, subject: Subject, n: int) -> tuple[int | None, ...]:
    """Dimensions to look at: with n of them a coordinate-wise rule is as bad as in any number."""
    if subject.searched or subject.norm == "mean":
        return (None,)
    return (1, n) if "Q" in {symbol.name for symbol in statement.symbols} else (n,)


def _number(value: sp.Expr) -> Fraction | float:
    return Fraction(int(value.p), int(value.q)) if value.is_Rational else float(value)


_LINEAR = ("cwtm", "median", "median-lower")


def check_lower_bound(statement: Statement, settings: Settings, norm: Norm) -> Verdict:
    """A constant that no rule can undercut, against the exact worst cases of the rules that have one."""
    tally = Tally(statement, Check.ADVERSARY)
    for n, f in _sizes(Subject("cwtm", norm, searched=False), settings):
        values = _values(n, f, None)
        value = bound(statement, values)
        if value is None:
            tally.skip()
            continue
        for rule in _LINEAR:
            found = _bracket(rule, n, f, norm, None if norm == "mean" else n, settings.seed)
            outcome = Outcome.HOLDS if sign_of(number(found.lower) - value) >= 0 else Outcome.REFUTED
            tally.add(outcome, {"N": n, "H": n - f, "rule": rule}, found.lower, _number(value))
    return tally.verdict(f"exact worst cases of {', '.join(_LINEAR)}")


def check_between_norms(statement: Statement, settings: Settings) -> Verdict:
    """C_alpha^2 against kappa: of each rule with an exact worst case, its own kappa."""
    tally = Tally(statement, Check.ADVERSARY)
    sides, tight = SIDES[statement.relation]
    for n, f in _sizes(Subject("cwtm", "max", searched=False), settings):
        for rule in _LINEAR:
            kappa = _bracket(rule, n, f, "mean", None, settings.seed).lower
            found = _bracket(rule, n, f, "max", n, settings.seed).lower
            value = number(bound(statement, {"kappa": kappa}))
            sign = sign_of(value - number(found))
            holds = sign == 0 or (sides == "<=" and sign > 0) or (sides == ">=" and sign < 0)
            tally.add(
                Outcome.HOLDS if holds else Outcome.REFUTED, {"N": n, "f": f, "rule": rule}, found, _number(value)
            )
    return tally.verdict(f"exact worst cases of {', '.join(_LINEAR)}" + ("; attained" if tight else ""))


def check_from_largest(statement: Statement, settings: Settings) -> Verdict:
    """kappa of an RBA rule from its C_alpha: the rules with exact worst cases, each with its own C_alpha."""
    tally = Tally(statement, Check.ADVERSARY)
    for n, f in _sizes(Subject("cwtm", "max", searched=False), settings):
        for rule in _LINEAR:
            largest = _bracket(rule, n, f, "max", n, settings.seed).lower
            value = bound(statement, {**_values(n, f, n), "C_alpha": sp.sqrt(number(largest))})
            if value is None:
                tally.skip()
                continue
            kappa = _bracket(rule, n, f, "mean", None, settings.seed).lower
            outcome = Outcome.HOLDS if sign_of(value - number(kappa)) >= 0 else Outcome.REFUTED
            tally.add(outcome, {"N": n, "H": n - f, "rule": rule}, kappa, _number(value))
    return tally.verdict(f"exact worst cases of {', '.join(_LINEAR)}")


def check_property(statement: Statement, settings: Settings, rule: str) -> Verdict:
    """Property test of kappa-robustness: generated adversarial message sets against the rule as implemented."""
    from ..simulate.aggregation import rule_from_name
    from .conformance import check_property as falsify
    from .subject import subject

    tally = Tally(statement, Check.PROPERTY)
    examples = {"quick": 30, "paper": 300, "full": 1000}[settings.preset]
    for n, f in ((5, 1), (6, 2), (7, 3), (10, 2)):
        value = bound(statement, _values(n, f, None))
        if value is None:
            tally.skip()
            continue
        tested = subject(rule_from_name(rule, f=f), n, f, kappa=float(value))
        found = falsify(tested, "kappa", max_examples=examples, seed=settings.seed % 2**31)
        point = {"N": n, "H": n - f, "rule": rule}
        tally.add(found.outcome, point, 0.0, float(value), samples=found.samples, witness=found.counterexample)
    return tally.verdict(f"{rule}: generated ties, near-ties, outliers, collinear and coincident messages")


def _known(key: str) -> bool:
    return any(statement.key == key for statement in statements())


def _probes() -> Iterator[Probe]:
    for key, subject in _subjects():
        if _known(key):
            yield Probe(key, Check.ADVERSARY, partial(check_constant, subject=subject), stream="rules")
    others: dict[str, Callable[[Statement, Settings], Verdict]] = {
        "robustness.kappa.lower_bound": partial(check_lower_bound, norm="mean"),
        "robustness.c_alpha.lower_bound": partial(check_lower_bound, norm="max"),
        "robustness.c_alpha.lower_bound_third": partial(check_lower_bound, norm="max"),
        "robustness.c_alpha.below_kappa": check_between_norms,
        "refined.lad.rba": check_from_largest,
    }
    for key, experiment in others.items():
        yield Probe(key, Check.ADVERSARY, experiment, stream="rules")
    coordinate_wise = partial(check_between_norms)
    yield Probe("robustness.c_alpha.coordinate_wise", Check.ADVERSARY, coordinate_wise, stream="rules")
    for key, rule in (("cwtm", "cwtm"), ("median_odd", "median"), ("median_even", "median"), ("krum", "krum")):
        yield Probe(f"robustness.kappa.{key}", Check.PROPERTY, partial(check_property, rule=rule))


PROBES: tuple[Probe, ...] = tuple(_probes())

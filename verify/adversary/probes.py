"""Robustness statements and Table I of the CRA paper, put to the worst messages that are known or found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from ...bounds.statement import Statement
from ..points import SIDES, Tally, bound
from ..probe import Probe, Settings
from ..verdict import Check, Outcome, Verdict
from .bracket import Bracket, judge, lstatistic_bracket, worst_case
from .claims import Constant
from .exact_lstat import Norm
from .exact_lstat import worst_case as lstat
from .lstat_dimension import every_dimension, in_dimension
from .subjects import subject

#: A supremum that the search approaches counts as reached from this share on.
REACHED = 0.999
Sizes = tuple[tuple[int, int], ...]
#: For exact rules any size is cheap.
EXACT_SIZES: Sizes = ((3, 1), (4, 1), (5, 0), (5, 1), (5, 2), (7, 0), (10, 3), (11, 4), (100, 3), (100, 20), (100, 40))
_SEARCH_SIZES: dict[str, Sizes] = {
    "quick": ((4, 1), (5, 2)),
    "paper": ((4, 1), (5, 1), (5, 2), (7, 2), (8, 2)),
    "full": ((4, 1), (5, 1), (5, 2), (6, 2), (7, 2), (8, 3), (9, 3), (12, 3), (20, 4)),
}


@dataclass(frozen=True)
class Target:
    """Which rule a statement is about.

    Attributes
    ----------
    key : str
        The statement.
    rule : str
        Name of the rule.
    norm : {"mean", "max"}
    dims : tuple of int or None
        Dimensions in which to look.
    """

    key: str
    rule: str
    norm: Norm
    dims: tuple[int | None, ...] = (None,)


def parameters(n: int, f: int, dim: int | None = None) -> dict[str, object]:
    """Values of the symbols that statements about rules use."""
    # A constant that depends on the dimension Q is meant for that one; 4 N stands for all.
    return {"N": n, "H": n - f, "alpha": Fraction(f, n), "Q": 4 * n if dim is None else dim}


def check_rule_constant(statement: Statement, settings: Settings, target: Target) -> Verdict:
    """Compare an upper bound on a constant with the worst messages.

    Parameters
    ----------
    statement : Statement
        The bound; a wrong one can be put to the same test.
    settings : Settings
        More sizes and a longer search in the larger presets.
    target : Target
        The rule.

    Returns
    -------
    Verdict
        REFUTED with messages that exceed it. A tight bound that the search does not come near is left undecided.
    """
    tally = Tally(statement, Check.ADVERSARY)
    cheap = subject(target.rule, 5, 1).weights is not None
    sizes = EXACT_SIZES if cheap else _SEARCH_SIZES[settings.preset]
    closest = 0.0
    for n, f in sizes:
        for dim in target.dims:
            value = bound(statement, parameters(n, f, dim))
            if value is None:
                tally.skip()
                continue
            bracket = _bracket(target, n, f, dim, settings)
            outcome = judge(bracket.lower, bracket.upper if cheap else None, Constant(value, statement.key))
            outcome = Outcome.REFUTED if outcome is Outcome.REFUTED else Outcome.HOLDS
            witness = None if bracket.witness is None else bracket.witness.to_json()
            where = {"n": n, "f": f, "dim": dim}
            tally.add(outcome, where, float(bracket.lower), float(value), witness=witness and {"messages": witness})
            closest = max(closest, float(bracket.lower) / float(value) if value else 1.0)
    tally.undecided += SIDES[statement.relation][1] and tally.points > 0 and closest < REACHED
    found = "exact worst cases" if cheap else "search: no messages were found that exceed it"
    detail = f"{found}; the worst reach {closest:.4g} of it"
    return tally.verdict(detail if not tally.refuted else f"messages reach {closest:.4g} times the constant")


def _bracket(target: Target, n: int, f: int, dim: int | None, settings: Settings) -> Bracket:
    rule = subject(target.rule, n, f)
    if rule.weights is not None:
        return lstatistic_bracket(rule, target.norm, dim)
    return worst_case(target.rule, n, f, target.norm, dim, settings.seed, settings.preset == "full")


Values = Callable[[list[Fraction] | tuple[Fraction, ...], int], Iterator[tuple[Fraction, dict[str, object]]]]


def check_every_lstatistic(statement: Statement, settings: Settings, values: Values) -> Verdict:
    """Compare a statement about all rules with the exact constants of trimmed mean and medians.

    Parameters
    ----------
    statement : Statement
    settings : Settings
    values : callable
        Weights and f to pairs of an exact constant and of values of further symbols.

    Returns
    -------
    Verdict
        A bound that is said to be attained, but is not by any of these rules, is left undecided.
    """
    del settings
    tally, attained = Tally(statement, Check.ADVERSARY), False
    sides, tight = SIDES[statement.relation]
    for rule in ("cwtm", "median", "median-lower"):
        for n, f in EXACT_SIZES[:8]:
            weights = subject(rule, n, f).weights
            assert weights is not None
            for lhs, more in values(weights, f):
                value = bound(statement, {**parameters(n, f), **more})
                if value is None:
                    tally.skip()
                    continue
                rhs = Fraction(int(value.p), int(value.q))
                attained |= lhs == rhs
                holds = lhs == rhs or (sides == "<=" and lhs < rhs) or (sides == ">=" and lhs > rhs)
                tally.add(Outcome.HOLDS if holds else Outcome.REFUTED, {"rule": rule, "n": n, "f": f}, lhs, rhs)
    tally.undecided += tight and not attained
    return tally.verdict("exact constants of the trimmed mean and of medians")


def _kappa(weights: list[Fraction] | tuple[Fraction, ...], f: int) -> Iterator[tuple[Fraction, dict[str, object]]]:
    value = lstat(weights, f).value
    assert value is not None
    yield value, {}


def _c_alpha(weights: list[Fraction] | tuple[Fraction, ...], f: int) -> Iterator[tuple[Fraction, dict[str, object]]]:
    for dim in (1, 2, 4):
        found = in_dimension(weights, f, dim)
        assert found.upper is not None
        yield found.upper, {}


def _both(weights: list[Fraction] | tuple[Fraction, ...], f: int) -> Iterator[tuple[Fraction, dict[str, object]]]:
    kappa = lstat(weights, f).value
    for dim in (1, 2, 4):
        yield in_dimension(weights, f, dim).lower, {"kappa": kappa}


def _rotated(weights: list[Fraction] | tuple[Fraction, ...], f: int) -> Iterator[tuple[Fraction, dict[str, object]]]:
    yield every_dimension(weights, f).lower, {"kappa": lstat(weights, f).value}


_KAPPA = {
    "cwtm": "cwtm",
    "median_odd": "median",
    "median_even": "median",
    "median_lower": "median-lower",
    "median": "median",
    "geometric_median": "geometric-median",
    "geometric_median_odd": "geometric-median",
    "phocas": "phocas",
    "meamed_odd": "meamed",
    "meamed_even": "meamed",
    "krum": "krum",
    "krum_third": "krum",
    "faba": "faba",
    "mda": "mda",
    "multikrum": "multikrum",
}
_C_ALPHA = ("cwtm", "median_odd", "median_even", "phocas", "meamed_odd", "meamed_even", "krum_third")
_TABLE_I = {
    "median": "median",
    "trimmed_mean": "cwtm",
    "geometric_median": "geometric-median",
    "krum": "krum",
    "phocas": "phocas",
    "faba": "faba",
}
TARGETS = (
    *(Target(f"robustness.kappa.{name}", rule, "mean") for name, rule in _KAPPA.items()),
    *(Target(f"robustness.c_alpha.{name}", _KAPPA[name], "max") for name in _C_ALPHA),
    Target("robustness.c_alpha.faba", "faba", "max"),
    *(Target(f"cra.table1.{name}", rule, "max", (1, None)) for name, rule in _TABLE_I.items()),
)
PROBES = (
    *(
        Probe(target.key, Check.ADVERSARY, partial(check_rule_constant, target=target), stream="worst case")
        for target in TARGETS
    ),
    *(
        Probe(f"robustness.{name}", Check.ADVERSARY, partial(check_every_lstatistic, values=values))
        for name, values in (
            ("kappa.lower_bound", _kappa),
            ("c_alpha.lower_bound", _c_alpha),
            ("c_alpha.lower_bound_third", _c_alpha),
            ("c_alpha.below_kappa", _both),
            ("c_alpha.coordinate_wise", _rotated),
        )
    ),
)

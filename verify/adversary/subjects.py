"""The rule under attack: its array implementation, its exact one, and what is known of its structure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from ...simulate.aggregation import RULES, Invariance, Krum, Rule, TrimmedMean, rule_from_name
from .exact_lstat import Norm
from .exact_rules import EXACT_RULES, EXACT_STEPS, ExactRule, compose, krum_nearest, trimmed_mean, weighted
from .gm_certificate import certified_ratio
from .search import BatchRule, Floats
from .witness import Witness

#: Evaluations of these cost about as much as that many of a rule that only compares distances.
COSTS = {
    "bulyan": 20.0,
    "mda": 300.0,
    "smea": 300.0,
    "caf": 60.0,
    "geometric-median": 60.0,
    "huber": 60.0,
    "correntropy": 60.0,
}
#: Iterative rules need not converge while candidates are only compared.
COARSE = {"tolerance": 1e-3, "max_iterations": 25}
#: Subsets that an exact rule may compare.
SUBSETS = 2000


@dataclass(frozen=True)
class Subject:
    """A rule with n and f settled.

    Attributes
    ----------
    name : str
        As on the command line.
    n, f : int
        Numbers of messages and of Byzantine ones.
    weights : tuple of Fraction or None
        On the sorted values of each coordinate, if the rule is such a sum.
    coordinate_wise : bool
        Whether coordinates do not interact.
    batch : callable
        (batch, n, D) to (batch, D), in double precision, for the search.
    precise : callable
        The same, to the rule's own tolerance.
    exact : callable or None
        The same in rational arithmetic.
    certified : callable or None
        For a rule without rational values: a ratio that a witness is certain to reach.
    cost : float
        Of an evaluation, relative to a rule that only compares distances.
    scalable : bool
        Whether the rule commutes with scaling, so that a witness may be scaled to whole numbers.
    symmetric : bool
        Whether the order of the messages does not matter.
    """

    name: str
    n: int
    f: int
    weights: tuple[Fraction, ...] | None
    coordinate_wise: bool
    batch: BatchRule
    precise: BatchRule
    exact: ExactRule | None
    certified: Callable[[Witness, Norm], Fraction] | None = None
    cost: float = 1.0
    scalable: bool = True
    symmetric: bool = True


def subject(name: str, n: int, f: int) -> Subject:
    """Look a rule up.

    Parameters
    ----------
    name : str
        ``"cwtm"``, ``"nnm+cwtm"``, ..., or a misuse: ``"cwtm:trim=1"`` leaves out 1 value on either side whatever f is,
        ``"krum:neighbours=2"`` scores with the 2 nearest messages, itself among them, and ``"huber:threshold=1"``,
        ``"centered-clipping:radius=1"`` and ``"correntropy:width=1"`` have a fixed scale.
    n, f : int
        Numbers of messages and of Byzantine ones.

    Returns
    -------
    Subject

    Raises
    ------
    ValueError
        For an unknown rule or misuse, n <= 2f, or too few messages for the rule.
    """
    if f < 0 or n <= 2 * f:
        raise ValueError(f"worst case of {name} needs n > 2f >= 0 messages, got n={n}, f={f}")
    if ":" in name:
        return _misused(name, n, f)
    rule = rule_from_name(name, f=f)
    name = canonical(name, f)
    _try(rule, n, f)
    weights = rule.weights(n, f)
    last = name.split("+")[-1]
    return Subject(
        name=name,
        n=n,
        f=f,
        weights=weights,
        coordinate_wise=rule.coordinate_wise,
        batch=partial(_call, _coarse(name, rule, f), f),
        precise=partial(_call, rule, f),
        exact=exact_rule(name, n, f) if weights is None else partial(weighted, weights=weights),
        certified=certified_ratio if name == "geometric-median" else None,
        cost=COSTS.get(last, 1.0),
        scalable=Invariance.SCALE in rule.invariances,
        symmetric=Invariance.PERMUTATION in rule.invariances,
    )


def _coarse(name: str, rule: Rule, f: int) -> Rule:
    """The same rule with fewer iterations, if it iterates."""
    try:
        return rule_from_name(name, f=f, **COARSE)
    except ValueError:
        return rule


def canonical(name: str, f: int) -> str:
    """The name under which the catalogue of rules has this one.

    Parameters
    ----------
    name : str
        Possibly a short form, in any case.
    f : int

    Returns
    -------
    str
    """
    *steps, last = [part.strip().lower() for part in name.split("+")]
    rule = rule_from_name(last, f=f)
    return "+".join([*steps, next((known for known, make in RULES.items() if make(f=f) == rule), last)])


def _call(rule: Rule, f: int, messages: Floats) -> Floats:
    try:
        result: Floats = rule(messages, f=f) if rule.needs_f else rule(messages)
    except np.linalg.LinAlgError:  # no convergence for one of them: that one gives no result
        if len(messages) == 1:
            return np.full((1, messages.shape[2]), np.nan)
        result = np.concatenate([_call(rule, f, one[None]) for one in messages])
    return result


def _try(rule: Rule, n: int, f: int) -> None:
    """Let the rule itself say what it cannot take."""
    _call(rule, f, np.zeros((1, n, 1)))


def exact_rule(name: str, n: int, f: int) -> ExactRule | None:
    """The exact implementation of a rule or composition, or None if there is none that ends in reasonable time."""
    *steps, last = name.split("+")
    if last in ("mda", "smea") and math.comb(n, f) > SUBSETS:
        return None
    rule = EXACT_RULES.get(last)
    for step in reversed(steps):
        if rule is None or step not in EXACT_STEPS:
            return None
        rule = compose(EXACT_STEPS[step], rule)
    return rule


#: What a misuse sets: the rule, and the field that has a value of its own in place of one that fits f or the messages.
MISUSES = {
    ("cwtm", "trim"): "a whole number",
    ("krum", "neighbours"): "a whole number",
    ("huber", "threshold"): "a number",
    ("centered-clipping", "radius"): "a number",
    ("correntropy", "width"): "a number",
}


def _misused(name: str, n: int, f: int) -> Subject:
    base, _, option = name.partition(":")
    key, _, text = option.partition("=")
    whole = MISUSES.get((base, key)) == "a whole number"
    if (base, key) not in MISUSES or not (text.isdigit() if whole else text.replace(".", "", 1).isdigit()):
        known = ", ".join(f"{rule}:{field}=K with K {kind}" for (rule, field), kind in MISUSES.items())
        raise ValueError(f"misused rule {name!r} is one of {known}")
    if base not in ("krum", "cwtm"):
        scaled = rule_from_name(base, f=f, **{key: float(text)})
        _try(scaled, n, f)
        call = partial(_call, scaled, f)
        return Subject(name, n, f, None, False, call, call, None, cost=COSTS.get(base, 1.0), scalable=False)
    value = int(text)
    if base == "krum":
        few = Krum(f=f, neighbours=value)
        _try(few, n, f)
        call = partial(_call, few, f)
        return Subject(name, n, f, None, False, call, call, partial(krum_nearest, neighbours=value))
    rule = TrimmedMean(f=value)
    _try(rule, n, value)
    call = partial(_call, rule, value)
    return Subject(name, n, f, rule.weights(n, value), True, call, call, partial(trimmed_mean, cut=value))

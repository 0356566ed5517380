"""The rule under attack: its array implementation, its exact one, and what is known of its structure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from ...simulate.aggregation import Rule, TrimmedMean
from ...simulate.aggregation.krum import Krum
from .exact_rules import EXACT_RULES, EXACT_STEPS, ExactRule, compose, krum_nearest, trimmed_mean, weighted
from .search import BatchRule, Floats

#: Deliberate misuses, after a colon: ``cwtm:trim=1``, ``krum:neighbours=2``.
MISUSES = ("trim", "neighbours")


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
        (batch, n, D) to (batch, D), in double precision.
    exact : callable or None
        The same in rational arithmetic.
    """

    name: str
    n: int
    f: int
    weights: tuple[Fraction, ...] | None
    coordinate_wise: bool
    batch: BatchRule
    exact: ExactRule | None


def subject(name: str, n: int, f: int) -> Subject:
    """Look a rule up.

    Parameters
    ----------
    name : str
        ``"cwtm"``, ``"nnm+cwtm"``, ..., or a misuse: ``"cwtm:trim=1"`` leaves out 1 value on either side whatever f is,
        ``"krum:neighbours=2"`` scores with the 2 nearest messages, itself among them.
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
    from ...simulate.aggregation import rule_from_name

    rule = rule_from_name(name, f=f)
    weights = rule.weights(n, f)
    exact = None if weights is None else partial(weighted, weights=weights)
    _try(rule, n, f)
    return Subject(name, n, f, weights, rule.coordinate_wise, partial(_call, rule, f), exact or exact_rule(name))


def _call(rule: Rule, f: int, messages: Floats) -> Floats:
    result: Floats = rule(messages, f=f) if rule.needs_f else rule(messages)
    return result


def _try(rule: Rule, n: int, f: int) -> None:
    """Let the rule itself say what it cannot take."""
    _call(rule, f, np.zeros((1, n, 1)))


def exact_rule(name: str) -> ExactRule | None:
    """The exact implementation of a rule or composition, or None if there is none."""
    *steps, last = name.split("+")
    rule = EXACT_RULES.get(last)
    for step in reversed(steps):
        if rule is None or step not in EXACT_STEPS:
            return None
        rule = compose(EXACT_STEPS[step], rule)
    return rule


def _misused(name: str, n: int, f: int) -> Subject:
    base, _, option = name.partition(":")
    key, _, text = option.partition("=")
    if (base, key) not in {("cwtm", "trim"), ("krum", "neighbours")} or not text.isdigit():
        raise ValueError(f"misused rule {name!r} is cwtm:trim=K or krum:neighbours=K with a whole number K")
    value = int(text)
    if base == "krum":
        few = Krum(f=f, neighbours=value)
        _try(few, n, f)
        return Subject(name, n, f, None, False, partial(_call, few, f), partial(krum_nearest, neighbours=value))
    rule = TrimmedMean(f=value)
    _try(rule, n, value)
    return Subject(
        name, n, f, rule.weights(n, value), True, partial(_call, rule, value), partial(trimmed_mean, cut=value)
    )

"""Brackets on robustness constants: a lower end that messages reach, an upper end with its source, and a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import sympy as sp

from ..verdict import Outcome
from .claims import Constant, proved, published
from .exact_lstat import Norm
from .exact_lstat import worst_case as lstat_worst_case
from .hunt import Settled, evaluate_again, hunt, runaway, settle
from .lstat_dimension import DimensionBracket, every_dimension, in_dimension
from .subjects import Subject, subject
from .unbounded import Growth, growth
from .witness import Witness


@dataclass(frozen=True)
class Bracket:
    """What is known about one constant of one rule.

    Attributes
    ----------
    rule : str
        Name of the rule.
    n, f : int
        Numbers of messages and of Byzantine ones.
    norm : {"mean", "max"}
        kappa or C_alpha^2.
    dim : int or None
        Dimension of the messages; None for all dimensions at once.
    lower : Fraction
        Reached by the witness.
    upper : sympy number or None
        None where no upper end is known or there is none; ``upper_source`` says which.
    upper_source : str
        Where the upper end comes from.
    published : sympy number or None
        The published constant.
    published_source : str
        Where it stands in the catalogue; empty without one.
    verdict : Outcome or None
        On the published constant; None without one, VACUOUS where its own condition fails.
    witness : Witness or None
        Messages that reach the lower end; None where no messages deviate.
    evaluation : str
        How the witness was evaluated again: "exact rational", "rational enclosure" or "double precision".
    growth : Growth or None
        For a rule without a constant, the family of which the witness is the first member.
    """

    rule: str
    n: int
    f: int
    norm: Norm
    dim: int | None
    lower: Fraction
    upper: sp.Expr | None
    upper_source: str
    published: sp.Expr | None
    published_source: str
    verdict: Outcome | None
    witness: Witness | None
    evaluation: str
    growth: Growth | None = None

    @property
    def unbounded(self) -> bool:
        """Whether the rule has no constant: the ratio grows along a family that starts at the witness."""
        return self.growth is not None

    @property
    def exact(self) -> bool:
        """Whether both ends agree."""
        return self.upper is not None and bool(sp.Eq(self.upper, _rational(self.lower)))

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON types; an upper end that is absent is null, a lower end without bound infinite."""
        return {
            "rule": self.rule,
            "n": self.n,
            "f": self.f,
            "norm": self.norm,
            "dim": self.dim,
            "lower": math.inf if self.unbounded else _number(_rational(self.lower)),
            "upper": _number(self.upper),
            "exact": self.exact,
            "upper_source": self.upper_source,
            "published": _number(self.published),
            "verdict": None if self.verdict is None else str(self.verdict),
            "witness": None if self.witness is None else self.witness.to_json(),
        }


def _rational(value: Fraction) -> sp.Rational:
    return sp.Rational(value.numerator, value.denominator)


def _number(value: sp.Expr | None) -> float | int | None:
    if value is None:
        return None
    return int(value) if value.is_Integer else float(value)


def judge(lower: Fraction, upper: sp.Expr | None, constant: Constant | None) -> Outcome | None:
    """Hold a published constant against a bracket.

    Parameters
    ----------
    lower : Fraction
        Reached by messages.
    upper : sympy number or None
        Proved or computed; an upper end that is itself only published must not be passed.
    constant : Constant or None
        What is published.

    Returns
    -------
    Outcome or None
        REFUTED where messages exceed it, HOLDS where the upper end does not, INCONCLUSIVE between, VACUOUS where it
        says nothing, None where nothing is published.
    """
    if constant is None:
        return None
    if constant.value is None:
        return Outcome.VACUOUS
    if bool(_rational(lower) > constant.value):
        return Outcome.REFUTED
    return Outcome.HOLDS if upper is not None and bool(upper <= constant.value) else Outcome.INCONCLUSIVE


def worst_case(
    rule: str, n: int, f: int, norm: Norm = "mean", dim: int | None = None, seed: int = 0, deep: bool = False
) -> Bracket:
    """Bracket the robustness constant of a rule.

    Parameters
    ----------
    rule : str
        Name of the rule, for example ``"cwtm"`` or ``"nnm+krum"``; see :func:`~.subjects.subject` for misuses.
    n, f : int
        Numbers of messages and of Byzantine ones, n > 2f.
    norm : {"mean", "max"}
        "mean": kappa, the squared deviation over the mean squared distance of the honest messages to their mean (LAD
        Definition 1). "max": C_alpha^2, over the largest (CRA Definition 1).
    dim : int or None
        Dimension of the messages; None for the worst over all dimensions.
    seed : int
        Of the search; the same seed gives the same bracket.
    deep : bool
        Search longer.

    Returns
    -------
    Bracket
        In dimension 1 where the published constant depends on the dimension, none is given, and dimension 1 refutes it.

    Notes
    -----
    A witness counts with the honest messages in front and with them behind, whichever deviates less: ties between
    messages, which the order decides, do not count. A rule that depends on the order, such as bucketing, is looked at
    in these two orders only.

    Raises
    ------
    ValueError
        For an unknown rule or norm, n <= 2f, dim < 1, or too few messages for the rule.
    """
    if norm not in ("mean", "max"):
        raise ValueError(f'worst case needs norm "mean" or "max", got {norm!r}')
    if dim is not None and dim < 1:
        raise ValueError(f"worst case needs a dimension dim >= 1, got dim={dim}")
    target = subject(rule, n, f)
    constant = published(rule, n, f, norm, dim)
    if target.weights is None:
        return _by_search(target, norm, dim, constant, seed, deep)
    if dim is None and published(rule, n, f, norm, 1) != constant:
        flat = lstatistic_bracket(target, norm, 1)
        if flat.verdict is Outcome.REFUTED:
            return flat
    return lstatistic_bracket(target, norm, dim)


def _by_search(
    target: Subject, norm: Norm, dim: int | None, constant: Constant | None, seed: int, deep: bool
) -> Bracket:
    gone = runaway(target, norm)
    if gone is not None:
        settled = settle(target, gone, norm)
        grows = None if settled.witness is None else growth(partial(evaluate_again, target), settled.witness, norm)
        if grows is not None:
            ends = settled.lower, None, grows.describe()
            return _bracket(target, norm, dim, *ends, constant, settled.witness, settled.evaluation, grows)
    bound = proved(target.name, target.n, target.f, norm, dim)
    goal = None if bound is None else float(sp.N(bound.value))
    best = Settled(Fraction(0), None, "exact rational")
    for found in hunt(target, norm, dim, seed, deep, goal):
        settled = settle(target, found, norm)
        if settled.lower > best.lower:
            best = settled
    upper, source = (None, "none known") if bound is None else (bound.value, bound.source)
    return _bracket(target, norm, dim, best.lower, upper, source, constant, best.witness, best.evaluation)


def lstatistic_bracket(target: Subject, norm: Norm, dim: int | None) -> Bracket:
    """Bracket of a monotone L-statistic in exactly this dimension, or over all of them.

    Parameters
    ----------
    target : Subject
        A rule with weights.
    norm : {"mean", "max"}
    dim : int or None

    Returns
    -------
    Bracket

    Raises
    ------
    ValueError
        If the rule is no L-statistic.
    """
    if target.weights is None:
        raise ValueError(f"{target.name} is no weighted sum of sorted values")
    constant = published(target.name, target.n, target.f, norm, dim)
    found = _lstat(target.weights, target.f, norm, dim)
    witness = Witness(found.honest, found.byzantine).whole() if found.lower else None
    grows = None
    if found.upper is None and witness is not None:
        grows = growth(partial(evaluate_again, target), witness, norm)
    if found.upper is None:
        upper, source = None, "exact computation: no finite constant" if grows is None else grows.describe()
    else:
        upper = _rational(found.upper)
        source = (
            "exact computation" if found.upper == found.lower else "proof (kappa, and dimension times one dimension)"
        )
    return _bracket(target, norm, dim, found.lower, upper, source, constant, witness, "exact rational", grows)


def _lstat(weights: tuple[Fraction, ...], f: int, norm: Norm, dim: int | None) -> DimensionBracket:
    if norm == "max":
        return every_dimension(weights, f) if dim is None else in_dimension(weights, f, dim)
    worst = lstat_worst_case(weights, f, "mean")
    lines = tuple((z,) for z in worst.honest), tuple((z,) for z in worst.byzantine)
    return DimensionBracket(worst.ratio, worst.value, *lines)


def _bracket(
    target: Subject,
    norm: Norm,
    dim: int | None,
    lower: Fraction,
    upper: sp.Expr | None,
    source: str,
    constant: Constant | None,
    witness: Witness | None,
    evaluation: str,
    grows: Growth | None = None,
) -> Bracket:
    return Bracket(
        rule=target.name,
        n=target.n,
        f=target.f,
        norm=norm,
        dim=dim,
        lower=lower,
        upper=upper,
        upper_source=source,
        published=None if constant is None else constant.value,
        published_source="" if constant is None else constant.source,
        verdict=judge(lower, upper, constant),
        witness=witness,
        evaluation=evaluation,
        growth=grows,
    )

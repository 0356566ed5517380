"""kappa of Krum, for each of the three scores in the literature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp

from ..inequalities import PSD, Algebra
from ..proof import Chain, Derivation, Shift
from ..squares import Gram
from ..statement import Hypothesis, Kind, Relation, Role, Source, Statement
from ..symbols import H, N
from .parts import ALLOUAH, CORE, MAJORITY, MEANINGS, OWN, deviation, q, variance
from .selection import SOME

_f = sp.Symbol("f", integer=True, positive=True)
_t = sp.Symbol("t", integer=True, nonnegative=True)
_u2 = sp.Symbol("u2", nonnegative=True)
_a2 = sp.Symbol("a2", nonnegative=True)
_inside = sp.Symbol("P", nonnegative=True)
_outside = sp.Symbol("R", nonnegative=True)
_byzantine = N - H

_MEANINGS = {
    **MEANINGS,
    _u2: r"\|x - \bar z_A\|^2",
    _a2: r"\|\bar z_A - \bar z\|^2",
    _inside: r"\sum_{i \in A} \|z_i - \bar z\|^2",
    _outside: r"\sum_{i \notin A} \|z_i - \bar z\|^2",
}
_GRAM = Gram(("u", "a"), {("u", "u"): _u2, ("a", "a"): _a2})
_SPLIT = (
    "x - mean = (x - mean of A) + (mean of A - mean), A being {count} honest ones among the messages in the score of x"
)
_SCORE = (
    "the score of x is least: at most that of the average honest message {where} A, which is at most its squared "
    "distances to all honest messages"
)


@dataclass(frozen=True)
class _Score:
    """Which messages a score counts, the message itself among them.

    Attributes
    ----------
    name : str
        End of the keys.
    fewer : int
        How many fewer than N - f.
    title : str
    """

    name: str
    fewer: int
    title: str

    @property
    def core(self) -> sp.Expr:
        """Honest messages that are sure to be in the score of any message."""
        return CORE - self.fewer

    @property
    def shift(self) -> Shift:
        """N = H + f and a core of 1 + t, with at least one Byzantine device."""
        return {N: H + _f, H: _f + self.fewer + 1 + _t}


_ALL = _Score("krum", 0, "Krum (the N - f nearest with itself)")
_BLANCHARD = _Score("krum_blanchard", 1, "Krum (the N - f - 2 nearest others)")
_INCLUSIVE = _Score("krum_inclusive", 2, "Krum (the N - f - 2 nearest with itself)")


def _start(key: str, title: str, theta: sp.Expr, score: _Score) -> Chain:
    """x is split at the mean of A, with Young's parameter theta."""
    chain = Chain(key, deviation / variance, title)
    chain.define({deviation: _GRAM.norm({"u": 1, "a": 1})}, _SPLIT.format(count=sp.sstr(score.core)))
    young = ((1 + theta) * _a2 + (1 + 1 / theta) * _u2) / variance
    return chain.at_most(young, PSD(_GRAM, score.shift, "Young"))


def _from_outside(score: _Score) -> Derivation:
    """Compared with the honest messages outside A: sharp for many Byzantine devices."""
    key, core = f"robustness.kappa.{score.name}_third", score.core
    others = H - core
    chain = _start(key, f"{score.title}, compared with honest messages outside A", H / others, score)
    least = (_outside + core * _a2 + H * _outside / others) / core
    chain.bound({_u2: least}, _SCORE.format(where="outside"), score.shift)
    chain.bound({_a2: _inside / core}, "Jensen on A", score.shift)
    chain.define({_inside: H * variance - _outside}, "the honest squares sum to H V_z")
    chain.simplify((H + others) ** 2 / (others * core))
    return chain.derivation(meanings=_MEANINGS, lemmas=() if score.fewer else (_approached(),))


def _approached() -> Derivation:
    """f honest messages at 0, N - 2f at 1, the Byzantine ones at 2: their scores tie with those at 0."""
    spread = (CORE / H) * (1 - CORE / H)
    chain = Chain("robustness.kappa.krum_third.approached", (2 - CORE / H) ** 2 / spread, "three places on a line")
    chain.simplify(N**2 / (_byzantine * CORE), note="for N <= 3f the N - 2f messages at 1 have no smaller score")
    return chain.derivation()


def _from_inside(score: _Score) -> Derivation:
    """Compared with the honest messages in A."""
    core = score.core
    others = H - core
    root = sp.sqrt(others * core)
    key = f"robustness.kappa.{score.name}"
    chain = _start(key, f"{score.title}, compared with honest messages in A", H / root, score)
    least = (_outside + core * _a2 + H * _inside / core) / core
    chain.bound({_u2: least}, _SCORE.format(where="in"), score.shift)
    share = others / (H + root)
    mixed = share * _inside / core + (1 - share) * others * _outside / core**2
    reason = "Jensen on A, and on the honest messages outside, whose sum is opposite"
    chain.bound({_a2: mixed}, reason, score.shift)
    chain.define({_inside: H * variance - _outside}, "the honest squares sum to H V_z")
    chain.equals(((H + root) / core) ** 2, Algebra(shift=score.shift))
    return chain.derivation(meanings=_MEANINGS)


_MANY = Hypothesis("at least a third Byzantine: N <= 3f", sp.Le(N, 3 * (N - H)), Role.CONDITION)

_PUBLISHED = (
    Statement(
        key="robustness.kappa.krum",
        title="kappa of Krum (the N - f nearest with itself)",
        source=ALLOUAH,
        kind=Kind.CONSTANT,
        relation=Relation.UPPER,
        lhs=r"\kappa",
        printed=6 * (1 + q),
        derivation=lambda: _from_inside(_ALL),
        hypotheses=(MAJORITY, SOME),
        uses=("lad.definition1",),
        text="Below the published 6(1 + q) up to a third of Byzantine devices; at least (N/(N - 2f))^2 is reached.",
    ),
    Statement(
        key="robustness.kappa.krum_third",
        title="kappa of Krum with a third or more of Byzantine devices",
        source=ALLOUAH,
        kind=Kind.CONSTANT,
        relation=Relation.TIGHT_UPPER,
        lhs=r"\kappa",
        printed=6 * (1 + q),
        derivation=lambda: _from_outside(_ALL),
        hypotheses=(MAJORITY, SOME, _MANY),
        uses=("lad.definition1",),
        text="N^2/(f(N - 2f)), approached with three places on a line. The bound holds for every f, but is sharp only "
        "where the N - 2f messages in the middle do not have the least score.",
    ),
)


def _others(score: _Score, least: int) -> Iterator[Statement]:
    """The same two comparisons for a score that counts fewer messages."""
    enough = Hypothesis(f"enough messages for the score: N >= 2f + {least}", sp.Ge(2 * H - N, least))
    for suffix, build, text in (
        ("", _from_inside, "The smaller one for few Byzantine devices."),
        ("_third", _from_outside, "The smaller one for many Byzantine devices."),
    ):
        yield Statement(
            key=f"robustness.kappa.{score.name}{suffix}",
            title=f"kappa of {score.title}, compared {'outside' if suffix else 'inside'} its core",
            source=Source(OWN, "upper bounds"),
            kind=Kind.CONSTANT,
            relation=Relation.UPPER,
            lhs=r"\kappa",
            derivation=lambda build=build: build(score),  # type: ignore[misc]
            hypotheses=(MAJORITY, SOME, enough),
            uses=("robustness.kappa.krum",),
            text=f"As for the N - f nearest, with {score.fewer} fewer honest messages sure to count. {text}",
        )


STATEMENTS = (*_PUBLISHED, *_others(_BLANCHARD, 3), *_others(_INCLUSIVE, 3))

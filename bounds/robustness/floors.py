"""What no rule can beat, and how the constants of the two papers are related."""

from __future__ import annotations

import sympy as sp

from ..proof import Chain, Derivation
from ..statement import Hypothesis, Kind, Relation, Role, Source, Statement
from ..symbols import H, N, alpha, kappa
from .parts import FLOOR, MAJORITY, MEANINGS, MINORITY, OWN, deviation, largest, variance

_TWO_READINGS = (
    "N - f messages agree and f others agree elsewhere: the majority value must be returned, as the f may be "
    "Byzantine; "
    "but f of the majority may be Byzantine instead, and then that value is off by f/H of the distance"
)
#: The constant C_alpha^2 itself.
_C2 = sp.Symbol("C2", nonnegative=True)
_share = (N - H) / H


def _kappa_floor() -> Derivation:
    chain = Chain("robustness.kappa.lower_bound", kappa, "No rule has kappa below f/(N - 2f)")
    chain.bound({kappa: _share**2 / (_share * (1 - _share))}, _TWO_READINGS, relation=">=")
    chain.simplify(FLOOR, note="squared deviation (f/H)^2 over variance (f/H)(1 - f/H)")
    return chain.derivation()


def _c_alpha_floor() -> Derivation:
    chain = Chain("robustness.c_alpha.lower_bound", _C2, "No rule has C_alpha below f/(N - 2f)")
    chain.bound({_C2: _share**2 / (1 - _share) ** 2}, _TWO_READINGS, relation=">=")
    chain.define({H: N - alpha * N}, "H = N - alpha N")
    chain.simplify((alpha / (1 - 2 * alpha)) ** 2, note="the f messages are the farthest if f <= N - 2f")
    return chain.derivation(meanings={_C2: r"C_\alpha^2"})


def _c_alpha_floor_third() -> Derivation:
    chain = Chain("robustness.c_alpha.lower_bound_third", _C2, "With a third or more Byzantine, C_alpha is at least 1")
    chain.bound({_C2: _share**2 / _share**2}, _TWO_READINGS, relation=">=")
    chain.simplify(sp.Integer(1), note="the N - 2f messages are the farthest if f >= N - 2f")
    return chain.derivation(meanings={_C2: r"C_\alpha^2"})


def _c_alpha_below_kappa() -> Derivation:
    chain = Chain("robustness.c_alpha.below_kappa", deviation / largest, "C_alpha^2 is at most kappa")
    chain.bound({deviation: kappa * variance}, "lad.definition1")
    chain.bound({variance: largest}, "a mean is at most the largest term")
    chain.simplify(kappa)
    return chain.derivation(uses=("lad.definition1",), meanings=MEANINGS)


def _c_alpha_of_coordinates() -> Derivation:
    chain = Chain("robustness.c_alpha.coordinate_wise", _C2, "C_alpha^2 reaches kappa over all dimensions")
    reason = (
        "H coordinates hold the same honest values, each shifted by one device: every message then has squared length "
        "H V_z, and the squared deviations of the coordinates add up"
    )
    chain.bound({_C2: H * deviation / (H * variance)}, reason, relation=">=")
    chain.simplify(deviation / variance)
    chain.bound(
        {deviation: kappa * variance}, "values of one coordinate that attain (or approach) kappa", relation=">="
    )
    chain.simplify(kappa)
    return chain.derivation(meanings={**MEANINGS, _C2: r"C_\alpha^2"})


_OWN = Source(OWN, "lower bounds")
THIRD = Hypothesis("at most a third Byzantine", sp.Le(alpha, sp.Rational(1, 3)), Role.CONDITION)
ABOVE_THIRD = Hypothesis("at least a third Byzantine", sp.Ge(alpha, sp.Rational(1, 3)), Role.CONDITION)

STATEMENTS = (
    Statement(
        key="robustness.kappa.lower_bound",
        title="No rule has kappa below f/(N - 2f)",
        source=_OWN,
        kind=Kind.CONSTANT,
        relation=Relation.TIGHT_LOWER,
        lhs=r"\kappa",
        derivation=_kappa_floor,
        hypotheses=(MAJORITY,),
        uses=("lad.definition1",),
        text="Two readings of the same messages; the trimmed mean attains it.",
    ),
    Statement(
        key="robustness.c_alpha.lower_bound",
        title="No rule has C_alpha below f/(N - 2f)",
        source=_OWN,
        kind=Kind.CONSTANT,
        relation=Relation.LOWER,
        lhs=r"C_\alpha^2",
        derivation=_c_alpha_floor,
        hypotheses=(MINORITY, THIRD),
        uses=("cra.definition1",),
        text="Two readings of the same messages, up to a third of Byzantine devices.",
    ),
    Statement(
        key="robustness.c_alpha.lower_bound_third",
        title="From a third of Byzantine devices on, C_alpha is at least 1",
        source=_OWN,
        kind=Kind.CONSTANT,
        relation=Relation.LOWER,
        lhs=r"C_\alpha^2",
        derivation=_c_alpha_floor_third,
        hypotheses=(MINORITY, ABOVE_THIRD),
        uses=("cra.definition1",),
        text="Two readings of the same messages, from a third of Byzantine devices on.",
    ),
    Statement(
        key="robustness.c_alpha.below_kappa",
        title="C_alpha^2 is at most kappa",
        source=_OWN,
        kind=Kind.CONSTANT,
        relation=Relation.UPPER,
        lhs=r"C_\alpha^2",
        derivation=_c_alpha_below_kappa,
        uses=("lad.definition1", "cra.definition1"),
        text="Every kappa-robust rule is a robust bounded aggregation rule with C_alpha^2 = kappa.",
    ),
    Statement(
        key="robustness.c_alpha.coordinate_wise",
        title="Over all dimensions, C_alpha^2 of a symmetric coordinate-wise rule is kappa",
        source=_OWN,
        kind=Kind.CONSTANT,
        relation=Relation.TIGHT_LOWER,
        lhs=r"C_\alpha^2",
        derivation=_c_alpha_of_coordinates,
        uses=("robustness.c_alpha.below_kappa",),
        text="The same values rotated over H coordinates make all honest messages equally long: nothing is gained by "
        "measuring the largest deviation. With one coordinate the constant is smaller.",
    ),
)

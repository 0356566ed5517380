"""kappa of rules that filter and average: CAF, Bulyan."""

from __future__ import annotations

import sympy as sp

from ..inequalities import Algebra
from ..proof import Chain, Derivation
from ..statement import Hypothesis, Kind, Relation, Role, Source, Statement
from ..symbols import H, N
from .parts import CORE, MAJORITY, OWN, Part, by_triangle
from .selection import SHIFT, SOME

_byzantine = N - H
_f = sp.Symbol("f", integer=True, positive=True)
_t = sp.Symbol("t", integer=True, nonnegative=True)

_honest_mass = sp.Symbol("W_H", positive=True)
_byzantine_mass = sp.Symbol("W_B", positive=True)
_gap = sp.Symbol("g", positive=True)
_honest_spread = sp.Symbol("A", nonnegative=True)
_byzantine_spread = sp.Symbol("C", nonnegative=True)
_between = sp.Symbol("d2", nonnegative=True)
_MASSES = {
    _honest_mass: r"\sum_{i \in \mathcal H} w_i",
    _byzantine_mass: r"\sum_{i \notin \mathcal H} w_i",
    _honest_spread: r"\sum_{i \in \mathcal H} w_i \langle v, z_i - \bar z_w\rangle^2",
    _byzantine_spread: r"\sum_{i \notin \mathcal H} w_i \langle v, b_i - \bar b_w\rangle^2",
    _between: r"\langle v, \bar z_w - \bar b_w\rangle^2",
}


def _turning_point() -> Derivation:
    """The leading eigenvalue, times the mass, when the honest messages lose no less weight than the Byzantine ones."""
    mass = _honest_mass + _byzantine_mass
    shift = {_honest_mass: _byzantine_mass + _gap}
    spread = _honest_spread + _byzantine_spread + _honest_mass * _byzantine_mass / mass * _between
    chain = Chain("robustness.kappa.caf.turning_point", spread, "CAF: the leading eigenvalue when it turns")
    lost = _honest_mass * _byzantine_mass * (_honest_mass - _byzantine_mass) / mass**2
    reason = "the honest messages lose no less weight: A + W_H (W_B/W)^2 d2 >= C + W_B (W_H/W)^2 d2"
    chain.bound({_byzantine_spread: _honest_spread - lost * _between}, reason, shift)
    chain.simplify(2 * _honest_spread + 2 * _honest_mass * _byzantine_mass**2 / mass**2 * _between)
    reason = "the same, as C is not negative"
    far = _honest_spread * mass**2 / (_honest_mass * _byzantine_mass * (_honest_mass - _byzantine_mass))
    chain.bound({_between: far}, reason, shift)
    chain.equals(2 * _honest_spread * _honest_mass / (_honest_mass - _byzantine_mass), Algebra(shift=shift))
    return chain.derivation(meanings=_MASSES)


_TURN = (
    "At the first weights at which the honest messages lose no less than the Byzantine ones, W_H >= N - 2f + W_B; "
    "there are such weights, as otherwise less than 2f would be lost in all and the filter would go on. There "
    "lambda W <= 2 A W_H/(W_H - W_B) (robustness.kappa.caf.turning_point) and A <= H lambda_H, so "
    "lambda <= 2 H lambda_H/(N - 2f), and the weights that are returned have no larger lambda. "
)


def _caf() -> Derivation:
    parts = (
        Part(
            2 * sp.sqrt(H / CORE),
            r"\|\bar x_s - \bar x_t\|^2",
            "weights only fall, from at most N to more than N - 2f: between variance at most lambda at the turn",
        ),
        Part(
            sp.sqrt(2),
            r"\|\bar x_t - \bar z_{w}\|^2",
            "between variance: lambda W_B/W_H <= 2H W_B lambda_H/((W_H + W_B)(W_H - W_B)) <= 2f lambda_H/(N - 2f)",
        ),
        Part(sp.Integer(1), r"\|\bar z_w - \bar z\|^2", "the honest weights have lost at most f of H in all"),
    )
    title = "CAF: kappa is at most f/(N - 2f) (1 + sqrt(2) + 2 sqrt(H/(N - 2f)))^2"
    split = _TURN + "The mean that is returned, that at the turn, that of the honest weights there, and the honest mean"
    share = _byzantine / CORE
    return by_triangle("robustness.kappa.caf", title, split, share, parts, SHIFT, (_turning_point(),))


def _caf_third() -> Derivation:
    shift = {N: H + _f, H: 2 * _f + 1 + _t}
    share = 2 * _byzantine / (3 * H - 2 * N)
    parts = (
        Part(
            sp.sqrt(H / CORE),
            r"\|\bar x_s - \bar z_w\|^2",
            "between variance, with at most f of weight Byzantine and more than N - 3f honest",
        ),
        Part(sp.Integer(1), r"\|\bar z_w - \bar z\|^2", "the honest weights have lost at most 2f of H in all"),
    )
    title = "CAF, less than a third Byzantine: kappa is at most 2f/(N - 3f) (1 + sqrt(H/(N - 2f)))^2"
    split = _TURN + "The mean that is returned, that of its honest weights, and the honest mean"
    key = "robustness.kappa.caf_third"
    return by_triangle(key, title, split, share, parts, shift, (_turning_point(),))


#: Values that Bulyan averages.
_AVERAGED = 4 * H - 3 * N


def _bulyan() -> Derivation:
    shift = {N: H + _f, H: 3 * _f + 1 + _t}
    parts = (
        Part(
            sp.Integer(2),
            r"\Big(\tfrac1C \sum_{i \in K} (z_i - \bar z)\Big)^2,\ C = N - 4f",
            "Cauchy-Schwarz: at least N - 5f and at most N - 4f honest values are averaged",
        ),
        Part(
            2 * sp.sqrt(_byzantine * (3 * N - 2 * H) / _AVERAGED**2),
            r"(2 f (c - \bar z)/C)^2,\ c \text{ the median of those chosen}",
            "c lies between means of (N - 4f)/2 honest values, each within (N + 2f)/(N - 4f) V_z of the honest mean",
        ),
        Part(
            sp.sqrt(H / (2 * _AVERAGED)),
            r"\Big(\tfrac{k}{(f + k) C} \sum_{i \in E} |z_i - \bar z|\Big)^2",
            "Cauchy-Schwarz over the f + k honest values of E, k <= f",
        ),
    )
    split = (
        "per coordinate, of the N - 2f chosen values the N - 4f nearest to their median c are averaged: k <= f "
        "Byzantine ones, none farther from c than any of the at least f + k honest chosen ones E that are left out"
    )
    title = "Bulyan: kappa is at most f/(N - 4f) (2 + 2 sqrt(f (N + 2f))/(N - 4f) + sqrt(H/(2 (N - 4f))))^2"
    return by_triangle("robustness.kappa.bulyan", title, split, _byzantine / _AVERAGED, parts, shift)


_OWN = Source(OWN, "upper bounds")
_FEW = Hypothesis("less than a third Byzantine: N > 3f", sp.Gt(N, 3 * (N - H)), Role.CONDITION)
_ENOUGH = Hypothesis("Bulyan's own N >= 4f + 3", sp.Ge(N, 4 * (N - H) + 3))

STATEMENTS = (
    Statement(
        key="robustness.kappa.caf",
        title="kappa of CAF, the covariance-bound agnostic filter",
        source=_OWN,
        kind=Kind.CONSTANT,
        relation=Relation.UPPER,
        lhs=r"\kappa",
        derivation=_caf,
        hypotheses=(MAJORITY, SOME),
        uses=("lad.definition1",),
        text="Of the order of f/N; also with the largest eigenvalue of the honest covariance in place of its trace.",
    ),
    Statement(
        key="robustness.kappa.caf_third",
        title="kappa of CAF with less than a third of Byzantine devices",
        source=_OWN,
        kind=Kind.CONSTANT,
        relation=Relation.UPPER,
        lhs=r"\kappa",
        derivation=_caf_third,
        hypotheses=(MAJORITY, SOME, _FEW),
        uses=("robustness.kappa.caf",),
        text="Smaller than the general one for few Byzantine devices: about 8f/N.",
    ),
    Statement(
        key="robustness.kappa.bulyan",
        title="kappa of Bulyan",
        source=_OWN,
        kind=Kind.CONSTANT,
        relation=Relation.UPPER,
        lhs=r"\kappa",
        derivation=_bulyan,
        hypotheses=(MAJORITY, SOME, _ENOUGH),
        uses=("robustness.kappa.meamed_odd",),
        text="Whichever messages the first round chooses: the proof uses that all but f of them are honest.",
    ),
)

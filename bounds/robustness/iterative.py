"""kappa of rules that iterate from the medoid with the scale of the messages: Huber, centred clipping, correntropy."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from ..inequalities import Algebra
from ..proof import Chain, Derivation
from ..statement import Hypothesis, Kind, Relation, Role, Source, Statement
from ..symbols import H, N
from .parts import CORE, MAJORITY, OWN, Part, by_triangle
from .selection import SHIFT, SOME

_byzantine = N - H
#: Mean distance of the honest messages to the medoid, and the median distance to it, over the square root of V_z.
_REACH = sp.sqrt(2) * H / CORE
_SCALE = 2 * H / CORE * _REACH
_mean_distance = sp.Symbol("D_1", nonnegative=True)
_pair_distance = sp.Symbol("G_1", nonnegative=True)
_median_distance = sp.Symbol("T", nonnegative=True)
_spread = sp.Symbol("s_z", positive=True)
_MEANINGS = {
    _mean_distance: r"\frac1H\sum_i \|x^0 - z_i\|,\ x^0 \text{ the medoid}",
    _pair_distance: r"\frac1{H^2}\sum_{i,j} \|z_i - z_j\|",
    _median_distance: r"\text{median of the distances of all messages to } x^0",
    _spread: r"\sqrt{V_z}",
}


def _scale() -> Derivation:
    """The median of the distances to the medoid."""
    chain = Chain("robustness.kappa.huber.scale", _median_distance, "how large the scale of the messages can be")
    reason = "at least N/2 messages are as far from the medoid, so at least N/2 - f honest ones"
    chain.bound({_median_distance: 2 * H / CORE * _mean_distance}, reason, SHIFT)
    reason = (
        "the medoid has the least sum of distances: compared with the average honest message, whose distances to the "
        "Byzantine ones are larger by no more than its own distance to the medoid"
    )
    chain.bound({_mean_distance: H / CORE * _pair_distance}, reason, SHIFT)
    chain.bound({_pair_distance: sp.sqrt(2) * _spread}, "Jensen; the mean squared distance of pairs is 2 V_z", SHIFT)
    chain.equals(_SCALE * _spread, Algebra(shift=SHIFT))
    return chain.derivation(meanings=_MEANINGS)


_CONVEX = (
    "the loss is convex and has slope at most T, so that it is at least T ||x - mean|| - T^2/2 for the average honest "
    "message, and the f Byzantine ones pull by no more than T each; "
)


def _huber() -> Derivation:
    parts = (
        Part(sp.Integer(1), r"\Big(\frac1H\sum_i \|z_i - \bar z\|\Big)^2 H^2/(N - 2f)^2", "Jensen"),
        Part(_SCALE / 2, r"T^2 H^2/(4 (N - 2f)^2)", "half the scale, robustness.kappa.huber.scale"),
    )
    split = _CONVEX + "the loss of x is at most that of the honest mean"
    title = "Huber with the messages' own scale: kappa is at most (H/(N - 2f))^2 (1 + sqrt(2) (H/(N - 2f))^2)^2"
    return by_triangle("robustness.kappa.huber", title, split, (H / CORE) ** 2, parts, SHIFT, (_scale(),))


def _clipping() -> Derivation:
    parts = (
        Part(_REACH * N / CORE, r"D_1^2 N^2/(N - 2f)^2", "mean distance to the medoid, robustness.kappa.huber.scale"),
        Part(_SCALE * H / (2 * CORE), r"T^2 H^2/(4 (N - 2f)^2)", "half the scale, robustness.kappa.huber.scale"),
    )
    split = _CONVEX + "each step is one of gradient descent with the inverse of the smoothness, so the loss of x is at "
    title = "Centred clipping from the medoid with the messages' own scale, after any number of steps"
    one = sp.Integer(1)
    return by_triangle(
        "robustness.kappa.centered_clipping", title, split + "most that of the medoid", one, parts, SHIFT, (_scale(),)
    )


_f = sp.Symbol("f", integer=True, positive=True)
#: Weight of the honest messages, at least.
_SHARE = 3 * N / 10 - _byzantine


def _correntropy() -> Derivation:
    shift = {N: H + _f, H: sp.Rational(7, 3) * _f + sp.Symbol("t", positive=True)}
    kept = sp.sqrt(H / _SHARE)
    reason = (
        "the weights of the honest messages sum to at least 3N/10 - f: no step lowers the sum of all weights, which at "
        "the medoid is more than N/2 times exp(-1/2) > 3/5, and the Byzantine ones weigh at most f"
    )
    parts = (
        Part(kept, r"\|\bar z_w - \bar z\|^2,\ \bar z_w \text{ the weighted honest mean}", "Jensen; " + reason),
        Part(
            kept * sp.sqrt(sp.Rational(3, 4)) * _SCALE,
            r"\|x - \bar z_w\|^2",
            "Jensen, as r^2 exp(-r^2/(2 T^2)) is at most 2 T^2/e < 3 T^2/4; the scale by robustness.kappa.huber.scale",
        ),
    )
    title = "Correntropy with the messages' own scale, less than 3/10 Byzantine"
    split = "x - mean = (x - weighted honest mean) + (weighted honest mean - mean)"
    key = "robustness.kappa.correntropy"
    return by_triangle(key, title, split, sp.Integer(1), parts, shift, (_scale(),))


_OWN = Source(OWN, "upper bounds")
_FEW = Hypothesis("less than three tenths Byzantine: 10f < 3N", sp.Lt(10 * (N - H), 3 * N), Role.CONDITION)


def _statement(name: str, title: str, build: Callable[[], Derivation], text: str, *more: Hypothesis) -> Statement:
    return Statement(
        key=f"robustness.kappa.{name}",
        title=f"kappa of {title}",
        source=_OWN,
        kind=Kind.CONSTANT,
        relation=Relation.UPPER,
        lhs=r"\kappa",
        derivation=build,
        hypotheses=(MAJORITY, SOME, *more),
        uses=("lad.definition1",),
        text=text,
    )


STATEMENTS = (
    _statement(
        "huber",
        "the Huber point whose threshold is the median distance to the medoid",
        _huber,
        "A fixed threshold has no finite kappa: the messages' own scale is what makes the rule robust.",
    ),
    _statement(
        "centered_clipping",
        "centred clipping from the medoid whose radius is the median distance to it",
        _clipping,
        "After any number of steps. With a fixed radius there is no finite kappa.",
    ),
    _statement(
        "correntropy",
        "maximum correntropy whose width is the median distance to the medoid",
        _correntropy,
        "For less than three tenths of Byzantine devices. With a fixed width there is no finite kappa.",
        _FEW,
    ),
)

"""What the CRA paper says in words, as propositions that a machine decides."""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..claims import Always, Claim, HoldsAt, Monotone, SameOrder
from ..proof import Chain, Derivation
from ..statement import Kind, Relation, Source, Statement
from ..symbols import C_alpha, L, M, N, Q, alpha, beta, d_min, gamma0, r
from .descent import RHO3_FORMULA
from .lemma1 import LEMMA1, REMARK1
from .notation import LOAD, PAIRWISE, phi1, phi2, rho1_, rho2_, source
from .table1 import STATEMENTS as TABLE1
from .theorem1 import REMARK2
from .theorem2 import REMARK3, weight


def _printed(statement: Statement) -> sp.Expr:
    assert isinstance(statement.printed, sp.Expr)
    return statement.printed


#: Slack variables: M = r + others; sqrt(2) C_alpha below M / (2 (M - r)); gamma0 below its limit; d_min below N r / M.
others, robust, slow, uneven = sp.symbols("others robust slow uneven", positive=True)
#: sqrt(2) C_alpha; the part of N rho_2 that does not depend on r; a root.
scaled = sp.Symbol("scaled_C", nonnegative=True)
noise_rate = sp.Symbol("noise_rate", nonnegative=True)
root = sp.Symbol("root", positive=True)

_LOADED = {M: r + others}
_ROBUST = {**_LOADED, scaled: (r + others) / (2 * others * (1 + robust))}
_floor1 = _printed(REMARK2).subs(C_alpha, scaled / sp.sqrt(2))
_variance = (phi1 - phi2) * 2 * L / ((1 - alpha) ** 2 * N**2) + phi2 * L / ((1 - alpha) ** 2 * N)
_curvature = 4 * L * scaled**2 / N * (1 - r / M) ** 2
_floor2 = scaled * beta**2 * M**2 * (1 - r / M) / (1 - 2 * scaled * (1 - r / M) - gamma0 * (noise_rate + _curvature))
_SLOW = {**_ROBUST, gamma0: robust / ((1 + robust) * (1 + slow) * (noise_rate + _curvature))}

#: The sizes of the experiments.
_SIZES = {N: sp.Integer(100), M: sp.Integer(1000), r: sp.Integer(40), Q: sp.Integer(100)}


def _median_ratio(honest: tuple[int, ...], byzantine: tuple[int, ...]) -> sp.Expr:
    """What C_alpha^2 of the median has to cover for these messages in one dimension, an odd number in all."""
    ordered = sorted(honest + byzantine)
    mean = sp.Rational(sum(honest), len(honest))
    return (ordered[len(ordered) // 2] - mean) ** 2 / max((sp.Integer(value) - mean) ** 2 for value in honest)


def _claim(key: str, title: str, place: str | Source, claim: Claim, text: str, *uses: str) -> Statement:
    return Statement(
        key=f"cra.{key}",
        title=title,
        source=source(place) if isinstance(place, str) else place,
        kind=Kind.CLAIM,
        relation=Relation.PROPOSITION,
        lhs=sp.latex(claim.proposition()),
        uses=uses,
        text=text,
        claim=claim,
    )


@cache
def _spread() -> Derivation:
    squares = sp.Symbol("holder_squares", nonnegative=True)
    chain = Chain(
        "cra.allocation.spread", squares / M - (N * r / M) ** 2, "Mean square less squared mean of d_1, ..., d_M"
    )
    pairs = N * r + N * (N - 1) * r**2 / M
    chain.define(
        {squares: pairs}, "ordered pairs of devices, counted once by the subset that they share, once by device"
    )
    chain.equals(N * r / M * (1 - r / M))
    return chain.derivation(uses=("cra.overlap",))


SPREAD = Statement(
    key="cra.allocation.spread",
    title="Pair-wise balance fixes how unevenly subsets are held",
    source=Source("byzbounds", "on CRA Section III"),
    kind=Kind.LEMMA,
    relation=Relation.EQUALITY,
    lhs=r"\frac1M\sum_k d_k^2-\left(\frac1M\sum_k d_k\right)^2",
    derivation=_spread,
    hypotheses=(LOAD, PAIRWISE),
    uses=("cra.overlap",),
    text="The variance of d_1, ..., d_M is that of a binomial variable, whatever the design: they are equal "
    "only if r = M.",
)

_MEDIAN = next(_printed(row) for row in TABLE1 if row.key == "cra.table1.median")
_even_condition = sp.Lt(2 * sp.sqrt(2) * C_alpha * (1 - r / M), 1)
#: Gradients z (z x - y) of both samples, the first less their average, squared.
position = sp.Symbol("x", positive=True)
_two_samples = (4 * position - (4 * position + position) / 2) ** 2
_lowest = sp.Min(1, alpha / (1 - 2 * alpha))


#: The rule and fractions (in percent) of the figure that is said to agree with the analysis.
_AGREEING = (("median", 20), ("median", 40))


def _experiment(rule: str, percent: int) -> Statement:
    """Whether the theorems' condition holds for one rule and fraction of the experiments.

    Only Fig. 3 is said to agree with the analysis in so many words; for the others the question is this project's.
    """
    row = next(row for row in TABLE1 if row.key == f"cra.table1.{rule}")
    fraction = sp.Rational(percent, 100)
    point = {**_SIZES, alpha: fraction, C_alpha: sp.sqrt(_printed(row).subs({**_SIZES, alpha: fraction}))}
    return _claim(
        f"experiments.{rule}_{percent}",
        f"The theorems cover the {row.title.split(': ')[1]} at alpha = {percent} %",
        "Section V, Fig. 3" if (rule, percent) in _AGREEING else Source("byzbounds", "on CRA Section V"),
        HoldsAt(_even_condition, point),
        "The theorems need C_alpha below its threshold; all subsets held equally often, r = 40 of M = 1000, "
        f"alpha = {percent} %, C_alpha from Table I.",
        row.key,
        "cra.theorem1.condition",
    )


STATEMENTS = (
    SPREAD,
    _claim(
        "allocation.whole",
        "The experiments' allocation can be pair-wise balanced",
        "Sections III and V",
        HoldsAt(sp.Eq(sp.Mod(r**2 / M, 1), 0, evaluate=False), _SIZES),
        "Any two devices share r^2/M subsets, a number that has to be whole.",
        "cra.overlap",
    ),
    _claim(
        "allocation.even",
        "The subsets are held about equally often in the experiments",
        "Remark 1",
        HoldsAt(sp.Le(sp.sqrt((M - r) / (N * r)), sp.Rational(1, 10)), _SIZES),
        "d_min M is taken for N r when d_1, ..., d_M do not vary significantly, read here as a standard "
        "deviation of at most a "
        "tenth of their mean; pair-wise balance fixes it.",
        "cra.allocation.spread",
    ),
    _claim(
        "allocation.held",
        "A uniformly random allocation leaves no subset out in the experiments",
        "Section V",
        HoldsAt(sp.Lt(M * (1 - r / M) ** N, 1), _SIZES),
        "Uniform random allocation is called an effective approximation of pair-wise balance; subsets that "
        "nobody holds leave the "
        "loss that is minimised. Read as: fewer than one such subset on average.",
    ),
    _claim(
        "remark1.decreasing",
        "More redundancy brings coded gradients closer",
        "Remark 1",
        Monotone(_printed(REMARK1), r, "decreasing", _LOADED),
        "The right-hand side of (13) does not increase with r.",
        "cra.remark1",
    ),
    _claim(
        "remark1.full",
        "Full redundancy makes coded gradients equal",
        "Remark 1",
        Always(_printed(REMARK1).subs(r, M), "=", sp.S.Zero),
        "The right-hand side of (13) is zero for r = M.",
        "cra.remark1",
    ),
    _claim(
        "remark1.order",
        "Equal holders are the favourable case",
        Source("byzbounds", "on CRA Remark 1"),
        Always(_printed(REMARK1), "<=", _printed(LEMMA1), {**_LOADED, d_min: N * r / (M * (1 + uneven))}),
        "As d_min M is at most N r, the right-hand side of (13) never exceeds that of (12).",
        "cra.lemma1",
        "cra.remark1",
    ),
    _claim(
        "remark1.closer",
        "Where coding brings the bound below that without",
        Source("byzbounds", "on CRA Remark 1"),
        HoldsAt(
            sp.And(
                sp.Gt(8 * (N - r + 1) ** 2 / N**2, 4, evaluate=False), sp.Le(8 * (N - r) ** 2 / N**2, 4, evaluate=False)
            ),
            {N: sp.Integer(100), r: sp.Integer(30)},
        ),
        "For M = N = 100 and a vanishing gradient, (13) is below (14) from r = 30 on, that is for r >= (1 - "
        "1/sqrt(2)) M.",
        "cra.remark1",
        "cra.remark1.uncoded",
    ),
    _claim(
        "theorem1.positive",
        "All four constants are positive",
        "Proof of Theorem 1",
        HoldsAt(sp.Gt(RHO3_FORMULA, 0), {r: M}),
        "rho_1, ..., rho_4 are called positive constants, and r = M is allowed.",
        "cra.rho3",
    ),
    _claim(
        "remark2.decreasing",
        "More redundancy lowers the floor, fixed rate",
        "Remark 2",
        Monotone(_floor1, r, "decreasing", _ROBUST),
        "(32) does not increase with r, wherever its denominator is positive.",
        "cra.remark2",
    ),
    _claim(
        "remark2.full",
        "Full redundancy removes the floor, fixed rate",
        "Remark 2",
        Always(_printed(REMARK2).subs(r, M), "=", sp.S.Zero),
        "(32) is zero for r = M.",
        "cra.remark2",
    ),
    _claim(
        "remark2.robust",
        "A better rule lowers the floor, fixed rate",
        "Remark 2",
        Monotone(_floor1, scaled, "increasing", _ROBUST),
        "(32) does not decrease with C_alpha, wherever its denominator is positive.",
        "cra.remark2",
    ),
    _claim(
        "eq35.decreasing",
        "The learning rates decrease",
        "Proof of Theorem 2",
        Monotone(
            (rho1_ - sp.sqrt(rho1_**2 - 4 * rho2_ * weight)) / (2 * rho2_),
            weight,
            "increasing",
            {rho2_: slow, weight: (rho1_**2 - root**2) / (4 * rho2_)},
        ),
        "The smaller root of (35) grows with the weight, which falls with t.",
        "cra.eq33",
        "cra.eq35",
    ),
    _claim(
        "remark3.form",
        "The two ways of writing (40) agree",
        Source("byzbounds", "on CRA Remark 3"),
        Always(_printed(REMARK3), "=", _floor2.subs({scaled: sp.sqrt(2) * C_alpha, noise_rate: _variance})),
        "(40), with its part that does not depend on r named; what follows uses that form.",
        "cra.remark3",
    ),
    _claim(
        "remark3.decreasing",
        "More redundancy lowers the floor, decaying rate",
        "Remark 3",
        Monotone(_floor2, r, "decreasing", _SLOW),
        "(40) does not increase with r, wherever its denominator is positive.",
        "cra.remark3",
        "cra.remark3.form",
    ),
    _claim(
        "remark3.full",
        "Full redundancy removes the floor, decaying rate",
        "Remark 3",
        Always(_printed(REMARK3).subs(r, M), "=", sp.S.Zero),
        "(40) is zero for r = M.",
        "cra.remark3",
    ),
    _claim(
        "remark3.robust",
        "A better rule lowers the floor, decaying rate",
        "Remark 3",
        Monotone(_floor2, scaled, "increasing", _SLOW),
        "(40) does not decrease with C_alpha, wherever its denominator is positive.",
        "cra.remark3",
        "cra.remark3.form",
    ),
    _claim(
        "table1.median.one_dimension",
        "Table I's constant of the median covers one dimension",
        "Table I",
        HoldsAt(
            sp.Le(_median_ratio((-1, -1, 1, 1), (1,)), _MEDIAN, evaluate=False),
            {N: sp.Integer(5), alpha: sp.Rational(1, 5), Q: sp.Integer(1)},
        ),
        "Honest messages -1, -1, 1, 1 and one Byzantine message 1: the squared distance of their median from the "
        "honest mean, over the largest squared honest deviation, is at most Table I's entry.",
        "cra.table1.median",
    ),
    _claim(
        "definition1.alpha_only",
        "The constant depends on the Byzantine fraction alone",
        "Definition 1 and Remark 5",
        HoldsAt(
            sp.Eq(_MEDIAN.subs(N, 10), _MEDIAN.subs(N, 100), evaluate=False),
            {alpha: sp.Rational(1, 5), Q: sp.Integer(100)},
        ),
        "C_alpha^2 is said to be determined by alpha; Table I's entry for the median, at N = 10 and N = 100.",
        "cra.table1.median",
    ),
    _claim(
        "experiments.heterogeneity",
        "Assumption 2 holds for the loss of the experiments",
        Source("byzbounds", "on CRA Section V"),
        SameOrder(_two_samples, sp.S.One, position, {}),
        "Squared deviation of one of two subset gradients from their average, in one dimension, for the "
        "samples (2, 0) and (1, 0) "
        "of a linear regression: no beta bounds it for all x, so beta can only be meant along a trajectory.",
        "cra.assumption2",
        "cra.experiment_loss",
    ),
    *(_experiment(rule, percent) for rule in ("median", "trimmed_mean", "phocas") for percent in (3, 20, 40)),
    _experiment("median", 10),
    _claim(
        "experiments.any_rule",
        "Some rule meets the condition at alpha = 40 %",
        Source("byzbounds", "on CRA Section V"),
        HoldsAt(_even_condition.subs(C_alpha, _lowest), {**_SIZES, alpha: sp.Rational(2, 5)}),
        "No rule has C_alpha below min(1, alpha / (1 - 2 alpha)); the theorems' condition at that value, r = "
        "40 of M = 1000.",
        "cra.theorem1.condition",
    ),
    _claim(
        "experiments.exact_codes",
        "Exact recovery needs 110 subsets a device",
        "Section V",
        HoldsAt(sp.Eq((alpha * N + 1) * M / N, 110, evaluate=False), {**_SIZES, alpha: sp.Rational(1, 10)}),
        "Every subset on one device more than are Byzantine, in the setting of Fig. 4 with alpha = 0.1.",
    ),
)

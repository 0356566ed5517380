"""kappa and C_alpha of rules that select messages by their distances: FABA, MDA."""

from __future__ import annotations

import sympy as sp

from ..inequalities import PSD, Algebra, Positivity
from ..proof import Chain, Derivation
from ..squares import Gram
from ..statement import Hypothesis, Kind, Relation, Source, Statement
from ..symbols import H, N, alpha
from .parts import CORE, MAJORITY, MEANINGS, MINORITY, OWN, deviation, largest, variance

_f = sp.Symbol("f", integer=True, positive=True)
_t = sp.Symbol("t", integer=True, nonnegative=True)
#: N = H + f and H = f + 1 + t with at least one Byzantine device.
SHIFT = {N: H + _f, H: _f + 1 + _t}
_byzantine = N - H
SOME = Hypothesis("at least one Byzantine device", sp.Lt(H, N))

_p2 = sp.Symbol("p2", nonnegative=True)
_c2 = sp.Symbol("c2", nonnegative=True)
_SWAP = Gram(("p", "c"), {("p", "p"): _p2, ("c", "c"): _c2})
_FABA_MEANINGS = {
    **MEANINGS,
    _p2: r"\|\bar b - \bar z\|^2",
    _c2: r"\|\bar z_C - \bar z\|^2",
}
_SWAPPED = "the Byzantine messages that are kept, at most f with mean b, stand where as many honest ones C are missing"


def _faba() -> Derivation:
    chain = Chain("robustness.c_alpha.faba", deviation / largest, "FABA: C_alpha is at most 2f/(N - 2f)")
    share = (_byzantine / H) ** 2
    chain.bound({deviation: share * _SWAP.norm({"p": 1, "c": -1})}, _SWAPPED)
    theta = N / CORE
    young = share * ((1 + 1 / theta) * _p2 + (1 + theta) * _c2) / largest
    chain.at_most(young, PSD(_SWAP, SHIFT, "Young"))
    reason = "when an honest message is dropped first, every Byzantine one is nearer to the mean of the rest"
    chain.bound({_p2: largest * (N / CORE) ** 2}, reason, SHIFT)
    chain.bound({_c2: largest}, "a mean is nowhere farther than its farthest part", SHIFT)
    chain.define({H: N - alpha * N}, "H = N - alpha N")
    chain.simplify((2 * alpha / (1 - 2 * alpha)) ** 2)
    return chain.derivation(meanings=_FABA_MEANINGS, lemmas=(_faba_reach(), _faba_approached()))


def _faba_approached() -> Derivation:
    """f honest messages at -1, the others at f/(N - 2f), the Byzantine ones at N/(N - 2f): all f at -1 are dropped."""
    kept = (CORE * _byzantine / CORE + _byzantine * N / CORE) / H
    chain = Chain("robustness.c_alpha.faba.approached", kept**2, "honest messages at two places, none farther than 1")
    chain.define({H: N - alpha * N}, "H = N - alpha N")
    chain.simplify((2 * alpha / (1 - 2 * alpha)) ** 2, note="a tie at the first step, for at most a third Byzantine")
    return chain.derivation()


def _faba_reach() -> Derivation:
    """How far the Byzantine messages can be when FABA drops an honest one first, k Byzantine ones being left."""
    radius = sp.Symbol("r_z", positive=True)
    delta, k = sp.Symbol("delta_b", nonnegative=True), sp.Symbol("k", integer=True, nonnegative=True)
    more = sp.Symbol("s", integer=True, nonnegative=True)
    shift = {N: 2 * k + 2 * more + 1 + _t, H: k + more + 1 + _t}
    chain = Chain(
        "robustness.c_alpha.faba.reach", radius + 2 * k / (H + k) * delta, "FABA: reach of the Byzantine messages"
    )
    reason = (
        "the dropped honest message is at most r + k delta/(H + k) from the mean of the rest, and the farthest "
        "Byzantine "
        "one at least H delta/(H + k)"
    )
    chain.bound({delta: radius * (H + k) / (H - k)}, reason, shift)
    chain.simplify(radius * (H + k) / (H - k))
    chain.at_most(radius * N / CORE, Positivity(shift, why="k <= f"))
    meanings = {radius: r"\max_i \|z_i - \bar z\|", delta: r"\|\bar b - \bar z\|"}
    return chain.derivation(meanings=meanings)


def _faba_mean() -> Derivation:
    first, second = _byzantine * N * sp.sqrt(H - 1) / (H * CORE), sp.sqrt(_byzantine / H)
    title = "FABA: kappa is at most (f N sqrt(H - 1)/(H (N - 2f)) + sqrt(f/H))^2"
    chain = Chain("robustness.kappa.faba", deviation / variance, title)
    share = (_byzantine / H) ** 2
    chain.bound({deviation: share * _SWAP.norm({"p": 1, "c": -1})}, _SWAPPED)
    theta = first / second
    young = share * ((1 + 1 / theta) * _p2 + (1 + theta) * _c2) / variance
    chain.at_most(young, PSD(_SWAP, SHIFT, "Young"))
    reach = (N / CORE) ** 2 * (H - 1) * variance
    chain.bound({_p2: reach}, "robustness.c_alpha.faba, and no message is farther than (H - 1) V_z", SHIFT)
    chain.bound({_c2: H * variance / _byzantine}, "Jensen on C", SHIFT)
    chain.equals((first + second) ** 2, Algebra(shift=SHIFT))
    return chain.derivation(meanings=_FABA_MEANINGS, lemmas=(_faba_reach(),))


def _mda() -> Derivation:
    first, second = _byzantine * sp.sqrt(2 / H), sp.sqrt(_byzantine / CORE)
    chain = Chain(
        "robustness.kappa.mda", deviation / variance, "MDA: kappa is at most (f sqrt(2/H) + sqrt(f/(N - 2f)))^2"
    )
    share = (_byzantine / H) ** 2
    chain.bound(
        {deviation: share * _SWAP.norm({"p": 1, "c": -1})}, _SWAPPED + "; p from the mean of the honest ones kept"
    )
    theta = first / second
    young = share * ((1 + 1 / theta) * _p2 + (1 + theta) * _c2) / variance
    chain.at_most(young, PSD(_SWAP, SHIFT, "Young"))
    chain.bound(
        {_p2: 2 * H * variance}, "within the diameter of the honest messages, whose square is at most 2 H V_z", SHIFT
    )
    between = H**2 * variance / (_byzantine * CORE)
    chain.bound({_c2: between}, "variance between the honest ones kept and those missing", SHIFT)
    chain.equals((first + second) ** 2, Algebra(shift=SHIFT))
    meanings = {**MEANINGS, _p2: r"\|\bar b - \bar z_A\|^2", _c2: r"\|\bar z_C - \bar z_A\|^2"}
    return chain.derivation(meanings=meanings)


_OWN = Source(OWN, "upper bounds")

STATEMENTS = (
    Statement(
        key="robustness.c_alpha.faba",
        title="C_alpha^2 of FABA",
        source=_OWN,
        kind=Kind.CONSTANT,
        relation=Relation.TIGHT_UPPER,
        lhs=r"C_\alpha^2",
        derivation=_faba,
        hypotheses=(MINORITY,),
        uses=("cra.definition1", "cra.table1.faba"),
        text="(2f/(N - 2f))^2 for every minority of Byzantine devices, approached up to a third of them; the "
        "published value "
        "needs less than a third.",
    ),
    Statement(
        key="robustness.kappa.faba",
        title="kappa of FABA",
        source=_OWN,
        kind=Kind.CONSTANT,
        relation=Relation.UPPER,
        lhs=r"\kappa",
        derivation=_faba_mean,
        hypotheses=(MAJORITY, SOME),
        uses=("robustness.c_alpha.faba",),
        text="As for the largest deviation, which is at most H - 1 times the mean one.",
    ),
    Statement(
        key="robustness.kappa.mda",
        title="kappa of minimum-diameter averaging",
        source=_OWN,
        kind=Kind.CONSTANT,
        relation=Relation.UPPER,
        lhs=r"\kappa",
        derivation=_mda,
        hypotheses=(MAJORITY, SOME),
        uses=("lad.definition1",),
        text="It grows like f^2/N: one pair of honest outliers sets the diameter for all Byzantine messages at once.",
    ),
)

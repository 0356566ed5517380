"""Lemma 1 of the CRA paper, its proof (42)-(44), and Remark 1 (13)-(14)."""

from __future__ import annotations

from functools import cache

import sympy as sp

from ..inequalities import PSD, Positivity, Squares
from ..proof import Chain, Derivation
from ..squares import Gram, pairs
from ..statement import Kind, Relation, Statement
from ..symbols import M, N, beta, d_min, grad_sq, r
from .notation import DEVICES, HELD, HETEROGENEITY, LOAD, PAIRWISE, source, unshared

#: Squared norms of the sums over the subsets that only one of the two devices holds.
own_sq, other_sq = sp.symbols("own_sq other_sq", nonnegative=True)
#: Sums over those subsets of ||grad f_k||^2 / d_k^2, and of its two parts after splitting off the mean.
own_sum, other_sum = sp.symbols("own_sum other_sum", nonnegative=True)
own_dev, other_dev = sp.symbols("own_dev other_dev", nonnegative=True)
own_mean, other_mean = sp.symbols("own_mean other_mean", nonnegative=True)
#: Number of vectors, and the sum of their squared norms, in (43).
count = sp.Symbol("n", integer=True, positive=True)
norms_sq = sp.Symbol("norms_sq", nonnegative=True)
#: Number of devices that hold one subset.
d_k = sp.Symbol("d_k", positive=True)

#: Squared norm of the sum in (43); squared deviation of one subset's gradient; slack variables.
sum_norm_sq = sp.Symbol("sum_norm_sq", nonnegative=True)
subset_dev = sp.Symbol("subset_dev", nonnegative=True)
held, shared = sp.symbols("held shared", nonnegative=True)
extra_subsets, extra_holders = sp.symbols("extra_subsets extra_holders", nonnegative=True)
holders_mean = sp.Symbol("holders_mean", positive=True)

#: M = r + extra_subsets, in which r - r^2/M is visibly non-negative.
LOAD_SHIFT = {M: r + extra_subsets}
#: Sums over the subsets that only the one device holds, and only the other.
_SIDES = Gram(("own", "other"), {("own", "own"): own_sq, ("other", "other"): other_sq})


@cache
def _eq42() -> Derivation:
    chain = Chain("cra.eq42", held - shared, "Count of one side of the difference")
    chain.define({held: r, shared: r**2 / M}, "r subsets a device, r^2/M of them shared")
    return chain.derivation(uses=("cra.overlap",))


@cache
def _eq43() -> Derivation:
    chain = Chain("cra.eq43", sum_norm_sq, "Squared norm of a sum")
    chain.at_most(count * norms_sq, Squares([(sp.S.One, pairs(count, norms_sq, sum_norm_sq))], why="Jensen"))
    return chain.derivation(meanings={sum_norm_sq: r"\|\sum_i a_i\|^2", norms_sq: r"\sum_i \|a_i\|^2"})


def _split(key: str) -> Chain:
    chain = Chain(key, _SIDES.norm({"own": 1, "other": -1}), "Distance of two messages")
    return chain.at_most(2 * (own_sq + other_sq), PSD(_SIDES, why="(43) with two vectors"), source="CRA (44)")


def _terms(key: str) -> Chain:
    bounds = {own_sq: unshared * own_sum, other_sq: unshared * other_sum}
    return _split(key).bound(bounds, "cra.eq43 with r - r^2/M vectors", source="CRA (44)")


def _centre(key: str) -> Chain:
    bounds = {own_sum: 2 * (own_dev + own_mean), other_sum: 2 * (other_dev + other_mean)}
    return _terms(key).bound(bounds, "cra.eq43 with two vectors", LOAD_SHIFT, source="CRA (44)")


@cache
def _eq44_split() -> Derivation:
    return _split("cra.eq44.split").derivation()


@cache
def _eq44_terms() -> Derivation:
    return _terms("cra.eq44.terms").derivation(uses=("cra.eq43", "cra.eq42"))


@cache
def _eq44_centre() -> Derivation:
    return _centre("cra.eq44.centre").derivation(uses=("cra.eq43", "cra.eq42"))


@cache
def _eq44_subset() -> Derivation:
    chain = Chain("cra.eq44.subset", subset_dev / d_k**2 + grad_sq / (M**2 * d_k**2), "One subset's contribution")
    chain.bound({subset_dev: beta**2}, "cra.assumption2")
    return chain.derivation(uses=("cra.assumption2",), meanings={subset_dev: r"\|\nabla f_k - \nabla F/M\|^2"})


def _fewest_holders(key: str, size: sp.Expr) -> Derivation:
    """``size / d_k^2 <= size / d_min^2``."""
    chain = Chain(key, size / d_k**2, "d_min is the smallest d_k")
    chain.at_most(size / d_min**2, Positivity({d_k: d_min + extra_holders}, why="d_k >= d_min"))
    return chain.derivation()


@cache
def lemma1_derivation() -> Derivation:
    """How Lemma 1 follows."""
    chain = _centre("cra.lemma1")
    deviation, mean = unshared * beta**2 / d_min**2, unshared * grad_sq / (M**2 * d_min**2)
    bounds = {own_dev: deviation, other_dev: deviation, own_mean: mean, other_mean: mean}
    chain.bound(bounds, "cra.eq44.subset over r - r^2/M subsets, with d_k >= d_min", LOAD_SHIFT, source="CRA (44)")
    chain.equals(8 * unshared**2 / d_min**2 * (beta**2 + grad_sq / M**2))
    fewest = _fewest_holders("cra.lemma1.fewest", beta**2 + grad_sq / M**2)
    return chain.derivation(uses=("cra.eq43", "cra.eq42", "cra.eq44.subset"), lemmas=(fewest,))


@cache
def _remark1_even() -> Derivation:
    chain = Chain("cra.remark1.even", M * d_min, "Counting the ones of the allocation matrix")
    chain.bound({d_min: holders_mean}, "the smallest is at most the mean of d_1, ..., d_M")
    chain.define({holders_mean: N * r / M}, "the allocation has N r ones, r in each row")
    return chain.derivation()


@cache
def _remark1() -> Derivation:
    chain = Chain("cra.remark1", lemma1_derivation().conclusion, "Lemma 1 with equal holders")
    chain.define({d_min: N * r / M}, "all subsets held equally often")
    chain.equals(8 * (M - r) ** 2 / N**2 * (beta**2 + grad_sq / M**2))
    return chain.derivation(uses=("cra.lemma1", "cra.remark1.even"))


@cache
def _remark1_uncoded() -> Derivation:
    gram = Gram(("u", "v"))
    first, second = gram.product("u", "u"), gram.product("v", "v")
    chain = Chain("cra.remark1.uncoded", gram.norm({"u": 1, "v": -1}), "Distance of two subset gradients")
    chain.at_most(2 * first + 2 * second, PSD(gram, why="(43) with two vectors"), source="CRA (14)")
    chain.bound({first: beta**2, second: beta**2}, "cra.assumption2", source="CRA (14)")
    meanings = {first: r"\|\nabla f_i - \nabla F/M\|^2", second: r"\|\nabla f_j - \nabla F/M\|^2"}
    return chain.derivation(uses=("cra.assumption2",), meanings=meanings)


EQ42 = Statement(
    key="cra.eq42",
    title="Subsets that one of two devices holds and the other does not",
    source=source("Appendix A", "42"),
    kind=Kind.STEP,
    relation=Relation.EQUALITY,
    lhs=r"\left|\mathcal{S}_i\setminus\mathcal{S}_j\right|",
    printed=r - r**2 / M,
    derivation=_eq42,
    hypotheses=(LOAD, PAIRWISE),
    uses=("cra.overlap", "cra.coded_gradient"),
    slack=LOAD_SHIFT,
    text="In the difference of two messages the shared subsets cancel, and r - r^2/M remain on either side.",
)
EQ43 = Statement(
    key="cra.eq43",
    title="Squared norm of a sum",
    source=source("Appendix A", "43"),
    kind=Kind.STEP,
    relation=Relation.TIGHT_UPPER,
    lhs=r"\left\|\sum_{i=1}^{n}\mathbf{a}_i\right\|^2",
    printed=count * norms_sq,
    derivation=_eq43,
    text="A sum of n vectors has at most n times the sum of their squared norms.",
)
EQ44_SPLIT = Statement(
    key="cra.eq44.split",
    title="Two sides of the difference",
    source=source("Appendix A", "44"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\left\|\mathbf{g}_i^t-\mathbf{g}_j^t\right\|^2",
    printed=2 * (own_sq + other_sq),
    derivation=_eq44_split,
    hypotheses=(PAIRWISE,),
    uses=("cra.eq42", "cra.eq43"),
    text="First inequality: (43) with two vectors.",
)
EQ44_TERMS = Statement(
    key="cra.eq44.terms",
    title="The terms of each side",
    source=source("Appendix A", "44"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\left\|\mathbf{g}_i^t-\mathbf{g}_j^t\right\|^2",
    printed=2 * (unshared * own_sum + unshared * other_sum),
    derivation=_eq44_terms,
    hypotheses=(LOAD, PAIRWISE),
    uses=("cra.eq44.split", "cra.eq42", "cra.eq43"),
    slack=LOAD_SHIFT,
    text="Second inequality: (43) with the r - r^2/M vectors of a side; own_sum and other_sum add up ||grad "
    "f_k||^2 / d_k^2.",
)
EQ44_CENTRE = Statement(
    key="cra.eq44.centre",
    title="Splitting off the average gradient",
    source=source("Appendix A", "44"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\left\|\mathbf{g}_i^t-\mathbf{g}_j^t\right\|^2",
    printed=2 * (2 * unshared * (own_dev + own_mean) + 2 * unshared * (other_dev + other_mean)),
    derivation=_eq44_centre,
    hypotheses=(LOAD, PAIRWISE),
    uses=("cra.eq44.terms", "cra.eq43"),
    slack=LOAD_SHIFT,
    text="Third inequality: each gradient is its deviation from the average plus the average, and (43) with "
    "two vectors.",
)
EQ44_SUBSET = Statement(
    key="cra.eq44.subset",
    title="One subset's contribution",
    source=source("Appendix A", "44"),
    kind=Kind.STEP,
    relation=Relation.UPPER,
    lhs=r"\left\|\tfrac{1}{d_k}\nabla f_k-\tfrac{1}{M d_k}\nabla F\right\|^2+\left\|\tfrac{1}{M d_k}\nabla F\right\|^2",
    printed=beta**2 / d_k**2 + M**2 * grad_sq / d_k**2,
    derivation=_eq44_subset,
    hypotheses=(HETEROGENEITY,),
    uses=("cra.assumption2",),
    text="Fourth inequality, per subset. The text at hand prints M^2 as a factor of the gradient's norm where "
    "the square of 1/M should stand; "
    "the next line of the chain has 1/M^2.",
)
LEMMA1 = Statement(
    key="cra.lemma1",
    title="Largest distance between two coded gradients",
    source=source("Lemma 1", "12", "44"),
    kind=Kind.LEMMA,
    relation=Relation.UPPER,
    lhs=r"\max_{i,j}\left\|\mathbf{g}_i^t-\mathbf{g}_j^t\right\|^2",
    printed=8 / d_min**2 * (r - r**2 / M) ** 2 * (beta**2 + grad_sq / M**2),
    derivation=lemma1_derivation,
    hypotheses=(LOAD, HELD, PAIRWISE, HETEROGENEITY),
    uses=("cra.eq44.centre", "cra.eq44.subset", "cra.assumption2"),
    slack=LOAD_SHIFT,
    text="The messages of any two devices differ by what they do not share, and by nothing once every device "
    "holds everything.",
)

REMARK1_UNIT = Statement(
    key="cra.remark1.even",
    title="Number of holders when all subsets are held equally often",
    source=source("Remark 1"),
    kind=Kind.REMARK,
    relation=Relation.APPROXIMATION,
    lhs=r"d_{\min} M",
    printed=N * r,
    derivation=_remark1_even,
    hypotheses=(DEVICES,),
    text="The mean of d_1, ..., d_M is N r / M exactly; the approximation puts the smallest of them equal to "
    "their mean.",
)
REMARK1 = Statement(
    key="cra.remark1",
    title="Lemma 1 with all subsets held equally often",
    source=source("Remark 1", "13"),
    kind=Kind.REMARK,
    relation=Relation.APPROXIMATION,
    lhs=r"\max_{i,j}\left\|\mathbf{g}_i^t-\mathbf{g}_j^t\right\|^2",
    printed=8 * (M - r) ** 2 / N**2 * (beta**2 + grad_sq / M**2),
    derivation=_remark1,
    hypotheses=(DEVICES, LOAD, PAIRWISE, HETEROGENEITY),
    uses=("cra.lemma1", "cra.remark1.even"),
    slack=LOAD_SHIFT,
    text="Lemma 1 after putting d_min M = N r. As d_min M <= N r always, the right-hand side is at most that "
    "of Lemma 1: it is no bound by itself.",
)
REMARK1_UNCODED = Statement(
    key="cra.remark1.uncoded",
    title="Largest distance between two subset gradients",
    source=source("Remark 1", "14"),
    kind=Kind.REMARK,
    relation=Relation.UPPER,
    lhs=r"\max_{i,j}\left\|\nabla f_i(\mathbf{x}^t)-\nabla f_j(\mathbf{x}^t)\right\|^2",
    printed=4 * beta**2,
    derivation=_remark1_uncoded,
    hypotheses=(HETEROGENEITY,),
    uses=("cra.assumption2", "cra.eq43"),
    text="Without coding and with one subset a device, two messages differ by at most 2 beta.",
)

STATEMENTS = (
    EQ42,
    EQ43,
    EQ44_SPLIT,
    EQ44_TERMS,
    EQ44_CENTRE,
    EQ44_SUBSET,
    LEMMA1,
    REMARK1_UNIT,
    REMARK1,
    REMARK1_UNCODED,
)

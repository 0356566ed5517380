"""delta of unbiased compressors: E||C(g) - g||^2 <= delta ||g||^2 (LAD Definition 2)."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from .inequalities import PSD, Reason
from .proof import Chain, Derivation
from .squares import Gram
from .statement import Hypothesis, Kind, Relation, Source, Statement
from .symbols import Q

#: Number of coordinates that are kept.
k = sp.Symbol("k", integer=True, positive=True)
#: Probability with which a coordinate is kept.
p = sp.Symbol("p", positive=True)
#: Number of levels of QSGD.
s = sp.Symbol("s", integer=True, positive=True)
#: Constants of two compressors applied one after the other.
delta1, delta2 = sp.symbols("delta1 delta2", nonnegative=True)

_square = sp.Symbol("G", positive=True)
_length = sp.Symbol("n_2", positive=True)
_second = sp.Symbol("S", nonnegative=True)
_error = sp.Symbol("X", nonnegative=True)
_absolute = sp.Symbol("n_1", nonnegative=True)
_MEANINGS = {
    _square: r"\|g\|^2",
    _length: r"\|g\|",
    _second: r"E\|C(g)\|^2",
    _error: r"E\|C(g) - g\|^2",
    _absolute: r"\|g\|_1",
}
_UNBIASED = "C is unbiased, so the error is the second moment less ||g||^2"
_FROM_ONE = {Q: 1 + sp.Symbol("m", integer=True, nonnegative=True)}
_FROM_TWO = {Q: 2 + sp.Symbol("m", integer=True, nonnegative=True)}
_SUM_NORM = "Cauchy-Schwarz: ||g||_1 <= sqrt(Q) ||g||"


def _from_second_moment(key: str, title: str, second: sp.Expr, why: str, result: sp.Expr) -> Derivation:
    """An equality: every vector attains it."""
    chain = Chain(key, _error / _square, title)
    chain.define({_error: _second - _square}, _UNBIASED)
    chain.define({_second: second * _square}, why)
    chain.simplify(result)
    return chain.derivation(meanings=_MEANINGS)


def _randk() -> Derivation:
    why = "a coordinate is kept with probability k/Q and then multiplied by Q/k"
    return _from_second_moment("compression.delta.randk", "rand-k", k / Q * (Q / k) ** 2, why, Q / k - 1)


def _bernoulli() -> Derivation:
    why = "a coordinate is kept with probability p and then multiplied by 1/p"
    return _from_second_moment("compression.delta.bernoulli", "Bernoulli", p / p**2, why, 1 / p - 1)


def _composition() -> Derivation:
    chain = Chain("compression.delta.composition", _error / _square, "Two independent compressors in a row")
    inner = sp.Symbol("S1", nonnegative=True)
    chain.define({_error: _second - _square}, _UNBIASED)
    chain.bound({_second: (1 + delta2) * inner}, "the second compressor, given what the first returned")
    chain.bound({inner: (1 + delta1) * _square}, "the first compressor")
    chain.simplify((1 + delta1) * (1 + delta2) - 1)
    return chain.derivation(meanings={**_MEANINGS, inner: r"E\|C_1(g)\|^2"})


def _summed(key: str, title: str, coordinate: Derivation, result: sp.Expr, why: str) -> Derivation:
    """From a bound on the variance of one coordinate to the sum over all."""
    chain = Chain(key, _error / _square, title)
    chain.bound({_error: result * _square}, why)
    chain.simplify(result)
    return chain.derivation(meanings=_MEANINGS, lemmas=(coordinate,))


def _one_coordinate(key: str, before: sp.Expr, after: sp.Expr, reason: Reason, note: str) -> Derivation:
    return (
        Chain(f"{key}.coordinate", before, "Variance of one coordinate").at_most(after, reason, note=note).derivation()
    )


def _two_level() -> Derivation:
    key = "compression.delta.two_level"
    gram = Gram(("a", "b", "x"))
    before = sp.expand(gram.inner({"b": 1, "x": -1}, {"x": 1, "a": -1}))
    after = (gram.product("a", "a") + gram.product("b", "b")) / 2 + (Q - 2) / 2 * gram.product("x", "x")
    lemma = _one_coordinate(
        key, before, after, PSD(gram, _FROM_ONE), "(b - x)(x - a), drawn between the levels a <= x <= b"
    )
    why = "summed over the Q - 2 coordinates between the extremes a and b, which add a^2 + b^2 to ||g||^2 and no error"
    return _summed(key, "Two levels at the extremes of g", lemma, (Q - 2) / 2, why)


def _terngrad() -> Derivation:
    key, result = "compression.delta.terngrad", (sp.sqrt(Q) - 1) / 2
    gram = Gram(("M", "x"))
    before = gram.product("M", "x") - gram.product("x", "x")
    after = gram.product("M", "M") / (2 * (sp.sqrt(Q) + 1)) + result * gram.product("x", "x")
    lemma = _one_coordinate(key, before, after, PSD(gram, _FROM_TWO), "x(M - x), drawn between 0 and the largest M")
    why = "summed over the Q - 1 coordinates besides the largest one, as (Q - 1)/(2(sqrt Q + 1)) is (sqrt Q - 1)/2"
    return _summed(key, "TernGrad", lemma, result, why)


def _natural() -> Derivation:
    key = "compression.delta.natural"
    gram = Gram(("l", "x"))
    before = sp.expand(gram.inner({"x": 1, "l": -1}, {"l": 2, "x": -1}))
    after = gram.product("x", "x") / 8
    lemma = _one_coordinate(key, before, after, PSD(gram), "(x - l)(2l - x), drawn between powers of two l <= x <= 2l")
    return _summed(key, "Natural compression", lemma, sp.Rational(1, 8), "summed over all coordinates")


def _qsgd_levels() -> Derivation:
    chain = Chain("compression.delta.qsgd_levels", _error / _square, "QSGD: many levels")
    why = "Q coordinates, each drawn between two levels ||g||/s apart, with variance at most a quarter of the square"
    chain.bound({_error: Q * _square / (4 * s**2)}, why)
    chain.simplify(Q / (4 * s**2))
    return chain.derivation(meanings=_MEANINGS)


def _qsgd_norm() -> Derivation:
    chain = Chain("compression.delta.qsgd_norm", _error / _length**2, "QSGD: few levels")
    why = (
        "theta (1 - theta) <= theta <= s |g_i| / ||g|| for the part theta of a step that a coordinate is "
        "above its level"
    )
    chain.bound({_error: s * _absolute / _length * (_length / s) ** 2}, why)
    chain.bound({_absolute: sp.sqrt(Q) * _length}, _SUM_NORM)
    chain.simplify(sp.sqrt(Q) / s)
    return chain.derivation(meanings=_MEANINGS)


def _qsgd_sign() -> Derivation:
    chain = Chain("compression.delta.qsgd_sign", _error / _length**2, "QSGD with one level")
    chain.define({_error: _length * _absolute - _length**2}, "the sum of |g_i| (||g|| - |g_i|)")
    chain.bound({_absolute: sp.sqrt(Q) * _length}, _SUM_NORM)
    chain.simplify(sp.sqrt(Q) - 1)
    return chain.derivation(meanings=_MEANINGS)


_OWN = Source("byzbounds", "compressors")
_QSGD = Source("Alistarh et al. 2017 (QSGD)", "Lemma 3.1")
_TWO = Hypothesis("at least two coordinates", sp.Ge(Q, 2))


def _delta(
    name: str,
    title: str,
    derivation: Callable[[], Derivation] | None,
    *hypotheses: Hypothesis,
    printed: sp.Expr | None = None,
    source: Source = _OWN,
    relation: Relation = Relation.TIGHT_UPPER,
    text: str = "",
) -> Statement:
    return Statement(
        key=f"compression.delta.{name}",
        title=f"delta of {title}",
        source=source,
        kind=Kind.CONSTANT,
        relation=relation,
        lhs=r"\delta",
        printed=printed,
        derivation=derivation,
        hypotheses=hypotheses,
        uses=("lad.definition2",),
        text=text,
    )


STATEMENTS = (
    _delta(
        "randk",
        "random sparsification to k coordinates",
        _randk,
        Hypothesis("at most all coordinates are kept: k <= Q", sp.Le(k, Q)),
        relation=Relation.EQUALITY,
        text="Attained by every vector.",
    ),
    _delta(
        "bernoulli",
        "keeping each coordinate with probability p",
        _bernoulli,
        Hypothesis("a probability: p <= 1", sp.Le(p, 1)),
        relation=Relation.EQUALITY,
        text="Attained by every vector.",
    ),
    _delta(
        "two_level",
        "stochastic quantisation to the extremes of g",
        _two_level,
        _TWO,
        text="Attained by extremes 1 and -1 and zeros. With two fixed levels there is no delta: the error stays as g "
        "goes to zero.",
    ),
    _delta("terngrad", "TernGrad", _terngrad, _TWO, text="Attained with one large and Q - 1 equal small coordinates."),
    _delta("natural", "natural compression", _natural, text="Attained at 4/3 of a power of two."),
    _delta(
        "qsgd",
        "QSGD with s levels, as published",
        None,
        printed=sp.Min(Q / s**2, sp.sqrt(Q) / s),
        source=_QSGD,
        relation=Relation.UPPER,
        text="Published; the first term can be divided by four.",
    ),
    _delta(
        "qsgd_levels",
        "QSGD with many levels",
        _qsgd_levels,
        printed=Q / s**2,
        source=_QSGD,
        relation=Relation.UPPER,
        text="A quarter of the published term.",
    ),
    _delta(
        "qsgd_norm",
        "QSGD with few levels",
        _qsgd_norm,
        printed=sp.sqrt(Q) / s,
        source=_QSGD,
        relation=Relation.UPPER,
        text="The published term.",
    ),
    _delta("qsgd_sign", "QSGD with one level", _qsgd_sign, text="Attained by vectors with all entries of one size."),
    _delta(
        "composition",
        "two independent compressors in a row",
        _composition,
        text="Attained if both are for every vector, as random sparsification is.",
    ),
)

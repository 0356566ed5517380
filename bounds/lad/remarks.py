"""What the LAD paper says in words, as claims that are decided, and Corollary 1."""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy as sp

from ..claims import AllOf, Always, FiniteLimit, FirstAt, HoldsAt, LimitIs, Monotone, WithReading
from ..moments import PermutationForm, Split, SubsetForm, UniformSubset, sum_of_squares
from ..proof import Chain, Derivation
from ..statement import Hypothesis, Kind, Relation, Statement
from ..symbols import H, L, N, Q, V, beta, d, delta, gamma0, grad_sq, kappa
from . import lemma1, lemma2, lemma3, theorem1, theorem2
from .domain import BYZANTINE, HONEST, LOAD, SLACK, TASKS, source
from .orders import EQ33, EQ35, EXAMPLE, _claim

spread = sp.Symbol("spread", nonnegative=True)
#: spread when all rows of the computation matrix are the same.
_IDENTICAL_ROWS = d * N * (N - d)
_mean_dev = sp.Symbol("E_mean", nonnegative=True)
_row_dev = sp.Symbol("row_dev", nonnegative=True)
#: Messages kept by random sparsification.
kept = sp.Symbol("Q_kept", integer=True, positive=True)
_entry = sp.Symbol("E_h", nonnegative=True)


@cache
def honest_dispersion() -> Derivation:
    """Exact spread of the honest messages for any computation matrix, without compression."""
    form = PermutationForm(N, _row_dev, sp.S.Zero, sum_of_squares(N, grad_sq / N**2, V), grad_sq)
    return (
        Chain(
            "lad.dispersion", lemma2.exact_deviation().conclusion - _mean_dev, "Spread of the honest messages, exactly"
        )
        .moments({_mean_dev: form}, "second permutation: the row deviation sums to zero")
        .define({_row_dev: lemma1.any_matrix().conclusion}, "by lad.lemma1.any_matrix")
        .simplify()
        .derivation(
            uses=("lad.lemma2", "lad.lemma1.any_matrix"), lemmas=(lemma2.exact_deviation(), lemma1.any_matrix())
        )
    )


def _honest_mean_bound(columns_spread: sp.Expr) -> sp.Expr:
    """The bound (59), with Lemma 1 for any matrix in place of the cyclic one."""
    weight = lemma1.any_matrix().conclusion.subs(spread, columns_spread)
    return weight * lemma3.gradient_norm().conclusion


@cache
def sparsification() -> Derivation:
    """Random sparsification: the relative squared error of one entry, the same for all."""
    scale = Q / kept
    return (
        Chain("lad.sparsification", scale**2 * _entry - 2 * scale * _entry + 1, "Constant of random sparsification")
        .moments({_entry: SubsetForm(UniformSubset(Q, kept), sp.S.One, sp.S.One)}, "an entry is kept")
        .equals(Q / kept - 1)
        .derivation()
    )


_dispersion = honest_dispersion().conclusion
_k, _n1, _n2, _root, _edge = sp.symbols("k n1 n2 w u", positive=True)
_inverse = sp.Symbol("nu", positive=True)
_g = sp.Symbol("g", real=True)
_x, _p, _q = sp.symbols("x p q", positive=True)
_abstract_error = (theorem1.K1 * _k / (2 * _root) + gamma0 * L * (_k**2 * theorem1.K1 + theorem1.K3)) / (
    _inverse - _k * _root - gamma0 * L * (_k**2 * _root**2 + theorem1.K4)
)
_denominator = _edge + _k * _root + gamma0 * L * (_k**2 * _root**2 + theorem1.K4)
_condition: Any = theorem1.CONDITIONS[0].condition
_k4 = sp.Symbol("K4", positive=True)
_step_size = _edge / (L * (kappa * theorem1.K2 + _k4) * (1 + _x))
#: delta where there is compression, so that kappa2 > 0 even at d = N.
_compressed = sp.Symbol("epsilon", positive=True)
_FIG2 = {**EXAMPLE, d: sp.Integer(5)}
_FIG3 = {**EXAMPLE, delta: sp.Rational(1, 2)}
_PLOTTED = Hypothesis("0 <= delta <= 2", sp.And(delta >= 0, delta <= 2))
_POSITIVE = tuple(Hypothesis(f"{s} > 0", s > 0) for s in (kappa, beta, delta))

STATEMENTS = (
    _claim(
        "lad.corollary1",
        "The cyclic matrix minimises the upper bound",
        "Corollary 1",
        "Among all matrices with d ones in each row the cyclic one has the smallest bound (59), hence (55) and (63).",
        Always(_honest_mean_bound(sp.S.Zero), "<=", _honest_mean_bound(spread), SLACK, (HONEST, LOAD)),
        uses=("lad.lemma1.any_matrix", "lad.eq59"),
    ),
    _claim(
        "lad.corollary1.deviation",
        "The cyclic matrix minimises the deviation itself",
        "Corollary 1",
        "The honest messages' spread, which bounds the aggregate's deviation, is smallest for the cyclic matrix; "
        "compared with a matrix whose rows are all the same.",
        Always(_dispersion.subs(spread, 0), "<=", _dispersion.subs(spread, _IDENTICAL_ROWS), SLACK, (BYZANTINE, LOAD)),
        uses=("lad.dispersion",),
    ),
    Statement(
        "lad.dispersion",
        "Spread of the honest messages, exactly",
        source("Remark 1"),
        Kind.REMARK,
        Relation.EQUALITY,
        r"\mathbb{E}\tfrac1H\sum_{i\in\mathcal{H}}\|\mathbf{g}_i^t - \bar{\mathbf{g}}^t\|^2",
        None,
        honest_dispersion,
        (HONEST, LOAD, TASKS),
        ("lad.lemma2", "lad.lemma1.any_matrix"),
        "For any 0-1 matrix with d ones in each row, without compression; spread is the sum over columns of "
        "(number of ones - d)^2.",
        SLACK,
    ),
    _claim(
        "lad.remark1",
        "Redundancy reduces the variance of the messages",
        "Remark 1",
        "The deviation (18) never increases with the load.",
        Monotone(lemma2.deviation().conclusion, d, "decreasing", SLACK, (HONEST, LOAD)),
    ),
    _claim(
        "lad.learning_rate",
        "The learning rate makes the bracket positive",
        "Appendix F",
        "Below the learning rate of Theorem 1 the coefficient of the squared gradient in (69) is positive.",
        Always(
            sp.S.Zero,
            "<",
            (gamma0 * _edge - gamma0**2 * L * (kappa * theorem1.K2 + _k4)).subs(gamma0, _step_size),
        ),
        ("69", "70"),
    ),
    _claim(
        "lad.eq32.kappa",
        "A more robust rule has a smaller error term",
        "Section VI",
        "The error term (32) never decreases with kappa. Here k = sqrt(kappa), w = sqrt(kappa2), nu = 1/N.",
        Monotone(_abstract_error, _k, "increasing", {_inverse: _denominator}),
        ("32",),
    ),
    _claim(
        "lad.fig2",
        "Less compression, smaller error",
        "Section VI, Fig. 2",
        "As delta decreases the error term (33) decreases.",
        Monotone(EQ33, delta, "increasing", SLACK, (HONEST, LOAD, theorem1.SPREADING, *_POSITIVE)),
        ("33",),
    ),
    _claim(
        "lad.fig2.example",
        "Less compression, smaller error, in Fig. 2",
        "Section VI, Fig. 2",
        "At N = 100, H = 65, kappa = 1.5, beta = 1, d = 5 the error term (33) decreases as delta decreases.",
        Monotone(EQ33.subs(_FIG2), delta, "increasing", {}, (_PLOTTED,)),
        ("33",),
    ),
    _claim(
        "lad.fig2.condition",
        "Theorem 1 says something throughout Fig. 2",
        "Section VI, Fig. 2",
        "The condition sqrt(kappa kappa2) < 1/N holds wherever the error term is plotted, 0 <= delta <= 2.",
        Always(_condition.lhs.subs(_FIG2), "<", _condition.rhs.subs(_FIG2), {}, (_PLOTTED,)),
    ),
    _claim(
        "lad.fig3",
        "More computation, smaller error",
        "Section VI, Fig. 3",
        "The error term (33), that is its square, never increases with d.",
        Monotone(
            EQ33**2, d, "decreasing", {**SLACK, delta: _compressed}, (HONEST, LOAD, theorem1.SPREADING, *_POSITIVE)
        ),
        ("33",),
    ),
    _claim(
        "lad.fig3.condition",
        "Theorem 1 says something throughout Fig. 3",
        "Section VI, Fig. 3",
        "The condition sqrt(kappa kappa2) < 1/N holds for every load from 1 to 100 at delta = 0.5.",
        FirstAt(_condition, d, 1, 100, _FIG3),
    ),
    _claim(
        "lad.eq35.load",
        "More computation, smaller order",
        "Section VI",
        "The order (35), that is its square, never increases with d.",
        Monotone(EQ35**2, d, "decreasing", SLACK, (HONEST, LOAD, *_POSITIVE)),
        ("35",),
    ),
    _claim(
        "lad.eq34.load",
        "More computation, smaller error term",
        "Section VI",
        "The error term (34) at a vanishing learning rate never increases with d: it is p x / (nu - q x) with "
        "nu = 1/N, q = 2 sqrt(kappa (N-H)/(H (N-1))) / N and x = sqrt((N-d)/d).",
        AllOf(
            (
                Monotone(_p * _x / (_inverse - _q * _x), _x, "increasing", {_inverse: _q * _x + _edge}),
                Monotone((N - d) / d, d, "decreasing", SLACK, (HONEST, LOAD)),
            )
        ),
        ("34",),
    ),
    _claim(
        "lad.full_load",
        "No error when every device computes everything",
        "Section VI",
        "The error term (34) tends to zero as d tends to N.",
        LimitIs(theorem2.error().conclusion, d, N, sp.S.Zero, "-"),
        ("34",),
    ),
    _claim(
        "lad.quantisation",
        "Stochastic quantisation satisfies (10)",
        "Section V",
        "On a fixed interval around zero, here [-1, 1], the relative squared error of an entry g stays bounded as g "
        "tends to zero, so that some finite delta exists.",
        FiniteLimit((1 - _g) * (_g + 1) / _g**2, _g, sp.S.Zero),
        ("10",),
    ),
    Statement(
        "lad.sparsification",
        "Constant of random sparsification",
        source("Section V", "10"),
        Kind.REMARK,
        Relation.EQUALITY,
        r"\delta",
        None,
        sparsification,
        (Hypothesis("1 <= Q_kept <= Q", sp.And(kept >= 1, kept <= Q)),),
        ("lad.definition2",),
        "Q_kept entries are kept and scaled by Q / Q_kept; the relative squared error is the same for every vector.",
    ),
    _claim(
        "lad.eq54.independence",
        "Unbiased compressors have uncorrelated errors",
        "Appendix C",
        "By (9) and (10) alone the squared norm of the summed errors has the sum of their squared norms as its mean; "
        "compared with one error that all honest devices share.",
        WithReading(
            Always(H**2 * lemma3.error, "<=", H * lemma3.error, {}, (HONEST,)),
            Always(Split(sp.S.Zero, H, lemma3.error).value(), "=", H * lemma3.error),
            "compressors that are also independent across devices",
        ),
        ("54",),
        uses=("lad.eq54",),
    ),
    _claim(
        "lad.draco",
        "Load of the coded baseline",
        "Section VII",
        "With 20 Byzantine devices the coded baseline needs 2 * 20 + 1 = 41 gradients per device; 20 is at most half.",
        HoldsAt(
            sp.And(sp.Eq(2 * (N - H) + 1, 41, evaluate=False), sp.Le(2 * d, 2 * (N - H) + 1)),
            {N: sp.Integer(100), H: sp.Integer(80), d: sp.Integer(20)},
        ),
    ),
)

"""Symbols, hypotheses and reasons that all proofs about robustness constants share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from ..inequalities import Algebra, Replace, Squares
from ..proof import Chain, Derivation, Shift
from ..squares import lagrange
from ..statement import Hypothesis, Source
from ..symbols import H, N, alpha

#: Number of Byzantine devices.
f = sp.Symbol("f", integer=True, nonnegative=True)
_t = sp.Symbol("t", integer=True, nonnegative=True)
#: Squared distance between the aggregate and the mean of the honest messages.
deviation = sp.Symbol("D", nonnegative=True)
#: Mean squared distance of the honest messages to their mean.
variance = sp.Symbol("V_z", positive=True)
#: Squared deviation after the reduction to honest messages alone.
reduced = sp.Symbol("E", nonnegative=True)
#: Largest squared distance of an honest message to their mean.
largest = sp.Symbol("M_z", positive=True)

MEANINGS = {
    deviation: r"\|\mathrm{agg} - \bar z\|^2",
    variance: r"\frac1H \sum_i \|z_i - \bar z\|^2",
    reduced: r"\|\bar z_K - \bar z\|^2",
    largest: r"\max_i \|z_i - \bar z\|^2",
}
#: Slack variables of an honest majority: N = H + f, H = f + 1 + t.
MAJORITY_SHIFT: Shift = {N: H + f, H: f + 1 + _t}
#: LAD Definition 1 asks for it.
MAJORITY = Hypothesis("an honest majority: N/2 < H <= N", sp.And(sp.Lt(N, 2 * H), sp.Le(H, N)))
#: CRA Definition 1, where a majority is honest.
MINORITY = Hypothesis("less than half of the devices are Byzantine", sp.Lt(alpha, sp.Rational(1, 2)))
ODD = Hypothesis("an odd number of devices", sp.Eq(sp.Mod(N, 2), 1))
EVEN = Hypothesis("an even number of devices", sp.Eq(sp.Mod(N, 2), 0))
ALLOUAH = Source("Allouah et al. 2023 (Fixing by mixing)", "Table 1")
OWN = "byzbounds"
#: N - 2 f: honest messages that are left when f of them are left out.
CORE = 2 * H - N
#: f / (N - 2 f), which no rule beats.
FLOOR = (N - H) / (2 * H - N)
#: The abbreviation q = f / (N - 2 f) of the published constants.
q = FLOOR


def by_subset_mean(key: str, size: sp.Expr, result: sp.Expr, reduction: str, title: str) -> Derivation:
    """kappa of a rule that never lies farther from the honest mean than the mean of ``size`` honest values does.

    Parameters
    ----------
    key, title : str
        Of the derivation.
    size : sympy expression
        Number of honest values, in N and H.
    result : sympy expression
        The constant, equal to ``(H - size) / size``.
    reduction : str
        Why the rule lies no farther, per coordinate.

    Returns
    -------
    Derivation
        From deviation over variance to ``result``, with the case of equality as a side derivation.
    """
    shift = MAJORITY_SHIFT
    weights = 1 / size - 1 / H
    chain = Chain(key, deviation / variance, title)
    chain.step("<=", reduced / variance, Replace({deviation: reduced}, reduction), note=reduction)
    cauchy = Squares(
        ((1 / variance, lagrange(weights, H * variance, reduced)),), shift, "Cauchy-Schwarz in each coordinate"
    )
    chain.at_most(weights * H, cauchy, note="the mean of K is the sum of z_i - mean with weights 1_K/|K| - 1/H")
    chain.simplify(result)
    return chain.derivation(meanings=MEANINGS, lemmas=(_attained(key, size, result),))


def _attained(key: str, size: sp.Expr, result: sp.Expr) -> Derivation:
    """Two levels, K at 1 and the other honest values at 0, give the constant exactly."""
    share = size / H
    chain = Chain(f"{key}.attained", (1 - share) ** 2 / (share * (1 - share)), "the case of equality")
    chain.simplify(result, note="deviation (1 - k/H)^2 over variance (k/H)(1 - k/H)")
    return chain.derivation()


@dataclass(frozen=True)
class Part:
    """One vector of a sum that makes up the deviation.

    Attributes
    ----------
    size : sympy expression
        Its squared norm is at most ``share * size**2 * V_z``.
    meaning : str
        LaTeX of its squared norm.
    reason : str
        Why it is no larger.
    """

    size: sp.Expr
    meaning: str
    reason: str


def by_triangle(
    key: str,
    title: str,
    split: str,
    share: sp.Expr,
    parts: Sequence[Part],
    shift: Shift,
    lemmas: tuple[Derivation, ...] = (),
) -> Derivation:
    """kappa of a rule whose deviation is at most a sum of lengths that are known one by one.

    Parameters
    ----------
    key, title : str
        Of the derivation.
    split : str
        Why the deviation is at most that sum.
    share : sympy expression
        A common factor of the squares.
    parts : sequence of Part
    shift : mapping
        Slack variables.
    lemmas : tuple of Derivation
        Side derivations.

    Returns
    -------
    Derivation
        From deviation over variance to ``share * (sum of sizes)**2``, by Cauchy-Schwarz with the sizes as weights.
    """
    squares = sp.symbols(f"s1:{len(parts) + 1}", nonnegative=True)
    whole = sp.Symbol("S2", nonnegative=True)
    total = sp.Add(*(part.size for part in parts))
    chain = Chain(key, deviation / variance, title)
    chain.bound({deviation: whole}, split)
    weighted = sp.Add(*(square / part.size for part, square in zip(parts, squares, strict=True)))
    cauchy = Squares(
        ((1 / variance, lagrange(total, weighted, whole)),), shift, "Cauchy-Schwarz, weighted by the sizes"
    )
    chain.at_most(total * weighted / variance, cauchy)
    for part, square in zip(parts, squares, strict=True):
        chain.bound({square: share * part.size**2 * variance}, part.reason, shift)
    chain.equals(share * total**2, Algebra(shift=shift))
    meanings = {**MEANINGS, whole: r"\Big(\sum_k \sqrt{s_k}\Big)^2"}
    meanings |= {square: part.meaning for part, square in zip(parts, squares, strict=True)}
    return chain.derivation(meanings=meanings, lemmas=lemmas)

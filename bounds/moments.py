"""Expectations over random subsets, random permutations and unbiased compressors, computed from their moments.

Every quantity is a quadratic form, so that two numbers of its matrix B are enough: ``trace`` (the diagonal orbit) and
``total = 1^T B 1`` (both orbits); and two numbers of the vectors: ``sum_of_squares`` = sum ||x_k||^2 and
``square_of_sum`` = ||sum x_k||^2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import sympy as sp

from .certificates import Context, Shift, encode, resolve
from .inequalities import Finding, Status, certify, refute


class Expectation(Protocol):
    """An expectation that is computed, never asserted."""

    def value(self) -> sp.Expr:
        """Its value, from counting."""
        ...

    def parts(self) -> Mapping[str, sp.Expr]:
        """What it is computed from; the checker computes it again from these, by a formula of its own."""
        ...

    @property
    def model(self) -> str:
        """Name of the model, for the checker."""
        ...


@dataclass(frozen=True)
class UniformSubset:
    """A subset of fixed size, uniform among all, with indicator vector h.

    Attributes
    ----------
    n : sympy expression
        Size of the ground set.
    size : sympy expression
        Size of the subset.
    """

    n: sp.Expr
    size: sp.Expr

    def moment(self, order: int) -> sp.Expr:
        """E of the product of ``order`` different entries of h: subsets that contain them, over all subsets."""
        return sp.binomial(self.n - order, self.size - order) / sp.binomial(self.n, self.size)

    def first(self) -> sp.Expr:
        """E h_i."""
        return sp.gammasimp(sp.combsimp(self.moment(1)))

    def pair(self) -> sp.Expr:
        """E h_i h_k for i != k."""
        return sp.factor(sp.gammasimp(sp.combsimp(self.moment(2))))


@dataclass(frozen=True)
class SubsetForm:
    """``E[h B h^T]`` for a uniform subset.

    Attributes
    ----------
    subset : UniformSubset
        Distribution of h.
    trace, total : sympy expression
        ``tr B`` and ``1^T B 1``. For ``E ||h X||^2``: sum ||x_i||^2 and ||sum x_i||^2 over the rows of X.
    """

    subset: UniformSubset
    trace: sp.Expr
    total: sp.Expr
    model = "subset"

    def value(self) -> sp.Expr:
        """Diagonal orbit with E h_i, off-diagonal orbit with E h_i h_k."""
        return self.subset.first() * self.trace + self.subset.pair() * (self.total - self.trace)

    def parts(self) -> Mapping[str, sp.Expr]:
        """Size of the ground set and of the subset, and the two orbit sums."""
        return {"n": self.subset.n, "size": self.subset.size, "trace": self.trace, "total": self.total}


@dataclass(frozen=True)
class PermutationForm:
    """``E sum_{k,l} B_kl <x_{p(k)}, x_{p(l)}>`` over a uniform permutation p of n vectors.

    Attributes
    ----------
    n : sympy expression
        Number of vectors.
    trace, total : sympy expression
        ``tr B`` and ``1^T B 1``. For ``E ||a X_p||^2``: ||a||^2 and (sum of a)^2.
    sum_of_squares, square_of_sum : sympy expression
        Of the vectors.
    """

    n: sp.Expr
    trace: sp.Expr
    total: sp.Expr
    sum_of_squares: sp.Expr
    square_of_sum: sp.Expr
    model = "permutation"

    def value(self) -> sp.Expr:
        """Each orbit of pairs is averaged over."""
        same = self.sum_of_squares / self.n
        different = (self.square_of_sum - self.sum_of_squares) / (2 * sp.binomial(self.n, 2)).expand(func=True)
        return self.trace * same + (self.total - self.trace) * different

    def parts(self) -> Mapping[str, sp.Expr]:
        """Number of vectors, and the orbit sums of matrix and vectors."""
        return {
            "n": self.n,
            "trace": self.trace,
            "total": self.total,
            "sum_of_squares": self.sum_of_squares,
            "square_of_sum": self.square_of_sum,
        }


@dataclass(frozen=True)
class PermutationMean:
    """``E sum_k b_k <x_{p(k)}, w>`` over a uniform permutation p of n vectors, for a fixed w.

    Attributes
    ----------
    n : sympy expression
        Number of vectors.
    total : sympy expression
        Sum of the b_k.
    inner_of_sum : sympy expression
        ``<sum x_k, w>``.
    """

    n: sp.Expr
    total: sp.Expr
    inner_of_sum: sp.Expr
    model = "mean"

    def value(self) -> sp.Expr:
        """Every vector is equally likely in every place."""
        return self.total * self.inner_of_sum / self.n

    def parts(self) -> Mapping[str, sp.Expr]:
        """Number of vectors, sum of weights, and the inner product."""
        return {"n": self.n, "total": self.total, "inner_of_sum": self.inner_of_sum}


@dataclass(frozen=True)
class Split:
    """``E ||u + sum_i c_i e_i||^2`` for errors of conditional mean zero, independent of one another.

    Attributes
    ----------
    base : sympy expression
        ``E ||u||^2``.
    weights : sympy expression
        ``sum c_i^2``.
    error : sympy expression
        ``E ||e_i||^2``, the same for every i (or their mean, if the weights are equal).
    """

    base: sp.Expr
    weights: sp.Expr
    error: sp.Expr
    model = "split"

    def value(self) -> sp.Expr:
        """All cross terms vanish."""
        return self.base + self.weights * self.error

    def parts(self) -> Mapping[str, sp.Expr]:
        """Base, weights and error."""
        return {"base": self.base, "weights": self.weights, "error": self.error}


@dataclass(frozen=True)
class Moment:
    """Reason for an equality: expectations are replaced by their computed values.

    Attributes
    ----------
    values : mapping
        Symbol of the expectation -> how it is computed.
    given : mapping
        Definitions inserted first.
    shift : mapping
        Slack variables.
    why : str
        In words.
    """

    values: Mapping[sp.Symbol, Expectation]
    given: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    shift: Shift = field(default_factory=dict)
    why: str = ""

    def describe(self) -> str:
        """A few words for people."""
        return self.why or "moments"

    def apply(self, before: sp.Expr) -> sp.Expr:
        """The other side of the step."""
        inserted = before.subs(self.given)
        return inserted.subs({symbol: expectation.value() for symbol, expectation in self.values.items()})

    def prove(self, before: sp.Expr, after: sp.Expr, relation: str) -> Finding:
        """Try to prove ``before relation after``."""
        before, after = before.subs(self.given), after.subs(self.given)
        parts = {symbol: dict(expectation.parts()) for symbol, expectation in self.values.items()}
        mentioned = [sp.sympify(part) for values in parts.values() for part in values.values()]
        header = Context(resolve(self.shift)).header((before, after, *mentioned, *self.values))
        certificate: dict[str, Any] = {"kind": "moment", "relation": relation, **header}
        certificate["before"], certificate["after"] = encode(before), encode(after)
        certificate["moments"] = [
            [symbol.name, expectation.model, {name: encode(sp.sympify(part)) for name, part in parts[symbol].items()}]
            for symbol, expectation in self.values.items()
        ]
        finding = certify(certificate)
        if finding.status is Status.PROVED:
            return finding
        witness = refute(after - self.apply(before), self.shift, equality=True)
        return Finding(Status.DOES_NOT_FOLLOW, certificate, finding.detail, witness) if witness else finding


def sum_of_squares(n: sp.Expr, mean_sq: sp.Expr, variance: sp.Expr) -> sp.Expr:
    """``sum ||x_k||^2`` of n vectors, from the squared norm of their mean and their mean squared deviation."""
    return n * variance + n * mean_sq


def mean_of_compressed(honest: sp.Expr, base: sp.Expr, error: sp.Expr) -> Split:
    """``E ||mean of compressed messages - u||^2`` from the same without compression and one message's error."""
    return Split(base, 1 / honest, error)


def dispersion_of_compressed(honest: sp.Expr, base: sp.Expr, error: sp.Expr) -> Split:
    """Mean squared distance of the compressed messages from their mean, from the same without compression."""
    return Split(base, (honest - 1) / honest, error)

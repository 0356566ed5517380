"""Why a step holds: reasons that search for a certificate, and refute when there is none.

A reason proposes; :mod:`~byzbounds.bounds.checker` decides. A step without an accepted certificate is never PROVED.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import sympy as sp

from .certificates import Context, Shift, encode, resolve
from .checker import Rejected, verify
from .squares import Gram, Square, diagonalise


class Status(StrEnum):
    """What became of a step."""

    PROVED = "PROVED"
    UNPROVED = "UNPROVED"
    DOES_NOT_FOLLOW = "DOES NOT FOLLOW"


@dataclass(frozen=True)
class Finding:
    """What a reason found out about a step.

    Attributes
    ----------
    status : Status
        PROVED only with a certificate that the checker accepted.
    certificate : dict or None
        Plain data.
    detail : str
        Why not.
    witness : dict or None
        For DOES NOT FOLLOW: symbol name -> exact value at which the step fails.
    """

    status: Status
    certificate: dict[str, Any] | None = None
    detail: str = ""
    witness: dict[str, str] | None = None


class Reason(Protocol):
    """Anything that can justify a step."""

    def describe(self) -> str:
        """A few words for people."""
        ...

    def prove(self, before: sp.Expr, after: sp.Expr, relation: str) -> Finding:
        """Try to prove ``before relation after``."""
        ...


def certify(certificate: dict[str, Any]) -> Finding:
    """PROVED if the checker accepts the certificate, else UNPROVED with its complaint."""
    try:
        verify(certificate)
    except Rejected as complaint:
        return Finding(Status.UNPROVED, certificate, str(complaint))
    return Finding(Status.PROVED, certificate)


def _certificate(
    kind: str, before: sp.Expr, after: sp.Expr, relation: str, context: Context, *more: sp.Expr
) -> dict[str, Any]:
    header = context.header((before, after, *more))
    return {"kind": kind, "relation": relation, "before": encode(before), "after": encode(after), **header}


def sample_point(symbols: Sequence[sp.Symbol], rng: random.Random) -> dict[sp.Symbol, sp.Expr]:
    """A random exact point that respects the symbols' signs."""
    point: dict[sp.Symbol, sp.Expr] = {}
    for symbol in symbols:
        low = 1 if symbol.is_positive else 0 if symbol.is_nonnegative else -9
        number = sp.Integer(rng.randint(low, 9))
        if not symbol.is_integer and rng.random() < 0.7:
            number = (number + sp.Rational(rng.randint(0, 6), 7)) * sp.Integer(10) ** rng.randint(-2, 1)
        point[symbol] = number if number != 0 or not symbol.is_positive else sp.Integer(1)
    return point


def refute(difference: sp.Expr, shift: Shift, equality: bool, tries: int = 60) -> dict[str, str] | None:
    """An exact point at which the difference is non-zero (equality) or negative; None if none was met."""
    shifted = difference.subs(resolve(shift))
    symbols = sorted(shifted.free_symbols, key=lambda symbol: symbol.name)
    rng = random.Random(len(symbols) + 17)
    for _ in range(tries):
        point = sample_point(symbols, rng)
        value = shifted.subs(point)
        if value.is_real and value.is_finite and (sp.simplify(value) != 0 if equality else value.is_negative):
            full = {**point, **{symbol: target.subs(point) for symbol, target in resolve(shift).items()}}
            return {symbol.name: str(number) for symbol, number in sorted(full.items(), key=lambda item: item[0].name)}
    return None


def _or_refute(finding: Finding, gain: sp.Expr, shift: Shift, equality: bool) -> Finding:
    if finding.status is Status.PROVED:
        return finding
    witness = refute(gain, shift, equality)
    if witness is None:
        return finding
    return Finding(Status.DOES_NOT_FOLLOW, finding.certificate, finding.detail, witness)


def gain_of(before: sp.Expr, after: sp.Expr, relation: str) -> sp.Expr:
    """The difference that must be non-negative (zero for an equality)."""
    return before - after if relation in (">=", ">") else after - before


@dataclass(frozen=True)
class Algebra:
    """Both sides are the same function.

    Attributes
    ----------
    given : mapping
        Definitions to insert first: symbol -> expression.
    shift : mapping
        Slack variables, needed where square roots of products are split.
    why : str
        What is being rearranged, in words.
    """

    given: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    shift: Shift = field(default_factory=dict)
    why: str = ""

    def describe(self) -> str:
        """A few words for people."""
        return self.why or ("definitions" if self.given else "algebra")

    def prove(self, before: sp.Expr, after: sp.Expr, relation: str) -> Finding:
        """Try to prove ``before relation after`` (an equality proves both inequalities)."""
        before, after = before.subs(self.given), after.subs(self.given)
        finding = certify(_certificate("zero", before, after, relation, Context(resolve(self.shift))))
        return _or_refute(finding, gain_of(before, after, relation), self.shift, relation == "=")


@dataclass(frozen=True)
class Positivity:
    """In slack variables every coefficient of the difference is non-negative.

    Attributes
    ----------
    shift : mapping
        For example ``{N: H + f, H: f + 1 + t}`` with non-negative ``f`` and ``t``.
    given : mapping
        Definitions to insert first.
    why : str
        In words.
    """

    shift: Shift = field(default_factory=dict)
    given: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    why: str = ""

    def describe(self) -> str:
        """A few words for people."""
        return self.why or "non-negative coefficients in slack variables"

    def prove(self, before: sp.Expr, after: sp.Expr, relation: str) -> Finding:
        """Try to prove ``before relation after``."""
        before, after = before.subs(self.given), after.subs(self.given)
        finding = certify(_certificate("positivity", before, after, relation, Context(resolve(self.shift))))
        return _or_refute(finding, gain_of(before, after, relation), self.shift, relation == "=")


@dataclass(frozen=True)
class Replace:
    """Each symbol is replaced by a bound on it; it enters affinely with a coefficient of the right sign.

    Attributes
    ----------
    bounds : mapping
        Symbol -> bound, replaced in this order.
    premise : str
        Where the bounds come from: the key of a statement, or an assumption.
    directions : mapping
        Symbol -> "<=" or ">=" (symbol relates to bound); "<=" where not given.
    shift : mapping
        Slack variables in which the coefficients are seen to be non-negative.
    """

    bounds: Mapping[sp.Symbol, sp.Expr]
    premise: str = ""
    directions: Mapping[sp.Symbol, str] = field(default_factory=dict)
    shift: Shift = field(default_factory=dict)

    def describe(self) -> str:
        """A few words for people."""
        return f"by {self.premise}" if self.premise else "replaced by its bound"

    def apply(self, before: sp.Expr) -> sp.Expr:
        """The other side of the step."""
        for symbol, bound in self.bounds.items():
            before = before.subs(symbol, bound)
        return before

    def prove(self, before: sp.Expr, after: sp.Expr, relation: str) -> Finding:
        """Try to prove ``before relation after``."""
        certificate = _certificate(
            "replace", before, after, relation, Context(resolve(self.shift)), *self.bounds.values(), *self.bounds
        )
        certificate["replacements"] = [
            [symbol.name, encode(bound), self.directions.get(symbol, "<=")] for symbol, bound in self.bounds.items()
        ]
        finding = certify(certificate)
        if finding.status is Status.PROVED:
            return finding
        witness = refute(self.apply(before) - after, self.shift, equality=True)
        return Finding(Status.DOES_NOT_FOLLOW, certificate, finding.detail, witness) if witness else finding


@dataclass(frozen=True)
class Squares:
    """The difference is a sum of squares with non-negative weights.

    Attributes
    ----------
    terms : sequence of (weight, Square)
        Given explicitly.
    shift : mapping
        Slack variables in which the weights are seen to be non-negative.
    why : str
        In words.
    """

    terms: Sequence[tuple[sp.Expr, Square]]
    shift: Shift = field(default_factory=dict)
    why: str = ""

    def describe(self) -> str:
        """A few words for people."""
        return self.why or "sum of squares"

    def prove(self, before: sp.Expr, after: sp.Expr, relation: str) -> Finding:
        """Try to prove ``before relation after``."""
        parts = [part for weight, square in self.terms for part in (weight, *square.expressions())]
        certificate = _certificate("squares", before, after, relation, Context(resolve(self.shift)), *parts)
        certificate["terms"] = [{"weight": encode(weight), "square": square.data()} for weight, square in self.terms]
        return certify(certificate)


@dataclass(frozen=True)
class PSD:
    """The difference is a positive semidefinite quadratic form in vectors, diagonalised exactly.

    Young's, Cauchy-Schwarz's and Jensen's inequality and ``||a + b||^2 <= 2 ||a||^2 + 2 ||b||^2`` are instances.

    Attributes
    ----------
    gram : Gram
        The vectors and the symbols of their inner products.
    shift : mapping
        Slack variables in which the pivots are seen to be non-negative.
    why : str
        In words.
    """

    gram: Gram
    shift: Shift = field(default_factory=dict)
    why: str = ""

    def describe(self) -> str:
        """A few words for people."""
        return self.why or "positive semidefinite in inner products"

    def prove(self, before: sp.Expr, after: sp.Expr, relation: str) -> Finding:
        """Try to prove ``before relation after``."""
        matrix = self.gram.matrix(gain_of(before, after, relation))
        if matrix is None:
            return Finding(Status.UNPROVED, None, "the difference is no quadratic form in these vectors")
        terms, direction = diagonalise(matrix, self.gram)
        finding = Squares(terms, self.shift).prove(before, after, relation)
        if finding.status is Status.PROVED:
            return finding
        if direction is not None and refute(direction[1], self.shift, equality=False) is not None:
            witness = {name: str(value) for name, value in direction[0].items()}
            return Finding(Status.DOES_NOT_FOLLOW, None, "negative along a combination of the vectors", witness)
        return finding

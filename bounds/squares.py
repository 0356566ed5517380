"""Quantities that are non-negative because they are sums of squared norms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import sympy as sp

from .certificates import encode


class Square(Protocol):
    """A manifestly non-negative quantity."""

    def expand(self) -> sp.Expr:
        """The quantity in the symbols of its parts."""
        ...

    def expressions(self) -> tuple[sp.Expr, ...]:
        """All expressions that its certificate mentions."""
        ...

    def data(self) -> dict[str, Any]:
        """Plain data, expanded again by the checker."""
        ...


@dataclass(frozen=True)
class Gram:
    """Vectors of an inner-product space, known by the symbols of their inner products.

    Random vectors with the inner product ``E <u, v>`` are such vectors too.

    Attributes
    ----------
    vectors : tuple of str
        Names.
    known : mapping
        (name, name) -> expression, for products that have a symbol or value of their own; a product of two different
        vectors that are orthogonal is given as 0.
    """

    vectors: tuple[str, ...]
    known: Mapping[tuple[str, str], sp.Expr] = field(default_factory=dict)

    def product(self, u: str, v: str) -> sp.Expr:
        """The inner product of two of the vectors."""
        for pair in ((u, v), (v, u)):
            if pair in self.known:
                return sp.sympify(self.known[pair])
        first, second = sorted((u, v))
        if first == second:
            return sp.Symbol(f"|{first}|^2", nonnegative=True)
        return sp.Symbol(f"<{first},{second}>", real=True)

    def inner(self, left: Mapping[str, sp.Expr], right: Mapping[str, sp.Expr]) -> sp.Expr:
        """Inner product of two combinations, name -> coefficient."""
        return sp.Add(
            *(sp.sympify(a) * sp.sympify(b) * self.product(u, v) for u, a in left.items() for v, b in right.items())
        )

    def norm(self, vector: Mapping[str, sp.Expr]) -> sp.Expr:
        """Squared norm of a combination."""
        return sp.expand(self.inner(vector, vector))

    def matrix(self, form: sp.Expr) -> sp.Matrix | None:
        """The symmetric matrix of a quadratic form, or None if it is none in these vectors."""
        size = len(self.vectors)
        matrix = sp.zeros(size, size)
        rest = sp.expand(form)
        for i, u in enumerate(self.vectors):
            for j in range(i, size):
                product = self.product(u, self.vectors[j])
                if not isinstance(product, sp.Symbol):
                    continue
                coefficient = rest.coeff(product)
                rest = sp.expand(rest - coefficient * product)
                matrix[i, j] = matrix[j, i] = sp.factor(coefficient if i == j else coefficient / 2)
        return matrix if sp.simplify(rest) == 0 else None


@dataclass(frozen=True)
class Norm:
    """``||sum_u c_u u||^2``."""

    gram: Gram
    vector: Mapping[str, sp.Expr]

    def expand(self) -> sp.Expr:
        """In inner products."""
        return self.gram.norm(self.vector)

    def _products(self) -> list[tuple[str, str, sp.Expr]]:
        names = sorted(self.vector)
        return [(u, v, self.gram.product(u, v)) for i, u in enumerate(names) for v in names[i:]]

    def expressions(self) -> tuple[sp.Expr, ...]:
        """Coefficients and inner products."""
        return (*map(sp.sympify, self.vector.values()), *(product for _, _, product in self._products()))

    def data(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "form": "norm",
            "vector": {name: encode(sp.sympify(value)) for name, value in self.vector.items()},
            "products": [[u, v, encode(product)] for u, v, product in self._products()],
        }


@dataclass(frozen=True)
class SumSquare:
    """A sum of squared norms over an index set, known by its sums.

    Attributes
    ----------
    form : str
        ``"pairs"``: sum over i < j of ||x_i - x_j||^2, from n, sum_of_squares, square_of_sum.
        ``"deviations"``: sum of ||x_i - c||^2, from n, sum_of_squares, inner_of_sum = <sum x_i, c>, centre = ||c||^2.
        ``"lagrange"``: sum over k < l of ||a_k y_l - a_l y_k||^2, from weights = ||a||^2, sum_of_squares,
        square_of_sum = ||sum a_k y_k||^2.
    parts : mapping
        Name -> expression.
    """

    form: str
    parts: Mapping[str, sp.Expr]

    def expand(self) -> sp.Expr:
        """In the sums."""
        part = {name: sp.sympify(value) for name, value in self.parts.items()}
        if self.form == "pairs":
            return part["n"] * part["sum_of_squares"] - part["square_of_sum"]
        if self.form == "deviations":
            return part["sum_of_squares"] - 2 * part["inner_of_sum"] + part["n"] * part["centre"]
        if self.form == "lagrange":
            return part["weights"] * part["sum_of_squares"] - part["square_of_sum"]
        raise ValueError(f"SumSquare(form={self.form!r}) is pairs, deviations or lagrange")

    def expressions(self) -> tuple[sp.Expr, ...]:
        """Its parts."""
        return tuple(map(sp.sympify, self.parts.values()))

    def data(self) -> dict[str, Any]:
        """Plain data."""
        return {"form": self.form, **{name: encode(sp.sympify(value)) for name, value in self.parts.items()}}


def pairs(n: sp.Expr, sum_of_squares: sp.Expr, square_of_sum: sp.Expr) -> SumSquare:
    """``sum_{i<j} ||x_i - x_j||^2``, which is ``n sum ||x_i||^2 - ||sum x_i||^2``."""
    return SumSquare("pairs", {"n": n, "sum_of_squares": sum_of_squares, "square_of_sum": square_of_sum})


def deviations(n: sp.Expr, sum_of_squares: sp.Expr, inner_of_sum: sp.Expr, centre: sp.Expr) -> SumSquare:
    """``sum_i ||x_i - c||^2``, with ``inner_of_sum = <sum x_i, c>`` and ``centre = ||c||^2``."""
    parts = {"n": n, "sum_of_squares": sum_of_squares, "inner_of_sum": inner_of_sum, "centre": centre}
    return SumSquare("deviations", parts)


def lagrange(weights: sp.Expr, sum_of_squares: sp.Expr, square_of_sum: sp.Expr) -> SumSquare:
    """``sum_{k<l} ||a_k y_l - a_l y_k||^2``, which is ``||a||^2 sum ||y_k||^2 - ||sum a_k y_k||^2``."""
    return SumSquare("lagrange", {"weights": weights, "sum_of_squares": sum_of_squares, "square_of_sum": square_of_sum})


def diagonalise(
    matrix: sp.Matrix, gram: Gram
) -> tuple[Sequence[tuple[sp.Expr, Norm]], tuple[dict[str, sp.Expr], sp.Expr] | None]:
    """Exact LDL^T: the form as weighted squares.

    Returns
    -------
    terms : sequence of (pivot, Norm)
        Pivots may turn out negative: whoever uses them must check.
    direction : tuple or None
        Name -> coefficient of the last square whose pivot is not visibly non-negative, and that pivot.
    """
    rest = matrix.copy()
    size = rest.rows
    terms: list[tuple[sp.Expr, Norm]] = []
    direction = None
    for _ in range(size):
        pivot_row = next((i for i in range(size) if sp.simplify(rest[i, i]) != 0), None)
        if pivot_row is None:
            break
        pivot = sp.factor(rest[pivot_row, pivot_row])
        row = [sp.cancel(rest[pivot_row, j] / pivot) for j in range(size)]
        vector = {gram.vectors[j]: row[j] for j in range(size) if row[j] != 0}
        terms.append((pivot, Norm(gram, vector)))
        if not pivot.is_nonnegative:
            direction = (vector, pivot)
        rest = (rest - pivot * sp.Matrix(size, size, lambda i, j, row=row: row[i] * row[j])).applyfunc(sp.cancel)
    return terms, direction

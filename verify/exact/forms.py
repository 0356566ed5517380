"""Exact quadratic forms: equality, order and witnesses, in rationals.

A left-hand side that is an expected squared norm is a quadratic form in the gradients. Its matrix is computed by
enumeration; comparing matrices compares the two sides for all gradients at once, which is what polarisation of a
basis of quadratic forms would do one form at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

Matrix = list[list[Fraction]]


def matrix(rows: Sequence[Sequence[int]], denominator: Fraction | int) -> Matrix:
    """Integers over a common denominator."""
    return [[Fraction(int(entry)) / denominator for entry in row] for row in rows]


def combine(size: int, identity: Fraction, ones: Fraction) -> Matrix:
    """``identity * I + ones * 1 1^T``."""
    return [[ones + (identity if i == j else 0) for j in range(size)] for i in range(size)]


def claim(size: int, variance: Fraction, gradient: Fraction) -> Matrix:
    """The form ``variance * V + gradient * ||grad F||^2`` in the gradients of ``size`` subsets.

    Here ``V = (1/n) sum ||grad f_k - mu||^2`` has the matrix ``(I - 1 1^T / n) / n`` and ``||grad F||^2`` has ``1
    1^T``.
    """
    return combine(size, variance / size, gradient - variance / size**2)


def subtract(left: Matrix, right: Matrix) -> Matrix:
    """``left - right``."""
    return [[a - b for a, b in zip(x, y, strict=True)] for x, y in zip(left, right, strict=True)]


def value(form: Matrix, vector: Sequence[Fraction]) -> Fraction:
    """``vector^T form vector``."""
    products = [sum((a * b for a, b in zip(row, vector, strict=True)), Fraction(0)) for row in form]
    return sum((a * b for a, b in zip(vector, products, strict=True)), Fraction(0))


def is_zero(form: Matrix) -> bool:
    """Whether every entry is zero."""
    return all(entry == 0 for row in form for entry in row)


def is_positive_semidefinite(form: Matrix) -> bool:
    """Decide by symmetric elimination: a negative pivot, or a zero pivot in a row that is not zero, says no."""
    rest = [list(row) for row in form]
    while rest:
        pivot, *tail = rest[0]
        if pivot < 0 or (pivot == 0 and any(tail)):
            return False
        below = rest[1:]
        factors = [row[0] / pivot if pivot else Fraction(0) for row in below]
        rest = [[entry - factor * head for entry, head in zip(row[1:], tail, strict=True)]
                for row, factor in zip(below, factors, strict=True)]  # fmt: skip
    return True


def negative_direction(form: Matrix, denominator: int = 1000) -> list[Fraction] | None:
    """A rational vector at which the form is negative, or None if the search finds none.

    Found in floating point, rounded, and evaluated exactly: what is returned is a witness.
    """
    values, vectors = np.linalg.eigh(np.array([[float(entry) for entry in row] for row in form]))
    if values[0] >= 0:
        return None
    direction = vectors[:, 0] / np.abs(vectors[:, 0]).max()
    candidate = [Fraction(float(entry)).limit_denominator(denominator) for entry in direction]
    return candidate if value(form, candidate) < 0 else None


def smallest_eigenvalue(form: Matrix) -> float:
    """In floating point, for reports."""
    return float(np.linalg.eigvalsh(np.array([[float(entry) for entry in row] for row in form]))[0])

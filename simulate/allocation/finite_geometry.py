"""Incidence matrices of finite geometries, and difference sets of power residues."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.int64]
Incidence = npt.NDArray[np.int8]


def prime_power(q: int) -> tuple[int, int] | None:
    """(p, n) with p prime and p^n = q, or None."""
    if q < 2:
        return None
    p = next(k for k in range(2, q + 1) if q % k == 0)
    n = 1
    while p**n < q:
        n += 1
    return (p, n) if p**n == q else None


@cache
def field(q: int) -> tuple[Table, Table]:
    """Addition and multiplication tables of the field with q elements; 0 and 1 are the elements 0 and 1.

    Elements are whole numbers, whose base-p digits are the coefficients of a polynomial over the integers mod p.

    Raises
    ------
    ValueError
        If q is not a power of a prime.
    """
    power = prime_power(q)
    if power is None:
        raise ValueError(f"a finite field needs a prime power of elements, got q={q}")
    p, n = power
    digits = np.array([[(element // p**place) % p for place in range(n)] for element in range(q)])
    places = p ** np.arange(n)
    add = ((digits[:, None] + digits[None]) % p) @ places
    for low in itertools.product(range(p), repeat=n):
        multiply = _multiplication(digits, np.array(low), p) @ places
        if all(len(set(row)) == q for row in multiply[1:].tolist()):
            return add, multiply
    raise AssertionError("an irreducible polynomial exists for every degree")


def _multiplication(digits: Table, low: Table, p: int) -> Table:
    """Digits of all products modulo x^n + low(x); a field's exactly when that polynomial is irreducible."""
    q, n = digits.shape
    shifted = np.broadcast_to(digits[None], (q, q, n)).copy()
    product = np.zeros((q, q, n), dtype=np.int64)
    for place in range(n):
        product = (product + digits[:, None, place, None] * shifted) % p
        carry = shifted[..., -1:]
        shifted = (np.concatenate((np.zeros_like(carry), shifted[..., :-1]), axis=-1) - carry * low) % p
    return product


def _dot(u: Table, v: Table, q: int) -> Table:
    add, multiply = field(q)
    products = multiply[u[:, None, :], v[None, :, :]]
    total = products[..., 0]
    for term in range(1, products.shape[-1]):
        total = add[total, products[..., term]]
    return total


def _normalised(length: int, q: int) -> Table:
    """One vector of each line through the origin: the first non-zero element is 1."""
    vectors = itertools.product(range(q), repeat=length)
    return np.array([v for v in vectors if next((e for e in v if e), 0) == 1])


def projective_space(n: int, q: int) -> Incidence:
    """Hyperplanes (rows) and points (columns) of PG(n, q): a symmetric design; for n = 2 the projective plane."""
    vectors = _normalised(n + 1, q)
    incidence: Incidence = (_dot(vectors, vectors, q) == 0).astype(np.int8)
    return incidence


def affine_planes(q: int) -> Iterator[Incidence]:
    """Lines (rows) and points (columns) of AG(2, q), and hyperplanes of AG(3, q) when that is small."""
    for n in (2, 3) if q <= 4 else (2,):
        points = np.array(list(itertools.product(range(q), repeat=n)))
        values = _dot(_normalised(n, q), points, q)
        yield np.concatenate([values == offset for offset in range(q)]).astype(np.int8)


def power_residue_sets(v: int, k: int) -> Iterator[Table]:
    """Difference sets of size k mod a prime v made of e-th power residues, e = 2, 4, 8, with or without 0."""
    if prime_power(v) != (v, 1):
        return
    residues = {tuple(sorted({pow(x, e, v) for x in range(1, v)})) for e in (2, 4, 8)}
    for nonzero in sorted(residues, key=len):
        for base in (list(nonzero), [0, *nonzero]):
            if len(base) == k and _is_difference_set(base, v):
                yield np.array(base)


def _is_difference_set(base: list[int], v: int) -> bool:
    elements = np.array(base)
    counts = np.bincount(((elements[:, None] - elements) % v).ravel(), minlength=v)
    return bool((counts[1:] == counts[1]).all())

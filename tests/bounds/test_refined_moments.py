"""The exact moments, against counting all permutations, honest sets and compressor outcomes."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import combinations, permutations, product

import pytest
import sympy as sp

from byzbounds.bounds import get
from byzbounds.bounds.refined.lad_moments import dispersion_balanced, matrix_dispersion, matrix_noise, noise_balanced
from byzbounds.bounds.refined.notation import theta_sq
from byzbounds.bounds.symbols import H, N, V, d, delta, grad_sq

Matrix = list[list[int]]


def cyclic(n: int, load: int) -> Matrix:
    return [[int((column - row) % n < load) for column in range(n)] for row in range(n)]


def arbitrary(n: int, load: int, rng: random.Random) -> Matrix:
    rows = [set(rng.sample(range(n), load)) for _ in range(n)]
    return [[int(column in row) for column in range(n)] for row in rows]


def enumerated(matrix: Matrix, honest: int, gradients: list[Fraction]) -> tuple[Fraction, Fraction, Fraction]:
    """Noise of the honest average, dispersion, and mean squared message, by counting."""
    n, load = len(matrix), sum(matrix[0])
    mean = sum(gradients, Fraction(0)) / n
    totals, count = [Fraction(0)] * 3, 0
    for order in permutations(range(n)):
        messages = [sum((gradients[order[k]] for k in range(n) if row[k]), Fraction(0)) / load for row in matrix]
        for chosen in combinations(messages, honest):
            average = sum(chosen, Fraction(0)) / honest
            totals[0] += (average - mean) ** 2
            totals[1] += sum(((message - average) ** 2 for message in chosen), Fraction(0)) / honest
            totals[2] += sum((message**2 for message in chosen), Fraction(0)) / honest
            count += 1
    return totals[0] / count, totals[1] / count, totals[2] / count


def value(expression: sp.Expr, point: dict[sp.Symbol, object]) -> Fraction:
    number = sp.Rational(sp.nsimplify(expression.subs(point)))
    return Fraction(int(number.p), int(number.q))


@pytest.mark.parametrize(("n", "load", "honest"), [(3, 1, 2), (4, 2, 3), (4, 3, 3), (5, 2, 3), (5, 2, 4), (5, 5, 3)])
def test_moments_of_the_messages(n: int, load: int, honest: int):
    rng = random.Random(n * 100 + load * 10 + honest)
    gradients = [Fraction(rng.randint(-9, 9)) for _ in range(n)]
    mean = sum(gradients, Fraction(0)) / n
    variance = sum(((g - mean) ** 2 for g in gradients), Fraction(0)) / n
    one_task = [cyclic(n, load)[0]] * n
    for matrix in (cyclic(n, load), one_task, arbitrary(n, load, rng)):
        squares = sum(sum(column) ** 2 for column in zip(*matrix, strict=True))
        point = {
            N: n,
            H: honest,
            d: load,
            V: sp.Rational(variance),
            theta_sq: squares,
            grad_sq: sp.Rational(n**2 * mean**2),
        }
        noise, dispersion, norm = enumerated(matrix, honest, gradients)
        assert value(matrix_noise().conclusion, point) == noise
        assert value(matrix_dispersion().conclusion, point) == dispersion
        assert value(get("refined.lad.message_norm").formula, point) == norm
        if squares == load**2 * n:
            assert value(noise_balanced().conclusion, point) == noise
            assert value(dispersion_balanced().conclusion, point) == dispersion
        else:
            assert value(noise_balanced().conclusion, point) < noise
            assert value(dispersion_balanced().conclusion, point) > dispersion


def test_compressed_moments_are_equalities_for_random_sparsification():
    """N = 3, d = 2, H = 2, two entries of which one is sent, doubled: delta = 1."""
    gradients = [(Fraction(1), Fraction(4)), (Fraction(-2), Fraction(3)), (Fraction(5), Fraction(0))]
    n, load, honest = 3, 2, 2
    mean = [sum((g[q] for g in gradients), Fraction(0)) / n for q in (0, 1)]
    mean_sq = sum(entry**2 for entry in mean)
    variance = sum(((g[q] - mean[q]) ** 2 for g in gradients for q in (0, 1)), Fraction(0)) / n
    dispersion = norm = Fraction(0)
    count = 0
    for order in permutations(range(n)):
        messages = [
            [sum((gradients[order[k]][q] for k in range(n) if row[k]), Fraction(0)) / load for q in (0, 1)]
            for row in cyclic(n, load)
        ]
        for chosen in combinations(messages, honest):
            for kept in product((0, 1), repeat=honest):
                sent = [
                    [2 * message[q] if q == entry else Fraction(0) for q in (0, 1)]
                    for message, entry in zip(chosen, kept, strict=True)
                ]
                average = [sum((vector[q] for vector in sent), Fraction(0)) / honest for q in (0, 1)]
                dispersion += (
                    sum(((vector[q] - average[q]) ** 2 for vector in sent for q in (0, 1)), Fraction(0)) / honest
                )
                norm += sum((entry**2 for entry in average), Fraction(0))
                count += 1
    point = {N: n, H: honest, d: load, delta: 1, V: sp.Rational(variance), grad_sq: sp.Rational(n**2 * mean_sq)}
    assert value(get("refined.lad.dispersion.compressed").formula, point) == dispersion / count
    assert value(get("refined.lad.mean_norm.compressed").formula, point) == norm / count

"""CRA-DL: the exact formulas against counting, and the certificates of given allocations."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import combinations, permutations

import numpy as np
import pytest
import sympy as sp

from byzbounds.bounds import get
from byzbounds.bounds.numeric import evaluate
from byzbounds.bounds.refined.instance import certify, exact_moments, floor_kappa, floor_rba, weights

#: Rows are devices: the lines of the Fano plane, two of which always share one point.
FANO = [
    [int(column in line) for column in range(7)]
    for line in ((0, 1, 2), (0, 3, 4), (0, 5, 6), (1, 3, 5), (1, 4, 6), (2, 3, 6), (2, 4, 5))
]


def population_variance(allocation: list[list[int]], gradients: list[Fraction]) -> tuple[list[Fraction], Fraction]:
    loads = [sum(column) for column in zip(*allocation, strict=True)]
    messages = [
        sum((g / load for entry, g, load in zip(row, gradients, loads, strict=True) if entry), Fraction(0))
        for row in allocation
    ]
    mean = sum(messages, Fraction(0)) / len(messages)
    return messages, sum(((g - mean) ** 2 for g in messages), Fraction(0)) / len(messages)


@pytest.mark.parametrize("honest", [2, 3])
def test_honest_sets_split_the_variance(honest: int):
    allocation = [[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 1], [0, 0, 1, 1]]
    messages, variance = population_variance(allocation, [Fraction(3), Fraction(-1), Fraction(7), Fraction(2)])
    mean = sum(messages, Fraction(0)) / 4
    noise = dispersion = Fraction(0)
    sets = list(combinations(messages, honest))
    for chosen in sets:
        average = sum(chosen, Fraction(0)) / honest
        noise += (average - mean) ** 2 / len(sets)
        dispersion += sum(((g - average) ** 2 for g in chosen), Fraction(0)) / honest / len(sets)
    point = {"N": 4, "alpha": sp.Rational(4 - honest, 4), "pop_var": sp.Rational(variance)}
    assert evaluate(get("refined.cra.mean_error"), point).exact == sp.Rational(noise)
    assert evaluate(get("refined.cra.dispersion"), point).exact == sp.Rational(dispersion)


def test_variance_under_all_numberings():
    allocation = [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1]]
    gradients = [Fraction(3), Fraction(-1), Fraction(7), Fraction(2)]
    mean = sum(gradients, Fraction(0)) / 4
    spread = sum(((g - mean) ** 2 for g in gradients), Fraction(0)) / 4
    orders = list(permutations(gradients))
    average = sum((population_variance(allocation, list(order))[1] for order in orders), Fraction(0)) / len(orders)
    point = {"N": 4, "M": 4, "r": 2, "V": sp.Rational(spread)}
    assert evaluate(get("refined.cra.variance.shuffled"), point).exact == sp.Rational(average)


def test_fano_plane_attains_the_bounds_for_equal_overlaps():
    point = {"N": 7, "M": 7, "r": 3}
    assert evaluate(get("refined.cra.overlap"), point).exact == 1
    certificate = certify(FANO)
    assert certificate.drift_sq == pytest.approx(0, abs=1e-15)
    assert certificate.unheld == 0
    assert certificate.loads == (3, 3)
    bound = evaluate(get("refined.cra.variance.attainable"), {**point, "beta": 1}).value
    assert certificate.sigma_sq * certificate.held / certificate.devices == pytest.approx(bound)
    diameter = evaluate(get("refined.cra.lemma1.attainable"), {**point, "beta": 1}).value
    assert certificate.spread**2 == pytest.approx(diameter)


def test_floor_of_a_balanced_allocation_is_that_of_the_theorem():
    certificate = certify(FANO)
    alpha, beta = sp.Rational(2, 7), sp.Rational(3, 2)
    point = {"N": 7, "M": 7, "r": 3, "alpha": alpha, "beta": beta}
    kappa = evaluate(get("refined.cra.kappa.floor"), {**point, "kappa": sp.Rational(1, 2)}).value
    rba = evaluate(get("refined.cra.attainable.floor"), {**point, "C_alpha": sp.Rational(1, 4)}).value
    assert floor_kappa(certificate, kappa=0.5, alpha=2 / 7, beta=1.5).full == pytest.approx(kappa)
    assert floor_rba(certificate, c_alpha=0.25, alpha=2 / 7, beta=1.5).full == pytest.approx(rba)


def test_floor_statement_agrees_with_the_numeric_certificate():
    rng = np.random.default_rng(3)
    allocation = np.zeros((8, 12))
    for row in allocation:
        row[rng.choice(12, 5, replace=False)] = 1
    allocation[0] = 1
    certificate = certify(allocation)
    assert certificate.unheld == 0
    point = {
        "N": 8, "M": 12, "alpha": 0.25, "beta": 2, "kappa": 0.1,
        "sigma_sq": certificate.sigma_sq, "drift_sq": certificate.drift_sq,
    }  # fmt: skip
    found = floor_kappa(certificate, kappa=0.1, alpha=0.25, beta=2.0)
    assert found.full == found.held
    assert evaluate(get("refined.cra.instance.floor"), point).value == pytest.approx(found.held)


def test_certificate_bounds_what_gradients_do():
    """Random gradients never leave what the certificate allows, and its worst direction attains it."""
    rng = np.random.default_rng(5)
    allocation = (rng.random((6, 9)) < 0.4).astype(float)
    allocation[:, allocation.sum(axis=0) == 0] = 1
    certificate, w = certify(allocation), weights(allocation)
    centred = w - w.mean(axis=0)
    for _ in range(200):
        gradients = rng.normal(size=(9, 3))
        gradients -= gradients.mean(axis=0)
        assert np.sum((centred @ gradients) ** 2) <= certificate.sigma_sq * np.sum(gradients**2) * (1 + 1e-12)
    frobenius, drift = exact_moments(allocation.astype(int).tolist())
    assert certificate.frobenius_sq == pytest.approx(float(frobenius))
    assert certificate.drift_sq == pytest.approx(float(drift))


def test_unheld_subsets_are_counted_and_widen_the_bound():
    allocation = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 0]])
    certificate = certify(allocation)
    assert (certificate.held, certificate.unheld) == (3, 1)
    found = floor_kappa(certificate, kappa=0.1, alpha=0.0, beta=1.0)
    assert found.full > found.held


def test_vacuous_floor_is_infinite():
    allocation = np.array([[1, 1, 1, 1], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]])
    assert math.isinf(floor_kappa(certify(allocation), kappa=50.0, alpha=0.25, beta=1.0).held)


@pytest.mark.parametrize(
    ("allocation", "message"),
    [
        ([1, 0], "matrix of devices by subsets"),
        ([[1, 2], [0, 1]], "entries 0 and 1"),
        ([[1, 0]], "at least two devices"),
        ([[0, 0], [0, 0]], "some device holds"),
    ],
)
def test_certificate_of_no_allocation(allocation: object, message: str):
    with pytest.raises(ValueError, match=message):
        certify(allocation)


def test_floor_needs_an_honest_majority():
    with pytest.raises(ValueError, match="alpha < 1/2"):
        floor_kappa(certify(FANO), kappa=1.0, alpha=0.6, beta=1.0)


def test_equal_loads_exclude_the_papers_overlap():
    rng = random.Random(1)
    imbalance = get("refined.cra.imbalance")
    for _ in range(20):
        devices, subsets = rng.randint(3, 50), rng.randint(2, 99)
        held = rng.randint(1, subsets - 1)
        assert evaluate(imbalance, {"N": devices, "M": subsets, "r": held}).exact > 0
        assert evaluate(imbalance, {"N": devices, "M": subsets, "r": subsets}).exact == 0

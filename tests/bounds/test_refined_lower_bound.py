"""The two losses that no server can tell apart, built and compared message by message."""

from __future__ import annotations

import math

import numpy as np
import pytest

from byzbounds.bounds import get
from byzbounds.bounds.numeric import evaluate

BETA, SMOOTHNESS = 1.5, 2.0


def losses(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Offsets b_k of two losses with subset gradients L x / N + b_k, both of heterogeneity at most BETA."""
    separation = BETA * n / math.sqrt(m * (n - m))
    return np.zeros(n), np.where(np.arange(n) < m, separation, 0.0)


def coded(offsets: np.ndarray, x: float, tasks: np.ndarray, order: np.ndarray) -> np.ndarray:
    """What honest devices would send: the mean gradient of the subsets of their task."""
    gradients = SMOOTHNESS * x / offsets.size + offsets[order]
    return np.array([gradients[task].mean() for task in tasks])


@pytest.mark.parametrize(("n", "honest", "load"), [(9, 6, 1), (12, 8, 2), (20, 13, 3), (10, 7, 6), (10, 7, 7)])
def test_received_messages_are_the_same(n: int, honest: int, load: int):
    f = n - honest
    m = 2 * f // load
    bound = evaluate(get("refined.lad.lower_bound"), {"N": n, "H": honest, "d": load, "beta": BETA}).value
    if m == 0:
        assert bound == 0
        return
    first, second = losses(n, m)
    assert np.var(second) == pytest.approx(BETA**2)
    rng = np.random.default_rng(n)
    cyclic = (np.arange(n)[:, None] + np.arange(load)) % n
    for x in rng.normal(size=20):
        tasks, order = cyclic[rng.permutation(n)], rng.permutation(n)
        sent = coded(first, x, tasks, order), coded(second, x, tasks, order)
        differing = np.flatnonzero(~np.isclose(*sent))
        assert differing.size <= 2 * f
        # With the first loss the last half lies as if it were the second, and the other way round.
        halves = differing[: differing.size // 2], differing[differing.size // 2 :]
        assert max(half.size for half in halves) <= f
        received = [messages.copy() for messages in sent]
        received[0][halves[1]] = sent[1][halves[1]]
        received[1][halves[0]] = sent[0][halves[0]]
        np.testing.assert_allclose(*received)
        gradients = SMOOTHNESS * x + first.sum(), SMOOTHNESS * x + second.sum()
        assert (gradients[1] - gradients[0]) ** 2 / 4 == pytest.approx(bound)
        assert max(gradient**2 for gradient in gradients) >= bound * (1 - 1e-12)


@pytest.mark.parametrize(("n", "honest", "load"), [(9, 6, 1), (12, 8, 2)])
def test_imitated_messages_have_the_same_law(n: int, honest: int, load: int):
    """Senders unknown: Byzantine devices can always produce what the second loss would."""
    f = n - honest
    m = f // load
    first, second = losses(n, m)
    rng = np.random.default_rng(n)
    cyclic = (np.arange(n)[:, None] + np.arange(load)) % n
    for _ in range(20):
        tasks, order = cyclic[rng.permutation(n)], rng.permutation(n)
        imitated = coded(second, 0.3, tasks, order)
        common = coded(first, 0.3, tasks, order)[0]
        assert np.count_nonzero(~np.isclose(imitated, common)) <= f
    bound = evaluate(get("refined.lad.lower_bound.oblivious"), {"N": n, "H": honest, "d": load, "beta": BETA}).value
    assert bound == pytest.approx((second.sum() / 2) ** 2)


def test_uncoded_bound_is_the_general_one_at_load_one():
    point = {"N": 11, "H": 8, "beta": 2}
    general = evaluate(get("refined.lad.lower_bound"), {**point, "d": 1}).exact
    assert evaluate(get("refined.lad.lower_bound.uncoded"), point).exact == general


def test_refined_floor_is_within_a_factor_of_two():
    for n in (5, 20, 101, 1000):
        for honest in (n // 2 + 1, (3 * n) // 4, n - 1):
            gap = evaluate(get("refined.lad.lower_bound.gap"), {"N": n, "H": honest}).value
            assert 1 < gap <= 2
            assert evaluate(get("refined.lad.lower_bound.oblivious_gap"), {"N": n, "H": honest}).value > gap


def test_cra_losses_stay_within_the_heterogeneity():
    """m of M subset gradients differ by as much as CRA (10) allows."""
    m, subsets = 3, 10
    separation = BETA / (1 - m / subsets)
    gradients = np.where(np.arange(subsets) < m, separation, 0.0)
    assert np.max(np.abs(gradients - gradients.mean())) == pytest.approx(BETA)
    point = {"M": subsets, "alpha": 0.25, "r": 1.5, "beta": BETA}
    assert evaluate(get("refined.cra.lower_bound"), point).value == pytest.approx((m * separation / 2) ** 2)

"""Iterations of weighted means by machine code take the steps of the NumPy reference."""

from __future__ import annotations

import array_api_compat.numpy as npx
import numpy as np
import pytest

from byzbounds.simulate.aggregation import CenteredClipping, Correntropy, GeometricMedian, Huber
from byzbounds.simulate.aggregation.descent import Limited, clipped_steps, descend
from byzbounds.simulate.compiled import available, interpreted, means

pytestmark = pytest.mark.skipif(not available(), reason="needs llvmlite")


def problem(n, sets=2, q=50, seed=0):
    """Gram matrices of messages with some far ones, and weights to start from."""
    rng = np.random.default_rng(seed)
    messages = rng.normal(size=(sets, n, q))
    messages[:, : n // 5] += 3.0
    start = np.abs(rng.normal(size=(sets, n)))
    return messages @ messages.transpose(0, 2, 1), start / start.sum(axis=-1, keepdims=True)


def both(call):
    with interpreted():
        plain = call()
    return call(), plain


@pytest.mark.parametrize("kind", ["inverse", "clipped"])
@pytest.mark.parametrize("n", [32, 33, 39, 40, 47, 64, 100, 131])
@pytest.mark.parametrize("most", [1, 2, 9])
@pytest.mark.parametrize("short", [False, True])
def test_each_step(kind, n, most, short):
    gram, start = problem(n)
    weigh = Limited(npx, kind, np.array([[0.1], [0.2]]) if kind == "inverse" else np.array([[7.0], [8.0]]))
    settings = {"tolerance": 1e-15, "most": most, "stick": kind == "inverse", "short": short}
    got, plain = both(lambda: descend(npx, gram, start, weigh, **settings))
    np.testing.assert_allclose(got, plain, rtol=0, atol=1e-12)
    assert np.abs(got - start).max() > 1e-4


@pytest.mark.parametrize("n", [32, 50, 100])
@pytest.mark.parametrize("count", [1, 2, 10])
@pytest.mark.parametrize("extra", [0, 1])
def test_each_clipped_step(n, count, extra):
    gram, start = problem(n + extra)
    weigh = Limited(npx, "clipped", 2.0)
    got, plain = both(lambda: clipped_steps(npx, gram, start, weigh, count=count, n=n))
    np.testing.assert_allclose(got, plain, rtol=0, atol=1e-12)


def test_stops_at_the_tolerance_each_set_by_itself():
    gram, start = problem(40, sets=3)
    start[1] = descend(npx, gram[1:2], start[1:2], Limited(npx, "inverse", 0.0), tolerance=1e-12, most=10**4)[0]
    weigh = Limited(npx, "inverse", 0.0)
    moved = descend(npx, gram, start, weigh, tolerance=1e-6, most=10**4)
    np.testing.assert_array_equal(moved[1], start[1])
    for index in range(3):
        alone = slice(index, index + 1)
        again = descend(npx, gram[alone], start[alone], weigh, tolerance=1e-6, most=10**4)
        np.testing.assert_array_equal(moved[index], again[0])


def test_a_point_on_a_message_is_held():
    # The median of a heavy message and two others is the message; of a light one it is not.
    messages = np.concatenate([np.zeros((20, 3)), np.random.default_rng(1).normal(size=(20, 3)) + 1.0])
    gram = (messages @ messages.T)[None]
    start = np.zeros((1, 40))
    start[0, 0] = 1.0
    weigh = Limited(npx, "inverse", np.array([[1e-9]]))
    got, plain = both(lambda: descend(npx, gram, start, weigh, tolerance=1e-9, most=100, stick=True))
    np.testing.assert_array_equal(got, start)
    np.testing.assert_array_equal(plain, start)
    light = gram.copy()
    light[:, :19] = light[:, :, :19] = 0
    light[:, :19] = gram[:, 20:39]
    light[:, :, :19] = light.transpose(0, 2, 1)[:, :, :19]
    light[:, :19, :19] = gram[:, 20:39, 20:39]
    start = np.roll(start, 19, axis=-1)
    got, plain = both(lambda: descend(npx, light, start, weigh, tolerance=1e-9, most=100, stick=True))
    assert np.abs(got - start).max() > 1e-3
    np.testing.assert_allclose(got, plain, rtol=0, atol=1e-9)


def test_equal_messages():
    gram, start = np.ones((1, 40, 40)), np.full((1, 40), 1 / 40)
    for kind in ("inverse", "clipped"):
        got, plain = both(
            lambda k=kind: descend(npx, gram, start, Limited(npx, k, 0.0), tolerance=1e-7, most=5, stick=True)
        )
        np.testing.assert_allclose(got, start, rtol=0, atol=1e-15)
        np.testing.assert_allclose(plain, start, rtol=0, atol=1e-15)


def test_a_wrong_step_is_seen(monkeypatch):
    gram, start = problem(40)
    weigh = Limited(npx, "inverse", 0.0)
    right = descend(npx, gram, start, weigh, tolerance=1e-15, most=3)
    kept = means._Means._add

    def too_far(self, pairs, step, keeps):
        kept(self, pairs, self.emitter.at.fmul(step, self.emitter.value(1.01)), keeps)

    monkeypatch.setattr(means._Means, "_add", too_far)
    means._descending.cache_clear()
    wrong = descend(npx, gram, start, weigh, tolerance=1e-15, most=3)
    means._descending.cache_clear()
    assert not np.allclose(right, wrong, rtol=0, atol=1e-6)


RULES = [
    GeometricMedian(),
    GeometricMedian(start="mean", max_iterations=10),
    Huber(),
    Huber(threshold=2.0),
    Correntropy(),
    CenteredClipping(),
    CenteredClipping(iterations=None),
    CenteredClipping(radius=1.0, iterations=10, start="zero"),
    CenteredClipping(start="mean"),
]


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(40, 30), (3, 64, 100), (33, 2000)])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_rules(rule, dtype, shape, offset):
    rng = np.random.default_rng(2)
    values = rng.normal(size=shape)
    values[..., : shape[-2] // 4, :] *= 30
    values = (values + offset * rng.normal(size=shape[-1])).astype(dtype)
    got, plain = both(lambda: rule(values))
    # Both stop within the tolerance of the same point; the offset costs digits of the messages themselves.
    scale = 30 * shape[-1] ** 0.5
    rounding = (1 + offset) * float(np.finfo(dtype).eps)
    assert np.linalg.norm(got.astype(float) - plain, axis=-1).max() <= scale * (1e-6 + 100 * rounding)


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_rules_do_not_depend_on_the_batch(rule):
    values = np.random.default_rng(3).normal(size=(3, 50, 120))
    together = rule(values)
    for index in range(3):
        np.testing.assert_array_equal(together[index], rule(values[index]))

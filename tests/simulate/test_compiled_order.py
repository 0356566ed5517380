"""Order statistics by machine code are those of sorted arrays."""

from __future__ import annotations

import numpy as np
import pytest

from byzbounds.simulate import arrays
from byzbounds.simulate.aggregation import rule_from_name
from byzbounds.simulate.aggregation.statistics import MeanOfNearest, MeanOfPlaces, MedianOf
from byzbounds.simulate.compiled import active, available, interpreted, order

pytestmark = pytest.mark.skipif(not available(), reason="needs llvmlite")

STATISTICS = {
    "trimmed": lambda n: MeanOfPlaces(n // 5, n - n // 5),
    "mean": lambda n: MeanOfPlaces(0, n),
    "largest": lambda n: MeanOfPlaces(n - 1, n),
    "median": lambda _: MedianOf(),
    "lower median": lambda _: MedianOf(lower=True),
    "around the median": lambda n: MeanOfNearest(n // 5, "median"),
    # Of two values both are as near to their median: rounding would decide.
    "around the median, most dropped": lambda n: MeanOfNearest(2 * n // 3 if n > 2 else 0, "median"),
    "around the core": lambda n: MeanOfNearest((n - 1) // 2, "core"),
    "all around the core": lambda _: MeanOfNearest(0, "core"),
}


@pytest.fixture
def small(monkeypatch):
    """Machine code whatever the size; blocks, tiles and pieces of a few columns."""
    monkeypatch.setattr(order, "LEAST_SIZE", 0)


def by_sorting(statistic, values):
    """The definition, in long double."""
    ordered = np.sort(values.astype(np.longdouble), axis=1)
    return statistic.of_sorted(np, np.swapaxes(ordered, 1, 2))


def alone(work, pieces):
    work(slice(0, pieces))


def check(statistic, values):
    result, finite = order.by_coordinate(values, statistic, alone)
    assert finite
    expected = by_sorting(statistic, values)
    bound = values.shape[1] * np.finfo(values.dtype).eps * np.abs(values).max(axis=1)
    assert (np.abs(result - expected) <= bound).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [2, 3, 5, 8, 17])
@pytest.mark.parametrize("name", STATISTICS)
def test_agrees_with_sorting(name, n, dtype):
    rng = np.random.default_rng(n)
    for q in (16, 17, 31, 40):
        check(STATISTICS[name](n), rng.normal(size=(3, n, q)).astype(dtype))
    # Ties.
    check(STATISTICS[name](n), rng.integers(-2, 3, (1, n, 100)).astype(dtype))


@pytest.mark.parametrize("name", ["trimmed", "median", "around the median"])
@pytest.mark.parametrize("n", [100, 127, 128])
def test_many_messages(name, n):
    check(STATISTICS[name](n), np.random.default_rng(1).normal(size=(2, n, 50)))


@pytest.mark.parametrize("near", [0, 2**40], ids=["in tiles", "in place"])
def test_pieces(monkeypatch, near):
    monkeypatch.setattr(order, "ALONE_BYTES", 0)
    monkeypatch.setattr(order, "NEAR_BYTES", near)
    monkeypatch.setattr(order, "_TILE_BYTES", 128)
    monkeypatch.setattr(order, "_SHARE", 2)
    values = np.random.default_rng(2).normal(size=(2, 9, 333))
    for q in (16, 32, 33, 70, 333):
        check(MeanOfPlaces(2, 7), values[..., :q])
        check(MeanOfPlaces(2, 7), values[..., -q:])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0, 0), (1, 3, 17), (1, 8, 32)])
def test_what_is_not_finite_is_seen(bad, place):
    values = np.random.default_rng(3).normal(size=(2, 9, 33))
    values[place] = bad
    assert not order.by_coordinate(values, MeanOfPlaces(3, 6), alone)[1]


def test_a_wrong_network_is_seen(monkeypatch):
    kept = order.pruned
    monkeypatch.setattr(order, "pruned", lambda comparators, groups: kept(comparators, groups)[:-1])
    order._kernel.cache_clear()
    with pytest.raises(AssertionError):
        check(MeanOfPlaces(2, 5), np.random.default_rng(4).normal(size=(1, 7, 64)))
    order._kernel.cache_clear()


@pytest.mark.parametrize("name", ["cwtm", "median", "phocas", "meamed", "bulyan"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.usefixtures("small")
class TestRules:
    """The rules that are made of them, with machine code and without."""

    def both(self, rule, values):
        with interpreted():
            assert not active()
            plain = rule(values)
        return rule(values), plain

    def test_agree(self, name, dtype):
        rule, rng = rule_from_name(name, f=3), np.random.default_rng(5)
        for shape in ((17, 40), (4, 17, 23), (17, 3000)):
            values = rng.normal(size=shape).astype(dtype)
            np.testing.assert_allclose(*self.both(rule, values), rtol=0, atol=50 * np.finfo(dtype).eps)

    def test_views(self, name, dtype):
        rule, values = rule_from_name(name, f=3), np.random.default_rng(6).normal(size=(34, 90)).astype(dtype)
        for view in (values[::2], values[::-1][:17], values[:17, 5:-4], values[:, :17].T[:, :24], values[:17, ::2]):
            np.testing.assert_allclose(*self.both(rule, view), rtol=0, atol=50 * np.finfo(dtype).eps)

    def test_near_the_largest_number(self, name, dtype):
        values = np.random.default_rng(7).normal(size=(17, 40)).astype(dtype)
        huge = values * (np.finfo(dtype).max / 8)
        got, plain = self.both(rule_from_name(name, f=3), huge)
        assert np.isfinite(got).all()
        np.testing.assert_allclose(got, plain, rtol=0, atol=100 * np.finfo(dtype).eps * np.abs(huge).max())

    def test_messages_that_are_not_finite(self, name, dtype):
        values = np.random.default_rng(8).normal(size=(17, 40)).astype(dtype)
        values[4, 7] = np.nan
        with pytest.raises(ValueError, match="not finite"):
            rule_from_name(name, f=3)(values)
        left_out = rule_from_name(name, f=3, nonfinite="byzantine")
        np.testing.assert_allclose(*self.both(left_out, values), rtol=0, atol=50 * np.finfo(dtype).eps)

    def test_threads(self, name, dtype, monkeypatch):
        from byzbounds.simulate.aggregation import sorting

        monkeypatch.setattr(sorting, "THREADED_BYTES", 0)
        monkeypatch.setattr(order, "ALONE_BYTES", 0)
        monkeypatch.setattr(order, "_SHARE", 1)
        rule, values = rule_from_name(name, f=3), np.random.default_rng(9).normal(size=(3, 17, 2000)).astype(dtype)
        with arrays.threads(1):
            alone = rule(values)
        with arrays.threads(3):
            shared = rule(values)
        np.testing.assert_array_equal(alone, shared)
        np.testing.assert_array_equal(rule(values[1]), alone[1])


def test_where_it_is_used():
    def suits(shape, dtype="float64"):
        return order.suits(np.zeros(shape, dtype=dtype))

    assert suits((1, 100, 100))
    assert suits((1, 100, 100), "float32")
    assert not suits((1, 100, 100), "float16")
    assert not suits((1, 1, 10**5))
    assert not suits((100, 10, 100))
    assert not suits((1, order.LARGEST_N + 1, 1000))
    with interpreted():
        assert not suits((1, 100, 100))
    assert not order.suits(np.zeros((1, 100, 200))[..., ::2])

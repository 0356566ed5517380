"""Means of chosen messages by machine code, against exact sums and against the NumPy path."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from byzbounds.simulate import arrays, compiled
from byzbounds.simulate.aggregation import NNM
from byzbounds.simulate.compiled import mixing as subject
from byzbounds.simulate.compiled import neighbours

pytestmark = pytest.mark.skipif(not compiled.available(), reason="llvmlite is missing")
SHAPES = [(1, 1, 16, 1), (2, 3, 33, 5), (1, 4, 1031, 4), (1, 37, 129, 6), (2, 100, 100, 100), (1, 103, 300, 7)]


def messages(shape: tuple[int, ...], dtype: str) -> Any:
    values = np.random.default_rng(sum(shape)).standard_normal(shape)
    return values.astype(dtype)


def masks(shape: tuple[int, ...], outputs: int) -> Any:
    return np.random.default_rng(outputs).random((shape[0], outputs, shape[1])) < 0.7


def check(values: Any, mask: Any, count: int, found: Any) -> None:
    """Compare with sums in extended precision, within a rounding for each group of messages, and a few."""
    exact = mask.astype(np.longdouble) @ values.astype(np.longdouble) / count
    size = mask.astype(float) @ np.abs(values).astype(float) / count
    eps = float(np.finfo(values.dtype).eps)
    assert found.dtype == values.dtype
    assert np.all(np.abs(found - exact.astype(float)) <= (values.shape[-2] / 8 + 4) * eps * size)


class TestMeans:
    """The kernel by itself."""

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_exact_sums(self, shape: tuple[int, int, int, int], dtype: str) -> None:
        values, mask = messages(shape[:3], dtype), masks(shape[:3], shape[3])
        check(values, mask, shape[1], subject.means(values, mask, shape[1]))

    def test_whole_numbers_are_exact(self) -> None:
        values = np.random.default_rng(0).integers(-1000, 1000, (2, 90, 200)).astype(float)
        mask = masks(values.shape, 90)
        np.testing.assert_array_equal(subject.means(values, mask, 1), mask.astype(float) @ values)

    @pytest.mark.parametrize("place", [(0, 0, 0), (0, 3, 17), (0, 99, 99), (0, 50, 96)])
    def test_a_wrong_mask_is_seen(self, place: tuple[int, int, int]) -> None:
        values, mask = messages((1, 100, 100), "float64"), masks((1, 100, 100), 100)
        broken = mask.copy()
        broken[place] ^= True
        with pytest.raises(AssertionError):
            check(values, mask, 80, subject.means(values, broken, 80))

    def test_a_broken_kernel_is_seen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        values, mask = messages((1, 100, 100), "float64"), masks((1, 100, 100), 100)
        fill = subject._tabulate

        def wrong(emit: Any, members: Any, *rest: Any) -> None:
            fill(emit, emit.offset(members, 1), *rest)

        monkeypatch.setattr(subject, "_tabulate", wrong)
        subject._kernel.cache_clear()
        try:
            found = subject.means(values, mask, 80)
        finally:
            subject._kernel.cache_clear()
        with pytest.raises(AssertionError):
            check(values, mask, 80, found)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_strides_and_batches(self, dtype: str) -> None:
        whole = messages((4, 60, 900), dtype)
        for view in (whole[::2, ::3, 100:], whole[:, ::-1, 5:700], whole.swapaxes(0, 1)):
            mask = masks(view.shape, 11)
            together = subject.means(view, mask, 8)
            check(np.ascontiguousarray(view), mask, 8, together)
            for index in range(len(view)):
                alone = subject.means(np.ascontiguousarray(view[index])[None], mask[index][None], 8)
                np.testing.assert_array_equal(together[index], alone[0])

    @pytest.mark.parametrize("shape", [(1, 30, 70_001), (40, 60, 1000)])
    def test_threads(self, shape: tuple[int, ...]) -> None:
        values, mask = messages(shape, "float64"), masks(shape, 10)
        with arrays.threads(1):
            one = subject.means(values, mask, 8)
        with arrays.threads(3):
            np.testing.assert_array_equal(subject.means(values, mask, 8), one)
        check(values[:1], mask[:1], 8, one[:1])


SLOW, BIG = pytest.mark.slow, [(20, 100), (1, 128)]
"""Networks whose compilation takes long."""


class TestNeighbours:
    """Smallest distances, by a network on symmetric matrices."""

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize(("sets", "n"), [(1, 64), (3, 67), *(pytest.param(*big, marks=SLOW) for big in BIG)])
    def test_sorted_rows(self, sets: int, n: int, dtype: str) -> None:
        half = np.random.default_rng(n).integers(0, 50, (sets, n, n)).astype(dtype) + 0.1
        distances = half + half.swapaxes(-1, -2)
        assert neighbours.suits(distances)
        with compiled.interpreted():
            assert not neighbours.suits(distances)
        for count in (1, n // 2, n):
            ordered = np.sort(distances, axis=-1)[..., :count]
            np.testing.assert_array_equal(neighbours.reach(distances, count), ordered[..., -1])
            bound = 8 * float(np.finfo(dtype).eps)
            np.testing.assert_allclose(neighbours.nearest_sums(distances, count), ordered.sum(axis=-1), rtol=bound)

    def test_equal_distances_have_equal_sums(self) -> None:
        values = np.random.default_rng(1).standard_normal(70)
        distances = np.stack([np.random.default_rng(i).permutation(values) for i in range(70)], axis=-1)
        assert len(set(neighbours.nearest_sums(distances[None], 55)[0])) == 1
        assert not neighbours.suits(np.zeros((1, 129, 129)))
        assert not neighbours.suits(np.zeros((1, 60, 60)))


class TestNNM:
    """Nearest-neighbour mixing, against the NumPy path."""

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("offset", [0.0, 1e3])
    def test_same_result(self, dtype: str, offset: float) -> None:
        values = messages((3, 50, 203), dtype) + np.dtype(dtype).type(offset)
        rule = NNM(f=10)
        with compiled.interpreted():
            assert not subject.usable(values)
            expected = rule(values)
        assert subject.usable(values)
        eps = float(np.finfo(dtype).eps)
        np.testing.assert_allclose(rule(values), expected, rtol=0, atol=64 * eps * (1 + offset))
        for index, one in enumerate(values):
            np.testing.assert_array_equal(rule(values)[index], rule(one))

    def test_ties_go_to_the_first_devices(self) -> None:
        values = np.random.default_rng(1).integers(0, 2, (60, 1)) * np.ones((1, 80))
        with compiled.interpreted():
            expected = NNM(f=12)(values)
        np.testing.assert_allclose(NNM(f=12)(values), expected, rtol=1e-14)

    @pytest.mark.parametrize("scale", [1e200, 1e-200, 1.7e308])
    def test_beyond_the_range_of_squares_and_sums(self, scale: float) -> None:
        values = np.random.default_rng(2).uniform(-1, 1, (2, 60, 100))
        values[1] = np.abs(values[1])
        with compiled.interpreted():
            expected = NNM(f=12)(values * scale)
        assert np.all(np.isfinite(expected))
        np.testing.assert_allclose(NNM(f=12)(values * scale), expected, rtol=1e-12, atol=1e-13 * scale)

    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_not_finite(self, bad: float) -> None:
        values = messages((60, 100), "float64")
        values[3, 5] = bad
        with pytest.raises(ValueError, match="not finite"):
            NNM(f=12)(values)

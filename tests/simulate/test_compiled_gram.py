"""Gram matrices and distances by machine code, against extended precision and against the NumPy path."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from byzbounds.simulate import arrays, compiled
from byzbounds.simulate.aggregation import CenteredClipping, GeometricMedian, Krum, MultiKrum
from byzbounds.simulate.compiled import gram as subject
from byzbounds.simulate.compiled import products

pytestmark = pytest.mark.skipif(not compiled.available(), reason="llvmlite is missing")
RESOLVED = (0.0, 1e6)
SHAPES = [(1, 1, 4100), (2, 4, 1031), (3, 5, 820), (1, 6, 16), (2, 17, 17), (1, 41, 101), (2, 100, 100), (1, 300, 31)]


def messages(shape: tuple[int, ...], dtype: str, offset: float = 0.0) -> Any:
    """Messages that the dtype holds exactly at the offset."""
    values = np.random.default_rng(sum(shape)).standard_normal(shape) * np.linspace(0.5, 2, shape[-2])[:, None]
    unit = float(np.spacing(np.array(max(offset, 1.0) * 16, dtype=dtype)))
    return (np.round(values / unit) * unit + offset).astype(dtype)


def check_distances(values: Any, offset: float, distances: Any) -> None:
    """Compare with distances in extended precision, within roundings of sums of q terms around the mean."""
    exact = values.astype(np.longdouble) - offset
    expected = ((exact[..., :, None, :] - exact[..., None, :, :]) ** 2).sum(axis=-1)
    around = ((exact - exact.mean(axis=-2, keepdims=True)) ** 2).sum(axis=-1)
    eps = float(np.finfo(values.dtype).eps)
    size = np.asarray(around[..., :, None] + around[..., None, :], dtype=float)
    # Each lane adds a tile's share of the columns, then lanes and tiles are added in double precision.
    terms = min(values.shape[-1], 512) / 2 + 32
    assert np.all(np.abs(distances - np.asarray(expected, dtype=float)) <= terms * eps * size)


class TestGram:
    """The kernel by itself."""

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_exact_distances(self, shape: tuple[int, ...], dtype: str) -> None:
        values = messages(shape, dtype)
        gram, distances, _ = subject.gram_and_distances(values, RESOLVED)
        assert gram.dtype == distances.dtype == values.dtype
        check_distances(values, 0, distances)
        for found in (gram, distances):
            np.testing.assert_array_equal(found, found.swapaxes(-1, -2))
        assert not np.any(distances.diagonal(axis1=-2, axis2=-1))
        assert np.all(distances >= 0)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_origin(self, shape: tuple[int, ...], dtype: str) -> None:
        values = messages(shape, dtype)
        exact = np.concatenate([values, 0 * values[:, :1]], axis=-2).astype(float)
        exact -= values.astype(float).mean(axis=-2, keepdims=True)
        eps = float(np.finfo(dtype).eps)
        expected = exact @ exact.swapaxes(-1, -2)
        lengths = np.sqrt(expected.diagonal(axis1=-2, axis2=-1))
        bound = (shape[-1] / 2 + 64) * eps * (lengths.max() ** 2 + 1)
        np.testing.assert_allclose(
            subject.gram_and_distances(values, RESOLVED, origin=True)[0], expected, rtol=0, atol=bound
        )

    @pytest.mark.parametrize(("dtype", "offset"), [("float64", 1e8), ("float32", 1e3)])
    def test_offset_costs_no_digits(self, dtype: str, offset: float) -> None:
        values = messages((2, 20, 700), dtype, offset)
        # The mean is off by as much as roundings of n values, which moves the centre, and the distances not at all.
        _, distances, certain = subject.gram_and_distances(values, RESOLVED)
        check_distances(values, offset, distances)
        assert certain

    def test_a_broken_kernel_is_seen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        values = messages((1, 17, 300), "float64")
        reduced = products._reduced

        def wrong(emit: Any, vectors: Any) -> Any:
            return reduced(emit, [*vectors[1:2], *vectors[:1], *vectors[2:]])

        monkeypatch.setattr(products, "_reduced", wrong)
        subject._whole.cache_clear()
        try:
            _, distances, _ = subject.gram_and_distances(values, RESOLVED)
        finally:
            subject._whole.cache_clear()
        with pytest.raises(AssertionError):
            check_distances(values, 0, distances)

    def test_what_may_be_ill_conditioned_is_doubted(self) -> None:
        values = messages((3, 20, 300), "float64")
        limits = (1e-280, 1e4)
        assert subject.gram_and_distances(values, limits)[2]
        for change in ("cluster", "tiny", "large", "nan", "inf"):
            broken = values.copy()
            if change == "cluster":
                broken[1, 0] = 1e4 * np.abs(broken).max()
            elif change in ("tiny", "large"):
                broken[1] *= {"tiny": 1e-160, "large": 1e160}[change]
            else:
                broken[1, 3, 7] = {"nan": math.nan, "inf": math.inf}[change]
            assert not subject.gram_and_distances(broken, limits)[2], change

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_strides_and_batches(self, dtype: str) -> None:
        whole = messages((4, 60, 900), dtype)
        for view in (whole[::2, ::3, 100:], whole[:, ::-1, 5:700], whole[::-1, 10:], whole.swapaxes(0, 1)):
            plain = np.ascontiguousarray(view)
            together = subject.gram_and_distances(view, RESOLVED)
            for index, one in enumerate(plain):
                alone = subject.gram_and_distances(one[None], RESOLVED)
                for a, b in zip(together[:2], alone[:2], strict=True):
                    np.testing.assert_array_equal(a[index], b[0])

    @pytest.mark.parametrize("shape", [(1, 30, 70_001), (40, 60, 1000)])
    def test_threads(self, shape: tuple[int, ...]) -> None:
        values = messages(shape, "float64")
        assert values.nbytes >= 2**23
        with arrays.threads(1):
            one = subject.gram_and_distances(values, RESOLVED)[0]
        with arrays.threads(3):
            np.testing.assert_array_equal(subject.gram_and_distances(values, RESOLVED)[0], one)
        np.testing.assert_array_equal(subject.gram_and_distances(values[-1:], RESOLVED)[0], one[-1:])
        exact = values[0].astype(np.longdouble)
        exact -= exact.mean(axis=0)
        np.testing.assert_allclose(one[0], (exact @ exact.T).astype(float), rtol=0, atol=1e-13 * shape[-1])


class TestUse:
    """Rules on top of it, against the NumPy path."""

    RULES = (Krum(f=4), MultiKrum(f=4), GeometricMedian(), CenteredClipping(radius=3.0, start="zero"))

    @pytest.mark.parametrize("rule", RULES, ids=repr)
    @pytest.mark.parametrize(("dtype", "offset"), [("float64", 0), ("float64", 1e8), ("float32", 0), ("float32", 100)])
    def test_same_result(self, rule: Any, dtype: str, offset: float) -> None:
        values = messages((3, 20, 307), dtype, offset)
        values[:, :4] += 3
        with compiled.interpreted():
            assert not subject.usable(values)
            expected = rule(values)
        assert subject.usable(values)
        eps = float(np.finfo(dtype).eps)
        # The start at zero iterates towards the offset, and differs by roundings of it.
        np.testing.assert_allclose(rule(values), expected, rtol=64 * eps, atol=64 * eps * (1 + offset) + 2e-7)

    @pytest.mark.parametrize("rule", RULES[:3], ids=repr)
    @pytest.mark.parametrize("change", ["huge", "all huge", "tiny", "equal", "near the largest"])
    def test_fallbacks(self, rule: Any, change: str) -> None:
        values = messages((2, 20, 307), "float64")
        if change == "huge":
            values[0, :4] = 1e200
        elif change == "equal":
            values[0, 4:] = values[0, 4]
        else:
            values[0] *= {"all huge": 1e200, "tiny": 1e-200, "near the largest": 3e306}[change]
        with compiled.interpreted():
            expected = rule(values)
        assert np.all(np.isfinite(expected))
        np.testing.assert_allclose(rule(values), expected, rtol=1e-6)

    @pytest.mark.parametrize("rule", RULES, ids=repr)
    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_not_finite(self, rule: Any, bad: float) -> None:
        values = messages((20, 307), "float64")
        values[3, 5] = bad
        with pytest.raises(ValueError, match="not finite"):
            rule(values)

    @pytest.mark.parametrize(
        ("shape", "expected"),
        [((1, 10, 100), False), ((1, 10, 410), True), ((1, 2000, 20), False), ((1, 1, 5000), True)],
    )
    def test_shapes(self, shape: tuple[int, ...], expected: bool) -> None:
        assert subject.usable(np.zeros(shape)) is expected
        assert not subject.usable(np.zeros((*shape[:2], 2 * shape[2]))[..., ::2])
        assert not subject.usable(np.zeros(shape, dtype=">f8"))

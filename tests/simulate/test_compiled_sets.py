"""Scores and mixing of small sets in one go, against extended precision, the NumPy path, and the steps one by one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from byzbounds.simulate import arrays, compiled
from byzbounds.simulate.aggregation import NNM, Krum, MultiKrum
from byzbounds.simulate.compiled import emit, engine, gram, mixing, order
from byzbounds.simulate.compiled import sets as subject

pytestmark = pytest.mark.skipif(not compiled.available(), reason="llvmlite is missing")
SHAPES = [(1, 64, 64), (2, 67, 131), (3, 100, 100), (2, 128, 33), (1, 101, 517)]
RULES = (NNM, Krum, MultiKrum)
LIMITS = (1e-200, 1e6)


def messages(shape: tuple[int, ...], dtype: str = "float64") -> Any:
    """Messages of unequal lengths, so that no two distances are near each other by design."""
    values = np.random.default_rng(sum(shape)).standard_normal(shape) * np.linspace(1, 3, shape[-2])[:, None]
    return values.astype(dtype)


def exact_distances(values: Any) -> Any:
    exact = values.astype(np.longdouble)
    return np.stack([((one[:, None] - one) ** 2).sum(axis=-1) for one in exact])


def check_means(values: Any, count: int, found: Any) -> None:
    chosen = np.argsort(exact_distances(values), axis=-1, kind="stable")[..., :count]
    exact = np.stack([one[index].mean(axis=1) for one, index in zip(values.astype(float), chosen, strict=True)])
    eps = float(np.finfo(values.dtype).eps)
    assert np.all(np.abs(found - exact) <= (values.shape[-2] / 8 + 8) * eps * np.abs(values).max())


class TestKernels:
    """The kernels by themselves."""

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_exact(self, shape: tuple[int, int, int], dtype: str) -> None:
        values = messages(shape, dtype)
        assert subject.usable(values)
        count = shape[1] - shape[1] // 5
        means, doubtful = subject.mixed(values, count, LIMITS)
        assert not doubtful.any()
        check_means(values, count, means)
        sums, doubtful = subject.scores(values, count, LIMITS)
        assert not doubtful.any()
        expected = np.sort(exact_distances(values), axis=-1)[..., :count].sum(axis=-1).astype(float)
        np.testing.assert_allclose(sums, expected, rtol=(shape[2] / 2 + 64) * float(np.finfo(dtype).eps))

    def test_a_broken_kernel_is_seen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        values, store = messages((1, 67, 100)), subject._store_codes

        def wrong(emit: Any, code: Any, codes: Any, column: Any, group: Any, groups: int) -> None:
            flipped = emit.ir.Constant(code.type, [8] + [0] * (emit.lanes - 1))
            store(emit, emit.at.xor(code, flipped), codes, column, group, groups)

        monkeypatch.setattr(subject, "_store_codes", wrong)
        subject._kernel.cache_clear()
        try:
            means, _ = subject.mixed(values, 55, LIMITS)
        finally:
            subject._kernel.cache_clear()
        with pytest.raises(AssertionError):
            check_means(values, 55, means)

    def test_ties_and_what_may_be_ill_conditioned_are_doubted(self) -> None:
        values = messages((6, 70, 100))
        values[1, 10:] = values[1, 0]
        values[2] *= 1e-160
        values[3] *= 1e160
        values[4, 5, 6] = math.nan
        values[5, :, :] = np.random.default_rng(0).integers(0, 2, (70, 100))
        _, doubtful = subject.mixed(values, 50, LIMITS)
        np.testing.assert_array_equal(doubtful, [False, True, True, True, True, True])
        _, doubtful = subject.scores(values, 50, LIMITS)
        np.testing.assert_array_equal(doubtful, [False, True, True, True, True, False])

    def test_shapes(self) -> None:
        for shape, expected in (((64, 64), True), ((63, 70), False), ((129, 70), False), ((100, 700), False)):
            assert subject.usable(np.zeros((1, *shape))) is expected
            assert (subject.work(*shape) is not None) is expected
        with compiled.interpreted():
            assert not subject.usable(np.zeros((1, 64, 64)))
            assert subject.work(64, 64) is None


class TestOtherMachines:
    """The same with other vectors and numbers of registers than those of this machine."""

    @pytest.fixture(params=[(64, 32), (32, 16), (16, 32), (16, 16)], ids=str)
    def other(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        found = replace(engine.machine(), vector_bytes=request.param[0], registers=request.param[1])
        kept = (
            gram._kernel,
            gram._finish,
            gram._whole,
            gram._plan,
            mixing._encode,
            mixing._kernel,
            order._kernel,
            subject._kernel,
        )
        for kernel in kept:
            kernel.cache_clear()
        for module in (engine, emit):
            monkeypatch.setattr(module, "machine", lambda: found)
        yield
        for kernel in kept:
            kernel.cache_clear()

    @pytest.mark.usefixtures("other")
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_exact(self, dtype: str) -> None:
        values = messages((2, 67, 131), dtype)
        means, doubtful = subject.mixed(values, 54, LIMITS)
        assert not doubtful.any()
        check_means(values, 54, means)
        products, distances, _ = gram.gram_and_distances(values, LIMITS)
        eps = float(np.finfo(dtype).eps)
        deviations = values.astype(float) - values.astype(float).mean(axis=1, keepdims=True)
        exact = deviations @ deviations.swapaxes(-1, -2)
        np.testing.assert_allclose(products, exact, rtol=0, atol=100 * eps * exact.max())
        np.testing.assert_allclose(
            distances, exact_distances(values).astype(float), rtol=0, atol=100 * eps * exact.max()
        )
        mask = distances <= np.sort(distances, axis=-1)[..., 53:54]
        np.testing.assert_allclose(mixing.means(values, mask, 54), means, rtol=0, atol=100 * eps)


@pytest.mark.parametrize("kind", RULES)
class TestRules:
    """The rules that use them, against the NumPy path."""

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("offset", [0, 1000])
    def test_same_result(self, kind: Any, dtype: str, offset: float) -> None:
        values = messages((7, 100, 100), dtype) + np.dtype(dtype).type(offset)
        with compiled.interpreted():
            expected = kind(f=20)(values)
        eps = float(np.finfo(dtype).eps)
        np.testing.assert_allclose(kind(f=20)(values), expected, rtol=0, atol=64 * eps * (offset + 10))

    def test_offset_costs_no_digits(self, kind: Any) -> None:
        unit = 2.0**-20
        values = np.round(messages((2, 70, 90)) / unit) * unit
        np.testing.assert_allclose(kind(f=14)(values + 2.0**27) - 2.0**27, kind(f=14)(values), rtol=0, atol=1e-6)

    def test_any_batch_any_strides_any_threads(self, kind: Any) -> None:
        whole = messages((12, 140, 230))
        rule = kind(f=14)
        for view in (whole[::2, ::2, 30:], whole[:, 69::-1, 5:150]):
            together = rule(view)
            with arrays.threads(3):
                np.testing.assert_array_equal(rule(view), together)
            for index, one in enumerate(view):
                np.testing.assert_array_equal(rule(one), together[index])
            np.testing.assert_allclose(rule(view.copy()), together, rtol=0, atol=1e-14)

    def test_doubtful_sets_among_others(self, kind: Any) -> None:
        values = messages((5, 70, 100))
        values[1, 10:] = values[1, 0]
        values[2] *= 1e-160
        values[3, :10] = 1e160
        values[4] = np.random.default_rng(0).integers(0, 2, (70, 1))
        rule = kind(f=20)
        with compiled.interpreted():
            expected = rule(values)
        assert np.all(np.isfinite(expected))
        found = rule(values)
        for index, one in enumerate(values):
            np.testing.assert_array_equal(rule(one), found[index])
            np.testing.assert_allclose(found[index], expected[index], rtol=1e-12, atol=1e-12 * np.abs(one[10:]).max())

    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_not_finite(self, kind: Any, bad: float) -> None:
        values = messages((2, 70, 100))
        values[1, 3, 5] = bad
        with pytest.raises(ValueError, match="not finite"):
            kind(f=14)(values)

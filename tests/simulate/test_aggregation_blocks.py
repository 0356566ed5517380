"""Rules that take another path for long or for many messages: the same result, and no digits lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from byzbounds.simulate import arrays
from byzbounds.simulate.aggregation import GeometricMedian, Phocas

N, Q, F = 10, 14_000, 3


def messages(dtype: str, offset: float = 0.0) -> Any:
    """Messages (N, Q) of which the first F lie apart, by distances that differ from device to device."""
    values = np.random.default_rng(7).standard_normal((N, Q)) * np.linspace(1, 2, N)[:, None]
    values[:F] += 3
    # Rounded to what the dtype resolves at the offset, so that adding it is exact.
    unit = float(np.spacing(np.array(max(offset, 1.0) * 8, dtype=dtype)))
    return (np.round(values / unit) * unit + offset).astype(dtype)


class TestPhocasVector:
    """Distances to the vector of trimmed means, summed over blocks of columns."""

    @pytest.mark.parametrize(("dtype", "offset"), [("float64", 0.0), ("float64", 1e8), ("float32", 0.0)])
    def test_direct_formula(self, dtype: str, offset: float) -> None:
        values = messages(dtype, offset)
        exact = values.astype(np.longdouble) - offset
        centre = np.sort(exact, axis=0)[F : N - F].mean(axis=0)
        kept = np.argsort(((exact - centre) ** 2).sum(axis=-1))[: N - F]
        result = Phocas(f=F, variant="vector")(values)
        eps = float(np.finfo(dtype).eps)
        np.testing.assert_allclose(result - offset, exact[kept].mean(axis=0), rtol=0, atol=8 * eps * (offset + 10))

    @pytest.mark.parametrize("scale", [1e-200, 1e200])
    def test_squares_beyond_the_range(self, scale: float) -> None:
        rule, values = Phocas(f=F, variant="vector"), messages("float64")
        np.testing.assert_allclose(rule(values * scale) / scale, rule(values), rtol=0, atol=1e-13)

    def test_equal_messages_and_batches(self) -> None:
        rule, values = Phocas(f=F, variant="vector"), messages("float64")
        same = np.broadcast_to(values[0], values.shape).copy()
        np.testing.assert_allclose(rule(same), values[0], rtol=1e-14)
        both = rule(np.stack([values, same]))
        np.testing.assert_array_equal(both[0], rule(values))
        np.testing.assert_array_equal(both[1], rule(same))

    def test_threads_and_portable_code(self) -> None:
        values = np.random.default_rng(3).standard_normal((100, 12_000))
        rule = Phocas(f=20, variant="vector")
        with arrays.threads(1):
            one = rule(values)
        with arrays.threads(3):
            np.testing.assert_array_equal(rule(values), one)
        with arrays.portable():
            np.testing.assert_allclose(rule(values), one, rtol=0, atol=1e-13)


class TestMedianFromTheMean:
    """Weiszfeld's iteration on many messages themselves, against the same one in their span."""

    RULE = GeometricMedian(start="mean", max_iterations=7)

    @staticmethod
    def spread(dtype: str = "float64") -> Any:
        values = np.random.default_rng(5).standard_normal((400, 300)).astype(dtype)
        values[:80] += 2
        return values

    @pytest.mark.parametrize(("dtype", "offset"), [("float64", 0), ("float64", 1e8), ("float32", 0), ("float32", 100)])
    def test_same_as_in_the_span(self, dtype: str, offset: float) -> None:
        values = self.spread(dtype) + np.dtype(dtype).type(offset)
        with np.errstate(all="ignore"):
            assert self.RULE._direct(values) is not None
        with arrays.portable():
            expected = self.RULE(values)
        eps = float(np.finfo(dtype).eps)
        np.testing.assert_allclose(self.RULE(values), expected, rtol=0, atol=8 * eps * (offset + 10))

    @pytest.mark.parametrize("shape", [(30, 5), (200, 40)])
    def test_same_point_as_from_the_medoid(self, shape: tuple[int, int]) -> None:
        values = np.random.default_rng(6).standard_normal(shape)
        values[: shape[0] // 4] += 100
        start, medoid = GeometricMedian(start="mean", tolerance=1e-10), GeometricMedian(tolerance=1e-10)
        np.testing.assert_allclose(start(values), medoid(values), rtol=0, atol=1e-8)

    def test_start_at_a_message(self) -> None:
        values = np.array([[0.0, 0], [3, 0], [-3, 0], [0, 3], [0, -3]])
        np.testing.assert_allclose(GeometricMedian(start="mean")(values), [0, 0], atol=1e-12)

    @pytest.mark.parametrize("change", ["equal", "tiny", "large", "one huge"])
    def test_left_to_the_span(self, change: str) -> None:
        values = self.spread()
        if change == "equal":
            values[:] = values[0]
        elif change == "one huge":
            values[0] = 1e200
        else:
            values *= {"tiny": 1e-200, "large": 1e200}[change]
        with np.errstate(all="ignore"):
            assert self.RULE._direct(values) is None
        with arrays.portable():
            expected = self.RULE(values)
        np.testing.assert_allclose(self.RULE(values), expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())
        both = self.RULE(np.stack([values, self.spread()]))
        np.testing.assert_array_equal(both[0], self.RULE(values))
        np.testing.assert_array_equal(both[1], self.RULE(self.spread()))

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_not_finite(self, bad: float) -> None:
        values = self.spread()
        values[3, 4] = bad
        with pytest.raises(ValueError, match="not finite"):
            self.RULE(values)

    def test_breakdown(self) -> None:
        assert self.RULE.breakdown(9) == 0
        with pytest.raises(ValueError, match="needs start"):
            GeometricMedian(start="zero")  # type: ignore[arg-type]

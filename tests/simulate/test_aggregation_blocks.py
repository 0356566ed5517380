"""Rules that take another path for long or for many messages: the same result, and no digits lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


from byzbounds.simulate import arrays
from byzbounds.simulate.aggregation import Phocas

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

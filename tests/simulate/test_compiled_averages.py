"""Iterations along combinations of gradients in machine code: by definition, and errors would be seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from byzbounds.simulate.compiled import available, averages

pytestmark = pytest.mark.skipif(not available(), reason="needs llvmlite")


def _advance(
    n: int, columns: int, dtype: Any, runs: int = 2, own: bool = True, bounds: tuple[float, float] = (1e9, 1e9)
):
    """Three iterations by the kernel and by definition, and which runs the kernel is content with."""
    rng = np.random.default_rng(n * columns)
    features = rng.normal(size=(runs if own else 1, n, columns)).astype(dtype)
    labels = rng.normal(size=features.shape[:2]).astype(dtype)
    x, factors = rng.normal(size=(runs, columns)).astype(dtype), rng.normal(size=(3, runs, n)).astype(dtype)
    rates = [0.1 / n, 0.03 / n, 0.02 / n]
    expected = x.astype(np.float64)
    for rate, weights in zip(rates, factors, strict=True):
        residuals = (features @ expected[..., None])[..., 0] - labels
        expected = expected - rate * ((residuals * weights)[..., None] * features).sum(axis=1)
    # Whatever is in the scratch, and none of it beyond what is asked for.
    scratch, bad = np.full(columns + 64, np.nan, dtype=dtype), np.zeros(runs, dtype=dtype)
    scratch[columns + 16 :] = 7
    settings = np.array([*rates, *bounds], dtype=dtype)
    used = (features, labels, x, factors, settings, scratch, bad, np.empty(0))
    averages.kernel(n, np.dtype(dtype))(*(each.ctypes.data for each in used), int(own), runs, 3, columns)
    assert (scratch[columns + 16 :] == 7).all()
    return x, expected, bad == 0


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 16, 30, 131])
@pytest.mark.parametrize("columns", [16, 17, 31, 64, 100])
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 1e-4)])
def test_iterations_by_definition(n: int, columns: int, dtype: Any, rtol: float) -> None:
    for own in (True, False):
        moved, expected, fine = _advance(n, columns, dtype, own=own)
        assert fine.all()
        np.testing.assert_allclose(moved, expected, rtol=0, atol=rtol * np.abs(expected).max())


def test_a_run_that_goes_too_far_is_told() -> None:
    for bounds, expected in (((1e9, 1e-3), False), ((1e-3, 1e9), False), ((1e3, 1e3), True)):
        assert (_advance(12, 20, np.float64, bounds=bounds)[2] == expected).all()


def test_a_row_in_place_of_another_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = averages.products

    def confused(emitter: Any, rows: list[Any], *others: Any) -> list[Any]:
        return kept(emitter, [*rows[:-1], rows[0]], *others)

    monkeypatch.setattr(averages, "products", confused)
    averages.kernel.cache_clear()
    moved, expected, _ = _advance(30, 20, np.float64)
    averages.kernel.cache_clear()
    assert not np.allclose(moved, expected)

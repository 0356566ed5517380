"""Messages written by machine code are the coded gradients of the definition."""

from __future__ import annotations

import numpy as np
import pytest

from byzbounds.simulate.compiled import available, messages

pytestmark = pytest.mark.skipif(not available(), reason="needs llvmlite")

N, RUNS = 11, 3


def drawn(d, columns, dtype, own):
    rng = np.random.default_rng(d)
    features = rng.normal(size=(RUNS, N, columns) if own else (N, columns)).astype(dtype)
    order = np.array([rng.permutation(N) for _ in range(RUNS)])
    places = np.concatenate([order, order[:, : d - 1]], axis=-1)
    owners = np.array([rng.permutation(N) for _ in range(RUNS)])
    scaled = rng.normal(size=places.shape).astype(dtype)
    return features, scaled, rng.normal(size=(RUNS, N)).astype(dtype), places, owners


def by_definition(features, scaled, factors, places, owners, d):
    out = np.empty((RUNS, N, features.shape[-1]), dtype=np.longdouble)
    for run in range(RUNS):
        rows = (features[run] if features.ndim == 3 else features).astype(np.longdouble)
        for i in range(N):
            window = slice(i, i + d)
            out[run, owners[run, i]] = factors[run, i] * (scaled[run, window] @ rows[places[run, window]])
    return out


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [16, 17, 31, 40])
@pytest.mark.parametrize("d", [1, 2, 5, 8, 11])
def test_by_definition(d, columns, dtype, own):
    parts = drawn(d, columns, dtype, own)
    out = np.full((RUNS, N, columns), np.nan, dtype=dtype)
    messages.send(*parts, d, out)
    expected = by_definition(*parts, d)
    np.testing.assert_allclose(out, expected, rtol=0, atol=4 * d * np.finfo(dtype).eps * np.abs(expected).max())


def test_a_wrong_window_is_seen(monkeypatch):
    kept = messages.window_sums
    monkeypatch.setattr(
        messages, "window_sums", lambda emitter, row, n, d: kept(emitter, lambda p: row(max(p, 1)), n, d)
    )
    messages._kernel.cache_clear()
    parts, out = drawn(3, 16, "float64", True), np.empty((RUNS, N, 16))
    messages.send(*parts, 3, out)
    messages._kernel.cache_clear()
    assert not np.allclose(out, by_definition(*parts, 3).astype(float))

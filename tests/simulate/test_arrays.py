"""Host views, chunks, threads, and moves between libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from byzbounds.simulate import arrays


def test_host_views_share_memory(xp: Any) -> None:
    moved = xp.asarray(np.arange(6.0).reshape(2, 3))
    view = arrays.host_view(moved)
    if "array_api_strict" in xp.__name__:
        assert view is None
        return
    assert view is not None
    np.testing.assert_array_equal(view, np.arange(6.0).reshape(2, 3))
    assert not view.flags.owndata
    with arrays.portable():
        assert arrays.host_view(moved) is None


def test_host_views_are_refused_where_numpy_must_not_look() -> None:
    torch = pytest.importorskip("torch")
    assert arrays.host_view(torch.zeros(3, requires_grad=True)) is None
    assert arrays.host_view(torch.zeros(3, dtype=torch.float16)) is None
    assert arrays.host_view(torch.zeros(3, device="meta")) is None


def test_traced_values_have_no_host_view() -> None:
    jax = pytest.importorskip("jax")
    seen = []

    def function(value: Any) -> Any:
        seen.append(arrays.host_view(value))
        return value

    jax.jit(function)(jax.numpy.zeros(3))
    assert seen == [None]


def test_rules_work_where_gradients_are_recorded() -> None:
    torch = pytest.importorskip("torch")
    from byzbounds.simulate.aggregation import TrimmedMean

    values = torch.asarray(np.random.default_rng(0).standard_normal((7, 3)), dtype=torch.float64).requires_grad_()
    TrimmedMean(f=1)(values).sum().backward()
    assert float(values.grad.sum()) == pytest.approx(3.0)
    assert int((values.grad != 0).sum()) == 5 * 3


def test_rules_work_under_jit() -> None:
    jax = pytest.importorskip("jax")
    from byzbounds.simulate.aggregation import MeaMed, TrimmedMean

    values = np.random.default_rng(0).standard_normal((7, 3)).astype(np.float32)
    for rule in (TrimmedMean(f=1, nonfinite="unchecked"), MeaMed(f=1, nonfinite="unchecked")):
        np.testing.assert_allclose(jax.jit(rule)(jax.numpy.asarray(values)), rule(values), rtol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_threads_do_all_blocks_once(count: int) -> None:
    done = np.zeros(23, dtype=int)

    def work(block: slice) -> None:
        done[block] += 1

    with arrays.threads(count):
        assert arrays.thread_count() == count
        arrays.run_blocks(work, 23, 4)
    assert (done == 1).all()


def test_errors_in_threads_come_through() -> None:
    def work(block: slice) -> None:
        raise RuntimeError(str(block.start))

    with arrays.threads(2), pytest.raises(RuntimeError, match="0"):
        arrays.run_blocks(work, 23, 4)


def test_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("BYZBOUNDS_NUM_THREADS", "")
    assert arrays.thread_count() == 3
    monkeypatch.setenv("BYZBOUNDS_NUM_THREADS", "5")
    assert arrays.thread_count() == 5
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.delenv("BYZBOUNDS_NUM_THREADS")
    assert arrays.thread_count() >= 1


def test_chunks_cover_everything() -> None:
    for budget, each in ((100, 30), (1, 50), (10**9, 1)):
        with arrays.memory_budget(budget):
            parts = list(arrays.chunks(11, each))
        assert [i for part in parts for i in range(part.start, part.stop)] == list(range(11))
        assert all((part.stop - part.start) * each <= budget or part.stop - part.start == 1 for part in parts)


def test_moves_keep_the_kind(xp: Any) -> None:
    like = xp.asarray(np.zeros(3, dtype=np.float32))
    frozen = np.broadcast_to(np.arange(3.0), (2, 3))
    moved = arrays.to_namespace(xp, frozen, like)
    assert moved.dtype == like.dtype
    np.testing.assert_array_equal(arrays.to_host(moved), frozen)
    assert xp.isdtype(arrays.to_namespace(xp, np.arange(3), like).dtype, "integral")
    assert xp.isdtype(arrays.to_namespace(xp, np.arange(3) > 1, like).dtype, "bool")


def test_all_finite(xp: Any) -> None:
    big = xp.asarray(np.full(4, 1.7e308))
    assert arrays.all_finite(xp, big)
    for bad in (np.nan, np.inf):
        assert not arrays.all_finite(xp, xp.asarray(np.array([1.0, bad])))
    assert not arrays.all_finite(xp, xp.asarray(np.array([np.inf, -np.inf])))

from __future__ import annotations

import pytest

from byzbounds.simulate import blas

threadpoolctl = pytest.importorskip("threadpoolctl")


def counts():
    return [entry["num_threads"] for entry in threadpoolctl.threadpool_info() if entry["user_api"] == "blas"]


def test_the_last_to_leave_restores_the_threads():
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = counts()
        first, second = blas.one_blas_thread(), blas.one_blas_thread()
        first.__enter__()
        second.__enter__()
        assert set(counts()) == {1}
        first.__exit__(None, None, None)
        assert set(counts()) == {1}
        second.__exit__(None, None, None)
        assert counts() == before


def test_restored_after_an_error():
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = counts()
        with pytest.raises(KeyError), blas.one_blas_thread():
            raise KeyError
        assert counts() == before


def test_nothing_is_changed_without_threadpoolctl(monkeypatch):
    monkeypatch.setattr(blas, "_controller", lambda: None)
    before = counts()
    with blas.one_blas_thread():
        assert counts() == before

"""The message sets that Hypothesis draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import find, given, settings

from byzbounds.verify.strategies import MessageSet, Shape, message_sets


@pytest.mark.parametrize("shape", list(Shape))
def test_every_shape_has_the_size_and_dtype_that_were_asked_for(shape: Shape) -> None:
    @settings(max_examples=20, database=None)
    @given(message_sets(7, 2, dim=3, shapes=(shape,), dtype="float32"))
    def check(sample: MessageSet) -> None:
        assert sample.honest.shape == (5, 3)
        assert sample.byzantine.shape == (2, 3)
        assert sample.messages.shape == (7, 3)
        assert sample.messages.dtype == np.float32
        assert np.all(np.isfinite(sample.messages))
        assert sorted(sample.order) == list(range(7))
        assert sample.shape is shape

    check()


def test_without_byzantine_devices() -> None:
    sample = find(message_sets(3, 0), lambda _: True)
    assert sample.byzantine.shape[0] == 0
    assert sample.messages.shape[0] == 3


def test_the_worst_case_of_the_trimmed_mean_is_among_the_two_level_sets() -> None:
    def is_worst(sample: MessageSet) -> bool:
        honest = sample.honest[:, 0]
        kept = np.sort(sample.messages[:, 0])[2:-2].mean()
        spread = np.mean((honest - honest.mean()) ** 2)
        return bool(spread > 0 and (kept - honest.mean()) ** 2 > 0.33 * spread)

    find(message_sets(10, 2, dim=1, shapes=(Shape.TWO_LEVEL,)), is_worst)


@pytest.mark.parametrize("library", ["torch", "jax.numpy", "array_api_strict"])
def test_other_libraries(library: str) -> None:
    xp = pytest.importorskip(library)
    sample = find(message_sets(5, 1, dim=2, dtype="float32", xp=xp), lambda _: True)
    assert type(sample.messages) is type(xp.asarray([0.0]))
    assert tuple(sample.messages.shape) == (5, 2)


@pytest.mark.parametrize(("n", "f"), [(3, 3), (3, -1)])
def test_bad_numbers_of_devices(n: int, f: int) -> None:
    with pytest.raises(ValueError, match=f"n={n}, f={f}"):
        find(message_sets(n, f), lambda _: True)


def test_no_shapes() -> None:
    with pytest.raises(ValueError, match="at least one shape"):
        find(message_sets(3, 1, shapes=()), lambda _: True)

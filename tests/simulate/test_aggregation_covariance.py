"""CAF with a power iteration: as robust and as invariant as the exact one, on the messages or on their Gram matrix."""

from __future__ import annotations

import numpy as np
import pytest

from byzbounds.simulate.aggregation import CAF
from byzbounds.verify import check_rule

SHAPES = [(11, 4), (11, 200), (40, 40)]


def sample(n: int, q: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, q)) * np.linspace(1, 3, q)


@pytest.mark.parametrize(("n", "q"), SHAPES)
def test_many_steps_give_the_exact_rule(n: int, q: int) -> None:
    messages = sample(n, q)
    messages[0] += 8 * np.linspace(1, 2, q)  # a leading direction that stands out
    f = 1
    got, wanted = CAF(f=f, power_iterations=400)(messages), CAF(f=f)(messages)
    np.testing.assert_allclose(got, wanted, atol=1e-6)


@pytest.mark.parametrize(("n", "q"), SHAPES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_batches_and_other_libraries_agree(n: int, q: int, dtype: str) -> None:
    xp = pytest.importorskip("array_api_strict")
    rule, stack = CAF(f=3, power_iterations=2), np.stack([sample(n, q, seed) for seed in range(3)]).astype(dtype)
    together = rule(stack)
    np.testing.assert_array_equal(together, np.stack([rule(messages) for messages in stack]))
    portable = np.asarray(rule(xp.asarray(stack)))
    np.testing.assert_allclose(portable, together, atol=2e4 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize(("n", "q"), SHAPES)
@pytest.mark.parametrize("far", [1e3, 1e9, 1e200])
def test_far_messages_are_filtered_out(n: int, q: int, far: float) -> None:
    messages = sample(n, q)
    f = n // 5
    messages[:f] = far
    honest = messages[f:]
    spread = np.linalg.norm(honest - honest.mean(axis=0), axis=1).max()
    assert np.linalg.norm(CAF(f=f, power_iterations=1)(messages) - honest.mean(axis=0)) <= 2 * spread


def test_deviations_that_cancel_one_another_leave_a_direction() -> None:
    # Sum and sum of cubes are zero, so that the start of the power iteration vanishes; the mean is not the result.
    line = np.array([-9.0, -5.0, -3.0, -1.0, 0.0, 3.0, 7.0, 8.0])
    messages = np.stack([line, np.zeros_like(line), np.zeros_like(line)], axis=1)
    for shape in (messages, np.concatenate([messages, np.zeros((8, 20))], axis=1)):
        found, exact = CAF(f=2, power_iterations=1)(shape), CAF(f=2)(shape)
        np.testing.assert_allclose(found, exact, atol=1e-12)
        assert abs(found[0]) > 0.5
        xp = pytest.importorskip("array_api_strict")
        np.testing.assert_allclose(np.asarray(CAF(f=2, power_iterations=1)(xp.asarray(shape))), exact, atol=1e-12)


def test_symmetric_messages_whose_weighted_deviations_cancel() -> None:
    line = np.array([-5.0, -1.0, -1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 5.0])
    messages = np.stack([line, np.zeros_like(line), np.zeros_like(line)], axis=1)
    result = CAF(f=2, power_iterations=1)(messages)
    np.testing.assert_allclose(result, 0, atol=1e-12)
    one_sided = messages.copy()
    one_sided[0, 0] = 5.0
    assert abs(CAF(f=2, power_iterations=1)(one_sided)[0]) < 1


@pytest.mark.parametrize("q", [3, 200])
def test_an_offset_costs_no_digits(q: int) -> None:
    messages = sample(25, q)
    rule = CAF(f=5, power_iterations=2)
    np.testing.assert_allclose(rule(messages + 1e8) - 1e8, rule(messages), atol=1e-5)


def test_equal_messages_give_that_message() -> None:
    np.testing.assert_array_equal(CAF(f=2, power_iterations=1)(np.full((7, 3), 2.5)), np.full(3, 2.5))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_messages_that_are_not_finite_are_refused(value: float) -> None:
    messages = sample(11, 4)
    messages[2, 1] = value
    with pytest.raises(ValueError, match="finite"):
        CAF(f=2, power_iterations=1)(messages)


def test_bad_steps() -> None:
    with pytest.raises(ValueError, match="power_iterations"):
        CAF(f=2, power_iterations=0)


def test_what_it_declares_holds() -> None:
    result = check_rule(CAF(f=2, power_iterations=1), 10, 2, max_examples=25)
    assert result.passed, str(result)

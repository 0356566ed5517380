"""Streams depend on seed, purpose and iteration, and on nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from byzbounds.simulate.randomness import Purpose, RunStreams, draw, normals, permutations, run_streams, stream, subsets

SEEDS = [0, 1, 7, 2**70]


def test_streams_are_pinned() -> None:
    """A change of these numbers changes every published trajectory."""
    assert stream(0, Purpose.ATTACK, 3).integers(0, 1000, size=4).tolist() == [574, 42, 943, 278]
    assert [purpose.value for purpose in Purpose] == list(range(len(Purpose)))


@pytest.mark.parametrize("seed", SEEDS)
def test_reused_generators_draw_what_fresh_ones_do(seed: int) -> None:
    streams = RunStreams(seed)
    for iteration in (5, 0, 2**40, 5):
        for purpose in (Purpose.ATTACK, Purpose.TASKS):
            # An odd number of 32-bit draws leaves half a word in the generator's buffer, which must not leak.
            expected = stream(seed, purpose, iteration)
            reused = streams.at(purpose, iteration)
            assert (
                reused.integers(0, 9, size=3, dtype=np.uint32).tolist()
                == expected.integers(0, 9, size=3, dtype=np.uint32).tolist()
            )
            np.testing.assert_array_equal(reused.standard_normal(7), expected.standard_normal(7))


def test_streams_differ_in_each_argument() -> None:
    first = {
        stream(seed, purpose, iteration).random()
        for seed in SEEDS
        for purpose in Purpose
        for iteration in (0, 1, 2, 2**32, 2**63)
    }
    assert len(first) == len(SEEDS) * len(Purpose) * 5


@pytest.mark.parametrize("make", [normals, permutations, lambda rng, shape: subsets(rng, shape, 2)])
def test_draws_of_a_run_do_not_depend_on_the_batch(make) -> None:
    whole = make([s.at(Purpose.TASKS, 4) for s in run_streams([3, 1, 2])], (3, 5, 4))
    alone = make([RunStreams(1).at(Purpose.TASKS, 4)], (1, 5, 4))
    single = make(stream(1, Purpose.TASKS, 4), (5, 4))
    np.testing.assert_array_equal(whole[1], alone[0])
    np.testing.assert_array_equal(whole[1], single)


def test_permutations_and_subsets_are_uniform() -> None:
    rng = stream(0, Purpose.SAMPLING)
    orders = permutations(rng, (20_000, 4))
    assert (np.sort(orders, axis=-1) == np.arange(4)).all()
    masks = subsets(rng, (20_000, 5), 2)
    assert (masks.sum(axis=-1) == 2).all()
    # Each frequency is a mean of 20 000 indicators: beyond 6 standard deviations with a probability below 1e-7 in all.
    for table, share in ((orders == 0, 1 / 4), (masks, 2 / 5), (masks[:, :1] & masks[:, 1:2], 1 / 10)):
        deviation = np.abs(table.mean(axis=0) - share)
        assert deviation.max() < 6 * (share * (1 - share) / 20_000) ** 0.5


def test_extreme_subsets() -> None:
    rng = stream(0, Purpose.SAMPLING)
    assert not subsets(rng, (3, 4), 0).any()
    assert subsets(rng, (3, 4), 4).all()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: stream(-1, Purpose.TASKS), "seed has to be at least 0, got -1"),
        (lambda: stream(0.5, Purpose.TASKS), "seed has to be a whole number, got 0.5"),
        (lambda: stream(0, Purpose.TASKS, 2**64), "iteration has to be at least 0 and below"),
        (lambda: RunStreams(0).at(Purpose.TASKS, -1), "iteration has to be at least 0"),
        (lambda: subsets(stream(0, Purpose.TASKS), (4,), 5), "subsets of size 5 do not fit in 4 entries"),
        (lambda: normals(0, (3,)), "rng has to be a numpy.random.Generator"),
        (lambda: normals([stream(0, Purpose.TASKS)], (3, 2)), "rng holds 1 generators"),
        (lambda: draw([], (), lambda one, size: one.random(size)), "rng holds 0 generators"),
    ],
)
def test_invalid_calls(call, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()


class Repeating:
    """A generator whose draws tie."""

    def random(self, shape: tuple[int, ...]) -> np.ndarray:
        return np.resize([0.5, 0.25, 0.5, 0.5, 0.75, 0.25], shape)


def test_subsets_of_tied_draws() -> None:
    from byzbounds.simulate.randomness import _subsets

    masks = _subsets(Repeating(), (4, 6), 3)
    assert masks.tolist() == [[True, True, False, False, False, True]] * 4

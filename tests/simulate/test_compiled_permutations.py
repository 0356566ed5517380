"""Permutations by machine code are NumPy's, bit for bit, and NumPy draws them where they are not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from byzbounds.simulate.compiled import available, interpreted, permutations
from byzbounds.simulate.draws import BlockDraws, byzantine_draws, index_draws, permutation_draws
from byzbounds.simulate.randomness import Purpose, run_streams, stream

SEEDS = [0, 3, 2**70]

needs_code = pytest.mark.skipif(not available(), reason="needs llvmlite")


@pytest.fixture
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permutations, "PATIENCE", -1)


@pytest.fixture
def _fresh() -> Iterator[None]:
    """Code and its check made anew within the test, and again after it."""
    for kept in (permutations._permuting, permutations._spreading, permutations.agrees):
        kept.cache_clear()
    yield
    for kept in (permutations._permuting, permutations._spreading, permutations.agrees):
        kept.cache_clear()


def _by_numpy(seeds: list[int], purpose: Purpose, number: int, count: int, length: int) -> np.ndarray:
    drawn = [stream(seed, purpose, number).permuted(np.tile(np.arange(length), (count, 1)), axis=-1) for seed in seeds]
    return np.stack(drawn, axis=1)


def _by_code(seeds: list[int], purpose: Purpose, number: int, count: int, length: int) -> np.ndarray:
    drawn = np.full((count, len(seeds), length), -1)
    permutations.permute(np.stack([each.key for each in run_streams(seeds)]), number, purpose, drawn)
    return drawn


@needs_code
@pytest.mark.parametrize("length", [2, 3, 4, 5, 31, 63, 64, 65, 100, 128, 129, 1000])
def test_every_length_comes_out_as_from_numpy(length: int) -> None:
    for count in (1, 2, 7, 64, 65):
        arguments = (SEEDS, Purpose.TASKS, 5, count, length)
        np.testing.assert_array_equal(_by_code(*arguments), _by_numpy(*arguments))


@needs_code
def test_long_permutations_and_many_of_them() -> None:
    for count, length in ((3, 2**16), (1, 2**16 + 1), (1, 300_000), (5000, 3)):
        arguments = ([1], Purpose.SUBSETS, 0, count, length)
        np.testing.assert_array_equal(_by_code(*arguments), _by_numpy(*arguments))


@needs_code
@pytest.mark.parametrize("purpose", [Purpose.PROBLEM, Purpose.TASKS, Purpose.BYZANTINE, Purpose.SAMPLING])
@pytest.mark.parametrize("number", [0, 1, 2**32, 2**63 - 1, 2**64 - 1])
def test_every_stream_is_numpys(purpose: Purpose, number: int) -> None:
    for seeds in ([0], [5, 4, 2**100], list(range(20))):
        arguments = (seeds, purpose, number, 3, 20)
        np.testing.assert_array_equal(_by_code(*arguments), _by_numpy(*arguments))


@needs_code
def test_nothing_is_written_beside_the_permutations() -> None:
    room = np.full((5, 4, 12), -1)
    permutations.permute(np.stack([each.key for each in run_streams([7])]), 2, Purpose.TASKS, room[1:4, 1:2, 2:9])
    np.testing.assert_array_equal(room[1:4, 1:2, 2:9], _by_numpy([7], Purpose.TASKS, 2, 3, 7))
    room[1:4, 1, 2:9] = -1
    assert (room == -1).all()


@needs_code
@pytest.mark.parametrize("length", [2, 7, 64, 100])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("maps", [(), (Purpose.TASKS,), (Purpose.TASKS, Purpose.SUBSETS)])
def test_factors_go_where_permutations_take_them(length: int, dtype: type, maps: tuple[Purpose, ...]) -> None:
    keys = np.stack([each.key for each in run_streams(SEEDS)])
    for f in (0, 1, length // 2, length):
        factors = np.full((5, len(SEEDS), length), np.nan, dtype=dtype)
        permutations.spread(keys, 9, (Purpose.BYZANTINE, *maps), f, -1.7, factors)
        places = np.broadcast_to(np.arange(length), factors.shape)
        for purpose in maps:
            places = np.take_along_axis(_by_numpy(SEEDS, purpose, 9, 5, length), places, axis=-1)
        chosen = np.empty(factors.shape, dtype=bool)
        np.put_along_axis(chosen, places, _by_numpy(SEEDS, Purpose.BYZANTINE, 9, 5, length) < f, axis=-1)
        np.testing.assert_array_equal(factors, np.where(chosen, np.asarray(-1.7, dtype=dtype), 1))


@needs_code
@pytest.mark.usefixtures("_eager")
def test_where_draws_themselves_are_needed() -> None:
    """Factors are moved by machine code for permutations that are redrawn, and else left to who has the draws."""
    masks, double = byzantine_draws(SEEDS, 30, 7, "redrawn"), np.dtype(np.float64)
    order, fixed = (permutation_draws(SEEDS, Purpose.TASKS, 30, each) for each in ("redrawn", "fixed"))
    assert masks.moved([order], 0, -2.0, double) is not None
    assert masks.moved([fixed], 0, -2.0, double) is None
    assert masks.moved([order, index_draws(SEEDS, Purpose.SUBSETS, 30, 30, "redrawn")], 0, -2.0, double) is None
    assert masks.moved([permutation_draws(SEEDS, Purpose.TASKS, 31, "redrawn")], 0, -2.0, double) is None
    assert masks.moved([permutation_draws(SEEDS[::-1], Purpose.TASKS, 30, "redrawn")], 0, -2.0, double) is None
    assert order.moved([], 0, -2.0, double) is None
    assert byzantine_draws(SEEDS, 30, 7, "fixed").moved([order], 0, -2.0, double) is None
    with interpreted():
        assert masks.moved([order], 0, -2.0, double) is None


def _makers() -> list[BlockDraws]:
    return [
        permutation_draws(SEEDS, Purpose.TASKS, 100, "redrawn"),
        permutation_draws(SEEDS, Purpose.SUBSETS, 1, "redrawn"),
        permutation_draws(SEEDS, Purpose.SUBSETS, 11, "fixed"),
        byzantine_draws(SEEDS, 30, 7, "redrawn"),
    ]


@needs_code
@pytest.mark.usefixtures("_eager")
def test_draws_are_the_same_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, permute = [], permutations.permute
    monkeypatch.setattr(permutations, "permute", lambda *arguments: calls.append(permute(*arguments)))
    for compiled, plain in zip(_makers(), _makers(), strict=True):
        for number in (0, 3, 1):
            drawn = compiled.block(number)
            with interpreted():
                np.testing.assert_array_equal(drawn, plain.block(number))
                assert drawn.dtype == plain.block(number).dtype
    assert len(calls) >= 7, "three blocks of two, one of what is fixed, none of one entry"


@needs_code
@pytest.mark.usefixtures("_fresh", "_eager")
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("_MULTIPLIERS", (0xD2E7470EE14C6C93, 0xCA5A826395121159)),
        ("_KEY_STEPS", (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73C)),
        ("_ROUNDS", 9),
        ("_HALVES", 4),
    ],
)
def test_wrong_code_is_seen_and_not_used(monkeypatch: pytest.MonkeyPatch, name: str, wrong: object) -> None:
    monkeypatch.setattr(permutations, name, wrong)
    arguments = ([0], Purpose.TASKS, 0, 20, 100)
    assert not np.array_equal(_by_code(*arguments), _by_numpy(*arguments))
    assert not permutations.agrees()
    drawn = permutation_draws([0], Purpose.TASKS, 100, "redrawn").block(0)
    np.testing.assert_array_equal(drawn, _by_numpy([0], Purpose.TASKS, 0, 64, 100))


@needs_code
@pytest.mark.usefixtures("_fresh")
def test_nothing_is_compiled_for_few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permutations.Meter, "entries", 0)
    monkeypatch.setattr(permutations, "PATIENCE", 2 * 64 * 10)
    draws = permutation_draws([0], Purpose.TASKS, 10, "redrawn")
    compiled = []
    for number in range(4):
        draws.block(number)
        compiled.append(permutations._permuting.cache_info().currsize)
    assert compiled == [0, 0, 1, 1]

from __future__ import annotations

import numpy as np
import pytest

from byzbounds.simulate.allocation import ALLOCATIONS, BalancedRandom, NonRedundant, UniformRandom
from byzbounds.simulate.allocation.matrices import cyclic_matrix
from byzbounds.simulate.codes import RepetitionCode
from byzbounds.simulate.draws import BLOCK, byzantine_draws, index_draws, permutation_draws
from byzbounds.simulate.encoding import AllocatedEncoding, CyclicEncoding, IndependentEncoding, window_sums
from byzbounds.simulate.problems import CraRegression, LadRegression
from byzbounds.simulate.randomness import Purpose

SEEDS = (3, 1, 4)
NAMESPACES = ["numpy", "array_api_strict", "torch", "jax.numpy"]
ENCODINGS = {
    "cyclic": (CyclicEncoding(12, 5), 12),
    "cyclic, one": (CyclicEncoding(12, 1), 12),
    "cyclic, all": (CyclicEncoding(12, 12), 12),
    "cyclic, fixed tasks": (CyclicEncoding(12, 5, tasks="fixed"), 12),
    "cyclic, fixed": (CyclicEncoding(12, 5, tasks="fixed", subsets="fixed"), 12),
    "independent": (IndependentEncoding(12), 15),
    "uniform": (AllocatedEncoding(12, UniformRandom(), 4), 30),
    "balanced, redrawn": (AllocatedEncoding(12, BalancedRandom(), 5, subsets="redrawn"), 30),
    "non-redundant": (AllocatedEncoding(12, NonRedundant()), 30),
    "repetition": (RepetitionCode(12, 2), 30),
}


def problem_with(subsets):
    return CraRegression(M=subsets, Q=6).draw(SEEDS)


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("iteration", [0, 1, BLOCK])
def test_messages_are_the_weights_times_the_gradients(name, iteration):
    encoding, subsets = ENCODINGS[name]
    problem = problem_with(subsets)
    x = np.random.default_rng(0).standard_normal((3, 6))
    encoder = encoding.start(SEEDS, subsets)
    weights = encoder.weights(iteration)
    assert weights.shape == (3, 12, subsets)
    messages = encoder.messages(problem, x, iteration)
    scale = np.abs(problem.gradients(x)).max()
    np.testing.assert_allclose(messages, weights @ problem.gradients(x), atol=1e-12 * scale)


@pytest.mark.parametrize("name", ENCODINGS)
def test_messages_do_not_depend_on_the_batch(name):
    encoding, subsets = ENCODINGS[name]
    x = np.random.default_rng(0).standard_normal((3, 6))
    together = encoding.start(SEEDS, subsets).messages(problem_with(subsets), x, 2)
    for run, seed in enumerate(SEEDS):
        alone = encoding.start([seed], subsets).messages(
            CraRegression(M=subsets, Q=6).draw([seed]), x[run : run + 1], 2
        )
        np.testing.assert_array_equal(together[run], alone[0])


class TestCyclic:
    def test_weights_are_the_task_matrix_with_rows_and_columns_permuted(self):
        weights = CyclicEncoding(9, 4).start([5], 9).weights(7)[0] * 4
        matrix = cyclic_matrix(9, 4)
        gram = sorted((weights @ weights.T).round().astype(int).ravel().tolist())
        assert gram == sorted((matrix.astype(int) @ matrix.T.astype(int)).ravel().tolist())
        assert (weights.sum(0) == 4).all()
        assert (weights.sum(1) == 4).all()

    def test_redrawn_and_fixed(self):
        def weights(iteration, **persistence):
            return CyclicEncoding(9, 4, **persistence).start([5], 9).weights(iteration)

        assert not np.array_equal(weights(0), weights(1))
        fixed = {"tasks": "fixed", "subsets": "fixed"}
        np.testing.assert_array_equal(weights(0, **fixed), weights(BLOCK + 1, **fixed))
        np.testing.assert_array_equal(weights(0, **fixed), weights(0))

    def test_mean_message_estimates_the_mean_gradient(self):
        encoder = CyclicEncoding(9, 4).start([5], 9)
        np.testing.assert_allclose(encoder.weights(3).mean(axis=1), 1 / 9)

    def test_as_many_subsets_as_devices(self):
        with pytest.raises(ValueError, match="as many subsets as devices, got 10 subsets"):
            CyclicEncoding(9, 4).start([0], 10)

    @pytest.mark.parametrize("d", [0, 10])
    def test_load_out_of_range(self, d):
        with pytest.raises(ValueError, match="needs 1 <= d <= devices"):
            CyclicEncoding(9, d)


class TestAllocated:
    @pytest.mark.parametrize("allocation", ["balanced", "fractional", "nonredundant", "sgc"])
    def test_messages_add_up_to_the_gradient_when_all_subsets_are_held(self, allocation):
        encoding = AllocatedEncoding(10, ALLOCATIONS[allocation](), 3 if allocation == "nonredundant" else 6)
        weights = encoding.start(SEEDS, 30).weights(0)
        np.testing.assert_allclose(weights.sum(axis=1), 1)

    def test_unheld_subsets_are_left_out(self):
        weights = AllocatedEncoding(4, UniformRandom(), 2).start([0], 30).weights(0)
        held = weights.any(axis=1)
        assert 0 < held.sum() <= 8
        np.testing.assert_allclose(weights.sum(axis=1), held)

    def test_fixed_before_the_training_by_default(self):
        encoder = AllocatedEncoding(4, BalancedRandom(), 3).start([0], 6)
        np.testing.assert_array_equal(encoder.weights(0), encoder.weights(5))
        redrawn = AllocatedEncoding(4, BalancedRandom(), 3, subsets="redrawn").start([0], 6)
        assert not np.array_equal(redrawn.weights(0), redrawn.weights(5))


class TestWindowSums:
    @pytest.mark.parametrize("namespace", NAMESPACES)
    @pytest.mark.parametrize("d", [1, 2, 5, 7])
    def test_against_the_dense_matrix(self, namespace, d):
        pytest.importorskip(namespace)
        from byzbounds.simulate.description import namespace_from_name

        xp = namespace_from_name(namespace)
        vectors = np.random.default_rng(0).standard_normal((2, 7, 3)).astype(np.float32)
        sums = np.asarray(window_sums(xp.asarray(vectors), d))
        np.testing.assert_allclose(sums, cyclic_matrix(7, d) @ vectors, atol=1e-5)

    def test_input_is_left_alone(self):
        vectors = np.random.default_rng(0).standard_normal((2, 7, 3))
        before = vectors.copy()
        window_sums(vectors, 4)
        np.testing.assert_array_equal(vectors, before)

    @pytest.mark.parametrize("d", [0, 8])
    def test_out_of_range(self, d):
        with pytest.raises(ValueError, match="1 <= d <= N"):
            window_sums(np.ones((7, 3)), d)


class TestDraws:
    def test_blocks_hold_what_single_runs_draw(self):
        together = permutation_draws(SEEDS, Purpose.TASKS, 6, "redrawn")
        for iteration in (0, 5, BLOCK - 1, BLOCK, 3):
            drawn = together.at(iteration)
            assert (np.sort(drawn, axis=-1) == np.arange(6)).all()
            for run, seed in enumerate(SEEDS):
                alone = permutation_draws([seed], Purpose.TASKS, 6, "redrawn").at(iteration)
                np.testing.assert_array_equal(drawn[run], alone[0])

    def test_iterations_differ_unless_fixed(self):
        redrawn = byzantine_draws([0], 40, 10, "redrawn")
        fixed = byzantine_draws([0], 40, 10, "fixed")
        assert not np.array_equal(redrawn.at(0), redrawn.at(1))
        np.testing.assert_array_equal(fixed.at(0), fixed.at(1000))
        np.testing.assert_array_equal(fixed.at(0), redrawn.at(0))
        assert fixed.at(0).sum() == 10

    def test_every_device_is_byzantine_equally_often(self):
        draws = byzantine_draws([0], 10, 3, "redrawn")
        share = np.mean([draws.at(t)[0] for t in range(4000)], axis=0)
        assert np.abs(share - 0.3).max() < 5 * np.sqrt(0.21 / 4000)

    def test_indices_cover_the_range(self):
        drawn = np.stack([index_draws([0], Purpose.SUBSETS, 8, 5, "redrawn").at(t) for t in range(50)])
        assert set(np.unique(drawn)) == set(range(5))

    def test_unknown_persistence(self):
        with pytest.raises(ValueError, match="'redrawn' or 'fixed', got 'sometimes'"):
            byzantine_draws([0], 4, 1, "sometimes")


def test_lad_encoding_works_on_the_lad_problem_of_the_paper():
    problem = LadRegression().draw([0])
    messages = CyclicEncoding(100, 10).start([0], 100).messages(problem, np.zeros((1, 100)), 0)
    assert messages.shape == (1, 100, 100)
    np.testing.assert_allclose(messages.mean(1), problem.gradient(np.zeros((1, 100))) / 100, rtol=1e-9, atol=1e-9)

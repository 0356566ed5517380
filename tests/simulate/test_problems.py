from __future__ import annotations

import numpy as np
import pytest

from byzbounds.simulate.problems import (
    PROBLEMS,
    Classification,
    CraRegression,
    LadRegression,
    LinearRegression,
    UserProblem,
    dirichlet_split,
    max_heterogeneity,
    mean_square_heterogeneity,
)
from byzbounds.simulate.problems.classification import group_samples

SMALL = {
    "lad": LadRegression(N=7, Q=5),
    "cra": CraRegression(M=12, Q=4, sigma_H=0.3),
    "softmax": Classification("digits", "softmax", M=20),
    "logistic": Classification("breast_cancer", "softmax", M=10, alpha=0.1),
    "perceptron": Classification("digits", "perceptron", M=20, hidden=3),
}


def draw(name, seeds=(0, 1)):
    if not name.startswith(("lad", "cra")):
        pytest.importorskip("sklearn")
    return SMALL[name].draw(seeds)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize("name", SMALL)
class TestEveryProblem:
    def test_gradient_is_the_derivative_of_the_loss(self, name, rng):
        problem = draw(name)
        x, direction = 0.1 * rng.standard_normal((2, 2, problem.dimension))
        step = 1e-6
        slope = (problem.loss(x + step * direction) - problem.loss(x - step * direction)) / (2 * step)
        np.testing.assert_allclose(slope, (problem.gradient(x) * direction).sum(-1), rtol=1e-5, atol=1e-5)

    def test_gradients_sum_to_the_gradient(self, name, rng):
        problem = draw(name)
        x = 0.1 * rng.standard_normal((2, problem.dimension))
        gradients = problem.gradients(x)
        assert gradients.shape == (2, problem.subsets, problem.dimension)
        np.testing.assert_allclose(gradients.sum(-2), problem.gradient(x), rtol=1e-9, atol=1e-9)

    def test_order_and_weights_select_the_same_gradients(self, name, rng):
        problem = draw(name)
        x = 0.1 * rng.standard_normal((2, problem.dimension))
        order = rng.integers(0, problem.subsets, (2, 6))
        gradients = problem.gradients(x)
        expected = np.take_along_axis(gradients, order[..., None], axis=-2)
        np.testing.assert_allclose(problem.gradients(x, order), expected, rtol=1e-12, atol=1e-12)
        weights = rng.standard_normal((2, 6, problem.subsets))
        np.testing.assert_allclose(problem.combine(x, weights), weights @ gradients, rtol=1e-8, atol=1e-8)

    def test_heterogeneity_at_x(self, name, rng):
        problem = draw(name)
        x = 0.1 * rng.standard_normal((2, problem.dimension))
        deviations = problem.gradients(x) - problem.gradient(x)[:, None, :] / problem.subsets
        squares = (deviations**2).sum(-1)
        np.testing.assert_allclose(mean_square_heterogeneity(problem, x), squares.mean(-1), rtol=1e-9)
        np.testing.assert_allclose(max_heterogeneity(problem, x), squares.max(-1), rtol=1e-9)

    def test_flipping_labels_twice_changes_nothing(self, name, rng):
        problem = draw(name)
        x = 0.1 * rng.standard_normal((2, problem.dimension))
        flipped = problem.with_flipped_labels()
        assert not np.allclose(flipped.loss(x), problem.loss(x))
        np.testing.assert_allclose(flipped.with_flipped_labels().loss(x), problem.loss(x), rtol=1e-12)


@pytest.mark.parametrize("name", ["lad", "cra", "softmax", "logistic"])
def test_smoothness_and_minimum(name, rng):
    problem = draw(name)
    if name in ("lad", "cra"):
        optimum = problem.optimum
        np.testing.assert_allclose(problem.gradient(optimum), 0, atol=1e-8 * np.max(problem.smoothness))
    else:
        optimum = np.stack([problem.optimum] * 2)
    assert np.all(problem.loss(optimum) >= problem.minimum - 1e-9)
    np.testing.assert_allclose(problem.loss(optimum), problem.minimum, rtol=1e-6)
    for _ in range(20):
        x, y = rng.standard_normal((2, 2, problem.dimension))
        assert np.all(problem.loss(x) >= problem.minimum)
        change = np.linalg.norm(problem.gradient(x) - problem.gradient(y), axis=-1)
        assert np.all(change <= problem.smoothness * np.linalg.norm(x - y, axis=-1) * (1 + 1e-9))


def test_least_norm_optimum_when_underdetermined():
    problem = LadRegression(N=4, Q=9).draw([3])
    np.testing.assert_allclose(problem.minimum, 0, atol=1e-18 * problem.loss(np.zeros((1, 9))).item())
    null_space = np.eye(9) - np.linalg.pinv(problem.features[0]) @ problem.features[0]
    np.testing.assert_allclose(null_space @ problem.optimum[0], 0, atol=1e-9)


class TestLawsOfTheData:
    """Sample variances against the law that is read; bounds are five standard errors of a chi-square."""

    @staticmethod
    def check_variance(values, variance):
        count = values.size
        assert abs(np.mean(values**2) / variance - 1) < 5 * np.sqrt(2 / count)

    @pytest.mark.parametrize(("reading", "variance"), [("variance", 100), ("deviation", 10_000)])
    def test_features(self, reading, variance):
        for family in (LadRegression(features_reading=reading), CraRegression(M=100, features_reading=reading)):
            self.check_variance(family.draw([0]).features, variance)

    @pytest.mark.parametrize("reading", ["variance", "deviation"])
    def test_lad_label_models_drift_with_the_subset(self, reading):
        labels, norms = [], []
        problem = LadRegression(N=50, Q=20, sigma_H=0.5, heterogeneity_reading=reading).draw(range(200))
        spread = 1 + 0.5 * np.arange(1, 51)
        variance = spread if reading == "variance" else spread**2
        labels = problem.labels / np.sqrt(variance * (problem.features**2).sum(-1) + 1)
        norms.append(labels)
        for part in (labels[:, :10], labels[:, -10:]):
            self.check_variance(part, 1)

    def test_cra_labels_follow_one_model_unless_heterogeneous(self):
        plain = CraRegression(M=400, Q=5).draw([1])
        self.check_variance(plain.labels - (plain.features @ plain.optimum[..., None])[..., 0], 1 - 5 / 400)
        mixed = CraRegression(M=4000, Q=5, sigma_H=0.5).draw([1])
        np.testing.assert_array_equal(plain.features, CraRegression(M=400, Q=5).draw([0, 1]).features[1:])
        excess = mixed.labels - (mixed.features @ mixed.optimum[..., None])[..., 0]
        self.check_variance(excess / np.sqrt(1 + 0.25 * (mixed.features**2).sum(-1)), 1)


def test_data_depend_on_the_seed_alone():
    together = LadRegression(N=5, Q=3).draw([4, 9])
    np.testing.assert_array_equal(together.labels[1], LadRegression(N=5, Q=3).draw([9]).labels[0])
    assert not np.array_equal(together.labels[0], together.labels[1])


def test_shared_data_serve_every_run(rng):
    features, labels, x = rng.standard_normal((6, 4)), rng.standard_normal(6), rng.standard_normal((3, 4))
    shared = LinearRegression(features, labels)
    batched = LinearRegression(np.stack([features] * 3), np.stack([labels] * 3))
    assert shared.runs is None
    assert batched.runs == 3
    order = rng.integers(0, 6, (3, 5))
    for one, other in (
        (shared.loss(x), batched.loss(x)),
        (shared.gradient(x), batched.gradient(x)),
        (shared.gradients(x, order), batched.gradients(x, order)),
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


class TestUserProblem:
    def test_batched_and_single_functions_agree(self, rng):
        centres = rng.standard_normal((6, 3))
        single = UserProblem(lambda x: x - centres, 6, 3, lambda x: 0.5 * ((x - centres) ** 2).sum(), batched=False)
        batched = UserProblem(
            lambda x: x[..., None, :] - centres, 6, 3, lambda x: 0.5 * ((x[..., None, :] - centres) ** 2).sum((-1, -2))
        )
        x = rng.standard_normal((4, 3))
        np.testing.assert_allclose(single.gradients(x), batched.gradients(x))
        np.testing.assert_allclose(single.loss(x), batched.loss(x))
        np.testing.assert_allclose(single.gradient(x[0]), 6 * x[0] - centres.sum(0))

    def test_losses_are_nan_without_a_function_for_them(self):
        assert np.isnan(UserProblem(lambda x: x[..., None, :], 1, 2).loss(np.ones((3, 2)))).all()

    def test_wrong_shape_is_named(self):
        with pytest.raises(ValueError, match=r"UserProblem needs gradients of shape \(4, 2, 3\), got \(4, 3\)"):
            UserProblem(lambda x: x, 2, 3).gradients(np.ones((4, 3)))


class TestSplit:
    def test_every_sample_in_one_subset_and_no_subset_empty(self, rng):
        labels = rng.integers(0, 5, 200)
        for alpha in (0.01, 1, 100):
            owner = dirichlet_split(labels, 40, alpha, rng)
            assert owner.shape == (200,)
            assert (np.bincount(owner, minlength=40) > 0).all()

    def test_small_alpha_is_more_skewed(self, rng):
        labels = rng.integers(0, 5, 2000)

        def skew(alpha):
            owner = dirichlet_split(labels, 10, alpha, rng)
            shares = np.stack([np.bincount(labels[owner == k], minlength=5) / (owner == k).sum() for k in range(10)])
            return shares.max(axis=1).mean()

        assert skew(0.05) > skew(1000) + 0.2

    def test_grouping_keeps_every_sample(self, rng):
        features, labels, owner = rng.standard_normal((30, 2)), np.arange(30) % 3, rng.integers(0, 4, 30)
        grouped, targets = group_samples(features, labels, owner, 4)
        np.testing.assert_allclose(grouped.sum((0, 1)), features.sum(0))
        assert targets.sum() == 30
        for k in range(4):
            np.testing.assert_allclose(grouped[k].sum(0), features[owner == k].sum(0))

    def test_more_subsets_than_samples(self, rng):
        with pytest.raises(ValueError, match="at least as many samples as subsets, got 3 and 4"):
            dirichlet_split(np.zeros(3, dtype=int), 4, 1.0, rng)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LadRegression(N=0), r"LadRegression\(N=0\) needs a whole number"),
        (lambda: LadRegression(Q=2.5), r"LadRegression\(Q=2.5\) needs a whole number"),
        (lambda: LadRegression(sigma_H=-0.1), r"LadRegression\(sigma_H=-0.1\) needs a finite number of at least 0"),
        (lambda: CraRegression(feature_spread=0), "above 0"),
        (lambda: CraRegression(features_reading="std"), "has to be one of variance, deviation"),
        (lambda: LinearRegression(np.ones((2, 3)), np.ones(3)), r"features \(..., M, Q\) and labels \(..., M\)"),
        (lambda: Classification("mnist"), "has to be one of digits, breast_cancer"),
        (lambda: Classification(alpha=0), "alpha > 0"),
        (lambda: Classification(model="forest"), "'softmax' or 'perceptron'"),
        (lambda: LadRegression().draw([]), "at least one seed"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_registry_makes_families():
    for name, make in PROBLEMS.items():
        family = make()
        assert family.subsets >= 1, name

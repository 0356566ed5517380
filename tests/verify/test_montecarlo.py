"""Sequential tests: their calibration, and what they say of right and wrong statements at N = 100."""

import math

import numpy as np
import pytest
import sympy as sp

from byzbounds.bounds.statement import Hypothesis, Kind, Relation, Source, Statement
from byzbounds.bounds.symbols import H, N, V, d, delta, grad_sq
from byzbounds.verify.montecarlo import check_sampled
from byzbounds.verify.observables import OBSERVABLES
from byzbounds.verify.probe import Settings
from byzbounds.verify.sampling import Bank, Setting, gaussian, outlier, scales
from byzbounds.verify.sequential import Bet, Question, decide, refutation_rate
from byzbounds.verify.verdict import Outcome

LEVEL = 0.01
RUNS, LENGTH = 1000, 4000


def laws(rng, length):
    """Bounded laws with their mean and upper bound: symmetric, skewed, rare, and concentrated."""
    yield "uniform", rng.random((RUNS, length)), 0.5, 1.0
    yield "rare", (rng.random((RUNS, length)) < 0.05) * 1.0, 0.05, 1.0
    yield "exponential", np.minimum(rng.exponential(size=(RUNS, length)), 20.0), 1 - math.exp(-20), 20.0
    yield "concentrated", 1 + 0.1 * (2 * rng.random((RUNS, length)) - 1), 1.0, 3.0


@pytest.mark.parametrize("sides", ["<=", ">=", "="])
def test_a_true_tight_statement_is_falsely_refuted_less_often_than_the_level(sides):
    for name, samples, mean, upper in laws(np.random.default_rng(5), 1000):
        rate = refutation_rate(samples, Question(mean, sides, 0.0, upper, tight=True), LEVEL)
        # Three standard errors of the rate that is allowed.
        assert rate <= LEVEL + 3 * math.sqrt(LEVEL / RUNS), name


def test_a_bound_lowered_by_five_percent_is_refuted_with_high_power():
    for name, samples, mean, upper in laws(np.random.default_rng(6), LENGTH):
        if name in ("rare", "exponential"):
            continue  # relative variances of 19 and 1: so few samples cannot tell 5 percent
        question = Question(0.95 * mean, "<=", 0.0, upper, tight=True)
        assert refutation_rate(samples, question, LEVEL) > 0.85, name


def test_the_level_holds_for_any_stopping_time_also_with_many_looks():
    # The peak of the wealth over all times is what rejects, so looking at every sample costs nothing.
    rng = np.random.default_rng(7)
    bet = Bet(0.5, (RUNS,))
    for _ in range(20):
        bet.update(rng.random((RUNS, 100)) - 0.5)
    assert bet.rejects(0.05).mean() <= 0.05 + 3 * math.sqrt(0.05 / RUNS)


def test_large_slack_is_seen_in_few_samples():
    rng = np.random.default_rng(8)
    answer = decide(rng.random, Question(2.0, "<=", 0.0, 4.0, tight=False), level=1e-4, budget=10**5)
    assert answer.outcome is Outcome.HOLDS
    assert answer.samples < 500
    answer = decide(rng.random, Question(0.2, "<=", 0.0, math.inf, tight=False), level=1e-4, budget=10**5)
    assert answer.outcome is Outcome.REFUTED
    assert answer.samples < 500


def test_a_strict_bound_that_is_attained_stays_undecided():
    rng = np.random.default_rng(9)
    answer = decide(rng.random, Question(0.5, "<=", 0.0, 1.0, tight=False), level=1e-3, budget=5000)
    assert (answer.outcome, answer.samples) == (Outcome.INCONCLUSIVE, 5000)


def test_without_an_upper_bound_nothing_is_accepted():
    rng = np.random.default_rng(10)
    answer = decide(rng.random, Question(5.0, "<=", 0.0, math.inf, tight=False), level=1e-2, budget=2000)
    assert answer.outcome is Outcome.INCONCLUSIVE


def test_a_wrong_ceiling_is_an_error():
    with pytest.raises(ValueError, match="below the stated floor"):
        decide(lambda n: np.full(n, 2.0), Question(0.5, "<=", 0.0, 1.0, tight=False), level=1e-2, budget=10)
    with pytest.raises(ValueError, match="not finite"):
        decide(lambda n: np.full(n, np.nan), Question(0.5, "<=", 0.0, 1.0, tight=False), level=1e-2, budget=10)


def test_zero_is_recognised_up_to_rounding():
    noise = lambda n: np.full(n, 1e-16)  # noqa: E731
    assert decide(noise, Question(0.0, "=", 0.0, 1e-14, True, rounding=1e-14), level=1e-3, budget=2000).outcome is not (
        Outcome.REFUTED
    )
    assert decide(lambda n: np.full(n, 1e-3), Question(0.0, "<=", 0.0, 1.0, True), level=1e-3, budget=100).outcome is (
        Outcome.REFUTED
    )


DOMAIN = (Hypothesis("a majority is honest", sp.Gt(2 * H, N)),)


def claim(formula, relation=Relation.EQUALITY):
    return Statement("test.claim", "", Source("test", ""), Kind.LEMMA, relation, "", formula, hypotheses=DOMAIN)


LEMMA2 = (N - d) / (d * (N - 1))
DISPERSION = V * (H - 1) / H * LEMMA2 * (N / (N - 1) + delta) + delta * (H - 1) / (H * N**2) * grad_sq
SETTINGS = Settings("quick", seed=11, level=1e-3)


@pytest.mark.parametrize("relation", [Relation.EQUALITY, Relation.TIGHT_UPPER])
def test_true_statements_at_full_size(relation):
    for observable, formula in {"coded deviation": LEMMA2 * V, "sent dispersion": DISPERSION}.items():
        verdict = check_sampled(claim(formula, relation), SETTINGS, observable)
        assert verdict.outcome is Outcome.HOLDS
        assert verdict.vacuous == 1
        assert verdict.stderr is not None


@pytest.mark.parametrize("factor", [sp.Rational(1, 2), sp.Rational(95, 100), -1])
@pytest.mark.parametrize("relation", [Relation.EQUALITY, Relation.TIGHT_UPPER, Relation.UPPER])
def test_a_bound_that_is_too_small_at_full_size_is_refuted(factor, relation):
    verdict = check_sampled(claim(factor * DISPERSION, relation), SETTINGS, "sent dispersion")
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.counterexample["point"]["N"] == "100"


def test_an_equality_that_is_too_large_is_refuted_and_a_bound_holds():
    assert check_sampled(claim(2 * DISPERSION), SETTINGS, "sent dispersion").outcome is Outcome.REFUTED
    loose = check_sampled(claim(2 * DISPERSION, Relation.UPPER), SETTINGS, "sent dispersion")
    assert loose.outcome is Outcome.HOLDS
    assert loose.samples < 3000


@pytest.mark.parametrize("kept", [None, 4])
@pytest.mark.parametrize("load", [1, 3, 10])
def test_no_sample_exceeds_its_proved_ceiling(kept, load):
    rng = np.random.default_rng(12)
    for gradients in (gaussian(10, 8, 2.0, rng), outlier(10, 1.0)):
        setting = Setting(7, load, kept if gradients.shape[1] > 1 else None)
        for observable in OBSERVABLES:
            samples = Bank(observable, gradients, setting, rng).take(0, 256)
            assert samples.min() >= 0
            assert samples.max() <= observable.ceiling(scales(gradients, setting)) * (1 + 1e-12) + 1e-12


def test_antithetic_rotations_reduce_the_variance_of_an_outlier_and_keep_the_mean():
    rng = np.random.default_rng(13)
    plain, turned = (
        Bank(OBSERVABLES[0], outlier(20, 0.0), Setting(14, 4, None, rotations), rng).take(0, 2000)
        for rotations in (1, 20)
    )
    assert turned.var() < plain.var() / 5
    assert abs(turned.mean() - plain.mean()) < 4 * plain.std() / math.sqrt(2000)


def test_samples_do_not_depend_on_how_they_are_asked_for():
    one, other = (Bank(OBSERVABLES[0], outlier(10, 0.0), Setting(7, 3), np.random.default_rng(14)) for _ in range(2))
    assert np.array_equal(one.take(0, 300), np.concatenate([other.take(0, 7), other.take(7, 293)]))

"""Iterations in one call of machine code: what each run gets, and that errors would be seen."""

from __future__ import annotations

import numpy as np
import pytest

from byzbounds.simulate import Method, run
from byzbounds.simulate.aggregation import Mean, Median, TrimmedMean, rule_from_name
from byzbounds.simulate.compiled import available, averages, descent, interpreted
from byzbounds.simulate.encoding import CyclicEncoding
from byzbounds.simulate.problems import LadRegression, LinearRegression
from byzbounds.simulate.stretches import stretch

pytestmark = pytest.mark.skipif(not available(), reason="needs llvmlite")

FAMILY = LadRegression(N=11, Q=21)
RULES = [Mean(), TrimmedMean(f=2), Median(convention="lower")]


@pytest.fixture(autouse=True)
def whatever_the_size(monkeypatch):
    for each in (averages, descent):
        monkeypatch.setattr(each, "LEAST_SIZE", 0)


def train(rule, d, problem=FAMILY, **options):
    settings = {"iterations": 30, "gamma": 1e-4, "seeds": (0, 1, 2), "record_every": 7} | options
    return run(Method("tested", CyclicEncoding(11, d), rule, f=2), problem, **settings)


def by_definition(problem, rule, d, x, factors, places, rate):
    """One iteration, message by message."""
    gradients = (problem.features @ x[..., None] - problem.labels[..., None]) * problem.features
    messages = []
    for run_gradients, order in zip(gradients, places, strict=True):
        ordered = run_gradients[order]
        messages.append([ordered[i : i + d].mean(axis=0) for i in range(11)])
    return x - rate * rule(factors[..., None] * np.array(messages))


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("d", [1, 2, 3, 7, 8, 11])
@pytest.mark.parametrize("columns", [8, 9, 16, 21, 40])
def test_iterations_by_definition(rule, d, columns):
    rng = np.random.default_rng(d)
    problem = LinearRegression(rng.normal(size=(2, 11, columns)), rng.normal(size=(2, 11)))
    ahead = stretch(problem, rule, d, 1e9, 1e9)
    order = np.stack([[rng.permutation(11) for _ in range(2)] for _ in range(3)])
    places = np.concatenate([order, order[..., : d - 1]], axis=-1)
    factors = rng.normal(size=(3, 2, 11))
    rates = [0.1, 0.03, 0.02]
    x = rng.normal(size=(2, columns))
    if ahead.by_subset:
        # The sum of the factors of the windows that hold a subset; for a window of one place, its own.
        held = np.zeros((3, 2, 11))
        for t, s, i in np.ndindex(3, 2, 11):
            held[t, s, places[t, s, i : i + d]] += factors[t, s, i]
        moved, fine = ahead.advance(x, held, None, rates)
    else:
        moved, fine = ahead.advance(x, factors, places, rates)
    expected = x
    for t in range(3):
        expected = by_definition(problem, rule, d, expected, factors[t], places[t], rates[t])
    assert fine.all()
    np.testing.assert_allclose(moved, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def ignore(seen):
    del seen


def forgets_a_row(emitter, row, n, d, kept=descent.window_sums):
    return kept(emitter, lambda place: row(max(place, 1)), n, d)


def test_a_wrong_window_is_seen(monkeypatch):
    expected = train(TrimmedMean(f=2), 3).final
    monkeypatch.setattr(descent, "window_sums", forgets_a_row)
    descent.kernel.cache_clear()
    wrong = train(TrimmedMean(f=2), 3).final
    descent.kernel.cache_clear()
    assert not np.allclose(wrong, expected, rtol=1e-6)


@pytest.mark.parametrize("d", [1, 4])
@pytest.mark.parametrize("rule", RULES, ids=repr)
class TestRunsThatGoTooFar:
    """A run leaves the others alone, and goes the way that the plain path takes it."""

    @pytest.fixture
    def steep(self):
        drawn = FAMILY.draw([0, 1, 2])
        features = drawn.features.copy()
        features[1] *= 1e3
        return LinearRegression(features, drawn.labels)

    def test_the_others_do_not_notice(self, steep, rule, d):
        together = train(rule, d, steep)
        assert together.diverged[1] is not None
        assert together.diverged[::2] == (None, None)
        for index in (0, 2):
            one = LinearRegression(steep.features[[index]], steep.labels[[index]])
            alone = train(rule, d, one, seeds=[index])
            np.testing.assert_array_equal(together.final[index], alone.final[0])
            np.testing.assert_array_equal(together.loss[index], alone.loss[0])

    def test_as_on_the_plain_path(self, steep, rule, d):
        fused = train(rule, d, steep)
        with interpreted():
            plain = train(rule, d, steep)
        assert fused.diverged == plain.diverged
        np.testing.assert_allclose(fused.final, plain.final, rtol=1e-9)
        np.testing.assert_array_equal(np.isnan(fused.loss), np.isnan(plain.loss))


@pytest.mark.parametrize("every", [1, 7, 64, 100])
def test_records_do_not_change_the_run(every):
    method = Method("tested", CyclicEncoding(11, 3), TrimmedMean(f=2), f=2)
    settings = {"iterations": 150, "gamma": lambda t: 1e-4 / (1 + t), "seeds": 2}
    finest = run(method, FAMILY, **settings, record_every=1)
    coarse = run(method, FAMILY, **settings, record_every=every)
    np.testing.assert_array_equal(finest.final, coarse.final)
    np.testing.assert_array_equal(finest.loss[:, coarse.iterations], coarse.loss)
    plain = run(method, FAMILY, **settings, record_every=every, observe=ignore)
    np.testing.assert_allclose(coarse.loss, plain.loss, rtol=1e-9)


@pytest.mark.parametrize("rule", ["krum", "nnm+cwtm", "geometric-median", "meamed"])
def test_other_rules_are_left_out(rule):
    assert stretch(FAMILY.draw([0]), rule_from_name(rule, f=2), 3, 1.0, 1.0) is None


def test_not_without_machine_code():
    with interpreted():
        assert stretch(FAMILY.draw([0]), TrimmedMean(f=2), 3, 1.0, 1.0) is None
    assert stretch(FAMILY.draw([0]), TrimmedMean(f=6), 3, 1.0, 1.0) is None
    transposed = LinearRegression(np.zeros((2, 21, 11)).transpose(0, 2, 1), np.zeros((2, 11)))
    assert stretch(transposed, TrimmedMean(f=2), 3, 1.0, 1.0) is None

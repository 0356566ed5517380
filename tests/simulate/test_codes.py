from __future__ import annotations

import itertools

import numpy as np
import pytest

from byzbounds.simulate.codes import CyclicCode, RepetitionCode
from byzbounds.simulate.codes.cyclic import cyclic_weights
from byzbounds.simulate.problems import LadRegression, LinearRegression

EPS = np.finfo(np.float64).eps


def coded(code, problem, x):
    return code.start(range(len(x)), problem.subsets).messages(problem, x, 0)


def check_decoding(code, problem, x, patterns, rng, corruptions):
    """Decoding gives grad F / N, to rounding amplified by the weights, for each pattern of wrong messages."""
    messages = coded(code, problem, x)
    truth = problem.gradient(x) / code.devices
    largest = np.abs(messages).max()
    for pattern in patterns:
        for corrupt in corruptions:
            received = messages.copy()
            received[:, pattern] = corrupt(received[:, pattern], rng)
            error = np.abs(code(received) - truth).max()
            assert error <= 64 * EPS * code.devices * largest, (pattern, error, largest)


CORRUPTIONS = (
    lambda part, _: -2 * part,
    lambda part, rng: rng.standard_normal(part.shape),
    lambda part, _: 1e6 * part,
    lambda part, _: np.zeros_like(part),
    lambda part, _: part + 1.0,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize(("n", "s"), [(3, 1), (5, 2), (7, 2), (7, 3), (9, 1), (9, 4)])
class TestSmallCodes:
    def test_cyclic_decodes_every_pattern(self, n, s, rng):
        problem = LadRegression(N=n, Q=4).draw([1])
        patterns = [list(p) for size in range(s + 1) for p in itertools.combinations(range(n), size)]
        check_decoding(CyclicCode(n, s), problem, rng.standard_normal((1, 4)), patterns, rng, CORRUPTIONS)

    def test_repetition_decodes_every_pattern(self, n, s, rng):
        problem = LadRegression(N=n, Q=4).draw([1])
        patterns = [list(p) for size in range(s + 1) for p in itertools.combinations(range(n), size)]
        check_decoding(RepetitionCode(n, s), problem, rng.standard_normal((1, 4)), patterns, rng, CORRUPTIONS)


@pytest.mark.parametrize(("n", "s"), [(20, 5), (30, 6), (40, 8), (41, 20)])
def test_large_cyclic_codes(n, s, rng):
    problem = LadRegression(N=n, Q=3).draw([1, 2])
    neighbours = [[(start + i) % n for i in range(s)] for start in range(0, n, 7)]
    scattered = [rng.choice(n, size, replace=False).tolist() for size in (1, s // 2, s - 1, s, s, s, s, s)]
    check_decoding(CyclicCode(n, s), problem, rng.standard_normal((2, 3)), neighbours + scattered, rng, CORRUPTIONS[:3])


@pytest.mark.parametrize(("n", "s"), [(100, 20), (100, 49), (100, 10), (80, 10), (60, 12)])
def test_cyclic_refuses_what_double_precision_cannot_decode(n, s):
    with pytest.raises(ValueError, match=rf"CyclicCode\(devices={n}, s={s}\) cannot be decoded in double precision"):
        CyclicCode(n, s)


def test_the_refusal_is_needed(rng):
    """At (100, 20) the weights reach 10^9, and rounding alone hides which messages are wrong."""
    code = object.__new__(CyclicCode)
    object.__setattr__(code, "devices", 100)
    object.__setattr__(code, "s", 20)
    problem = LadRegression(N=100, Q=5).draw([0])
    x = rng.standard_normal((1, 5))
    messages = coded(code, problem, x)
    failures = 0
    for start in range(0, 100, 10):
        received = messages.copy()
        received[:, (start + np.arange(20)) % 100] *= -2
        try:
            decoded = code(received)
        except ValueError:
            failures += 1
            continue
        failures += not np.allclose(decoded, problem.gradient(x) / 100, rtol=1e-3)
    assert failures > 0


@pytest.mark.parametrize(("n", "s"), [(7, 2), (9, 4), (20, 5)])
def test_cyclic_weights(n, s):
    weights = cyclic_weights(n, s)
    support = np.zeros((n, n), dtype=bool)
    for j in range(n):
        support[(j - np.arange(2 * s + 1)) % n, j] = True
    assert not weights[~support].any()
    assert (np.abs(weights[support]) > 0).all()
    assert CyclicCode(n, s).load(n) == 2 * s + 1 == support.sum(1).max()
    places = np.arange(n)
    checks = np.exp(2j * np.pi * np.outer(places[n - 2 * s :], places) / n) / np.sqrt(n)
    np.testing.assert_allclose(checks @ weights, 0, atol=64 * EPS * n * np.abs(weights).max())


def test_too_many_errors_are_noticed(rng):
    problem = LadRegression(N=9, Q=4).draw([1])
    x = rng.standard_normal((1, 4))
    for code in (CyclicCode(9, 2), RepetitionCode(9, 4)):
        messages = coded(code, problem, x)
        messages[:, :5] *= rng.uniform(2, 3, (5, 1))
        with pytest.raises(ValueError, match=r"no majority|more than 2 messages are wrong"):
            code(messages)


def test_non_finite_messages_are_errors_like_others(rng):
    problem = LadRegression(N=9, Q=4).draw([1])
    x = rng.standard_normal((1, 4))
    truth = problem.gradient(x) / 9
    for code in (CyclicCode(9, 2), RepetitionCode(9, 2)):
        for payload in (np.nan, np.inf, -np.inf):
            messages = coded(code, problem, x)
            messages[:, [1, 5]] = payload
            np.testing.assert_allclose(code(messages), truth, rtol=1e-9)


class TestRepetition:
    def test_paper_sizes(self):
        code = RepetitionCode(100, 20)
        assert code.groups == 2
        assert np.bincount(code.group_of_device).tolist() == [50, 50]
        assert code.load(100) == 50

    def test_group_sizes_allow_a_majority(self):
        for n in range(1, 40):
            for s in range((n - 1) // 2 + 1):
                sizes = np.bincount(RepetitionCode(n, s).group_of_device)
                assert sizes.min() >= 2 * s + 1

    def test_weights_match_messages(self, rng):
        problem = LadRegression(N=11, Q=3).draw([1, 2])
        x = rng.standard_normal((2, 3))
        encoder = RepetitionCode(11, 1).start([1, 2], 11)
        np.testing.assert_allclose(encoder.messages(problem, x, 0), encoder.weights(0) @ problem.gradients(x))

    def test_members_agree_to_the_last_bit(self, rng):
        problem = LadRegression(N=50, Q=33).draw([1])
        code = RepetitionCode(50, 7)
        messages = coded(code, problem, rng.standard_normal((1, 33)))
        for group in range(code.groups):
            members = messages[:, code.group_of_device == group]
            assert (members == members[:, :1]).all()


def test_more_subsets_than_devices(rng):
    problem = LinearRegression(rng.standard_normal((2, 21, 3)), rng.standard_normal((2, 21)))
    x = rng.standard_normal((2, 3))
    for code in (CyclicCode(7, 2), RepetitionCode(7, 2)):
        messages = coded(code, problem, x)
        messages[:, [0, 6]] *= -2
        np.testing.assert_allclose(code(messages), problem.gradient(x) / 7, rtol=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CyclicCode(4, 2), r"CyclicCode\(devices=4, s=2\) needs devices >= 2s \+ 1"),
        (lambda: RepetitionCode(4, 2), "needs groups of 2s"),
        (lambda: RepetitionCode(4, -1), "s"),
        (lambda: RepetitionCode(4, 1)(np.ones((3, 2))), "decodes 4 messages, got n=3"),
        (lambda: CyclicCode(4, 1)(np.ones((4, 3))), r"messages \(..., 4, 2Q\)"),
        (lambda: CyclicCode(4, 1)(np.ones((4, 2)), f=2), "at most 1 wrong messages, got f=2"),
        (lambda: RepetitionCode(4, 1)(np.ones((4, 2)), f=2), "at most 1 wrong messages, got f=2"),
        (lambda: RepetitionCode(9, 1).start([0], 2), "3 groups, needs as many subsets, got 2"),
        (lambda: CyclicCode(9, 1).start([0], 2), "at least as many subsets as devices, got 2"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()


class TestTheMessageThatMostSent:
    """The repetition code's shortcut where members agree to the last bit, and what it leaves to the median."""

    def decoded(self, messages):
        return RepetitionCode(5, 2)(messages)

    def test_wrong_messages_that_share_the_first_coordinate(self):
        honest = np.arange(1.0, 5.0)
        wrong = np.array([1.0, -9.0, 7.0, 0.0])
        messages = np.stack([wrong, honest, wrong, honest, honest])
        np.testing.assert_array_equal(self.decoded(messages), honest / 5)

    def test_members_that_agree_to_rounding_only(self):
        honest = np.linspace(1, 2, 4)
        messages = np.stack([honest, honest * (1 + 4 * EPS), honest * (1 - 4 * EPS), -honest, 9 * honest])
        np.testing.assert_allclose(self.decoded(messages), honest / 5, rtol=1e-14)

    def test_a_batch_in_which_one_run_has_no_majority(self):
        messages = np.stack([np.ones((5, 4)), np.arange(20.0).reshape(5, 4)])
        with pytest.raises(ValueError, match="no majority"):
            self.decoded(messages)

    def test_wrong_messages_that_are_not_finite(self):
        messages = np.ones((2, 5, 4))
        messages[0, 1] = np.nan
        messages[1, :2] = np.inf
        np.testing.assert_array_equal(self.decoded(messages), np.full((2, 4), 0.2))

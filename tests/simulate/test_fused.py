from __future__ import annotations

import numpy as np
import pytest

from byzbounds.simulate import Method, arrays, method_from_name, run
from byzbounds.simulate import training as training_module
from byzbounds.simulate.aggregation import Mean, Phocas, TrimmedMean, rule_from_name
from byzbounds.simulate.attacks import NonFinite, SignFlipping
from byzbounds.simulate.compiled import available, averages, descent, interpreted, order
from byzbounds.simulate.encoding import CyclicEncoding
from byzbounds.simulate.problems import LadRegression, LinearRegression, UserProblem

FAMILY = LadRegression(N=12, Q=19)
RULES = [
    Mean(),
    TrimmedMean(f=2),
    TrimmedMean(f=0),
    Phocas(f=2),
    *(rule_from_name(name, f=2) for name in ("median", "meamed", "krum", "geometric-median", "nnm+cwtm")),
]


def ignore(seen):
    del seen


def both(method, problem=FAMILY, **options):
    """A training run by the fused iteration, and by the plain one, which an observer asks for."""
    settings = {"iterations": 70, "gamma": 1e-4, "seeds": (0, 7, 2), "attack": SignFlipping(-3.0)} | options
    return run(method, problem, **settings), run(method, problem, **settings, observe=ignore)


def check(fused, plain, rtol=1e-9):
    np.testing.assert_allclose(fused.loss, plain.loss, rtol=rtol)
    np.testing.assert_allclose(fused.final, plain.final, rtol=rtol, atol=rtol)
    assert fused.diverged == plain.diverged


@pytest.fixture(autouse=True, params=["arrays", "machine code"])
def small_sizes(request, monkeypatch):
    """Room for two runs, so that three runs take two rounds; or machine code whatever the size."""
    from byzbounds.simulate import fused

    if request.param == "arrays":
        monkeypatch.setattr(fused, "_CACHE_BYTES", 2 * 12 * 19 * 8)
        with interpreted():
            yield
    elif not available():
        pytest.skip("needs llvmlite")
    else:
        for module in (averages, descent, order):
            monkeypatch.setattr(module, "LEAST_SIZE", 0)
        yield


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("d", [1, 2, 3, 4, 5, 10, 12])
def test_agrees_with_the_plain_path(rule, d):
    check(*both(Method("tested", CyclicEncoding(12, d), rule, f=2)))


@pytest.mark.parametrize("d", [1, 5])
@pytest.mark.parametrize("rule", [Mean(), TrimmedMean(f=2), rule_from_name("krum", f=2)], ids=repr)
class TestEveryLayout:
    def test_fixed_draws(self, rule, d):
        for tasks, subsets, byzantine in (
            ("fixed", "redrawn", "redrawn"),
            ("redrawn", "fixed", "fixed"),
            ("fixed", "fixed", "fixed"),
        ):
            check(*both(Method("tested", CyclicEncoding(12, d, tasks, subsets), rule, f=2), byzantine=byzantine))

    def test_one_problem_for_all_runs(self, rule, d):
        drawn = FAMILY.draw([3])
        shared = LinearRegression(drawn.features[0], drawn.labels[0])
        check(*both(Method("tested", CyclicEncoding(12, d), rule, f=2), shared))

    def test_single_precision(self, rule, d):
        check(*both(Method("tested", CyclicEncoding(12, d), rule, f=2), dtype="float32", iterations=8), rtol=1e-4)

    def test_without_an_attack(self, rule, d):
        check(*both(Method("tested", CyclicEncoding(12, d), rule, f=2), attack=None))

    def test_divergence(self, rule, d):
        fused, plain = both(Method("tested", CyclicEncoding(12, d), rule, f=2), gamma=10.0, iterations=200)
        assert None not in fused.diverged
        assert fused.diverged == plain.diverged

    def test_results_do_not_depend_on_the_batch(self, rule, d):
        method = Method("tested", CyclicEncoding(12, d), rule, f=2)
        together = run(method, FAMILY, iterations=70, gamma=1e-4, seeds=(0, 7, 2))
        alone = run(method, FAMILY, iterations=70, gamma=1e-4, seeds=[2])
        np.testing.assert_array_equal(together.loss[2], alone.loss[0])
        np.testing.assert_array_equal(together.final[2], alone.final[0])


class Shifted(TrimmedMean):
    """A rule that inherits weights which it does not use."""

    def _run(self, xp, values, check):
        return super()._run(xp, values, check) + 1.0


class ShiftedMean(Mean):
    """The same of an average."""

    def _run(self, xp, values, check):
        return super()._run(xp, values, check) + 1.0


@pytest.mark.parametrize("rule", [Shifted(f=2), ShiftedMean()], ids=repr)
def test_derived_rules_are_called(rule):
    fused, plain = both(Method("tested", CyclicEncoding(12, 3), rule, f=2))
    check(fused, plain)
    base = Method("tested", CyclicEncoding(12, 3), TrimmedMean(f=2) if rule.f else Mean(), f=2)
    assert not np.allclose(both(base)[0].final, fused.final)


class TestWhenThePlainPathIsTaken:
    """Where parts are not what the fused iteration is made for, and for what is not finite."""

    @pytest.fixture
    def plain_calls(self, monkeypatch):
        calls = []
        kept = training_module._Chunk._plain_aggregate

        def counted(self, iteration, recorded):
            calls.append(iteration)
            return kept(self, iteration, recorded)

        monkeypatch.setattr(training_module._Chunk, "_plain_aggregate", counted)
        return calls

    def test_fused_where_it_can_be(self, plain_calls):
        run(method_from_name("LAD-cwtm", N=12, f=2, d=4), FAMILY, iterations=4, gamma=1e-4, seeds=2)
        assert not plain_calls

    def test_only_where_something_is_measured(self, plain_calls):
        method = method_from_name("LAD-cwtm", N=12, f=2, d=4)
        run(method, FAMILY, iterations=4, gamma=1e-4, seeds=2, measures=["aggregation_error"], record_every=2)
        assert plain_calls == [0, 2]

    @pytest.mark.parametrize("name", ["Com-CWTM", "DRACO"])
    def test_methods(self, name, plain_calls):
        run(method_from_name(name, N=12, f=2, k=3), FAMILY, iterations=2, gamma=1e-4, seeds=2)
        assert plain_calls == [0, 1]

    @pytest.mark.parametrize("attack", ["gaussian", "alie", "label-flip"])
    def test_attacks(self, attack, plain_calls):
        run(method_from_name("CWTM", N=12, f=2), FAMILY, iterations=2, gamma=1e-4, seeds=2, attack=attack)
        assert plain_calls == [0, 1]

    def test_problems(self, plain_calls):
        problem = UserProblem(lambda x: x[..., None, :] * np.ones((12, 1)), 12, 7)
        run(method_from_name("CWTM", N=12, f=2), problem, iterations=2, gamma=1e-4, seeds=2)
        assert plain_calls == [0, 1]

    def test_portable(self, plain_calls):
        with arrays.portable():
            run(method_from_name("CWTM", N=12, f=2), FAMILY, iterations=2, gamma=1e-4, seeds=2)
        assert plain_calls == [0, 1]

    @pytest.mark.parametrize("name", ["VA", "CWTM", "LAD-cwtm", "LAD-krum"])
    def test_messages_that_are_not_finite_are_the_rule_s_to_judge(self, name):
        drawn = FAMILY.draw([0, 1])
        labels = drawn.labels.copy()
        labels[0, 3] = np.nan
        method = method_from_name(name, N=12, f=2, d=2)
        with pytest.raises(ValueError, match="not finite"):
            run(method, LinearRegression(drawn.features, labels), iterations=2, gamma=1e-4, seeds=2)
        forgiving = method_from_name(name, N=12, f=2, d=2, nonfinite="byzantine")
        if name != "VA":
            problem = LinearRegression(drawn.features, labels)
            trajectory = run(forgiving, problem, iterations=2, gamma=1e-4, seeds=2, attack=None, record_every=2)
            assert np.isfinite(trajectory.final).all()
        attack = NonFinite("nan")
        with pytest.raises(ValueError, match="not finite"):
            run(method, FAMILY, iterations=2, gamma=1e-4, seeds=2, attack=attack)

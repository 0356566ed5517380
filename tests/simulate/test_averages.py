"""Averages of allocated messages as one combination of gradients: the same as message by message."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from byzbounds.simulate import method_from_name, run
from byzbounds.simulate import training as training_module
from byzbounds.simulate.attacks import NonFinite, SignFlipping
from byzbounds.simulate.averages import AveragedDraws
from byzbounds.simulate.compiled import available, averages, interpreted
from byzbounds.simulate.draws import byzantine_draws
from byzbounds.simulate.encoding import AllocatedEncoder
from byzbounds.simulate.problems import CraRegression, LinearRegression

FAMILY = CraRegression(M=30, Q=19)
NAMES = ["MA", "SGC-DL", "Clairvoyant"]
needs_code = pytest.mark.skipif(not available(), reason="needs llvmlite")


@pytest.fixture(autouse=True, params=["arrays", pytest.param("machine code", marks=needs_code)])
def _either_path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    if request.param == "arrays":
        with interpreted():
            yield
    else:
        monkeypatch.setattr(averages, "LEAST_SIZE", 0)
        yield


@pytest.fixture
def plain_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Iterations that are done message by message."""
    calls, kept = [], training_module._Chunk._plain_aggregate

    def counted(self: Any, iteration: int, recorded: bool) -> Any:
        calls.append(iteration)
        return kept(self, iteration, recorded)

    monkeypatch.setattr(training_module._Chunk, "_plain_aggregate", counted)
    return calls


def _ignore(seen: Any) -> None:
    del seen


def _method(name: str, **options: Any):
    return method_from_name(name, N=12, f=3, **({"r": 5} if name == "SGC-DL" else {}) | options)


def _both(name: str, problem: Any = FAMILY, method: Any = None, **options: Any):
    """A training run by the combination, and by messages, which an observer asks for."""
    settings = {"iterations": 70, "gamma": 1e-5, "seeds": (0, 7, 2), "attack": SignFlipping(-3.0)} | options
    method = method or _method(name)
    return run(method, problem, **settings), run(method, problem, **settings, observe=_ignore)


def _check(fused: Any, plain: Any, rtol: float = 1e-9) -> None:
    np.testing.assert_allclose(fused.loss, plain.loss, rtol=rtol)
    np.testing.assert_allclose(fused.final, plain.final, rtol=rtol, atol=rtol)
    assert fused.diverged == plain.diverged


@pytest.mark.parametrize("name", NAMES)
class TestAgreesWithMessages:
    def test_under_sign_flipping(self, name: str, plain_calls: list[int]) -> None:
        fused, plain = _both(name)
        assert len(plain_calls) == 70, "of the second run alone"
        _check(fused, plain)
        assert not np.allclose(fused.loss[:, 0], fused.loss[:, -1])

    def test_without_an_attack(self, name: str) -> None:
        _check(*_both(name, attack=None))

    def test_with_the_same_byzantine_devices_throughout(self, name: str) -> None:
        _check(*_both(name, byzantine="fixed"))

    def test_with_one_problem_for_all_runs(self, name: str) -> None:
        drawn = FAMILY.draw([3])
        _check(*_both(name, LinearRegression(drawn.features[0], drawn.labels[0])))

    def test_in_single_precision(self, name: str) -> None:
        _check(*_both(name, dtype="float32", iterations=8), rtol=1e-4)

    def test_where_runs_diverge(self, name: str) -> None:
        fused, plain = _both(name, gamma=10.0, iterations=200)
        assert None not in fused.diverged
        assert fused.diverged == plain.diverged

    def test_whatever_the_batch(self, name: str) -> None:
        settings: dict[str, Any] = {"iterations": 70, "gamma": 1e-5}
        together = run(_method(name), FAMILY, seeds=(0, 7, 2), **settings)
        alone = run(_method(name), FAMILY, seeds=[2], **settings)
        np.testing.assert_array_equal(together.loss[2], alone.loss[0])
        np.testing.assert_array_equal(together.final[2], alone.final[0])


@pytest.mark.parametrize("attack", ["gaussian", "alie", "label-flip", NonFinite("nan")])
def test_who_knows_the_byzantine_devices_need_not_know_what_they_send(attack: Any, plain_calls: list[int]) -> None:
    fused, plain = _both("Clairvoyant", attack=attack, iterations=20)
    assert len(plain_calls) == 20
    _check(fused, plain)


class TestMessagesAreLookedAt:
    """Where parts are not what the combination is made for."""

    @pytest.mark.parametrize("name", ["CRA-median", "RBA-cwtm"])
    def test_by_other_rules(self, name: str, plain_calls: list[int]) -> None:
        run(_method(name, r=5 if name.startswith("CRA") else None), FAMILY, iterations=2, gamma=1e-5, seeds=2)
        assert plain_calls == [0, 1]

    def test_under_other_attacks(self, plain_calls: list[int]) -> None:
        run(_method("MA"), FAMILY, iterations=2, gamma=1e-5, seeds=2, attack="gaussian")
        assert plain_calls == [0, 1]

    def test_where_allocations_are_redrawn(self, plain_calls: list[int]) -> None:
        run(_method("SGC-DL", subsets="redrawn"), FAMILY, iterations=2, gamma=1e-5, seeds=2)
        assert plain_calls == [0, 1]

    def test_where_they_are_not_finite(self) -> None:
        drawn = FAMILY.draw([0, 1])
        labels = drawn.labels.copy()
        labels[0, 3] = np.nan
        with pytest.raises(ValueError, match="not finite"):
            run(_method("MA"), LinearRegression(drawn.features, labels), iterations=2, gamma=1e-5, seeds=2)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("f", [0, 3])
def test_factors_of_the_subsets_by_definition(name: str, f: int) -> None:
    seeds, factor = [4, 1], None if name == "Clairvoyant" else -3.0
    encoder = _method(name).encoding.start(seeds, 30)
    assert isinstance(encoder, AllocatedEncoder)
    masks = byzantine_draws(seeds, 12, f, "redrawn")
    draws = AveragedDraws(encoder, masks, factor, np.dtype(np.float64))
    gradients = np.random.default_rng(0).normal(size=(2, 30, 5))
    for iteration in (0, 63, 64, 5):
        block, index = draws.at(iteration)
        combined = (block.by_subset[index][..., None] * gradients).mean(axis=1)
        messages = encoder.weights(iteration) @ gradients
        byzantine = masks.at(iteration)
        if factor is None:
            expected = [sent[~bad].mean(axis=0) for sent, bad in zip(messages, byzantine, strict=True)]
        else:
            expected = np.where(byzantine[..., None], factor * messages, messages).mean(axis=1)
        np.testing.assert_allclose(combined, expected, rtol=1e-12, atol=1e-14)

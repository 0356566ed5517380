"""All attacks x array libraries, and what each is defined to send."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from byzbounds.simulate import arrays
from byzbounds.simulate.aggregation import Krum, Mean, TrimmedMean
from byzbounds.simulate.attacks import (
    ATTACKS,
    ALittleIsEnough,
    Attack,
    Gaussian,
    InnerProductManipulation,
    LabelFlip,
    Mimic,
    NonFinite,
    Optimised,
    SampleDuplicating,
    SignFlipping,
    Zero,
    attack_from_name,
)
from byzbounds.simulate.randomness import Purpose, run_streams, stream

RUNS, N, Q = 3, 10, 4
RULE = TrimmedMean(f=3)
VARIANTS = [make() for make in ATTACKS.values()] + [
    NonFinite("inf"),
    NonFinite("-inf"),
    Mimic(target=2),
    ALittleIsEnough(z=1.0, sign=1),
]


def setting() -> tuple[Any, Any]:
    messages = np.random.default_rng(0).standard_normal((RUNS, N, Q)) + 1
    byzantine = np.zeros((RUNS, N), dtype=bool)
    byzantine[:, [1, 5]] = True
    byzantine[0, 7] = True
    return messages, byzantine


def attack_with(attack: Attack, messages: Any, byzantine: Any, runs: tuple[int, ...] = (4, 5, 6)) -> Any:
    rng = [one.at(Purpose.ATTACK, 9) for one in run_streams(runs)] if attack.needs_rng else None
    poisoned = 3 * messages if attack.needs_poisoned else None
    return attack(messages, byzantine, rng=rng, rule=RULE if attack.needs_rule else None, poisoned=poisoned)


@pytest.mark.parametrize("attack", [one for one in VARIANTS if not one.needs_rule], ids=repr)
def test_libraries_agree(attack: Attack, xp: Any) -> None:
    check_on_library(attack, xp)


def test_libraries_agree_on_the_search(xp_or_slow: Any) -> None:
    check_on_library(Optimised(), xp_or_slow)


def check_on_library(attack: Attack, xp: Any) -> None:
    messages, byzantine = setting()
    expected = attack_with(attack, messages, byzantine)
    # The compilation of every operation for another dtype by JAX, and the search, take seconds.
    costly = isinstance(attack, Optimised) or "jax" in xp.__name__
    for dtype in (xp.float64,) if costly else (xp.float64, xp.float32):
        moved = xp.astype(xp.asarray(messages), dtype)
        before = arrays.to_host(moved).copy()
        for mask in (xp.asarray(byzantine),) if costly else (byzantine, xp.asarray(byzantine)):
            result = attack_with(attack, moved, mask)
            assert type(result) is type(moved)
            assert result.dtype == dtype
            host = arrays.to_host(result)
            np.testing.assert_array_equal(host[~byzantine], before[~byzantine])
            loose = {"rtol": 1e-4, "atol": 1e-4} if dtype == xp.float32 else {"rtol": 1e-9}
            np.testing.assert_allclose(host, expected, **loose)
        np.testing.assert_array_equal(arrays.to_host(moved), before)


@pytest.mark.parametrize("attack", VARIANTS, ids=repr)
def test_runs_do_not_depend_on_the_batch(attack: Attack) -> None:
    messages, byzantine = setting()
    whole = attack_with(attack, messages, byzantine)
    for index, run in enumerate((4, 5, 6)):
        part = slice(index, index + 1)
        alone = attack_with(attack, messages[part], byzantine[part], (run,))
        if isinstance(attack, ALittleIsEnough) and attack.z is None:
            continue  # its f is the largest of the batch
        np.testing.assert_array_equal(alone[0], whole[index])


@pytest.mark.parametrize("attack", VARIANTS, ids=repr)
def test_drawing_apart_from_applying(attack: Attack) -> None:
    messages, byzantine = setting()
    expected = attack_with(attack, messages, byzantine)
    rng = [one.at(Purpose.ATTACK, 9) for one in run_streams((4, 5, 6))]
    noise = attack.draw(rng, messages.shape, byzantine)
    assert (noise is None) != attack.needs_rng
    result = attack.apply(messages, byzantine, noise, rule=RULE, poisoned=3 * messages)
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("attack", VARIANTS, ids=repr)
def test_without_byzantine_devices(attack: Attack) -> None:
    messages, byzantine = setting()
    np.testing.assert_array_equal(attack_with(attack, messages, np.zeros_like(byzantine)), messages)
    one = attack_with(attack, messages, np.arange(N) == 3)
    np.testing.assert_array_equal(np.delete(one, 3, axis=1), np.delete(messages, 3, axis=1))


def test_plain_attacks() -> None:
    x, byzantine = setting()
    np.testing.assert_array_equal(SignFlipping()(x, byzantine)[byzantine], -2 * x[byzantine])
    np.testing.assert_array_equal(SignFlipping(-0.5)(x, byzantine)[byzantine], -0.5 * x[byzantine])
    assert (Zero()(x, byzantine)[byzantine] == 0).all()
    assert np.isnan(NonFinite()(x, byzantine)[byzantine]).all()
    assert (NonFinite("-inf")(x, byzantine)[byzantine] == -np.inf).all()
    np.testing.assert_array_equal(LabelFlip()(x, byzantine, poisoned=-x)[byzantine], -x[byzantine])


def test_gaussian_variance_and_streams() -> None:
    x, byzantine = np.zeros((400, 50)), np.arange(400) < 300
    noise = Gaussian(variance=25.0)(x, byzantine, rng=stream(1, Purpose.ATTACK))[:300]
    # 15 000 squares of mean 25 and standard deviation 25 sqrt(2): within 6 standard errors but for 2e-9.
    assert abs((noise**2).mean() - 25) < 6 * 25 * math.sqrt(2 / noise.size)
    assert abs(noise.mean()) < 6 * 5 / math.sqrt(noise.size)
    assert Gaussian().variance == 10000.0


def test_sample_duplicating_copies_honest_devices_uniformly() -> None:
    n = 6
    messages = np.broadcast_to(np.arange(n, dtype=float)[:, None], (3000, n, 1)).copy()
    byzantine = np.arange(n) < 2
    sent = SampleDuplicating()(messages, byzantine, rng=stream(2, Purpose.ATTACK))[:, :2, 0]
    shares = [(sent == device).mean() for device in range(n)]
    assert shares[:2] == [0, 0]
    assert max(abs(share - 1 / 4) for share in shares[2:]) < 6 * math.sqrt(3 / 16 / sent.size)
    assert 0.15 < (sent[:, 0] == sent[:, 1]).mean() < 0.35


def test_a_little_is_enough() -> None:
    x, byzantine = np.random.default_rng(0).standard_normal((N, Q)), np.arange(N) < 4
    honest = x[4:]
    # n = 10, f = 4: s = floor(6) - 4 = 2, (n - f - s)/(n - f) = 4/6.
    z = NormalDist().inv_cdf(4 / 6)
    sent = ALittleIsEnough()(x, byzantine)[:4]
    np.testing.assert_allclose(sent, np.tile(honest.mean(axis=0) - z * honest.std(axis=0), (4, 1)))
    up = ALittleIsEnough(z=2.0, sign=1)(x, byzantine)[0]
    np.testing.assert_allclose(up, honest.mean(axis=0) + 2 * honest.std(axis=0))
    assert ALittleIsEnough().factor(50, 24) == pytest.approx(NormalDist().inv_cdf(24 / 26))
    assert ALittleIsEnough().factor(10, 1) == 0


def test_inner_product_manipulation_and_mimic() -> None:
    rng = np.random.default_rng(3)
    x, byzantine = rng.standard_normal((N, Q)), np.arange(N) >= 8
    sent = InnerProductManipulation(epsilon=0.3)(x, byzantine)[8:]
    np.testing.assert_allclose(sent, np.tile(-0.3 * x[:8].mean(axis=0), (2, 1)))
    np.testing.assert_array_equal(Mimic(target=3)(x, byzantine)[8:], x[[3, 3]])
    np.testing.assert_array_equal(Mimic(target=99)(x, byzantine)[8:], x[[7, 7]])
    centred = x[:8] - x[:8].mean(axis=0)
    leading = np.linalg.svd(centred)[2][0]
    chosen = int(np.argmax(np.abs(centred @ leading)))
    np.testing.assert_allclose(Mimic()(x, byzantine)[8:], x[[chosen, chosen]])


@pytest.mark.parametrize("rule", [TrimmedMean(f=3), Krum(f=3), Mean()], ids=repr)
def test_optimised_attack_beats_the_plain_ones(rule: Any) -> None:
    messages = np.random.default_rng(5).standard_normal((6, 15, Q)) + 0.5
    byzantine = np.arange(15) < 3
    centre = messages[:, 3:].mean(axis=1)

    def harm(attack: Attack) -> Any:
        sent = attack(messages, byzantine, rng=stream(0, Purpose.ATTACK), rule=rule)
        return ((rule(sent) - centre) ** 2).sum(axis=-1)

    best = harm(Optimised(largest=100.0))
    for plain in (SignFlipping(), Zero(), ALittleIsEnough(), InnerProductManipulation()):
        assert (best >= 0.95 * harm(plain)).all(), plain
    if isinstance(rule, TrimmedMean):
        assert (best <= 3 / (15 - 6) * ((messages[:, 3:] - centre[:, None]) ** 2).sum(axis=-1).mean(axis=-1)).all()
    with arrays.memory_budget(1):
        np.testing.assert_array_equal(harm(Optimised(largest=100.0)), best)


def test_names() -> None:
    assert attack_from_name("Sign:-3") == SignFlipping(-3)
    assert attack_from_name("gaussian", variance=4.0) == Gaussian(4.0)
    assert attack_from_name("fall-of-empires:2") == InnerProductManipulation(2)
    assert repr(attack_from_name("non-finite:inf")) == "NonFinite(payload='inf')"
    assert repr(SignFlipping()) == "SignFlipping()"


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x, b: SignFlipping()(x, b.astype(int)), "boolean mask, got dtype int64"),
        (lambda x, b: SignFlipping()(x, b[:, :4]), r"byzantine of shape \(3, 10\) or \(n,\), got \(3, 4\)"),
        (lambda x, _b: SignFlipping()(x, np.ones(N, dtype=bool)), "at least one honest device"),
        (lambda x, _b: SignFlipping()(x, [True] * N), "needs byzantine as an array"),
        (lambda x, b: SignFlipping()(x.astype(int), b), "real floating-point dtype"),
        (lambda _x, _b: SignFlipping(math.nan), "finite coefficient"),
        (lambda _x, _b: Gaussian(-1.0), "finite variance of at least 0"),
        (lambda x, b: Gaussian()(x, b), r"Gaussian\(\) needs rng"),
        (lambda x, b: Gaussian()(x, b, rng=[stream(0, Purpose.ATTACK)]), "rng holds 1 generators"),
        (lambda x, b: Gaussian().apply(x, b), "needs the noise"),
        (lambda _x, _b: NonFinite("none"), "needs payload"),
        (lambda x, b: LabelFlip()(x, b), r"needs poisoned messages of shape \(3, 10, 4\), got None"),
        (lambda x, b: LabelFlip()(x, b, poisoned=x[0]), r"got \(10, 4\)"),
        (lambda x, b: Optimised()(x, b), "needs rule"),
        (lambda _x, _b: Optimised(scales=1), "scales of at least 2"),
        (lambda _x, _b: Optimised(largest=0.1), "largest scale above 0.1"),
        (lambda _x, _b: Mimic(target=-1), "target of at least 0"),
        (lambda _x, _b: ALittleIsEnough(z=math.inf), "finite z"),
        (lambda _x, _b: ALittleIsEnough(sign=0), "sign -1 or 1"),
        (lambda _x, _b: InnerProductManipulation(0), "epsilon above 0"),
        (lambda _x, _b: attack_from_name("sing"), "no attack 'sing': did you mean 'sign'"),
        (lambda _x, _b: attack_from_name("zero", size=1), "does not take these parameters"),
    ],
)
def test_invalid_calls(call: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call(*setting())

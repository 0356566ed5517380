"""All compressors x array libraries, and their exact laws."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from byzbounds.simulate import arrays
from byzbounds.simulate.compression import (
    COMPRESSORS,
    QSGD,
    Bernoulli,
    Compressor,
    Identity,
    Natural,
    RandomSparsification,
    StochasticQuantisation,
    TernGrad,
    compressor_from_name,
)
from byzbounds.simulate.randomness import Purpose, run_streams, stream

RUNS, N, Q = 3, 5, 6
TABLE: list[Compressor] = [
    Identity(),
    RandomSparsification(2),
    Bernoulli(0.3),
    StochasticQuantisation(-9.0, 9.0),
    StochasticQuantisation(),
    QSGD(1),
    QSGD(4),
    TernGrad(),
    Natural(),
    RandomSparsification(3) >> Natural(),
    Bernoulli(0.5) >> RandomSparsification(2) >> TernGrad(),
]
# Rational vectors whose norms are rational too, so that QSGD has rational outcomes.
VECTORS = [(3, 4), (1, -2, 2), ("1/3", 0, "2/3", "-2/3"), (0, 0), (2, 4, -5, 6), (7,)]


def rngs() -> list[np.random.Generator]:
    return [one.at(Purpose.COMPRESSION, 2) for one in run_streams((8, 9, 10))]


def vectors() -> Any:
    return np.random.default_rng(0).standard_normal((RUNS, N, Q))


@pytest.mark.parametrize("compressor", TABLE, ids=repr)
def test_libraries_agree(compressor: Compressor, xp: Any) -> None:
    values = vectors()
    expected = compressor(values, rngs())
    # The compilation of every operation for another dtype by JAX takes seconds.
    for dtype in (xp.float64,) if "jax" in xp.__name__ else (xp.float64, xp.float32):
        moved = xp.astype(xp.asarray(values), dtype)
        before = arrays.to_host(moved).copy()
        result = compressor(moved, rngs())
        assert type(result) is type(moved)
        assert result.dtype == dtype
        if dtype == xp.float64:
            np.testing.assert_allclose(arrays.to_host(result), expected, rtol=1e-12)
        np.testing.assert_array_equal(arrays.to_host(moved), before)


@pytest.mark.parametrize("compressor", TABLE, ids=repr)
def test_runs_do_not_depend_on_the_batch(compressor: Compressor) -> None:
    values = vectors()
    whole = compressor(values, rngs())
    np.testing.assert_array_equal(compressor(values[1:2], rngs()[1:2])[0], whole[1])
    np.testing.assert_array_equal(compressor(values[1], rngs()[1]), whole[1])
    noise = compressor.draw(rngs(), values.shape)
    np.testing.assert_array_equal(compressor.apply(values, noise), whole)


@pytest.mark.parametrize("compressor", TABLE, ids=repr)
@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_exact_law(compressor: Compressor, vector: Any) -> None:
    """Probabilities sum to one, the mean is the vector, the error is at most delta, or equal to it where it must be."""
    entries = [Fraction(entry) for entry in vector]
    if not _suits(compressor, entries):
        pytest.skip("irrational outcomes, or too few coordinates")
    outcomes = list(compressor.outcomes(vector))
    assert sum(p for p, _ in outcomes) == 1
    assert min(p for p, _ in outcomes) > 0
    for i, entry in enumerate(entries):
        assert sum(p * value[i] for p, value in outcomes) == entry
    error = sum(p * sum((v - g) ** 2 for v, g in zip(value, entries, strict=True)) for p, value in outcomes)
    square = sum(entry**2 for entry in entries)
    delta = compressor.delta(len(entries))
    if not math.isinf(delta):
        assert float(error) <= delta * float(square) * (1 + 1e-12)
    if compressor.delta_is_attained:
        assert float(error) == pytest.approx(delta * float(square))


def _suits(compressor: Compressor, entries: list[Fraction]) -> bool:
    try:
        next(iter(compressor.outcomes(entries)))
    except ValueError as error:
        return not ("irrational" in str(error) or "k <= q" in str(error))
    return True


def test_exact_delta_is_attained_by_some_vector() -> None:
    """Each exact delta has a vector at which, or near which, it is reached."""

    def ratio(compressor: Compressor, vector: list[Fraction]) -> float:
        outcomes = list(compressor.outcomes(vector))
        error = sum(p * sum((v - g) ** 2 for v, g in zip(value, vector, strict=True)) for p, value in outcomes)
        return float(error / sum(entry**2 for entry in vector))

    assert ratio(Natural(), [Fraction(4, 3)] * 2) == Natural().delta(2) == 1 / 8
    # One coordinate at m and q-1 at t m: the ratio (q-1)(t - t^2)/(1 + (q-1) t^2) is largest at t = 1/(1 + sqrt(q)).
    assert ratio(TernGrad(), [Fraction(1)] + [Fraction(1, 3)] * 3) == pytest.approx(TernGrad().delta(4))
    assert ratio(QSGD(1), [Fraction(1)] * 4) == pytest.approx(QSGD(1).delta(4))
    # Extremes at -1 and 1, the others at zero: each of these errs by one, and the norm is sqrt(2).
    vector = [Fraction(1), Fraction(-1), Fraction(0), Fraction(0), Fraction(0)]
    assert ratio(StochasticQuantisation(), vector) == pytest.approx(StochasticQuantisation().delta(5))


@pytest.mark.parametrize("compressor", TABLE, ids=repr)
@pytest.mark.parametrize("vector", [(1.0, -2.0, 2.0), (3.0, 4.0, 0.0)], ids=str)
def test_draws_follow_the_exact_law(compressor: Compressor, vector: tuple[float, ...]) -> None:
    try:
        outcomes = list(compressor.outcomes([Fraction(entry) for entry in vector]))
    except ValueError:
        pytest.skip("irrational outcomes")
    chances: dict[tuple[float, ...], float] = {}
    for p, value in outcomes:
        key = tuple(round(float(v), 9) for v in value)
        chances[key] = chances.get(key, 0.0) + float(p)
    count = 4000
    sent = compressor(np.tile(vector, (count, 1)), stream(0, Purpose.SAMPLING))
    seen: dict[tuple[float, ...], int] = {}
    for row in sent:
        key = tuple(round(float(v), 9) + 0.0 for v in row)
        seen[key] = seen.get(key, 0) + 1
    assert set(seen) <= set(chances)
    for key, p in chances.items():
        # Bernstein's inequality: beyond this with a probability below 1e-9 each.
        slack = math.sqrt(2 * p * (1 - p) * 21 / count) + 2 * 21 / (3 * count)
        assert abs(seen.get(key, 0) / count - p) <= slack, key


def test_deltas() -> None:
    assert RandomSparsification(30).delta(100) == pytest.approx(100 / 30 - 1)
    assert Bernoulli(0.25).delta(7) == 3
    assert Identity().delta(7) == 0
    assert StochasticQuantisation(-1.0, 1.0).delta(7) == math.inf
    assert StochasticQuantisation().delta(1) == 0
    assert QSGD(4).delta(100) == min(100 / 16, 10 / 4)
    assert QSGD(1).delta_is_exact
    assert not QSGD(4).delta_is_exact
    chain = RandomSparsification(25) >> TernGrad()
    assert chain.delta(100) == pytest.approx(4 * 3 - 1)
    assert not chain.delta_is_exact
    assert (TernGrad() >> Bernoulli(0.5)).delta_is_exact
    assert (Bernoulli(0.5) >> RandomSparsification(2)).delta_is_attained


def test_bits() -> None:
    assert Identity().bits(100) == 3200
    assert RandomSparsification(1).bits(8) == 32 + 3
    assert RandomSparsification(100).bits(100) == 3200
    assert Bernoulli(0.5).bits(100, word=64) == 50 * 64 + 100
    assert StochasticQuantisation(-1.0, 1.0).bits(100) == 100
    assert StochasticQuantisation().bits(100) == 164
    assert QSGD(1).bits(100) == 32 + math.ceil(100 * math.log2(3)) == TernGrad().bits(100)
    assert Natural().bits(100) == 900
    assert (RandomSparsification(1) >> Natural()).bits(8) == 9 + 3


@pytest.mark.parametrize("scale", [1e-300, 1e300])
@pytest.mark.parametrize("compressor", [compressor for compressor in TABLE if "9.0" not in repr(compressor)], ids=repr)
def test_extreme_vectors(compressor: Compressor, scale: float) -> None:
    sent = compressor(scale * vectors(), rngs())
    assert np.isfinite(sent).all()
    if "Natural" not in repr(compressor):
        np.testing.assert_allclose(sent / scale, compressor(vectors(), rngs()), atol=1e-9)
    assert (compressor(np.zeros((2, Q)), stream(0, Purpose.COMPRESSION)) == 0).all()


def test_natural_compression_of_powers_is_exact(xp: Any) -> None:
    powers = np.array([0.0, 1.0, -2.0, 2.0**-30, 2.0**40, -(2.0**100)])
    sent = Natural()(xp.asarray(powers), stream(0, Purpose.COMPRESSION))
    np.testing.assert_array_equal(arrays.to_host(sent), powers)


def test_names() -> None:
    assert set(COMPRESSORS) == {"identity", "rand-k", "bernoulli", "quantisation", "qsgd", "terngrad", "natural"}
    assert compressor_from_name("rand-k", k=3) == RandomSparsification(3) == compressor_from_name("Rand-K:3")
    assert repr(compressor_from_name("rand-k:3+qsgd:4")) == "RandomSparsification(k=3) >> QSGD(levels=4)"
    assert compressor_from_name("none") == Identity()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: RandomSparsification(7)(vectors(), rngs()), r"RandomSparsification\(k=7\) needs k <= q, got q=6"),
        (lambda: RandomSparsification(0), "k of at least 1, got 0"),
        (lambda: RandomSparsification(1.5), "k as a whole number"),
        (lambda: RandomSparsification(2)(vectors()), "needs rng"),
        (lambda: RandomSparsification(2).apply(vectors()), "needs the noise"),
        (lambda: Natural()(np.arange(3), rngs()[0]), "real floating-point dtype"),
        (lambda: Natural()(np.zeros((3, 0)), rngs()), "without an empty axis"),
        (lambda: Bernoulli(0), "above 0 and at most 1"),
        (lambda: QSGD(0), "levels of at least 1"),
        (lambda: StochasticQuantisation(1.0, 0.0), "finite a < b"),
        (lambda: StochasticQuantisation(a=1.0), "takes a and b"),
        (lambda: StochasticQuantisation(0.0, 1.0, range="data"), "takes a and b"),
        (lambda: StochasticQuantisation(range="all"), "needs range"),
        (lambda: StochasticQuantisation(0.0, 0.1)(vectors(), rngs()), "needs coordinates in its range"),
        (lambda: list(StochasticQuantisation(0.0, 0.1).outcomes([1])), "needs coordinates in its range"),
        (lambda: list(QSGD(2).outcomes([1, 1])), "irrational"),
        (lambda: compressor_from_name("qsdg"), "no compressor 'qsdg': did you mean 'qsgd'"),
        (lambda: compressor_from_name("qsgd"), "does not take these parameters"),
        (lambda: compressor_from_name("rand-k+natural", k=2), "give parameters as name:value"),
    ],
)
def test_invalid_calls(call: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()

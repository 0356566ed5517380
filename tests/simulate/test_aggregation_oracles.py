"""Each rule against the plainest code that follows its definition, one set of messages at a time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from byzbounds.simulate import arrays
from byzbounds.simulate.aggregation import (
    NNM,
    AdaptiveClipping,
    Bucketing,
    CenteredClipping,
    Clipping,
    Correntropy,
    GeometricMedian,
    Huber,
    MajorityVote,
    Median,
    TrimmedMean,
    rule_from_name,
)

Array = Any
SIZES = [(7, 1, 4), (11, 2, 3), (12, 2, 1), (15, 3, 6), (11, 0, 2)]


def norm(vector: Array) -> float:
    return float(np.sqrt(np.sum(vector**2)))


def trimmed_mean(x: Array, f: int) -> Array:
    return np.array([np.mean(sorted(column)[f : len(x) - f]) for column in x.T])


def nearest_values(column: Array, centre: float, count: int) -> float:
    return float(np.mean(sorted(column, key=lambda value: (abs(value - centre), value))[:count]))


def phocas(x: Array, f: int) -> Array:
    centre = trimmed_mean(x, f)
    return np.array([nearest_values(column, c, len(x) - f) for column, c in zip(x.T, centre, strict=True)])


def phocas_vector(x: Array, f: int) -> Array:
    centre = trimmed_mean(x, f)
    return np.mean(sorted(x, key=lambda row: norm(row - centre))[: len(x) - f], axis=0)


def meamed(x: Array, f: int) -> Array:
    return np.array([nearest_values(column, float(np.median(column)), len(x) - f) for column in x.T])


def krum_scores(x: Array, count: int) -> list[float]:
    return [sum(sorted(norm(a - b) ** 2 for b in x)[:count]) for a in x]


def krum(x: Array, count: int) -> Array:
    return x[int(np.argmin(krum_scores(x, count)))]


def multikrum(x: Array, f: int) -> Array:
    order = np.argsort(krum_scores(x, len(x) - f), kind="stable")
    return np.mean(x[order[: len(x) - f]], axis=0)


def bulyan(x: Array, f: int) -> Array:
    left, chosen = list(range(len(x))), []
    while len(chosen) < len(x) - 2 * f:
        count = max(1, len(left) - f - 2) + 1
        best = left[int(np.argmin(krum_scores(x[left], count)))]
        chosen.append(best)
        left.remove(best)
    part = x[chosen]
    return np.array([nearest_values(column, float(np.median(column)), len(x) - 4 * f) for column in part.T])


def mda(x: Array, f: int) -> Array:
    def key(subset: tuple[int, ...]) -> tuple[float, float]:
        pairs = [norm(x[i] - x[j]) for i, j in itertools.combinations(subset, 2)]
        return round(max(pairs, default=0.0), 12), sum(pair**2 for pair in pairs)

    return np.mean(x[list(min(itertools.combinations(range(len(x)), len(x) - f), key=key))], axis=0)


def smea(x: Array, f: int) -> Array:
    def key(subset: tuple[int, ...]) -> float:
        part = x[list(subset)] - x[list(subset)].mean(axis=0)
        return float(np.linalg.eigvalsh(part.T @ part)[-1])

    return np.mean(x[list(min(itertools.combinations(range(len(x)), len(x) - f), key=key))], axis=0)


def faba(x: Array, f: int) -> Array:
    rows = list(x)
    for _ in range(f):
        centre = np.mean(rows, axis=0)
        del rows[int(np.argmax([norm(row - centre) for row in rows]))]
    return np.mean(rows, axis=0)


def caf(x: Array, f: int) -> Array:
    weights, best, result = np.ones(len(x)), math.inf, x.mean(axis=0)
    while True:
        centre = weights @ x / weights.sum()
        deviations = x - centre
        values, vectors = np.linalg.eigh((weights[:, None] * deviations).T @ deviations / weights.sum())
        if values[-1] < best:
            best, result = values[-1], centre
        along = (deviations @ vectors[:, -1]) ** 2
        weights = weights * (1 - along / along[weights > 0].max()).clip(min=0)
        if weights.sum() <= len(x) - 2 * f:
            return result


def norm_thresholding(x: Array, f: int) -> Array:
    return np.mean(sorted(x, key=norm)[: len(x) - f], axis=0)


ORACLES: dict[str, Callable[[Array, int], Array]] = {
    "mean": lambda x, _: sum(x) / len(x),
    "cwtm": trimmed_mean,
    "median": lambda x, _: np.median(x, axis=0),
    "median-lower": lambda x, _: np.sort(x, axis=0)[(len(x) - 1) // 2],
    "phocas": phocas,
    "phocas-vector": phocas_vector,
    "meamed": meamed,
    "krum": lambda x, f: krum(x, len(x) - f),
    "krum-blanchard": lambda x, f: krum(x, len(x) - f - 1),
    "krum-inclusive": lambda x, f: krum(x, len(x) - f - 2),
    "multikrum": multikrum,
    "bulyan": bulyan,
    "mda": mda,
    "smea": smea,
    "faba": faba,
    "caf": caf,
    "norm-thresholding": norm_thresholding,
}


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize(("n", "f", "q"), SIZES)
@pytest.mark.parametrize("outliers", [False, True])
def test_rule(name: str, n: int, f: int, q: int, outliers: bool) -> None:
    if name == "caf" and f == 0:
        pytest.skip("the weights already sum to n-2f: the mean, by test_caf_without_byzantine_messages")
    rule = rule_from_name(name, f=f)
    rng = np.random.default_rng(n + q)
    for _ in range(4):
        values = rng.standard_normal((n, q))
        if outliers and f:
            values[:f] *= 100
        np.testing.assert_allclose(rule(values), ORACLES[name](values, f), rtol=1e-9, atol=1e-11)


def test_caf_without_byzantine_messages() -> None:
    values = np.random.default_rng(0).standard_normal((9, 3))
    np.testing.assert_allclose(rule_from_name("caf", f=0)(values), values.mean(axis=0))


def nnm(x: Array, f: int) -> Array:
    return np.array([np.mean(sorted(x, key=lambda row: norm(row - a))[: len(x) - f], axis=0) for a in x])


def test_pre_aggregations() -> None:
    x = np.random.default_rng(0).standard_normal((11, 4))
    np.testing.assert_allclose(NNM(f=3)(x), nnm(x, 3))
    np.testing.assert_allclose(Bucketing(size=4)(x), [x[:4].mean(axis=0), x[4:8].mean(axis=0), x[8:].mean(axis=0)])
    shuffled = Bucketing(size=4, seed=3)(x)
    np.testing.assert_allclose(4 * shuffled[0] + 4 * shuffled[1] + 3 * shuffled[2], x.sum(axis=0))
    assert np.abs(shuffled - Bucketing(size=4)(x)).max() > 0.01
    lengths = np.array([norm(row) for row in x])
    np.testing.assert_allclose(Clipping(radius=1.5)(x), x * np.minimum(1, 1.5 / lengths)[:, None])
    limit = sorted(lengths)[::-1][2 * 3 * 8 // 11]
    np.testing.assert_allclose(AdaptiveClipping(f=3)(x), x * np.minimum(1, limit / lengths)[:, None])


def gm_cost(x: Array, point: Array) -> float:
    return sum(norm(row - point) for row in x)


@pytest.mark.parametrize(("n", "q"), [(5, 2), (8, 2), (9, 4), (30, 3), (20, 50)])
@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e12])
def test_geometric_median_is_stationary_at_every_scale(n: int, q: int, scale: float) -> None:
    rng = np.random.default_rng(n)
    for _ in range(5):
        x = scale * (rng.standard_normal((n, q)) + 3)
        point = GeometricMedian()(x)
        deviations = x - point
        lengths = np.sqrt((deviations**2).sum(axis=1))
        apart = lengths > 1e-6 * scale
        pull = norm((deviations[apart] / lengths[apart, None]).sum(axis=0))
        assert pull - (~apart).sum() < 2e-7 * n
        for _ in range(20):
            assert gm_cost(x, point) <= gm_cost(x, point + 1e-3 * scale * rng.standard_normal(q)) * (1 + 1e-12)


def test_geometric_median_at_a_message() -> None:
    """Vardi and Zhang's case: Weiszfeld's own step divides by zero here."""
    corners = np.array([[0.0, 0], [4, 0], [0, 4], [4, 4], [2, 2]])
    np.testing.assert_allclose(GeometricMedian()(corners), [2, 2], atol=1e-12)
    triangle = np.array([[0.0, 0], [1, 0], [-10, 0.1]])
    np.testing.assert_allclose(GeometricMedian()(triangle), [0, 0], atol=1e-12)
    repeated = np.array([[1.0, 1], [1, 1], [1, 1], [9, 9], [-5, 3]])
    np.testing.assert_allclose(GeometricMedian()(repeated), [1, 1], atol=1e-12)


@pytest.mark.parametrize("n", [4, 5, 9, 10])
def test_geometric_median_on_a_line_is_the_median(n: int) -> None:
    values = np.random.default_rng(n).standard_normal((6, n, 1))
    np.testing.assert_allclose(GeometricMedian()(values), Median()(values), atol=1e-9)


def weighted_mean(x: Array, weights: Array) -> Array:
    return weights @ x / weights.sum()


def test_huber_and_correntropy_are_fixed_points() -> None:
    rng = np.random.default_rng(1)
    for q in (1, 3, 40):
        x = rng.standard_normal((9, q)) + 2
        x[0] = 50
        point = Huber(threshold=0.7)(x)
        lengths = np.array([norm(row - point) for row in x])
        np.testing.assert_allclose(weighted_mean(x, np.minimum(1, 0.7 / lengths)), point, atol=1e-5)
        point = Correntropy(width=2.0)(x)
        lengths = np.array([norm(row - point) for row in x])
        np.testing.assert_allclose(weighted_mean(x, np.exp(-(lengths**2) / 8)), point, atol=1e-5)
        np.testing.assert_allclose(CenteredClipping(radius=0.7, iterations=None)(x), Huber(threshold=0.7)(x), atol=1e-4)
        np.testing.assert_allclose(Huber(threshold=1e9)(x), x.mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("iterations", [1, 2, 5])
@pytest.mark.parametrize("start", ["zero", "mean", "medoid"])
def test_centred_clipping(iterations: int, start: str) -> None:
    rng = np.random.default_rng(iterations)
    x = rng.standard_normal((9, 3)) + 2
    totals = [gm_cost(x, row) for row in x]
    point = {"zero": np.zeros(3), "mean": x.mean(axis=0), "medoid": x[int(np.argmin(totals))]}[start]
    for _ in range(iterations):
        lengths = np.maximum([norm(row - point) for row in x], 1e-300)
        point = point + np.mean((x - point) * np.minimum(1, 0.8 / lengths)[:, None], axis=0)
    np.testing.assert_allclose(CenteredClipping(radius=0.8, iterations=iterations, start=start)(x), point, atol=1e-9)


def test_majority_vote() -> None:
    rng = np.random.default_rng(0)
    honest, lie = rng.standard_normal((2, 4))
    rows = np.stack([lie, honest, rng.standard_normal(4), honest, honest, lie, honest])
    np.testing.assert_array_equal(MajorityVote()(rows), honest)
    batch = np.stack([rows, rows[::-1], np.stack([lie, *rng.standard_normal((4, 4)), lie, honest])])
    np.testing.assert_array_equal(MajorityVote()(batch), [honest, honest, lie])
    near = rows * (1 + 1e-9 * rng.standard_normal(rows.shape))
    np.testing.assert_allclose(MajorityVote(tolerance=1e-6)(near), honest, rtol=1e-7)
    apart = rng.standard_normal((5, 4))
    np.testing.assert_array_equal(MajorityVote()(apart), apart[0])


def test_ties_go_to_the_first_devices() -> None:
    x = np.array([[0.0], [1], [0], [1], [9]])
    np.testing.assert_array_equal(rule_from_name("krum", f=1)(x), [0])
    np.testing.assert_array_equal(rule_from_name("krum", f=1)(x[[1, 0, 2, 3, 4]]), [1])
    np.testing.assert_allclose(rule_from_name("meamed", f=1)(np.array([[0.0], [1], [2]])), [0.5])


@pytest.mark.parametrize("f", [1, 2, 4])
def test_minimum_diameter_of_larger_sets(f: int) -> None:
    """The diameter is the least among all subsets, for sizes and shapes at which many subsets tie."""
    rng = np.random.default_rng(f)
    for values in (rng.standard_normal((12, 2)), rng.integers(0, 3, (12, 2)).astype(float)):
        kept = _kept(values, f)
        best = min(_diameter(values[list(s)]) for s in itertools.combinations(range(12), 12 - f))
        assert _diameter(values[kept]) <= best + 1e-12


def _kept(values: Array, f: int) -> Array:
    from byzbounds.simulate.aggregation.subsets import MDA, _smallest_diameter

    squares = ((values[:, None] - values[None]) ** 2).sum(axis=-1)
    kept = _smallest_diameter(squares, f, MDA(f=f))
    assert kept.sum() == len(values) - f
    return kept


def _diameter(values: Array) -> float:
    return float(np.sqrt(((values[:, None] - values[None]) ** 2).sum(axis=-1)).max())


@pytest.mark.parametrize("count", [1, 3])
def test_threads_share_large_messages(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from byzbounds.simulate.aggregation import sorting

    monkeypatch.setattr(sorting, "THREADED_BYTES", 0)
    values = np.random.default_rng(0).standard_normal((2, 40, 3001))
    with arrays.threads(count):
        np.testing.assert_allclose(Median()(values), np.median(values, axis=1), rtol=1e-14)
        values[1, 7, 2000] = np.nan
        with pytest.raises(ValueError, match="not finite"):
            Median()(values)


@pytest.mark.parametrize("q", [1, 700, 3001])
@pytest.mark.parametrize("n", [1, 2, 3, 40])
@pytest.mark.parametrize("batch", [1, 3])
def test_blocks_of_columns(n: int, q: int, batch: int) -> None:
    """Blocks split the columns, or gather several sets of messages."""
    values = np.random.default_rng(q).standard_normal((batch, n, q))
    f = (n - 1) // 2
    expected = np.sort(values, axis=1)[:, f : n - f].mean(axis=1)
    np.testing.assert_allclose(TrimmedMean(f=f)(values), expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("f", [0, 1, 2, 5])
@pytest.mark.parametrize("kind", ["spread", "ties", "huge", "cluster"])
def test_repeated_krum_by_subtraction(f: int, kind: str) -> None:
    """Scores kept by subtraction choose what scores summed afresh choose, ties included."""
    import array_api_compat.numpy as npx

    from byzbounds.simulate.aggregation.krum import _choose_by_krum
    from byzbounds.simulate.aggregation.sequential import SequentialKrum

    rng = np.random.default_rng(f)
    for n in (4 * f + 3, 4 * f + 10):
        values = rng.integers(0, 3, (n, 2)).astype(float) if kind == "ties" else rng.standard_normal((n, 3))
        if kind != "spread":
            values[:f] *= {"ties": 1.0, "huge": 1e9, "cluster": 1e-6}[kind]
        values[:f] += 1e8 if kind == "cluster" else 0.0
        distances = ((values[:, None] - values[None]) ** 2).sum(axis=-1)
        with arrays.portable():
            expected = _choose_by_krum(npx, distances[None], n - 2 * f, f)[0]
        np.testing.assert_array_equal(SequentialKrum(distances, f).choose(n - 2 * f), expected)


@pytest.mark.parametrize("name", ["faba", "bulyan", "krum", "geometric-median"])
def test_many_messages_as_in_portable_code(name: str) -> None:

    values = np.random.default_rng(0).standard_normal((2, 300, 7))
    values[:, :40] *= np.geomspace(1, 1e7, 40)[:, None]
    rule = rule_from_name(name, f=50)
    result = rule(values)
    with arrays.portable():
        np.testing.assert_allclose(rule(values), result, atol=1e-6 if name == "geometric-median" else 1e-12)


@pytest.mark.parametrize("offset", [0.0, 1e8])
@pytest.mark.parametrize("shape", [(9, 3), (40, 60), (12, 70_000)])
def test_centered_clipping_from_zero_in_the_span(shape: tuple[int, int], offset: float) -> None:
    """One step at a time on the messages themselves, also where the messages share a large offset."""
    rng = np.random.default_rng(1)
    values = rng.standard_normal(shape) + offset
    values[0] += 50.0
    radius = {0.0: 0.5, 1e8: 6e7}[offset] * np.sqrt(shape[1])
    point = np.zeros(shape[1])
    for _ in range(6):
        lengths = np.linalg.norm(values - point, axis=1)
        point = point + ((values - point) * np.minimum(1, radius / lengths)[:, None]).mean(axis=0)
    result = CenteredClipping(radius=radius, iterations=6, start="zero")(values)
    np.testing.assert_allclose(result, point, rtol=1e-14, atol=1e-13 if offset == 0 else 0)


def test_a_batch_of_one_gives_the_same_digits() -> None:
    """Sets that iterate alone run through code of their own."""
    values = np.random.default_rng(2).standard_normal((20, 31, 8))
    for name in ("geometric-median", "huber", "correntropy", "centered-clipping", "bulyan"):
        rule = rule_from_name(name, f=5)
        whole = rule(values)
        for index in range(20):
            np.testing.assert_array_equal(rule(values[index]), whole[index])

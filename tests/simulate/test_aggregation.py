"""All rules x properties x array libraries."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from byzbounds.simulate import arrays
from byzbounds.simulate.aggregation import (
    NNM,
    PREAGGREGATORS,
    RULES,
    Bucketing,
    Invariance,
    Median,
    NonFiniteError,
    Rule,
    TrimmedMean,
    rule_from_name,
)

N, F, Q = 11, 2, 5
NAMES = [
    *RULES,
    "nnm+cwtm",
    "nnm+krum",
    "bucketing+median",
    "arc+cwtm",
    "clipping+mean",
    "nnm+nnm+geometric-median",
]
FIXED = [
    rule_from_name("cwtm", fraction=0.1),
    rule_from_name("norm-thresholding", fraction=0.15),
    rule_from_name("krum", f=F, neighbours=3),
    rule_from_name("multikrum", f=F, m=3),
    rule_from_name("huber", threshold=0.5),
    rule_from_name("correntropy", width=2.0),
    rule_from_name("centered-clipping", radius=1.0),
    rule_from_name("centered-clipping", radius=1.0, start="zero"),
    rule_from_name("centered-clipping", iterations=None),
    rule_from_name("majority-vote", tolerance=1e-6),
    Bucketing(size=3, seed=5) >> Median(),
]
TABLE = [rule_from_name(name, f=F) for name in NAMES] + FIXED
IDS = [repr(rule) for rule in TABLE]
EXACT = np.finfo(float).eps * 1e4


def messages(seed: int = 0, batch: tuple[int, ...] = (3,), spread: float = 1.0, offset: float = 0.0) -> Any:
    """Honest messages around an offset, and two outliers in the rows 1 and 4."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((*batch, N, Q)) + rng.standard_normal(Q)
    values[..., [1, 4], :] += 30 * rng.standard_normal((*batch, 2, Q))
    return spread * values + offset


def close(actual: Any, expected: Any, tolerance: float = EXACT, scale: float | None = None) -> None:
    size = np.abs(expected).max() if scale is None else scale
    np.testing.assert_allclose(arrays.to_host(actual), expected, rtol=0, atol=tolerance * max(size, 1e-300))


def tolerance_of(rule: Rule) -> float:
    """Rules that iterate stop at a relative residual of 1e-7."""
    names = ("GeometricMedian", "Huber", "Correntropy", "CenteredClipping")
    return 1e-5 if any(name in repr(rule) for name in names) else EXACT


@pytest.mark.parametrize("rule", TABLE[: len(RULES)], ids=IDS[: len(RULES)])
def test_libraries_agree(rule: Rule, xp: Any) -> None:
    check_on_library(rule, xp)


@pytest.mark.parametrize("rule", TABLE[len(RULES) :], ids=IDS[len(RULES) :])
def test_libraries_agree_on_variants(rule: Rule, xp_or_slow: Any) -> None:
    check_on_library(rule, xp_or_slow)


def check_on_library(rule: Rule, xp: Any) -> None:
    values = messages()
    expected = rule(values)
    moved = xp.asarray(values.copy())
    for mode in ("default", "portable"):
        if mode == "portable":
            with arrays.portable():
                result = rule(moved)
        else:
            result = rule(moved)
        assert type(result) is type(moved)
        assert result.dtype == moved.dtype
        assert tuple(result.shape) == (3, Q)
        close(result, expected, tolerance_of(rule))
    np.testing.assert_array_equal(arrays.to_host(moved), values)


@pytest.mark.parametrize("rule", TABLE, ids=IDS)
def test_single_precision(rule: Rule, xp_or_slow: Any) -> None:
    xp = xp_or_slow
    values = messages().astype(np.float32)
    result = rule(xp.asarray(values))
    assert result.dtype == xp.float32
    close(result, rule(values.astype(np.float64)), 2e-4, scale=30.0)


@pytest.mark.parametrize("rule", TABLE, ids=IDS)
def test_batch_axes_chunks_threads_and_repetition(rule: Rule) -> None:
    values = messages(batch=(2, 3))
    whole = rule(values)
    assert whole.shape == (2, 3, Q)
    np.testing.assert_array_equal(rule(values), whole)
    with arrays.memory_budget(1), arrays.threads(3):
        np.testing.assert_array_equal(rule(values), whole)
    with arrays.memory_budget(4000), arrays.threads(1):
        np.testing.assert_array_equal(rule(values), whole)
    for index in np.ndindex(2, 3):
        np.testing.assert_array_equal(rule(values[index]), whole[index])


@pytest.mark.parametrize("rule", TABLE, ids=IDS)
def test_chunks_of_portable_code(rule: Rule) -> None:
    values = messages(batch=(2, 3))
    with arrays.portable():
        whole = rule(values)
        with arrays.memory_budget(1):
            close(rule(values), whole, tolerance_of(rule))


@pytest.mark.parametrize("rule", TABLE, ids=IDS)
def test_read_only_and_strided_input(rule: Rule) -> None:
    values = messages()
    expected = rule(values)
    frozen = values.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(rule(frozen), expected)
    strided = np.zeros((3, 2 * N, 3 * Q))
    strided[:, ::2, ::3] = values
    close(rule(strided[:, ::2, ::3]), expected, tolerance_of(rule))
    close(rule(np.asfortranarray(values)), expected, tolerance_of(rule))


@pytest.mark.parametrize("rule", TABLE, ids=IDS)
def test_declared_invariances(rule: Rule) -> None:
    values = messages(1)
    result = rule(values)
    tolerance = 10 * tolerance_of(rule)
    rng = np.random.default_rng(3)
    # No two messages agree, and the last choices of Bulyan at f = 2 are between mutual nearest neighbours: ties.
    if Invariance.PERMUTATION in rule.invariances and not any(name in repr(rule) for name in ("Majority", "Bulyan")):
        close(rule(values[:, rng.permutation(N), :]), result, tolerance)
    if Invariance.TRANSLATION in rule.invariances:
        shift = rng.standard_normal(Q)
        close(rule(values + shift), result + shift, tolerance)
    if Invariance.SCALE in rule.invariances:
        for factor in (3.0, 2.0**-40, 2.0**40):
            close(rule(factor * values), factor * result, tolerance)
    if Invariance.ORTHOGONAL in rule.invariances:
        rotation = np.linalg.qr(rng.standard_normal((Q, Q)))[0]
        close(rule(values @ rotation), result @ rotation, tolerance)
    if rule.coordinate_wise:
        for coordinate in range(Q):
            part = np.s_[..., coordinate : coordinate + 1]
            close(rule(values[part]), result[part], tolerance)


@pytest.mark.parametrize("rule", TABLE, ids=IDS)
def test_undeclared_invariances_fail(rule: Rule) -> None:
    """Declarations are neither too short: each map that is not declared is seen to change the result."""
    rng = np.random.default_rng(3)
    values = rng.standard_normal((50, N, Q)) + rng.standard_normal(Q)
    result = rule(values)
    shift, rotation = 5 * rng.standard_normal(Q), np.linalg.qr(rng.standard_normal((Q, Q)))[0]
    found = {
        Invariance.PERMUTATION: (rule(values[:, rng.permutation(N), :]), result),
        Invariance.TRANSLATION: (rule(values + shift), result + shift),
        Invariance.SCALE: (rule(3.0 * values), 3.0 * result),
        Invariance.ORTHOGONAL: (rule(values @ rotation), result @ rotation),
    }
    for invariance in set(Invariance) - rule.invariances:
        actual, expected = found[invariance]
        assert np.abs(actual - expected).max() > 1e-3, invariance


def test_bulyan_does_not_depend_on_the_order() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((20, 15, Q))
    rule = rule_from_name("bulyan", f=3)
    close(rule(values[:, rng.permutation(15), :]), rule(values))


@pytest.mark.parametrize("rule", TABLE, ids=IDS)
def test_identical_messages(rule: Rule) -> None:
    point = np.array([1.5, -2.0, 0.25, 1e3, 0.0])
    values = np.broadcast_to(point, (2, N, Q)).copy()
    if {Invariance.SCALE, Invariance.TRANSLATION} <= rule.invariances:
        close(rule(values), np.broadcast_to(point, (2, Q)), EXACT)
        np.testing.assert_array_equal(rule(np.zeros((N, Q))), np.zeros(Q))


@pytest.mark.parametrize("rule", TABLE, ids=IDS)
def test_breakdown(rule: Rule) -> None:
    """Up to the declared number of Byzantine messages the result stays near the honest ones; one more can move it."""
    honest = messages(2, batch=())
    tolerated = rule.breakdown(N)
    assert 0 <= tolerated <= (N - 1) // 2
    attacked = honest.copy()
    attacked[:tolerated] = 1e9
    if "MajorityVote" in repr(rule):
        attacked[tolerated:] = 1.0
    assert np.abs(rule(attacked)).max() < 1e4
    if tolerated == 0:
        attacked[0] = 1e9
        assert np.abs(rule(attacked)).max() > 1e6


@pytest.mark.parametrize("rule", TABLE, ids=IDS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_messages_that_are_not_finite(rule: Rule, bad: float) -> None:
    values = messages()
    values[1, 4, 2] = bad
    with pytest.raises(NonFiniteError, match="not finite"):
        rule(values)
    with arrays.portable(), pytest.raises(ValueError, match="not finite"):
        rule(values)


@pytest.mark.parametrize("name", NAMES)
def test_messages_that_are_not_finite_as_byzantine(name: str, xp_or_slow: Any) -> None:
    xp = xp_or_slow
    values = messages()
    tolerant = rule_from_name(name, f=F, nonfinite="byzantine") if "+" not in name else None
    tolerant = tolerant or _tolerant_composition(name)
    strict = rule_from_name(name, f=F)
    close(tolerant(xp.asarray(values)), strict(values), tolerance_of(strict))
    values[1, 4, 2], values[0, 1, 0], values[0, 1, 1] = np.nan, np.inf, -np.inf
    result = tolerant(xp.asarray(values))
    for index, removed in ((0, 1), (1, 4)):
        expected = rule_from_name(name, f=F - 1)(np.delete(values[index], removed, axis=0))
        close(result[index, :], expected, tolerance_of(strict))
    close(result[2, :], strict(values[2]), tolerance_of(strict))
    values[1, [0, 1, 2], 0] = np.nan
    with pytest.raises(ValueError, match="more than it can leave out"):
        tolerant(xp.asarray(values))


def _tolerant_composition(name: str) -> Rule:
    *before, last = name.split("+")
    rule = RULES[last](f=F, nonfinite="byzantine")
    for part in reversed(before):
        rule = PREAGGREGATORS[part](f=F) >> rule
    assert isinstance(rule, Rule)
    assert rule.nonfinite == "byzantine"
    return rule


@pytest.mark.parametrize("rule", TABLE, ids=IDS)
def test_unchecked_messages(rule: Rule) -> None:
    values = messages()

    def loosen(step: Any) -> Any:
        if hasattr(step, "first"):
            return loosen(step.first) >> loosen(step.second)
        return dataclasses.replace(step, nonfinite="unchecked")

    loose = loosen(rule)
    assert loose.nonfinite == "unchecked"
    np.testing.assert_array_equal(loose(values), rule(values))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "mean" and "clipping" not in name])
def test_large_offset_keeps_the_digits(name: str, xp_or_slow: Any) -> None:
    """Messages that share an offset of 1e8 lose what their own rounding loses, and no more."""
    xp = xp_or_slow
    rule = rule_from_name(name, f=F)
    if Invariance.TRANSLATION not in rule.invariances:
        pytest.skip("not equivariant under translations")
    offset = 2.0**27
    values = (messages(5) + offset) - offset
    result = rule(xp.asarray(values + offset))
    close(result, rule(values) + offset, 1e-15 * 10, scale=offset)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("mean", "majority-vote", "clipping+mean")])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_byzantine_messages(name: str, dtype: str, xp_or_slow: Any) -> None:
    """Byzantine messages whose squares overflow move the result no farther than large ones do."""
    xp = xp_or_slow
    rule = rule_from_name(name, f=F)
    honest = messages(6, batch=(2,))
    honest[:, [1, 4]] = honest[:, [0, 2]]
    values = honest.astype(dtype)
    values[0, 1], values[0, 4] = np.finfo(dtype).max / 2, -np.finfo(dtype).max / 4
    values[1, 1:5:3, 0] = np.finfo(dtype).max ** 0.6
    with arrays.portable():
        result = arrays.to_host(rule(xp.asarray(values)))
    assert np.isfinite(result).all()
    assert (np.abs(result) < 10).all()
    close(arrays.to_host(rule(xp.asarray(values))), result, 1e-3 if dtype == "float32" else tolerance_of(rule))


@pytest.mark.parametrize("rule", TABLE, ids=IDS)
def test_tiny_messages(rule: Rule) -> None:
    """Messages whose squares vanish are aggregated as their multiples are."""
    values = messages(7)
    factor = 2.0**-600
    result = rule(factor * values)
    if Invariance.SCALE in rule.invariances:
        close(result, factor * rule(values), tolerance_of(rule))
    else:
        assert np.isfinite(result).all()
        assert (np.abs(result) <= np.abs(factor * values).max()).all()


SPANNED = ["krum", "multikrum", "geometric-median", "huber", "correntropy", "mda", "smea", "caf", "faba", "nnm+cwtm"]


@pytest.mark.parametrize("name", SPANNED)
def test_tiny_byzantine_messages_are_told_apart(name: str) -> None:
    values = np.zeros((N, Q))
    values[:F] = 1e-210
    assert np.abs(rule_from_name(name, f=F)(values)).max() < 1e-216


@pytest.mark.parametrize("name", NAMES)
def test_f_at_the_call_overrides(name: str) -> None:
    values = messages()
    np.testing.assert_array_equal(rule_from_name(name)(values, f=1), rule_from_name(name, f=1)(values))
    np.testing.assert_array_equal(rule_from_name(name, f=F)(values, f=1), rule_from_name(name, f=1)(values))


@pytest.mark.parametrize("name", NAMES)
def test_without_byzantine_messages(name: str) -> None:
    rule = rule_from_name(name, f=0)
    for n in range(max(1, rule.min_n(0)), 5):
        values = messages()[:, :n, :]
        result = rule(values)
        assert result.shape == (3, Q)
        if not name.startswith("clipping"):
            assert (result <= values.max(axis=1) + 1e-9).all()
            assert (result >= values.min(axis=1) - 1e-9).all()


@pytest.mark.parametrize("name", NAMES)
def test_least_number_of_messages(name: str) -> None:
    rule = rule_from_name(name, f=F)
    least = rule.min_n(F)
    assert least >= 2 * F + 1
    wide = np.random.default_rng(0).standard_normal((least, Q))
    assert rule(wide).shape == (Q,)
    with pytest.raises(ValueError, match=r"needs n (> 2f|>= \d+) messages, got n="):
        rule(wide[:-1])


@pytest.mark.parametrize("name", NAMES)
def test_needs_f_is_true(name: str) -> None:
    rule = rule_from_name(name)
    if rule.needs_f or (hasattr(rule, "first") and (rule.first.needs_f or rule.second.needs_f)):
        with pytest.raises(ValueError, match="needs f"):
            rule(messages())
    else:
        assert rule(messages()).shape == (3, Q)


@pytest.mark.parametrize("name", ["mean", "cwtm", "median", "median-lower"])
@pytest.mark.parametrize("n", [5, 6, 9])
def test_weights_are_those_of_the_rule(name: str, n: int) -> None:
    rule = rule_from_name(name, f=F)
    weights = rule.weights(n)
    assert weights is not None
    assert len(weights) == n
    assert sum(weights) == 1
    assert min(weights) >= 0
    assert all(isinstance(weight, Fraction) for weight in weights)
    values = np.random.default_rng(n).standard_normal((n, Q))
    close(rule(values), np.array([float(w) for w in weights]) @ np.sort(values, axis=0))


def test_weights_are_declared_only_where_they_exist() -> None:
    with_weights = {name for name in RULES if rule_from_name(name, f=F).weights(N) is not None}
    assert with_weights == {"mean", "cwtm", "median", "median-lower"}


def test_trimmed_mean_by_fraction_reads_the_decimal_number() -> None:
    assert [TrimmedMean(fraction=0.1).trimmed(n) for n in (9, 10, 100)] == [0, 1, 10]
    assert TrimmedMean(fraction=0.29).trimmed(100) == 29
    values = messages()
    np.testing.assert_array_equal(TrimmedMean(fraction=0.1)(values, f=3), TrimmedMean(f=1)(values))
    assert TrimmedMean(fraction=0.1).breakdown(100) == 10


def test_composition_passes_everything_on() -> None:
    rule = NNM() >> TrimmedMean()
    assert repr(rule) == "NNM() >> TrimmedMean()"
    assert rule.f is None
    assert rule.with_f(3).f == 3
    assert repr(rule.with_f(3)) == "NNM(f=3) >> TrimmedMean(f=3)"
    values = messages()
    np.testing.assert_array_equal(rule(values, f=2), TrimmedMean(f=2)(NNM(f=2)(values)))
    assert (Bucketing(size=3) >> Median()).min_n(2) == 13
    double = NNM(f=1) >> Bucketing()
    assert double(values).shape == (3, 6, Q)
    np.testing.assert_array_equal((double >> Median())(values), Median()(Bucketing()(NNM(f=1)(values))))
    assert (NNM(f=2) >> rule_from_name("mean")).breakdown(N) == 0


@pytest.mark.parametrize("name", PREAGGREGATORS)
def test_pre_aggregations_agree_between_libraries(name: str, xp: Any) -> None:
    step = PREAGGREGATORS[name](f=F)
    values = messages()
    expected = step(values)
    assert expected.shape == (3, step.n_out(N), Q)
    close(step(xp.asarray(values)), expected)
    with arrays.portable():
        close(step(xp.asarray(values)), expected)
    for index in range(3):
        np.testing.assert_array_equal(step(values[index]), expected[index])
    values[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        step(values)
    with pytest.raises(ValueError, match="compose it with a rule"):
        PREAGGREGATORS[name](f=F, nonfinite="byzantine")(values)

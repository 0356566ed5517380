"""Verdicts on claims come from paired seeds: planted false claims fail, true ones hold, nothing is decided by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from byzbounds.reports.claims import LEVEL, Claim, ClaimOutcome, Comparison, Points, holm, judge, p_positive
from byzbounds.reports.figures.base import FigureData
from byzbounds.reports.table import Table

DATA = {("made.up", "literal"): FigureData("made.up", {}, {})}


def claim(key: str, *values: np.ndarray) -> Claim:
    comparisons = [Comparison.of(f"comparison {i}", v) for i, v in enumerate(values)]
    return Claim(f"made.up.{key}", key, "nowhere", lambda _: comparisons, ("made.up",))


def normal(mean: float, seed: int, size: int = 20) -> np.ndarray:
    return mean + 0.1 * np.random.default_rng(seed).standard_normal(size)


def test_true_false_and_open_claims_get_their_verdicts() -> None:
    claims = [claim("true", normal(0.3, 0)), claim("false", normal(-0.3, 1)), claim("open", normal(0.0, 2))]
    assert [v.outcome for v in judge(claims, DATA)] == [ClaimOutcome.HOLDS, ClaimOutcome.FAILS, ClaimOutcome.UNDECIDED]


def test_a_conjunction_fails_with_one_false_part_and_holds_with_none() -> None:
    parts = [normal(0.3, seed) for seed in range(4)]
    whole, broken = judge([claim("whole", *parts), claim("broken", *parts, normal(-0.3, 9))], DATA)
    assert whole.outcome is ClaimOutcome.HOLDS
    assert broken.outcome is ClaimOutcome.FAILS
    assert broken.weakest == "comparison 4"


def test_family_error_is_at_most_the_level() -> None:
    """Under 20 claims without any effect, a decided verdict appears in at most LEVEL of the families (400 of them)."""
    rng = np.random.default_rng(7)
    wrong = 0
    for _ in range(400):
        values = rng.standard_normal((20, 8))
        adjusted = holm([p for v in values for p in (p_positive(v), p_positive(-v))])
        wrong += min(adjusted) <= LEVEL
    # With a true rate of LEVEL, more than 34 of 400 has a probability below 0.2 %.
    assert wrong <= 34


def test_holm_is_the_textbook_procedure() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_p_value_is_students() -> None:
    from scipy import stats

    values = normal(0.02, 3)
    assert p_positive(values) == pytest.approx(stats.ttest_1samp(values, 0, alternative="greater").pvalue)


def test_diverged_runs_are_ranked_by_the_sign_test() -> None:
    assert p_positive([math.inf] * 10) == pytest.approx(2**-10)
    assert p_positive([-math.inf] * 10) == 1.0
    (verdict,) = judge([claim("diverged", np.full(20, math.inf))], DATA)
    assert verdict.outcome is ClaimOutcome.HOLDS
    assert verdict.effect == math.inf


def test_equal_runs_decide_nothing() -> None:
    rounding = 1e-15 * np.arange(20)
    (verdict,) = judge([claim("equal", rounding)], DATA)
    assert verdict.outcome is ClaimOutcome.UNDECIDED
    (verdict,) = judge([claim("exact", np.full(20, 0.5))], DATA)
    assert verdict.outcome is ClaimOutcome.HOLDS


def test_too_few_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 paired values, got 1"):
        p_positive([1.0])


@pytest.mark.parametrize(
    ("true", "outcome"),
    [((True, True), ClaimOutcome.HOLDS), ((True, False), ClaimOutcome.FAILS), ((), ClaimOutcome.UNDECIDED)],
)
def test_formula_claims_need_every_point(true: tuple[bool, ...], outcome: ClaimOutcome) -> None:
    formula = Claim("made.up.formula", "", "", lambda _: Points(true), ("made.up",))
    (verdict,) = judge([formula], DATA)
    assert verdict.outcome is outcome
    assert verdict.p_support is None


def test_a_claim_is_tested_under_each_reading_that_has_its_figures() -> None:
    data = {(f, r): FigureData(f, {}, {}) for f, r in [("a", "literal"), ("b", "literal"), ("a", "other")]}
    both = Claim("a.both", "", "", lambda d: Points((set(d) == {"a", "b"},)), ("a", "b"))
    alone = Claim("a.alone", "", "", lambda _: Points((True,)), ("a",))
    found = [(v.key, v.reading, v.outcome) for v in judge([both, alone], data)]
    holds = ClaimOutcome.HOLDS
    assert found == [("a.both", "literal", holds), ("a.alone", "literal", holds), ("a.alone", "other", holds)]


def test_more_claims_make_each_verdict_more_careful() -> None:
    values = normal(0.06, 11, size=10)
    (alone,) = judge([claim("alone", values)], DATA)
    crowd = judge([claim("alone", values), *(claim(str(i), normal(0, 50 + i)) for i in range(60))], DATA)
    assert crowd[0].p_support > alone.p_support


def test_table_selects_and_writes() -> None:
    table = Table.of(label=["a", "b", "a"], value=np.array([1.5, 2.0, np.inf]))
    assert table.where(label="a")["value"].tolist() == [1.5, math.inf]
    assert table.unique("label") == ["a", "b"]
    assert table.to_csv() == "label,value\na,1.5\nb,2\na,inf\n"
    with pytest.raises(ValueError, match="equal length"):
        Table.of(a=[1], b=[1, 2])
    with pytest.raises(ValueError, match="no column 'c'"):
        table["c"]

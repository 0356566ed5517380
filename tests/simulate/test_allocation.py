from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byzbounds.simulate.allocation import (
    ALLOCATIONS,
    BalancedRandom,
    Cyclic,
    FractionalRepetition,
    NonRedundant,
    PairwiseBalanced,
    StochasticGradientCoding,
    UniformRandom,
    allocation_from_name,
    summarise,
)
from byzbounds.simulate.allocation.designs import exact_design, improve_balance
from byzbounds.simulate.allocation.finite_geometry import field, power_residue_sets, prime_power, projective_space
from byzbounds.simulate.allocation.matrices import cyclic_matrix

# (N, M, r) that suit each allocation
SHAPES = {
    "balanced": [(10, 30, 6), (7, 11, 3), (5, 5, 5), (4, 9, 2), (100, 1000, 40)],
    "cyclic": [(9, 9, 4), (5, 5, 1), (6, 6, 6)],
    "fractional": [(12, 8, 4), (6, 6, 1), (10, 10, 5)],
    "nonredundant": [(10, 30, 3), (4, 6, 2), (3, 3, 1)],
    "pairwise": [(7, 7, 3), (6, 4, 2)],
    "sgc": [(10, 30, 6), (7, 11, 3)],
    "uniform": [(10, 30, 6), (7, 11, 11)],
}
CASES = [(name, shape) for name, shapes in SHAPES.items() for shape in shapes]


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_every_allocation_is_a_matrix_of_the_right_loads(name, shape):
    N, M, r = shape
    matrix = ALLOCATIONS[name]()(N, M, r, np.random.default_rng(0))
    assert matrix.shape == (N, M)
    assert set(np.unique(matrix)) <= {0, 1}
    facts = summarise(matrix)
    if name == "sgc":
        assert abs(facts.loads.mean() - N * r / M * M / N) < 1
    elif name == "nonredundant":
        assert facts.loads.max() - facts.loads.min() <= 1
    else:
        assert (facts.loads == r).all()
    if name != "uniform" and N * r >= M:
        assert len(facts.unheld) == 0
        assert facts.d_min >= 1
    if name in ("balanced", "sgc", "pairwise"):  # rounding aside
        assert facts.replication.max() - facts.replication.min() <= 1


def test_the_table_covers_the_registry():
    assert set(SHAPES) == set(ALLOCATIONS)


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_same_stream_same_matrix(name, shape):
    first, second = (ALLOCATIONS[name]()(*shape, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_cyclic_matrix_rows_are_shifts():
    matrix = cyclic_matrix(5, 2)
    np.testing.assert_array_equal(matrix[0], [1, 1, 0, 0, 0])
    np.testing.assert_array_equal(matrix[4], [1, 0, 0, 0, 1])
    np.testing.assert_array_equal(Cyclic(permuted=False)(5, 5, 2, np.random.default_rng()), matrix)


@given(N=st.integers(1, 15), M=st.integers(1, 15), share=st.floats(0, 1), seed=st.integers(0, 10**6))
def test_balanced_random_always_finds_equal_loads(N, M, share, seed):
    r = max(1, round(share * M))
    facts = summarise(BalancedRandom()(N, M, r, np.random.default_rng(seed)))
    assert (facts.loads == r).all()
    assert facts.replication.max() - facts.replication.min() <= 1


def test_balanced_random_places_all_pairs_alike():
    """Each (device, subset) pair has probability r/M: five standard errors of the count over the draws."""
    N, M, r, draws = 6, 9, 3, 3000
    rng = np.random.default_rng(1)
    share = sum(BalancedRandom()(N, M, r, rng).astype(float) for _ in range(draws)) / draws
    expected = r / M
    assert np.abs(share - expected).max() < 5 * np.sqrt(expected * (1 - expected) / draws)


def test_uniform_leaves_subsets_unheld_as_often_as_chance_says():
    """Expected number M (1 - r/M)^N, about 16.9 of 1000: five standard errors, subsets being negatively dependent."""
    rng = np.random.default_rng(2)
    counts = [len(summarise(UniformRandom()(100, 1000, 40, rng)).unheld) for _ in range(20)]
    expected = 1000 * 0.96**100
    assert abs(np.mean(counts) - expected) < 5 * np.sqrt(expected / 20)


class TestSummary:
    def test_counts(self):
        matrix = np.array([[1, 1, 0, 0], [0, 1, 0, 1], [0, 1, 0, 1]])
        facts = summarise(matrix)
        assert facts.loads.tolist() == [2, 2, 2]
        assert facts.replication.tolist() == [1, 3, 0, 2]
        assert facts.unheld.tolist() == [2]
        assert facts.d_min == 0
        assert not facts.equal_replication
        assert (facts.device_overlaps.smallest, facts.device_overlaps.largest) == (1, 2)
        assert facts.device_overlaps.mean == pytest.approx(4 / 3)
        assert facts.subset_overlaps.largest == 2
        assert facts.to_dict()["unheld"] == 1

    def test_values_beyond_0_and_1(self):
        with pytest.raises(ValueError, match="matrix of 0 and 1"):
            summarise(np.array([[0, 2]]))


class TestFields:
    @pytest.mark.parametrize("q", [2, 3, 4, 5, 7, 8, 9, 16])
    def test_axioms(self, q):
        add, multiply = field(q)
        elements = range(q)
        for table, unit, members in ((add, 0, elements), (multiply, 1, range(1, q))):
            np.testing.assert_array_equal(table, table.T)
            np.testing.assert_array_equal(table[unit], np.arange(q))
            for a in members:
                assert sorted(table[a][list(members)]) == list(members)
        for a in elements:
            np.testing.assert_array_equal(multiply[a][add], add[multiply[a][:, None], multiply[a][None, :]])
            np.testing.assert_array_equal(multiply[multiply[a]], multiply[a][multiply])

    @pytest.mark.parametrize(
        ("q", "expected"), [(1, None), (2, (2, 1)), (6, None), (8, (2, 3)), (12, None), (49, (7, 2))]
    )
    def test_prime_powers(self, q, expected):
        assert prime_power(q) == expected

    def test_no_field_with_six_elements(self):
        with pytest.raises(ValueError, match="prime power of elements, got q=6"):
            field(6)


class TestDesigns:
    @pytest.mark.parametrize("q", [2, 3, 4, 5])
    def test_projective_planes(self, q):
        plane = projective_space(2, q).astype(int)
        np.testing.assert_array_equal(plane @ plane.T, q * np.eye(len(plane)) + 1)

    def test_power_residues(self):
        assert [base.tolist() for base in power_residue_sets(7, 3)] == [[1, 2, 4]]
        assert len(next(iter(power_residue_sets(37, 9)))) == 9
        assert list(power_residue_sets(15, 7)) == []

    @pytest.mark.parametrize(
        ("N", "M", "r", "balance"),
        [
            (7, 7, 3, "devices"),
            (7, 7, 4, "devices"),
            (13, 13, 4, "subsets"),
            (15, 15, 7, "devices"),
            (37, 37, 9, "subsets"),
            (16, 20, 5, "devices"),
            (20, 16, 4, "subsets"),
            (12, 9, 3, "subsets"),
            (14, 7, 3, "subsets"),
            (7, 14, 6, "devices"),
            (10, 5, 2, "subsets"),
            (5, 10, 4, "devices"),
            (14, 8, 4, "subsets"),
            (6, 9, 9, "devices"),
        ],
    )
    def test_known_designs_are_found_and_balanced(self, N, M, r, balance):
        matrix = PairwiseBalanced(balance)(N, M, r, np.random.default_rng(0))
        facts = summarise(matrix)
        assert (facts.loads == r).all()
        assert facts.equal_replication
        overlaps = facts.device_overlaps if balance == "devices" else facts.subset_overlaps
        assert overlaps.smallest == overlaps.largest

    @pytest.mark.parametrize(("N", "M", "r"), [(6, 4, 2), (100, 1000, 40)])
    def test_unknown_designs_are_not_pretended(self, N, M, r):
        assert exact_design(N, M, r, "devices") is None

    def test_the_papers_overlap_is_met_by_no_design_with_equal_replication(self):
        """Overlap r^2/M for all pairs and d_k = N r/M: then r(N r/M - 1) = (N - 1) r^2/M, so r = M."""
        for N, M, r in [(7, 7, 3), (16, 20, 5), (7, 14, 6)]:
            facts = summarise(PairwiseBalanced()(N, M, r, np.random.default_rng(0)))
            assert facts.device_overlaps.mean < r**2 / M

    def test_search_improves_balance_and_keeps_loads(self):
        rng = np.random.default_rng(4)
        start = BalancedRandom()(12, 30, 10, rng)
        better = improve_balance(start, 3000, rng)
        np.testing.assert_array_equal(start.sum(0), better.sum(0))
        np.testing.assert_array_equal(start.sum(1), better.sum(1))
        assert summarise(better).device_overlaps.spread < 0.7 * summarise(start).device_overlaps.spread

    def test_subset_side_search(self):
        rng = np.random.default_rng(4)
        facts = summarise(PairwiseBalanced("subsets", exchanges=3000)(12, 10, 5, rng))
        start = summarise(BalancedRandom()(12, 10, 5, rng))
        assert facts.subset_overlaps.spread < start.subset_overlaps.spread


def test_sgc_overlap_is_d_squared_over_N_on_average():
    rng = np.random.default_rng(0)
    means = [summarise(StochasticGradientCoding()(20, 40, 10, rng)).subset_overlaps.mean for _ in range(30)]
    assert np.mean(means) == pytest.approx(5**2 / 20, rel=0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda rng: UniformRandom()(3, 4, 5, rng), "more subsets than there are, got r=5, M=4"),
        (lambda rng: UniformRandom()(0, 4, 1, rng), "whole number N of at least 1, got N=0"),
        (lambda rng: UniformRandom()(3, 4, 1.6, rng), "whole number r of at least 1, got r=1.6"),
        (lambda rng: Cyclic()(3, 4, 1, rng), "as many subsets as devices, got N=3, M=4"),
        (lambda rng: NonRedundant()(3, 6, 3, rng), "so r=2, got r=3"),
        (lambda rng: FractionalRepetition()(4, 6, 4, rng), "needs r to divide M"),
        (lambda _: PairwiseBalanced("rows"), "'devices' or 'subsets'"),
        (lambda _: allocation_from_name("balnced"), "did you mean balanced"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make(np.random.default_rng(0))

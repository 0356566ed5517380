"""Sorting networks sort, and pruned ones put each value into the group of its place."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from byzbounds.simulate.compiled.networks import pruned, sorting_network


def pass_through(comparators, values):
    """Rows of values after the comparators."""
    wires = np.array(values).T
    for low, high in comparators:
        wires[low], wires[high] = np.minimum(wires[low], wires[high]), np.maximum(wires[low], wires[high])
    return wires.T


def zeros_and_ones(n):
    """What decides whether n wires are sorted: a network that sorts all of these sorts everything."""
    return np.array(list(itertools.product([0, 1], repeat=n)), dtype=np.int8)


@pytest.mark.parametrize("n", range(1, 15))
def test_every_input_of_zeros_and_ones_is_sorted(n):
    inputs = zeros_and_ones(n)
    np.testing.assert_array_equal(pass_through(sorting_network(n), inputs), np.sort(inputs, axis=-1))


@pytest.mark.parametrize("n", [16, 31, 32, 33, 64, 65, 100, 127, 128])
def test_long_ones_are_sorted(n):
    rng = np.random.default_rng(n)
    # For each number of ones: at random places, and in two sorted runs that a merge has to join.
    ones = np.arange(n) < np.arange(n + 1)[:, None]
    inputs = np.concatenate(
        [rng.permuted(ones, axis=-1) for _ in range(20)] + [np.roll(ones, k, axis=-1) for k in range(n)]
    )
    np.testing.assert_array_equal(pass_through(sorting_network(n), inputs), np.sort(inputs, axis=-1))


@pytest.mark.parametrize("n", [4, 7, 12])
def test_a_network_without_one_comparator_does_not_sort(n):
    comparators, inputs = sorting_network(n), zeros_and_ones(n)
    for missing in range(len(comparators)):
        rest = comparators[:missing] + comparators[missing + 1 :]
        assert not np.array_equal(pass_through(rest, inputs), np.sort(inputs, axis=-1))


@pytest.mark.parametrize("n", [1, 2, 5, 8, 11])
@pytest.mark.parametrize("first", [0, 1, 2, 4])
@pytest.mark.parametrize("last", [1, 3, 5, 11])
def test_pruned_networks_fill_the_groups(n, first, last):
    groups = [0 if place < first else 1 if place < last else 2 for place in range(n)]
    comparators = pruned(sorting_network(n), groups)
    inputs = zeros_and_ones(n)
    outputs, ordered = pass_through(comparators, inputs), np.sort(inputs, axis=-1)
    for group in set(groups):
        inside = [place for place in range(n) if groups[place] == group]
        np.testing.assert_array_equal(outputs[:, inside].sum(axis=-1), ordered[:, inside].sum(axis=-1))


def test_pruning_leaves_out_what_is_not_needed():
    whole = sorting_network(100)
    assert pruned(whole, range(100)) == whole
    assert pruned(whole, [0] * 100) == []
    trimmed = pruned(whole, [0] * 20 + [1] * 60 + [2] * 20)
    assert len(trimmed) < 0.9 * len(whole)


def test_no_wires():
    with pytest.raises(ValueError, match="n >= 1 wires, got 0"):
        sorting_network(0)

"""Sorting networks: comparators between wires, which sort whatever the values are, without a branch.

Comparators are listed in the order of the recursion (Batcher's odd-even merge sort), half by half, so that a run of
them touches few wires and stays in a processor's registers; the order by layers, in which networks are usually written,
would touch all wires again and again.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

Comparator = tuple[int, int]
"""Wires (a, b): afterwards a holds the smaller value and b the larger one."""
_Wire = int | None


def sorting_network(n: int) -> list[Comparator]:
    """Comparators that sort n wires, smallest value first.

    Raises
    ------
    ValueError
        If n is below 1.
    """
    if n < 1:
        raise ValueError(f"sorting_network needs n >= 1 wires, got {n}")
    size = 1 << (n - 1).bit_length()
    # Absent wires stand for values beyond all others, on either side; their comparators fall away.
    below = (size - n) // 2
    wires: list[_Wire] = [None] * below + list(range(n)) + [None] * (size - n - below)
    return _sort(wires)


def _sort(wires: list[_Wire]) -> list[Comparator]:
    if len(wires) == 1:
        return []
    half = len(wires) // 2
    return _sort(wires[:half]) + _sort(wires[half:]) + _merge(wires)


def _merge(wires: list[_Wire]) -> list[Comparator]:
    """Merge two sorted halves."""
    if len(wires) == 2:
        return _compare(wires[0], wires[1])
    last = [pair for i in range(1, len(wires) - 1, 2) for pair in _compare(wires[i], wires[i + 1])]
    return _merge(wires[0::2]) + _merge(wires[1::2]) + last


def _compare(low: _Wire, high: _Wire) -> list[Comparator]:
    return [] if low is None or high is None else [(low, high)]


def pruned(comparators: Sequence[Comparator], groups: Sequence[Hashable]) -> list[Comparator]:
    """Leave out the comparators that only decide the order within a group.

    Parameters
    ----------
    comparators
        A sorting network.
    groups
        For each wire the group of its place. Afterwards the wires of a group hold the values whose places in sorted
        order are in the group, in any order.
    """
    # Seen from the end, a wire keeps the group that its value will belong to until something reads both sides.
    ends: list[Hashable | None] = [("group", group) for group in groups]
    kept = []
    for low, high in reversed(comparators):
        if ends[low] is not None and ends[low] == ends[high]:
            continue
        kept.append((low, high))
        ends[low] = ends[high] = None
    return kept[::-1]

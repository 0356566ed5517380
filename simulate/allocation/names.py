"""Allocations by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from .designs import PairwiseBalanced
from .matrices import (
    Allocation,
    BalancedRandom,
    Cyclic,
    FractionalRepetition,
    NonRedundant,
    StochasticGradientCoding,
    UniformRandom,
)

ALLOCATIONS: Mapping[str, Callable[[], Allocation]] = MappingProxyType(
    {
        "balanced": BalancedRandom,
        "cyclic": Cyclic,
        "fractional": FractionalRepetition,
        "nonredundant": NonRedundant,
        "pairwise": PairwiseBalanced,
        "sgc": StochasticGradientCoding,
        "uniform": UniformRandom,
    }
)


def allocation_from_name(name: str) -> Allocation:
    """The allocation with that name.

    Raises
    ------
    ValueError
        If there is none; near misses are named.
    """
    if name in ALLOCATIONS:
        return ALLOCATIONS[name]()
    close = get_close_matches(name, ALLOCATIONS, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(ALLOCATIONS)}"
    raise ValueError(f"no allocation is called {name!r}; {hint}")

"""What the machine can do at best: plain NumPy kernels that a rule cannot beat by much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
#: Columns of a block: its contiguous transpose stays in the cache.
BLOCK = 2048


def copy(messages: Array) -> Array:
    """One read and one write of the input."""
    return messages.copy()


def read(messages: Array) -> Any:
    """One read of the input."""
    return messages.sum()


def _blocks(messages: Array, kernel: Callable[[Array], None]) -> None:
    for start in range(0, messages.shape[1], BLOCK):
        kernel(np.ascontiguousarray(messages[:, start : start + BLOCK].T))


def sort(messages: Array) -> None:
    """Sort each column, in blocks of the contiguous transpose."""
    _blocks(messages, lambda block: block.sort(axis=1))


def partition(messages: Array) -> None:
    """Partition each column at its middle, in blocks of the contiguous transpose."""
    _blocks(messages, lambda block: block.partition(block.shape[1] // 2, axis=1))


def gram(messages: Array) -> Array:
    """All inner products."""
    return messages @ messages.T


def gram_and_mix(messages: Array) -> Array:
    """All inner products, which a symmetric routine computes at half the price, and one general product of that size.

    What mixing needs at least: the second product is that of the mask of neighbours with the messages.
    """
    inner = messages @ messages.T
    return np.sign(inner) @ messages


_DISTANCE_BASED = (
    "krum", "multikrum", "geometric-median", "geometric-median-medoid", "centered-clipping", "huber", "correntropy",
    "nnm", "faba", "bulyan", "caf", "caf-exact", "norm-thresholding", "phocas-vector",
)  # fmt: skip
#: Which kernel bounds which rule.
LIMIT_OF: dict[str, tuple[str, Callable[[Array], Any]]] = {
    "mean": ("read", read),
    "cwtm": ("sort", sort),
    "median": ("sort", sort),
    "phocas": ("sort", sort),
    "meamed": ("sort", sort),
    **dict.fromkeys(_DISTANCE_BASED, ("Gram product", gram)),
    "bucketing": ("copy", copy),
    "clipping": ("copy", copy),
    "arc": ("copy", copy),
}
#: Kernels that bound a rule more closely; measured beside the former, which the ratios are taken with.
CLOSER: dict[str, tuple[str, Callable[[Array], Any]]] = {
    "nnm": ("Gram and mixing products", gram_and_mix),
}

"""What kernels ask of the memory of messages, and scratch memory for them."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .. import arrays
from . import engine

LINE = 64
"""Bytes that scratch memory is aligned to: a cache line, and the widest vector."""
SHARED_BYTES = 2**23
"""Size of the messages from which on work is shared among threads."""
_LEAST = 4096
"""Number of values in a set of messages from which on compiling is worth it."""


def usable(values: Any) -> bool:
    """Whether kernels may read messages (sets, n, q) of NumPy row by row; by shape, dtype, and strides alone."""
    size = values.itemsize
    if sys.byteorder != "little":
        return False
    if values.shape[-2] * values.shape[-1] < _LEAST or values.strides[-1] != size or not arrays.plain(values):
        return False
    if not values.flags.aligned or any(stride % size for stride in values.strides) or not engine.active():
        return False
    return bool(values.shape[-1] >= engine.machine().lanes(size))


def aligned(size: int) -> tuple[Any, int]:
    """Uninitialised memory, and an address in it, a multiple of `LINE`, from which on it has so many bytes."""
    memory = np.empty(size + LINE, dtype=np.uint8)
    address = memory.ctypes.data
    return memory, address + -address % LINE

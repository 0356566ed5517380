"""What every kernel needs from an array library: its namespace, checks of the input, host views, chunks and threads.

Kernels are written against the array API standard. Where an array lives in host memory (NumPy, PyTorch and JAX on the
CPU) they are handed a NumPy view of it, without a copy, so that the blocked NumPy kernels serve these libraries too;
`portable` switches that off, which leaves the array API code that every other library and every accelerator runs.
"""

from __future__ import annotations

import contextlib
import math
import operator
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import array_api_compat
import array_api_compat.numpy as npx
import numpy as np
import numpy.typing as npt

Namespace = Any
Array = Any

DEFAULT_BUDGET = 256 * 2**20
"""Bytes of working memory that a kernel aims to stay below, in addition to its input and its result."""

_STREAM_BYTES = 2**27

_BUDGET: ContextVar[int] = ContextVar("byzbounds_memory_budget", default=DEFAULT_BUDGET)
_PORTABLE: ContextVar[bool] = ContextVar("byzbounds_portable", default=False)
_THREADS: ContextVar[int | None] = ContextVar("byzbounds_threads", default=None)
_KNOWN: dict[type, Namespace] = {np.ndarray: npx}
"""Namespaces by the type of the array, where the type alone tells."""


@contextlib.contextmanager
def memory_budget(limit: int) -> Iterator[None]:
    """Let kernels work in chunks of the batch axes so that their temporaries take about `limit` bytes or less.

    One entry of the batch is never split between chunks, except by coordinate-wise kernels. Results do not depend on
    the limit.

    Raises
    ------
    ValueError
        If the limit is not a positive whole number.
    """
    if operator.index(limit) < 1:
        raise ValueError(f"memory_budget needs at least 1 byte, got {limit}")
    token = _BUDGET.set(limit)
    try:
        yield
    finally:
        _BUDGET.reset(token)


@contextlib.contextmanager
def portable() -> Iterator[None]:
    """Run the plain array API code on every library, without host views and blocked kernels, whose reference it is."""
    token = _PORTABLE.set(True)
    try:
        yield
    finally:
        _PORTABLE.reset(token)


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Use `count` threads in the blocked kernels. Results do not depend on it.

    Without it the number comes from ``BYZBOUNDS_NUM_THREADS``, else ``OMP_NUM_THREADS``, else the processors at hand.
    """
    if operator.index(count) < 1:
        raise ValueError(f"threads needs a count of at least 1, got {count}")
    token = _THREADS.set(count)
    try:
        yield
    finally:
        _THREADS.reset(token)


def thread_count() -> int:
    """Number of threads that blocked kernels use (see `threads`)."""
    chosen = _THREADS.get()
    if chosen is not None:
        return chosen
    for name in ("BYZBOUNDS_NUM_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(name, "")
        if value.isdigit() and int(value) > 0:
            return int(value)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def namespace(owner: object, name: str, *arrays: Array) -> Namespace:
    """Array API namespace of the arrays.

    Raises
    ------
    ValueError
        If one of them is no array, or they come from different libraries; the text names the owner and the argument.
    """
    kind = type(arrays[0])
    if len(arrays) == 1 and kind in _KNOWN:
        return _KNOWN[kind]
    try:
        found = array_api_compat.array_namespace(*arrays)
    except TypeError as error:
        kinds = ", ".join(type(array).__name__ for array in arrays)
        raise ValueError(f"{owner!r} needs {name} as an array of one array API library, got {kinds}: {error}") from None
    if array_api_compat.is_torch_array(arrays[0]):
        # A type of other libraries may have several namespaces.
        _KNOWN[kind] = found
    return found


def plain(array: Array) -> bool:
    """Whether an array is a NumPy array of float32 or float64 as NumPy's own kernels take it."""
    return type(array) is np.ndarray and array.dtype.char in "fd" and array.dtype.isnative


def fast(xp: Namespace) -> bool:
    """Whether the blocked NumPy kernels may be used on arrays of this namespace."""
    return xp is npx and not _PORTABLE.get()


def host_view(array: Array) -> npt.NDArray[Any] | None:
    """View an array of float32 or float64 that lives in host memory as a NumPy array, or None where that is impossible.

    None as well for what NumPy must not see: tensors that record gradients, traced values, and all under `portable`.
    """
    if _PORTABLE.get():
        return None
    if plain(array):
        return array  # type: ignore[no-any-return]
    view: npt.NDArray[Any] | None = None
    if isinstance(array, np.ndarray):
        view = array
    elif array_api_compat.is_torch_array(array):
        simple = array.device.type == "cpu" and not array.requires_grad and not array.is_sparse
        view = array.numpy() if simple and str(array.dtype) in ("torch.float32", "torch.float64") else None
    elif array_api_compat.is_jax_array(array) and _is_concrete_on_host(array):
        view = np.asarray(array)
    return view if view is not None and view.dtype in (np.float32, np.float64) else None


def _is_concrete_on_host(array: Array) -> bool:
    try:
        return all(device.platform == "cpu" for device in array.devices())
    except Exception:  # a traced value has no devices, and says so by an error type of its library's own
        return False


def check_vectors(owner: object, vectors: Array, *, axes: int, name: str = "messages") -> Namespace:
    """Namespace of an array of vectors, after a check of its dtype and shape.

    Raises
    ------
    ValueError
        If it is no array, its dtype is not real floating-point, it has fewer axes than `axes`, or an axis is empty.
    """
    if plain(vectors) and vectors.ndim >= axes and vectors.size:
        return npx
    xp = namespace(owner, name, vectors)
    if not _is_real_floating(xp, vectors.dtype):
        raise ValueError(f"{owner!r} needs {name} of a real floating-point dtype, got {vectors.dtype}")
    if vectors.ndim < axes:
        shape = "(..., n, q)" if axes == 2 else "(..., q)"
        raise ValueError(f"{owner!r} needs {name} of shape {shape}, got shape {tuple(vectors.shape)}")
    if math.prod(vectors.shape) == 0:
        raise ValueError(f"{owner!r} needs {name} without an empty axis, got shape {tuple(vectors.shape)}")
    return xp


@lru_cache
def _is_real_floating(xp: Namespace, dtype: Any) -> bool:
    return bool(xp.isdtype(dtype, "real floating"))


def all_finite(xp: Namespace, array: Array) -> bool:
    """Whether every entry is finite. The sum, or that of the squares, settles it, unless it overflows."""
    if plain(array) and array.flags.c_contiguous:
        return math.isfinite(np.vdot(array, array)) or bool(np.isfinite(array).all())
    with np.errstate(over="ignore", invalid="ignore"):
        if bool(xp.isfinite(xp.sum(array))):
            return True
    return bool(xp.all(xp.isfinite(array)))


def whole(owner: object, name: str, value: Any, lower: int = 0) -> int:
    """Check that a value is a whole number of at least `lower`, and return it as an int."""
    try:
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{owner} needs {name} as a whole number, got {value!r}") from None
    if isinstance(value, bool) or number < lower:
        raise ValueError(f"{owner} needs {name} of at least {lower}, got {value!r}")
    return number


def chunks(count: int, bytes_each: int, limit: int | None = None) -> Iterator[slice]:
    """Slices of ``range(count)`` whose entries take the memory budget, or less, together; at least one entry each.

    A `limit` lowers the budget, for kernels that are faster while their temporaries stay in a processor's cache.
    """
    budget = _BUDGET.get() if limit is None else min(limit, _BUDGET.get())
    step = max(1, budget // max(1, bytes_each))
    for start in range(0, count, step):
        yield slice(start, min(count, start + step))


def run_blocks(work: Callable[[slice], None], count: int, step: int) -> None:
    """Call `work` on slices of `step` entries of ``range(count)``, over the threads of `thread_count`."""
    if count <= step:
        work(slice(0, count))
        return
    blocks = [slice(start, min(count, start + step)) for start in range(0, count, step)]
    workers = min(thread_count(), len(blocks))
    if workers <= 1:
        for block in blocks:
            work(block)
        return
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(work, blocks):
            pass


def sums(xp: Namespace, values: Array) -> Array:
    """Sums along the last axis; for NumPy by a kernel that is faster than its sum where that axis is short."""
    return np.einsum("...i->...", values) if fast(xp) else xp.sum(values, axis=-1)


def totals(xp: Namespace, values: Array) -> Array:
    """Sums (batch, q) of messages (batch, n, q)."""
    if fast(xp) and plain(values) and values.strides[-1] == values.itemsize and not _streams(values):
        ones = _ones(values.shape[1], values.dtype.char)
        return ones.dot(values[0]) if values.shape[0] == 1 else np.matmul(ones, values)[:, 0, :]
    return xp.sum(values, axis=-2)


def _streams(values: npt.NDArray[Any]) -> bool:
    """Whether sets are so large that memory alone counts: NumPy's sum reads it a tenth faster than BLAS does."""
    return bool(values.nbytes >= _STREAM_BYTES and values.itemsize == 8 and values[0].nbytes >= _STREAM_BYTES)


@lru_cache
def _ones(count: int, kind: str) -> npt.NDArray[Any]:
    """A row of ones, which is not to be written to."""
    row = np.ones((1, count), dtype=kind)
    row.flags.writeable = False
    return row


def arange(xp: Namespace, count: int, like: Array) -> Array:
    """Whole numbers from 0 on the device of an array."""
    return xp.arange(count, device=array_api_compat.device(like))


def eye(xp: Namespace, count: int, like: Array) -> Array:
    """Identity matrix of the dtype and on the device of an array."""
    return xp.eye(count, dtype=like.dtype, device=array_api_compat.device(like))


def take_rows(xp: Namespace, values: Array, index: Array) -> Array:
    """Rows (batch, k, q) of (batch, n, q) at whole numbers (batch, k)."""
    count, n, q = values.shape
    offsets = n * arange(xp, count, values)[:, None]
    taken = xp.take(xp.reshape(values, (count * n, q)), xp.reshape(index + offsets, (-1,)), axis=0)
    return xp.reshape(taken, (count, index.shape[-1], q))


def double(xp: Namespace, values: Array) -> Array:
    """The values in double precision, where the library offers it as things stand."""
    if array_api_compat.is_jax_namespace(xp) and str(xp.result_type(float)) != "float64":
        return values
    return xp.astype(values, xp.float64, copy=False)


def itemsize(xp: Namespace, array: Array) -> int:
    """Bytes that an entry of a floating-point array takes."""
    if xp is npx:
        return int(array.dtype.itemsize)
    return int(xp.finfo(array.dtype).bits) // 8


def to_host(array: Array) -> npt.NDArray[Any]:
    """Copy or view an array of any library and device as a NumPy array."""
    if array_api_compat.is_torch_array(array):
        array = array.detach().cpu()
    elif array_api_compat.is_cupy_array(array):
        array = array.get()
    return np.asarray(array)


def to_namespace(xp: Namespace, values: npt.NDArray[Any], like: Array) -> Array:
    """Move a NumPy array to the namespace and the device of `like`; floating-point values also take its dtype."""
    dtype = like.dtype if np.issubdtype(values.dtype, np.floating) else None
    device = array_api_compat.device(like)
    if xp is npx:
        return values if dtype is None else values.astype(dtype, copy=False)
    plain = np.ascontiguousarray(values)
    moved = xp.asarray(plain if plain.flags.writeable else plain.copy(), device=device)
    return moved if dtype is None else xp.astype(moved, dtype, copy=False)

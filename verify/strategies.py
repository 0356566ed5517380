"""Hypothesis strategies for what honest and Byzantine devices send, weighted towards what breaks aggregation rules.

Values are small whole numbers, moved and scaled afterwards, so that a failing example shrinks to one that a person can
read and that rationals represent exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

Floats = npt.NDArray[np.float64]


class Shape(StrEnum):
    """Families of message sets."""

    TIES = "ties"  #: few distinct values, many equal messages
    NEAR_TIES = "near-ties"  #: equal but for a part in 10^9
    SCALES = "scales"  #: coordinates of very different magnitude
    OFFSET = "offset"  #: small differences around a large common mean
    COLLINEAR = "collinear"  #: all messages on one line
    SPIKE = "one-coordinate outlier"  #: Byzantine messages look honest but for one coordinate
    COINCIDENT = "coincident Byzantine"  #: all Byzantine messages are equal
    MIMIC = "mimic"  #: Byzantine messages copy an honest one
    TWO_LEVEL = "two-level"  #: honest messages take two values; Byzantine ones coincide on the line through them
    FAR = "far"  #: Byzantine messages very far away
    GENERIC = "generic"  #: no two distances or coordinates tie


@dataclass(frozen=True)
class MessageSet:
    """What n devices send in one iteration.

    Attributes
    ----------
    honest : array, shape (n - f, q)
        Messages of the honest devices.
    byzantine : array, shape (f, q)
        Messages of the Byzantine devices.
    order : tuple of int
        Row of the stacked messages (honest first) that each device sends.
    shape : Shape
        The family that they were drawn from.
    """

    honest: Any
    byzantine: Any
    order: tuple[int, ...]
    shape: Shape

    @property
    def messages(self) -> Any:
        """All messages in the devices' order, shape (n, q), in the array library of the parts."""
        import array_api_compat

        xp = array_api_compat.array_namespace(self.honest)
        stacked = xp.concat([self.honest, self.byzantine], axis=0) if self.byzantine.shape[0] else self.honest
        return xp.take(stacked, xp.asarray(list(self.order), device=array_api_compat.device(stacked)), axis=0)

    def __repr__(self) -> str:
        return (
            f"MessageSet(honest={np.asarray(self.honest).tolist()}, byzantine={np.asarray(self.byzantine).tolist()}, "
            f"order={self.order}, shape={self.shape.value!r})"
        )


def _rows(rows: int, q: int, low: int = -4, high: int = 4) -> st.SearchStrategy[Floats]:
    size = rows * q
    whole = st.lists(st.integers(low, high), min_size=size, max_size=size)
    return whole.map(lambda values: np.array(values, dtype=np.float64).reshape(rows, q))


@st.composite
def _generic(draw: st.DrawFn, n: int, f: int, q: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spread = draw(st.sampled_from([1.0, 3.0, 30.0]))
    byzantine = rng.normal(size=(f, q)) * spread + rng.normal(size=q) * (spread - 1.0)
    # Four decimals keep a failing example readable.
    return rng.normal(size=(n - f, q)).round(4), byzantine.round(4)


def _shaped(draw: st.DrawFn, shape: Shape, honest: Floats, byzantine: Floats) -> tuple[Floats, Floats]:
    """Turn small whole numbers into a member of the family."""
    f, q = byzantine.shape
    if shape is Shape.TIES:
        honest, byzantine = np.sign(honest), np.sign(byzantine)
    elif shape is Shape.NEAR_TIES:
        honest, byzantine = np.sign(honest) + 1e-9 * honest, np.sign(byzantine) + 1e-9 * byzantine
    elif shape is Shape.SCALES:
        scales = 10.0 ** np.array(draw(st.lists(st.integers(-6, 6), min_size=q, max_size=q)))
        honest, byzantine = honest * scales, byzantine * scales
    elif shape is Shape.OFFSET:
        offset = 2.0 ** draw(st.integers(10, 20))
        honest, byzantine = honest + offset, byzantine + offset
    elif shape is Shape.COLLINEAR:
        line = np.ones(q)
        honest, byzantine = honest[:, :1] * line, byzantine[:, :1] * line
    elif shape is Shape.SPIKE and f:
        byzantine = np.repeat(honest[:1], f, axis=0)
        byzantine[:, draw(st.integers(0, q - 1))] += draw(st.integers(-100, 100))
    elif shape is Shape.COINCIDENT and f:
        byzantine = np.repeat(byzantine[:1], f, axis=0)
    elif shape is Shape.MIMIC and f:
        byzantine = np.repeat(honest[draw(st.integers(0, len(honest) - 1))][None], f, axis=0)
    elif shape is Shape.TWO_LEVEL and f:
        few = draw(st.integers(1, f))
        level = np.array(draw(st.lists(st.integers(1, 4), min_size=q, max_size=q)), dtype=np.float64)
        honest = np.zeros_like(honest)
        honest[:few] = level
        byzantine = np.repeat(level[None], f, axis=0) * draw(st.sampled_from([1, -1, 2, -1000, 1000]))
    elif shape is Shape.FAR:
        byzantine = byzantine * 10.0 ** draw(st.integers(2, 6))
    return honest, byzantine


@st.composite
def message_sets(
    draw: st.DrawFn,
    n: int,
    f: int,
    *,
    dim: int | st.SearchStrategy[int] = st.integers(1, 4),  # noqa: B008 - strategies are immutable
    shapes: tuple[Shape, ...] = tuple(Shape),
    dtype: str = "float64",
    xp: Any = np,
) -> MessageSet:
    """Strategy for the messages of n devices, f of them Byzantine.

    Parameters
    ----------
    n, f : int
        Number of devices and of Byzantine ones, ``0 <= f < n``.
    dim : int or strategy of int
        Dimension q of the messages.
    shapes : tuple of Shape
        Families to draw from.
    dtype : {"float64", "float32"}
        Of the arrays.
    xp : module
        Array API namespace of the arrays: NumPy, PyTorch, JAX, ...

    Returns
    -------
    MessageSet

    Raises
    ------
    ValueError
        If f is negative or not below n, or no shape is given.
    """
    if not 0 <= f < n:
        raise ValueError(f"message_sets needs 0 <= f < n, got n={n}, f={f}")
    if not shapes:
        raise ValueError("message_sets needs at least one shape, got none")
    q = dim if isinstance(dim, int) else draw(dim)
    shape = draw(st.sampled_from(shapes))
    if shape is Shape.GENERIC:
        honest, byzantine = draw(_generic(n, f, q))
        order = tuple(range(n))
    else:
        honest, byzantine = _shaped(draw, shape, draw(_rows(n - f, q)), draw(_rows(f, q)))
        order = tuple(draw(st.permutations(range(n))))
    kind = getattr(xp, dtype)
    return MessageSet(
        honest=xp.asarray(honest.tolist(), dtype=kind),
        byzantine=xp.asarray(byzantine.reshape(f, q).tolist(), dtype=kind) if f else xp.zeros((0, q), dtype=kind),
        order=order,
        shape=shape,
    )

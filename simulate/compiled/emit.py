"""What every kernel is put together from: a function with loops, vectors and addresses, over `llvmlite.ir`."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from .engine import build, machine

_NAME = "kernel"
_WORD = 64


class Emitter:
    """A function of pointers and whole numbers under construction, which returns a number of its float type.

    Parameters
    ----------
    dtype
        float32 or float64: the type of its values.
    pointers, integers
        How many arguments of either kind it has, in this order.

    Attributes
    ----------
    pointers, integers : tuple
        The arguments: pointers to values, and 64-bit whole numbers.
    at : IRBuilder
        Where instructions are added.
    """

    def __init__(self, dtype: np.dtype[Any], pointers: int, integers: int) -> None:
        self.ir = importlib.import_module("llvmlite.ir")
        self.dtype = dtype
        self.lanes = machine().lanes(dtype.itemsize)
        self.value = self.ir.DoubleType() if dtype.itemsize == 8 else self.ir.FloatType()
        self.vector = self.ir.VectorType(self.value, self.lanes)
        self.integer = self.ir.IntType(_WORD)
        self.module = self.ir.Module()
        kinds = [self.value.as_pointer()] * pointers + [self.integer] * integers
        self.function = self.ir.Function(self.module, self.ir.FunctionType(self.value, kinds), _NAME)
        for pointer in self.function.args[:pointers]:
            pointer.add_attribute("noalias")
        self.pointers = tuple(self.function.args[:pointers])
        self.integers = tuple(self.function.args[pointers:])
        self.at = self.ir.IRBuilder(self.function.append_basic_block())

    def number(self, value: int) -> Any:
        """A whole number."""
        return self.integer(value)

    def splat(self, value: Any) -> Any:
        """A vector with a value, a number or an emitted one, in all lanes."""
        if isinstance(value, int | float):
            return self.ir.Constant(self.vector, [float(value)] * self.lanes)
        nothing = self.ir.Constant(self.ir.VectorType(value.type, self.lanes), self.ir.Undefined)
        first = self.at.insert_element(nothing, value, self.ir.IntType(32)(0))
        order = self.ir.Constant(self.ir.VectorType(self.ir.IntType(32), self.lanes), [0] * self.lanes)
        return self.at.shuffle_vector(first, nothing, order)

    def offset(self, pointer: Any, *terms: Any) -> Any:
        """A pointer moved by the sum of whole numbers of values."""
        for term in terms:
            pointer = self.at.gep(pointer, [term if not isinstance(term, int) else self.number(term)])
        return pointer

    def load(self, pointer: Any) -> Any:
        """A vector from an address that is a multiple of the value's size."""
        return self.at.load(self.at.bitcast(pointer, self.vector.as_pointer()), align=self.dtype.itemsize)

    def store(self, vector: Any, pointer: Any) -> None:
        """Write a vector to such an address."""
        self.at.store(vector, self.at.bitcast(pointer, self.vector.as_pointer()), align=self.dtype.itemsize)

    def prefetch(self, pointer: Any) -> None:
        """Ask for memory that is going to be read; any address will do."""
        word, byte = self.ir.IntType(32), self.ir.IntType(8).as_pointer()
        kind = self.ir.FunctionType(self.ir.VoidType(), [byte, word, word, word])
        request = self.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        # For reading, into the second-level cache, of data.
        self.at.call(request, [self.at.bitcast(pointer, byte), word(0), word(2), word(1)])

    def lesser(self, a: Any, b: Any) -> tuple[Any, Any]:
        """The smaller and the larger of two vectors, lane by lane; together they are the same values, NaN or not."""
        less = self.at.fcmp_ordered("<", a, b)
        return self.at.select(less, a, b), self.at.select(less, b, a)

    def fused(self, a: Any, b: Any, c: Any) -> Any:
        """a b + c, rounded once where the processor can."""
        return self.at.fadd(self.at.fmul(a, b, flags=("contract",)), c, flags=("contract",))

    def root(self, value: Any) -> Any:
        """The square root of a value, or of each lane of a vector."""
        name = "llvm.sqrt." + (f"v{self.lanes}" if value.type == self.vector else "") + f"f{8 * self.dtype.itemsize}"
        known = self.module.globals.get(name)
        if known is None:
            known = self.ir.Function(self.module, self.ir.FunctionType(value.type, [value.type]), name)
        return self.at.call(known, [value])

    def without_first(self, vector: Any, count: Any) -> Any:
        """A vector with zeros in place of its first so many lanes."""
        kind = self.ir.VectorType(self.integer, self.lanes)
        index = self.ir.Constant(kind, list(range(self.lanes)))
        return self.at.select(self.at.icmp_signed(">=", index, self.splat(count)), vector, self.splat(0.0))

    def beyond(self, flag: Any, value: Any, bound: Any) -> Any:
        """One where a value's magnitude is not at most a bound, NaN included, else the flag; values or vectors."""
        one = value.type(1.0) if value.type == self.value else self.splat(1.0)
        above = self.at.fcmp_ordered("<=", value, bound)
        below = self.at.fcmp_ordered(">=", value, self.at.fneg(bound))
        return self.at.select(self.at.and_(above, below), flag, one)

    def least(self, a: Any, b: Any) -> Any:
        """The smaller of two whole numbers."""
        return self.at.select(self.at.icmp_signed("<", a, b), a, b)

    def mean(self, vectors: Sequence[Any], count: int | None = None) -> Any:
        """The sum of vectors over their number, or another; added two by two, so that rounding grows slowly."""
        parts = list(vectors)
        while len(parts) > 1:
            pairs = [self.at.fadd(a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
            parts = pairs + parts[2 * len(pairs) :]
        count = len(vectors) if count is None else count
        # A division keeps the mean of equal values exact where their sum is.
        return parts[0] if count == 1 else self.at.fdiv(parts[0], self.splat(count))

    @contextlib.contextmanager
    def loop(self, stop: Any, step: Any = 1, carried: Sequence[Any] = ()) -> Iterator[Loop]:
        """Repeat what is emitted inside for 0, step, ... below stop, with values carried from round to round."""
        loop = Loop(self, stop, step, carried)
        yield loop
        loop.close()

    def finish(self, result: Any = 0.0) -> Callable[..., Any]:
        """Return a result, and compile: a function of addresses and whole numbers to a float."""
        self.at.ret(self.value(result) if isinstance(result, float) else result)
        kind = ctypes.c_double if self.dtype.itemsize == 8 else ctypes.c_float
        arguments = [ctypes.c_void_p] * len(self.pointers) + [ctypes.c_int64] * len(self.integers)
        return build(self.module, _NAME, kind, arguments)

    @cached_property
    def _sum(self) -> Any:
        name = f"llvm.vector.reduce.fadd.v{self.lanes}{'f64' if self.dtype.itemsize == 8 else 'f32'}"
        kind = self.ir.FunctionType(self.value, [self.value, self.vector])
        return self.ir.Function(self.module, kind, name)

    def total(self, vector: Any) -> Any:
        """The sum of a vector's lanes, in a fixed order."""
        return self.at.call(self._sum, [self.value(-0.0), vector], fastmath=("reassoc",))


class Loop:
    """A loop of an `Emitter`: its index, and the values that its rounds hand on.

    Attributes
    ----------
    index : value
        0, step, 2 step, ...
    carried : list of values
        As they come into a round; `hand_on` says how they leave it. After the loop `results` holds the last ones.
    """

    def __init__(self, emitter: Emitter, stop: Any, step: Any, carried: Sequence[Any]) -> None:
        self._emitter, self._step = emitter, emitter.number(step) if isinstance(step, int) else step
        at, function = emitter.at, emitter.function
        before = at.block
        self._head, self._body, self._after = (function.append_basic_block() for _ in range(3))
        at.branch(self._head)
        at.position_at_end(self._head)
        self.index = at.phi(emitter.integer)
        self.index.add_incoming(emitter.number(0), before)
        self.carried = []
        for value in carried:
            phi = at.phi(value.type)
            phi.add_incoming(value, before)
            self.carried.append(phi)
        self._next: list[Any] = list(self.carried)
        limit = emitter.number(stop) if isinstance(stop, int) else stop
        at.cbranch(at.icmp_signed("<", self.index, limit), self._body, self._after)
        at.position_at_end(self._body)

    def hand_on(self, *values: Any) -> None:
        """Set what the next round gets as `carried`."""
        self._next = list(values)

    @property
    def results(self) -> list[Any]:
        """What the last round handed on."""
        return self.carried

    def close(self) -> None:
        """Go back to the head; what follows is emitted behind the loop."""
        at = self._emitter.at
        self.index.add_incoming(at.add(self.index, self._step), at.block)
        for phi, value in zip(self.carried, self._next, strict=True):
            phi.add_incoming(value, at.block)
        at.branch(self._head)
        at.position_at_end(self._after)


class Repeat:
    """A loop that goes on as long as a condition holds at its end, with values carried from round to round."""

    def __init__(self, emitter: Emitter, carried: Sequence[Any]) -> None:
        self._at, before = emitter.at, emitter.at.block
        self._body, self._after = (emitter.function.append_basic_block() for _ in range(2))
        self._at.branch(self._body)
        self._at.position_at_end(self._body)
        self.carried = [self._at.phi(value.type) for value in carried]
        for phi, value in zip(self.carried, carried, strict=True):
            phi.add_incoming(value, before)

    def close(self, condition: Any, *values: Any) -> None:
        """Hand on values to the next round if the condition holds; what follows is emitted behind the loop."""
        for phi, value in zip(self.carried, values, strict=True):
            phi.add_incoming(value, self._at.block)
        self._at.cbranch(condition, self._body, self._after)
        self._at.position_at_end(self._after)

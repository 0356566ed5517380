"""Turn LLVM modules into functions, by llvmlite where it is installed."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import platform
import threading
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

_INTERPRETED: ContextVar[bool] = ContextVar("byzbounds_interpreted", default=False)
_LOCK = threading.Lock()


@contextlib.contextmanager
def interpreted() -> Iterator[None]:
    """Do without machine code: the NumPy path, whose results the compiled one reproduces to rounding."""
    token = _INTERPRETED.set(True)
    try:
        yield
    finally:
        _INTERPRETED.reset(token)


@cache
def available() -> bool:
    """Whether llvmlite makes code that runs on this processor; ``BYZBOUNDS_COMPILED=0`` says no."""
    if os.environ.get("BYZBOUNDS_COMPILED", "1") == "0":
        return False
    try:
        machine()
        same = build("define i64 @same(i64 %x) { ret i64 %x }", "same", ctypes.c_int64, [ctypes.c_int64])
        return bool(same(7) == 7)
    except (ImportError, OSError, RuntimeError):
        return False


def active() -> bool:
    """Whether kernels may use machine code here: it is `available`, and this is not under `interpreted`."""
    return not _INTERPRETED.get() and available()


@dataclass(frozen=True)
class Machine:
    """What code is made for.

    Attributes
    ----------
    vector_bytes : int
        Width of a vector register.
    registers : int
        Number of vector registers.
    """

    vector_bytes: int
    registers: int

    def lanes(self, itemsize: int) -> int:
        """Number of values in a vector."""
        return self.vector_bytes // itemsize


@cache
def machine() -> Machine:
    """The processor of this process; ``BYZBOUNDS_VECTOR_BYTES`` makes its vectors shorter, 16 or 32 bytes.

    Raises
    ------
    ImportError
        If llvmlite is not installed.
    """
    binding = importlib.import_module("llvmlite.binding")
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    features = binding.get_host_cpu_features()
    wide = bool(features.get("avx512f"))
    width = 64 if wide else 32 if features.get("avx2") else 16
    wish = os.environ.get("BYZBOUNDS_VECTOR_BYTES", "")
    width = min(width, int(wish)) if wish in ("16", "32") else width
    return Machine(width, 32 if wide or platform.machine().lower() in ("aarch64", "arm64") else 16)


def build(module: Any, name: str, result: Any, arguments: Sequence[Any]) -> Callable[..., Any]:
    """Compile a function of a module of `llvmlite.ir`.

    Parameters
    ----------
    module
        The module, or its text; it is verified.
    name
        The function's name in it.
    result, arguments
        Its types in terms of ctypes. The call lets go of the interpreter's lock.
    """
    binding = importlib.import_module("llvmlite.binding")
    with _LOCK:
        parsed = binding.parse_assembly(str(module))
        parsed.verify()
        # An engine takes possession of the target machine that it gets.
        target = binding.Target.from_default_triple().create_target_machine(
            cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), opt=3
        )
        engine = binding.create_mcjit_compiler(parsed, target)
        engine.finalize_object()
        function = ctypes.CFUNCTYPE(result, *arguments)(engine.get_function_address(name))
    # The code lives as long as its engine.
    function.engine = engine  # type: ignore[attr-defined]
    return function

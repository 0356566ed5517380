"""Every kernel is tested on each array library at hand."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from typing import Any

import array_api_compat
import pytest

# JAX compiles every operation once for each shape: without optimisation that takes a third less.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")

IDS = ("numpy", "strict", "torch", "jax")
LIBRARIES = ("numpy", "array_api_strict", "torch", "jax.numpy")


@pytest.fixture(params=LIBRARIES, ids=IDS)
def xp(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The array API namespace of NumPy, array-api-strict, PyTorch and JAX (with double precision), in turn."""
    yield from _namespace(request.param)


@pytest.fixture(params=[*LIBRARIES[:3], pytest.param("jax.numpy", marks=pytest.mark.slow)], ids=IDS)
def xp_or_slow(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The same, for tests that run many operations: JAX is slow to compile each of them."""
    yield from _namespace(request.param)


def _namespace(name: str) -> Iterator[Any]:
    library = pytest.importorskip(name, reason=f"{name} is not installed")
    if name == "jax.numpy":
        jax = importlib.import_module("jax")
        before = jax.config.jax_enable_x64
        jax.config.update("jax_enable_x64", True)
        yield library
        jax.config.update("jax_enable_x64", before)
    else:
        yield array_api_compat.array_namespace(library.zeros(1))

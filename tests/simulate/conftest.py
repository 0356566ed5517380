"""Every kernel is tested on each array library at hand."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import array_api_compat
import pytest

IDS = ("numpy", "strict", "torch", "jax")
LIBRARIES = ("numpy", "array_api_strict", "torch", "jax.numpy")


@pytest.fixture(params=LIBRARIES, ids=IDS)
def xp(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The array API namespace of NumPy, array-api-strict, PyTorch and JAX (with double precision), in turn."""
    yield from _namespace(request.param)


@pytest.fixture(params=[*LIBRARIES[:3], pytest.param("jax.numpy", marks=pytest.mark.slow)], ids=IDS)
def xp_or_slow(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The same, for tests of many operations, each of which JAX takes a tenth of a second to compile: it is slow there."""
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

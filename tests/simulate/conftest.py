"""Every kernel is tested on each array library at hand."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import array_api_compat
import pytest

LIBRARIES = ("numpy", "array_api_strict", "torch", "jax.numpy")


@pytest.fixture(params=LIBRARIES, ids=["numpy", "strict", "torch", "jax"])
def xp(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The array API namespace of NumPy, array-api-strict, PyTorch and JAX (with double precision), in turn."""
    name = request.param
    library = pytest.importorskip(name, reason=f"{name} is not installed")
    if name == "jax.numpy":
        jax = importlib.import_module("jax")
        before = jax.config.jax_enable_x64
        jax.config.update("jax_enable_x64", True)
        yield library
        jax.config.update("jax_enable_x64", before)
    else:
        yield array_api_compat.array_namespace(library.zeros(1))

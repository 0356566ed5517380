"""Objects as plain data, for records and content keys, and array namespaces by name."""

from __future__ import annotations

import functools
import hashlib
import importlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def namespace_from_name(name: str) -> Any:
    """The array namespace with that import name, wrapped where it needs that to follow the array API standard.

    Raises
    ------
    ValueError
        If it is not installed.
    """
    module = {"jax": "jax.numpy"}.get(name, name)
    for candidate in (f"array_api_compat.{module}", module):
        try:
            return importlib.import_module(candidate)
        except ImportError:
            continue
    raise ValueError(f"array namespace {name!r} is not installed")


def describe(value: Any) -> Any:
    """A value as plain data: dataclasses become dictionaries with their type's name, functions their qualified name.

    Arrays are described by shape, dtype and a digest of their content, so that equal descriptions mean equal values.
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {"type": type(value).__name__} | {
            entry.name: describe(getattr(value, entry.name)) for entry in fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): describe(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [describe(entry) for entry in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, functools.partial):
        return {"partial": describe(value.func), "args": describe(value.args), "keywords": describe(value.keywords)}
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return _describe_array(value)
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    return str(value)


def _describe_array(array: Any) -> dict[str, Any]:
    if hasattr(array, "detach"):
        array = array.detach().cpu()
    content = np.ascontiguousarray(array.get() if hasattr(array, "get") else array)
    digest = hashlib.sha256(content.tobytes()).hexdigest()
    return {"shape": list(content.shape), "dtype": str(content.dtype), "sha256": digest}

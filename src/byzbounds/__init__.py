"""Verify the theory of coded robust aggregation for distributed training under Byzantine attacks.

The four parts are imported on first use, so that ``import byzbounds`` loads neither SymPy nor matplotlib.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from ._version import __version__

_PARTS = ("bounds", "reports", "simulate", "verify")

__all__ = ["__version__", "bounds", "reports", "simulate", "verify"]


def __getattr__(name: str) -> ModuleType:
    if name in _PARTS:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PARTS})

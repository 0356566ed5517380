"""Whether what the theory claims and what the methods do agree.

Names are resolved on first use: ``import byzbounds.verify`` loads neither SymPy nor NumPy.
"""

from __future__ import annotations

import importlib
from typing import Any

#: Public name -> module that defines it.
_HOMES = {
    "Check": "verdict",
    "Outcome": "verdict",
    "Verdict": "verdict",
    "run": "runner",
    "how_verified": "coverage",
    "check_rule": "conformance",
    "rule_checks": "conformance",
}
_MODULES = ("replay", "strategies")

__all__ = ["Check", "Outcome", "Verdict", "check_rule", "how_verified", "replay", "rule_checks", "run", "strategies"]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_MODULES})

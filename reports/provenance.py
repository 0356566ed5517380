"""Where a result comes from: versions, machine, source."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from .._version import __version__
from ..simulate.compiled import available

#: Packages whose version can change a number or a picture.
PACKAGES = (
    "numpy",
    "scipy",
    "sympy",
    "mpmath",
    "matplotlib",
    "array-api-compat",
    "hypothesis",
    "jinja2",
    "latex2mathml",
)


def versions() -> dict[str, str]:
    """Versions of this package, of Python and of what it computes with; llvmlite where it makes machine code."""
    found = {"byzbounds": __version__, "python": platform.python_version()}
    for name in (*PACKAGES, "llvmlite") if available() else PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def machine() -> str:
    """The machine in words: system, processor architecture, number of processors."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"


def now() -> str:
    """The time, to the second, in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


@cache
def fingerprint() -> str:
    """A hash of the package's Python files: results kept from another state of the source are not used again."""
    package = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for part in ("bounds", "simulate", "verify", "reports/figures"):
        for path in sorted((package / part).resolve().rglob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]

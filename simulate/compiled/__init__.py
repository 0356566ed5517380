"""Machine code for kernels that array operations cannot express well: an optional layer over the NumPy path.

With llvmlite installed (``pip install "byzbounds[compiled]"``) and messages large enough to be worth it, rules on
arrays in host memory run sorting networks in vector registers, sums of neighbours from tables, and Gram matrices of few
long messages; training loops on regressions do several iterations in one call. Which path is taken depends on shapes,
dtypes and what is installed, never on timing or history, so that results stay reproducible (permutations, the same to
the last bit either way, may wait until they are many). The NumPy path is the reference, agrees to rounding, and serves
wherever llvmlite is missing.
"""

from __future__ import annotations

from .engine import active, available, interpreted

__all__ = ["active", "available", "interpreted"]

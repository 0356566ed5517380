"""Values of catalogue formulas on grids, also where a theorem's condition fails (a figure shows both)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ...bounds import get
from ...bounds.numeric import Form, evaluate_grid

Floats = npt.NDArray[np.float64]


def values(key: str, form: Form, **arrays: Any) -> Floats:
    """A statement's formula whether or not its own conditions hold; surplus parameters are ignored.

    Parameters
    ----------
    key
        In the catalogue.
    form
        ``"printed"`` or ``"derived"``.
    arrays
        By symbol name, of shapes that broadcast.
    """
    statement = get(key)
    bare = replace(statement, hypotheses=statement.domain)
    names = {symbol.name for symbol in bare.symbols}
    return evaluate_grid(bare, {name: array for name, array in arrays.items() if name in names}, form=form)

"""Values of catalogue formulas on grids, also where a theorem's condition fails (a figure shows both)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ...bounds import Statement, get
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
    return _on_grid(replace(statement, hypotheses=statement.domain), form, arrays)


def relied_on(key: str, **arrays: Any) -> Floats:
    """A statement's formula (derived where there is a derivation), infinite where its own conditions fail.

    Parameters
    ----------
    key
        In the catalogue.
    arrays
        By symbol name, of shapes that broadcast; surplus ones are ignored.
    """
    return _on_grid(get(key), "formula", arrays)


def _on_grid(statement: Statement, form: Form, arrays: Mapping[str, Any]) -> Floats:
    names = [symbol.name for symbol in statement.symbols if symbol.name in arrays]
    broadcast = np.broadcast_arrays(*(np.asarray(arrays[name], dtype=float) for name in names))
    return evaluate_grid(statement, dict(zip(names, broadcast, strict=True)), form=form)

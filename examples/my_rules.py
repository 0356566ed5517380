"""Two aggregation rules of a user, one good and one bad, for ``byzbounds check-rule``."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def trimmed_mean(messages: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Leave out the two smallest and the two largest values of each coordinate, and average the rest."""
    result: npt.NDArray[Any] = np.sort(messages, axis=0)[2:-2].mean(axis=0, dtype=messages.dtype)
    return result


def bad_mean(messages: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Average everything: one device carries it anywhere."""
    result: npt.NDArray[Any] = messages.mean(axis=0)
    return result

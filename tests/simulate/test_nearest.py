"""The nearest messages: itself first, then the first devices where distances tie, in few rows or in all."""

from __future__ import annotations

import array_api_compat.numpy as npx
import numpy as np
import pytest

from byzbounds.simulate import arrays
from byzbounds.simulate.aggregation.span import nearest


@pytest.mark.parametrize("shape", [(3, 7, 7), (1, 40, 40), (2, 100, 100)])
@pytest.mark.parametrize("largest", [2, 50, 10**4, 10**6])
def test_ties_go_to_the_first_devices(shape, largest):
    distances = np.random.default_rng(largest).integers(1, largest, shape).astype(float)
    distances += distances.transpose(0, 2, 1)
    n = shape[-1]
    distances[:, np.arange(n), np.arange(n)] = 0
    kept = distances.copy()
    for count in (1, 2, n // 2, n - 1, n):
        found = nearest(npx, distances, count)
        for index in np.ndindex(shape[:2]):
            order = sorted(range(n), key=lambda j, i=index: (j != i[1], kept[i][j], j))
            np.testing.assert_array_equal(np.flatnonzero(found[index]), sorted(order[:count]))
        with arrays.portable():
            np.testing.assert_array_equal(nearest(npx, distances, count), found)
    np.testing.assert_array_equal(distances, kept)

"""What an allocation matrix is like: loads, replication, unheld subsets, and how far it is from pair-wise balance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .matrices import Matrix


@dataclass(frozen=True)
class Overlaps:
    """How many ones two different rows (or two different columns) have in common, over all pairs.

    ``spread`` is the standard deviation over the pairs: 0 for a pair-wise balanced matrix.
    """

    smallest: int
    largest: int
    mean: float
    spread: float


@dataclass(frozen=True, eq=False)
class AllocationSummary:
    """Facts about an (N, M) allocation matrix.

    Parameters
    ----------
    loads
        Subsets held by each device (CRA's r), length N.
    replication
        Devices that hold each subset (CRA's d_k), length M.
    unheld
        Subsets that no device holds: what is then minimised is not F.
    device_overlaps
        Subsets that two devices share; CRA assumes r^2/M for every pair.
    subset_overlaps
        Devices that two subsets share; SGC's balance asks for d_k d_l / N.
    """

    loads: npt.NDArray[np.int64]
    replication: npt.NDArray[np.int64]
    unheld: npt.NDArray[np.int64]
    device_overlaps: Overlaps
    subset_overlaps: Overlaps

    @property
    def d_min(self) -> int:
        """The smallest d_k, 0 if a subset is unheld."""
        return int(self.replication.min())

    @property
    def equal_replication(self) -> bool:
        """Whether all d_k are the same."""
        return bool(self.replication.min() == self.replication.max())

    def to_dict(self) -> dict[str, float | int | bool]:
        """The facts as plain numbers, for a table."""
        return {
            "r_min": int(self.loads.min()),
            "r_max": int(self.loads.max()),
            "d_min": self.d_min,
            "d_max": int(self.replication.max()),
            "unheld": len(self.unheld),
            "device_overlap_min": self.device_overlaps.smallest,
            "device_overlap_max": self.device_overlaps.largest,
            "device_overlap_spread": self.device_overlaps.spread,
            "subset_overlap_min": self.subset_overlaps.smallest,
            "subset_overlap_max": self.subset_overlaps.largest,
            "subset_overlap_spread": self.subset_overlaps.spread,
        }


def summarise(matrix: Matrix) -> AllocationSummary:
    """Facts about an (N, M) 0/1 matrix.

    Raises
    ------
    ValueError
        If the matrix is not two-dimensional or holds anything but 0 and 1.
    """
    counts: npt.NDArray[np.int64] = np.asarray(matrix)
    if counts.ndim != 2 or not np.isin(counts, (0, 1)).all():
        raise ValueError(f"summarise needs a matrix of 0 and 1, got shape {counts.shape} with values beyond")
    counts = counts.astype(np.int64)
    replication = counts.sum(axis=0)
    return AllocationSummary(
        loads=counts.sum(axis=1),
        replication=replication,
        unheld=np.flatnonzero(replication == 0),
        device_overlaps=row_overlaps(counts),
        subset_overlaps=row_overlaps(counts.T),
    )


def row_overlaps(counts: npt.NDArray[np.int64]) -> Overlaps:
    """Overlaps of the rows of a 0/1 matrix; all 0 when there is one row only."""
    rows = counts.astype(np.float64)
    gram = rows @ rows.T
    pairs = gram[np.triu_indices(len(rows), 1)]
    if not pairs.size:
        return Overlaps(0, 0, 0.0, 0.0)
    return Overlaps(int(pairs.min()), int(pairs.max()), float(pairs.mean()), float(pairs.std()))

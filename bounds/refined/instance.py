"""What the refined theorems say about one allocation matrix: numbers instead of symbols.

The only place in ``bounds`` that takes an array: the certificate of an allocation that was drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class AllocationCertificate:
    """What matters of an allocation matrix S, with W = S diag(1/d_k) over the subsets that some device holds.

    Attributes
    ----------
    devices, subsets : int
        Shape of S.
    held : int
        Subsets that some device holds; only their losses are minimised.
    loads : tuple of int
        Least and largest number of devices that hold a held subset.
    sigma_sq : float
        Squared operator norm of P W on vectors that sum to zero.
    frobenius_sq : float
        ``||P W||_F^2``, the sum of all squared singular values (of which ``sigma_sq`` is the largest but for the
        mean's direction).
    drift_sq : float
        ``||P W 1||^2``; zero when all devices' weights have the same sum.
    spread : float
        ``max_{i,j} sum_k |w_ik - w_jk|``.
    drift : float
        ``max_{i,j} |sum_k (w_ik - w_jk)|``.
    """

    devices: int
    subsets: int
    held: int
    loads: tuple[int, int]
    sigma_sq: float
    frobenius_sq: float
    drift_sq: float
    spread: float
    drift: float

    @property
    def unheld(self) -> int:
        """Subsets that no device holds: the training loss is not what is minimised if there are any."""
        return self.subsets - self.held


def _checked(allocation: Any) -> Array:
    matrix = np.asarray(allocation, dtype=np.float64)
    if matrix.ndim != 2 or min(matrix.shape) < 1:
        raise ValueError(f"certify(allocation) needs a matrix of devices by subsets, got shape {matrix.shape}")
    if not np.all((matrix == 0) | (matrix == 1)):
        raise ValueError("certify(allocation) needs entries 0 and 1")
    if matrix.shape[0] < 2:
        raise ValueError(f"certify(allocation) needs at least two devices, got {matrix.shape[0]}")
    if not matrix.any():
        raise ValueError("certify(allocation) needs a subset that some device holds, got none")
    return matrix


def weights(allocation: Any) -> Array:
    """``S diag(1/d_k)`` over the held subsets, of shape (devices, held).

    Parameters
    ----------
    allocation : array_like, shape (devices, subsets)
        Entries 0 and 1.

    Returns
    -------
    numpy.ndarray
        Columns sum to one.
    """
    matrix = _checked(allocation)
    matrix = matrix[:, matrix.any(axis=0)]
    return np.asarray(matrix / matrix.sum(axis=0), dtype=np.float64)


def certify(allocation: Any) -> AllocationCertificate:
    """Certificate of an allocation matrix, in double precision.

    Parameters
    ----------
    allocation : array_like, shape (devices, subsets)
        Entries 0 and 1; unequal row and column sums and empty columns are allowed.

    Raises
    ------
    ValueError
        If it is no such matrix, or holds nothing.
    """
    matrix = _checked(allocation)
    w = weights(matrix)
    devices, held = w.shape
    centred = w - w.mean(axis=0)
    drift_vector = centred.sum(axis=1)
    # Rows restricted to vectors that sum to zero; the Gram matrix on the smaller side has the same largest eigenvalue.
    restricted = centred - centred.mean(axis=1, keepdims=True)
    gram = restricted @ restricted.T if devices <= held else restricted.T @ restricted
    counts = matrix.sum(axis=0)
    counts = counts[counts > 0]
    return AllocationCertificate(
        devices=devices,
        subsets=matrix.shape[1],
        held=held,
        loads=(int(counts.min()), int(counts.max())),
        sigma_sq=float(max(np.linalg.eigvalsh(gram)[-1], 0.0)),
        frobenius_sq=float(np.sum(centred**2)),
        drift_sq=float(drift_vector @ drift_vector),
        spread=max(float(np.abs(w - row).sum(axis=1).max()) for row in w),
        drift=float(np.ptp(w.sum(axis=1))),
    )


def exact_moments(allocation: Sequence[Sequence[int]]) -> tuple[Fraction, Fraction]:
    """``||P W||_F^2`` and ``||P W 1||^2`` as exact rationals, for small matrices.

    Parameters
    ----------
    allocation : sequence of sequences of int
        Rows are devices, entries 0 and 1; empty columns are left out.
    """
    rows = [[int(entry) for entry in row] for row in allocation]
    loads = [sum(column) for column in zip(*rows, strict=True)]
    w = [[Fraction(entry, load) for entry, load in zip(row, loads, strict=True) if load] for row in rows]
    means = [sum(column, Fraction(0)) / len(rows) for column in zip(*w, strict=True)]
    centred = [[entry - mean for entry, mean in zip(row, means, strict=True)] for row in w]
    frobenius = sum((entry**2 for row in centred for entry in row), Fraction(0))
    return frobenius, sum((sum(row, Fraction(0)) ** 2 for row in centred), Fraction(0))


@dataclass(frozen=True)
class FloorCertificate:
    """Error floors of CRA-DL for one allocation, as the learning rate tends to zero.

    Attributes
    ----------
    held : float
        Bound on ``||grad F_held||^2``, the loss of the held subsets; infinite if the condition fails.
    full : float
        Bound on ``||grad F||^2`` of the training loss; the same if every subset is held.
    condition : float
        What must be below one for the bound to say anything.
    """

    held: float
    full: float
    condition: float


def floor_kappa(certificate: AllocationCertificate, *, kappa: float, alpha: float, beta: float) -> FloorCertificate:
    """Floor for a kappa-robust rule; ``refined.cra.instance.floor`` with the allocation's own numbers.

    Parameters
    ----------
    certificate : AllocationCertificate
        Of the allocation.
    kappa, alpha, beta : float
        Robustness coefficient, fraction of Byzantine devices, heterogeneity (every subset gradient within beta of the
        mean).
    """
    n, m = certificate.devices, certificate.held
    honest = _honest(n, alpha)
    scale = kappa * n * (honest - 1) / (honest * (n - 1))
    constant = n**2 * scale * certificate.sigma_sq * m * _held_beta(certificate, beta) ** 2 / n
    root = n * math.sqrt(scale * certificate.drift_sq / n) / m
    return _floors(certificate, math.sqrt(constant), root, beta)


def floor_rba(certificate: AllocationCertificate, *, c_alpha: float, alpha: float, beta: float) -> FloorCertificate:
    """Floor for an RBA rule, from the allocation's largest distances.

    Parameters
    ----------
    certificate : AllocationCertificate
        Of the allocation.
    c_alpha, alpha, beta : float
        Constant of the rule, fraction of Byzantine devices, heterogeneity (every subset gradient within beta of the
        mean).
    """
    n, m = certificate.devices, certificate.held
    honest = _honest(n, alpha)
    scale = n * c_alpha * (honest - 1) / honest
    constant = scale * certificate.spread * _held_beta(certificate, beta)
    return _floors(certificate, constant, scale * certificate.drift / m, beta)


def _honest(devices: int, alpha: float) -> float:
    honest = (1 - alpha) * devices
    if not 0 <= alpha < 0.5 or honest < 2:
        raise ValueError(f"floor(alpha={alpha}) needs 0 <= alpha < 1/2 and at least two honest devices of {devices}")
    return honest


def _held_beta(certificate: AllocationCertificate, beta: float) -> float:
    """Deviation of the held subset gradients from their own mean: at most beta M / held."""
    return beta * certificate.subsets / certificate.held


def _floors(certificate: AllocationCertificate, constant: float, share: float, beta: float) -> FloorCertificate:
    """From ``||grad F_held|| <= constant + share ||grad F_held||``."""
    if share >= 1:
        return FloorCertificate(math.inf, math.inf, share)
    gradient = constant / (1 - share)
    # grad F_held is held / M of grad F, but for the deviations of the unheld subsets, each at most beta.
    full = certificate.subsets / certificate.held * (gradient + certificate.unheld * beta)
    return FloorCertificate(gradient**2, full**2, share)

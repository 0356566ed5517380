"""DRACO's cyclic code: 2s + 1 subsets a device, complex weights, wrong messages located through Fourier syndromes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

from ..arrays import Array, to_namespace, whole
from ..problems.base import Problem, to_host

Complex = npt.NDArray[np.complex128]

_WORST_LOCATION_ERROR = 1e-2


@dataclass(frozen=True)
class CyclicCode:
    """An encoding and its decoder for N devices of which s may send anything.

    With the unitary Fourier matrix C split into its first N - 2s columns C_L and its last 2s columns C_R, the weights
    are W = C_L [q_1 ... q_N] where q_j starts with 1 and makes column j of W vanish outside rows j - 2s, ..., j
    (cyclically). Honest messages are thus orthogonal to C_R, which leaves the syndromes to the errors alone. A device's
    complex message is sent as its real parts followed by its imaginary parts, 2Q numbers.

    Parameters
    ----------
    devices
        N, the number of devices.
    s
        Number of wrong messages that are corrected.

    Raises
    ------
    ValueError
        If 2s + 1 > N, or if double precision does not suffice to locate the errors: the weights then grow too large for
        the conditioning of the locator (with N = 100 from s = 5 on).
    """

    devices: int
    s: int

    def __post_init__(self) -> None:
        whole("CyclicCode", "devices", self.devices, 1)
        whole("CyclicCode", "s", self.s)
        if self.devices < 2 * self.s + 1:
            raise ValueError(f"CyclicCode(devices={self.devices}, s={self.s}) needs devices >= 2s + 1")
        weights, condition = cyclic_weights(self.devices, self.s), locator_condition(self.devices, self.s)
        largest = float(np.abs(weights).max())
        error = float(np.finfo(np.float64).eps) * condition * max(1.0, largest)
        if not error <= _WORST_LOCATION_ERROR:
            raise ValueError(
                f"CyclicCode(devices={self.devices}, s={self.s}) cannot be decoded in double precision: weights reach "
                f"{largest:.1e} and the error locator has condition {condition:.1e}; use RepetitionCode or a smaller s"
            )

    def load(self, subsets: int) -> int:
        """Largest number of gradients that a device computes in an iteration, of so many subsets in all."""
        return (2 * self.s + 1) * -(-subsets // self.devices)

    def start(self, seeds: Sequence[int], subsets: int) -> _CyclicCodeEncoder:
        """Prepare for runs with these seeds; subsets are grouped where there are more than N."""
        if subsets < self.devices:
            raise ValueError(f"{self!r} needs at least as many subsets as devices, got {subsets}")
        return _CyclicCodeEncoder(self, len(seeds), subsets)

    def __call__(self, messages: Array, f: int | None = None) -> Array:
        """Decode messages (..., N, 2Q) to grad F / N, (..., Q).

        Raises
        ------
        ValueError
            If there are not N messages of even length, f is larger than s, or more than s messages are wrong.
        """
        if messages.shape[-2] != self.devices or messages.shape[-1] % 2:
            raise ValueError(f"{self!r} decodes messages (..., {self.devices}, 2Q), got shape {tuple(messages.shape)}")
        if f is not None and f > self.s:
            raise ValueError(f"{self!r} corrects at most {self.s} wrong messages, got f={f}")
        values = to_host(messages)
        size = values.shape[-1] // 2
        values = np.where(np.isfinite(values).all(axis=-1, keepdims=True), values, 0)
        received = values[..., :size] + 1j * values[..., size:]
        flat = received.reshape(-1, self.devices, size)
        decoded = np.stack([self._decode(one) for one in flat]).reshape(*values.shape[:-2], size)
        return to_namespace(array_namespace(messages), decoded / self.devices, messages)

    def _decode(self, received: Complex) -> npt.NDArray[np.float64]:
        """Sum of all gradients from the messages (N, Q) of one run."""
        left, _ = _fourier(self.devices, self.s)
        kept = np.flatnonzero(~self.locate(received))
        start = np.zeros(left.shape[1])
        start[0] = 1
        combination = np.linalg.lstsq(left[kept].T, start, rcond=None)[0]
        return np.real(combination @ received[kept])

    def locate(self, received: Complex) -> npt.NDArray[np.bool_]:
        """Mask of s devices that include all those whose message is wrong, from messages (N, Q).

        Messages are projected onto one fixed random direction: an error is overlooked only if it is orthogonal to that.

        Raises
        ------
        ValueError
            If the remaining messages do not fit together, so that more than s are wrong.
        """
        left, right = _fourier(self.devices, self.s)
        direction = np.random.default_rng(received.shape[1]).standard_normal(received.shape[1])
        largest = np.abs(received).max()
        projected = (received / largest if largest > 0 else received) @ direction
        wrong = np.zeros(self.devices, dtype=bool)
        if self.s:
            syndromes = right.conj().T @ projected
            places = np.arange(self.s)[:, None] + np.arange(self.s + 1)
            locator = np.linalg.svd(syndromes[places])[2][-1].conj()
            roots = np.exp(2j * np.pi * np.arange(self.devices) / self.devices)
            wrong[np.argsort(np.abs(np.polynomial.polynomial.polyval(roots, locator)))[: self.s]] = True
        fitted = left[~wrong] @ np.linalg.lstsq(left[~wrong], projected[~wrong], rcond=None)[0]
        misfit = float(np.linalg.norm(fitted - projected[~wrong]))
        if misfit > self._tolerance() * float(np.linalg.norm(projected[~wrong])):
            raise ValueError(f"{self!r} cannot decode: more than {self.s} messages are wrong (misfit {misfit:.1e})")
        return wrong

    def _tolerance(self) -> float:
        """Relative misfit that rounding in the encoding explains: the weights cancel down from their largest."""
        largest = max(1.0, float(np.abs(cyclic_weights(self.devices, self.s)).max()))
        return float(np.finfo(np.float64).eps) * largest * 16 * self.devices


@cache
def _fourier(n: int, s: int) -> tuple[Complex, Complex]:
    places = np.arange(n)
    matrix = np.exp(-2j * np.pi * np.outer(places, places) / n) / np.sqrt(n)
    return matrix[:, : n - 2 * s], matrix[:, n - 2 * s :]


@cache
def cyclic_weights(n: int, s: int) -> Complex:
    """W, (n, n): row i has the weights of device i, column j vanishes outside rows j - 2s, ..., j mod n."""
    left, _ = _fourier(n, s)
    weights = np.zeros((n, n), dtype=np.complex128)
    for j in range(n):
        outside = (j + 1 + np.arange(n - 2 * s - 1)) % n
        coefficients = np.ones(n - 2 * s, dtype=np.complex128)
        if len(outside):
            coefficients[1:] = np.linalg.solve(left[outside][:, 1:], -left[outside][:, 0])
        weights[:, j] = left @ coefficients
        weights[outside, j] = 0
    return weights


@cache
def locator_condition(n: int, s: int) -> float:
    """Condition number of the s x s Vandermonde matrix of s neighbouring devices, the hardest errors to tell apart."""
    if s == 0:
        return 1.0
    return float(np.linalg.cond(np.exp(2j * np.pi * np.outer(np.arange(s), np.arange(s)) / n)))


class _CyclicCodeEncoder:
    def __init__(self, code: CyclicCode, runs: int, subsets: int) -> None:
        groups = np.arange(subsets) * code.devices // subsets
        self._weights = cyclic_weights(code.devices, code.s)[:, groups]
        self._runs = runs
        self._moved: Array = None

    def messages(self, problem: Problem, x: Array, iteration: int) -> Array:
        del iteration
        xp = array_namespace(x)
        if self._moved is None:
            self._moved = tuple(
                to_namespace(xp, np.ascontiguousarray(part), x) for part in (self._weights.real, self._weights.imag)
            )
        return xp.concat([problem.combine(x, part) for part in self._moved], axis=-1)

    def weights(self, iteration: int) -> Complex:
        del iteration
        return np.broadcast_to(self._weights, (self._runs, *self._weights.shape))

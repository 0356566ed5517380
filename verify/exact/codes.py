"""Decoding of small codes against every error pattern."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..verdict import Check, Outcome, Verdict

Floats = npt.NDArray[np.float64]

#: What a wrong device may send instead of a message.
Corruption = Callable[[Floats], Floats]

CORRUPTIONS: dict[str, Corruption] = {
    "sign-flipped": lambda message: -2 * message,
    "zero": np.zeros_like,
    "huge": lambda message: message + 1e6,
    "slightly off": lambda message: message * 1.01 + 0.01,
}


class Code(Protocol):
    """An encoding with a decoder that returns the average of the devices' share, grad F / N."""

    devices: int
    s: int

    def start(self, seeds: Any, subsets: int) -> Any:
        """The encoder."""

    def __call__(self, messages: Any) -> Any:
        """Decode."""


class _Given:
    """A problem with given subset gradients, wherever x is."""

    def __init__(self, gradients: Floats) -> None:
        self._gradients = gradients

    @property
    def subsets(self) -> int:
        return len(self._gradients)

    @property
    def dimension(self) -> int:
        return int(self._gradients.shape[1])

    def gradients(self, x: Any, order: Any = None) -> Any:
        del x
        return self._gradients[None] if order is None else self._gradients[order]

    def combine(self, x: Any, weights: Any) -> Any:
        del x
        return weights @ self._gradients

    def gradient(self, x: Any) -> Any:
        del x
        return self._gradients.sum(axis=0)


def patterns(devices: int, errors: int) -> Iterator[tuple[int, ...]]:
    """Every set of at most that many wrong devices."""
    for count in range(errors + 1):
        yield from itertools.combinations(range(devices), count)


def check_code(code: Code, seed: int = 0, dimension: int = 2, tolerance: float = 1e-6) -> Verdict:
    """Decode under every pattern of at most s wrong devices, each with every kind of corruption.

    Parameters
    ----------
    code : Code
        With ``devices`` and ``s``.
    seed : int
        Of the gradients.
    dimension : int
        Of the gradients.
    tolerance : float
        Largest relative error of the decoded vector; that of solving the decoder's linear systems in double precision.

    Returns
    -------
    Verdict
        HOLDS if every pattern decodes to grad F / N; REFUTED with the first one that does not.
    """
    gradients = np.random.default_rng(seed).standard_normal((code.devices, dimension))
    x = np.zeros((1, dimension))
    messages = np.asarray(code.start([seed], code.devices).messages(_Given(gradients), x, 0)).reshape(code.devices, -1)
    wanted = gradients.sum(axis=0) / code.devices
    scale = float(np.abs(gradients).max())
    worst, tried = 0.0, 0
    for wrong in patterns(code.devices, code.s):
        for name, corrupt in CORRUPTIONS.items():
            received = messages.copy()
            for device in wrong:
                received[device] = corrupt(messages[device])
            tried += 1
            try:
                error = float(np.abs(np.asarray(code(received[None]))[0] - wanted).max()) / scale
            except ValueError as refusal:
                return _verdict(code, Outcome.REFUTED, tried, seed, wrong, name, str(refusal))
            if not error <= tolerance:
                return _verdict(code, Outcome.REFUTED, tried, seed, wrong, name, f"relative error {error:.1e}")
            worst = max(worst, error)
            if not wrong:
                break
    return _verdict(code, Outcome.HOLDS, tried, seed, (), "", f"largest relative error {worst:.1e}")


def _verdict(
    code: Code, outcome: Outcome, tried: int, seed: int, wrong: tuple[int, ...], corruption: str, detail: str
) -> Verdict:
    witness = {"wrong": list(wrong), "corruption": corruption} if outcome is Outcome.REFUTED else None
    name = type(code).__name__
    parameters = {"code": name, "devices": code.devices, "s": code.s}
    return Verdict(
        f"codes.{name}", Check.EXACT, outcome, samples=tried, seed=seed, parameters=parameters,
        counterexample=witness, detail=detail,
    )  # fmt: skip

"""DRACO's repetition code: devices in groups that all compute the same sum; the server takes each group's majority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

from .. import arrays
from ..arrays import Array, to_namespace, whole
from ..problems.base import Problem, take_rows

_AGREEMENT_ULPS = 64


@dataclass(frozen=True)
class RepetitionCode:
    """An encoding and its decoder: floor(N / (2s + 1)) groups, of sizes and shares of the subsets as equal as can be.

    Decoding returns the sum of the groups' majority messages over N, which is grad F / N.

    Parameters
    ----------
    devices
        N, the number of devices.
    s
        Number of wrong messages that are corrected.
    """

    devices: int
    s: int

    def __post_init__(self) -> None:
        whole("RepetitionCode", "devices", self.devices, 1)
        whole("RepetitionCode", "s", self.s)
        if self.devices < 2 * self.s + 1:
            raise ValueError(
                f"RepetitionCode(devices={self.devices}, s={self.s}) needs groups of 2s + 1 = {2 * self.s + 1} devices"
            )

    @property
    def groups(self) -> int:
        """Number of groups."""
        return self.devices // (2 * self.s + 1)

    @cached_property
    def group_of_device(self) -> npt.NDArray[np.int64]:
        """The group of each device, (N,); members of a group are neighbours."""
        return np.arange(self.devices) * self.groups // self.devices

    def load(self, subsets: int) -> int:
        """Largest number of gradients that a device computes in an iteration, of so many subsets in all."""
        return -(-subsets // self.groups)

    def start(self, seeds: Sequence[int], subsets: int) -> _RepetitionEncoder:
        """Prepare for runs with these seeds on a problem with that many subsets, at least one a group."""
        if subsets < self.groups:
            raise ValueError(f"{self!r} has {self.groups} groups, needs as many subsets, got {subsets}")
        return _RepetitionEncoder(self, len(seeds), subsets)

    def __call__(self, messages: Array, f: int | None = None) -> Array:
        """Decode messages (..., N, q) to (..., q).

        Raises
        ------
        ValueError
            If there are not N messages, f is larger than s, or a group has no majority.
        """
        if messages.shape[-2] != self.devices:
            raise ValueError(f"{self!r} decodes {self.devices} messages, got n={messages.shape[-2]}")
        if f is not None and f > self.s:
            raise ValueError(f"{self!r} corrects at most {self.s} wrong messages, got f={f}")
        xp = array_namespace(messages)
        total: Array = None
        for group in range(self.groups):
            members = np.flatnonzero(self.group_of_device == group)
            share = self._majority(xp, messages[..., int(members[0]) : int(members[-1]) + 1, :], group)
            total = share if total is None else total + share
        return total / self.devices

    def _majority(self, xp: Any, members: Array, group: int) -> Array:
        """The message that more than half of a group's members sent: then it is the median in each coordinate."""
        size = members.shape[-2]
        if arrays.fast(xp):
            shared = _shared_by_most(members)
            if shared is not None:
                return shared
        middle = xp.sort(members, axis=-2)[..., size // 2, :]
        scale = xp.max(xp.abs(middle), axis=-1, keepdims=True)
        tolerance = _AGREEMENT_ULPS * xp.finfo(members.dtype).eps * scale[..., None, :]
        agree = xp.all(xp.abs(members - middle[..., None, :]) <= tolerance, axis=-1)
        votes = int(xp.min(xp.sum(xp.astype(agree, xp.int32), axis=-1)))
        if votes <= size // 2:
            raise ValueError(f"{self!r} found no majority in group {group}: {votes} of {size} messages agree")
        return middle


def _shared_by_most(members: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """The very message that more than half of the members (..., size, q) sent; None where there is no such message.

    It has the median in every coordinate, so that the first one suffices to find it; only a member that shares the
    first coordinate with it may hide it, and then the answer is None too.
    """
    first, size = members[..., 0], members.shape[-2]
    middle = np.sort(first, axis=-1)[..., size // 2]
    chosen = np.argmax(first == middle[..., None], axis=-1)
    message = np.take_along_axis(members, chosen[..., None, None], axis=-2)
    votes = np.count_nonzero((members == message).all(axis=-1), axis=-1)
    return message[..., 0, :] if votes.min() > size // 2 else None


class _RepetitionEncoder:
    def __init__(self, code: RepetitionCode, runs: int, subsets: int) -> None:
        self._code, self._runs = code, runs
        share = np.arange(subsets) * code.groups // subsets
        self._shares = (share == np.arange(code.groups)[:, None]).astype(np.float64)
        self._moved: Array = None

    def messages(self, problem: Problem, x: Array, iteration: int) -> Array:
        """Each group's sum is computed once, so that its members agree to the last bit."""
        del iteration
        if self._moved is None:
            self._moved = to_namespace(array_namespace(x), self._shares, x)
        return take_rows(problem.combine(x, self._moved), self._rows())

    def weights(self, iteration: int) -> npt.NDArray[np.float64]:
        del iteration
        weights: npt.NDArray[np.float64] = self._shares[self._rows()]
        return weights

    def _rows(self) -> npt.NDArray[np.int64]:
        return np.broadcast_to(self._code.group_of_device, (self._runs, self._code.devices))

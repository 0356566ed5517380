"""What all attacks share: the check of the mask, the random draws, and the replacement of the Byzantine messages.

An attack needs up to four things: what every device would honestly send, the mask of the Byzantine devices, the
server's rule, and random draws. `Attack.draw` makes the draws with NumPy, one generator a run (see `randomness.draw`),
as one array whose content depends on the shape and the mask alone; `Attack.apply` is a deterministic function of arrays
of any library. Calling the attack does both. A training loop over many runs may draw ahead, or on another thread.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .. import arrays
from ..arrays import Array, Namespace
from ..randomness import Rng

Mask = npt.NDArray[np.bool_]
Aggregate = Callable[..., Array]


@dataclass(frozen=True)
class Attack(ABC):
    """What the Byzantine devices send in place of their honest messages."""

    needs_rng: ClassVar[bool] = False
    """Whether random draws are needed."""
    needs_rule: ClassVar[bool] = False
    """Whether the attack evaluates the server's rule."""
    needs_poisoned: ClassVar[bool] = False
    """Whether the attack is on the data: the caller computes what devices would send had their labels been flipped."""

    @property
    def multiplier(self) -> float | None:
        """What a Byzantine device multiplies its own message by, for an attack that is no more than that."""
        return None

    def __repr__(self) -> str:
        shown = [
            f"{entry.name}={getattr(self, entry.name)!r}"
            for entry in dataclasses.fields(self)
            if getattr(self, entry.name) != entry.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __call__(
        self,
        messages: Array,
        byzantine: Array,
        *,
        rng: Rng | None = None,
        rule: Aggregate | None = None,
        f: int | None = None,
        poisoned: Array | None = None,
    ) -> Array:
        """Replace the messages of the Byzantine devices.

        Parameters
        ----------
        messages
            What every device would honestly send, real floating-point (..., n, q).
        byzantine
            Boolean mask (..., n) or (n,) of the Byzantine devices, a NumPy array or one of the messages' namespace.
        rng
            A generator, or one for each entry of the leading axis; only for an attack that draws.
        rule
            The server's rule, a function of messages (..., n, q); only for an attack that evaluates it.
        f
            The number of Byzantine devices that the server assumes; by default that of the mask, the largest of the
            batch.
        poisoned
            What the devices would send if the labels of their data were flipped, (..., n, q); only for `LabelFlip`.

        Returns
        -------
        array
            (..., n, q): a new array, equal to the messages in the honest rows.

        Raises
        ------
        ValueError
            If an array has the wrong kind or shape, no device is honest, or something that the attack needs is missing.
        """
        xp = arrays.check_vectors(self, messages, axes=2)
        mask = host_mask(self, byzantine, messages)
        noise = self.draw(rng, tuple(messages.shape), mask)
        return self._replace(xp, messages, mask, noise, rule, f, poisoned)

    def draw(self, rng: Rng | None, shape: tuple[int, ...], byzantine: Mask) -> npt.NDArray[Any] | None:
        """Make the draws for messages of a shape (..., n, q) and a mask (..., n); None where none are needed.

        Raises
        ------
        ValueError
            If draws are needed and rng is None.
        """
        if not self.needs_rng:
            return None
        if rng is None:
            raise ValueError(f"{self!r} needs rng, a numpy.random.Generator or one a run")
        return self._draw(rng, shape, byzantine)

    def apply(
        self,
        messages: Array,
        byzantine: Array,
        noise: npt.NDArray[Any] | None = None,
        *,
        rule: Aggregate | None = None,
        f: int | None = None,
        poisoned: Array | None = None,
    ) -> Array:
        """Replace the messages of the Byzantine devices, given what `draw` returned; otherwise as a call."""
        xp = arrays.check_vectors(self, messages, axes=2)
        mask = host_mask(self, byzantine, messages)
        if self.needs_rng and noise is None:
            raise ValueError(f"{self!r} needs the noise that its draw returns")
        return self._replace(xp, messages, mask, noise, rule, f, poisoned)

    def _replace(
        self,
        xp: Namespace,
        messages: Array,
        mask: Mask,
        noise: npt.NDArray[Any] | None,
        rule: Aggregate | None,
        f: int | None,
        poisoned: Array | None,
    ) -> Array:
        if self.needs_rule and rule is None:
            raise ValueError(f"{self!r} needs rule, the aggregation rule that it attacks")
        if self.needs_poisoned and (poisoned is None or tuple(poisoned.shape) != tuple(messages.shape)):
            shape = None if poisoned is None else tuple(poisoned.shape)
            raise ValueError(f"{self!r} needs poisoned messages of shape {tuple(messages.shape)}, got {shape}")
        if self.multiplier is not None and arrays.fast(xp):
            replaced = messages.copy()
            replaced[mask] *= self.multiplier
            return replaced
        sight = Sight(xp, messages, mask, arrays.to_namespace(xp, mask, messages), noise, rule, f, poisoned)
        return xp.where(sight.byzantine[..., None], self._send(sight), messages)

    def _draw(self, rng: Rng, shape: tuple[int, ...], byzantine: Mask) -> npt.NDArray[Any]:
        raise NotImplementedError

    @abstractmethod
    def _send(self, sight: Sight) -> Array:
        """What each device would send if it were Byzantine, of a shape that broadcasts to (..., n, q)."""


@dataclass(frozen=True)
class Sight:
    """All that the attacker sees: arrays of the messages' namespace, and the mask on the host as well."""

    xp: Namespace
    messages: Array
    mask: Mask
    byzantine: Array
    noise: npt.NDArray[Any] | None
    rule: Aggregate | None
    f: int | None
    poisoned: Array | None

    def counts(self) -> tuple[int, int]:
        """The number n of devices and f, the largest number of Byzantine ones in the batch unless it was given."""
        return self.mask.shape[-1], self.f if self.f is not None else int(self.mask.sum(axis=-1).max())

    def honest_weights(self) -> Array:
        """1/H for the honest devices, 0 for the others: (..., n, 1)."""
        share = ~self.mask / np.sum(~self.mask, axis=-1, keepdims=True)
        return arrays.to_namespace(self.xp, share[..., None], self.messages)

    def honest_mean(self) -> Array:
        """Mean of the honest messages, (..., 1, q)."""
        return self.xp.sum(self.honest_weights() * self.messages, axis=-2, keepdims=True)

    def honest_deviations(self) -> Array:
        """Deviations of the honest messages from their mean, zero for the Byzantine devices: (..., n, q)."""
        deviations = self.messages - self.honest_mean()
        return self.xp.where(self.byzantine[..., None], self.xp.zeros_like(deviations), deviations)

    def honest_spread(self) -> Array:
        """Standard deviation of each coordinate over the honest messages (divisor H), (..., 1, q)."""
        squares = self.honest_weights() * self.honest_deviations() ** 2
        return self.xp.sqrt(self.xp.sum(squares, axis=-2, keepdims=True))


def host_mask(owner: object, byzantine: Array, messages: Array) -> Mask:
    """The mask of the Byzantine devices as a NumPy array of shape (..., n), checked against the messages.

    Raises
    ------
    ValueError
        If it is not boolean, does not fit the messages, or leaves no honest device.
    """
    arrays.namespace(owner, "byzantine", byzantine)
    mask = arrays.to_host(byzantine)
    if mask.dtype != np.bool_:
        raise ValueError(f"{owner!r} needs byzantine as a boolean mask, got dtype {mask.dtype}")
    shape = tuple(messages.shape[:-1])
    try:
        mask = np.broadcast_to(mask, shape)
    except ValueError:
        raise ValueError(f"{owner!r} needs byzantine of shape {shape} or (n,), got {mask.shape}") from None
    if mask.all(axis=-1).any():
        raise ValueError(f"{owner!r} needs at least one honest device, got a mask that holds all {shape[-1]} of them")
    return mask

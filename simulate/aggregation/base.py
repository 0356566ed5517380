"""What all aggregation rules share: parameters, checks, batching, and what a rule declares about itself."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, Literal, Self, overload

import array_api_compat.numpy as npx
import numpy as np

from .. import arrays
from ..arrays import Array, Namespace

if TYPE_CHECKING:
    from .composition import Composition, PreComposition

NonFinite = Literal["raise", "byzantine", "unchecked"]


class NonFiniteError(ValueError):
    """Messages hold a NaN or an infinity."""


class Invariance(StrEnum):
    """Maps of the messages that a rule commutes with.

    PERMUTATION of the devices leaves the result; the same TRANSLATION, positive SCALE or ORTHOGONAL map of all messages
    is also applied to the result.
    """

    PERMUTATION = "permutation"
    TRANSLATION = "translation"
    SCALE = "scale"
    ORTHOGONAL = "orthogonal"


ALL_INVARIANCES = frozenset(Invariance)
_CACHE_BYTES = 2**22
_SHRINK = 2.0**-12
"""A power of two, so that scaling by it is exact; any number of messages below its inverse can be added up."""
COORDINATE_WISE = ALL_INVARIANCES - {Invariance.ORTHOGONAL}


@dataclass(frozen=True)
class Step(ABC):
    """A map of the messages of n devices: a rule or a pre-aggregation.

    Parameters
    ----------
    f
        Number of Byzantine devices to withstand; may be given at the call instead.
    nonfinite
        What to do with messages that hold a NaN or an infinity. ``"raise"``: ValueError. ``"byzantine"``: their senders
        count among the f Byzantine devices; their b messages are left out, and the rest goes to the same rule for n-b
        messages with f-b Byzantine ones (ValueError where b > f; a rule without f takes the n-b messages as they are).
        ``"unchecked"``: the caller vouches that there are none, and the check is saved.
    """

    f: int | None = None
    nonfinite: NonFinite = field(default="raise", kw_only=True)

    needs_f: ClassVar[bool] = True
    """Whether f has to be known."""
    coordinate_wise: ClassVar[bool] = False
    """Whether each coordinate of the result depends on that coordinate of the messages alone."""
    tie_sensitive: ClassVar[bool] = False
    """Whether messages are chosen by comparing scores: at a tie the first device wins, so that the invariances hold,
    and backends agree, only where the scores that decide differ by more than rounding."""

    _single_pass: ClassVar[bool] = False
    """Whether to work in chunks that fit a processor's cache: for a few passes over matrices, not for iterations."""

    _reveals: ClassVar[bool] = False
    """Whether a message that is not finite always leaves a result that is not: then the result alone is checked."""

    def __post_init__(self) -> None:
        if self.f is not None:
            object.__setattr__(self, "f", arrays.whole(type(self).__name__, "f", self.f))
        if self.nonfinite not in ("raise", "byzantine", "unchecked"):
            raise ValueError(
                f'{type(self).__name__} needs nonfinite "raise", "byzantine" or "unchecked", got {self.nonfinite!r}'
            )

    def __repr__(self) -> str:
        shown = [
            f"{entry.name}={getattr(self, entry.name)!r}"
            for entry in dataclasses.fields(self)
            if getattr(self, entry.name) != entry.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    @property
    def invariances(self) -> frozenset[Invariance]:
        """The maps that this rule commutes with."""
        return ALL_INVARIANCES

    def min_n(self, f: int) -> int:
        """Least number of messages that the rule accepts with f Byzantine ones."""
        return 2 * f + 1

    def with_f(self, f: int | None) -> Self:
        """Return the same rule for another f; None keeps it."""
        return self if f is None or f == self.f else dataclasses.replace(self, f=f)

    def _without(self, count: int) -> Self:
        """The rule for messages of which `count` Byzantine ones were left out."""
        return self if self.f is None else dataclasses.replace(self, f=self.f - count)

    def _ready(self, n: int, f: int | None) -> Self:
        """The rule with f settled, after a check that it can take n messages."""
        rule = self.with_f(f)
        if rule.f is None:
            if rule.needs_f:
                raise ValueError(f"{rule!r} needs f, the number of Byzantine messages: give it here or at the call")
            least = rule.min_n(0)
            if n < least:
                raise ValueError(f"{rule!r} needs n >= {least} messages, got n={n}")
            return rule
        least = rule.min_n(rule.f)
        if n < least:
            condition = "n > 2f" if least == 2 * rule.f + 1 else f"n >= {least}"
            raise ValueError(f"{rule!r} needs {condition} messages, got n={n}")
        return rule

    def _work(self, n: int, q: int) -> int:
        """Number of entries that the temporaries for one set of messages take, about."""
        return 2 * n * q

    def _apply(self, messages: Array, f: int | None) -> Array:
        """Check, flatten the batch axes, run in chunks, and restore the batch axes."""
        simple = arrays.fast(npx) and arrays.plain(messages) and messages.ndim > 1 and messages.size > 0
        xp = npx if simple else arrays.check_vectors(self, messages, axes=2)
        *batch, n, q = messages.shape
        if f is not None:
            f = arrays.whole(self, "f", f)
        rule = self._ready(n, f)
        view = messages if simple else arrays.host_view(messages)
        single = simple and not batch
        if single:
            inner, values = npx, messages[None]
        elif view is None:
            inner, values = xp, xp.reshape(messages, (-1, n, q))
        else:
            inner, values = npx, view.reshape((-1, n, q))
        with np.errstate(all="ignore"):
            try:
                result = rule._in_chunks(inner, values)
            except NonFiniteError:
                if self.nonfinite != "byzantine":
                    hint = "nonfinite='byzantine' treats them as Byzantine"
                    raise NonFiniteError(f"{self!r} got messages that are not finite; {hint}") from None
                result = rule._without_nonfinite(inner, values)
        if single:
            return result[0]
        if xp is npx:
            return result.reshape((*batch, *result.shape[1:]))
        if view is not None:
            result = arrays.to_namespace(xp, result, messages)
        return xp.reshape(result, (*batch, *result.shape[1:]))

    def _in_chunks(self, xp: Namespace, values: Array) -> Array:
        count, n, q = values.shape
        if count == 1:
            return self._map(xp, values)
        bytes_each = self._work(n, q) * arrays.itemsize(xp, values)
        limit = _CACHE_BYTES if self._single_pass and arrays.fast(xp) else None
        parts = [self._map(xp, values[part, ...]) for part in arrays.chunks(count, bytes_each, limit)]
        return parts[0] if len(parts) == 1 else xp.concat(parts, axis=0)

    def _map(self, xp: Namespace, values: Array) -> Array:
        """Run, and where finite messages near the largest number overflow, run again on scaled ones."""
        check = self.nonfinite != "unchecked"
        result = self._run(xp, values, check)
        if not check or arrays.all_finite(xp, result):
            return result
        if self._reveals:
            require_finite(xp, values, check)
        if Invariance.SCALE in self.invariances:
            return self._run(xp, values * _SHRINK, False) / _SHRINK
        return result

    @abstractmethod
    def _without_nonfinite(self, xp: Namespace, values: Array) -> Array:
        """Map messages of which some are not finite, counted among the Byzantine ones."""

    @abstractmethod
    def _run(self, xp: Namespace, values: Array, check: bool) -> Array:
        """Map messages (batch, n, q) of a dtype and a number that suit the settled f.

        With `check`, raise NonFiniteError where an entry is not finite: `require_finite`, or a cheaper test on what is
        computed anyway; nothing where the rule `_reveals` them. The result need not be finite where sums of finite
        messages overflow.
        """


class Rule(Step):
    """An aggregation rule: messages (..., n, q) to (..., q).

    Rules are deterministic and stateless, keep the dtype and the device, and do not change their input.
    """

    def __call__(self, messages: Array, f: int | None = None) -> Array:
        """Aggregate messages.

        Parameters
        ----------
        messages
            Real floating-point array (..., n, q): devices on axis -2, any batch axes in front.
        f
            Number of Byzantine messages; overrides the rule's own.

        Returns
        -------
        array
            (..., q), of the same namespace, dtype and device.

        Raises
        ------
        ValueError
            If the array, f, or the number of messages do not suit the rule, or messages are not finite (see
            `nonfinite`).
        """
        return self._apply(messages, f)

    def breakdown(self, n: int) -> int:
        """Largest number of Byzantine messages among n that cannot carry the result beyond all bounds.

        For the rule with its own f, or with the largest f that n allows where f is open; -1 where the rule does not
        even accept n messages.
        """
        if self.f is not None:
            return self.f if n >= self.min_n(self.f) else -1
        allowed = [f for f in range((n + 1) // 2) if self.min_n(f) <= n]
        return allowed[-1] if allowed else -1

    def weights(self, n: int, f: int | None = None) -> tuple[Fraction, ...] | None:
        """Weights on the sorted values of each coordinate, smallest first, where the rule is such a weighted sum.

        Returns
        -------
        tuple of n Fraction, or None
            They sum to one and none is negative, so that the rule is monotone in every message.
        """
        del n, f
        return None

    def _without_nonfinite(self, xp: Namespace, values: Array) -> Array:
        """Aggregate each set of messages without those that are not finite, counted among the Byzantine ones."""
        finite = xp.all(xp.isfinite(values), axis=-1)
        results = []
        for index in range(values.shape[0]):
            kept = values[index, ...][finite[index, ...]]
            n = kept.shape[0]
            bad = values.shape[1] - n
            if n == 0 or (self.f is not None and bad > self.f):
                raise ValueError(f"{self!r} got {bad} messages that are not finite, more than it can leave out")
            rule = self._without(bad)._ready(n, None)
            results.append(rule._map(xp, xp.expand_dims(kept, axis=0)))
        return xp.concat(results, axis=0)


class Preaggregator(Step):
    """A pre-aggregation: messages (..., n, q) to messages (..., n', q). ``NNM(f=2) >> TrimmedMean(f=2)`` composes."""

    def __call__(self, messages: Array, f: int | None = None) -> Array:
        """Transform messages.

        Parameters
        ----------
        messages
            Real floating-point array (..., n, q): devices on axis -2, any batch axes in front.
        f
            Number of Byzantine messages; overrides the step's own.

        Returns
        -------
        array
            (..., n', q), of the same namespace, dtype and device.

        Raises
        ------
        ValueError
            As for `Rule`.
        """
        return self._apply(messages, f)

    bounds_messages: ClassVar[bool] = False
    """Whether what comes out stays in a fixed ball, whatever the messages are."""

    def n_out(self, n: int) -> int:
        """Number of messages that n become."""
        return n

    @overload
    def __rshift__(self, other: Rule) -> Composition: ...
    @overload
    def __rshift__(self, other: Preaggregator) -> PreComposition: ...
    def __rshift__(self, other: Step) -> Composition | PreComposition:
        from .composition import Composition, PreComposition

        if isinstance(other, Rule):
            return Composition(first=self, second=other)
        if isinstance(other, Preaggregator):
            return PreComposition(first=self, second=other)
        return NotImplemented

    def _without_nonfinite(self, xp: Namespace, values: Array) -> Array:
        del xp, values
        raise ValueError(
            f"{self!r} got messages that are not finite: leaving them out changes n; compose it with a rule"
        )


def require_finite(xp: Namespace, values: Array, check: bool) -> None:
    """Raise NonFiniteError where an entry is not finite, if a check is wanted."""
    if check and not arrays.all_finite(xp, values):
        raise NonFiniteError

"""An aggregation rule under test: how to call it, what it claims, and how exact its result can be."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .time_limit import time_limit

#: Properties that hold or fail whatever a rule claims.
ALWAYS = ("shape", "dtype", "determinism", "no mutation", "unanimity", "non-finite input", "f = 0")
#: Properties that are tested for a rule that claims them.
CLAIMABLE = ("backend", "batch", "permutation", "translation", "scale", "orthogonal", "breakdown")
PROPERTIES = (*ALWAYS, *CLAIMABLE, "kappa")


@dataclass(frozen=True)
class Subject:
    """A rule and what it is held to.

    Attributes
    ----------
    rule : callable
        ``rule(messages)`` or ``rule(messages, f=f)``, from (n, q) to (q,).
    n, f : int
        Number of messages and of Byzantine ones.
    kappa : float or None
        Claimed robustness coefficient.
    claims : frozenset of str
        Members of ``CLAIMABLE``.
    rtol : float or None
        Relative error that the rule's own arithmetic may have; None derives it from the dtype and n.
    time_limit : float or None
        Seconds that one call may take.
    log : list or None
        Where the messages of every call are written down, as NumPy arrays, before the call.
    """

    rule: Callable[..., Any]
    n: int
    f: int
    kappa: float | None = None
    claims: frozenset[str] = field(default_factory=frozenset)
    rtol: float | None = None
    time_limit: float | None = None
    log: list[np.ndarray[Any, Any]] | None = field(default=None, compare=False, repr=False)

    @property
    def takes_f(self) -> bool:
        """Whether the rule accepts f as a keyword."""
        try:
            parameters = inspect.signature(self.rule).parameters.values()
        except (TypeError, ValueError):
            return False
        return any(p.name == "f" or p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)

    def __call__(self, messages: Any, f: int | None = None) -> Any:
        """Apply the rule.

        Raises
        ------
        TookTooLong
            If the call takes longer than the limit.
        """
        if self.log is not None:
            self.log.append(np.array(as_numpy(messages)))
        given = {"f": self.f if f is None else f} if self.takes_f else {}
        with time_limit(self.time_limit):
            return self.rule(messages, **given)

    def error(self, *arrays: Any) -> float:
        """Largest difference that rounding may cause in a result computed from these arrays.

        A sum of n terms errs by n units in the last place of the largest term, and a distance, a solve and a weighted
        sum follow each other in the rules at hand: 64 n units leave a factor of about 20 for their constants.
        """
        scale = max((float(np.max(np.abs(as_numpy(a)))) for a in arrays if as_numpy(a).size), default=0.0)
        eps = float(np.finfo(as_numpy(arrays[0]).dtype).eps)
        relative = max(64 * self.n * eps, self.rtol or 0.0)
        return relative * scale


def as_numpy(array: Any) -> np.ndarray[Any, Any]:
    """The values of any library's array as a NumPy array."""
    if hasattr(array, "detach"):
        array = array.detach().cpu()
    return np.asarray(array)


def subject(
    rule: Callable[..., Any],
    n: int,
    f: int,
    *,
    kappa: float | None = None,
    claims: Any = None,
    rtol: float | None = None,
    time_limit: float | None = None,
) -> Subject:
    """Check the arguments and fill in what the rule declares about itself.

    A rule of this package declares its invariances as data; any other rule claims permutation invariance alone, unless
    told.

    Raises
    ------
    ValueError
        If the rule cannot be called, n or f do not fit, kappa or the time limit is negative, or a claim is unknown.
    """
    if not callable(rule):
        raise ValueError(f"check_rule needs a callable rule, got {type(rule).__name__}")
    for name, value in (("n", n), ("f", f)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise ValueError(f"check_rule needs a whole number {name}, got {value!r}")
    if not 0 <= 2 * f < n:
        raise ValueError(f"check_rule needs 0 <= 2f < n, got n={n}, f={f}")
    if kappa is not None and not kappa >= 0:
        raise ValueError(f"check_rule needs kappa >= 0, got {kappa!r}")
    if time_limit is not None and not time_limit > 0:
        raise ValueError(f"check_rule needs time_limit > 0 seconds, got {time_limit!r}")
    if claims is None:
        declared = getattr(rule, "invariances", None)
        claims = {"permutation"} if declared is None else {str(i) for i in declared} | {"batch", "backend"}
        if declared is not None and hasattr(rule, "breakdown") and rule.breakdown(n) >= f:
            claims |= {"breakdown"}
    elif claims == "all":
        claims = set(CLAIMABLE)
    unknown = sorted(set(claims) - set(CLAIMABLE))
    if unknown:
        raise ValueError(f"check_rule knows no claim {', '.join(unknown)}; there are {', '.join(CLAIMABLE)}, or 'all'")
    tolerance = rtol if rtol is not None else getattr(rule, "tolerance", None)
    return Subject(
        rule, int(n), int(f), None if kappa is None else float(kappa), frozenset(claims), tolerance, time_limit
    )

"""The outcome of a check, with what is needed to replay it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What a check found."""

    HOLDS = "HOLDS"
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    VACUOUS = "VACUOUS"  #: a hypothesis fails at these parameters, so the statement says nothing


class Check(StrEnum):
    """The independent ways to check a statement."""

    DERIVATION = "derivation"
    EXACT = "exact enumeration"
    MONTE_CARLO = "Monte Carlo"
    ADVERSARY = "adversarial search"
    TRAJECTORY = "trajectory"
    PROPERTY = "property test"


@dataclass(frozen=True)
class Verdict:
    """One check of one statement.

    Attributes
    ----------
    key : str
        The statement.
    check : Check
        How it was checked.
    outcome : Outcome
        What was found.
    lhs, rhs : float or str or None
        Both sides: numbers, or exact fractions as strings.
    slack : float or None
        ``rhs - lhs`` for an upper bound (a negative value refutes it).
    stderr : float or None
        Standard error of ``lhs``, for Monte Carlo.
    confidence : float or None
        Probability with which the procedure does not err, for Monte Carlo.
    samples : int
        Samples or enumerated cases.
    points : int
        Admissible parameter points that were checked.
    vacuous : int
        Parameter points at which a hypothesis failed.
    seed : int or None
        Seed from which the check can be replayed.
    parameters : mapping
        Everything else that a replay needs.
    counterexample : mapping or None
        For REFUTED: a witness that anyone can evaluate again.
    detail : str
        One line for people.
    """

    key: str
    check: Check
    outcome: Outcome
    lhs: float | str | None = None
    rhs: float | str | None = None
    slack: float | None = None
    stderr: float | None = None
    confidence: float | None = None
    samples: int = 0
    points: int = 1
    vacuous: int = 0
    seed: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    counterexample: Mapping[str, Any] | None = None
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON types: numbers that JSON does not know (infinity, NaN) become strings."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Verdict:
        """Read back what :meth:`to_json` wrote.

        Raises
        ------
        ValueError
            If a field is missing or unknown, or the check or the outcome is none of the known ones.
        """
        known = {one.name for one in fields(cls)}
        unknown = sorted(set(record) - known)
        missing = sorted({"key", "check", "outcome"} - set(record))
        if unknown or missing:
            raise ValueError(f"Verdict: unknown fields {unknown}, missing fields {missing}")
        values = dict(record)
        return cls(**{**values, "check": Check(values["check"]), "outcome": Outcome(values["outcome"])})


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)

"""What a decided claim comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import sympy as sp


class Truth(StrEnum):
    """What became of a claim."""

    TRUE = "TRUE"
    FALSE = "FALSE"
    UNDECIDED = "UNDECIDED"


@dataclass(frozen=True)
class Ruling:
    """A decision and what it rests on.

    Attributes
    ----------
    truth : Truth
        TRUE only on a proof or an exact evaluation; FALSE only with a witness or an exact evaluation.
    evidence : str
        One line for people.
    witness : dict or None
        Point at which a false claim fails, exactly.
    reading : str
        For a false claim: how it can be read so that it holds; empty if no such reading is known.
    """

    truth: Truth
    evidence: str
    witness: Mapping[str, str] | None = None
    reading: str = ""


class Claim(Protocol):
    """Anything that can be decided."""

    def decide(self) -> Ruling:
        """Decide it."""
        ...

    def proposition(self) -> sp.Basic:
        """The claim as a formula, for display."""
        ...

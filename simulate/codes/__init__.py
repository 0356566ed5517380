"""Codes that recover the gradient exactly from messages of which some are wrong (DRACO)."""

from __future__ import annotations

from .cyclic import CyclicCode
from .repetition import RepetitionCode

__all__ = ["CyclicCode", "RepetitionCode"]

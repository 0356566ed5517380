"""Audits: does a theorem say anything at given parameters, how close is it to saying nothing, and what would help."""

from __future__ import annotations

from .admissible import Interval, admissible
from .core import audit
from .feasibility import FeasibilityMap, feasibility
from .report import AuditReport, Check, Limit, Refinement
from .terms import Term, terms
from .values import Point, read_point

__all__ = [
    "AuditReport",
    "Check",
    "FeasibilityMap",
    "Interval",
    "Limit",
    "Point",
    "Refinement",
    "Term",
    "admissible",
    "audit",
    "feasibility",
    "read_point",
    "terms",
]

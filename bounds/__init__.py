"""What the theory claims: statements, derivations and evaluation, in SymPy."""

from __future__ import annotations

from .catalogue import get, statements
from .statement import Hypothesis, Kind, Relation, Role, Source, Statement

__all__ = ["Hypothesis", "Kind", "Relation", "Role", "Source", "Statement", "get", "statements"]

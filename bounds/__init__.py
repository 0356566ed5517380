"""What the theory claims: statements, derivations and evaluation, in SymPy."""

from __future__ import annotations

from .catalogue import get, statements
from .numeric import Evaluation, evaluate, evaluate_grid
from .parsing import parse_range, parse_value
from .proof import Chain, Derivation, ProofReport, Step
from .statement import Hypothesis, Kind, Relation, Role, Source, Statement

__all__ = [
    "Chain",
    "Derivation",
    "Evaluation",
    "Hypothesis",
    "Kind",
    "ProofReport",
    "Relation",
    "Role",
    "Source",
    "Statement",
    "Step",
    "evaluate",
    "evaluate_grid",
    "get",
    "parse_range",
    "parse_value",
    "statements",
]

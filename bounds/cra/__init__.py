"""The CRA-DL paper: printed forms, hypotheses and derivations of everything it numbers."""

from __future__ import annotations

from ..statement import Statement
from . import claims, descent, lemma1, lemma2, setting, table1, theorem1, theorem2

#: In the order of the paper.
STATEMENTS: tuple[Statement, ...] = (
    *setting.STATEMENTS,
    *table1.STATEMENTS,
    *lemma1.STATEMENTS,
    *lemma2.STATEMENTS,
    *descent.STATEMENTS,
    *theorem1.STATEMENTS,
    *theorem2.STATEMENTS,
    *claims.STATEMENTS,
)

__all__ = ["STATEMENTS"]

"""A reason for steps with logarithms, which certificates cannot hold: each is known by a symbol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import sympy as sp

from ..inequalities import Finding, Reason


@dataclass(frozen=True)
class Opaque:
    """Another reason, after functions have been replaced by symbols; only the symbols' signs are used.

    Attributes
    ----------
    names : mapping
        Function value, such as ``log(T + 1)``, to its symbol.
    inner : Reason
        The reason for the step in those symbols.
    """

    names: Mapping[sp.Expr, sp.Symbol]
    inner: Reason

    def describe(self) -> str:
        """A few words for people."""
        return self.inner.describe()

    def prove(self, before: sp.Expr, after: sp.Expr, relation: str) -> Finding:
        """Try to prove ``before relation after``."""
        finding = self.inner.prove(before.subs(self.names), after.subs(self.names), relation)
        if finding.certificate is None:
            return finding
        meanings = {symbol.name: str(value) for value, symbol in self.names.items()}
        return replace(finding, certificate={**finding.certificate, "names": meanings})

"""A reason for steps with logarithms or powers: each is a name, whose sign is all that the step uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import sympy as sp

from .inequalities import Finding, Reason


@dataclass(frozen=True)
class Named:
    """Another reason, applied after functions have been replaced by names.

    A step that holds for every value of a name holds for the function's value.

    Attributes
    ----------
    inner : Reason
        The reason for the step in names.
    names : mapping
        Expression, such as ``log(T)``, to the symbol that stands for it, with its sign.
    """

    inner: Reason
    names: Mapping[sp.Expr, sp.Symbol]

    def describe(self) -> str:
        """A few words for people."""
        return self.inner.describe()

    def prove(self, before: sp.Expr, after: sp.Expr, relation: str) -> Finding:
        """Try to prove ``before relation after``."""
        finding = self.inner.prove(before.subs(self.names), after.subs(self.names), relation)
        if finding.certificate is None:
            return finding
        meanings = {symbol.name: str(expression) for expression, symbol in self.names.items()}
        return replace(finding, certificate={**finding.certificate, "names": meanings})

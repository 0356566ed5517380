"""What a definition, assumption, lemma, theorem, remark or claim is, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import sympy as sp

if TYPE_CHECKING:
    from .claims import Claim
    from .proof import Derivation


class Kind(StrEnum):
    """What a source calls the object."""

    DEFINITION = "definition"
    ASSUMPTION = "assumption"
    LEMMA = "lemma"
    THEOREM = "theorem"
    COROLLARY = "corollary"
    REMARK = "remark"
    CONSTANT = "constant"
    STEP = "step"
    CLAIM = "claim"


class Relation(StrEnum):
    """How the left-hand side relates to the formula."""

    DEFINITION = ":="
    EQUALITY = "="
    UPPER = "<="
    TIGHT_UPPER = "<= (tight)"
    LOWER = ">="
    TIGHT_LOWER = ">= (tight)"
    ORDER = "O(.)"
    APPROXIMATION = "~"
    PROPOSITION = "proposition"


class Role(StrEnum):
    """What it means when a hypothesis fails."""

    DOMAIN = "domain"  #: the statement is about no such parameters: an error
    CONDITION = "condition"  #: the theorem's own condition: it says nothing there, VACUOUS


@dataclass(frozen=True)
class Source:
    """Where a statement stands.

    Attributes
    ----------
    paper : str
        ``"LAD"``, ``"CRA"``, or ``"byzbounds"`` for results of this project, or a reference.
    place : str
        ``"Lemma 1"``, ``"Appendix C"``.
    equations : tuple of str
        Numbers of the equations that it covers, ``("17",)``.
    """

    paper: str
    place: str
    equations: tuple[str, ...] = ()

    def __str__(self) -> str:
        numbers = ", ".join(f"({number})" for number in self.equations)
        return f"{self.paper} {self.place}" + (f" {numbers}" if numbers else "")


@dataclass(frozen=True)
class Hypothesis:
    """A condition on the parameters.

    Attributes
    ----------
    text : str
        In words, for people.
    condition : sympy Boolean or None
        On the statement's symbols; None for an assumption on functions, such as smoothness.
    role : Role
        Whether a violation is an error or makes the statement vacuous.
    printed : sympy Boolean or None
        The condition as printed, where the derived one differs.
    """

    text: str
    condition: sp.Basic | None = None
    role: Role = Role.DOMAIN
    printed: sp.Basic | None = None

    def of_form(self, form: str) -> sp.Basic | None:
        """The condition that goes with the printed form, or with the others."""
        return self.printed if form == "printed" and self.printed is not None else self.condition


@dataclass(frozen=True)
class Statement:
    """One result, as printed and as derived.

    Attributes
    ----------
    key : str
        ``"lad.lemma1"``.
    title : str
        A short name.
    source : Source
        Paper, place and equation numbers.
    kind : Kind
        Lemma, theorem, ...
    relation : Relation
        How ``lhs`` relates to the formula.
    lhs : str
        LaTeX of what is bounded or defined.
    printed : sympy expression, Boolean or None
        The paper's formula; None when the paper prints none (a remark in words) or the result is this project's own.
    derivation : callable or None
        Builds the derivation (lazily: nothing is derived on import); its conclusion is ``derived``.
    hypotheses : tuple of Hypothesis
        Domain and conditions.
    uses : tuple of str
        Keys of the statements that it rests on.
    text : str
        What it says, in this project's own words.
    slack : mapping
        Symbols in non-negative slack variables, which together reach every point of the domain, or come arbitrarily
        close: ``{N: H + f, H: f + 1 + t}``. Signs are proved in them.
    claim : Claim or None
        What a remark in words asserts, as something that a machine decides.
    """

    key: str
    title: str
    source: Source
    kind: Kind
    relation: Relation
    lhs: str
    printed: sp.Basic | None = None
    derivation: Callable[[], Derivation] | None = field(default=None, compare=False)
    hypotheses: tuple[Hypothesis, ...] = ()
    uses: tuple[str, ...] = ()
    text: str = ""
    slack: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict, compare=False)
    claim: Claim | None = field(default=None, compare=False)

    @cached_property
    def derived(self) -> sp.Basic | None:
        """The formula that the derivation yields, or None without a derivation."""
        return None if self.derivation is None else self.derivation().conclusion

    @property
    def formula(self) -> sp.Basic | None:
        """The form to rely on: derived where there is a derivation, else printed."""
        derived = self.derived
        return self.printed if derived is None else derived

    @cached_property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """Free symbols of the formulas and the conditions, sorted by name."""
        found: set[sp.Symbol] = set()
        for formula in (self.printed, self.formula, *(h.condition for h in self.hypotheses)):
            if formula is not None:
                found |= formula.free_symbols
        return tuple(sorted(found, key=lambda symbol: symbol.name))

    @property
    def domain(self) -> tuple[Hypothesis, ...]:
        """Hypotheses whose violation is an error."""
        return tuple(h for h in self.hypotheses if h.role is Role.DOMAIN)

    @property
    def conditions(self) -> tuple[Hypothesis, ...]:
        """Hypotheses whose violation makes the statement vacuous."""
        return tuple(h for h in self.hypotheses if h.role is Role.CONDITION)

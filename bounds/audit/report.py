"""What an audit finds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import sympy as sp

from ..statement import Role
from .admissible import Interval, short
from .terms import Term


@dataclass(frozen=True)
class Check:
    """One hypothesis at the point.

    Attributes
    ----------
    text : str
        In words.
    role : Role
        DOMAIN or CONDITION.
    met : bool or None
        None where it is an assumption on functions, or values are missing.
    missing : tuple of str
        Parameters without a value on which it depends.
    left, right : float or None
        Both sides of a single inequality.
    margin : float or None
        ``1 - smaller side / larger side``, what is left of the larger side; negative where the inequality fails.
    """

    text: str
    role: Role
    met: bool | None
    missing: tuple[str, ...] = ()
    left: float | None = None
    right: float | None = None
    margin: float | None = None


@dataclass(frozen=True)
class Limit:
    """How far one parameter can move, the others fixed.

    Attributes
    ----------
    name : str
        Of the parameter.
    value : sympy number
        Now.
    intervals : tuple of Interval
        Where all hypotheses hold that have values.
    inside : bool
        Whether the value is in one of them.
    nearest : sympy number or None
        For a value outside: the closest admissible end; None if no value helps.
    change : float or None
        Factor by which the parameter would have to change.
    """

    name: str
    value: sp.Expr
    intervals: tuple[Interval, ...]
    inside: bool
    nearest: sp.Expr | None
    change: float | None


@dataclass(frozen=True)
class Refinement:
    """What a sharper statement says at the same point.

    Attributes
    ----------
    key : str
        Of the sharper statement.
    title : str
        Its name.
    vacuous : bool
        Whether one of its own conditions fails.
    bound : float or None
        Its value; None if vacuous.
    missing : tuple of str
        Parameters that it would need besides.
    """

    key: str
    title: str
    vacuous: bool
    bound: float | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class AuditReport:
    """A theorem at one set of parameters.

    Attributes
    ----------
    key : str
        The theorem.
    values : dict of str to sympy number
        The parameters given.
    checks : tuple of Check
        Every hypothesis.
    limits : tuple of Limit
        Every parameter given as a number; those that have to change least first.
    bound : float or None
        Right-hand side; None where vacuous or values are missing.
    terms : tuple of Term
        What the bound is made of.
    refinements : tuple of Refinement
        Sharper statements.
    missing : tuple of str
        Parameters of the theorem without a value.
    """

    key: str
    values: dict[str, sp.Expr]
    checks: tuple[Check, ...]
    limits: tuple[Limit, ...]
    bound: float | None
    terms: tuple[Term, ...]
    refinements: tuple[Refinement, ...]
    missing: tuple[str, ...]

    @property
    def in_domain(self) -> bool:
        """Whether the theorem is about such parameters at all, as far as values are given."""
        return all(check.met is not False for check in self.checks if check.role is Role.DOMAIN)

    @property
    def vacuous(self) -> bool:
        """Whether a condition fails, so that the theorem says nothing."""
        return any(check.met is False for check in self.checks if check.role is Role.CONDITION)

    @property
    def applies(self) -> bool | None:
        """True if every hypothesis on parameters is met, False if one fails, None if values are missing."""
        if not self.in_domain or self.vacuous:
            return False
        return None if any(check.missing for check in self.checks) else True

    @property
    def obstacles(self) -> tuple[Limit, ...]:
        """Parameters that alone could make it apply, the smallest change first."""
        outside = [limit for limit in self.limits if not limit.inside and limit.nearest is not None]
        return tuple(sorted(outside, key=lambda limit: _effort(limit.change)))

    def to_json(self) -> dict[str, Any]:
        """Plain data; exact numbers as strings."""
        return {
            "key": self.key,
            "values": {name: str(value) for name, value in self.values.items()},
            "applies": self.applies,
            "in_domain": self.in_domain,
            "vacuous": self.vacuous,
            "missing": list(self.missing),
            "checks": [_check_json(check) for check in self.checks],
            "limits": [_limit_json(limit) for limit in self.limits],
            "obstacles": [limit.name for limit in self.obstacles],
            "bound": self.bound,
            "terms": [
                {"formula": str(t.formula), "value": t.value, "share": t.share, "vanishes": t.vanishes}
                for t in self.terms
            ],
            "refined": [
                {"key": r.key, "title": r.title, "vacuous": r.vacuous, "bound": r.bound, "missing": list(r.missing)}
                for r in self.refinements
            ],
        }


def _effort(change: float | None) -> float:
    """Orders of magnitude; a parameter that has to leave zero, or to change its sign, comes last."""
    return abs(math.log(change)) if change is not None and change > 0 else math.inf


def _check_json(check: Check) -> dict[str, Any]:
    return {
        "text": check.text,
        "role": str(check.role),
        "met": check.met,
        "missing": list(check.missing),
        "left": check.left,
        "right": check.right,
        "margin": check.margin,
    }


def _limit_json(limit: Limit) -> dict[str, Any]:
    return {
        "name": limit.name,
        "value": str(limit.value),
        "inside": limit.inside,
        "nearest": None if limit.nearest is None else str(limit.nearest),
        "nearest_value": None if limit.nearest is None else float(limit.nearest),
        "change": limit.change,
        "intervals": [
            {"low": _end(i.low), "high": _end(i.high), "low_included": i.low_included, "high_included": i.high_included}
            | {"exact": i.exact, "text": str(i)}
            for i in limit.intervals
        ],
    }


def _end(value: sp.Expr) -> str | None:
    return None if value.is_infinite else short(value)

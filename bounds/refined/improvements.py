"""What the refined statements improve, and by how much at the papers' own parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import sympy as sp

from ..catalogue import get
from ..numeric import Form, evaluate
from ..parsing import parse_value

#: Refined key -> printed key. Several refined statements may improve the same printed one.
IMPROVES: dict[str, str] = {
    "refined.lad.mean_error": "lad.eq59",
    "refined.lad.message_deviation": "lad.lemma2",
    "refined.lad.message_norm": "lad.eq61",
    "refined.lad.dispersion.compressed": "lad.eq62",
    "refined.lad.mean_norm.compressed": "lad.lemma4",
    **{f"refined.lad.kappa{number}": f"lad.kappa{number}" for number in range(1, 5)},
    "refined.lad.aggregation_error": "lad.lemma3",
    "refined.lad.matrix.error": "lad.lemma3",
    "refined.lad.shared.error": "lad.lemma3",
    "refined.lad.corollary1.mean": "lad.corollary1",
    "refined.lad.corollary1.dispersion": "lad.corollary1.deviation",
    "refined.descent.step": "lad.eq66",
    "refined.lad.theorem1.same_proof": "lad.theorem1",
    "refined.lad.theorem1": "lad.theorem1",
    "refined.lad.theorem1.balanced": "lad.theorem1",
    "refined.lad.theorem1.best": "lad.theorem1",
    "refined.lad.theorem1.decaying": "lad.theorem1",
    "refined.lad.theorem1.pl": "lad.theorem1",
    "refined.lad.theorem1.pl_decaying": "lad.theorem1",
    "refined.lad.theorem1.varying": "lad.theorem1",
    "refined.lad.matrix.theorem": "lad.theorem1",
    "refined.lad.shared.theorem": "lad.theorem1",
    "refined.lad.floor": "lad.eq32.small_step",
    "refined.lad.shared.floor": "lad.eq32.small_step",
    "refined.lad.one_task.floor": "lad.eq32.small_step",
    "refined.lad.theorem2": "lad.theorem2",
    "refined.lad.theorem2.balanced": "lad.theorem2",
    "refined.lad.theorem2.best": "lad.theorem2",
    "refined.lad.theorem2.floor": "lad.eq34.small_step",
    "refined.lad.adaptive.theorem": "lad.theorem2",
    "refined.lad.adaptive.floor": "lad.eq34.small_step",
    "refined.cra.adaptive.theorem": "cra.theorem1",
    "refined.cra.adaptive.floor": "cra.remark2",
    "refined.cra.lemma1": "cra.lemma1",
    "refined.cra.lemma1.attainable": "cra.remark1",
    "refined.cra.overlap": "cra.overlap",
    "refined.cra.deviation": "cra.eq25",
    "refined.cra.error": "cra.eq26",
    "refined.cra.attainable.error": "cra.eq26",
    "refined.cra.error.kappa": "cra.eq26",
    "refined.cra.instance.error": "cra.eq26",
    "refined.cra.noise": "cra.lemma2",
    "refined.cra.attainable.noise": "cra.lemma2",
    "refined.cra.instance.noise": "cra.lemma2",
    **{
        f"refined.cra.{prefix}{suffix}": printed
        for prefix in ("", "attainable.", "kappa.")
        for suffix, printed in (
            ("theorem1", "cra.theorem1"),
            ("theorem1.balanced", "cra.theorem1"),
            ("theorem1.best", "cra.theorem1"),
            ("pl", "cra.theorem1"),
            ("pl_decaying", "cra.theorem2"),
            ("theorem2", "cra.theorem2"),
            ("floor", "cra.remark2"),
        )
    },
    "refined.cra.instance.theorem1": "cra.theorem1",
    "refined.cra.instance.theorem1.balanced": "cra.theorem1",
    "refined.cra.instance.theorem2": "cra.theorem2",
    "refined.cra.instance.floor": "cra.remark2",
}

Number: TypeAlias = str | int | float | sp.Basic


def improved_by(key: str) -> tuple[str, ...]:
    """Keys of the refined statements that improve a printed one; none where nothing better is known.

    Parameters
    ----------
    key : str
        A key of the catalogue.
    """
    return tuple(refined for refined, printed in IMPROVES.items() if printed == key)


@dataclass(frozen=True)
class Improvement:
    """Printed and refined bound at one point.

    Attributes
    ----------
    refined, printed : str
        Keys.
    place : str
        Where the parameters are from, such as ``"LAD Fig. 2"``; empty for a point of the caller's.
    values : dict of str to str
        The parameters.
    printed_bound, refined_bound : float
        Infinite where a condition fails.
    rule : str
        Aggregation rule and constant, where the place names one.
    lower_bound : float
        For floors: what no server beats; 0 where that is not known.
    """

    refined: str
    printed: str
    place: str
    values: dict[str, str]
    printed_bound: float
    refined_bound: float
    rule: str = ""
    lower_bound: float = 0.0

    @property
    def ratio(self) -> float:
        """Printed over refined bound: above one is an improvement; infinite if only the refined one says something."""
        if math.isinf(self.refined_bound):
            return math.nan if math.isinf(self.printed_bound) else 0.0
        if self.refined_bound == 0:
            return math.inf if self.printed_bound > 0 else 1.0
        return self.printed_bound / self.refined_bound


def _bound(key: str, values: Mapping[str, sp.Expr]) -> float:
    statement = get(key)
    names = {symbol.name for symbol in statement.symbols}
    missing = sorted(names - set(values))
    if missing:
        raise ValueError(f"improvement at this point needs {', '.join(missing)} for {key}")
    form: Form = "formula" if statement.printed is None else "printed"
    return evaluate(statement, {name: values[name] for name in names}, form=form, mode="mp", digits=30).value


def improvement(
    key: str, values: Mapping[str, Number], printed: str | None = None, place: str = "", rule: str = ""
) -> Improvement:
    """Compare a refined statement with the printed one at a point.

    Parameters
    ----------
    key : str
        A key of :data:`IMPROVES`.
    values : mapping of str to number
        Parameters of both; each takes its own. The refined constants may differ from the printed ones: ``kappa`` is
        that
        of the refined statement, ``C_alpha`` that of both.
    printed : str, optional
        The printed statement; by default what :data:`IMPROVES` says.
    place, rule : str
        Labels.

    Raises
    ------
    ValueError
        For a key that improves nothing, or a parameter that is missing.
    """
    if key not in IMPROVES:
        raise ValueError(f"{key} improves no printed statement; see IMPROVES")
    exact = {name: parse_value(value) for name, value in values.items()}
    other = IMPROVES[key] if printed is None else printed
    shown = {name: str(value) for name, value in exact.items()}
    return Improvement(key, other, place, shown, _bound(other, exact), _bound(key, exact), rule)

"""The parameter sets of the papers' own figures and examples, audited with the constants of the rules that they use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sympy as sp

from ..catalogue import get
from .core import audit
from .report import AuditReport, Limit
from .values import Value


@dataclass(frozen=True)
class Setting:
    """One parameter set of a paper.

    Attributes
    ----------
    name : str
        Figure or example.
    rule : str
        Aggregation rule, or where its constant comes from.
    theorem : str
        Key of the theorem that is meant to cover it.
    values : mapping
        What the paper states; the constant of the rule is a formula in the other parameters.
    reason : str
        Why the rule has no finite constant here; empty where it has one.
    """

    name: str
    rule: str
    theorem: str
    values: Mapping[str, Value] = field(default_factory=dict)
    reason: str = ""


def _kappa(key: str) -> sp.Expr:
    formula = get(key).formula
    assert isinstance(formula, sp.Expr)
    return formula


def _mixed() -> sp.Expr:
    """kappa of nearest-neighbour mixing before the trimmed mean."""
    outer = _kappa("robustness.kappa.nnm")
    return outer.subs({s: _kappa("robustness.kappa.cwtm") for s in outer.free_symbols if s.name == "kappa"})


#: What this project proves for the rules of the CRA paper, N = 100 being even.
_PROVED = {
    "median": "robustness.c_alpha.median_even",
    "trimmed_mean": "robustness.c_alpha.cwtm",
    "phocas": "robustness.c_alpha.phocas",
}


def _c_alpha(rule: str, proved: bool) -> sp.Expr:
    statement = get(_PROVED[rule] if proved else f"cra.table1.{rule}")
    formula = statement.formula if proved else statement.printed
    assert isinstance(formula, sp.Expr)
    return sp.sqrt(formula)


def _lad(name: str, theorem: str, values: Mapping[str, Value]) -> tuple[Setting, ...]:
    """The rules of LAD's experiments: as run, a tenth trimmed off each side, and trimming as many as are Byzantine."""
    devices, honest = int(str(values["N"])), int(str(values["H"]))
    byzantine, trimmed = devices - honest, devices // 10
    reason = f"{trimmed} values are trimmed off each side where {byzantine} devices are Byzantine: no finite kappa"
    return (
        Setting(name, "CWTM, 0.1 off each side", theorem, values, reason if trimmed < byzantine else ""),
        Setting(
            name, f"CWTM, {byzantine} off each side", theorem, {**values, "kappa": _kappa("robustness.kappa.cwtm")}
        ),
        Setting(name, f"NNM, then CWTM, {byzantine} off each side", theorem, {**values, "kappa": _mixed()}),
    )


def _cra(name: str, rule: str, alpha: str, proved: bool = False) -> Setting:
    values: dict[str, Value] = {"N": 100, "M": 1000, "r": 40, "alpha": alpha, "d_min": "N*r/M"}
    if rule == "median":
        values["Q"] = 100
    values["C_alpha"] = _c_alpha(rule, proved)
    origin = "proved constant" if proved else "Table I"
    return Setting(name, f"{rule.replace('_', ' ')}, {origin}", "cra.theorem1", values)


@cache
def settings() -> tuple[Setting, ...]:
    """Every parameter set, in the order of the papers."""
    example: dict[str, Value] = {"N": 100, "H": 65, "kappa": "3/2", "beta": 1}
    fig4: dict[str, Value] = {"N": 100, "H": 80, "gamma0": "1e-6"}
    fig6: dict[str, Value] = {"N": 100, "H": 70, "d": 3, "delta": "7/3", "gamma0": "3e-7"}
    given = "kappa = 3/2 as given"
    rows = []
    for d, delta in ((5, "1/10"), (5, "1/2"), (5, "1"), (1, "1/2"), (5, "1/2"), (20, "1/2"), (50, "1/2"), (99, "1/2")):
        figure = 2 if len(rows) < 3 else 3
        name = f"LAD Fig. {figure}, d = {d}, delta = {float(sp.Rational(delta))}"
        rows.append(Setting(name, given, "lad.theorem1", {**example, "d": d, "delta": delta}))
    for d in (3, 4):
        rows.append(Setting(f"LAD example under (36), d = {d}", given, "lad.theorem2", {**example, "d": d}))
    for d in (1, 5, 10, 20):
        rows += _lad(f"LAD Fig. 4, d = {d}", "lad.theorem2", {**fig4, "d": d})
    rows += _lad("LAD Fig. 5, d = 10", "lad.theorem2", {**fig4, "d": 10})
    rows += _lad("LAD Fig. 6, 30 of 100 entries kept", "lad.theorem1", fig6)
    rules = ("median", "trimmed_mean", "phocas")
    for figure, alpha in (("2a", "1/5"), ("2b", "3/100"), ("2c", "2/5")):
        name = f"CRA Fig. {figure}, alpha = {float(sp.Rational(alpha))}"
        rows += [_cra(name, rule, alpha, proved) for rule in rules for proved in (False, True)]
    for figure, alpha in (("3a", "1/5"), ("3b", "2/5"), ("4", "1/10"), ("4", "1/5"), ("4", "2/5"), ("5", "1/5")):
        name = f"CRA Fig. {figure}, alpha = {float(sp.Rational(alpha))}"
        rows += [_cra(name, "median", alpha, proved) for proved in (False, True)]
    return tuple(rows)


@cache
def paper_audits() -> tuple[tuple[Setting, AuditReport | None], ...]:
    """Every setting with its audit; None where the rule has no finite constant."""
    return tuple(
        (setting, None if setting.reason else audit(setting.theorem, setting.values)) for setting in settings()
    )


def rows() -> list[dict[str, Any]]:
    """One dictionary a setting: what applies, what fails, the limits, and which refined statements are not vacuous."""
    return [_row(setting, report) for setting, report in paper_audits()]


def _row(setting: Setting, report: AuditReport | None) -> dict[str, Any]:
    row: dict[str, Any] = {"setting": setting.name, "rule": setting.rule, "theorem": setting.theorem}
    if report is None:
        return {**row, "verdict": "no constant", "constant": None, "fails": setting.reason, "limits": {}, "refined": []}
    name = "kappa" if "kappa" in report.values else "C_alpha"
    failing = [check.text for check in report.checks if check.met is False]
    verdict = "outside the domain" if not report.in_domain else "vacuous" if report.vacuous else "says something"
    if report.applies is None and verdict == "says something":
        verdict = "not excluded"
    return {
        **row,
        "verdict": verdict,
        "constant": f"{name} = {float(report.values[name]):.4g}",
        "fails": "; ".join(failing),
        "limits": {limit.name: _reach(limit) for limit in report.limits},
        "refined": [refined.key for refined in report.refinements if not refined.vacuous],
    }


def _reach(limit: Limit) -> str:
    return " or ".join(str(interval) for interval in limit.intervals) or "no value helps"


__all__ = ["Setting", "paper_audits", "rows", "settings"]

"""The parameter sets of the papers' own figures and examples, audited with the constants of the rules that they use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import sympy as sp

from ..catalogue import get
from .admissible import Interval
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
    values["C_alpha"] = constant = _c_alpha(rule, proved)
    if "Q" in {symbol.name for symbol in constant.free_symbols}:
        values["Q"] = 100
    origin = "proved constant" if proved else "Table I"
    return Setting(name, f"{rule.replace('_', ' ')}, {origin}", "cra.theorem1", values)


def _lad_settings() -> Iterator[Setting]:
    example: dict[str, Value] = {"N": 100, "H": 65, "kappa": "3/2", "beta": 1}
    given = "kappa = 3/2 as given"
    for delta in ("0.1", "0.5", "1"):
        values = {**example, "d": 5, "delta": delta}
        yield Setting(f"LAD Fig. 2, d = 5, delta = {delta}", given, "lad.theorem1", values)
    for d in (1, 5, 20, 50, 99):
        values = {**example, "d": d, "delta": "0.5"}
        yield Setting(f"LAD Fig. 3, d = {d}, delta = 0.5", given, "lad.theorem1", values)
    for d in (3, 4):
        yield Setting(f"LAD example under (36), d = {d}", given, "lad.theorem2", {**example, "d": d})
    trained: dict[str, Value] = {"N": 100, "H": 80, "gamma0": "1e-6"}
    for d in (1, 5, 10, 20):
        yield from _lad(f"LAD Fig. 4, d = {d}", "lad.theorem2", {**trained, "d": d})
    yield from _lad("LAD Fig. 5, d = 10", "lad.theorem2", {**trained, "d": 10})
    compressed: dict[str, Value] = {"N": 100, "H": 70, "d": 3, "delta": "7/3", "gamma0": "3e-7"}
    yield from _lad("LAD Fig. 6, 30 of 100 entries kept", "lad.theorem1", compressed)


def _cra_settings() -> Iterator[Setting]:
    for figure, fraction in (("2a", "0.2"), ("2b", "0.03"), ("2c", "0.4")):
        for rule in ("median", "trimmed_mean", "phocas"):
            for proved in (False, True):
                yield _cra(f"CRA Fig. {figure}, alpha = {fraction}", rule, fraction, proved)
    for figure, fraction in (("3a", "0.2"), ("3b", "0.4"), ("4", "0.1"), ("4", "0.2"), ("4", "0.4"), ("5", "0.2")):
        for proved in (False, True):
            yield _cra(f"CRA Fig. {figure}, alpha = {fraction}", "median", fraction, proved)


@cache
def settings() -> tuple[Setting, ...]:
    """Every parameter set, in the order of the papers."""
    return (*_lad_settings(), *_cra_settings())


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
    return " or ".join(_readable(interval) for interval in limit.intervals) or "no value helps"


def _readable(interval: Interval) -> str:
    """The interval with surds as decimals."""
    ends = tuple(
        end if len(str(end)) <= 8 and not end.is_irrational else sp.N(end, 5) for end in (interval.low, interval.high)
    )
    return str(replace(interval, low=ends[0], high=ends[1]))


__all__ = ["Setting", "paper_audits", "rows", "settings"]

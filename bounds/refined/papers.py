"""The refined floors beside the printed ones at every parameter set that the papers use.

The trimmed mean is the one that drops as many values on each side as there are Byzantine devices: the theorems are
about
rules with a finite constant, and dropping a tenth while a fifth are Byzantine, as in the LAD experiments, has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp

from ..catalogue import get
from ..numeric import evaluate
from .improvements import Improvement, improvement

#: Loads and compressions of the LAD paper's Fig. 2 and Fig. 3 that the table shows.
FIG2_DELTAS = ("0", "1/2", "1", "3/2", "2")
FIG3_LOADS = (1, 2, 3, 5, 10, 20, 50, 99)
#: (place, devices, honest devices, loads, delta) of the LAD experiments, whose rules are trimmed means.
LAD_EXPERIMENTS = (
    ("LAD Fig. 4", 100, 80, (1, 5, 10, 20), sp.S.Zero),
    ("LAD Fig. 5", 100, 80, (1, 10), sp.S.Zero),
    ("LAD Fig. 6", 100, 70, (1, 3), sp.Rational(100, 30) - 1),
)
#: (place, fractions of Byzantine devices, subsets per device, rules) of the CRA experiments; 1000 subsets, 100 devices.
CRA_EXPERIMENTS = (
    ("CRA Fig. 2", ("1/5", "3/100", "2/5"), (40,), ("trimmed mean", "median", "Phocas")),
    ("CRA Fig. 3", ("1/5", "2/5"), (10, 20, 40, 80), ("median",)),
    ("CRA Fig. 4", ("1/10",), (40,), ("median",)),
    ("CRA Fig. 5", ("1/5",), (40,), ("median",)),
)
#: Rule of the CRA experiments -> statements of its constants: Table I, and this project's kappa.
CRA_RULES = {
    "trimmed mean": ("cra.table1.trimmed_mean", "robustness.kappa.cwtm"),
    "median": ("cra.table1.median", "robustness.kappa.median_even"),
    "Phocas": ("cra.table1.phocas", "robustness.kappa.phocas"),
}


def _constant(key: str, form: str, **point: object) -> sp.Expr:
    """An exact constant of a rule."""
    statement = get(key)
    values = {symbol.name: point[symbol.name] for symbol in statement.symbols}
    exact = evaluate(statement, values, form=form).exact  # type: ignore[arg-type]
    return sp.sympify(exact)


def _lad_rows() -> Iterator[Improvement]:
    base = {"N": 100, "H": 65, "kappa": "3/2", "beta": 1}
    for delta in FIG2_DELTAS:
        yield improvement("refined.lad.floor", {**base, "d": 5, "delta": delta}, place="LAD Fig. 2", rule="kappa = 3/2")
    for load in FIG3_LOADS:
        point = {**base, "d": load, "delta": "1/2"}
        yield improvement("refined.lad.floor", point, place="LAD Fig. 3", rule="kappa = 3/2")
    yield improvement(
        "refined.lad.theorem2.floor", {**base, "d": 3}, place="LAD example under (36)", rule="kappa = 3/2"
    )
    for place, devices, honest, loads, compression in LAD_EXPERIMENTS:
        for label, form in (("published", "printed"), ("sharp", "derived")):
            kappa = _constant("robustness.kappa.cwtm", form, N=devices, H=honest)
            for load in loads:
                point = {"N": devices, "H": honest, "d": load, "delta": compression, "kappa": kappa, "beta": 1}
                rule = f"trimmed mean, {label} kappa = {kappa}"
                yield improvement("refined.lad.floor", point, place=place, rule=rule)
                if compression:
                    yield improvement("refined.lad.shared.floor", point, place=place, rule=f"{rule}, shared compressor")


def _cra_rows() -> Iterator[Improvement]:
    devices, subsets = 100, 1000
    for place, fractions, loads, rules in CRA_EXPERIMENTS:
        for alpha in (sp.Rational(fraction) for fraction in fractions):
            honest = int(devices * (1 - alpha))
            for rule in rules:
                table, sharp = CRA_RULES[rule]
                squared = _constant(table, "printed", N=devices, Q=100, alpha=alpha)
                kappa = _constant(sharp, "derived", N=devices, H=honest)
                for held in loads:
                    point = {"N": devices, "M": subsets, "r": held, "alpha": alpha, "beta": 1}
                    point |= {"C_alpha": sp.sqrt(squared), "kappa": kappa}
                    table_rule = f"{rule}, Table I C_alpha^2 = {sp.N(squared, 4)}"
                    yield improvement("refined.cra.floor", point, place=place, rule=table_rule)
                    sharp_rule = f"{rule}, kappa = {kappa}"
                    yield improvement("refined.cra.kappa.floor", point, place=place, rule=sharp_rule)


def improvement_table() -> tuple[Improvement, ...]:
    """Printed and refined error floor, for vanishing learning rates, at the parameters of figures and examples.

    Returns
    -------
    tuple of Improvement
        One row for each parameter set and each constant of the rule; an infinite bound says nothing.
    """
    return tuple(replace(row, lower_bound=_lower_bound(row)) for row in (*_lad_rows(), *_cra_rows()))


def _lower_bound(row: Improvement) -> float:
    """The floor that no server beats, whatever its rule."""
    method = row.refined.split(".")[1]
    statement = get(f"refined.{method}.lower_bound")
    return evaluate(statement, {symbol.name: row.values[symbol.name] for symbol in statement.symbols}).value

"""Constants, sums and optima of the papers and of the refined theorems, against their own definitions at exact
points."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

import sympy as sp

from ..bounds.catalogue import get
from ..bounds.statement import Relation
from .cases import Case, Observer, check_cases
from .points import bound, number
from .probe import Probe, Settings
from .verdict import Check

_RATES = (Fraction(1, 5), Fraction(1, 2), Fraction(4, 5))
_HORIZONS = (1, 2, 7, 40)
#: Neighbours of a claimed optimum, in units of it.
_AROUND = tuple(number(Fraction(k, 100)) for k in (*range(5, 100, 5), 99, 101, *range(105, 200, 5), 300, 1000))


def _formula(key: str, values: Mapping[str, Any]) -> sp.Expr:
    return number(bound(get(key), values))


def _root_sums(settings: Settings) -> Iterator[Case]:
    del settings
    for horizon in _HORIZONS:
        total = sum((1 / sp.sqrt(t + 1) for t in range(horizon + 1)), sp.Integer(0))
        yield Case(total, {"T": horizon}, {"T": horizon})


def _harmonic_sums(settings: Settings) -> Iterator[Case]:
    del settings
    for horizon in _HORIZONS:
        yield Case(sum(Fraction(1, t + 1) for t in range(horizon + 1)), {"T": horizon}, {"T": horizon})


def _schedules() -> Iterator[dict[str, Any]]:
    """Constants of the descent, with a learning rate that Theorem 2 of the CRA paper admits."""
    for share, rho2 in itertools.product(_RATES, (Fraction(1, 3), Fraction(7))):
        rho1 = Fraction(2, 5)
        yield {
            "rho_1": rho1,
            "rho_2": rho2,
            "rho_3": Fraction(3, 10),
            "rho_4": Fraction(9, 4),
            "gamma0": share * rho1 / (2 * rho2),
            "F0": 5,
            "Fstar": 1,
        }


def _learning_rate(values: Mapping[str, Any], t: int) -> sp.Expr:
    return _formula("cra.eq33", {**values, "t": t})


def _weights(settings: Settings) -> Iterator[Case]:
    del settings
    for values in _schedules():
        for t in range(4):
            gamma = _learning_rate(values, t)
            lhs = gamma * number(values["rho_1"]) - gamma**2 * number(values["rho_2"])
            yield Case(lhs, {**values, "t": t}, {**_shown(values), "t": t})


def _decay(settings: Settings) -> Iterator[Case]:
    del settings
    for values in _schedules():
        for t in range(4):
            yield Case(_learning_rate(values, t), {**values, "t": t}, {**_shown(values), "t": t})


def _weighted_means(noise_only: bool, settings: Settings) -> Iterator[Case]:
    """(36) and (39), for gradients that meet (30) with equality and are the same in every iteration."""
    del settings
    for values in _schedules():
        for horizon in (1, 3, 6):
            rates = [_learning_rate(values, t).evalf(60) for t in range(horizon + 1)]
            rho = {name: number(values[name]) for name in ("rho_1", "rho_2", "rho_3", "rho_4")}
            weights = sum(rate * rho["rho_1"] - rate**2 * rho["rho_2"] for rate in rates)
            noise = sum(rate * rho["rho_3"] + rate**2 * rho["rho_4"] for rate in rates)
            start = 0 if noise_only else values["F0"] - values["Fstar"]
            more = {
                "T": horizon,
                "sum_gamma": sum(rates),
                "sum_gamma_sq": sum(rate**2 for rate in rates),
                "sum_root": sum(1 / sp.sqrt(t + 1) for t in range(horizon + 1)).evalf(60),
            }
            yield Case((start + noise) / weights, {**values, **more}, {**_shown(values), "T": horizon})


def _shown(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _even() -> Iterator[dict[str, Any]]:
    """Settings of CRA-DL in which every subset is held by N r / M devices."""
    for held, constant in itertools.product((10, 30, 40), (Fraction(1, 20), Fraction(1, 9))):
        yield {
            "N": 40,
            "M": 40,
            "r": held,
            "d_min": held,
            "beta": 2,
            "C_alpha": constant,
            "alpha": Fraction(1, 10),
            "L": 3,
            "gamma0": Fraction(1, 50),
        }


def _even_loads(settings: Settings) -> Iterator[Case]:
    del settings
    for values in _even():
        yield Case(values["d_min"] * values["M"], values, _shown(values), relation=Relation.EQUALITY)


def _even_floors(decaying: bool, settings: Settings) -> Iterator[Case]:
    del settings
    for values in _even():
        rho = {i: _formula(f"cra.rho{i}", values) for i in (1, 2, 3)}
        below = rho[1] - (number(values["gamma0"]) * rho[2] if decaying else 0)
        if below.is_positive:
            yield Case(rho[3] / below, values, _shown(values), relation=Relation.EQUALITY)


def _largest_constant(settings: Settings) -> Iterator[Case]:
    """rho_1 is affine in C_alpha: its root from two values."""
    del settings
    for values in _even():
        if values["r"] < values["M"]:
            none, one = (_formula("cra.rho1", {**values, "C_alpha": constant}) for constant in (0, 1))
            yield Case(none / (none - one), values, _shown(values))


def _optimum(values: Mapping[str, Any], height: Callable[[sp.Expr], sp.Expr], around: sp.Expr) -> Case:
    """The claimed place of a minimum: its height is at most that of every neighbour."""
    lowest = min((height(around * factor) for factor in _AROUND), key=lambda value: value.evalf(30))
    return Case(lowest, values, _shown(values), wrap=height, relation=Relation.LOWER)


def _young(settings: Settings) -> Iterator[Case]:
    del settings
    for values in _even():
        if values["r"] < values["M"]:
            unshared = number(values["r"]) - number(Fraction(values["r"] ** 2, values["M"]))
            square = 8 * (number(values["C_alpha"]) * unshared / (values["M"] * values["d_min"])) ** 2

            def height(eta: sp.Expr, square: sp.Expr = square) -> sp.Expr:
                return eta + square / eta

            yield _optimum(values, height, _formula("cra.eta", values))


def _best_eta(settings: Settings) -> Iterator[Case]:
    rng = settings.rng()
    for _ in range(4):
        drawn = [Fraction(int(entry), 50) for entry in rng.integers(1, 9, 4)]
        values: dict[str, Any] = dict(zip(("err_0", "noise_0", "err_1", "noise_1"), drawn, strict=True))
        values["err_1"], values["noise_1"] = values["err_1"] / 1000, values["noise_1"] / 1000
        values |= {"F0": 5, "Fstar": 1, "L": 10, "N": 10, "gamma0": Fraction(1, 4), "steps": 30}

        def height(eta: sp.Expr, values: dict[str, Any] = values) -> sp.Expr:
            found = bound(get("refined.descent.fixed"), {**values, "eta": eta})
            return sp.Integer(10) ** 9 if found is None else number(found).evalf(40)

        claimed = bound(get("refined.descent.best_eta"), values)
        if claimed is not None:
            yield _optimum(values, height, number(claimed).evalf(40))


def _least_bound(settings: Settings) -> Iterator[Case]:
    rng = settings.rng()
    for _ in range(4):
        excess, floor, noise, lost = (number(Fraction(int(entry), 5)) for entry in rng.integers(1, 9, 4))
        values = {"excess": excess, "floor": floor, "noise": noise, "lost": lost, "kept": 2}
        for share in _AROUND[:19]:
            u = share * 2 / lost
            lhs = (excess * (1 + 1 / u) + floor + noise * u) / (2 - lost * u)
            yield Case(lhs, values, {**_shown(values), "u": str(u)}, relation=Relation.LOWER)


def _best_point(settings: Settings) -> Iterator[Case]:
    for case in itertools.islice(_least_bound(settings), 0, None, 19):
        values = case.values
        excess, floor, noise, lost, kept = (values[name] for name in ("excess", "floor", "noise", "lost", "kept"))

        def height(u: sp.Expr, given: tuple[sp.Expr, ...] = (excess, floor, noise, lost, number(kept))) -> sp.Expr:
            a, c, b, v, q = given
            return (a * (1 + 1 / u) + c + b * u) / (q - v * u) if (q - v * u).evalf(30) > 0 else sp.Integer(10) ** 9

        yield _optimum(values, height, number(bound(get("refined.descent.best_point"), values)))


def _lad() -> Iterator[dict[str, Any]]:
    for load, delta in itertools.product((1, 4, 9), (Fraction(0), Fraction(1, 3))):
        yield {
            "N": 10, "H": 8, "d": load, "delta": delta, "kappa": Fraction(1, 3), "beta": 2, "L": 10, "T": 50, "F0": 9,
            "Fstar": 1, "eta": Fraction(1, 10),
        }  # fmt: skip


def _floor_ratio(settings: Settings) -> Iterator[Case]:
    del settings
    for values in _lad():
        lhs = _formula("refined.lad.theorem2.floor", values) / _formula(
            "refined.lad.theorem2.floor", {**values, "d": 1}
        )
        yield Case(lhs, values, _shown(values))


def _bound_gap(settings: Settings) -> Iterator[Case]:
    del settings
    for honest in (6, 8, 9):
        values = {"N": 10, "H": honest, "d": 1, "beta": 2, "kappa": Fraction(10 - honest, 2 * honest - 10)}
        upper = _formula("refined.lad.theorem2.floor", values)
        yield Case(upper / _formula("refined.lad.lower_bound.uncoded", values), values, _shown(values))


def _best_rate(settings: Settings) -> Iterator[Case]:
    del settings
    for values in _lad():

        def height(gamma: sp.Expr, values: dict[str, Any] = values) -> sp.Expr:
            found = bound(get("refined.lad.theorem1.balanced"), {**values, "gamma0": gamma})
            return sp.Integer(10) ** 9 if found is None else number(found).evalf(40)

        claimed = bound(get("refined.lad.theorem1.best_learning_rate"), values)
        if claimed is not None:
            yield _optimum(values, height, number(claimed).evalf(40))


CASES: dict[str, Observer] = {
    "cra.eq35": _weights,
    "cra.eq36": partial(_weighted_means, False),
    "cra.eq37": _root_sums,
    "cra.eq38": _decay,
    "cra.eq39": partial(_weighted_means, True),
    "cra.eq39.harmonic": _harmonic_sums,
    "cra.eta": _young,
    "cra.theorem1.condition": _largest_constant,
    "cra.remark1.even": _even_loads,
    "cra.remark2": partial(_even_floors, False),
    "cra.remark3": partial(_even_floors, True),
    "refined.descent.best": _least_bound,
    "refined.descent.best_point": _best_point,
    "refined.descent.best_eta": _best_eta,
    "refined.lad.floor.ratio": _floor_ratio,
    "refined.lad.lower_bound.gap": _bound_gap,
    "refined.lad.theorem1.best_learning_rate": _best_rate,
}

PROBES: tuple[Probe, ...] = tuple(
    Probe(key, Check.EXACT, partial(check_cases, observer=observer), "definition", stream="formulas")
    for key, observer in CASES.items()
)

"""The experiment of CRA Section V, with everything that its text leaves open as a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from .base import Parameters
from .training import Series, standard_start

#: The literal reading. Sizes, rates and attacks are the paper's; it gives no number of iterations and no start.
PARAMETERS: Parameters = {
    "N": 100, "M": 1000, "Q": 100, "r": 40, "alpha": 0.2, "sigma_H": 0.0, "gamma0": 1e-3, "iterations": 50,
    "seeds": 20, "seed": 0, "attack": "sign:-2", "byzantine": "redrawn", "allocation": "uniform",
    "spread": "variance", "estimate": "mean", "x0": "zero",
}  # fmt: skip

PRESETS: Mapping[str, Parameters] = {
    "quick": {"seeds": 10, "iterations": 30},
    "paper": {},
    "full": {"seeds": 50, "iterations": 200},
}

#: The readings "deviation" and "estimate-sum" enlarge the step until every method diverges; the report shows that.
READINGS: Mapping[str, Parameters] = {
    "literal": {},
    "fixed-identities": {"byzantine": "fixed"},
    "balanced-allocation": {"allocation": "balanced"},
    "random-start": {"x0": "normal"},
    "deviation": {"spread": "deviation"},
    "estimate-sum": {"estimate": "sum"},
    "few-iterations": {"iterations": 10},
}


def byzantine(parameters: Parameters, alpha: float | None = None) -> int:
    """Number of Byzantine devices, ``alpha N``.

    Raises
    ------
    ValueError
        If it is not whole, or no minority.
    """
    share = parameters["alpha"] if alpha is None else alpha
    count = float(share * parameters["N"])
    if abs(count - round(count)) > 1e-9 or not 0 <= share < 0.5:
        raise ValueError(f"alpha N has to be whole and alpha below 1/2, got alpha={share:g}, N={parameters['N']}")
    return round(count)


def series(label: str, method: str, parameters: Parameters, *, alpha: float | None = None, **options: Any) -> Series:
    """A method under these parameters; alpha and options (r) override them.

    Raises
    ------
    ValueError
        If alpha N is not whole, or a choice is unknown.
    """
    from ...simulate.problems import CraRegression

    p = parameters
    if p["x0"] not in ("zero", "normal"):
        raise ValueError(f"x0 is 'zero' or 'normal', got {p['x0']!r}")
    f = byzantine(p, alpha)
    settings: dict[str, Any] = {"N": p["N"], "f": f, "estimate": p["estimate"]}
    if method.startswith(("CRA", "SGC")):
        settings |= {"allocation": p["allocation"], "r": p["r"], **options}
    problem = CraRegression(M=p["M"], Q=p["Q"], sigma_H=p["sigma_H"], features_reading=p["spread"])
    run = {
        "iterations": p["iterations"],
        "gamma": p["gamma0"],
        "attack": p["attack"],
        "byzantine": p["byzantine"],
        "x0": None if p["x0"] == "zero" else partial(standard_start, dimension=p["Q"]),
    }
    return Series(label, method, settings, problem, run)

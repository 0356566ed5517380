"""The experiment of LAD Section VII, with everything that its text leaves open as a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from .base import Parameters
from .training import Series, standard_start

#: The literal reading. Sizes, rates and coefficients are the paper's; it gives no number of iterations and no start.
PARAMETERS: Parameters = {
    "N": 100, "H": 80, "Q": 100, "sigma_H": 0.3, "gamma0": 1e-6, "trim": 0.1, "iterations": 2000,
    "seeds": 20, "seed": 0, "attack": "sign:-2", "byzantine": "redrawn", "baseline_subsets": "redrawn",
    "baseline": "permutation", "spread": "variance", "estimate": "mean", "trimming": "side", "x0": "zero",
}  # fmt: skip

PRESETS: Mapping[str, Parameters] = {
    "quick": {"iterations": 300, "seeds": 8},
    "paper": {},
    "full": {"iterations": 20000, "seeds": 50},
}

#: Under the longest preset the readings beside the literal one take fewer iterations.
READING_PRESETS: Mapping[str, Parameters] = {"full": {"iterations": 2000}}

READINGS: Mapping[str, Parameters] = {
    "literal": {},
    "few-iterations": {"iterations": 300},
    "fixed-identities": {"byzantine": "fixed"},
    "fixed-subsets": {"baseline_subsets": "fixed"},
    "independent-subsets": {"baseline": "independent"},
    "deviation": {"spread": "deviation"},
    "estimate-sum": {"estimate": "sum"},
    "trim-in-all": {"trimming": "total"},
    "random-start": {"x0": "normal"},
}


def series(label: str, method: str, parameters: Parameters, **options: Any) -> Series:
    """A method under these parameters; options are settings of its own (d, tgn, k).

    Raises
    ------
    ValueError
        If H is no majority of N, or a choice is unknown.
    """
    from ...simulate.problems import LadRegression

    p = parameters
    f = p["N"] - p["H"]
    if not 0 <= f < p["N"] / 2:
        raise ValueError(f"an honest majority is needed, N/2 < H <= N, got N={p['N']}, H={p['H']}")
    if p["x0"] not in ("zero", "normal"):
        raise ValueError(f"x0 is 'zero' or 'normal', got {p['x0']!r}")
    settings: dict[str, Any] = {"N": p["N"], "f": f, "estimate": p["estimate"], **options}
    if "CWTM" in method:
        settings |= {"trim": p["trim"], "trimming": p["trimming"]}
    if "LAD" not in method and method != "DRACO":
        fixed = p["baseline_subsets"]
        settings |= {"tasks": fixed, "subsets": fixed, "baseline": p["baseline"]}
    problem = LadRegression(
        N=p["N"], Q=p["Q"], sigma_H=p["sigma_H"], features_reading=p["spread"], heterogeneity_reading=p["spread"]
    )
    run = {
        "iterations": p["iterations"],
        "gamma": p["gamma0"],
        "attack": p["attack"],
        "byzantine": p["byzantine"],
        "x0": None if p["x0"] == "zero" else partial(standard_start, dimension=p["Q"]),
    }
    return Series(label, method, settings, problem, run)

"""The papers' own experiments by method name, every part of which can be named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from .configuration import Configuration
from .encoding import replication
from .methods import Settings, method_from_name
from .naming import lookup, near_misses
from .problems import PROBLEMS, ProblemFamily

LAD_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {"problem": "lad", "N": 100, "Q": 100, "sigma_H": 0.3, "H": 80, "d": 10, "T": 2000, "gamma": 1e-6, "trim": 0.1}
)
"""LAD Fig. 4 and 5: the number of iterations is not in the paper."""

COMPRESSED_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {**LAD_DEFAULTS, "H": 70, "d": 3, "gamma": 3e-7, "k": 30, "tgn": 0.2}
)
"""LAD Fig. 6."""

CRA_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "problem": "cra",
        "N": 100,
        "M": 1000,
        "Q": 100,
        "sigma_H": 0.0,
        "alpha": 0.2,
        "r": 40,
        "allocation": "uniform",
        "T": 50,
        "gamma": 1e-3,
    }
)
"""CRA Fig. 2 to 5: the number of iterations is not in the paper."""

DATA_DEFAULTS: Mapping[str, Any] = MappingProxyType({"M": 100, "T": 500, "gamma": 0.01})
"""What replaces the paper's values on a data set."""

COMMON_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {"attack": "sign", "byzantine": "redrawn", "x0": 0.0, "dtype": "float64", "record_every": 1}
)

_PROBLEM_FIELDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "lad": {
            "N": "N",
            "Q": "Q",
            "sigma_H": "sigma_H",
            "feature_spread": "feature_spread",
            "features": "features_reading",
            "heterogeneity": "heterogeneity_reading",
        },
        "cra": {
            "M": "M",
            "Q": "Q",
            "sigma_H": "sigma_H",
            "feature_spread": "feature_spread",
            "features": "features_reading",
        },
    }
)
_DATA_FIELDS = MappingProxyType({"M": "M", "skew": "alpha", "l2": "l2", "hidden": "hidden", "split_seed": "split_seed"})
_RUN_FIELDS = ("T", "gamma", "attack", "byzantine", "x0", "dtype", "record_every", "xp", "device")
_COUNTS = ("H", "f", "alpha")
_METHOD_FIELDS = tuple(name for name in Settings.__dataclass_fields__ if name != "f")

_WHOLE = {"N", "M", "Q", "d", "r", "H", "f", "k", "T", "record_every", "hidden", "split_seed"}
_REAL = {"alpha", "gamma", "sigma_H", "delta", "trim", "tgn", "x0", "skew", "l2", "feature_spread"}

PARAMETERS = tuple(
    sorted(
        {"problem", "delta", *_COUNTS, *_METHOD_FIELDS, *_RUN_FIELDS, *_DATA_FIELDS}
        | {name for fields in _PROBLEM_FIELDS.values() for name in fields}
    )
)
"""Names that `experiment` takes."""


@dataclass(frozen=True, eq=False)
class Experiment:
    """A configuration, the flat parameters that it was made of, and what there is to say about them.

    Parameters
    ----------
    configuration
        What to train.
    parameters
        Every parameter with its value, given or default.
    notes
        Sentences about choices that matter.
    """

    configuration: Configuration
    parameters: Mapping[str, Any]
    notes: tuple[str, ...]


def replication_note(configuration: Configuration, seeds: Sequence[int]) -> str | None:
    """A sentence about subsets that are not all computed by the same number of devices, if so."""
    subsets = configuration.problem.subsets
    counts = replication(configuration.method.encoding, seeds, subsets)
    if counts.min() == counts.max():
        return None
    unheld = (counts == 0).sum(axis=-1)
    sentence = f"d_k runs from {counts.min()} to {counts.max()} over subsets and seeds"
    if not unheld.any():
        return sentence
    several = f"{unheld.min()} to {unheld.max()}" if unheld.min() < unheld.max() else f"{unheld.min()}"
    return f"{sentence}; {several} of {subsets} subsets are held by no device, so that what is minimised is not F"


def problem_parameters(name: str) -> dict[str, Any]:
    """Parameters of a problem by the names that `experiment` gives them, with the problem's own defaults."""
    family = lookup("problem", name, PROBLEMS)()
    return {key: getattr(family, field) for key, field in _PROBLEM_FIELDS.get(name, _DATA_FIELDS).items()}


def defaults(method: str) -> Mapping[str, Any]:
    """Parameters of the experiment in which the method's paper shows it."""
    lowered = method.strip().lower()
    if lowered.startswith("com-"):
        return COMPRESSED_DEFAULTS
    if lowered in ("va", "cwtm", "cwtm-nnm", "draco", "lad") or lowered.startswith("lad-"):
        return LAD_DEFAULTS
    return CRA_DEFAULTS


def experiment(method: str, **given: Any) -> Experiment:
    """The paper's experiment with a method, read literally, with some parameters named otherwise.

    Parameters
    ----------
    method
        A name that `method_from_name` takes.
    **given
        Any of `PARAMETERS`: those of the method (see `Settings`), of the problem, and of the run. The number of
        Byzantine devices is given as f, as H = N - f, or as alpha = f / N; random sparsification's strength as k or as
        delta = Q / k - 1.

    Raises
    ------
    ValueError
        If a name is unknown, a value is out of range, or two values contradict each other.
    """
    for name in given:
        if name not in PARAMETERS:
            raise ValueError(f"simulate has no parameter {name!r}; {near_misses(name, PARAMETERS)}")
    _check_numbers(given)
    paper = defaults(method)
    values = {**COMMON_DEFAULTS, **paper}
    problem_name = str(given.get("problem", paper["problem"])).strip().lower()
    lookup("problem", problem_name, PROBLEMS)
    if problem_name not in _PROBLEM_FIELDS:
        values |= DATA_DEFAULTS
    if any(name in given for name in _COUNTS):
        values = {name: value for name, value in values.items() if name not in _COUNTS}
    values |= {name: int(value) if name in _WHOLE and value is not None else value for name, value in given.items()}
    values |= _byzantine_counts(values)
    problem = _problem(problem_name, values, given)
    values["Q"] = problem.dimension
    if "delta" in given:
        values["k"] = _kept(given, problem.dimension)
    settings = {name: values[name] for name in _METHOD_FIELDS if name in values}
    chosen = method_from_name(method, **settings, f=values["f"])
    x0 = values["x0"]
    configuration = Configuration(
        chosen,
        problem,
        iterations=values["T"],
        gamma=values["gamma"],
        attack=None if values["attack"] in (None, "none") else values["attack"],
        byzantine=values["byzantine"],
        x0=None if x0 == 0 else np.full(problem.dimension, float(x0)),
        dtype=values["dtype"],
        record_every=values["record_every"],
        xp=values.get("xp", "numpy"),
        device=values.get("device"),
    )
    unused = _unused(chosen.name)
    shown = {name: values[name] for name in sorted(values) if name not in unused}
    return Experiment(configuration, shown, _notes(chosen.name, given))


def _check_numbers(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if value is None or name not in _WHOLE | _REAL:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not np.isfinite(value):
            raise ValueError(f"{name}={value!r} has to be a finite number")
        if name in _WHOLE and value != int(value):
            raise ValueError(f"{name}={value!r} has to be a whole number")


def _byzantine_counts(values: Mapping[str, Any]) -> dict[str, Any]:
    """f, H and alpha, from those of them that are given."""
    N = values["N"]
    counts = {
        "f": values.get("f"),
        "H": None if values.get("H") is None else N - values["H"],
        "alpha": None if values.get("alpha") is None else values["alpha"] * N,
    }
    known = {name: count for name, count in counts.items() if count is not None}
    first, f = next(iter(known.items()))
    for name, count in known.items():
        if abs(count - round(count)) > 1e-9 * N:
            raise ValueError(f"{name}={values[name]} of N={N} devices makes {count} Byzantine devices, no whole number")
        if round(count) != round(f):
            raise ValueError(
                f"{first}={values[first]} and {name}={values[name]} contradict each other: {round(f)} and "
                f"{round(count)} Byzantine devices of N={N}"
            )
    f = round(f)
    return {"f": f, "H": N - f, "alpha": f / N}


def _problem(name: str, values: Mapping[str, Any], given: Mapping[str, Any]) -> ProblemFamily:
    fields = _PROBLEM_FIELDS.get(name, _DATA_FIELDS)
    if name == "lad" and "M" in given and given["M"] != values["N"]:
        raise ValueError(f"the problem 'lad' has as many subsets as devices, got M={given['M']}, N={values['N']}")
    return PROBLEMS[name](**{field: values[key] for key, field in fields.items() if key in values})


def _kept(given: Mapping[str, Any], Q: int) -> int:
    delta = float(given["delta"])
    k = Q / (1 + delta) if delta > -1 else 0.0
    if not 1 <= round(k) <= Q or abs(k - round(k)) > 1e-9 * Q:
        raise ValueError(f"delta={given['delta']} keeps Q/(1 + delta) = {k:g} of Q={Q} coordinates, no whole number")
    if "k" in given and given["k"] != round(k):
        raise ValueError(f"k={given['k']} and delta={given['delta']} contradict each other: delta keeps {round(k)}")
    return round(k)


def _unused(method: str) -> set[str]:
    """Parameters that do not concern a method, among those that concern only some."""
    lowered = method.strip().lower()
    concerns = {
        ("d",): "lad-" in lowered,
        ("r", "allocation"): lowered.startswith(("cra-", "sgc")),
        ("k", "delta", "compressor"): lowered.startswith("com-"),
        ("tgn",): lowered == "com-tgn",
        ("code",): lowered == "draco",
        ("trim", "trimming"): "cwtm" in lowered or "trimmed-mean" in lowered,
    }
    return {name for names, used in concerns.items() if not used for name in names}


def _notes(method: str, given: Mapping[str, Any]) -> tuple[str, ...]:
    unused = _unused(method)
    return tuple(f"{name}={value} does not concern {method}" for name, value in given.items() if name in unused)

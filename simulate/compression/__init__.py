"""Unbiased compressors of vectors (..., q) of any array library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..naming import build
from .base import Composition, Compressor, Identity
from .quantisation import QSGD, Natural, StochasticQuantisation, TernGrad
from .sparsification import Bernoulli, RandomSparsification

COMPRESSORS: dict[str, Callable[..., Compressor]] = {
    "identity": Identity,
    "rand-k": RandomSparsification,
    "bernoulli": Bernoulli,
    "quantisation": StochasticQuantisation,
    "qsgd": QSGD,
    "terngrad": TernGrad,
    "natural": Natural,
}
"""The compressors by name."""

_ALIASES = {"none": "identity", "random-sparsification": "rand-k", "stochastic-quantisation": "quantisation"}


def compressor_from_name(name: str, **parameters: Any) -> Compressor:
    """Make a compressor from its name: ``("rand-k", k=30)``, ``("rand-k:30")``, or composed, ``("rand-k:30+qsgd:4")``.

    Parameters
    ----------
    name
        Keys of `COMPRESSORS`, in any case, joined by ``+`` in the order of application; a value after a colon is the
        first parameter.
    **parameters
        Fields of the compressor; only where the name is a single one.

    Raises
    ------
    ValueError
        If there is no such compressor (the text names near misses) or it does not take the parameters.
    """
    table = {**COMPRESSORS, **{alias: COMPRESSORS[full] for alias, full in _ALIASES.items()}}
    parts = name.split("+")
    if len(parts) > 1 and parameters:
        raise ValueError(f"compressor {name!r} is composed: give parameters as name:value, not {sorted(parameters)}")
    result = build("compressor", parts[0], table, parameters)
    for part in parts[1:]:
        result = result >> build("compressor", part, table, {})
    return result


__all__ = [
    "COMPRESSORS",
    "QSGD",
    "Bernoulli",
    "Composition",
    "Compressor",
    "Identity",
    "Natural",
    "RandomSparsification",
    "StochasticQuantisation",
    "TernGrad",
    "compressor_from_name",
]

"""What the catalogue says about a rule: the published constant, and the best upper end that is proved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import sympy as sp

from ...bounds.cra import table1
from ...bounds.numeric import evaluate
from ...bounds.robustness import STATEMENTS
from ...bounds.robustness.parts import OWN
from .exact_lstat import Norm

Form = Literal["printed", "derived"]
#: Rule -> stem of its keys in the catalogue.
STEMS = {
    "cwtm": "cwtm",
    "median": "median",
    "median-lower": "median",
    "geometric-median": "geometric_median",
    "krum": "krum",
    "multikrum": "multikrum",
    "phocas": "phocas",
    "phocas-vector": "phocas",
    "meamed": "meamed",
    "faba": "faba",
    "mda": "mda",
    "smea": "smea",
    "krum-blanchard": "krum_blanchard",
    "krum-inclusive": "krum_inclusive",
    "caf": "caf",
    "bulyan": "bulyan",
    "huber": "huber",
    "centered-clipping": "centered_clipping",
    "correntropy": "correntropy",
}
#: Rule -> row of Table I of the CRA paper.
TABLE_I = {
    "cwtm": "trimmed_mean",
    "median": "median",
    "median-lower": "median",
    "geometric-median": "geometric_median",
    "krum": "krum",
    "krum-blanchard": "krum",
    "krum-inclusive": "krum",
    "phocas": "phocas",
    "phocas-vector": "phocas",
    "faba": "faba",
}
#: Messages in a bucket, where the name of the rule does not say.
BUCKET = 2
_BY_KEY = {statement.key: statement for statement in (*STATEMENTS, *table1.STATEMENTS)}


@dataclass(frozen=True)
class Constant:
    """A value from the catalogue.

    Attributes
    ----------
    value : sympy number or None
        None where a hypothesis of the statement fails: it says nothing there.
    source : str
        ``"published (robustness.kappa.krum)"`` or ``"proof (robustness.kappa.krum)"``.
    """

    value: sp.Expr | None
    source: str


def _keys(rule: str, n: int, norm: Norm) -> tuple[str, ...]:
    """Keys that may hold for this rule, the most specific first."""
    stem = STEMS.get(rule)
    if stem is None:
        return ()
    parity = "odd" if n % 2 else "lower" if rule == "median-lower" else "even"
    names = (f"{stem}_{parity}", stem, f"{stem}_third")
    return tuple(f"robustness.{'kappa' if norm == 'mean' else 'c_alpha'}.{name}" for name in names)


def _evaluate(key: str, parameters: dict[str, sp.Expr], form: Form) -> Constant | None:
    """One form of a statement at a point; None where there is no such statement or form."""
    statement = _BY_KEY.get(key)
    if statement is None or getattr(statement, form) is None:
        return None
    if form == "printed" and statement.source.paper == "byzbounds":  # a sharp form of this project's own
        return None
    if form == "printed" and statement.source.paper == OWN:
        return None
    values = {symbol.name: parameters[symbol.name] for symbol in statement.symbols if symbol.name in parameters}
    if len(values) < len(statement.symbols):
        return None
    source = f"{'published' if form == 'printed' else 'proof'} ({key})"
    try:
        result = evaluate(statement, values, form=form)
    except ValueError:  # outside the domain: another parity, no Byzantine message, too many of them
        return Constant(None, source)
    return Constant(None if result.vacuous else sp.sympify(result.exact), source)


def _parameters(n: int, f: int, dim: int | None) -> dict[str, sp.Expr]:
    # Table I's median saturates at Q = 4 (N - alpha N), so 4 N stands for every dimension.
    return {
        "N": sp.Integer(n),
        "H": sp.Integer(n - f),
        "alpha": sp.Rational(f, n),
        "Q": sp.Integer(4 * n if dim is None else dim),
    }


def _lookup(rule: str, n: int, f: int, norm: Norm, dim: int | None, form: Form) -> Constant | None:
    """The smallest value under the keys of a rule; one without a value only if there is no other."""
    keys = _keys(rule, n, norm)
    if form == "printed" and norm == "max":
        keys = (f"cra.table1.{TABLE_I[rule]}",) if rule in TABLE_I else ()
    found = [_evaluate(key, _parameters(n, f, dim), form) for key in keys]
    return min(
        (constant for constant in found if constant is not None),
        key=lambda constant: math.inf if constant.value is None else float(constant.value),
        default=None,
    )


def published(rule: str, n: int, f: int, norm: Norm, dim: int | None = None) -> Constant | None:
    """The published constant of a rule.

    Parameters
    ----------
    rule : str
        Name on the command line; a misuse is held against what is published for the rule itself.
    n, f : int
        Numbers of messages and of Byzantine ones.
    norm : {"mean", "max"}
        kappa (Allouah et al. 2023) or C_alpha^2 (CRA Table I).
    dim : int or None
        Dimension, where the constant depends on it; None for every dimension.

    Returns
    -------
    Constant or None
        None where nothing is published. For ``nnm+F`` the published kappa of F enters.
    """
    base = rule.partition(":")[0]
    if base.startswith("nnm+") and norm == "mean":
        inner = published(base.removeprefix("nnm+"), n, f, norm, dim)
        return None if inner is None or inner.value is None else _mixed(inner.value, n, f, "printed")
    return _lookup(base, n, f, norm, dim, "printed")


def proved(rule: str, n: int, f: int, norm: Norm, dim: int | None = None) -> Constant | None:
    """The best upper end with a proof; C_alpha^2 <= kappa serves where nothing better is known.

    Parameters
    ----------
    rule, n, f, norm, dim
        As for :func:`published`; a misuse has none.

    Returns
    -------
    Constant or None
    """
    candidates = [_lookup(rule, n, f, norm, dim, "derived")]
    if rule.startswith("nnm+"):
        inner = proved(rule.removeprefix("nnm+"), n, f, "mean", dim)
        if inner is not None and inner.value is not None:
            candidates.append(_mixed(inner.value, n, f, "derived"))
    elif rule.startswith("bucketing+"):
        inner = proved(rule.removeprefix("bucketing+"), n // BUCKET, f, "mean", dim)
        if inner is not None and inner.value is not None:
            values = {**_parameters(n, f, None), "kappa": inner.value, "s": sp.Integer(BUCKET)}
            candidates.append(_evaluate("robustness.kappa.bucketing", values, "derived"))
    elif norm == "max":
        candidates.append(_lookup(rule, n, f, "mean", dim, "derived"))
    useful = [found for found in candidates if found is not None and found.value is not None]
    return min(useful, key=lambda found: float(sp.N(found.value)), default=None)


def _mixed(inner: sp.Expr, n: int, f: int, form: Form) -> Constant | None:
    return _evaluate("robustness.kappa.nnm", {**_parameters(n, f, None), "kappa": inner}, form)

"""C_alpha^2 of the rules in the CRA paper's Table I, from kappa."""

from __future__ import annotations

import sympy as sp

from ..cra import table1
from ..inequalities import Algebra
from ..proof import Chain, Derivation
from ..statement import Hypothesis, Kind, Relation, Role, Source, Statement
from ..symbols import H, N, alpha, kappa
from . import around, geometric, krum, lstatistics
from .parts import EVEN, MINORITY, ODD, OWN

_C2 = sp.Symbol("C2", nonnegative=True)
_PRINTED = {statement.key: statement.printed for statement in table1.STATEMENTS}
_KAPPA = {statement.key: statement for part in (lstatistics, geometric, around, krum) for statement in part.STATEMENTS}
_SOME = Hypothesis("at least one Byzantine device", sp.Gt(alpha, 0))
_MANY = Hypothesis("at least a third Byzantine", sp.Ge(alpha, sp.Rational(1, 3)), Role.CONDITION)


def _derivation(name: str) -> Derivation:
    """From kappa, with the fraction of Byzantine devices in place of the number of honest ones."""
    formula = _KAPPA[f"robustness.kappa.{name}"].derived
    assert formula is not None
    chain = Chain(f"robustness.c_alpha.{name}", _C2, "C_alpha^2 from kappa")
    chain.bound({_C2: kappa}, "robustness.c_alpha.below_kappa")
    chain.define({kappa: formula}, f"robustness.kappa.{name}")
    chain.define({H: N - alpha * N}, "H = N - alpha N")
    chain.equals(sp.factor(chain.now), Algebra())
    return chain.derivation(
        uses=("robustness.c_alpha.below_kappa", f"robustness.kappa.{name}"), meanings={_C2: r"C_\alpha^2"}
    )


def _statement(name: str, row: str | None, tight: bool, *hypotheses: Hypothesis) -> Statement:
    title = _KAPPA[f"robustness.kappa.{name}"].title.replace("kappa of", "C_alpha^2 of")
    sharp = "Over all dimensions it is kappa itself: the worst values can be rotated over the coordinates."
    return Statement(
        key=f"robustness.c_alpha.{name}",
        title=title,
        source=Source(OWN, "from kappa" if row is None else "beside CRA Table I"),
        kind=Kind.CONSTANT,
        relation=Relation.TIGHT_UPPER if tight else Relation.UPPER,
        lhs=r"C_\alpha^2",
        printed=None if row is None else _PRINTED[f"cra.table1.{row}"],
        derivation=lambda: _derivation(name),
        hypotheses=(MINORITY, *hypotheses),
        uses=("robustness.c_alpha.below_kappa", f"robustness.kappa.{name}"),
        text=sharp if tight else "At most kappa.",
    )


STATEMENTS = (
    _statement("cwtm", "trimmed_mean", True),
    _statement("median_odd", "median", True, ODD),
    _statement("median_even", "median", True, EVEN),
    _statement("geometric_median", "geometric_median", False),
    _statement("geometric_median_odd", "geometric_median", False, ODD),
    _statement("krum_third", "krum", False, _SOME, _MANY),
    _statement("phocas", "phocas", True),
    _statement("meamed_odd", None, True, ODD),
    _statement("meamed_even", None, True, EVEN),
)

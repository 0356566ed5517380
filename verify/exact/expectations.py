"""LAD's lemmas on expected squared norms against exact enumeration, for all gradients at once."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ...bounds.statement import Relation, Statement
from ..points import SIDES, Tally, bound, fraction
from ..probe import Settings
from ..quadratic import Coefficients, coefficients, names, small_sizes
from ..verdict import Check, Outcome, Verdict
from . import forms
from .matrices import infimum, points
from .moments import Size, moments

#: Largest N, and the (Q, kept) of random sparsification.
_LIMITS: dict[str, tuple[int, tuple[tuple[int, int], ...]]] = {
    "quick": (4, ((1, 1), (2, 1))),
    "paper": (5, ((1, 1), (2, 1), (3, 1))),
    "full": (6, ((1, 1), (2, 1), (3, 1), (3, 2))),
}


def check_expectation(statement: Statement, settings: Settings, observable: str) -> Verdict:
    """Compare the statement with the exact expected form of an observable, at every small size.

    Parameters
    ----------
    statement : Statement
        Whose formula is ``c_V V + c_g ||grad F||^2`` (or with beta^2), perhaps times kappa: then the left-hand side is
        the largest that LAD Definition 1 allows, kappa times the observable.
    settings : Settings
        The preset gives the sizes.
    observable : str
        Name in :mod:`~byzbounds.verify.observables`.

    Returns
    -------
    Verdict
        For an equality the two matrices have to be the same; for a bound their difference has to be positive
        semidefinite, which says that the bound holds for all gradients; for a tight bound it has to be singular too.
    """
    tally = Tally(statement, Check.EXACT)
    largest, supports = _LIMITS[settings.preset]
    used = names(statement)
    for devices, honest, load in small_sizes(largest):
        for dimension, kept in supports if "delta" in used else supports[:1]:
            size = Size(devices, honest, load, dimension, kept)
            if dimension > 1 and devices > 4:
                continue
            values = {"N": devices, "H": honest, "d": load, "delta": size.delta, "kappa": Fraction(3, 2)}
            _check_size(tally, statement, observable, size, values, literal=devices <= 3)
    return tally.verdict(
        "expected quadratic forms compared for all gradients at once; lhs, rhs at the tightest gradients"
    )


def _check_size(
    tally: Tally, statement: Statement, observable: str, size: Size, values: dict[str, Any], literal: bool
) -> None:
    claimed = coefficients(statement, values)
    if claimed is None:
        tally.skip()
        return
    result = moments(size, literal)
    factor = values["kappa"] if "kappa" in names(statement) else Fraction(1)
    observed = [[factor * entry for entry in row] for row in result.forms[observable]]
    outcome, vector = compare(observed, claimed, statement.relation)
    lhs = forms.value(observed, vector)
    rhs = forms.value(forms.claim(size.devices, claimed.variance, claimed.gradient), vector)
    witness = {"gradients": [str(entry) for entry in vector]} if outcome is Outcome.REFUTED else None
    shown = {name: str(values[name]) for name in sorted(names(statement) & set(values))}
    tally.add(outcome, shown, lhs, rhs, samples=result.cases, witness=witness)


def compare(observed: forms.Matrix, claimed: Coefficients, relation: Relation) -> tuple[Outcome, list[Fraction]]:
    """Compare an exact form with a claimed one; the vector is where the two are closest, or the witness."""
    size = len(observed)
    claim = forms.claim(size, claimed.variance, claimed.gradient)
    rest = forms.subtract(claim, observed)
    sides, tight = SIDES[relation]
    if sides == ">=":
        rest = [[-entry for entry in row] for row in rest]
    vector = closest(rest, claim)
    if sides == "=":
        return (Outcome.HOLDS, vector) if forms.is_zero(rest) else (Outcome.REFUTED, _nonzero(rest))
    if not forms.is_positive_semidefinite(rest):
        witness = forms.negative_direction(rest) or forms.negative_direction(rest, 10**6)
        return (Outcome.REFUTED, witness) if witness else (Outcome.INCONCLUSIVE, vector)
    attained = not tight or forms.value(rest, vector) == 0
    return (Outcome.HOLDS if attained else Outcome.REFUTED), vector


def closest(rest: forms.Matrix, claim: forms.Matrix) -> list[Fraction]:
    """The gradients with the smallest relative slack, among one outlier, two that cancel, and all equal.

    These span the two invariant subspaces of a form of S_N symmetry. Gradients at which the claim itself is zero show
    nothing and are passed over, unless it is zero for all.
    """
    size = len(rest)
    zero, one = Fraction(0), Fraction(1)
    candidates = [
        [one if k == 0 else -one if k == 1 else zero for k in range(size)],
        [one if k == 0 else zero for k in range(size)],
        [one] * size,
    ]
    telling = [vector for vector in candidates if forms.value(claim, vector) != 0]
    if not telling:
        return candidates[0]
    return min(telling, key=lambda vector: forms.value(rest, vector) / abs(forms.value(claim, vector)))


def _nonzero(rest: forms.Matrix) -> list[Fraction]:
    size = len(rest)
    basis = [[Fraction(int(k in pair)) for k in range(size)] for i in range(size) for j in range(i, size)
             for pair in ({i, j},)]  # fmt: skip
    return next(vector for vector in basis if forms.value(rest, vector) != 0)


def check_infimum(statement: Statement, settings: Settings) -> Verdict:
    """Lemma 1 of the LAD paper: the infimum over every matrix of the set, and that the cyclic matrix attains it."""
    tally = Tally(statement, Check.EXACT)
    classes = 0
    for devices, load, honest in points(int(settings.choose(4, 5, 5))):  # type: ignore[call-overload]
        values = {"N": devices, "H": honest, "d": load}
        exact = bound(statement, values)
        if exact is None:
            tally.skip()
            continue
        claimed = fraction(exact)
        found = infimum(devices, load, honest)
        classes += found.classes
        right = found.value == claimed == found.cyclic
        tally.add(
            Outcome.HOLDS if right else Outcome.REFUTED,
            values,
            found.value,
            claimed,
            samples=found.classes,
            witness={"infimum": str(found.value), "cyclic": str(found.cyclic)},
        )
    return tally.verdict(f"infimum over all {classes} matrices of the set up to row and column permutations")

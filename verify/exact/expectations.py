"""LAD's lemmas on expected squared norms against exact enumeration, for all gradients at once."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal

from ...bounds.statement import Relation, Statement
from ..points import SIDES, Tally, bound, fraction
from ..probe import Settings
from ..quadratic import Coefficients, coefficients, names, small_sizes
from ..verdict import Check, Outcome, Verdict
from . import forms
from .matrices import infimum, points, row_classes
from .moments import Size, moments

Part = Literal["whole", "variance", "gradient"]

#: Largest N, and the (Q, kept) of random sparsification.
_LIMITS: dict[str, tuple[int, tuple[tuple[int, int], ...]]] = {
    "quick": (4, ((1, 1), (2, 1))),
    "paper": (5, ((1, 1), (2, 1), (3, 1))),
    "full": (6, ((1, 1), (2, 1), (3, 1), (3, 2))),
}


def check_expectation(
    statement: Statement, settings: Settings, observable: str, part: Part = "whole", any_matrix: bool = False
) -> Verdict:
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
    part : {"whole", "variance", "gradient"}
        Whether the formula is the whole right-hand side, or only the coefficient of V (with beta^2) or of
        ``||grad F||^2``: then only gradients that add up to zero, or that are all equal, are looked at.
    any_matrix : bool
        Whether to run through all computation matrices with d ones a row (up to symmetry), and not only the cyclic one.

    Returns
    -------
    Verdict
        For an equality the two matrices have to be the same; for a bound their difference has to be positive
        semidefinite, which says that the bound holds for all gradients; for a tight bound it has to be singular too
        (with any matrix: for some matrix at each size).
    """
    tally = Tally(statement, Check.EXACT)
    largest, supports = _LIMITS[settings.preset]
    used = names(statement)
    for devices, honest, load in small_sizes(min(largest, 4) if any_matrix else largest):
        for dimension, kept in supports if "delta" in used else supports[:1]:
            if dimension == 1 or devices <= 4:
                size = Size(devices, honest, load, dimension, kept)
                _check_size(tally, statement, observable, size, part, any_matrix)
    return tally.verdict("expected quadratic forms compared for all gradients; lhs and rhs at the tightest gradients")


def _matrices(size: Size, any_matrix: bool) -> list[tuple[tuple[int, ...], ...] | None]:
    if not any_matrix:
        return [None]
    return [
        tuple(tuple(mask >> k & 1 for k in range(size.devices)) for mask in rows)
        for rows in row_classes(size.devices, size.load)
    ]


def _check_size(tally: Tally, statement: Statement, observable: str, size: Size, part: Part, any_matrix: bool) -> None:
    values: dict[str, Any] = {
        "N": size.devices,
        "H": size.honest,
        "d": size.load,
        "delta": size.delta,
        "kappa": Fraction(3, 2),
    }
    used = names(statement)
    factor = values["kappa"] if "kappa" in used else Fraction(1)
    found = []
    for table in _matrices(size, any_matrix):
        if table is not None:
            values["theta_sq"] = sum(sum(column) ** 2 for column in zip(*table, strict=True))
            values["spread"] = values["theta_sq"] - size.devices * size.load**2
        result = moments(size, table is None and size.devices <= 3, table)
        observed = [[factor * entry for entry in row] for row in result.forms[observable]]
        claimed = _claimed(statement, values, observed, part)
        if claimed is None:
            tally.skip()
            return
        found.append((*compare(observed, claimed, statement.relation), observed, claimed, result.cases, table))
    _add(tally, statement.relation, found, {name: str(values[name]) for name in sorted(used & set(values))})


def _claimed(statement: Statement, values: dict[str, Any], observed: forms.Matrix, part: Part) -> Coefficients | None:
    """The claimed coefficients; the one that the statement does not speak of is as observed."""
    size = len(observed)
    if part == "whole":
        return coefficients(statement, values)
    exact = bound(statement, {**values, "beta": 1, "V": 1})
    if exact is None:
        return None
    number = fraction(exact)
    equal = [Fraction(1)] * size
    cancelling = [Fraction(1), Fraction(-1), *[Fraction(0)] * (size - 2)]
    if part == "variance":
        return Coefficients(number, forms.value(observed, equal) / size**2)
    return Coefficients(forms.value(observed, cancelling) * size / 2, number)


def _add(tally: Tally, relation: Relation, found: list[tuple[Any, ...]], shown: dict[str, str]) -> None:
    """Count the worst matrix of a size; a tight bound need only be attained by one of them."""
    _, tight = SIDES[relation]
    refuted = [entry for entry in found if entry[0] is Outcome.REFUTED]
    loose = [entry for entry in refuted if tight and _attained_elsewhere(relation, entry, found)]
    entry = next((entry for entry in refuted if entry not in loose), found[0])
    outcome, vector, observed, claimed, _, table = entry
    outcome = Outcome.HOLDS if entry in loose else outcome
    claim = forms.claim(len(observed), claimed.variance, claimed.gradient)
    witness = {"gradients": [str(number) for number in vector], "matrix": table}
    tally.add(
        outcome,
        shown,
        forms.value(observed, vector),
        forms.value(claim, vector),
        samples=sum(entry[4] for entry in found),
        witness=witness if outcome is Outcome.REFUTED else None,
    )


def _attained_elsewhere(relation: Relation, entry: tuple[Any, ...], found: list[tuple[Any, ...]]) -> bool:
    """Whether an entry is refuted for not attaining a bound only, and another one attains it."""
    loose = Relation.UPPER if relation is Relation.TIGHT_UPPER else Relation.LOWER
    bound_holds = SIDES[relation][0] != "=" and compare(entry[2], entry[3], loose)[0] is Outcome.HOLDS
    return bound_holds and any(other[0] is Outcome.HOLDS for other in found)


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

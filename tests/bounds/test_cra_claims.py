"""What the CRA paper says in words."""

from __future__ import annotations

import pytest
import sympy as sp

from byzbounds.bounds import get
from byzbounds.bounds.claims import Monotone, Truth
from byzbounds.bounds.cra import claims
from byzbounds.bounds.symbols import M, r

TRUE = (
    "remark1.decreasing",
    "remark1.full",
    "remark1.order",
    "remark1.closer",
    "remark2.decreasing",
    "remark2.full",
    "remark2.robust",
    "eq35.decreasing",
    "remark3.form",
    "remark3.decreasing",
    "remark3.full",
    "remark3.robust",
    "experiments.trimmed_mean_3",
    "experiments.exact_codes",
)
FALSE = (
    "allocation.whole",
    "allocation.even",
    "allocation.held",
    "theorem1.positive",
    "definition1.alpha_only",
    "experiments.median_20",
    "experiments.trimmed_mean_20",
    "experiments.phocas_3",
    "experiments.any_rule",
    "experiments.heterogeneity",
)


@pytest.mark.parametrize(("name", "truth"), [*((n, Truth.TRUE) for n in TRUE), *((n, Truth.FALSE) for n in FALSE)])
def test_ruling(name: str, truth: Truth) -> None:
    assert get(f"cra.{name}").claim.decide().truth is truth


def test_none_is_left_undecided() -> None:
    rulings = [statement.claim.decide() for statement in claims.STATEMENTS if statement.claim is not None]
    assert Truth.UNDECIDED not in {ruling.truth for ruling in rulings}
    assert all(
        ruling.witness or "without bound" in ruling.evidence for ruling in rulings if ruling.truth is Truth.FALSE
    )


def test_a_wrong_claim_is_refuted() -> None:
    wrong = Monotone((M - r) ** 2, r, "increasing", conditions=get("cra.lemma1").domain[:1])
    assert wrong.decide().truth is Truth.FALSE


def test_the_two_floors_agree_where_rates_vanish() -> None:
    gamma0 = next(symbol for symbol in get("cra.remark3").symbols if symbol.name == "gamma0")
    limit = get("cra.remark3").derived.subs(gamma0, 0)
    assert sp.simplify(limit - get("cra.remark2").derived) == 0

"""Exact enumeration: true statements hold, and each kind of wrong one is refuted with a witness."""

from fractions import Fraction

import pytest
import sympy as sp

from byzbounds.bounds.statement import Hypothesis, Kind, Relation, Source, Statement
from byzbounds.bounds.symbols import H, N, V, beta, d, delta, grad_sq, kappa
from byzbounds.verify.exact import forms
from byzbounds.verify.exact.expectations import check_expectation, check_infimum
from byzbounds.verify.exact.matrices import cyclic_rows, deviation, row_classes
from byzbounds.verify.exact.moments import Size, cyclic, moments
from byzbounds.verify.probe import Settings
from byzbounds.verify.verdict import Outcome

DOMAIN = (
    Hypothesis("two devices", sp.Ge(N, 2)),
    Hypothesis("a majority is honest", sp.Gt(2 * H, N)),
    Hypothesis("H <= N", sp.Le(H, N)),
    Hypothesis("d <= N", sp.Le(d, N)),
)
QUICK = Settings("quick")


def claim(formula, relation=Relation.EQUALITY):
    return Statement("test.claim", "", Source("test", ""), Kind.LEMMA, relation, "", formula, hypotheses=DOMAIN)


LEMMA1 = (N - H) * (N - d) / (d * H * (N - 1) * N)
LEMMA2 = (N - d) / (d * (N - 1))
MEAN = (N - H) * (N - d) / (d * H * (N - 1) ** 2)
DISPERSION = V * (H - 1) / H * LEMMA2 * (N / (N - 1) + delta) + delta * (H - 1) / (H * N**2) * grad_sq
SQUARE = V * LEMMA2 / H * ((N - H) / (N - 1) + delta) + (1 + delta / H) / N**2 * grad_sq

TRUE = {
    "coded deviation": LEMMA2 * V,
    "coded square": LEMMA2 * V + grad_sq / N**2,
    "mean coded deviation": MEAN * V,
    "sent dispersion": DISPERSION,
    "mean sent square": SQUARE,
    "compression error": delta * (LEMMA2 * V + grad_sq / N**2),
}


@pytest.mark.parametrize("observable", TRUE)
def test_a_true_equality_holds_for_all_gradients(observable):
    verdict = check_expectation(claim(TRUE[observable]), QUICK, observable)
    assert verdict.outcome is Outcome.HOLDS
    assert verdict.points >= 16
    assert verdict.vacuous >= 13


@pytest.mark.parametrize("observable", TRUE)
def test_the_same_as_a_tight_bound_holds_with_beta(observable):
    formula = TRUE[observable].subs(V, beta**2)
    assert check_expectation(claim(formula, Relation.TIGHT_UPPER), QUICK, observable).outcome is Outcome.HOLDS


@pytest.mark.parametrize("observable", TRUE)
@pytest.mark.parametrize("factor", [2, sp.Rational(1, 2), -1, sp.Rational(99, 100)])
def test_a_wrong_factor_is_refuted(observable, factor):
    verdict = check_expectation(claim(factor * TRUE[observable]), QUICK, observable)
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.counterexample is not None


def test_a_bound_that_is_too_small_is_refuted_with_gradients_that_violate_it():
    verdict = check_expectation(claim(sp.Rational(99, 100) * LEMMA2 * V, Relation.UPPER), QUICK, "coded deviation")
    assert verdict.outcome is Outcome.REFUTED
    witness = [Fraction(entry) for entry in verdict.counterexample["gradients"]]
    point = {name: int(value) for name, value in verdict.counterexample["point"].items()}
    size = Size(point["N"], point["H"], point["d"])
    variance = Fraction(99 * (size.devices - size.load), 100 * size.load * (size.devices - 1))
    rhs = forms.value(forms.claim(size.devices, variance, Fraction(0)), witness)
    assert forms.value(moments(size).forms["coded deviation"], witness) > rhs


def test_a_loose_bound_holds_but_is_not_tight():
    assert check_expectation(claim(2 * LEMMA2 * V, Relation.UPPER), QUICK, "coded deviation").outcome is Outcome.HOLDS
    tight = claim(2 * LEMMA2 * V, Relation.TIGHT_UPPER)
    assert check_expectation(tight, QUICK, "coded deviation").outcome is Outcome.REFUTED


def test_the_gradient_term_of_the_papers_chain_is_not_needed():
    needless = claim(MEAN * V + LEMMA1 / N * grad_sq)
    assert check_expectation(needless, QUICK, "mean coded deviation").outcome is Outcome.REFUTED


def test_kappa_multiplies_the_dispersion():
    verdict = check_expectation(claim(kappa * DISPERSION, Relation.UPPER), QUICK, "sent dispersion")
    assert verdict.outcome is Outcome.HOLDS


def test_no_admissible_point_is_vacuous_and_not_a_success():
    nowhere = Statement(
        "test.nowhere", "", Source("test", ""), Kind.LEMMA, Relation.EQUALITY, "", LEMMA2 * V,
        hypotheses=(Hypothesis("more honest devices than devices", sp.Gt(H, N)),),
    )  # fmt: skip
    verdict = check_expectation(nowhere, QUICK, "coded deviation")
    assert (verdict.outcome, verdict.points) == (Outcome.VACUOUS, 0)


def test_a_symbol_that_the_experiment_does_not_set_is_an_error():
    with pytest.raises(ValueError, match="sets no value for zeta"):
        check_expectation(claim(sp.Symbol("zeta") * V), QUICK, "coded deviation")


def test_the_infimum_of_lemma_1():
    verdict = check_infimum(claim(LEMMA1), QUICK)
    assert verdict.outcome is Outcome.HOLDS
    assert verdict.samples > 100


@pytest.mark.parametrize("wrong", [2 * LEMMA1, -LEMMA1, LEMMA1 * N / (N + 1), LEMMA1.subs(d, d + 1)])
def test_a_wrong_infimum_is_refuted(wrong):
    assert check_infimum(claim(wrong), QUICK).outcome is Outcome.REFUTED


def test_matrices_up_to_symmetry_are_counted_right():
    # One entry a row: multisets of rows up to relabelling of columns are the partitions of N.
    assert [len(row_classes(size, 1)) for size in (2, 3, 4, 5)] == [2, 3, 5, 7]
    # Complementing all rows maps load d to load N - d.
    assert len(row_classes(4, 3)) == len(row_classes(4, 1))


def test_the_value_of_a_matrix_does_not_change_under_symmetry():
    rows = (0b0011, 0b0101, 0b1001, 0b1100)
    swapped = tuple(sorted((row & 0b1100) | (row & 1) << 1 | (row & 2) >> 1 for row in rows))
    assert deviation(rows, 2, 3) == deviation(swapped, 2, 3)


def test_literal_and_reduced_enumeration_agree():
    size = Size(3, 2, 2, 2, 1)
    assert moments(size, literal=True).forms == moments(size).forms


def test_the_cyclic_matrix_has_d_ones_in_each_row_and_column():
    table = cyclic(5, 3)
    assert table.sum(axis=0).tolist() == table.sum(axis=1).tolist() == [3] * 5
    assert cyclic_rows(5, 3) == tuple(sorted(sum(int(bit) << k for k, bit in enumerate(row)) for row in table))


def test_positive_semidefiniteness_is_decided_exactly():
    singular = [[Fraction(1), Fraction(2)], [Fraction(2), Fraction(4)]]
    barely_not = [[Fraction(1), Fraction(2)], [Fraction(2), Fraction(4) - Fraction(1, 10**15)]]
    hidden = [[Fraction(0), Fraction(1)], [Fraction(1), Fraction(5)]]
    assert forms.is_positive_semidefinite(singular)
    assert not forms.is_positive_semidefinite(barely_not)
    assert not forms.is_positive_semidefinite(hidden)
    assert forms.negative_direction([[Fraction(1), Fraction(0)], [Fraction(0), Fraction(1)]]) is None

"""The prover finds certificates, the checker accepts only sound ones, and wrong steps are refuted."""

from __future__ import annotations

import copy
import json

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from byzbounds.bounds.checker import Rejected, verify
from byzbounds.bounds.inequalities import PSD, Algebra, Positivity, Replace, Squares, Status
from byzbounds.bounds.proof import Chain, Derivation, Step
from byzbounds.bounds.squares import Gram, SumSquare, deviations, lagrange, pairs
from byzbounds.bounds.symbols import H, N, V, beta, d, delta, eta, kappa

f = sp.Symbol("f", nonnegative=True)
t = sp.Symbol("t", nonnegative=True)
GRAM = Gram(("a", "b"))
A, B = GRAM.norm({"a": sp.S.One}), GRAM.norm({"b": sp.S.One})
SUM = GRAM.norm({"a": sp.S.One, "b": sp.S.One})
INNER = GRAM.product("a", "b")


def status(before, after, relation, by):
    return by.prove(sp.sympify(before), sp.sympify(after), relation).status


TRUE_STEPS = {
    "expansion": ((N - 1) ** 2, N**2 - 2 * N + 1, "=", Algebra()),
    "fractions": (1 / N + 1 / H, (N + H) / (N * H), "=", Algebra()),
    "square root": (sp.sqrt(kappa * V) / sp.sqrt(N), sp.sqrt(kappa) * sp.sqrt(N * V) / N, "=", Algebra()),
    "rational root": (sp.sqrt(2) * sp.sqrt(kappa), 2 * sp.sqrt(kappa / 2), "=", Algebra()),
    "split root": (
        sp.sqrt((N - H) / N),
        sp.sqrt(N * (N - H)) / N,
        "=",
        Algebra(shift={N: H + f}),
    ),
    "binomial": (sp.binomial(N - 2, H - 2) / sp.binomial(N, H), H * (H - 1) / (N * (N - 1)), "=", Algebra()),
    "fixed binomial": (2 * sp.binomial(N, 2), N * (N - 1), "=", Algebra()),
    "shifted": (H / N, sp.S.One, "<=", Positivity({N: H + f})),
    "two shifts": (N, 2 * H, "<=", Positivity({N: H + f, H: f + t})),
    "root positivity": (sp.sqrt(kappa), sp.sqrt(kappa) + kappa, "<=", Positivity()),
    "lower": (sp.S.One, H / N, ">=", Positivity({N: H + f})),
    "two squares": (SUM, 2 * A + 2 * B, "<=", PSD(GRAM)),
    "young": (INNER, (eta * A + B / eta) / 2, "<=", PSD(GRAM)),
    "weighted": (SUM, (1 + eta) * A + (1 + 1 / eta) * B, "<=", PSD(GRAM)),
    "replace": (kappa * V + 1, kappa * beta**2 + 1, "<=", Replace({V: beta**2})),
    "replace below": (1 - kappa * V, sp.S.One - kappa * beta**2, ">=", Replace({V: beta**2})),
}

FALSE_STEPS = {
    "expansion": ((N - 1) ** 2, N**2 - 2 * N + 2, "=", Algebra()),
    "binomial": (sp.binomial(N - 2, H - 2) / sp.binomial(N, H), H**2 / N**2, "=", Algebra()),
    "root": (sp.sqrt(kappa + V), sp.sqrt(kappa) + sp.sqrt(V), "=", Algebra()),
    "shifted": (sp.S.One, H / N, "<=", Positivity({N: H + f})),
    "two squares": (SUM, 2 * A + B, "<=", PSD(GRAM)),
    "young": (INNER, (eta * A + B) / 4, "<=", PSD(GRAM)),
    "replace": (kappa * V + 1, beta**2 + 1, "<=", Replace({V: beta**2})),
}


@pytest.mark.parametrize("name", TRUE_STEPS)
def test_true_steps_are_proved(name):
    assert status(*TRUE_STEPS[name]) is Status.PROVED


@pytest.mark.parametrize("name", FALSE_STEPS)
def test_false_steps_are_never_proved(name):
    assert status(*FALSE_STEPS[name]) in (Status.DOES_NOT_FOLLOW, Status.UNPROVED)


@pytest.mark.parametrize("name", ["expansion", "binomial", "shifted", "two squares", "replace"])
def test_false_steps_come_with_a_witness(name):
    before, after, relation, by = FALSE_STEPS[name]
    finding = by.prove(sp.sympify(before), sp.sympify(after), relation)
    assert finding.status is Status.DOES_NOT_FOLLOW
    assert finding.witness


def test_a_bound_of_the_wrong_sign_is_not_replaced():
    assert status(-kappa * V, -kappa * beta**2, "<=", Replace({V: beta**2})) is Status.UNPROVED
    assert status(kappa * V**2, kappa * beta**4, "<=", Replace({V: beta**2})) is Status.UNPROVED


@pytest.mark.parametrize("name", TRUE_STEPS)
def test_certificates_survive_json(name):
    before, after, relation, by = TRUE_STEPS[name]
    certificate = by.prove(sp.sympify(before), sp.sympify(after), relation).certificate
    verify(json.loads(json.dumps(certificate)))


@pytest.mark.parametrize("name", TRUE_STEPS)
def test_the_checker_rejects_tampered_certificates(name):
    before, after, relation, by = TRUE_STEPS[name]
    certificate = by.prove(sp.sympify(before), sp.sympify(after), relation).certificate
    gained = ["q", "-1/1"] if relation == "<=" else ["q", "1/1"]
    tampered = {**copy.deepcopy(certificate), "after": ["+", certificate["after"], ["*", gained, ["q", "7/1"]]]}
    with pytest.raises(Rejected):
        verify(tampered)


def test_the_checker_rejects_a_negative_weight():
    n, s, q = sp.symbols("n s q", positive=True)
    finding = Squares(((-sp.S.One, pairs(n, s, q)),)).prove(n * s, q, "<=")
    assert finding.status is Status.UNPROVED


def test_the_checker_rejects_a_false_root():
    certificate = Positivity().prove(sp.sqrt(kappa), 2 * sp.sqrt(kappa), "<=").certificate
    certificate["roots"] = [["kappa", ["*", ["q", "3/1"], "kappa"]]]
    with pytest.raises(Rejected, match="square"):
        verify(certificate)


def test_the_checker_rejects_a_root_that_is_declared_positive():
    certificate = Positivity().prove(sp.sqrt(V), 2 * sp.sqrt(V), "<=").certificate
    (name,) = [name for name in certificate["signs"] if name.startswith("root")]
    certificate["signs"][name] = "positive"
    with pytest.raises(Rejected, match="sign of the square root"):
        verify(certificate)


def test_two_symbols_of_one_name_are_refused():
    impostor = sp.Symbol("V", positive=True)
    with pytest.raises(ValueError, match="two symbols of one name"):
        Positivity().prove(V, V + impostor, "<=")


@pytest.mark.parametrize("broken", [{}, {"kind": "zero"}, {"signs": {}, "before": "x", "after": "x", "kind": "zero"}])
def test_the_checker_rejects_malformed_data(broken):
    with pytest.raises((Rejected, KeyError)):
        verify(broken)


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=1, max_size=5),
    st.tuples(st.integers(-5, 5), st.integers(-5, 5)),
)
def test_sums_of_squares_expand_correctly(vectors, centre):
    """What the checker takes for a sum of squares is one, on concrete vectors."""
    n = len(vectors)
    squares = sum(x * x + y * y for x, y in vectors)
    sums = [sum(v[k] for v in vectors) for k in (0, 1)]
    direct_pairs = sum((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 for i, p in enumerate(vectors) for q in vectors[:i])
    assert pairs(n, squares, sums[0] ** 2 + sums[1] ** 2).expand() == direct_pairs
    direct_deviations = sum((x - centre[0]) ** 2 + (y - centre[1]) ** 2 for x, y in vectors)
    inner = sums[0] * centre[0] + sums[1] * centre[1]
    assert deviations(n, squares, inner, centre[0] ** 2 + centre[1] ** 2).expand() == direct_deviations
    weights = [x - y + 1 for x, y in vectors]
    mixed = [sum(w * v[k] for w, v in zip(weights, vectors, strict=True)) for k in (0, 1)]
    direct_lagrange = sum(
        (weights[i] * q[k] - weights[j] * p[k]) ** 2
        for i, p in enumerate(vectors)
        for j, q in enumerate(vectors[:i])
        for k in (0, 1)
    )
    parts = (sum(w * w for w in weights), squares, mixed[0] ** 2 + mixed[1] ** 2)
    assert lagrange(*parts).expand() == direct_lagrange


def test_unknown_sum_of_squares_is_refused():
    with pytest.raises(ValueError, match="pairs, deviations or lagrange"):
        SumSquare("cubes", {}).expand()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=6, max_size=6))
def test_quadratic_forms_are_proved_exactly_when_semidefinite(entries):
    gram = Gram(("a", "b", "c"))
    matrix = sp.zeros(3, 3)
    for value, (i, j) in zip(entries, [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)], strict=True):
        matrix[i, j] = matrix[j, i] = value
    names = gram.vectors
    form = sum(matrix[i, j] * gram.product(names[i], names[j]) for i in range(3) for j in range(3))
    proved = PSD(gram).prove(sp.S.Zero, sp.sympify(form), "<=").status is Status.PROVED
    assert proved == bool(matrix.is_positive_semidefinite)


def test_a_derivation_must_chain():
    first = Step(N, N + 0, "=", Algebra())
    second = Step(H, H + 0, "=", Algebra())
    with pytest.raises(ValueError, match="does not begin where step 1 ends"):
        Derivation("broken", (first, second))
    with pytest.raises(ValueError, match="has no steps"):
        Derivation("empty", ())
    with pytest.raises(ValueError, match="mixes"):
        Derivation("mixed", (Step(N, N, "<=", Algebra()), Step(N, N, ">=", Algebra())))
    with pytest.raises(ValueError, match="is one of"):
        Step(N, N, "<<", Algebra())


def test_a_chain_computes_and_concludes():
    derivation = (
        Chain("example", kappa * V / d).bound({V: beta**2}, "heterogeneity").define({kappa: delta}).derivation()
    )
    assert derivation.relation == "<="
    assert derivation.conclusion == delta * beta**2 / d
    report = derivation.check()
    assert report.proved
    assert json.dumps(report.to_json())
    assert all(verify(certificate) is None for certificate in json.loads(derivation.certificates()))


def test_a_wrong_step_reports_difference_and_ratio():
    derivation = Chain("wrong", N * d).equals(2 * N * d).derivation()
    (report,) = derivation.check().failures
    assert report.status is Status.DOES_NOT_FOLLOW
    assert report.difference == N * d
    assert report.ratio == 2
    assert not derivation.proved


def test_a_failing_lemma_fails_the_derivation():
    lemma = Chain("lemma", N).equals(N + 1).derivation()
    whole = Chain("whole", N).equals(N).derivation(lemmas=(lemma,))
    assert not whole.proved

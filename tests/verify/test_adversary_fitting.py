"""Closed forms are found where there is one, and not where there is none."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from byzbounds.verify.adversary.fitting import Form, fits, fitted_markdown, simplest

SIZES = ((4, 1), (5, 1), (5, 2), (7, 1), (7, 2), (8, 2), (9, 3), (10, 2), (20, 4), (50, 20), (100, 3), (100, 40))
PLANTED = (
    lambda n, f: Fraction(4 * f, n - 2 * f),
    lambda n, f: Fraction(n, n - 2 * f) ** 2,
    lambda n, f: Fraction(4 * f * (n + 1), (n - f) * (n + 1 - 2 * f)),
)


@pytest.mark.parametrize("formula", PLANTED)
def test_planted_form_is_found(formula):
    """From lower ends that fall short by up to a thousandth."""
    short = np.random.default_rng(0).uniform(0.999, 1.0, len(SIZES))
    found = fits([(n, f, float(formula(n, f)) * part) for (n, f), part in zip(SIZES, short, strict=True)])
    assert len(found) == 1
    assert found[0].where == "all sizes"
    assert all(found[0].form(n, f) == formula(n, f) for n, f in SIZES)


def test_form_that_is_exceeded_at_a_size_it_has_not_seen_falls():
    points = [(n, f, 4 * f / (n - 2 * f)) for n, f in SIZES]
    assert simplest(points) is not None
    *rest, (n, f, value) = points
    assert simplest([*rest, (n, f, value * 1.01)]) is None


def test_form_that_is_not_reached_where_it_was_not_seen_falls():
    points = [(n, f, 4 * f / (n - 2 * f) * (1 if n < 9 else 0.9)) for n, f in SIZES]
    assert simplest(points) is None


def test_noise_has_no_form():
    noise = np.random.default_rng(1).uniform(0.5, 5.0, len(SIZES))
    assert fits([(n, f, value) for (n, f), value in zip(SIZES, noise, strict=True)]) == []


def test_too_few_sizes_have_no_form():
    assert fits([(n, f, 4 * f / (n - 2 * f)) for n, f in SIZES[:4]]) == []


def test_form_as_text():
    form = Form(Fraction(1, 2), ((1, 0, 1), (0, 1, 0)), ((1, -2, 0), (1, -1, -1)))
    assert str(form) == "(n + 1) f / (2 (n - 2f) (n - f - 1))"
    assert form(7, 2) == Fraction(8 * 2, 2 * 3 * 4)
    assert str(Form(Fraction(4), ((0, 1, 0),), ((1, -2, 0),))) == "4 f / (n - 2f)"
    assert str(Form(Fraction(1), (), ())) == "1"


def test_what_is_proved_is_said_to_be():
    def records(rule, formula):
        same = {"rule": rule, "norm": "mean", "dim": None, "exact": False}
        return [{**same, "n": n, "f": f, "lower": float(formula(n, f))} for n, f in SIZES]

    table = fitted_markdown([*records("phocas", PLANTED[0]), *records("nnm+cwtm", PLANTED[0])])
    assert "| phocas | kappa | 4 f / (n - 2f) | all sizes | 6 | 6 of 6 | proved |" in table
    assert "| nnm+cwtm | kappa | 4 f / (n - 2f) | all sizes | 6 | 6 of 6 | conjecture |" in table

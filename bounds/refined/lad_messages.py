"""Statements on the moments of the LAD messages.

Their derivations are in :mod:`~byzbounds.bounds.refined.lad_moments`.
"""

from __future__ import annotations

import sympy as sp

from ..statement import Hypothesis, Kind, Relation
from ..symbols import N, d
from . import lad_moments as moments
from .notation import DEVICES, HONEST, LAD_SETTING, LOAD, PERMUTED, UNBIASED, result, theta_sq

_EXACT = (DEVICES, LOAD, HONEST, PERMUTED)
_ROWS = Hypothesis(
    "every row of the computation matrix has d ones, and its column sums have the sum of squares theta_sq"
)
_RANGE = Hypothesis(
    "d^2 N <= theta_sq <= d N^2, as for any column sums", sp.And(sp.Ge(theta_sq, d**2 * N), sp.Le(theta_sq, d * N**2))
)
_EVEN = Hypothesis("every subset is computed by d devices, as with the cyclic matrix")
_MATRIX = (*_EXACT, _ROWS, _RANGE)
_DISPERSION_LHS = r"\mathbb{E}\tfrac1H\sum_{i\in\mathcal{H}}\|\mathbf{g}_i-\bar{\mathbf{g}}\|^2"
_NOISE_LHS = r"\mathbb{E}\|\bar{\mathbf{g}}-\boldsymbol\mu\|^2"

STATEMENTS = (
    result(
        "refined.lad.matrix.mean_error",
        "Noise of the honest average, any computation matrix",
        Relation.EQUALITY,
        _NOISE_LHS,
        moments.matrix_noise,
        _MATRIX,
        "Only the sum of the squared column sums matters, not which devices share which subsets.",
    ),
    result(
        "refined.lad.message_deviation",
        "Deviation of one message",
        Relation.EQUALITY,
        r"\mathbb{E}\|\mathbf{g}_i-\boldsymbol\mu\|^2",
        moments.message_deviation,
        (DEVICES, LOAD, PERMUTED),
        "Sampling d of N subset gradients without replacement; the same for every matrix.",
    ),
    result(
        "refined.lad.message_norm",
        "Norm of one message",
        Relation.EQUALITY,
        r"\mathbb{E}\|\mathbf{g}_i\|^2",
        moments.message_norm,
        (DEVICES, LOAD, PERMUTED),
        "An equality where the paper's (61) has the Frobenius norm of the whole matrix.",
        uses=("refined.lad.message_deviation",),
    ),
    result(
        "refined.lad.matrix.dispersion",
        "Dispersion of the honest messages, any computation matrix",
        Relation.EQUALITY,
        _DISPERSION_LHS,
        moments.matrix_dispersion,
        _MATRIX,
        "Noise and dispersion add up to the deviation of one message: what one matrix takes from the noise it gives "
        "to the dispersion.",
        uses=("refined.lad.message_deviation", "refined.lad.matrix.mean_error"),
    ),
    result(
        "refined.lad.mean_error",
        "Noise of the honest average",
        Relation.EQUALITY,
        _NOISE_LHS,
        moments.noise_balanced,
        (*_EXACT, _EVEN),
        "The gradient's norm, which the paper's (59) carries along, cancels.",
        uses=("refined.lad.matrix.mean_error",),
    ),
    result(
        "refined.lad.dispersion",
        "Dispersion of the honest messages",
        Relation.EQUALITY,
        _DISPERSION_LHS,
        moments.dispersion_balanced,
        (*_EXACT, _EVEN),
        "This is what a kappa-robust rule multiplies by kappa.",
        uses=("refined.lad.matrix.dispersion",),
    ),
    result(
        "refined.lad.corollary1.mean",
        "The cyclic matrix minimises the noise of the honest average",
        Relation.TIGHT_LOWER,
        _NOISE_LHS,
        moments.corollary_mean,
        (*LAD_SETTING, _ROWS),
        "Among all matrices with d ones a row, equal column sums have the least noise; fractional repetition has it "
        "too.",
        uses=("refined.lad.matrix.mean_error",),
        kind=Kind.COROLLARY,
    ),
    result(
        "refined.lad.corollary1.dispersion",
        "The cyclic matrix maximises the dispersion of the honest messages",
        Relation.TIGHT_UPPER,
        _DISPERSION_LHS,
        moments.corollary_dispersion,
        (*LAD_SETTING, _ROWS),
        "The quantity in which a robust rule's error is measured is the largest possible for equal column sums; it "
        "is zero when all devices compute the same task.",
        uses=("refined.lad.matrix.dispersion",),
        kind=Kind.COROLLARY,
    ),
    result(
        "refined.lad.dispersion.compressed",
        "Dispersion after compression",
        Relation.TIGHT_UPPER,
        r"\mathbb{E}\tfrac1H\sum_{i\in\mathcal{H}}\|\hat{\mathbf{g}}_i-\bar{\mathbf{g}}\|^2",
        moments.compressed_dispersion,
        (*_EXACT, _EVEN, UNBIASED),
        "An equality for a compressor that attains delta for every vector, such as random sparsification.",
        uses=("refined.lad.dispersion", "refined.lad.message_norm"),
    ),
    result(
        "refined.lad.mean_error.compressed",
        "Noise of the honest average after compression",
        Relation.TIGHT_UPPER,
        _NOISE_LHS,
        moments.compressed_noise,
        (*_EXACT, _EVEN, UNBIASED),
        "An equality for a compressor that attains delta for every vector.",
        uses=("refined.lad.mean_error", "refined.lad.message_norm"),
    ),
    result(
        "refined.lad.mean_norm.compressed",
        "Norm of the honest average after compression",
        Relation.TIGHT_UPPER,
        r"\mathbb{E}\|\bar{\mathbf{g}}\|^2",
        moments.compressed_mean,
        (*_EXACT, _EVEN, UNBIASED),
        "The average gradient's norm once, where the paper has it twice.",
        uses=("refined.lad.mean_error.compressed",),
    ),
    *(
        result(
            f"refined.lad.kappa{number}",
            f"Refined kappa{number}",
            Relation.UPPER,
            rf"\kappa_{number}'",
            derivation,
            LAD_SETTING,
            f"In the place of the paper's kappa{number}.",
            uses=(uses,),
            kind=Kind.CONSTANT,
        )
        for number, derivation, uses in (
            (1, moments.kappa1, "refined.lad.dispersion.compressed"),
            (2, moments.kappa2, "refined.lad.dispersion.compressed"),
            (3, moments.kappa3, "refined.lad.mean_norm.compressed"),
            (4, moments.kappa4, "refined.lad.mean_norm.compressed"),
        )
    ),
)

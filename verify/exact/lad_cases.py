"""Exact cases of the LAD paper's proof steps: computation matrices, moments at given gradients, whole iterations."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from ...bounds.catalogue import get
from ..cases import Case
from ..points import bound, number
from ..probe import Settings
from . import forms
from .iteration import Rationals, inner, norm_sq, rationals
from .lad_worlds import LadWorld, worlds
from .matrices import deviation, points, row_classes
from .moments import Size, moments

_MOMENTS = {
    "E_g": "coded square",
    "A_bar": "mean sent deviation",
    "B_dev": "coded deviation",
    "C_bar": "mean coded deviation",
    "E_err": "compression error",
}


def _tables(settings: Settings) -> Iterator[tuple[int, int, int, tuple[int, ...], dict[str, Any]]]:
    """Every computation matrix of a small size, up to symmetry, with its column sums."""
    for devices, load, honest in points(3 if settings.preset == "quick" else 4):
        for rows in row_classes(devices, load):
            theta = [sum(row >> k & 1 for row in rows) for k in range(devices)]
            pairs = sum(bin(a & b).count("1") for a, b in itertools.permutations(rows, 2))
            values = {
                "N": devices,
                "H": honest,
                "d": load,
                "E_hS": _row_norm(rows, honest),
                "P_rows": pairs,
                "Theta2": sum(count**2 for count in theta),
                "spread": sum((count - load) ** 2 for count in theta),
            }
            yield devices, load, honest, rows, values


@lru_cache(maxsize=4096)
def _row_norm(rows: tuple[int, ...], honest: int) -> Fraction:
    """``E ||h S||^2``."""
    sums = [
        sum(sum(row >> k & 1 for row in members) ** 2 for k in range(len(rows)))
        for members in itertools.combinations(rows, honest)
    ]
    return Fraction(sum(sums), len(sums))


def matrices(settings: Settings) -> Iterator[Case]:
    """``E || h S / (d H) - 1 / N ||^2``."""
    for _, load, honest, rows, values in _tables(settings):
        yield Case(deviation(rows, load, honest), values, {"rows": list(rows)})


def row_norms(settings: Settings) -> Iterator[Case]:
    """``E ||h S||^2``."""
    for _, _, _, rows, values in _tables(settings):
        yield Case(values["E_hS"], values, {"rows": list(rows)})


def shared_pairs(settings: Settings) -> Iterator[Case]:
    """Ones that two rows share, over all ordered pairs of rows."""
    for _, _, _, rows, values in _tables(settings):
        yield Case(values["P_rows"], values, {"rows": list(rows)})


def _gradient_sets(size: int, settings: Settings) -> Iterator[list[Fraction]]:
    yield [Fraction(int(k == 0)) for k in range(size)]
    yield [Fraction(1)] * size
    yield [Fraction((-1) ** k) for k in range(size)]
    for _ in range({"quick": 2, "paper": 4, "full": 8}[settings.preset]):
        yield [Fraction(int(entry)) for entry in settings.rng().integers(-5, 6, size)]


def at_gradients(observed: str, settings: Settings) -> Iterator[Case]:
    """An observable at given gradients in one dimension, with the other moments there as values."""
    for devices, honest, load, compressed in _sizes(settings):
        size = Size(devices, honest, load, *((2, 1) if compressed else (1, 1)))
        found = moments(size).forms
        for gradients in _gradient_sets(devices, settings):
            values = _values(size, gradients)
            values |= {name: forms.value(found[form], gradients) for name, form in _MOMENTS.items()}
            lhs = values["G_sq"] if observed == "total square" else forms.value(found[observed], gradients)
            yield Case(lhs, values, {"gradients": [str(entry) for entry in gradients]})


def _sizes(settings: Settings) -> Iterator[tuple[int, int, int, bool]]:
    for devices in (2, 3, 4) if settings.preset == "quick" else (2, 3, 4, 5):
        for honest in range(devices // 2 + 1, devices + 1):
            for load in range(1, devices + 1):
                for compressed in (False, True) if devices <= 4 else (False,):
                    yield devices, honest, load, compressed


def _values(size: Size, gradients: list[Fraction]) -> dict[str, Any]:
    total, squares = sum(gradients), sum((entry**2 for entry in gradients), Fraction(0))
    variance = squares / size.devices - (total / size.devices) ** 2
    return {
        "N": size.devices,
        "H": size.honest,
        "d": size.load,
        "delta": size.delta,
        "V": variance,
        "beta": sp.sqrt(number(variance)),
        "grad_sq": total**2,
        "G_sq": squares,
    }


def _single(settings: Settings) -> Iterator[tuple[Size, list[Fraction], dict[str, Any]]]:
    for devices, honest, load, compressed in _sizes(settings):
        if not compressed and honest == devices:
            size = Size(devices, honest, load)
            for gradients in _gradient_sets(devices, settings):
                yield size, gradients, _values(size, gradients)


def _computed(size: Size, gradients: list[Fraction]) -> Iterator[tuple[Fraction, ...]]:
    """What one device computes, over all tasks and permutations, each equally likely."""
    for task in range(size.devices):
        for order in itertools.permutations(range(size.devices)):
            yield tuple(gradients[order[(task + k) % size.devices]] for k in range(size.load))


def _mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def projections(settings: Settings) -> Iterator[Case]:
    """``E <g_i, w>`` for w = 3."""
    for size, gradients, values in _single(settings):
        lhs = _mean([3 * sum(found, Fraction(0)) / size.load for found in _computed(size, gradients)])
        yield Case(lhs, {**values, "<gradF,w>": 3 * sum(gradients)}, {"gradients": [str(g) for g in gradients]})


def subset_squares(settings: Settings) -> Iterator[Case]:
    """``E ||y_k||^2`` of the first gradient that a device computes."""
    for size, gradients, values in _single(settings):
        lhs = _mean([found[0] ** 2 for found in _computed(size, gradients)])
        yield Case(lhs, values, {"gradients": [str(g) for g in gradients]})


def subset_products(settings: Settings) -> Iterator[Case]:
    """The sum over pairs of ``E <y_k, y_j>`` of the gradients that a device computes."""
    for size, gradients, values in _single(settings):
        pairs = [
            sum((a * b for a, b in itertools.combinations(found, 2)), Fraction(0))
            for found in _computed(size, gradients)
        ]
        yield Case(_mean(pairs), values, {"gradients": [str(g) for g in gradients]})


def mean_gradients(settings: Settings) -> Iterator[Case]:
    """``||mu||^2``."""
    for size, gradients, values in _single(settings):
        yield Case(_mean(gradients) ** 2, values, {"gradients": [str(g) for g in gradients], "N": size.devices})


def vector_sums(settings: Settings) -> Iterator[Case]:
    """``||sum x_i||^2`` for random and for equal vectors."""
    rng = settings.rng()
    for count in range(1, 7):
        for equal in (False, True):
            vectors = rationals(rng.integers(-4, 5, (1 if equal else count, 3)))
            vectors = np.repeat(vectors, count, axis=0) if equal else vectors
            squares = norm_sq(vectors)
            values = {"n": count, "sum_sq": squares, "norms_sq": squares}
            yield Case(norm_sq(vectors.sum(axis=0)), values, {"vectors": [[str(v) for v in row] for row in vectors]})


def compression(settings: Settings) -> Iterator[Case]:
    """``E ||C(g) - g||^2`` of random sparsification, over all supports."""
    rng = settings.rng()
    for dimension in range(1, 6):
        for kept in range(1, dimension + 1):
            vector = rationals(rng.integers(-4, 5, dimension))
            errors = [
                norm_sq(_kept(vector, support) - vector) for support in itertools.combinations(range(dimension), kept)
            ]
            values = {"delta": Fraction(dimension, kept) - 1, "norm_sq": norm_sq(vector)}
            yield Case(_mean(errors), values, {"vector": [str(entry) for entry in vector], "kept": kept})


def sparsification(settings: Settings) -> Iterator[Case]:
    """``E ||C(g) - g||^2 / ||g||^2`` of random sparsification, over all supports."""
    for case in compression(settings):
        if case.values["norm_sq"]:
            dimension, kept = len(case.witness["vector"]), case.witness["kept"]
            yield Case(case.lhs / case.values["norm_sq"], {"Q": dimension, "Q_kept": kept}, case.witness)


def _kept(vector: Rationals, support: tuple[int, ...]) -> Rationals:
    scale = Fraction(len(vector), len(support))
    return rationals([scale * entry if k in support else 0 for k, entry in enumerate(vector)])


def smoothness(settings: Settings) -> Iterator[Case]:
    """``F(x)`` against its tangent at another point."""
    for world in worlds(settings):
        y, x = world.x, world.x + 1
        values = {
            "F_now": world.problem.loss(y),
            "slope": inner(world.gradient, x - y),
            "L": world.problem.subsets,
            "length_sq": norm_sq(x - y),
        }
        yield Case(world.problem.loss(x), values, world.witness)


def heterogeneity(settings: Settings) -> Iterator[Case]:
    """V at the iterate."""
    for world in worlds(settings):
        yield Case(world.values["V"], world.values, world.witness)


def losses(settings: Settings) -> Iterator[Case]:
    """F at the iterate."""
    for world in worlds(settings):
        yield Case(world.values["F_t"], world.values, world.witness)


def aggregation(settings: Settings) -> Iterator[Case]:
    """``||agg - zbar||^2`` in every case of an iteration."""
    for world in worlds(settings):
        for aggregate, mean, dispersion in itertools.islice(world.cases, 200):
            yield Case(norm_sq(aggregate - mean), {**world.values, "dispersion": dispersion}, world.witness)


def iterations(observed: str, settings: Settings) -> Iterator[Case]:
    """A whole iteration of Com-LAD: expectations over tasks, permutations and supports, exactly."""
    for world in worlds(settings):
        means = world.moments
        values = {**world.values, **_constants(world)}
        values |= {name: means[name] for name in ("F_next", "mean_sq", "inner_agg", "inner_err", "noise_sq")}
        values |= {"gap_sq": means["agg_sq"], "agg_sq": means["agg_sq"], "err_sq": means["agg_sq"]}
        values |= {"T": 2, "steps": 2, "eta": Fraction(1, 2 * world.devices)}
        if observed == "two_steps":
            lhs: Any = (world.values["grad_sq"] + world.next_grad_sq) / 2
        elif observed == "progress":
            lhs = _progress(values)
        else:
            lhs = values[observed] if observed in values else means[observed]
        yield Case(lhs, values, world.witness)


def _constants(world: LadWorld) -> dict[str, Any]:
    """kappa_1, ..., kappa_4 of the paper as K1, ..., K4."""
    return {f"K{i}": number(bound(get(f"lad.kappa{i}"), world.values)) for i in range(1, 5)}


def _progress(values: dict[str, Any]) -> sp.Expr:
    """``c ||grad F||^2`` of (69)."""
    gamma, kappa, smooth = (number(values[name]) for name in ("gamma0", "kappa", "L"))
    linear = sp.Rational(1, values["N"]) - sp.sqrt(kappa * values["K2"])
    factor = gamma * linear - gamma**2 * smooth * (kappa * values["K2"] + values["K4"])
    return factor * number(values["grad_sq"])

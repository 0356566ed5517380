"""Which experiment observes the left-hand side of which statement of the CRA paper."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from ..bounds.catalogue import get
from ..bounds.cra.notation import PAIRWISE
from ..bounds.statement import Relation
from .cases import Case, Number, Observer, check_cases
from .exact.cra_worlds import CraWorld, worlds
from .exact.iteration import honest_sets, inner, norm_sq, rationals
from .points import bound, number
from .probe import Probe, Settings
from .verdict import Check

#: Learning-rate parameters at which an inequality for every eta is tested.
_ETAS = (Fraction(1, 10), Fraction(1, 2), Fraction(3))


def _each(observe: Callable[[CraWorld], Number], **relation: Any) -> Observer:
    """One case a world."""

    def observer(settings: Settings) -> Iterator[Case]:
        for world in worlds(settings):
            yield Case(observe(world), world.values, world.witness, facts=world.facts, **relation)

    return observer


def _pairs(observe: Callable[[CraWorld, int, int], tuple[Number, dict[str, Any]]]) -> Observer:
    """One case a world and pair of devices."""

    def observer(settings: Settings) -> Iterator[Case]:
        for world in worlds(settings):
            for i, j in itertools.combinations(range(world.devices), 2):
                lhs, more = observe(world, i, j)
                yield Case(lhs, {**world.values, **more}, {**world.witness, "pair": [i, j]}, facts=world.facts)

    return observer


def _distance_sq(world: CraWorld, i: int, j: int) -> Fraction:
    return norm_sq(world.messages[i] - world.messages[j])


def _diameter_sq(world: CraWorld) -> Fraction:
    return max(_distance_sq(world, i, j) for i, j in itertools.combinations(range(world.devices), 2))


def _sides(world: CraWorld, i: int, j: int) -> tuple[list[int], list[int]]:
    own, other = set(world.blocks[i]), set(world.blocks[j])
    return sorted(own - other), sorted(other - own)


def _split(world: CraWorld, i: int, j: int) -> tuple[Number, dict[str, Any]]:
    values: dict[str, Any] = {}
    mean = world.gradient / Fraction(world.problem.subsets)
    for name, side in zip(("own", "other"), _sides(world, i, j), strict=True):
        weights = [Fraction(1, world.holders[k]) for k in side]
        terms = [weight * world.gradients[k] for weight, k in zip(weights, side, strict=True)]
        zero = rationals([0] * len(world.x))
        values[f"{name}_sq"] = norm_sq(sum(terms, zero))
        values[f"{name}_sum"] = sum((norm_sq(term) for term in terms), Fraction(0))
        values[f"{name}_dev"] = sum(
            (w * w * norm_sq(world.gradients[k] - mean) for w, k in zip(weights, side, strict=True)), Fraction(0)
        )
        values[f"{name}_mean"] = sum((w * w * norm_sq(mean) for w in weights), Fraction(0))
    return _distance_sq(world, i, j), values


def _unshared(world: CraWorld, i: int, j: int) -> tuple[Number, dict[str, Any]]:
    return len(_sides(world, i, j)[0]), {}


def _subset_parts(settings: Settings) -> Iterator[Case]:
    for world in worlds(settings):
        mean = world.gradient / Fraction(world.problem.subsets)
        for k, count in enumerate(world.holders):
            if count:
                lhs = (norm_sq(world.gradients[k] - mean) + norm_sq(mean)) / Fraction(count) ** 2
                yield Case(lhs, {**world.values, "d_k": count}, {**world.witness, "subset": k}, facts=world.facts)


def _vector_sums(settings: Settings) -> Iterator[Case]:
    rng = settings.rng()
    for count in range(1, 7):
        for equal in (False, True):
            vectors = rationals(rng.integers(-4, 5, (1 if equal else count, 3)))
            vectors = np.repeat(vectors, count, axis=0) if equal else vectors
            values = {"n": count, "norms_sq": norm_sq(vectors)}
            yield Case(norm_sq(vectors.sum(axis=0)), values, {"vectors": [[str(v) for v in row] for row in vectors]})


def worst_pairs(settings: Settings) -> Iterator[Case]:
    """Lemma 1 at the worst gradients of each pair of devices, hence for all gradients.

    With ``u_k = v_k + w``, ``sum v_k = 0`` and ``||v_k|| <= beta``, ``||sum c_k u_k|| <= beta s + t ||w||`` where ``s
    = sum |c_k - median(c)|`` and ``t = |sum c_k|``, attained in one dimension. A bound ``K (beta^2 + ||w||^2)`` holds
    for all of these iff it does at ``beta = s, ||w|| = t``.
    """
    seen = set()
    for world in worlds(settings):
        if world.blocks in seen or min(world.holders) == 0:
            continue
        seen.add(world.blocks)
        for i, j in itertools.combinations(range(world.devices), 2):
            weights = [
                Fraction(int(k in world.blocks[i]) - int(k in world.blocks[j]), count)
                for k, count in enumerate(world.holders)
            ]
            middle = sorted(weights)[len(weights) // 2]
            spread = sum((abs(c - middle) for c in weights), Fraction(0))
            total = abs(sum(weights, Fraction(0)))
            values = {**world.values, "beta": spread, "grad_sq": (world.problem.subsets * total) ** 2}
            witness = {"blocks": [list(b) for b in world.blocks], "pair": [i, j]}
            yield Case((spread**2 + total**2) ** 2, values, witness, facts=world.facts)


def _holder_spread(world: CraWorld) -> Fraction:
    mean = Fraction(sum(world.holders), len(world.holders))
    return sum(((count - mean) ** 2 for count in world.holders), Fraction(0)) / len(world.holders)


def _even_diameter(settings: Settings) -> Iterator[Case]:
    """(13) where its approximation is exact: every subset held equally often."""
    for world in worlds(settings):
        if len(set(world.holders)) == 1:
            lhs = _diameter_sq(world)
            yield Case(lhs, world.values, world.witness, relation=Relation.UPPER, facts=world.facts)


def _uncoded(settings: Settings) -> Iterator[Case]:
    for world in worlds(settings):
        gradients = world.gradients
        pairs = itertools.combinations(range(world.problem.subsets), 2)
        yield Case(
            max(norm_sq(gradients[i] - gradients[j]) for i, j in pairs), world.values, world.witness, facts=world.facts
        )


def _honest_probability(count: int) -> Callable[[CraWorld], Number]:
    def observe(world: CraWorld) -> Number:
        sets = list(honest_sets(world.devices, world.honest))
        return Fraction(sum(all(i in members for i in range(count)) for members in sets), len(sets))

    return observe


def _indicator_moments(settings: Settings) -> Iterator[Case]:
    for world in worlds(settings):
        for same in (0, 1):
            lhs = _honest_probability(2 - same)(world)
            yield Case(lhs, {**world.values, "same": same}, world.witness, facts=world.facts)


def _honest_sums(settings: Settings) -> Iterator[Case]:
    for world in worlds(settings):
        for members in honest_sets(world.devices, world.honest):
            total = world.messages[list(members)].sum(axis=0)
            lhs = norm_sq(total / Fraction(len(members)))
            yield Case(lhs, {**world.values, "honest_sum_sq": norm_sq(total)}, world.witness, facts=world.facts)


def _message_squares(world: CraWorld) -> Fraction:
    return sum((norm_sq(row) for row in world.messages), Fraction(0))


def _mean_square(settings: Settings) -> Iterator[Case]:
    for world in worlds(settings):
        values = {**world.values, "sum_sq": _message_squares(world)}
        yield Case(world.moments["mean_sq"], values, world.witness, facts=world.facts)


def _descent(*, young: bool) -> Observer:
    def observer(settings: Settings) -> Iterator[Case]:
        for world in worlds(settings):
            means = world.moments
            values = {
                **world.values,
                **{name: means[name] for name in ("inner_agg", "inner_err", "agg_sq", "mean_sq")},
            }
            for eta in _ETAS if young else _ETAS[:1]:
                yield Case(
                    means["F_next"], {**values, "eta": eta}, {**world.witness, "eta": str(eta)}, facts=world.facts
                )

    return observer


def _aggregation_error(settings: Settings) -> Iterator[Case]:
    for world in worlds(settings):
        values = {**world.values, "diameter_sq": _diameter_sq(world)}
        yield Case(world.moments["agg_sq"], values, world.witness, facts=world.facts)


def _definition1(settings: Settings) -> Iterator[Case]:
    for world in worlds(settings):
        sets = honest_sets(world.devices, world.honest)
        for members, (aggregate, mean) in zip(sets, world.outcomes(world.x), strict=True):
            spread = max(norm_sq(world.messages[i] - mean) for i in members)
            yield Case(
                norm_sq(aggregate - mean), {**world.values, "varsigma": spread}, world.witness, facts=world.facts
            )


def _smoothness(settings: Settings) -> Iterator[Case]:
    for world in worlds(settings):
        y = world.x
        x = y - world.gamma * world.outcomes(y)[0][0]
        values = {
            "F_y": world.problem.loss(y),
            "inner": inner(world.gradient, x - y),
            "L": world.problem.subsets,
            "distance_sq": norm_sq(x - y),
        }
        yield Case(world.problem.loss(x), values, world.witness, facts=world.facts)


def _deviation(world: CraWorld) -> Fraction:
    return max(world.problem.deviations_sq)


def _in_descent(index: int) -> Observer:
    """The descent of one iteration with one of its constants taken from the statement, the others from the
    catalogue."""

    def observer(settings: Settings) -> Iterator[Case]:
        for world in worlds(settings):
            values = world.values
            if bound(get("cra.eq28"), values) is None or not world.facts[PAIRWISE.text]:
                continue
            rho = {i: number(bound(get(f"cra.rho{i}"), values)) for i in range(1, 5) if i != index}
            gamma, grad_sq, start = (number(values[name]) for name in ("gamma_t", "grad_sq", "F_t"))

            def wrap(
                value: sp.Expr,
                rho: dict[int, sp.Expr] = rho,
                gamma: sp.Expr = gamma,
                grad_sq: sp.Expr = grad_sq,
                start: sp.Expr = start,
            ) -> sp.Expr:
                one, two, three, four = ({**rho, index: value}[i] for i in range(1, 5))
                return start - gamma * one * grad_sq + gamma**2 * two * grad_sq + gamma * three + gamma**2 * four

            yield Case(world.moments["F_next"], values, world.witness, wrap, Relation.UPPER, world.facts)

    return observer


def _rhos(world: CraWorld) -> dict[str, sp.Expr] | None:
    found = {f"rho_{i}": bound(get(f"cra.rho{i}"), world.values) for i in range(1, 5)}
    if any(value is None for value in found.values()) or not number(found["rho_1"]).is_positive:
        return None
    return {name: number(value) for name, value in found.items()}


def _two_steps(kind: str) -> Observer:
    """T = 1: two iterations with one learning rate, exactly."""

    def observer(settings: Settings) -> Iterator[Case]:
        for world in worlds(settings):
            gamma = world.gamma
            values = {**world.values, "T": 1, "lambda": number(gamma) * sp.sqrt(2)}
            lhs: Number = (world.values["grad_sq"] + world.next_grad_sq) / 2
            if kind != "theorem":
                rhos = _rhos(world) if world.facts[PAIRWISE.text] else None
                if rhos is None:
                    continue
                values |= rhos
                values |= {"sum_gamma": 2 * gamma, "sum_gamma_sq": 2 * gamma**2}
                if kind == "weighted":
                    lhs = (number(gamma) * rhos["rho_1"] - number(gamma) ** 2 * rhos["rho_2"]) * number(lhs)
            yield Case(lhs, values, world.witness, facts=world.facts)

    return observer


def _probe(key: str, observer: Observer, label: str = "") -> Probe:
    return Probe(key, Check.EXACT, partial(check_cases, observer=observer), label, stream="cra.worlds")


PROBES: tuple[Probe, ...] = (
    _probe("cra.definition1", _definition1),
    _probe("cra.assumption1", _smoothness),
    _probe("cra.assumption2", _each(_deviation)),
    _probe("cra.assumption3", _each(lambda world: world.problem.loss(world.x))),
    _probe("cra.eq42", _pairs(_unshared)),
    _probe("cra.eq43", _vector_sums),
    _probe("cra.eq44.split", _pairs(_split)),
    _probe("cra.eq44.terms", _pairs(_split)),
    _probe("cra.eq44.centre", _pairs(_split)),
    _probe("cra.eq44.subset", _subset_parts),
    _probe("cra.lemma1", _each(_diameter_sq)),
    _probe("cra.lemma1", worst_pairs, "all gradients"),
    _probe("cra.remark1", _even_diameter),
    _probe("cra.allocation.spread", _each(_holder_spread)),
    _probe("cra.remark1.uncoded", _uncoded),
    _probe("cra.phi1", _each(_honest_probability(1))),
    _probe("cra.phi2", _each(_honest_probability(2))),
    _probe("cra.eq47", _each(lambda world: Fraction(1, world.honest))),
    _probe("cra.eq48", _honest_sums),
    _probe("cra.eq50", _indicator_moments),
    _probe("cra.eq51", _mean_square),
    _probe("cra.eq52", _each(_message_squares)),
    _probe("cra.lemma2", _mean_square),
    _probe("cra.eq23.smooth", _descent(young=False)),
    _probe("cra.eq23", _descent(young=True)),
    _probe("cra.eq24", _each(lambda world: world.moments["inner_mean"])),
    _probe("cra.eq25", _aggregation_error),
    _probe("cra.eq26", _aggregation_error),
    _probe("cra.eq27", _descent(young=True)),
    _probe("cra.eq28", _descent(young=False)),
    *(_probe(f"cra.rho{index}", _in_descent(index)) for index in range(1, 5)),
    _probe("cra.eq30", _two_steps("weighted")),
    _probe("cra.eq31", _two_steps("mean")),
    _probe("cra.theorem1", _two_steps("theorem")),
)

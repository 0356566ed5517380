"""Definitions and assumptions in use: whether the rules, compressors and losses of the simulations satisfy them.

Everything here goes through the array implementations, in double precision; a difference counts beyond rounding only.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ..bounds.statement import Statement
from ..simulate.aggregation import rule_from_name
from ..simulate.compression import QSGD, Compressor, Natural, RandomSparsification
from ..simulate.problems import CraRegression, LadRegression
from .adversary import worst_case
from .points import SIDES, Tally, bound
from .probe import Probe, Settings
from .scenes import Location
from .sequential import Question, decide
from .verdict import Check, Outcome, Verdict

Floats = npt.NDArray[np.float64]
#: Rounding of what is computed in double precision, relative to the largest term of either side.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Seen:
    """Both sides of a definition or assumption for one object in use.

    Attributes
    ----------
    lhs : float
        The left-hand side.
    values : dict
        Values of the statement's symbols.
    point : dict
        For the verdict.
    scale : float
        Of the largest term, for rounding.
    """

    lhs: float
    values: dict[str, Any]
    point: dict[str, Any] = field(default_factory=dict)
    scale: float = 0.0


Observe = Callable[[Settings], Iterator[Seen]]


def check_in_use(statement: Statement, settings: Settings, observe: Observe) -> Verdict:
    """Compare both sides for every object that is looked at.

    Parameters
    ----------
    statement : Statement
        A definition or an assumption with a formula.
    settings : Settings
        For the observer.
    observe : callable
        Yields what was seen.
    """
    tally = Tally(statement, Check.PROPERTY)
    sides, _ = SIDES[statement.relation]
    for seen in observe(settings):
        exact = bound(statement, {name: _exact(value) for name, value in seen.values.items()})
        if exact is None:
            tally.skip()
            continue
        rhs = float(exact)
        slack = _ROUNDING * max(abs(seen.lhs), abs(rhs), seen.scale)
        above, below = seen.lhs > rhs + slack, seen.lhs < rhs - slack
        wrong = (above and sides in ("<=", "=")) or (below and sides in (">=", "="))
        outcome = Outcome.REFUTED if wrong or not math.isfinite(seen.lhs) else Outcome.HOLDS
        tally.add(outcome, seen.point, seen.lhs, rhs)
    return tally.verdict("rules, compressors and losses as the simulations use them")


def _exact(value: Any) -> Any:
    return Fraction(value) if isinstance(value, float) else value


def _message_sets(n: int, f: int, rng: np.random.Generator, count: int) -> Iterator[tuple[Floats, Floats]]:
    """Honest and Byzantine messages: generic, of two values, with ties, collinear; Byzantine ones near, far, equal."""
    h = n - f
    for number in range(count):
        honest = rng.normal(size=(h, 2))
        if number % 4 == 1:
            honest = np.zeros((h, 2)) + (np.arange(h) < rng.integers(1, h))[:, None] * rng.normal(size=2)
        elif number % 4 == 2:
            honest = rng.integers(0, 2, (h, 2)).astype(np.float64)
        elif number % 4 == 3:
            honest = rng.normal(size=(h, 1)) * rng.normal(size=2)
        direction = rng.choice([-1.0, 1.0], 2)
        byzantine = {
            0: np.full((f, 2), 1e3) * direction,
            1: np.repeat(honest[rng.integers(h)][None], f, axis=0),
            2: honest.mean(axis=0) + rng.normal(size=(f, 2)) * 3,
        }[number // 4 % 3]
        yield honest, byzantine


def rules(settings: Settings) -> Iterator[Seen]:
    """The trimmed mean and the median, with their exactly computed kappa, which is also a C_alpha^2."""
    count = {"quick": 24, "paper": 120, "full": 600}[settings.preset]
    rng = settings.rng()
    for (n, f), name in itertools.product(((3, 1), (6, 2), (9, 4), (10, 2)), ("cwtm", "median")):
        kappa = worst_case(name, n, f, "mean").lower
        rule = rule_from_name(name, f=f)
        for honest, byzantine in _message_sets(n, f, rng, count):
            centre = honest.mean(axis=0)
            squares = np.sum((honest - centre) ** 2, axis=1)
            result = np.asarray(rule(np.concatenate([honest, byzantine])))
            values = {
                "N": n,
                "H": n - f,
                "kappa": kappa,
                "C_alpha": math.sqrt(kappa),
                "dispersion": float(squares.mean()),
                "varsigma": float(squares.max()),
            }
            lhs = float(np.sum((result - centre) ** 2))
            yield Seen(lhs, values, {"rule": name, "N": n, "H": n - f}, float(np.max(honest**2)) * 1e-3)


def _problems(settings: Settings) -> Iterator[tuple[str, Any]]:
    count = {"quick": 2, "paper": 6, "full": 20}[settings.preset]
    rng = settings.rng()
    for seed in range(count):
        yield "location", Location(rng.normal(size=(9, 4)))
        yield "LAD regression", LadRegression(12, 5, sigma_H=0.3).draw([seed])
        yield "CRA regression", CraRegression(M=24, Q=5, sigma_H=0.5).draw([seed])


def smoothness(lad: bool, settings: Settings) -> Iterator[Seen]:
    """The losses with their smoothness constants, between random points."""
    rng = settings.rng()
    for name, problem in _problems(settings):
        constant = float(np.max(np.asarray(problem.smoothness)))
        for reach in (0.1, 1.0, 30.0):
            y, step = rng.normal(size=(1, problem.dimension)), reach * rng.normal(size=(1, problem.dimension))
            now = float(np.squeeze(problem.loss(y)))
            slope = float(np.sum(np.asarray(problem.gradient(y)) * step))
            square = float(np.sum(step**2))
            values = {"F_now" if lad else "F_y": now, "slope" if lad else "inner": slope, "L": constant}
            values["length_sq" if lad else "distance_sq"] = square
            lhs = float(np.squeeze(problem.loss(y + step)))
            yield Seen(lhs, values, {"loss": name, "reach": reach}, now + abs(slope) + constant * square)


def heterogeneity(largest: bool, settings: Settings) -> Iterator[Seen]:
    """beta as the theorems' experiments take it: from the optimum of a location problem, at points anywhere."""
    rng = settings.rng()
    for name, problem in _problems(settings):
        if name != "location":
            continue
        at_optimum = _deviations(problem, problem.optimum[None])
        beta = math.sqrt(at_optimum.max() if largest else at_optimum.mean())
        for reach in (0.1, 1.0, 100.0):
            squares = _deviations(problem, reach * rng.normal(size=(1, problem.dimension)))
            lhs = float(squares.max() if largest else squares.mean())
            yield Seen(lhs, {"beta": beta}, {"loss": name, "reach": reach}, reach * 1e-3)


def _deviations(problem: Any, x: Floats) -> Floats:
    gradients = np.asarray(problem.gradients(x))[0]
    return np.asarray(np.sum((gradients - gradients.mean(axis=0)) ** 2, axis=1))


def minima(settings: Settings) -> Iterator[Seen]:
    """The losses at their optimum and elsewhere, against their stated minimum."""
    rng = settings.rng()
    for name, problem in _problems(settings):
        least = float(np.squeeze(np.asarray(problem.minimum)))
        optimum = np.asarray(problem.optimum).reshape(1, -1)
        for reach in (0.0, 0.1, 10.0):
            x = optimum + reach * rng.normal(size=optimum.shape)
            yield Seen(float(np.squeeze(problem.loss(x))), {"Fstar": least}, {"loss": name, "reach": reach})


def mean_gradients(settings: Settings) -> Iterator[Seen]:
    """The mean of the subset gradients against the gradient of the loss."""
    rng = settings.rng()
    for name, problem in _problems(settings):
        x = rng.normal(size=(1, problem.dimension))
        mean = np.asarray(problem.gradients(x))[0].mean(axis=0)
        values = {"N": problem.subsets, "grad_sq": float(np.sum(np.asarray(problem.gradient(x)) ** 2))}
        yield Seen(float(np.sum(mean**2)), values, {"loss": name})


#: Coordinates of the vectors that are compressed.
_DIMENSION = 32
#: Compressors, and a proved ceiling on the squared error over the squared norm: a kept coordinate grows threefold, a
#: rounded one moves by at most itself, or by a quarter of the norm.
_COMPRESSORS: tuple[tuple[Compressor, float], ...] = (
    (RandomSparsification(k=8), 9.0),
    (Natural(), 1.0),
    (QSGD(levels=4), _DIMENSION / 16),
)


def check_compressors(statement: Statement, settings: Settings) -> Verdict:
    """LAD Definition 2 by sequential sampling of the compressors' squared error; see
    :mod:`~byzbounds.verify.sequential`."""
    tally = Tally(statement, Check.MONTE_CARLO)
    share = replace(settings, level=settings.level / len(_COMPRESSORS))
    dimension, budget = _DIMENSION, {"quick": 20_000, "paper": 100_000, "full": 500_000}[settings.preset]
    for position, (compressor, ceiling) in enumerate(_COMPRESSORS):
        rng = np.random.default_rng([settings.seed, position])
        vector = rng.normal(size=dimension)
        square = float(vector @ vector)
        exact = bound(statement, {"delta": Fraction(compressor.delta(dimension)), "norm_sq": Fraction(square)})
        if exact is None:
            tally.skip()
            continue

        def draw(count: int, compressor: Compressor = compressor, vector: Floats = vector, rng: Any = rng) -> Floats:
            rows = np.broadcast_to(vector, (count, len(vector)))
            return np.asarray(np.sum((np.asarray(compressor(rows, rng)) - rows) ** 2, axis=1))

        noise = 1e-12 * square
        question = Question(float(exact), "<=", 0.0, ceiling * square + noise, True, 0.05, noise)
        answer = decide(draw, question, level=share.level, budget=budget)
        point = {"compressor": repr(compressor), "Q": dimension}
        tally.add(answer.outcome, point, answer.mean, float(exact), samples=answer.samples, stderr=answer.stderr)
    return tally.verdict("sequential test by betting; confirmed within 5%, refuted without")


_OBSERVED: dict[str, Observe] = {
    "lad.definition1": rules,
    "cra.definition1": rules,
    "lad.assumption1": partial(smoothness, True),
    "cra.assumption1": partial(smoothness, False),
    "lad.assumption2": partial(heterogeneity, False),
    "cra.assumption2": partial(heterogeneity, True),
    "lad.assumption3": minima,
    "cra.assumption3": minima,
    "lad.mean_gradient": mean_gradients,
}

PROBES: tuple[Probe, ...] = (
    *(
        Probe(key, Check.PROPERTY, partial(check_in_use, observe=observe), "in use")
        for key, observe in _OBSERVED.items()
    ),
    Probe("lad.definition2", Check.MONTE_CARLO, check_compressors, "in use", random=True),
)

"""LAD's lemmas on expected squared norms at N = 100, by sequential sampling with a stated error probability."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt

from ..bounds.statement import Statement
from .observables import observable as named
from .points import SIDES, Tally, bound
from .probe import Settings
from .quadratic import coefficients, names
from .sampling import Bank, Setting, gaussian, honest_weights, outlier, rounding, scales
from .sequential import Question, decide
from .verdict import Check, Verdict

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """Parameters at which a statement is sampled, and the gradients."""

    devices: int
    honest: int
    load: int
    kept: int | None
    gradients: str

    @property
    def delta(self) -> Fraction:
        """Of random sparsification at this point."""
        return Fraction(0) if self.kept is None else Fraction(_DIMENSION, self.kept) - 1

    @property
    def setting(self) -> Setting:
        """With antithetic rotations where one subset dominates."""
        return Setting(self.honest, self.load, self.kept, self.devices if self.gradients == "outlier" else 1)


_DIMENSION = 32

_POINTS: dict[str, tuple[Point, ...]] = {
    "quick": (
        Point(100, 80, 5, None, "gaussian"),
        Point(20, 13, 3, None, "gaussian"),
        Point(100, 80, 100, None, "gaussian"),
        Point(20, 15, 3, 16, "gaussian"),
        Point(100, 45, 5, None, "gaussian"),
    ),
}
_POINTS["paper"] = (
    *_POINTS["quick"],
    Point(100, 80, 1, None, "gaussian"),
    Point(100, 65, 5, None, "gaussian"),
    Point(100, 80, 5, 16, "gaussian"),
    Point(20, 15, 4, None, "outlier"),
    Point(60, 42, 6, 10, "gaussian"),
    Point(40, 27, 3, 24, "gaussian"),
)
_POINTS["full"] = (
    *_POINTS["paper"],
    *(Point(100, honest, load, kept, "gaussian") for honest in (55, 90) for load in (2, 50) for kept in (None, 8)),
)
_BUDGET = {"quick": 40_000, "paper": 200_000, "full": 1_000_000}

#: A statement counts as confirmed within this relative tolerance: a bound that is attained cannot be told from one that
#: is exceeded by less. A refutation has no tolerance.
TOLERANCE = 0.05


def check_sampled(statement: Statement, settings: Settings, observable: str) -> Verdict:
    """Sample an observable's expectation at N = 100 and compare it with the statement.

    Parameters
    ----------
    statement : Statement
        As for :func:`~byzbounds.verify.exact.expectations.check_expectation`.
    settings : Settings
        The preset gives the points and the budget; the error probability is shared evenly among the points.
    observable : str
        Name in :mod:`~byzbounds.verify.observables`.

    Returns
    -------
    Verdict
        Samples are squared norms, hence at least 0, and at most the observable's proved ceiling; see
        :mod:`~byzbounds.verify.sequential` for the test.
    """
    tally = Tally(statement, Check.MONTE_CARLO)
    used = names(statement)
    points = [point for point in _POINTS[settings.preset] if point.kept is None or "delta" in used]
    share = replace(settings, level=settings.level / max(len(points), 1))
    for point in points:
        _check_point(tally, statement, observable, point, share)
    return tally.verdict(
        f"sequential test by betting; confirmed within {TOLERANCE:.0%}, refuted without; wrong with probability "
        f"at most {settings.level:.2g}"
    )


def check_weights(statement: Statement, settings: Settings) -> Verdict:
    """LAD Lemma 1 at N = 100: sample the honest rows of the cyclic matrix and the squared norm of their weights.

    The weights of ``h S / (d H)`` sum to one, are at most ``1 / H`` (and ``1 / d``), so the squared norm of their
    deviation from ``1 / N`` is at most ``1 / max(H, d) - 1 / N``.
    """
    tally = Tally(statement, Check.MONTE_CARLO)
    sides, _ = SIDES[statement.relation]
    points = [point for point in _POINTS[settings.preset] if point.kept is None and point.gradients == "gaussian"]
    for point in points:
        values = {"N": point.devices, "H": point.honest, "d": point.load}
        exact = bound(statement, values)
        if exact is None:
            tally.skip()
            continue
        rng = np.random.default_rng([settings.seed, *values.values()])
        ceiling = 1 / max(point.honest, point.load) - 1 / point.devices
        question = Question(float(exact), sides, 0.0, max(ceiling, 0) + 1e-13, True, TOLERANCE, 1e-13)
        draw = partial(honest_weights, point.devices, point.honest, point.load, rng)
        level, budget = settings.level / len(points), _BUDGET[settings.preset]
        answer = decide(draw, question, level=level, budget=budget)
        tally.add(answer.outcome, values, answer.mean, float(exact), samples=answer.samples, stderr=answer.stderr)
    return tally.verdict(f"sequential test by betting; confirmed within {TOLERANCE:.0%}, refuted without")


def _check_point(tally: Tally, statement: Statement, observable: str, point: Point, settings: Settings) -> None:
    values: dict[str, int | Fraction] = {
        "N": point.devices,
        "H": point.honest,
        "d": point.load,
        "delta": point.delta,
        "kappa": Fraction(3, 2),
    }
    claimed = coefficients(statement, values)
    if claimed is None:
        tally.skip()
        return
    used = names(statement)
    factor = float(values["kappa"]) if "kappa" in used else 1.0
    mean = 1.0 if claimed.gradient else 0.0
    bank, gradients = _bank(observable, point, mean, settings.seed)
    rhs = float(claimed.variance) + float(claimed.gradient) * (point.devices * mean) ** 2
    sides, _ = SIDES[statement.relation]
    noise = rounding(gradients)
    ceiling = named(observable).ceiling(scales(gradients, point.setting))
    question = Question(rhs, sides, 0.0, factor * ceiling + noise, True, TOLERANCE, noise)
    draw = bank.reader()
    answer = decide(lambda n: factor * draw(n), question, level=settings.level, budget=_BUDGET[settings.preset])
    shown = {name: str(values[name]) for name in sorted(used & set(values))} | {"gradients": point.gradients}
    tally.add(answer.outcome, shown, answer.mean, rhs, samples=answer.samples, stderr=_finite(answer.stderr))


@lru_cache(maxsize=64)
def _bank(observable: str, point: Point, mean: float, seed: int) -> tuple[Bank, Floats]:
    rng = np.random.default_rng([seed, zlib.crc32(repr((observable, point, mean)).encode())])
    if point.gradients == "gaussian":
        gradients = gaussian(point.devices, _DIMENSION, mean, rng)
    else:
        gradients = outlier(point.devices, mean)
    return Bank(named(observable), gradients, point.setting, rng), gradients


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

"""Theorems against full training runs: measured average of ||grad F||^2 and bound, with the constants of the rule in
use."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.stats import t as student

from ..bounds.catalogue import get, statements
from ..bounds.cra import notation
from ..bounds.refined import cra_convergence
from ..bounds.statement import Relation, Statement
from ..simulate.trajectory import Trajectory
from .points import Tally, bound
from .probe import Probe, Settings
from .scenes import KNOWN, Scene, train, values
from .verdict import Check, Outcome, Verdict

Floats = npt.NDArray[np.float64]
Observe = Callable[[Scene, Trajectory], Floats]

_ATTACKS = {
    "quick": ("sign", "optimised-light"),
    "paper": ("sign", "alie", "ipm", "mimic", "optimised-light"),
    "full": ("sign", "alie", "ipm", "mimic", "optimised"),
}


#: What a numerically best learning rate may cost at most, relative to the bound.
_RATE_ERROR = 1e-3


def _mean_before(scene: Scene, seen: Trajectory) -> Floats:
    return np.asarray(seen.grad_norm_sq[:, : scene.steps].mean(axis=1))


def _mean_through(scene: Scene, seen: Trajectory) -> Floats:
    del scene
    return np.asarray(seen.grad_norm_sq.mean(axis=1))


def _best_iterate(stop: int) -> Observe:
    """At the iteration that is best on average over one half of the runs, seen in the other half: unbiased for it."""

    def observe(scene: Scene, seen: Trajectory) -> Floats:
        norms = seen.grad_norm_sq[:, : scene.steps + stop]
        half = len(norms) // 2
        return np.asarray(norms[half:, int(np.argmin(norms[:half].mean(axis=0)))])

    return observe


def _loss_gap(scene: Scene, seen: Trajectory) -> Floats:
    return np.asarray(seen.loss[:, -1] - float(scene.task.minimum))


_LIMIT = r"\lim_{\gamma^0\to0}\limsup_{T\to\infty}\frac1T\sum_{t<T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2"

#: Left-hand side -> what is measured.
SIDES: dict[str, Observe] = {
    r"\tfrac1T\sum_{t<T} \mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2": _mean_before,
    r"\frac1T\sum_{t<T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2": _mean_before,
    r"\frac{1}{T+1}\sum_{t\le T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2": _mean_through,
    r"\frac{1}{T+1}\sum_{t=0}^{T}\mathbb{E}\left[\left\|\nabla F(\mathbf{x}^t)\right\|^2\right]": _mean_through,
    r"\min_{t<T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2": _best_iterate(0),
    r"\min_{t\le T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2": _best_iterate(1),
    r"\min_{0\le t\le T}\mathbb{E}\left[\left\|\nabla F(\mathbf{x}^t)\right\|^2\right]": _best_iterate(1),
    r"\mathbb{E}F(\mathbf{x}^T)-F^*": _loss_gap,
    r"\mathbb{E}F-F^*": _loss_gap,
    r"\varepsilon_{\mathrm{Com\text{-}LAD}}": _mean_before,
    r"\varepsilon_{\mathrm{LAD}}": _mean_before,
    r"\lim_{\gamma^0 \to 0} \varepsilon_{\mathrm{Com\text{-}LAD}}": _mean_before,
    r"\lim_{\gamma^0 \to 0} \varepsilon_{\mathrm{LAD}}": _mean_before,
    _LIMIT: _mean_before,
    r"\lim_{T\to\infty}\frac{1}{T+1}\sum_{t\le T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2": _mean_through,
}

#: Other compressors, rules, matrices or adversaries than those of the scenes.
_ELSEWHERE = ("refined.lad.shared.", "refined.lad.one_task.", "refined.lad.lower_bound", "refined.lad.adaptive")


def scenes(statement: Statement, settings: Settings) -> Iterator[Scene]:
    """The experiments that a statement is put to.

    Floors are measured from the optimum, where the initial term is zero, at a learning rate near zero.
    """
    quick = settings.preset == "quick"
    attacks = _ATTACKS[settings.preset]
    steps, seeds = {"quick": (60, 12), "paper": (200, 20), "full": (1000, 40)}[settings.preset]
    for base in _lad_scenes(quick) if _is_lad(statement) else _cra_scenes(quick):
        for attack in attacks if base.problem == "location" else attacks[:1]:
            scene = replace(base, attack=attack, steps=steps, seeds=seeds, decaying=_is_decaying(statement))
            if "lim" in statement.lhs or "varepsilon" in statement.lhs:
                scene = replace(scene, start="optimum", pace=0.02 if "lim" in statement.lhs else scene.pace)
            yield scene


def _lad_scenes(quick: bool) -> tuple[Scene, ...]:
    small = (
        Scene("lad", 20, 4, 5),
        Scene("lad", 20, 4, 20),
        Scene("lad", 20, 3, 10, kept=9),
        Scene("lad", 20, 4, 2, kept=5),
        Scene("lad", 20, 4, 5, problem="regression"),
    )
    return small if quick else (*small, Scene("lad", 100, 20, 10), Scene("lad", 20, 4, 1), Scene("lad", 20, 9, 5))


def _cra_scenes(quick: bool) -> tuple[Scene, ...]:
    small = (
        Scene("cra", 7, 1, 4, design="pencil", pace=0.05),
        Scene("cra", 7, 1, 3, design="equal", pace=0.05),
        Scene("cra", 7, 1, 7, design="equal", pace=0.05),
        Scene("cra", 12, 2, 6, design="random", pace=0.05),
    )
    return (
        small if quick else (*small, Scene("cra", 13, 3, 4, design="equal"), Scene("cra", 40, 6, 20, design="random"))
    )


def _is_lad(statement: Statement) -> bool:
    return "d" in {symbol.name for symbol in statement.symbols}


def _is_decaying(statement: Statement) -> bool:
    return statement.lhs.startswith(r"\min")


def _is_about_the_best_rate(statement: Statement) -> bool:
    names = {symbol.name for symbol in statement.symbols}
    return "T" in names and not names & {"gamma0", "lambda"}


#: Bounds for any learning rate that go by another name, with what their kappa is.
_GENERAL: dict[str, tuple[str, Callable[[dict[str, Any]], float]]] = {
    "refined.lad.rba.best": (
        "refined.lad.theorem2.balanced",
        lambda known: float(known["C_alpha"] ** 2 * (known["H"] - 1)),
    )
}


def _general(statement: Statement) -> str:
    """Key of the bound for any learning rate of which a statement gives the infimum."""
    named = _GENERAL.get(statement.key)
    return named[0] if named else f"{statement.key.removesuffix('.best')}.balanced"


def _rate(statement: Statement, scene: Scene, seed: int) -> tuple[float, float]:
    """The learning rate, and what a statement about the best one may be exceeded by because this is not quite it.

    Such a statement is the infimum over all learning rates of a bound that the catalogue has too; the infimum need
    not be attained, and the rate is found numerically.
    """
    if not _is_about_the_best_rate(statement):
        return scene.rate(), 0.0
    general = get(_general(statement))
    known = values(scene, train(scene, scene.rate(), seed), scene.rate())
    least = bound(statement, known)
    if statement.key in _GENERAL:
        known["kappa"] = _GENERAL[statement.key][1](known)

    def height(pace: float) -> float:
        rate = scene.rate(pace)
        found = bound(general, {**known, "gamma0": rate, "lambda": rate * math.sqrt(scene.steps + 1)})
        return math.inf if found is None else float(found)

    pace = float(minimize_scalar(height, bounds=(1e-4, 1 - 1e-6), method="bounded", options={"xatol": 1e-9}).x)
    found = height(pace)
    return scene.rate(pace), 0.0 if least is None else min(max(0.0, found - float(least)), _RATE_ERROR * found)


def _met(statement: Statement, scene: Scene) -> bool:
    """Whether the hypotheses in words hold in a scene."""
    if scene.kept is not None and "delta" not in {symbol.name for symbol in statement.symbols}:
        return False
    met = {
        cra_convergence.EQUAL_LOADS.text: scene.design in ("equal", "random"),
        cra_convergence.EQUIDISTANT.text: scene.design in ("equal", "pencil"),
        cra_convergence.PAIRWISE.text: scene.design == "equal" and scene.load == scene.devices,
        notation.PAIRWISE.text: scene.design == "pencil" or (scene.design == "equal" and scene.load == scene.devices),
    }
    return all(met.get(hypothesis.text, True) for hypothesis in statement.hypotheses)


def check_trajectory(statement: Statement, settings: Settings) -> Verdict:
    """Compare a theorem with training runs, over scenes and attacks.

    Parameters
    ----------
    statement : Statement
        With a left-hand side in :data:`SIDES`.
    settings : Settings
        The preset gives scenes, iterations and runs.

    Returns
    -------
    Verdict
        Runs are independent samples of the left-hand side; the test assumes that their mean is approximately normal
        (finite variance), and uses Student's interval at the check's error probability over the number of scenes.
        ``lhs`` and ``rhs`` are those of the scene in which they are closest.
    """
    tally = Tally(statement, Check.TRAJECTORY)
    chosen = list(scenes(statement, settings))
    seed = settings.seed % 10**6
    ratio = 0.0
    for scene in chosen:
        if not _met(statement, scene):
            tally.skip()
            continue
        rate, excess = _rate(statement, scene, seed)
        trajectory = train(scene, rate, seed)
        value = bound(statement, values(scene, trajectory, rate))
        if value is None:
            tally.skip()
            continue
        samples = SIDES[statement.lhs](scene, trajectory)
        outcome, mean, stderr = judge(samples, float(value) + excess, settings.level / len(chosen))
        ratio = max(ratio, mean / float(value) if value else 0.0)
        tally.add(outcome, _shown(scene, rate), mean, float(value), samples=len(samples), stderr=stderr)
    return tally.verdict(f"training runs; largest measured value over bound: {ratio:.3g}")


def judge(samples: Floats, limit: float, level: float) -> tuple[Outcome, float, float]:
    """Compare a mean with an upper limit by Student's interval; rounding of a squared norm is no evidence."""
    finite = samples[np.isfinite(samples)]
    if len(finite) < len(samples) or len(samples) < 2:
        return Outcome.INCONCLUSIVE, math.inf, math.inf
    mean, stderr = float(samples.mean()), float(samples.std(ddof=1) / math.sqrt(len(samples)))
    margin = float(student.ppf(1 - level, len(samples) - 1)) * stderr
    rounding = 1e-20 + 1e-12 * abs(mean)
    if mean + margin <= limit + rounding:
        return Outcome.HOLDS, mean, stderr
    return (Outcome.REFUTED if mean - margin > limit + rounding else Outcome.INCONCLUSIVE), mean, stderr


def _shown(scene: Scene, rate: float) -> dict[str, Any]:
    names = ("family", "devices", "byzantine", "load", "kept", "design", "problem", "attack", "start", "steps")
    return {name: getattr(scene, name) for name in names if getattr(scene, name) not in ("", None)} | {"gamma0": rate}


def _probes() -> Iterator[Probe]:
    keys = {statement.key for statement in statements()}
    for statement in statements():
        if statement.lhs not in SIDES or statement.key.startswith((*_ELSEWHERE, "refined.descent.")):
            continue
        names = {symbol.name for symbol in statement.symbols}
        if statement.relation is not Relation.UPPER or not names <= KNOWN:
            continue
        if _is_about_the_best_rate(statement) and _general(statement) not in keys:
            continue
        yield Probe(statement.key, Check.TRAJECTORY, check_trajectory, random=True, stream="trajectory")


PROBES: tuple[Probe, ...] = tuple(_probes())

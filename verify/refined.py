"""Which experiment observes the left-hand side of which refined statement.

Theorems are matched to experiments by their left-hand side and setting: a new one with a known left-hand side is
checked without being named here.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

from ..bounds.catalogue import get, statements
from ..bounds.statement import Statement
from .cases import Case, Observer, check_cases
from .cra import worst_pairs
from .exact import shared_worlds
from .exact.cra_worlds import CraWorld
from .exact.cra_worlds import worlds as cra_worlds
from .exact.expectations import Part, check_expectation
from .exact.iteration import honest_sets, norm_sq
from .exact.lad_worlds import LadWorld
from .exact.lad_worlds import worlds as lad_worlds
from .lad import case_probes, expectation_probes
from .points import bound, number
from .probe import Probe, Settings
from .verdict import Check

OBSERVED = {
    "refined.lad.message_deviation": "coded deviation",
    "refined.lad.message_norm": "coded square",
    "refined.lad.mean_error": "mean coded deviation",
    "refined.lad.dispersion": "coded dispersion",
    "refined.lad.dispersion.compressed": "sent dispersion",
    "refined.lad.mean_error.compressed": "mean sent deviation",
    "refined.lad.mean_norm.compressed": "mean sent square",
    "refined.lad.aggregation_error": "sent dispersion",
}

CONSTANTS: dict[str, tuple[str, Part]] = {
    "refined.lad.kappa1": ("sent dispersion", "variance"),
    "refined.lad.kappa2": ("sent dispersion", "gradient"),
    "refined.lad.kappa3": ("mean sent square", "variance"),
    "refined.lad.kappa4": ("mean sent square", "gradient"),
}

#: Statements about every computation matrix.
MATRICES = {
    "refined.lad.matrix.mean_error": "mean coded deviation",
    "refined.lad.matrix.dispersion": "coded dispersion",
    "refined.lad.matrix.error": "sent dispersion",
    "refined.lad.matrix.noise": "mean sent deviation",
    "refined.lad.corollary1.mean": "mean coded deviation",
    "refined.lad.corollary1.dispersion": "coded dispersion",
}

_SCALES = (Fraction(1), Fraction(2, 5))

#: Honest sets of an iteration when two iterations are run through.
_FEW = 7


def _lad_values(world: LadWorld) -> dict[str, Any]:
    """Everything that the refined LAD theorems may use, at T = 2 with the same learning rate twice."""
    values = {**world.values, "theta_sq": world.devices * world.load**2, "mu_PL": world.devices}
    refined = {i: number(bound(get(f"refined.lad.kappa{i}"), values)) for i in range(1, 5)}
    kappa, mean_sq = number(world.kappa), number(Fraction(1, world.devices**2))
    values |= {"err_0": kappa * refined[1], "err_1": kappa * refined[2]}
    values |= {"noise_0": refined[3], "noise_1": refined[4] - mean_sq}
    moments = world.moments
    values |= {"err_sq": moments["agg_sq"], "noise_sq": moments["noise_sq"]}
    gamma = world.gamma
    return values | {"T": 2, "steps": 2, "sum_rates": 2 * gamma, "sum_rates_sq": 2 * gamma**2}


def _lad_smallest(world: LadWorld) -> Fraction:
    first: Fraction = world.values["grad_sq"]
    return min(first, world.next_grad_sq)


def _lad_mean(world: LadWorld) -> Fraction:
    first: Fraction = world.values["grad_sq"]
    return (first + world.next_grad_sq) / 2


def _lad_gap(world: LadWorld) -> Fraction:
    return world.moments["F_next"] - world.problem.smallest


def _lad(observe: Callable[[LadWorld], Fraction], **replaced: int) -> Observer:
    def observer(settings: Settings) -> Iterator[Case]:
        for world in lad_worlds(settings):
            for scale in _SCALES:
                values = {**_lad_values(world), **replaced, "eta": scale / world.devices}
                yield Case(observe(world), values, {**world.witness, "eta": str(values["eta"])})

    return observer


def _aligned(settings: Settings) -> Iterator[Case]:
    """Descent of one step, also without noise and with an error along minus the gradient: Young's inequality is
    attained."""
    yield from _lad(lambda world: world.moments["F_next"])(settings)
    for world in lad_worlds(settings):
        eta = Fraction(1, 3 * world.devices)
        step = world.gradient * (Fraction(1, world.devices) - eta)
        values = {**world.values, "eta": eta, "noise_sq": 0, "err_sq": eta**2 * norm_sq(world.gradient)}
        yield Case(world.problem.loss(world.x - world.gamma * step), values, {**world.witness, "aggregate": "aligned"})


_LAD_SIDES: dict[str, Observer] = {
    r"\frac1T\sum_{t<T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2": _lad(_lad_mean),
    r"\min_{t<T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2": _lad(_lad_smallest),
    r"\mathbb{E}F(\mathbf{x}^T)-F^*": _lad(_lad_gap, T=1, steps=1),
    r"\mathbb{E}\left[F(\mathbf{x}^{t+1})\middle|\mathcal{F}^t\right]": _aligned,
}


def _cra_values(world: CraWorld) -> dict[str, Any]:
    """Everything that the refined CRA theorems may use, at T = 1: two iterations with the same learning rate."""
    values = {**world.values, **world.certificate, "mu_PL": world.problem.subsets, "pop_var": world.variance}
    pairs = itertools.combinations(range(world.devices), 2)
    values["diameter_sq"] = max(norm_sq(world.messages[i] - world.messages[j]) for i, j in pairs)
    return values | {"T": 1, "steps": 2, "lambda": number(world.gamma) * number(2) ** number(Fraction(1, 2))}


def _cra(observe: Callable[[CraWorld], Fraction], few: bool = False) -> Observer:
    """One case a world; with ``few`` only where there are few honest sets, whose pairs are run through."""

    def observer(settings: Settings) -> Iterator[Case]:
        for world in cra_worlds(settings):
            if few and math.comb(world.devices, world.honest) > _FEW:
                continue
            values = _cra_values(world)
            for scale in _SCALES:
                more = {"eta": scale / world.devices, "zeta": scale}
                yield Case(
                    observe(world), {**values, **more}, {**world.witness, "scale": str(scale)}, facts=world.facts
                )

    return observer


def _cra_mean(world: CraWorld) -> Fraction:
    first: Fraction = world.values["grad_sq"]
    return (first + world.next_grad_sq) / 2


def _cra_smallest(world: CraWorld) -> Fraction:
    first: Fraction = world.values["grad_sq"]
    return min(first, world.next_grad_sq)


def _cra_noise(world: CraWorld) -> Fraction:
    target = world.gradient / Fraction(world.devices)
    means = [mean for _, mean in world.outcomes(world.x)]
    return sum((norm_sq(mean - target) for mean in means), Fraction(0)) / len(means)


def _cra_diameter(world: CraWorld) -> Fraction:
    return max(
        norm_sq(world.messages[i] - world.messages[j]) for i, j in itertools.combinations(range(world.devices), 2)
    )


def _cra_dispersion(world: CraWorld) -> Fraction:
    found = []
    for members in honest_sets(world.devices, world.honest):
        sent = world.messages[list(members)]
        found.append(norm_sq(sent - sent.sum(axis=0) / Fraction(len(members))) / len(members))
    return sum(found, Fraction(0)) / len(found)


def _cra_farthest(world: CraWorld) -> Fraction:
    sets = honest_sets(world.devices, world.honest)
    means = (mean for _, mean in world.outcomes(world.x))
    return max(norm_sq(world.messages[i] - mean) for members, mean in zip(sets, means, strict=True) for i in members)


def _cra_shared(world: CraWorld) -> Fraction:
    return Fraction(len(set(world.blocks[0]) & set(world.blocks[1])))


def _cra_imbalance(world: CraWorld) -> Fraction:
    return Fraction(len(world.blocks[0]) ** 2, world.problem.subsets) - _cra_shared(world)


def _cra_shuffled(world: CraWorld) -> Fraction:
    """Mean variance over all numberings of the subsets: the form's average over permutations, by its diagonal sums."""
    gradients, weights = world.gradients, world.weights
    size = world.problem.subsets
    gram = weights.T.dot(weights)
    diagonal = sum((gram[k, k] for k in range(size)), Fraction(0))
    others = sum((entry for entry in gram.flat), Fraction(0)) - diagonal
    squares, total = norm_sq(gradients), norm_sq(gradients.sum(axis=0))
    pairs = (total - squares) / (size * (size - 1)) if size > 1 else Fraction(0)
    return (diagonal * squares / size + others * pairs) / world.devices


_CRA_SIDES: dict[str, Observer] = {
    r"\frac{1}{T+1}\sum_{t\le T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2": _cra(_cra_mean),
    r"\min_{t\le T}\mathbb{E}\|\nabla F(\mathbf{x}^t)\|^2": _cra(_cra_smallest),
    r"\mathbb{E}F-F^*": _cra(lambda world: world.last_loss - world.problem.smallest, few=True),
    r"\mathbb{E}\|\hat{\mathbf{g}}^t-\bar{\mathbf{g}}^t\|^2": _cra(lambda world: world.moments["agg_sq"]),
    r"\mathbb{E}\|\bar{\mathbf{g}}^t-\tfrac1N\nabla F\|^2": _cra(_cra_noise),
    r"\mathbb{E}\tfrac1H\sum_{i\in\mathcal{H}}\|\mathbf{g}_i-\bar{\mathbf{g}}\|^2": _cra(_cra_dispersion),
    r"\max_{i,j}\|\mathbf{g}_i-\mathbf{g}_j\|^2": _cra(_cra_diameter),
    r"\tfrac1N\sum_i\|\mathbf{g}_i-\tfrac1N\nabla F\|^2": _cra(lambda world: world.variance),
    r"\tfrac1N\|\mathbf{P}\mathbf{W}\mathbf{G}\|_F^2": _cra(lambda world: world.variance),
    r"\mathbb{E}_{\text{numbering}}\tfrac1N\sum_i\|\mathbf{g}_i-\tfrac1N\nabla F\|^2": _cra(_cra_shuffled),
    r"\max_{i\in\mathcal{H}}\|\bar{\mathbf{g}}-\mathbf{g}_i\|^2": _cra(_cra_farthest),
    r"|\mathcal{S}_i\cap\mathcal{S}_j|": _cra(_cra_shared),
    r"\frac{r^2}{M}-|\mathcal{S}_i\cap\mathcal{S}_j|": _cra(_cra_imbalance),
}


def _cra_adaptive(world: CraWorld) -> Fraction:
    """The largest error over all honest sets."""
    target = world.gradient / Fraction(world.devices)
    return max(norm_sq(aggregate - target) for aggregate, _ in world.outcomes(world.x))


def _lad_adaptive(settings: Settings) -> Iterator[Case]:
    """The error when the Byzantine devices of an iteration are chosen after the tasks: the worst set each time."""
    for world in lad_worlds(settings):
        if world.kept is None:
            yield Case(world.adaptive_error, world.values, world.witness)


_ADAPTIVE: dict[str, Observer] = {
    "refined.lad.adaptive.error": _lad_adaptive,
    "refined.cra.adaptive.error": _cra(_cra_adaptive),
    "refined.adaptive.spread": _cra(_cra_adaptive),
}


def _rba_uniform(settings: Settings) -> Iterator[Case]:
    """Aggregation error of the trimmed mean, whose C_alpha^2 is at most its kappa, and the largest error that CRA
    Definition 1 allows; beta is the largest deviation of a subset gradient."""
    for world in lad_worlds(settings):
        if world.kept is None:
            values = {
                **world.values,
                "C_alpha": number(world.kappa) ** number(Fraction(1, 2)),
                "beta": number(max(world.problem.deviations_sq)) ** number(Fraction(1, 2)),
                "unshared": min(world.load, world.devices - world.load),
            }
            yield Case(world.moments["agg_sq"], values, world.witness)
            yield Case(world.kappa * world.largest_deviation, values, {**world.witness, "rule": "any"})


#: The same compressor on all devices, and constants of the other paper's rules.
_OTHERS: dict[str, Observer] = {
    "refined.lad.shared.error": shared_worlds.errors,
    "refined.lad.shared.noise": shared_worlds.noises,
    "refined.lad.shared.theorem": shared_worlds.steps,
    "refined.lad.shared.one_task": shared_worlds.stationary,
    "refined.lad.rba.uniform": _rba_uniform,
}

#: Hypotheses of settings that the exact iterations are not in: another compressor, rule constant or adversary.
_ELSEWHERE = ("refined.lad.shared.", "refined.lad.rba", "refined.lad.one_task.", "refined.lad.lower_bound")


def _matched(sides: dict[str, Observer], prefixes: tuple[str, ...], named: set[str]) -> dict[str, Observer]:
    """Statements whose left-hand side is in the table, less those named elsewhere."""
    return {
        statement.key: sides[statement.lhs]
        for statement in statements()
        if statement.lhs in sides and statement.key.startswith(prefixes) and _fixed_rate(statement)
        if statement.key not in named and not statement.key.startswith(_ELSEWHERE)
    }


def _fixed_rate(statement: Statement) -> bool:
    """Whether the statement leaves the learning rate free, or does not speak of training at all."""
    names = {symbol.name for symbol in statement.symbols}
    return "T" not in names or bool(names & {"gamma0", "lambda"})


_NAMED = {*OBSERVED, *CONSTANTS, *MATRICES}

PROBES: tuple[Probe, ...] = (
    *expectation_probes(OBSERVED, CONSTANTS),
    *(
        Probe(key, Check.EXACT, partial(check_expectation, observable=observable, any_matrix=True))
        for key, observable in MATRICES.items()
    ),
    *case_probes(_matched(_LAD_SIDES, ("refined.lad.", "refined.descent."), _NAMED), "lad.cases"),
    *(
        Probe(key, Check.EXACT, partial(check_cases, observer=observer), "cases", stream="cra.worlds")
        for key, observer in _matched(_CRA_SIDES, ("refined.cra.",), _NAMED).items()
    ),
    *case_probes(_ADAPTIVE, "cra.worlds"),
    *case_probes(_OTHERS, "lad.cases"),
    *(
        Probe(key, Check.EXACT, partial(check_cases, observer=worst_pairs), "all gradients", stream="cra.worlds")
        for key in ("refined.cra.lemma1", "refined.cra.lemma1.attainable")
    ),
)

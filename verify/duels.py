"""Lower bounds on every server: two losses whose messages the adversary makes the same, played out on every rule.

In the first world all subset gradients are equal, in the second m of them differ. The adversary replaces messages in
each world so that the server receives the same in both, in every iteration; that they are the same is checked, and not
assumed. Whatever the server makes of them, it ends at one model, and the larger of the two worlds' squared gradient
norms there is an observation of the left-hand side. One more server knows both losses and picks the model between them:
nothing smaller can be observed, so that a bound that is too large is refuted.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import sympy as sp

from ..bounds.statement import Statement
from ..simulate.aggregation import RULES
from .adversary import worst_case
from .cases import Case, Observer, check_cases, sign_of
from .exact import forms
from .exact.iteration import norm_sq, rationals, trimmed_mean
from .exact.moments import Size, cyclic, moments
from .points import Tally, bound, number
from .probe import Probe, Settings
from .verdict import Check, Outcome, Verdict

Floats = npt.NDArray[np.float64]
Kind = Literal["lad", "oblivious", "cra"]
Server = Callable[[Floats], Floats]

#: Rounding of a training run in double precision, relative.
_ROUNDING = 1e-9
_START = np.array([0.5, -0.25])
_DIFFERENCE = np.array([3.0, 4.0])


@dataclass(frozen=True)
class Duel:
    """Two worlds that no server tells apart.

    Attributes
    ----------
    kind : {"lad", "oblivious", "cra"}
        Com-LAD with Byzantine devices picked after the tasks, with fixed ones and unknown senders, or CRA-DL.
    devices, byzantine, load : int
        N, f, and d or r.
    subsets : int
        M; N for LAD.
    """

    kind: Kind
    devices: int
    byzantine: int
    load: int
    subsets: int

    @property
    def holders(self) -> int:
        """Devices that hold a subset."""
        return self.devices * self.load // self.subsets

    @property
    def differing(self) -> int:
        """m: as many as can be hidden."""
        hidden = self.byzantine if self.kind == "oblivious" else 2 * self.byzantine
        return hidden // self.holders

    @property
    def matrix(self) -> npt.NDArray[np.int64]:
        """Which device holds which subset: cyclic."""
        rows = [[int((k - i * self.load) % self.subsets < self.load) for k in range(self.subsets)]
                for i in range(self.devices)]  # fmt: skip
        return cyclic(self.devices, self.load) if self.kind != "cra" else np.array(rows, dtype=np.int64)

    @property
    def values(self) -> dict[str, Any]:
        """Values of the symbols; beta is the least that the second world's heterogeneity allows."""
        m, subsets = self.differing, self.subsets
        size = Fraction(int(_DIFFERENCE @ _DIFFERENCE))
        largest = size * Fraction(max(m, subsets - m), subsets) ** 2 if m else Fraction(0)
        square = largest if self.kind == "cra" else size * m * (subsets - m) / subsets**2
        return {
            "N": self.devices,
            "H": self.devices - self.byzantine,
            "d": self.load,
            "M": subsets,
            "r": self.load,
            "alpha": Fraction(self.byzantine, self.devices),
            "beta": sp.sqrt(number(square)),
        }

    def gradients(self, x: Floats, second: bool) -> Floats:
        """Subset gradients of ``||x||^2 / 2 + <b_k, x>`` at a model, shape (M, 2)."""
        rows = np.repeat(x[None, :], self.subsets, axis=0)
        rows[: self.differing] += second * _DIFFERENCE
        return rows

    def received(self, x: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """What the server receives in either world, for tasks and an order of the subsets that are drawn here.

        Raises
        ------
        ValueError
            If the adversary would need more Byzantine devices than there are.
        """
        order, tasks = rng.permutation(self.subsets), rng.permutation(self.devices)
        if self.kind == "cra":  # a fixed allocation
            order, tasks = np.arange(self.subsets), np.arange(self.devices)
        weights = self.matrix[tasks] / (self.holders if self.kind == "cra" else self.load)
        first, second = (weights @ self.gradients(x, world)[order] for world in (False, True))
        differ = np.flatnonzero((self.matrix[tasks] * (order < self.differing)).any(axis=1))
        if self.kind == "oblivious":
            return self._imitated(first, second, differ)
        half = len(differ) - self.byzantine if len(differ) > self.byzantine else 0
        sent, hidden = differ[half:], differ[:half]
        if max(len(sent), len(hidden)) > self.byzantine:
            raise ValueError(f"{self} needs more Byzantine devices than {self.byzantine}")
        first[sent], second[hidden] = second[sent], first[hidden]
        return first, second

    def _imitated(self, first: Floats, second: Floats, differ: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
        """In the first world the last f devices send the second one's differing messages; senders are not seen."""
        if len(differ) > self.byzantine:
            raise ValueError(f"{self} needs more Byzantine devices than {self.byzantine}")
        first[len(first) - len(differ) :] = second[differ]
        return first[np.lexsort(first.T)], second[np.lexsort(second.T)]

    def observe(self, x: Floats) -> float:
        """The larger squared gradient norm of the two losses at a model."""
        return max(float(np.sum(self.gradients(x, world).sum(axis=0) ** 2)) for world in (False, True))


def servers(devices: int, byzantine: int) -> Iterator[tuple[str, Server]]:
    """Every registered rule that takes these numbers of messages."""
    for name, make in RULES.items():
        rule = make(f=byzantine)
        call: Server = partial(rule, f=byzantine) if rule.needs_f else rule
        try:
            call(np.zeros((devices, 2)))
        except ValueError:
            continue
        yield name, call


def play(duel: Duel, server: Server, iterations: int, seed: int) -> float:
    """Train with one server; the larger of the two worlds' squared gradient norms at the last model.

    Raises
    ------
    ValueError
        If the server could tell the worlds apart: they are not what they should be.
    """
    rng = np.random.default_rng(seed)
    x = _START.copy()
    for _ in range(iterations):
        first, second = duel.received(x, rng)
        if not np.allclose(first, second, rtol=0, atol=1e-12 * (1 + float(np.abs(first).max()))):
            raise ValueError(f"{duel}: the two worlds send different messages")
        x = x - 0.5 * np.asarray(server(first))
    return duel.observe(x)


def check_floor(statement: Statement, settings: Settings, duels: tuple[Duel, ...]) -> Verdict:
    """Compare a lower bound on every server with what each registered rule, and the best possible server, ends at.

    Parameters
    ----------
    statement : Statement
        The bound.
    settings : Settings
        The preset gives the number of iterations.
    duels : tuple of Duel
        Pairs of worlds.
    """
    tally = Tally(statement, Check.ADVERSARY)
    iterations = {"quick": 6, "paper": 60, "full": 200}[settings.preset]
    for duel in duels:
        value = bound(statement, duel.values)
        if value is None:
            tally.skip()
            continue
        point = {name: str(duel.values[name]) for name in ("N", "H", "d", "M", "r", "alpha")}
        least = Fraction(int(_DIFFERENCE @ _DIFFERENCE)) * duel.differing**2 / 4
        holds = sign_of(number(least) - value) >= 0
        tally.add(Outcome.HOLDS if holds else Outcome.REFUTED, {**point, "server": "between"}, least, float(value))
        for name, server in servers(duel.devices, duel.byzantine):
            seen = play(duel, server, iterations, settings.seed)
            outcome = Outcome.HOLDS if seen >= float(value) * (1 - _ROUNDING) - _ROUNDING else Outcome.REFUTED
            tally.add(outcome, {**point, "server": name}, seen, float(value), samples=iterations)
    return tally.verdict("two losses with the same messages, on every registered rule and on the best possible server")


def _even_dispersion(devices: int, honest: int) -> Fraction:
    """Expected dispersion of the honest messages at d = 1 over the heterogeneity, by enumeration."""
    form = moments(Size(devices, honest, 1)).forms["coded dispersion"]
    shares = set()
    for vector in ([1] + [0] * (devices - 1), [k * k for k in range(devices)]):
        gradients = [Fraction(entry) for entry in vector]
        shares.add(forms.value(form, gradients) / _variance(gradients))
    (share,) = shares
    return share


def _variance(gradients: list[Fraction]) -> Fraction:
    mean = sum(gradients, Fraction(0)) / len(gradients)
    return sum(((entry - mean) ** 2 for entry in gradients), Fraction(0)) / len(gradients)


def _adaptive_error(devices: int, byzantine: int) -> Fraction:
    """The largest squared error of the trimmed mean against the mean of all messages, over their variance.

    Every set of messages of a grid, every set of Byzantine devices, far away on either side.
    """
    split = [-(devices - 2 * byzantine)] * (2 * byzantine) + [2 * byzantine] * (devices - 2 * byzantine)
    worst = Fraction(0)
    for values in (*itertools.combinations_with_replacement(range(4), devices), tuple(split)):
        messages = rationals([[entry] for entry in values])
        if len(set(values)) == 1:
            continue
        mean = messages.sum(axis=0) / Fraction(devices)
        for members in itertools.combinations(range(devices), byzantine):
            for far in (-(10**6), 10**6):
                received = messages.copy()
                received[list(members)] = Fraction(far)
                error = norm_sq(trimmed_mean(received, byzantine) - mean)
                worst = max(worst, error / (norm_sq(messages - mean) / devices))
    return worst


def _gaps(kind: str, settings: Settings) -> Iterator[Case]:
    """Upper over lower floor at d = 1: both observed, with the trimmed mean's exactly computed kappa."""
    for devices in range(3, 6 if settings.preset == "quick" else 7):
        for byzantine in range(1, (devices - 1) // 2 + 1):
            m = byzantine if kind == "oblivious" else 2 * byzantine
            lower = Fraction(m**2, 4) / Fraction(m * (devices - m), devices**2)
            if kind == "adaptive":
                error = _adaptive_error(devices, byzantine)
            else:
                kappa = worst_case("cwtm", devices, byzantine, "mean").lower
                error = kappa * _even_dispersion(devices, devices - byzantine)
            values = {"N": devices, "H": devices - byzantine}
            yield Case(devices**2 * error / lower, values, {name: str(entry) for name, entry in values.items()})


def _lad(kind: Kind, *sizes: tuple[int, int, int]) -> tuple[Duel, ...]:
    return tuple(Duel(kind, n, f, d, n) for n, f, d in sizes)


_FLOORS: dict[str, tuple[Duel, ...]] = {
    "refined.lad.lower_bound": _lad("lad", (3, 1, 1), (5, 2, 1), (7, 2, 2), (9, 4, 3), (7, 2, 5)),
    "refined.lad.lower_bound.uncoded": _lad("lad", (3, 1, 1), (5, 2, 1), (8, 3, 1)),
    "refined.lad.lower_bound.oblivious": _lad("oblivious", (3, 1, 1), (5, 2, 1), (7, 2, 2), (9, 4, 3)),
    "refined.cra.lower_bound": tuple(
        Duel("cra", *size) for size in ((5, 1, 1, 5), (8, 2, 1, 4), (9, 2, 2, 9), (8, 1, 2, 4))
    ),
}
_GAPS: dict[str, str] = {
    "refined.lad.lower_bound.gap": "chosen",
    "refined.lad.lower_bound.oblivious_gap": "oblivious",
    "refined.lad.adaptive.gap": "adaptive",
}


def _gap(kind: str) -> Observer:
    return partial(_gaps, kind)


PROBES: tuple[Probe, ...] = (
    *(Probe(key, Check.ADVERSARY, partial(check_floor, duels=duels), "duels") for key, duels in _FLOORS.items()),
    *(
        Probe(key, Check.EXACT, partial(check_cases, observer=_gap(kind)), "observed floors")
        for key, kind in _GAPS.items()
    ),
)

"""The whole search for one rule: runaway messages, structured families, free moves, and rational witnesses."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .exact_lstat import Norm
from .families import Family, families
from .search import DEEP, QUICK, Effort, Floats, Found, ratios, search_family, search_free
from .subjects import Subject
from .witness import Witness, as_it_is, exact_ratio, ratio_of, rationalise

#: A ratio above this at runaway messages means that nothing bounds the rule.
RUNAWAY = 1e9
#: Multiplications that one family may cost, in units of one pass over all pairs of messages and coordinates.
BUDGET = {False: 3e8, True: 5e9}
#: Above this many messages only lean families are searched, unless the search is deep.
LEAN = 9
#: Above this many messages no coordinate moves freely, and witnesses are rounded in one way.
LARGE = 30
#: Rational witnesses are sought with ever more steps.
RESOLUTIONS = (1, 2, 3, 4, 6, 12, 60, 10**3, 10**4, 10**6, 10**9)
#: The simplest witness wins that loses no more than this share.
SIMPLICITY = 1e-7
#: Families that get a second look, as a multiple of those that are searched longer after it.
SECOND = 4
#: A witness this near to the proved upper end, as a share, ends the search.
ENOUGH = 1e-6

#: A family with its best messages and their parameters.
Screened = tuple[Found, Floats, Family]


@dataclass(frozen=True)
class Settled:
    """A witness that was evaluated again.

    Attributes
    ----------
    lower : Fraction
        Its ratio.
    witness : Witness or None
        None where nothing deviates.
    evaluation : str
        "exact rational" or "double precision".
    runaway : bool
        Whether the ratio is one of a family that grows beyond all bounds.
    """

    lower: Fraction
    witness: Witness | None
    evaluation: str
    runaway: bool = False


def runaway(target: Subject, norm: Norm) -> Found | None:
    """Look for messages that no constant bounds: far Byzantine ones, or honest ones that almost agree.

    Parameters
    ----------
    target : Subject
    norm : {"mean", "max"}

    Returns
    -------
    Found or None
        None if the rule withstands all that are tried.
    """
    h, f = target.n - target.f, target.f
    line = np.linspace(-1.0, 1.0, h)
    best = None
    # A rule with a scale of its own is in danger from honest messages that almost agree, not from distant ones.
    reach = 1e6 if target.scalable else 10.0
    for offset, scale, far, coincident in itertools.product((0.0, 1.0), (1e-6, 1.0), (0.0, 1.0, reach), (True, False)):
        honest = (offset + scale * line)[None, :, None]
        byzantine = np.full((1, f, 1), far) * (np.ones(f) if coincident else 1.0 + np.arange(f))[None, :, None]
        value = float(ratios(target.batch, honest, byzantine, norm)[0])
        if value > RUNAWAY and (best is None or value > best.value * (1 + SIMPLICITY)):
            best = Found(value, honest[0], byzantine[0], "runaway")
    return best


def _cost(target: Subject, dim: int) -> float:
    """Of one evaluation, in both orders."""
    return 2.0 * target.cost * target.n * dim * (1 if target.coordinate_wise else target.n)


def hunt(target: Subject, norm: Norm, dim: int | None, seed: int, deep: bool, goal: float | None = None) -> list[Found]:
    """Search structured families, then freely.

    Parameters
    ----------
    target : Subject
        The rule.
    norm : {"mean", "max"}
    dim : int or None
        Largest dimension.
    seed : int
    deep : bool
    goal : float or None
        A proved upper end: the search ends when a witness comes near it.

    Returns
    -------
    list of Found
        The best ones, best first.
    """
    if target.coordinate_wise and target.symmetric and norm == "max" and dim is None:
        return [_rotated(found) for found in hunt(target, "mean", None, seed, deep, goal)[:2]]
    label = zlib.crc32(f"{target.name} {norm} {dim}".encode())
    rng = np.random.default_rng([seed, target.n, target.f, label])
    largest = 1 if target.coordinate_wise and norm == "mean" else dim
    effort = DEEP if deep else QUICK
    budget = BUDGET[deep]

    def within(family: Family, times: int = 1) -> Effort:
        return effort.within(int(times * budget / 40 / _cost(target, family.dim)))

    large = target.n > LARGE
    lean = large or (target.n > LEAN and not deep)
    levels = 3 if target.n <= 12 or (deep and not lean) else 2
    candidates = families(target.n, target.f, largest, levels, lean)
    screened = []
    for family in candidates:
        found, point = search_family(target.batch, family, norm, within(family).first_look(), rng)
        if not deep and _enough(target, found, norm, goal):
            return [found]
        screened.append((found, point, family))
    screened.sort(key=lambda entry: -entry[0].value)
    results = []
    for _, point, family in _second_look(target, norm, screened, effort, within, rng)[
        : 2 if large else effort.screened
    ]:
        longer = within(family, 8)
        longer = Effort(longer.restarts, 2 * longer.offspring, 6 * longer.generations, longer.screened, longer.free)
        results.append(search_family(target.batch, family, norm, longer, rng, point)[0])
        if not deep and _enough(target, results[-1], norm, goal):
            return results[-1:]
    results.sort(key=lambda found: -found.value)
    if results and not large:
        free = within(screened[0][2], 4)
        results.insert(0, search_free(target.batch, results[0], norm, free, rng))
    return results


def _second_look(
    target: Subject,
    norm: Norm,
    screened: list[Screened],
    effort: Effort,
    within: Callable[[Family], Effort],
    rng: np.random.Generator,
) -> list[Screened]:
    """Search the more promising families again, from where they got and from random places; best first."""
    again = []
    for found, point, family in screened[: SECOND * effort.screened]:
        start = np.concatenate([point, rng.standard_normal((effort.restarts, family.parameters))])
        better, place = search_family(target.batch, family, norm, within(family), rng, start)
        again.append((better, place, family) if better.value > found.value else (found, point, family))
    return sorted(again, key=lambda entry: -entry[0].value)


def _enough(target: Subject, found: Found, norm: Norm, goal: float | None) -> bool:
    """Whether a witness comes so near the proved upper end that more search would only add digits."""
    if goal is None or found.value < goal * (1 - ENOUGH):
        return False
    return float(settle(target, found, norm).lower) >= goal * (1 - ENOUGH)


def _rotated(found: Found) -> Found:
    """Values of one coordinate, shifted by one device a coordinate: all honest messages are equally long."""
    h = len(found.honest)
    shifts = (np.arange(h)[:, None] + np.arange(h)[None, :]) % h
    return Found(found.value, found.honest[shifts, 0], np.tile(found.byzantine, (1, h)), f"{found.origin}, rotated")


def _roundings(found: Found, scalable: bool) -> Iterator[Witness]:
    """Rational messages near the ones found, simple ones first; then with the Byzantine ones pulled in a little."""
    if not scalable:
        yield as_it_is(found.honest, found.byzantine)
        return
    centre = found.honest.mean(axis=0)
    large = len(found.honest) + len(found.byzantine) > LARGE
    for pull in (0.0, 1e-4) if large else (0.0, 1e-6, 1e-4):
        byzantine = found.byzantine + pull * (centre - found.byzantine)
        for resolution in RESOLUTIONS[-2:-1] if large else RESOLUTIONS if pull == 0.0 else RESOLUTIONS[-3:]:
            yield rationalise(found.honest, byzantine, resolution)


def settle(target: Subject, found: Found, norm: Norm) -> Settled:
    """Round messages to rationals and evaluate the rule on them again.

    Parameters
    ----------
    target : Subject
    found : Found
    norm : {"mean", "max"}

    Returns
    -------
    Settled
        The simplest of the best witnesses.
    """
    best: tuple[Fraction, Witness] | None = None
    for witness in _roundings(found, target.scalable):
        try:
            value = evaluate_again(target, witness, norm)
        except ValueError:
            continue
        if best is None or value > best[0] * (1 + Fraction(SIMPLICITY)):
            best = (value, witness)
        if float(value) >= found.value * (1 - SIMPLICITY):
            break
    if best is None or best[0] <= 0:
        return Settled(Fraction(0), None, evaluation_of(target))
    return Settled(best[0], best[1], evaluation_of(target))


def evaluation_of(target: Subject) -> str:
    """How the witnesses of a rule are evaluated again."""
    if target.exact is not None:
        return "exact rational"
    return "rational enclosure" if target.certified is not None else "double precision"


def evaluate_again(target: Subject, witness: Witness, norm: Norm) -> Fraction:
    """Ratio at a witness by the most reliable arithmetic that the rule allows.

    Parameters
    ----------
    target : Subject
    witness : Witness
    norm : {"mean", "max"}

    Returns
    -------
    Fraction

    Raises
    ------
    ValueError
        If the honest messages agree, or the witness has other numbers of messages than the rule.
    """
    if (len(witness.honest), len(witness.byzantine)) != (target.n - target.f, target.f):
        raise ValueError(
            f"{target.name} with n={target.n}, f={target.f} needs a witness of {target.n - target.f} honest and "
            f"{target.f} "
            f"Byzantine messages, got {len(witness.honest)} and {len(witness.byzantine)}"
        )
    if target.exact is not None and target.weights is not None:  # no ties, and perhaps no symmetry under signs
        return ratio_of(list(target.exact(witness.messages(), target.f)), witness, norm)
    if target.exact is not None:
        return exact_ratio(target.exact, witness, norm)
    if target.certified is not None:
        return target.certified(witness, norm)
    return _in_double_precision(target, witness, norm)


def _in_double_precision(target: Subject, witness: Witness, norm: Norm) -> Fraction:
    honest = np.array([[float(x) for x in vector] for vector in witness.honest])
    byzantine = np.array([[float(x) for x in vector] for vector in witness.byzantine]).reshape(target.f, witness.dim)
    value = float(ratios(target.precise, honest[None], byzantine[None], norm)[0])
    if not np.isfinite(value):
        raise ValueError("the honest messages agree")
    return Fraction(value)

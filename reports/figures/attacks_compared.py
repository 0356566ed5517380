"""CRA Fig. 2: all methods under one attack; the panels differ in the attack and in alpha."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..claims import Claim, Comparison
from . import cra_setting, training
from .base import FigureData, Parameters, Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure


RULES = ("median", "trimmed-mean", "phocas")
METHODS = ("MA", *(f"RBA-{rule}" for rule in RULES), "SGC-DL", "Clairvoyant", *(f"CRA-{rule}" for rule in RULES))
BASELINES = METHODS[:6]
PRESETS = cra_setting.PRESETS
READINGS = cra_setting.READINGS
_TEXT = "CRA-DL ends better than RBA-DL, with {}."
PLACE = "CRA Section V, Fig. 2"


def caption(attack: str, alpha: float) -> str:
    """The panel's caption."""
    return (
        f"{attack} attack, α = {alpha:g}, N = 100, M = 1000, r = 40, γ = 0.001. Geometric means over paired seeds "
        "with 95 % confidence bands. Subsets are drawn uniformly for each device, so that about 17 of the 1000 are "
        "held by nobody."
    )


def compute_panel(name: str, parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Train all methods on the same seeds."""
    series = [cra_setting.series(m, m, parameters) for m in METHODS]
    return FigureData(
        name, parameters, training.tables(training.train(series, training.seeds_of(parameters), progress))
    )


def plot_panel(data: FigureData) -> Figure:
    """Draw the curves."""
    p = data.parameters
    return training.plot_curves(data, f"attack {p['attack']}, α = {p['alpha']:g}, r = {p['r']}")


def claims(name: str) -> tuple[Claim, ...]:
    """What the text says of every panel."""

    def claim(key: str, text: str, evidence: Callable[[FigureData], Sequence[Comparison]]) -> Claim:
        return Claim(f"{name}.{key}", text, PLACE, lambda data: evidence(data[name]), (name,))

    return (
        *(claim(f"cra-beats-rba-{rule}", _TEXT.format(rule.replace("-", " ")), _beats_rba(rule)) for rule in RULES),
        claim("cra-beats-sgc", "CRA-DL ends better than SGC-DL, with each rule.", _each_below("SGC-DL")),
        claim("cra-beats-all", "CRA-DL, with each rule, ends better than every baseline.", _each_below(*BASELINES)),
        claim(
            "clairvoyant-not-best",
            "The clairvoyant method is not the best: CRA-DL ends lower, with each rule.",
            _each_below("Clairvoyant"),
        ),
    )


def ma_suffers(name: str, weak: str = "cra.fig2b") -> tuple[Claim, Claim]:
    """The claims that averaging is the worst under this attack, and loses more than in the panel of a weaker one."""
    return (
        Claim(
            f"{name}.ma-worst",
            "MA ends worse than every other method.",
            PLACE,
            lambda data: training.worst(data[name], "MA"),
            (name,),
        ),
        Claim(
            f"{name}.ma-suffers-more",
            "MA loses more under this attack than under the Gaussian one.",
            PLACE,
            lambda data: _ma_suffers_more(data, name, weak),
            (name, weak),
        ),
    )


def _beats_rba(rule: str) -> Callable[[FigureData], Sequence[Comparison]]:
    return lambda data: training.better(data, f"CRA-{rule}", f"RBA-{rule}")


def _each_below(*others: str) -> Callable[[FigureData], Sequence[Comparison]]:
    return lambda data: [c for rule in RULES for c in training.better(data, f"CRA-{rule}", *others)]


def _ma_suffers_more(data: Mapping[str, FigureData], strong: str, weak: str) -> list[Comparison]:
    """How much more MA loses against CRA-DL with the median in one panel than in the other."""
    first, second = (training.gain(data[name], "MA", "CRA-median") for name in (weak, strong))
    return training.larger_gain(first, second, f"loss of MA against CRA-median in {strong} above that in {weak}")

"""Training curves: paired seeds, means with confidence bands, and the numbers that claims compare."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .. import style
from ..claims import Comparison
from ..table import Table
from .base import FigureData, Parameters, Progress, no_progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ...simulate.problems.base import ProblemFamily
    from ...simulate.trajectory import Trajectory

#: Iterations at which a curve is recorded, about.
RECORDS = 80

#: A run that ends with so many times its first loss has diverged: how far it got says nothing about its method.
DIVERGED = 1e3

#: Share of the recorded iterations, at the end of a run, whose mean log-loss is a run's result.
TAIL = 0.1


@dataclass(frozen=True)
class Series:
    """One curve of a figure.

    Attributes
    ----------
    label : str
        In the legend and in the tables.
    method : str
        For ``method_from_name``.
    options : mapping
        Its settings.
    problem : ProblemFamily
        Draws the data of each seed.
    run : mapping
        Further arguments of ``training.run``: ``iterations``, ``gamma``, ``f``, ``attack``, ``byzantine``, ``x0``.
    """

    label: str
    method: str
    options: Mapping[str, Any]
    problem: ProblemFamily
    run: Mapping[str, Any] = field(default_factory=dict)


def standard_start(seed: int, dimension: int) -> npt.NDArray[np.float64]:
    """A start with standard normal elements, of shape (dimension,)."""
    from ...simulate.randomness import Purpose, stream

    return stream(seed, Purpose.START).standard_normal(dimension)


def train(series: Sequence[Series], seeds: Sequence[int], progress: Progress | None = None) -> dict[str, Trajectory]:
    """Train every series on the same seeds: the same data and Byzantine identities."""
    from ...simulate.methods import method_from_name
    from ...simulate.training import run

    report, found = progress or no_progress, {}
    for number, one in enumerate(series):
        report(number / len(series), one.label)
        every = max(1, int(one.run["iterations"]) // RECORDS)
        method = method_from_name(one.method, **one.options)
        found[one.label] = run(method, one.problem, seeds=list(seeds), record_every=every, **one.run)
    report(1.0, "")
    return found


def tables(
    trajectories: Mapping[str, Trajectory], extra: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Table]:
    """Tidy tables of trained series.

    Parameters
    ----------
    trajectories
        By label, all on the same seeds and recorded at the same iterations.
    extra
        Further columns of each label, such as its load.

    Returns
    -------
    dict of str to Table
        ``"curves"``: label, iteration, geometric mean of the loss over seeds, its 95 % confidence band, and the number
        of diverged runs. The band leaves out what all series of a seed share (its data make every loss high or low),
        so that it shows how far apart the series are. ``"finals"``: label, seed, mean log-loss over the last
        tenth of the records (infinite for a diverged run), and the iteration at which numbers gave out.
    """
    extra = extra or {label: {} for label in trajectories}
    logs = np.stack([log_losses(t) for t in trajectories.values()])
    middle, half = paired_bands(logs)
    curves = [
        Table.of(
            label=[label] * len(one.iterations),
            iteration=one.iterations,
            loss=np.exp(middle[k]),
            low=np.exp(middle[k] - half[k]),
            high=np.exp(middle[k] + half[k]),
            diverged=np.sum(~np.isfinite(logs[k]), axis=0),
            **{name: [value] * len(one.iterations) for name, value in extra[label].items()},
        )
        for k, (label, one) in enumerate(trajectories.items())
    ]
    finals = [_finals(label, t, extra[label]) for label, t in trajectories.items()]
    return {"curves": Table.stack(curves), "finals": Table.stack(finals)}


def paired_bands(logs: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Means over seeds and half-widths of within-seed 95 % intervals (Cousineau's method with Morey's correction).

    Parameters
    ----------
    logs
        Log-losses of shape (series, seeds, records); infinite where a run diverged, which leaves it out.

    Returns
    -------
    tuple of numpy.ndarray
        Mean and half-width, each of shape (series, records); NaN where every run diverged.
    """
    from scipy import stats

    count, series = np.sum(np.isfinite(logs), axis=1), logs.shape[0]
    kept = np.where(np.isfinite(logs), logs, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all-NaN slices are the diverged ones
        middle = np.nanmean(kept, axis=1)
        # A series of which every run diverged at a record takes no part in the seeds' common level there.
        apart = kept - np.nanmean(kept - middle[:, None], axis=0, keepdims=True) if series > 1 else kept
        spread = np.nanstd(apart, axis=1, ddof=1)
        correction = np.sqrt(series / (series - 1)) if series > 1 else 1.0
        half = correction * stats.t.ppf(0.975, np.maximum(count - 1, 1)) * spread / np.sqrt(count)
    return middle, np.where(count > 1, half, 0.0)


def log_losses(trajectory: Trajectory) -> npt.NDArray[np.float64]:
    """Natural logarithms of the recorded losses, (seeds, records); infinite from a run's divergence on."""
    loss = np.where(np.isfinite(trajectory.loss), trajectory.loss, np.inf)
    with np.errstate(divide="ignore"):
        return np.log(loss)


def _finals(label: str, trajectory: Trajectory, extra: Mapping[str, Any]) -> Table:
    logs = log_losses(trajectory)
    tail = max(1, round(TAIL * logs.shape[1]))
    size = logs.shape[0]
    ends = logs[:, -tail:].mean(axis=1)
    ends = np.where(ends - logs[:, 0] > np.log(DIVERGED), np.inf, ends)
    return Table.of(
        label=[label] * size,
        seed=trajectory.seeds,
        log_loss=ends,
        diverged_at=trajectory.diverged,
        **{name: [value] * size for name, value in extra.items()},
    )


def plot_curves(data: FigureData, title: str) -> Figure:
    """Draw all series with their confidence bands; beside them where each ends, which serves as the legend."""
    curves = data.tables["curves"]
    labels = [str(label) for label in curves.unique("label")]
    with style.context():
        figure, (left, right) = style.panels(1, 2, width=4.8, height=4.4, width_ratios=(3, 2))
        for index, label in enumerate(labels):
            own = curves.where(label=label)
            style.band(left, own["iteration"], own["loss"], own["low"], own["high"], index, label)
        left.set(xlabel="iteration", ylabel="training loss", yscale="log", title=title)
        _plot_ends(right, data, labels)
    return figure


def _plot_ends(axes: Axes, data: FigureData, labels: Sequence[str]) -> None:
    """Final losses with within-seed intervals, one row a series; diverged series are named so."""
    logs = np.stack([final(data, label) for label in labels])
    middle, half = (part[:, 0] for part in paired_bands(logs[:, :, None]))
    lost = np.sum(~np.isfinite(logs), axis=1)
    for index in np.flatnonzero(np.isfinite(middle)):
        value, width = middle[index], half[index]
        bars = [[np.exp(value) - np.exp(value - width)], [np.exp(value + width) - np.exp(value)]]
        axes.errorbar(np.exp(value), index, xerr=bars, capsize=2, **style.line(int(index)))
    names = [
        f"{label} ({n} of {logs.shape[1]} diverged)" if n else label for label, n in zip(labels, lost, strict=True)
    ]
    axes.set_yticks(range(len(labels)), names)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.yaxis.tick_right()
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="loss at the end (95 % interval)", title="where they end")
    if np.isfinite(middle).any() and np.nanmax(middle) - np.nanmin(middle) > np.log(5):
        axes.set_xscale("log")


def final(data: FigureData, label: str) -> npt.NDArray[np.float64]:
    """Results of a series, one a seed: mean log-loss at the end."""
    return data.tables["finals"].where(label=label)["log_loss"]


def gain(data: FigureData, worse: str, better: str) -> npt.NDArray[np.float64]:
    """Log-ratio of the final losses, one a seed; positive where `better` is better; two diverged runs are equal."""
    with np.errstate(invalid="ignore"):
        difference = final(data, worse) - final(data, better)
    return np.where(np.isnan(difference), 0.0, difference)


def better(data: FigureData, best: str, *others: str) -> list[Comparison]:
    """The claim that one series ends lower than each of the others."""
    return [Comparison.of(f"{best} below {other}", gain(data, other, best)) for other in others]


def worst(data: FigureData, series: str) -> list[Comparison]:
    """The claim that a series ends higher than every other one of the figure."""
    others = [str(label) for label in data.tables["finals"].unique("label") if label != series]
    return [Comparison.of(f"{series} above {other}", gain(data, series, other)) for other in others]


def best(data: FigureData, series: str) -> list[Comparison]:
    """The claim that a series ends lower than every other one of the figure."""
    others = [str(label) for label in data.tables["finals"].unique("label") if label != series]
    return better(data, series, *others)


def decreasing(data: FigureData, ordered: Sequence[str]) -> list[Comparison]:
    """The claim that each series ends lower than the one before."""
    return [c for first, second in itertools.pairwise(ordered) for c in better(data, second, first)]


def close(data: FigureData, one: str, other: str, factor: float) -> list[Comparison]:
    """The claim that two series end within a factor of each other, on geometric average."""
    ratio = gain(data, one, other)
    margin = float(np.log(factor))
    return [
        Comparison.of(f"{one} at most {factor:g} times {other}", margin - ratio),
        Comparison.of(f"{other} at most {factor:g} times {one}", margin + ratio),
    ]


def larger_gain(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64], label: str) -> list[Comparison]:
    """The claim that the second of two gains is larger."""
    with np.errstate(invalid="ignore"):
        return [Comparison.of(label, second - first)]


Evidence = Callable[[Mapping[str, FigureData]], Sequence[Comparison]]


def seeds_of(parameters: Parameters) -> range:
    """The paired seeds: the first one and the following."""
    if parameters["seeds"] < 2:
        raise ValueError(f"a figure needs at least 2 paired seeds, got seeds={parameters['seeds']}")
    return range(parameters["seed"], parameters["seed"] + parameters["seeds"])

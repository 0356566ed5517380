"""Error floors: what each theorem promises, what happens under attack, and what no server can beat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .. import style
from ..claims import Claim
from ..table import Table
from .base import FigureData, Parameters, Progress, no_progress
from .formulas import relied_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ...simulate.methods import Method
    from ...simulate.problems.base import ProblemFamily

NAME = "bounds.floors"
TITLE = "Bounds against the measured floor"
SOURCE = "byzbounds"
CAPTION = (
    "Mean squared gradient norm at the end of training, over N²β² (LAD) or M²β² (CRA-DL), under the worst of "
    "several attacks, with the trimmed mean at its sharp constants, against the bounds at a vanishing learning "
    "rate. β² is the largest heterogeneity seen at the end of each run. A promise has to cover every problem, so a "
    "measured floor may lie below the floor that no server can promise to beat. The regressions have fewer "
    "parameters than subsets, so that there is a floor at all. Where a bound is missing it is vacuous."
)
PARAMETERS: Parameters = {
    "N": 50, "H": 40, "Q": 10, "M": 100, "r": 20, "d": 5, "sigma_H": 0.3, "loads": (1, 2, 5, 10, 20, 35),
    "kept": (10, 8, 6, 5, 4, 3), "redundancies": (2, 6, 10, 20, 40, 70), "alphas": (0.04, 0.1, 0.2, 0.3, 0.4),
    "attacks": ("sign:-2", "alie", "ipm"), "iterations": 1000, "step": 0.1, "seeds": 10, "seed": 0,
}  # fmt: skip
PRESETS: dict[str, Parameters] = {
    "quick": {"iterations": 500, "seeds": 3, "loads": (1, 5, 20), "kept": (10, 6, 4), "redundancies": (2, 10, 40)},
    "full": {"iterations": 5000},
}
READINGS: dict[str, Parameters] = {"literal": {}}
CLAIMS: tuple[Claim, ...] = ()

#: Share of the iterations, at the end, over which a floor is measured.
TAIL = 0.4

LABELS = {
    "printed": "paper's theorem",
    "refined": "refined theorem",
    "lower": "no server can promise less",
    "measured": "measured, worst attack",
}


@dataclass(frozen=True)
class _Setting:
    """One measured point: what is trained, what varies, and the bounds' parameters there."""

    panel: str
    x: float
    method: Method
    problem: ProblemFamily
    alpha: float
    scale: float
    heterogeneity: str


def compute(parameters: Parameters, progress: Progress | None = None) -> FigureData:
    """Evaluate the bounds on grids and measure floors at some points."""
    report = progress or no_progress
    settings = list(_settings(parameters))
    rows = []
    for number, setting in enumerate(settings):
        report(number / len(settings), f"{setting.panel} = {setting.x:g}")
        rows += _measure(setting, parameters)
    bounds = [*_lad_bounds(parameters), *_cra_bounds(parameters)]
    return FigureData(NAME, parameters, {"curves": Table.from_rows(bounds), "measured": Table.from_rows(rows)})


def _settings(p: Parameters) -> Iterator[_Setting]:
    from ...simulate.methods import method_from_name
    from ...simulate.problems import CraRegression, LadRegression

    N, f = p["N"], p["N"] - p["H"]
    lad = LadRegression(N=N, Q=p["Q"], sigma_H=p["sigma_H"])
    for d in p["loads"]:
        method = method_from_name("LAD-trimmed-mean", N=N, f=f, d=d, trim=f / N)
        yield _Setting("d", d, method, lad, f / N, N, "heterogeneity")
    for k in p["kept"]:
        method = method_from_name("Com-LAD-trimmed-mean", N=N, f=f, d=p["d"], k=k, trim=f / N)
        yield _Setting("delta", p["Q"] / k - 1, method, lad, f / N, N, "heterogeneity")
    cra = CraRegression(M=p["M"], Q=p["Q"], sigma_H=p["sigma_H"])
    for r in p["redundancies"]:
        method = method_from_name("CRA-trimmed-mean", N=N, f=f, r=r, allocation="balanced")
        yield _Setting("r", r, method, cra, f / N, p["M"], "heterogeneity_max")
    for alpha in p["alphas"]:
        method = method_from_name("CRA-trimmed-mean", N=N, f=round(alpha * N), r=p["r"], allocation="balanced")
        yield _Setting("alpha", alpha, method, cra, alpha, p["M"], "heterogeneity_max")


def _measure(setting: _Setting, p: Parameters) -> list[dict[str, Any]]:
    """Mean squared gradient norms at the end, over the scale and the heterogeneity there; one row an attack."""
    from ...simulate.training import run

    seeds = list(range(p["seed"], p["seed"] + p["seeds"]))
    smoothness = np.asarray(setting.problem.draw(seeds).smoothness)  # type: ignore[attr-defined]
    gamma = p["step"] * p["N"] / float(np.max(smoothness))
    rows = []
    for attack in p["attacks"]:
        done = run(
            setting.method, setting.problem, iterations=p["iterations"], gamma=gamma, seeds=seeds, attack=attack,
            record_every=max(1, p["iterations"] // 100), measures=(setting.heterogeneity,),
        )  # fmt: skip
        tail = slice(int((1 - TAIL) * len(done.iterations)), -1)
        beta_sq = np.max(done.measures[setting.heterogeneity][:, tail], axis=1)
        floors = np.mean(done.grad_norm_sq[:, tail], axis=1) / (setting.scale**2 * beta_sq)
        rows.append(
            {
                "panel": setting.panel,
                "x": float(setting.x),
                "attack": attack,
                "floor": float(np.mean(floors)),
                "stderr": float(np.std(floors, ddof=1) / np.sqrt(len(floors))),
                "seeds": len(floors),
            }
        )
    return rows


def _rows(panel: str, x: npt.NDArray[Any], **curves: Any) -> list[dict[str, Any]]:
    return [
        {"panel": panel, "bound": name, "x": float(at), "floor": float(value)}
        for name, values in curves.items()
        for at, value in zip(x, np.broadcast_to(values, x.shape), strict=True)
    ]


def _lad_bounds(p: Parameters) -> list[dict[str, Any]]:
    N, H = p["N"], p["H"]
    kappa = float(relied_on("robustness.kappa.cwtm", N=N, H=H))
    base = {"N": N, "H": H, "kappa": kappa, "beta": 1.0}
    d = np.arange(1, N)
    delta = np.linspace(0, p["Q"] / min(p["kept"]) - 1, 60)
    rows = _rows(
        "d", d,
        printed=relied_on("lad.eq34.small_step", **base, d=d) / N**2,
        refined=relied_on("refined.lad.theorem2.floor", **base, d=d) / N**2,
        lower=relied_on("refined.lad.lower_bound.oblivious", **base, d=d) / N**2,
    )  # fmt: skip
    return rows + _rows(
        "delta", delta,
        printed=relied_on("lad.eq32.small_step", **base, d=p["d"], delta=delta) / N**2,
        refined=relied_on("refined.lad.floor", **base, d=p["d"], delta=delta) / N**2,
        lower=relied_on("refined.lad.lower_bound.oblivious", **base, d=p["d"]) / N**2,
    )  # fmt: skip


def _cra_bounds(p: Parameters) -> list[dict[str, Any]]:
    N, M = p["N"], p["M"]
    r = np.arange(2, M, 2)
    counts = np.arange(1, (N + 1) // 2)
    rows = []
    for panel, x, at, f in (("r", r, r, np.full(len(r), N - p["H"])), ("alpha", counts / N, p["r"], counts)):
        kappa = relied_on("robustness.kappa.cwtm", N=N, H=N - f)
        base = {"N": N, "M": M, "beta": 1.0, "alpha": f / N, "r": at}
        c_alpha = np.sqrt(relied_on("cra.table1.trimmed_mean", alpha=f / N))
        rows += _rows(
            panel, x,
            printed=relied_on("cra.remark2", **base, C_alpha=c_alpha) / M**2,
            refined=relied_on("refined.cra.kappa.floor", **base, kappa=kappa) / M**2,
            lower=relied_on("refined.cra.lower_bound", **base) / M**2,
        )  # fmt: skip
    return rows


def plot(data: FigureData) -> Figure:
    """Four panels on logarithmic axes."""
    p = data.parameters
    titles = {
        "d": ("computational load d", f"LAD: N = {p['N']}, H = {p['H']}"),
        "delta": ("compression constant δ", f"Com-LAD: d = {p['d']}"),
        "r": ("redundancy r", f"CRA-DL: M = {p['M']}, α = {(p['N'] - p['H']) / p['N']:g}"),
        "alpha": ("fraction α of Byzantine devices", f"CRA-DL: M = {p['M']}, r = {p['r']}"),
    }
    with style.context():
        figure, axes = style.panels(2, 2, width=5.2, height=3.7)
        for ax, (panel, (label, title)) in zip(axes.flat, titles.items(), strict=True):
            _panel(ax, data, panel)
            ax.set(xlabel=label, ylabel="squared gradient norm / scale", yscale="log", title=title)
        axes[0, 0].set_xscale("log")
        axes[1, 0].set_xscale("log")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _panel(axes: Axes, data: FigureData, panel: str) -> None:
    curves, measured = data.tables["curves"].where(panel=panel), data.tables["measured"].where(panel=panel)
    for index, bound in enumerate(("printed", "refined", "lower")):
        own = curves.where(bound=bound)
        values = np.where(np.isfinite(own["floor"]) & (own["floor"] > 0), own["floor"], np.nan)
        axes.plot(own["x"], values, label=LABELS[bound], **{**style.line(index), "marker": ""})
    xs = [float(x) for x in measured.unique("x") if isinstance(x, float)]
    worst = [max(measured.where(x=x).rows(), key=lambda row: float(row["floor"] or 0)) for x in xs]
    bars = [2 * float(row["stderr"] or 0) for row in worst]
    heights = [float(row["floor"] or 0) for row in worst]
    axes.errorbar(xs, heights, yerr=bars, label=LABELS["measured"], capsize=2, color="black", marker="X", linestyle="")

"""Every figure computes, draws, round-trips through JSON and yields verdicts on its claims; small sizes throughout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from byzbounds.reports import figures
from byzbounds.reports.claims import ClaimOutcome, judge
from byzbounds.reports.figures import FigureData, complete, get, training
from byzbounds.reports.figures.base import FigureModule
from byzbounds.reports.table import Table

#: Parameters that make each figure small enough for a test.
LAD = {"N": 12, "H": 10, "Q": 6, "iterations": 12, "seeds": 3, "gamma0": 1e-5}
CRA = {"N": 10, "M": 30, "Q": 4, "iterations": 12, "seeds": 3, "r": 6}
SMALL: dict[str, dict[str, Any]] = {
    "lad.fig2": {"points": 11},
    "lad.fig3": {"N": 20, "H": 13},
    "lad.fig4": {**LAD, "loads": (2, 3)},
    "lad.fig5a": {**LAD, "d": 3},
    "lad.fig5b": {**LAD, "d": 3},
    "lad.fig6": {**LAD, "d": 3, "k": 3},
    "cra.fig2a": CRA,
    "cra.fig2b": {**CRA, "alpha": 0.1},
    "cra.fig2c": CRA,
    "cra.fig3a": {**{k: v for k, v in CRA.items() if k != "r"}, "loads": (3, 6, 12)},
    "cra.fig3b": {**{k: v for k, v in CRA.items() if k != "r"}, "loads": (3, 6, 12)},
    "cra.fig4": {**CRA, "alphas": (0.0, 0.1, 0.2)},
    "cra.fig5": {**CRA, "levels": (0.1, 1.0)},
    "bounds.floors": {
        "N": 10,
        "H": 8,
        "Q": 4,
        "M": 20,
        "r": 4,
        "d": 2,
        "loads": (1, 3),
        "kept": (4, 2),
        "redundancies": (2, 4),
        "alphas": (0.1, 0.2),
        "iterations": 30,
        "seeds": 2,
        "attacks": ("sign:-2",),
    },
    "bounds.feasibility": {"points": 12},
    "bounds.constants": {"rules": ("cwtm", "median"), "n": 8, "f": (1, 2)},
    "bounds.witness": {"rules": ("cwtm",), "n": 5, "f": 1},
    "bounds.tradeoff": {**LAD, "loads": (1, 3), "kept": (2, 6)},
}


@pytest.fixture(scope="module")
def small() -> dict[str, FigureData]:
    """Every figure, small, computed once."""
    return {name: figures.compute(name, SMALL.get(name, {}), preset="quick") for name in figures.NAMES}


@pytest.mark.parametrize("name", figures.NAMES)
def test_figure_draws_and_its_data_survive_json(name: str, small: dict[str, FigureData]) -> None:
    again = FigureData.from_json(small[name].to_json())
    assert again.tables["curves"].to_csv() == small[name].tables["curves"].to_csv()
    figure = get(name).plot(again)
    assert all(axes.get_xlabel() or axes.get_ylabel() or axes.get_title() for axes in figure.axes)


@pytest.mark.parametrize("name", figures.NAMES)
def test_module_offers_what_the_report_needs(name: str) -> None:
    module: FigureModule = get(name)
    assert name == module.NAME
    assert module.READINGS["literal"] == {}
    for reading, changes in module.READINGS.items():
        assert set(changes) <= set(module.PARAMETERS), reading
    for preset, changes in module.PRESETS.items():
        assert preset in ("quick", "paper", "full")
        assert set(changes) <= set(module.PARAMETERS)
    assert all(claim.figure == name and claim.key.startswith(f"{name}.") for claim in module.CLAIMS)


def test_every_claim_gets_a_verdict(small: dict[str, FigureData]) -> None:
    claims = [claim for name in figures.NAMES for claim in get(name).CLAIMS]
    assert len({claim.key for claim in claims}) == len(claims) >= 30
    verdicts = judge(claims, {(name, "literal"): data for name, data in small.items()})
    assert [verdict.key for verdict in verdicts] == [claim.key for claim in claims]
    assert {verdict.outcome for verdict in verdicts} <= set(ClaimOutcome)


def test_figures_show_the_papers_parameters_by_default() -> None:
    assert get("lad.fig3").PARAMETERS | {} == {
        "N": 100, "H": 65, "delta": 0.5, "kappa": 1.5, "beta": 1.0, "form": "printed"
    }  # fmt: skip
    for name, expected in {
        "lad.fig4": {"H": 80, "sigma_H": 0.3, "gamma0": 1e-6, "trim": 0.1},
        "lad.fig5a": {"H": 80, "sigma_H": 0.0, "gamma0": 1e-6, "d": 10},
        "lad.fig5b": {"H": 80, "sigma_H": 0.1, "gamma0": 1e-6, "d": 10},
        "lad.fig6": {"H": 70, "sigma_H": 0.3, "gamma0": 3e-7, "d": 3, "k": 30, "tgn": 0.2},
        "cra.fig2a": {"alpha": 0.2, "r": 40, "gamma0": 1e-3, "attack": "sign:-2"},
        "cra.fig2b": {"alpha": 0.03, "attack": "gaussian:10000"},
        "cra.fig2c": {"alpha": 0.4, "attack": "sample-duplicating"},
        "cra.fig3a": {"alpha": 0.2, "front_iteration": 5},
        "cra.fig3b": {"alpha": 0.4, "front_iteration": 10},
    }.items():
        parameters = complete(get(name), {}, preset="paper")
        assert parameters | expected == parameters
        assert parameters["seeds"] >= 20


def test_the_error_term_is_that_of_the_equation() -> None:
    """(33) with (21) and (22) as printed, written out by hand at one point."""
    curves = figures.compute("lad.fig3").tables["curves"]
    N, H, d, delta, kappa = 100, 65, 7, 0.5, 1.5
    kappa1 = N * ((1 / H + 1) * 4 * delta / d) + 4 * (N - d) * N / (d * H * (N - 1))
    kappa2 = ((1 / H + 1) * 4 * delta / d + 4 * (N - H) * (N - d) / (d * H * (N - 1) * N)) / N
    at = curves.where(d=7)
    assert at["error"][0] == pytest.approx(kappa1 * np.sqrt(kappa / kappa2))
    assert at["margin"][0] == pytest.approx(1 / N - np.sqrt(kappa * kappa2))
    assert at["vacuous"][0] == (kappa * kappa2 >= N**-2)


def test_planted_false_claims_about_training_fail() -> None:
    """Two series of which one is lower by construction: what says the opposite does not hold."""
    rng = np.random.default_rng(5)
    level = rng.normal(5.0, 1.0, 20)
    finals = Table.stack(
        [
            Table.of(label=["low"] * 20, log_loss=level + rng.normal(0.0, 0.02, 20)),
            Table.of(label=["high"] * 20, log_loss=level + 0.1 + rng.normal(0.0, 0.02, 20)),
        ]
    )
    data = FigureData("made.up", {}, {"finals": finals})
    from byzbounds.reports.claims import Claim

    def about(key: str, evidence: Any) -> Claim:
        return Claim(f"made.up.{key}", key, "nowhere", lambda found: evidence(found["made.up"]), ("made.up",))

    claims = [
        about("true", lambda d: training.better(d, "low", "high")),
        about("false", lambda d: training.better(d, "high", "low")),
        about("best-true", lambda d: training.best(d, "low")),
        about("worst-false", lambda d: training.worst(d, "low")),
        about("close-false", lambda d: training.close(d, "low", "high", 1.02)),
        about("close-true", lambda d: training.close(d, "low", "high", 1.3)),
        about("order-false", lambda d: training.decreasing(d, ["low", "high"])),
    ]
    found = {v.key.removeprefix("made.up."): v.outcome for v in judge(claims, {("made.up", "literal"): data})}
    assert found == {key: ClaimOutcome.HOLDS if key.endswith("true") else ClaimOutcome.FAILS for key in found}


def test_bands_leave_out_what_seeds_share() -> None:
    rng = np.random.default_rng(3)
    shared = rng.normal(0.0, 10.0, (1, 30, 1))
    logs = shared + rng.normal(0.0, 0.1, (4, 30, 1))
    middle, half = training.paired_bands(logs)
    assert middle == pytest.approx(logs.mean(axis=1))
    assert np.all(half < 0.1)
    logs[0, :] = np.inf
    middle, half = training.paired_bands(logs)
    assert np.isnan(middle[0]).all()
    assert np.isfinite(middle[1:]).all()


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("lad.fig9", {}, "no figure 'lad.fig9'; did you mean"),
        ("lad.fig4", {"sigma": 1}, "no parameter 'sigma'; did you mean sigma_H"),
        ("lad.fig4", {"H": 50}, "N/2 < H <= N, got N=100, H=50"),
        ("lad.fig4", {"seeds": 1}, "at least 2 paired seeds"),
        ("cra.fig4", {"alphas": (0.001,)}, "alpha N has to be whole"),
        ("cra.fig3a", {"front_iteration": 99}, "front_iteration"),
        ("lad.fig2", {"points": 1}, "points >= 2"),
        ("lad.fig4", {"x0": "one"}, "x0 is 'zero' or 'normal'"),
    ],
)
def test_bad_input_names_what_is_wrong(name: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        figures.compute(name, given)


def test_an_unknown_reading_is_refused() -> None:
    with pytest.raises(ValueError, match="no reading 'liberal'; there are literal"):
        figures.compute("lad.fig2", reading="liberal")


def test_same_seed_same_data_other_seed_other_data() -> None:
    runs = [figures.compute("lad.fig5b", {**SMALL["lad.fig5b"], "seed": seed}) for seed in (0, 0, 1)]
    finals = [run.tables["finals"]["log_loss"] for run in runs]
    assert np.array_equal(finals[0], finals[1])
    assert not np.array_equal(finals[0], finals[2])


def test_floors_lie_below_the_refined_bounds(small: dict[str, FigureData]) -> None:
    """What is measured does not exceed what the refined theorems promise, at each measured point."""
    data = small["bounds.floors"]
    for row in data.tables["measured"].rows():
        bounds = data.tables["curves"].where(panel=row["panel"], bound="refined")
        at = np.interp(float(row["x"]), bounds["x"].astype(float), bounds["floor"].astype(float))
        assert row["floor"] <= at, row


def test_constants_bracket_the_witnesses(small: dict[str, FigureData]) -> None:
    for row in small["bounds.constants"].tables["curves"].rows():
        assert row["f"] / (row["n"] - 2 * row["f"]) <= row["witness"] * (1 + 1e-12) <= row["proved"] * (1 + 2e-12)
        assert row["exact"]


def test_witness_ratio_is_that_of_the_drawn_points(small: dict[str, FigureData]) -> None:
    data = small["bounds.witness"]
    for row in data.tables["ratios"].rows():
        aggregate = data.tables["curves"].where(rule=row["rule"], role="aggregate")
        # Honest messages are drawn around their mean, in units of their spread.
        assert aggregate["x"][0] ** 2 + aggregate["y"][0] ** 2 == pytest.approx(row["ratio"])


def test_map_marks_where_theorem_1_is_vacuous() -> None:
    """At delta = 0.5, d = 5 of LAD Fig. 2 the paper's theorem says nothing and the refined one does."""
    table = figures.compute("bounds.feasibility", {"points": 41, "d": 5}).tables["curves"].where(map="com-lad")
    near = [row for row in table.rows() if abs(float(row["x"]) - 5) < 0.6 and row["y"] == 0.5]
    assert near
    assert all(not row["printed"] and row["refined"] for row in near)


def test_every_reading_is_explained_and_needs_no_more_than_parameters() -> None:
    from byzbounds.reports.views import READING_TEXTS

    for name in figures.NAMES:
        for reading in get(name).READINGS:
            assert reading in READING_TEXTS
            complete(get(name), {}, preset="paper", reading=reading)
    for reading in ("literal", "trim-in-all"):
        assert complete(get("lad.fig4"), {}, preset="paper", reading=reading)["iterations"] == 2000
    assert complete(get("lad.fig4"), {}, preset="full", reading="trim-in-all")["iterations"] == 2000
    assert complete(get("lad.fig4"), {"iterations": 7}, reading="trim-in-all")["iterations"] == 7


@pytest.mark.parametrize("name", ["lad.fig4", "lad.fig6", "cra.fig2a"])
def test_readings_change_what_is_computed(name: str) -> None:
    """Each reading but the literal one changes the losses of some series."""
    found = {}
    for reading in get(name).READINGS:
        given = {key: value for key, value in SMALL[name].items() if key not in get(name).READINGS[reading]}
        finals = figures.compute(name, given, reading=reading).tables["finals"]
        found[reading] = tuple(finals["log_loss"].tolist())
    assert len(set(found.values())) == len(found)


def test_runs_that_explode_are_not_compared() -> None:
    """Two methods of which both explode: neither is better, whatever the exponents."""
    parameters = {**SMALL["cra.fig2a"], "gamma0": 10.0, "iterations": 30}
    data = figures.compute("cra.fig2a", parameters)
    assert np.all(np.isinf(training.final(data, "CRA-median")))
    verdicts = judge(get("cra.fig2a").CLAIMS[:1], {("cra.fig2a", "literal"): data})
    assert [verdict.outcome for verdict in verdicts] == [ClaimOutcome.UNDECIDED]
    assert "diverged" in get("cra.fig2a").plot(data).axes[1].get_yticklabels()[0].get_text()

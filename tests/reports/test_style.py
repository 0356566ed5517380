"""The style keeps curves apart for colour-blind readers and in black-and-white print."""

from __future__ import annotations

import itertools

import matplotlib as mpl
import matplotlib.colors
import numpy as np
import pytest

from byzbounds.reports import style

LOOKS = [style.line(index) for index in range(16)]


def test_style_sheet_is_a_plain_matplotlib_style() -> None:
    with mpl.rc_context():
        mpl.style.use(style.PATH)
        assert len(mpl.rcParams["axes.prop_cycle"]) == 8


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(range(16), 2)))
def test_any_two_curves_differ_without_colour(first: int, second: int) -> None:
    without = [{key: value for key, value in LOOKS[i].items() if key != "color"} for i in (first, second)]
    assert without[0] != without[1]


def _seen_by(colour: str, deficiency: np.ndarray) -> np.ndarray:
    return deficiency @ np.array(matplotlib.colors.to_rgb(colour))


# Linear simulations of full protanopia, deuteranopia and tritanopia (Machado, Oliveira and Fernandes 2009).
DEFICIENCIES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


@pytest.mark.parametrize("deficiency", DEFICIENCIES.values(), ids=DEFICIENCIES)
def test_neighbouring_colours_stay_apart_for_colour_blind_readers(deficiency: list[list[float]]) -> None:
    seen = [_seen_by(look["color"], np.array(deficiency)) for look in LOOKS[:8]]
    distances = [np.linalg.norm(a - b) for a, b in itertools.pairwise(seen)]
    assert min(distances) > 0.15


def test_pictures_are_the_same_bytes_each_time(tmp_path) -> None:
    pictures = []
    for name in ("first", "second"):
        with style.context():
            figure, axes = style.panels()
            axes.plot([1, 2], [3, 4], label="line")
            axes.legend()
        (svg,) = style.save(figure, tmp_path / name, ("svg",))
        pictures.append(svg.read_bytes())
    assert pictures[0] == pictures[1]


def test_vacuous_parts_are_shaded_between_grid_points() -> None:
    _, axes = style.panels()
    style.shade_vacuous(axes, [0.0, 1.0, 2.0, 3.0], [True, False, False, True])
    edges = sorted((patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches)
    assert edges == [(0.0, 0.5), (2.5, 3.0)]


def test_styled_draws_in_the_style_and_leaves_the_callers_alone() -> None:
    before = mpl.rcParams["axes.grid"]

    @style.styled
    def inside() -> bool:
        return bool(mpl.rcParams["axes.grid"])

    assert inside()
    assert mpl.rcParams["axes.grid"] == before

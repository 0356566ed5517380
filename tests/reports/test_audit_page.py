"""The audit page."""

from __future__ import annotations

import pytest

from byzbounds.reports.audit_page import audit_markdown

ROW = {
    "setting": "Fig. 1",
    "rule": "some | rule",
    "theorem": "own.theorem",
    "verdict": "vacuous",
    "constant": "kappa = 1.5",
    "fails": "kappa < 1",
    "limits": {"kappa": "[0, 1)", "N": "[2, oo)"},
    "refined": ["refined.own.theorem"],
}


def test_one_line_a_setting() -> None:
    page = audit_markdown([ROW, {**ROW, "verdict": "no constant", "constant": None, "limits": {}}])
    assert "Of 2 settings: 1 vacuous, 1 no constant." in page
    line = next(line for line in page.splitlines() if line.startswith("| Fig. 1"))
    assert r"some \| rule" in line
    assert "kappa: [0, 1)" in line
    assert "N: " not in line
    assert line.endswith("| 1 |")


@pytest.mark.slow
def test_the_papers_own_settings() -> None:
    lines = [line for line in audit_markdown().splitlines() if line.startswith(("| LAD", "| CRA"))]
    assert len(lines) > 30
    assert any("| vacuous |" in line for line in lines)

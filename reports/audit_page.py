"""The audit of the papers' own parameter sets, as a page of the documentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..bounds.audit.papers import rows as paper_rows

#: Parameters whose admissible values are shown, where they occur.
_LIMITS = ("d", "r", "delta", "kappa", "C_alpha", "alpha", "H", "gamma0")

_INTRODUCTION = """\
# Audit

Does each theorem say anything at the parameters of the papers' own figures and examples, with the constants of the
rules that they use? Computed by `byzbounds audit --papers`; `byzbounds audit THEOREM name=value ...` does the same for
other parameters.

* **vacuous**: a condition of the theorem fails, so it says nothing; the column after it names the condition.
* **not excluded**: no condition fails, but some need values that the paper does not give (the smoothness constant L,
  the heterogeneity beta, the number of iterations).
* **no constant**: the rule, as it is run, has no finite constant at all.
* The admissible values are those of one parameter while the others stay; for CRA-DL the number of holders
  d_min = N r / M follows r, and C_alpha follows alpha.
* The last column counts the refined versions of the theorem that are not vacuous at the same parameters.
"""


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in cells) + " |"


def _cells(row: Mapping[str, Any]) -> Sequence[str]:
    limits = "; ".join(f"{name}: {row['limits'][name]}" for name in _LIMITS if name in row["limits"])
    return (
        row["setting"],
        row["rule"],
        row["constant"] or "none",
        f"`{row['theorem']}`",
        row["verdict"],
        row["fails"] or "nothing",
        limits or "nothing to vary",
        str(len(row["refined"])),
    )


def audit_markdown(rows: Sequence[Mapping[str, Any]] | None = None) -> str:
    """The page.

    Parameters
    ----------
    rows : sequence of mapping, optional
        As :func:`byzbounds.bounds.audit.papers.rows` returns them; default: that.
    """
    rows = paper_rows() if rows is None else rows
    counts = Counter(row["verdict"] for row in rows)
    summary = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    head = ("setting", "rule", "its constant", "theorem", "outcome", "what fails", "admissible values", "refined")
    lines = [_INTRODUCTION, f"Of {len(rows)} settings: {summary}.", "", _line(head), _line(["---"] * len(head))]
    return "\n".join([*lines, *(_line(_cells(row)) for row in rows)]) + "\n"

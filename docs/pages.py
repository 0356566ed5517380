"""Pages that are computed: the theory from the catalogue, the coverage, the audit, the errata, the worst cases.

``python docs/pages.py`` writes them to ``docs/generated``; the MkDocs build does so by itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

from byzbounds.bounds import Statement, statements
from byzbounds.bounds.errata import errata
from byzbounds.bounds.refined.improvements import improved_by
from byzbounds.reports.mathml import mathml
from byzbounds.reports.show import derivation_status, statement_latex

TITLES = {
    "lad": "LAD and Com-LAD",
    "cra": "CRA-DL",
    "refined": "Sharper theorems",
    "robustness": "Robustness constants",
    "compression": "Compressors",
}


def statement_section(statement: Statement) -> str:
    """A statement as a section: formula, source, hypotheses, what it uses, how it is derived."""
    lines = [
        f"## {statement.title} {{: #{statement.key.replace('.', '-')} }}",
        "",
        f"`{statement.key}`, {statement.kind}, {statement.source}",
        "",
    ]
    if statement.text:
        lines += [statement.text, ""]
    lines += [str(mathml(statement_latex(statement))), ""]
    if statement.hypotheses:
        lines += ["Hypotheses:", "", *(f"* {hypothesis.text}" for hypothesis in statement.hypotheses), ""]
    if statement.uses:
        lines += ["Uses " + ", ".join(f"`{key}`" for key in statement.uses) + ".", ""]
    if improved_by(statement.key):
        lines += ["Improved by " + ", ".join(f"`{key}`" for key in improved_by(statement.key)) + ".", ""]
    lines += [derivation_status(statement) + ".", ""]
    return "\n".join(lines)


def theory_page(paper: str) -> str:
    """All statements whose keys begin with ``paper.``."""
    chosen = [statement for statement in statements() if statement.key.split(".")[0] == paper]
    head = (
        f"# {TITLES[paper]}\n\n{len(chosen)} statements; "
        "`byzbounds show KEY --proof` prints a derivation step by step.\n"
    )
    return "\n".join([head, *map(statement_section, chosen)])


def errata_page() -> str:
    """What the comparison of printed and derived forms, and the test of the papers' claims, found."""
    found = errata()
    lines = [
        "# Errata",
        "",
        "Computed by comparing every printed form with its own derivation and by testing every claim;",
        f"`byzbounds errata` prints the same list. {len(found)} entries.",
        "",
        "| key | source | effect | printed | derived | evidence |",
        "|---|---|---|---|---|---|",
    ]
    for erratum in found:
        cells = (
            f"`{erratum.key}`", erratum.source, erratum.effect, f"`{erratum.printed}`", f"`{erratum.derived}`",
            erratum.evidence,
        )  # fmt: skip
        lines.append("| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def write_pages(folder: Path) -> None:
    """Write all generated pages."""
    from byzbounds.reports.audit_page import audit_markdown
    from byzbounds.reports.coverage import coverage_markdown
    from byzbounds.reports.worst_cases import page

    folder.mkdir(parents=True, exist_ok=True)
    for paper in TITLES:
        (folder / f"{paper}.md").write_text(theory_page(paper), encoding="utf-8")
    (folder / "errata.md").write_text(errata_page(), encoding="utf-8")
    (folder / "coverage.md").write_text(coverage_markdown(), encoding="utf-8")
    (folder / "audit.md").write_text(audit_markdown(), encoding="utf-8")
    archive = Path(__file__).parent / "data" / "worst_cases.json"
    (folder / "worst-cases.md").write_text(page(archive), encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(__file__).parent / "generated")
    sys.stdout.write("wrote docs/generated\n")

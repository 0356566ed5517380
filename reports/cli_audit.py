"""``byzbounds audit`` and ``byzbounds errata``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import sympy as sp

    from ..bounds.audit import AuditReport, FeasibilityMap, Limit

Ranges = dict[str, tuple["sp.Expr", ...]]


def _read(assignments: Sequence[str]) -> tuple[dict[str, str], Ranges]:
    """Single values and formulas, as text, and ranges."""
    from ..bounds.numeric import parse_range

    values: dict[str, str] = {}
    ranges: Ranges = {}
    for assignment in assignments:
        name, separator, text = (part.strip() for part in assignment.partition("="))
        if not separator or not name or not text:
            raise ValueError(f"cannot read {assignment!r}: write name=value, name=first:last or name=formula")
        if name in values or name in ranges:
            raise ValueError(f"parameter {name!r} is given twice")
        if ":" in text or "," in text:
            ranges.update(parse_range(f"{name}={text}"))
        else:
            values[name] = text
    if len(ranges) > 2:
        raise ValueError(f"audit takes at most two ranges, got {', '.join(ranges)}")
    return values, ranges


def _audit(
    theorem: Annotated[str | None, typer.Argument(help="Key of a theorem; `byzbounds list` shows them.")] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Argument(
            help="name=value (exact), name=formula in the others (d_min=N*r/M), or up to two ranges (d=1:100)."
        ),
    ] = None,
    papers: Annotated[bool, typer.Option("--papers", help="Audit every parameter set of the papers' figures.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Does a theorem say anything at these parameters? If not, what is in the way, and what would help?"""
    if papers:
        _show_papers(as_json)
        return
    if theorem is None:
        raise ValueError("audit needs the key of a theorem, or --papers")
    values, ranges = _read(assignments or [])
    if len(ranges) == 2:
        _show_map(theorem, values, ranges, as_json)
    elif ranges:
        _show_line(theorem, values, ranges, as_json)
    else:
        _show_point(theorem, values, as_json)


def _show_papers(as_json: bool) -> None:
    from ..bounds.audit.papers import rows
    from .cli_catalogue import print_table

    found = rows()
    if as_json:
        typer.echo(json.dumps(found))
        return
    shown = ("setting", "rule", "constant", "theorem", "verdict", "fails")
    print_table([{name: row[name] or "-" for name in shown} for row in found], title="The papers' own parameter sets")


def _show_point(theorem: str, values: dict[str, str], as_json: bool) -> None:
    from ..bounds.audit import audit

    report = audit(theorem, values)
    if as_json:
        typer.echo(json.dumps(report.to_json()))
    else:
        _print_report(report)


def verdict(report: AuditReport) -> str:
    """One line: what an audit comes to."""
    if not report.in_domain:
        return "OUTSIDE THE DOMAIN: the theorem is about no such parameters."
    if report.vacuous:
        return "VACUOUS: a condition fails, so the theorem says nothing here."
    if report.applies is None:
        return f"NOT EXCLUDED: nothing fails, but values are missing: {', '.join(report.missing)}."
    return "APPLIES: every hypothesis on the parameters is met."


def _print_report(report: AuditReport) -> None:
    from .cli_catalogue import print_table

    typer.echo(f"{report.key}: {verdict(report)}")
    print_table(
        [
            {"hypothesis": check.text, "met": _met(check.met, check.missing), "margin": _percent(check.margin)}
            for check in report.checks
        ],
        title="Hypotheses",
    )
    limits = [
        {
            "parameter": limit.name,
            "value": str(limit.value),
            "admissible, others fixed": " or ".join(map(str, limit.intervals)) or "no value helps",
            "note": _note(limit),
        }
        for limit in report.limits
    ]
    if limits:
        print_table(limits, title="How far each parameter can move")
    if report.bound is not None:
        typer.echo(f"bound: {report.bound:.6g}")
        parts = [
            {
                "share": _percent(t.share),
                "value": f"{t.value:.6g}",
                "as T grows": _fate(t.vanishes),
                "term": str(t.formula),
            }
            for t in report.terms
        ]
        print_table(parts, title="Terms of the bound")
    refined = [
        {"key": r.key, "says": _says(r.vacuous, r.bound), "also needs": ", ".join(r.missing)}
        for r in report.refinements
    ]
    if refined:
        print_table(refined, title="Refined versions")


def _met(met: bool | None, missing: Sequence[str]) -> str:
    if met is None:
        return f"needs {', '.join(missing)}" if missing else "assumed"
    return "yes" if met else "NO"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.3g} %"


def _note(limit: Limit) -> str:
    if limit.inside:
        return ""
    if limit.nearest is None:
        return "cannot help alone"
    return f"obstacle until {float(limit.nearest):.5g}" + (
        "" if limit.change is None else f", times {limit.change:.3g}"
    )


def _fate(vanishes: bool | None) -> str:
    return "" if vanishes is None else "vanishes" if vanishes else "stays"


def _says(vacuous: bool, bound: float | None) -> str:
    return "vacuous too" if vacuous else "not vacuous" if bound is None else f"{bound:.6g}"


def _show_line(theorem: str, values: dict[str, str], ranges: Ranges, as_json: bool) -> None:
    from ..bounds.audit import audit
    from .cli_catalogue import print_table

    ((name, points),) = ranges.items()
    reports = [audit(theorem, {**values, name: point}, refine=False, limits=False) for point in points]
    if as_json:
        typer.echo(json.dumps({"key": theorem, "parameter": name, "reports": [report.to_json() for report in reports]}))
        return
    rows = [
        {
            name: str(point),
            "outcome": verdict(report).partition(":")[0],
            "fails": "; ".join(check.text for check in report.checks if check.met is False),
            "bound": "" if report.bound is None else f"{report.bound:.6g}",
        }
        for point, report in zip(points, reports, strict=True)
    ]
    print_table(rows, title=f"{theorem} over {name}")


def _show_map(theorem: str, values: dict[str, str], ranges: Ranges, as_json: bool) -> None:
    from ..bounds.audit import feasibility

    (x, xs), (y, ys) = ranges.items()
    found = feasibility(theorem, (x, [float(v) for v in xs]), (y, [float(v) for v in ys]), values)
    if as_json:
        typer.echo(json.dumps(map_json(found)))
        return
    typer.echo(f"{theorem}: # applies, . vacuous, blank outside the domain; {x} to the right, {y} upwards")
    for row in reversed(range(len(ys))):
        cells = zip(found.feasible[row], found.admissible[row], strict=True)
        typer.echo(
            f"{float(ys[row]):>10.4g} | " + "".join("#" if ok else "." if inside else " " for ok, inside in cells)
        )
    typer.echo(f"{x}: {float(xs[0]):.4g} to {float(xs[-1]):.4g}")
    if found.ignored:
        typer.echo("not checked, for want of values: " + "; ".join(found.ignored))


def map_json(found: FeasibilityMap) -> dict[str, Any]:
    """Plain data; None where a margin or a bound does not exist."""
    import numpy as np

    def plain(array: Any) -> Any:
        return [[float(v) if np.isfinite(v) else None for v in row] for row in array]

    return {
        "key": found.key,
        "x": {"name": found.x[0], "values": found.x[1].tolist()},
        "y": {"name": found.y[0], "values": found.y[1].tolist()},
        "admissible": found.admissible.tolist(),
        "feasible": found.feasible.tolist(),
        "margin": plain(found.margin),
        "bound": None if found.bound is None else plain(found.bound),
        "ignored": list(found.ignored),
    }


def _errata(
    keys: Annotated[list[str] | None, typer.Argument(help="Statements to look at; default: all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every difference between what the papers print and what follows, and every claim that is refuted."""
    from ..bounds import get
    from ..bounds.errata import errata
    from .cli_catalogue import print_table

    found = [erratum.to_json() for erratum in errata([get(key) for key in keys] if keys else None)]
    if as_json:
        typer.echo(json.dumps(found))
    elif found:
        print_table(found, title=f"{len(found)} differences")
    else:
        typer.echo("no differences")


def register(app: typer.Typer) -> None:
    """Add both commands."""
    app.command("audit")(_audit)
    app.command("errata")(_errata)

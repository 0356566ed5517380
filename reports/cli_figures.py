"""``byzbounds figure`` and ``plot``, and what ``list figures``, ``list claims`` and ``verify --claims`` print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from .claims import Claim
    from .figures.base import Parameters, Progress

Rows = list[dict[str, Any]]


def list_figures() -> Rows:
    """One row a figure: name, title, source, number of claims, readings, parameters with their defaults."""
    from .figures import NAMES, get
    from .views import shown

    return [
        {
            "name": name,
            "title": get(name).TITLE,
            "source": get(name).SOURCE,
            "claims": len(get(name).CLAIMS),
            "readings": list(get(name).READINGS),
            "parameters": [f"{key}={shown(value)}" for key, value in get(name).PARAMETERS.items()],
        }
        for name in NAMES
    ]


def list_claims() -> Rows:
    """One row a claim: key, figure, text, source, readings under which it is tested."""
    from .figures import get
    from .report import all_claims

    return [
        {
            "key": claim.key,
            "figure": claim.figure,
            "text": claim.text,
            "source": claim.source,
            "readings": [r for r in get(claim.figure).READINGS if all(r in get(f).READINGS for f in claim.figures)],
        }
        for claim in all_claims()
    ]


def chosen_claims(names: Sequence[str]) -> list[Claim]:
    """Claims by key, or all claims of a figure by its name; all claims when none is named.

    Raises
    ------
    ValueError
        If a name is neither; near misses are suggested.
    """
    import difflib

    from .report import all_claims

    claims = all_claims()
    found: list[Claim] = [] if names else claims
    for name in names:
        fitting = [c for c in claims if name in (c.key, c.figure)]
        if not fitting:
            near = difflib.get_close_matches(
                name, [*(c.key for c in claims), *{c.figure for c in claims}], n=3, cutoff=0.5
            )
            hint = f"did you mean {' or '.join(near)}?" if near else "`byzbounds list claims` shows all"
            raise ValueError(f"no claim {name!r}; {hint}")
        found += [c for c in fitting if c not in found]
    return found


def verify_claims(
    names: Sequence[str] = (),
    preset: str = "quick",
    seed: int = 0,
    progress: Progress | None = None,
    *,
    readings: Sequence[str] | None = None,
) -> Rows:
    """Test claims on freshly computed figures: one row a claim and reading, p-values corrected over these rows.

    Parameters
    ----------
    names
        Claim keys or figure names; all claims by default.
    preset, seed
        As for the report.
    progress
        Called with the finished fraction and what is being done.
    readings
        Instead of those of the preset.
    """
    from .claims import judge
    from .figures import compute, get
    from .figures.base import no_progress
    from .report import readings_of

    claims = chosen_claims(names)
    needed = list(dict.fromkeys(figure for claim in claims for figure in claim.figures))
    units = [
        (f, r)
        for f in needed
        for r in (readings_of(f, preset) if readings is None else readings)
        if r in get(f).READINGS
    ]
    report, data = progress or no_progress, {}
    for number, (figure, reading) in enumerate(units):
        report(number / len(units), f"{figure} ({reading})")
        given = {"seed": seed} if "seed" in get(figure).PARAMETERS else {}
        data[figure, reading] = compute(figure, given, preset=preset, reading=reading)
    report(1.0, "done")
    return [verdict.to_json() for verdict in judge(claims, data)]


def parse_parameters(defaults: Parameters, assignments: Sequence[str], what: str) -> dict[str, Any]:
    """Read ``name=value`` with the type that the parameter's default has.

    Raises
    ------
    ValueError
        If an assignment has no ``=`` or its value is of the wrong type. Unknown names pass: `complete` names them.
    """
    given: dict[str, Any] = {}
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        if not separator or not text:
            raise ValueError(f"{what}: cannot read {assignment!r}; write name=value")
        given[name] = _typed(what, name, text, defaults.get(name))
    return given


def _typed(what: str, name: str, text: str, default: Any) -> Any:
    if isinstance(default, tuple):
        return tuple(_typed(what, name, part, default[0] if default else "") for part in text.split(","))
    if isinstance(default, bool) or default is None or isinstance(default, str):
        return text if not isinstance(default, bool) else text.lower() in ("1", "yes", "true")
    from ..bounds.parsing import parse_value

    value = parse_value(text)
    if isinstance(default, int):
        if not value.is_integer:
            raise ValueError(f"{what} needs a whole number {name}, got {text}")
        return int(value)
    return float(value)


def _figure(
    name: Annotated[str, typer.Argument(help="A figure; `byzbounds list figures` shows them.")],
    assignments: Annotated[list[str] | None, typer.Argument(help="name=value, the papers' values by default.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write: .png, .svg, .pdf or .csv (the data).")] = None,
    preset: Annotated[str, typer.Option(help="quick, paper or full.")] = "paper",
    reading: Annotated[str, typer.Option(help="How to take what the paper leaves open.")] = "literal",
) -> None:
    """Make a figure, at the papers' parameters or at your own."""
    from .figures import compute, get

    module = get(name)
    given = parse_parameters(module.PARAMETERS, assignments or [], name)
    path = out or Path(f"{name}.png")
    _check_extension(path, (".png", ".svg", ".pdf", ".csv"))
    _check_folder(path)
    data = compute(name, given, preset=preset, reading=reading, progress=_progress_line())
    if path.suffix == ".csv":
        path.write_text(next(iter(data.tables.values())).to_csv(), "utf-8")
    else:
        _save(module.plot(data), path)
    typer.echo(f"wrote {path}")


def _plot(
    words: Annotated[list[str], typer.Argument(help="KEY [KEY ...] x=d 1:100 [name=value ...]")],
    log: Annotated[bool, typer.Option("--log", help="Logarithmic vertical axis.")] = False,
    out: Annotated[Path, typer.Option(help="File to write: .png, .svg or .pdf.")] = Path("plot.png"),
) -> None:
    """Plot statements against one of their parameters: byzbounds plot lad.kappa1 x=d 1:100 N=100 H=80 ... --log."""
    from .plot import plot

    keys, x, points, fixed = split_plot_words(words)
    _check_extension(out, (".png", ".svg", ".pdf"))
    _check_folder(out)
    _save(plot(keys, x, points, log=log, fixed=fixed), out)
    typer.echo(f"wrote {out}")


def split_plot_words(words: Sequence[str]) -> tuple[list[str], str, list[float], dict[str, float]]:
    """Sort the words of ``plot`` into keys, the variable, its values and the fixed parameters.

    Raises
    ------
    ValueError
        If there is no key, no ``x=name``, not exactly one range, or a fixed parameter has several values.
    """
    from ..bounds.numeric import parse_range

    named = [word for word in words if "=" in word]
    ranges = [word for word in words if "=" not in word and (":" in word or "," in word)]
    keys = [word for word in words if "=" not in word and word not in ranges]
    variables = [word[2:] for word in named if word.startswith("x=")]
    if not keys or len(variables) != 1 or len(ranges) != 1:
        raise ValueError("plot takes KEY [KEY ...] x=d 1:100 [name=value ...]: keys, one x=name and one range")
    points = [float(value) for value in parse_range(f"{variables[0]}={ranges[0]}")[variables[0]]]
    fixed = {}
    for name, values in parse_range(*(word for word in named if not word.startswith("x="))).items():
        if len(values) != 1:
            raise ValueError(f"plot: {name} is fixed, so it takes one value, got {len(values)}")
        fixed[name] = float(values[0])
    return keys, variables[0], points, fixed


def _save(figure: Any, path: Path) -> None:
    from .style import save

    save(figure, path.with_suffix(""), (path.suffix[1:],))


def _check_extension(path: Path, known: Sequence[str]) -> None:
    if path.suffix not in known:
        raise ValueError(f"--out has to end in {', '.join(known)}, got {path.name!r}")


def _check_folder(path: Path) -> None:
    from .store import require_writable

    require_writable(path.parent)


def _progress_line() -> Progress:
    import sys

    def show(fraction: float, message: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{fraction:4.0%} {message}" if fraction < 1 else "\r\x1b[K")
            sys.stderr.flush()

    return show


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("figure")(_figure)
    app.command("plot")(_plot)

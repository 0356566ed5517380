"""``byzbounds check-rule``: the conformance suite from the shell, for a rule in anybody's library."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..verify.conformance import Conformance


def load_rule(path: str, f: int) -> Callable[..., Any]:
    """Import ``module:name``; a class is made into a rule, with ``f=f`` where its constructor takes f.

    Raises
    ------
    ValueError
        If the path has no colon, the module or the name cannot be found, the object cannot be called, or the class
        cannot be made from f alone.
    """
    import inspect

    module_name, separator, name = path.partition(":")
    if not separator or not module_name or not name:
        raise ValueError(f"check-rule needs a rule as module:name, got {path!r}")
    # A script's folder is not on the path when an installed command runs, unlike with `python -m`.
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module_name)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"check-rule cannot load {path!r}: {error}") from error
    if not inspect.isclass(found):
        if not callable(found):
            raise ValueError(f"check-rule needs a callable, got {path!r}, a {type(found).__name__}")
        return found  # type: ignore[no-any-return]
    make: Callable[..., Any] = found
    try:
        rule = make(f=f) if "f" in inspect.signature(make).parameters else make()
    except TypeError as error:
        raise ValueError(f"check-rule cannot make a rule from the class {path!r}: {error}") from error
    if not callable(rule):
        raise ValueError(f"check-rule needs rules that can be called, got {path!r}")
    return rule  # type: ignore[no-any-return]


def _print(result: Conformance) -> None:
    from .cli_catalogue import print_table

    rows = [
        {"property": v.key.removeprefix("conformance."), "outcome": str(v.outcome), "detail": v.detail}
        for v in result.verdicts
    ]
    print_table(rows, title=f"{result.name}, n = {result.n}, f = {result.f}")
    for verdict in result.refuted:
        if verdict.counterexample:
            typer.echo(
                f"\n# {verdict.key.removeprefix('conformance.')}: {verdict.detail}\n{verdict.counterexample['code']}"
            )


def _check_rule(
    rule: Annotated[str, typer.Argument(help="module:callable; a class is instantiated, with f where it takes f.")],
    n: Annotated[int, typer.Option("--n", help="Number of messages.")] = 10,
    f: Annotated[int, typer.Option("--f", help="Number of Byzantine messages, 2f < n.")] = 2,
    kappa: Annotated[str | None, typer.Option(help="Claimed robustness coefficient, e.g. 1/3.")] = None,
    claims: Annotated[str | None, typer.Option(help="Comma-separated claims, or 'all'.")] = None,
    rtol: Annotated[float | None, typer.Option(help="Relative accuracy of an iterative rule.")] = None,
    max_examples: Annotated[int, typer.Option(help="Message sets a property.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of the examples.")] = 0,
    time_limit: Annotated[float, typer.Option(help="Seconds that one call may take.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Test an aggregation rule: shape, dtype, equivariances, robustness at the claimed kappa, breakdown ..."""
    from ..bounds.numeric import parse_value
    from ..verify.conformance import check_rule

    claimed = claims if claims in (None, "all") else [part.strip() for part in claims.split(",")]
    result = check_rule(
        load_rule(rule, f),
        n,
        f,
        kappa=None if kappa is None else float(parse_value(kappa)),
        claims=claimed,
        rtol=rtol,
        max_examples=max_examples,
        seed=seed,
        time_limit=time_limit,
    )
    if as_json:
        record = {
            "rule": rule,
            "n": n,
            "f": f,
            "passed": result.passed,
            "verdicts": [v.to_json() for v in result.verdicts],
        }
        typer.echo(json.dumps(record, indent=1))
    else:
        _print(result)
    if not result.passed:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check-rule")(_check_rule)

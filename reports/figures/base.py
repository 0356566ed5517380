"""What every figure module offers, and the data that it computes."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..claims import Claim

Parameters = Mapping[str, Any]
Progress = Callable[[float, str], None]
"""Called with the finished fraction (0 to 1) and what is being done."""

LITERAL = "literal"
"""The reading that takes the paper's text as it stands; every figure has it."""


@dataclass(frozen=True)
class FigureData:
    """What a figure shows, tidy.

    Attributes
    ----------
    figure : str
        The figure's name, ``"lad.fig4"``.
    parameters : mapping
        Everything that a replay needs.
    tables : mapping of str to Table
        ``"curves"`` holds what is drawn; further tables serve the claims.
    """

    figure: str
    parameters: Parameters
    tables: Mapping[str, Table]

    def to_json(self) -> str:
        """JSON text from which `from_json` restores the data (non-finite numbers as Python writes them)."""
        tables = {name: {column: list(cells) for column, cells in t.columns.items()} for name, t in self.tables.items()}
        return json.dumps({"figure": self.figure, "parameters": dict(self.parameters), "tables": tables})

    @classmethod
    def from_json(cls, text: str) -> FigureData:
        """Restore what `to_json` wrote."""
        record = json.loads(text)
        tables = {name: Table({c: tuple(cells) for c, cells in t.items()}) for name, t in record["tables"].items()}
        return cls(record["figure"], record["parameters"], tables)


class FigureModule(Protocol):
    """The names that a module in this folder exports.

    ``PRESETS`` overrides ``PARAMETERS`` by preset, ``READINGS`` by reading (``"literal"`` changes nothing).
    """

    NAME: str
    TITLE: str
    SOURCE: str
    CAPTION: str
    PARAMETERS: Parameters
    PRESETS: Mapping[str, Parameters]
    READINGS: Mapping[str, Parameters]
    CLAIMS: Sequence[Claim]

    def compute(self, parameters: Parameters, progress: Progress | None = None) -> FigureData:
        """Compute the figure's data."""

    def plot(self, data: FigureData) -> Figure:
        """Draw it."""


def complete(
    module: FigureModule, given: Parameters, *, preset: str = "paper", reading: str = LITERAL
) -> dict[str, Any]:
    """All parameters of a figure: defaults, then the preset, then the reading, then what is given.

    A module may hold ``READING_PRESETS``, which a preset adds for every reading but the literal one (fewer iterations).

    Raises
    ------
    ValueError
        If the reading or a given name is unknown; near misses are suggested.
    """
    if reading not in module.READINGS:
        raise ValueError(f"{module.NAME}: no reading {reading!r}; there are {', '.join(module.READINGS)}")
    for name in given:
        if name not in module.PARAMETERS:
            near = difflib.get_close_matches(name, module.PARAMETERS, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else f"it takes {', '.join(module.PARAMETERS)}"
            raise ValueError(f"{module.NAME} has no parameter {name!r}; {hint}")
    beside = {} if reading == LITERAL else getattr(module, "READING_PRESETS", {}).get(preset, {})
    chosen = module.PRESETS.get(preset, {})
    return {**module.PARAMETERS, **chosen, **beside, **module.READINGS[reading], **given}


def no_progress(fraction: float, message: str) -> None:
    """Report to nobody."""

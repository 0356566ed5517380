"""A small tidy table: named columns of equal length, written as CSV and read back from JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Cell = float | int | str | bool | None


@dataclass(frozen=True)
class Table:
    """Named columns of equal length.

    Attributes
    ----------
    columns : mapping of str to tuple
        Cells are Python numbers, strings, booleans or None.
    """

    columns: Mapping[str, tuple[Cell, ...]]

    def __post_init__(self) -> None:
        lengths = {name: len(cells) for name, cells in self.columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"Table needs columns of equal length, got {lengths}")

    @classmethod
    def of(cls, **columns: Iterable[Any]) -> Table:
        """A table of arrays or sequences; NumPy scalars become Python ones."""
        return cls({name: tuple(_plain(cell) for cell in cells) for name, cells in columns.items()})

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]], names: Sequence[str] | None = None) -> Table:
        """A table of dictionaries with the same keys."""
        names = list(rows[0]) if names is None and rows else list(names or ())
        return cls({name: tuple(_plain(row[name]) for row in rows) for name in names})

    @classmethod
    def stack(cls, tables: Sequence[Table]) -> Table:
        """The rows of several tables of the same columns, in order."""
        names = list(tables[0].columns)
        return cls({name: tuple(cell for table in tables for cell in table.columns[name]) for name in names})

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def rows(self) -> Iterator[dict[str, Cell]]:
        """The rows as dictionaries."""
        for cells in zip(*self.columns.values(), strict=True):
            yield dict(zip(self.columns, cells, strict=True))

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """A column as an array."""
        if name not in self.columns:
            raise ValueError(f"Table has no column {name!r}; it has {', '.join(self.columns)}")
        return self._arrays[name]

    @cached_property
    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {name: np.asarray(cells) for name, cells in self.columns.items()}

    def where(self, **values: Cell) -> Table:
        """The rows whose cells have these values."""
        keep = np.ones(len(self), dtype=bool)
        for name, value in values.items():
            keep &= np.fromiter((cell == value for cell in self.columns[name]), dtype=bool, count=len(self))
        chosen = np.flatnonzero(keep)
        return Table({name: tuple(cells[i] for i in chosen) for name, cells in self.columns.items()})

    def unique(self, name: str) -> list[Cell]:
        """The values of a column, each once, in the order of their first appearance."""
        return list(dict.fromkeys(self.columns[name]))

    def to_csv(self) -> str:
        """The table as CSV text with a header."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        for cells in zip(*self.columns.values(), strict=True):
            writer.writerow(f"{cell:.10g}" if isinstance(cell, float) else cell for cell in cells)
        return text.getvalue()


def _plain(cell: Any) -> Cell:
    value: Cell = cell.item() if isinstance(cell, np.generic | np.ndarray) else cell
    return value

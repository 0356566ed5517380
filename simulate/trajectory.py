"""What a training run leaves behind, and how it is exported as a tidy table."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Training of one method over a batch of seeds.

    Parameters
    ----------
    method
        The method's name.
    parameters
        Every parameter of the run, as plain values.
    seeds
        The runs' seeds, S of them.
    iterations
        Iterations t at which x^t was recorded, R of them: every `record_every`-th, and the last.
    loss
        F(x^t), (S, R); NaN from a run's divergence on.
    grad_norm_sq
        ||grad F(x^t)||^2, (S, R); NaN likewise.
    final
        The last iterate of each run that could still be computed with, (S, Q).
    diverged
        For each run the iteration whose iterate was too large to compute with, or None.
    measures
        What else was asked for at the recorded iterations before the last: name to (S, R), NaN where not measured.
    """

    method: str
    parameters: Mapping[str, Any]
    seeds: tuple[int, ...]
    iterations: npt.NDArray[np.int64]
    loss: Floats
    grad_norm_sq: Floats
    final: Floats
    diverged: tuple[int | None, ...]
    measures: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def final_loss(self) -> Floats:
        """The last loss that was computed of each run, (S,)."""
        last = [np.flatnonzero(np.isfinite(row)) for row in self.loss]
        return np.array([row[kept[-1]] if len(kept) else np.nan for row, kept in zip(self.loss, last, strict=True)])

    def to_rows(self) -> Iterator[dict[str, Any]]:
        """One row a seed and recorded iteration: method, seed, iteration, loss, grad_norm_sq, and the measures."""
        for run, seed in enumerate(self.seeds):
            for record, iteration in enumerate(self.iterations.tolist()):
                row = {
                    "method": self.method,
                    "seed": seed,
                    "iteration": iteration,
                    "loss": float(self.loss[run, record]),
                    "grad_norm_sq": float(self.grad_norm_sq[run, record]),
                }
                yield row | {name: float(values[run, record]) for name, values in self.measures.items()}

    def to_columns(self) -> dict[str, npt.NDArray[Any]]:
        """The same table as columns of equal length; ``pandas.DataFrame`` and ``polars.DataFrame`` take it as it is."""
        runs, records = self.loss.shape
        columns: dict[str, npt.NDArray[Any]] = {
            "method": np.full(runs * records, self.method),
            "seed": np.repeat(np.array(self.seeds), records),
            "iteration": np.tile(self.iterations, runs),
            "loss": self.loss.ravel(),
            "grad_norm_sq": self.grad_norm_sq.ravel(),
        }
        return columns | {name: values.ravel() for name, values in self.measures.items()}

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the tidy table as CSV; numbers read back to the same doubles."""
        columns = self.to_columns()
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))

    def to_pandas(self) -> Any:
        """The tidy table as a pandas data frame (extra ``tables``)."""
        import pandas

        return pandas.DataFrame(self.to_columns())

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write the tidy table as Parquet (extra ``tables``)."""
        self.to_pandas().to_parquet(path, index=False)

    def select(self, run: int) -> Trajectory:
        """The trajectory of one run."""
        part = slice(run, run + 1)
        return replace(
            self,
            seeds=self.seeds[part],
            loss=self.loss[part],
            grad_norm_sq=self.grad_norm_sq[part],
            final=self.final[part],
            diverged=self.diverged[part],
            measures={name: values[part] for name, values in self.measures.items()},
        )


def join_runs(parts: Sequence[Trajectory], parameters: Mapping[str, Any] | None = None) -> Trajectory:
    """One trajectory of all runs of several that share method, parameters and recorded iterations."""
    first = parts[0]
    return replace(
        first,
        parameters=first.parameters if parameters is None else parameters,
        seeds=tuple(seed for part in parts for seed in part.seeds),
        loss=np.concatenate([part.loss for part in parts]),
        grad_norm_sq=np.concatenate([part.grad_norm_sq for part in parts]),
        final=np.concatenate([part.final for part in parts]),
        diverged=tuple(at for part in parts for at in part.diverged),
        measures={name: np.concatenate([part.measures[name] for part in parts]) for name in first.measures},
    )

"""A folder of finished runs: one file a run, named by the run's content, written atomically."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .configuration import Configuration
from .trajectory import Trajectory

FORMAT = 1
"""Part of every key: raised when runs of an older version could differ, so that these are not taken for new ones."""


def run_key(configuration: Configuration, seed: int) -> str:
    """Digest of everything that determines a run.

    Raises
    ------
    ValueError
        If a function without a name of its own (a lambda, or one made inside another) is among the parameters: two
        different ones could not be told apart.
    """
    content = {"format": FORMAT, "parameters": configuration.parameters, "seed": int(seed)}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    if "<lambda>" in text or "<locals>" in text:
        raise ValueError("a run that uses a lambda or a local function has no stable key: use a module-level function")
    return hashlib.sha256(text.encode()).hexdigest()


class Store:
    """Finished runs on disk.

    A record is written to a temporary file, flushed to the disk and renamed: it exists entirely or not at all, whenever
    the writer is killed. Any number of processes may write to one store.

    Parameters
    ----------
    folder
        Made if it does not exist.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, key: str) -> Path:
        """Where the record with that key is, or would be."""
        return self.folder / f"{key}.npz"

    def __contains__(self, key: str) -> bool:
        return self.path(key).exists()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[str]:
        """Keys of all records."""
        return (path.stem for path in self.folder.glob("*.npz"))

    def save(self, key: str, trajectory: Trajectory) -> None:
        """Write the record of one run.

        Raises
        ------
        ValueError
            If the trajectory is not of exactly one run.
        """
        if len(trajectory.seeds) != 1:
            raise ValueError(f"Store saves one run a record, got {len(trajectory.seeds)}")
        facts = {
            "method": trajectory.method,
            "parameters": dict(trajectory.parameters),
            "seed": trajectory.seeds[0],
            "diverged": trajectory.diverged[0],
        }
        content: dict[str, Any] = {
            "facts": np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8),
            "iterations": trajectory.iterations,
            "loss": trajectory.loss,
            "grad_norm_sq": trajectory.grad_norm_sq,
            "final": trajectory.final,
        }
        content |= {f"measure.{name}": values for name, values in trajectory.measures.items()}
        self._write(self.path(key), content)

    def _write(self, path: Path, content: Mapping[str, Any]) -> None:
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, **content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def load(self, key: str) -> Trajectory | None:
        """The record with that key, or None if there is none or it cannot be read."""
        try:
            with np.load(self.path(key), allow_pickle=False) as archive:
                content = {name: archive[name] for name in archive.files}
            facts = json.loads(content.pop("facts").tobytes())
            measures = {name[8:]: content.pop(name) for name in list(content) if name.startswith("measure.")}
            return Trajectory(
                method=facts["method"],
                parameters=facts["parameters"],
                seeds=(facts["seed"],),
                diverged=(facts["diverged"],),
                measures=measures,
                **content,
            )
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return None

    def clean(self) -> int:
        """Remove what killed writers left behind; not while others write. Returns the number of files removed."""
        leftovers = list(self.folder.glob(".*.part"))
        for path in leftovers:
            path.unlink(missing_ok=True)
        return len(leftovers)

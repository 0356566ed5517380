"""Finished parts of a report on disk: written whole or not at all, found again by what they were computed from."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Store:
    """A folder of finished parts.

    A part's name is made of a label for people and a hash of everything that its content depends on. Writing goes to a
    temporary file that is then renamed, so that a kill at any moment leaves whole parts only.

    Parameters
    ----------
    folder
        Created where it is missing.

    Raises
    ------
    OSError
        If the folder cannot be created or written; the message names it.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        require_writable(self.folder)

    def path(self, label: str, content: Mapping[str, Any]) -> Path:
        """Where the part computed from this content lies."""
        digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]
        return self.folder / f"{label}-{digest}.json"

    def get(self, label: str, content: Mapping[str, Any]) -> str | None:
        """The part's text, or None."""
        path = self.path(label, content)
        return path.read_text("utf-8") if path.exists() else None

    def put(self, label: str, content: Mapping[str, Any], text: str) -> None:
        """Keep a part's text."""
        write_whole(self.path(label, content), text)


def write_whole(path: Path, payload: str | bytes) -> None:
    """Write a file so that it is never seen half-written."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(payload.encode() if isinstance(payload, str) else payload)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def require_writable(folder: Path) -> None:
    """Create a folder and see that it can be written.

    Raises
    ------
    OSError
        With the folder and the reason.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(f"cannot write to the folder {str(folder)!r}: {error.strerror or error}") from error

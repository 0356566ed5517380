"""MkDocs hook: write the generated pages before each build."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any


def on_pre_build(config: Any) -> None:
    """Write ``docs/generated/*.md`` from the catalogue, the audit and the errata."""
    folder = Path(config["docs_dir"])
    spec = importlib.util.spec_from_file_location("byzbounds_docs_pages", folder / "pages.py")
    assert spec is not None
    assert spec.loader is not None
    pages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pages)
    pages.write_pages(folder / "generated")

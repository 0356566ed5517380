"""The package's shape: imports go one way, the light import stays light, only one name is installed."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("bounds", "simulate", "verify", "reports")
ALLOWED = {
    "bounds": {"bounds"},
    "simulate": {"simulate"},
    "verify": {"bounds", "simulate", "verify"},
    "reports": set(PARTS),
}


def imported_parts(path: Path, part: str, root: Path = ROOT) -> set[str]:
    """Parts of the package that a module imports, relative imports resolved."""
    package = ("byzbounds", *path.relative_to(root).parent.parts)
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            stem = ".".join(x for x in (base, node.module) if x)
            names |= {stem} | {f"{stem}.{alias.name}" for alias in node.names}
    found = {name.split(".")[1] for name in names if name.startswith("byzbounds.")}
    return (found & set(PARTS)) | {part}


@pytest.mark.parametrize("part", PARTS)
def test_imports_go_one_way(part: str) -> None:
    modules = sorted((ROOT / part).rglob("*.py"))
    assert modules
    for path in modules:
        extra = imported_parts(path, part) - ALLOWED[part]
        assert not extra, f"{path.relative_to(ROOT)} imports {sorted(extra)}"


def test_the_checker_of_imports_sees_a_wrong_import(tmp_path: Path) -> None:
    module = tmp_path / "bounds" / "wrong.py"
    module.parent.mkdir()
    module.write_text("from ..simulate import training\n")
    assert imported_parts(module, "bounds", root=tmp_path) == {"bounds", "simulate"}


def test_bounds_and_simulate_keep_to_their_libraries() -> None:
    for part, banned in (("bounds", {"torch", "jax", "matplotlib"}), ("simulate", {"sympy", "matplotlib"})):
        for path in (ROOT / part).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                roots = set()
                if isinstance(node, ast.Import):
                    roots = {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                    roots = {node.module.split(".")[0]}
                assert not roots & banned, f"{path.relative_to(ROOT)} imports {sorted(roots & banned)}"


def test_light_import() -> None:
    code = (
        "import sys, byzbounds; "
        "heavy = {'sympy', 'matplotlib', 'scipy', 'torch', 'jax'} & set(sys.modules); "
        "assert not heavy, heavy; "
        "byzbounds.bounds; assert 'sympy' in sys.modules and 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=_environment())


def test_unknown_attribute_is_an_attribute_error() -> None:
    import byzbounds

    with pytest.raises(AttributeError, match="nonsense"):
        _ = byzbounds.nonsense


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="a source distribution holds copies, not links")
@pytest.mark.parametrize("part", PARTS)
def test_source_links_are_relative(part: str) -> None:
    link = ROOT / "src" / "byzbounds" / part
    assert link.is_symlink()
    assert not Path(link.readlink()).is_absolute()
    assert link.resolve() == ROOT / part


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src")}

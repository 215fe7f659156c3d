"""The architecture, as tests."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("layers", "assets", "twin", "viewers")
MODULES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_no_module_is_longer_than_400_lines():
    long = {
        str(path.relative_to(ROOT)): count
        for path in MODULES
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long


def test_every_module_opens_with_a_sentence():
    silent = [str(path.relative_to(ROOT)) for path in MODULES if not ast.get_docstring(_tree(path))]
    assert not silent


def test_a_package_file_holds_only_its_docstring():
    full = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if path.name == "__init__.py" and len(_tree(path).body) != 1
    ]
    assert not full


def test_no_module_is_called_utils():
    banned = {"utils", "util", "helpers", "common", "manager", "misc"}
    assert not [path for path in MODULES if path.stem in banned or path.parent.name in banned]


def test_only_one_module_knows_pyvistaqt():
    knowing = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if any(
            name.split(".")[0] == "pyvistaqt"
            for node in ast.walk(_tree(path))
            for name in _imported(node)
        )
    ]
    assert knowing == [str(Path("viewers/scene/interactor.py"))]


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module]
    return []


@pytest.mark.parametrize(
    "module", ["twin.cli", "viewers.cli", "layers.readers.registry", "twin.city"]
)
def test_starting_does_not_pay_for_heavy_libraries(module: str):
    heavy = (
        "{'pandas', 'geopandas', 'pyogrio', 'rasterio', 'laspy', 'vtkmodules', 'PySide6', 'pvlib'}"
    )
    code = f"import sys, {module}; print(sorted({heavy} & sys.modules.keys()))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"

"""Cities built by their recipes through the real command, once per run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"


@pytest.fixture(scope="session")
def dothi(data: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `dothi ARGUMENTS` as a user does, without a display."""

    def run(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {
            k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")
        }
        environment["DOTHI_DATA"] = str(data)
        done = subprocess.run(
            [sys.executable, "-m", "viewers.cli", *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment,
            check=False,
            timeout=240,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def built(
    dothi: Callable[..., subprocess.CompletedProcess[str]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Path, dict[str, Any]]]:
    """`built("delft")`: the project file of that recipe and what `dothi build --json` said."""
    folder = tmp_path_factory.mktemp("cities")
    known: dict[str, tuple[Path, dict[str, Any]]] = {}

    def build(name: str) -> tuple[Path, dict[str, Any]]:
        if name not in known:
            out = folder / f"{name}.gpkg"
            said = dothi("build", RECIPES / f"{name}.toml", "-o", out, "--json").stdout
            known[name] = (out, json.loads(said))
        return known[name]

    return build

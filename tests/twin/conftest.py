"""What the tests of this floor share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cities import make_buildings, make_city, make_ground, make_roads

from twin.city import City


@pytest.fixture
def city() -> City:
    """Ground, buildings and roads."""
    return make_city(make_ground(), make_buildings(), make_roads())


@pytest.fixture
def unprivileged() -> Iterator[Callable[[Path], None]]:
    """Calling it with a folder makes the rest of the test an ordinary user who may only read there.

    Root may write wherever it likes, so on Linux it becomes another user for the while.
    """
    closed: list[Path] = []
    entered: dict[Path, int] = {}
    if os.name == "nt":
        pytest.skip("Windows: rights of a folder are set in another way")

    def become(folder: Path) -> None:
        closed.append(folder)
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        if os.geteuid() == 0:
            for parent in folder.parents:
                mode = parent.stat().st_mode & 0o7777
                if mode & 0o055 != 0o055:  # its group stays root's
                    entered[parent] = mode
                    parent.chmod(mode | 0o055)
            os.seteuid(65534)

    yield become
    if os.getuid() == 0:
        os.seteuid(0)
    for folder in closed:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
    for parent, mode in entered.items():
        parent.chmod(mode)

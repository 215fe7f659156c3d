"""What the window's tests share: a small city, a project of it, an app that leaves nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest
from small_layers import CRS, buildings_layer, roads_layer

from layers.frame import Frame
from twin.city import City
from viewers.i18n import set_language
from viewers.theme import apply_theme


@pytest.fixture
def city() -> City:
    """Buildings and a road, in this order."""
    made = [buildings_layer(), roads_layer()]
    return City(
        name="Hàng Bạc",
        frame=Frame.around(CRS, made[0].bounds, vertical="Hon Dau 1972"),
        layers={layer.id: layer for layer in made},
    )


@pytest.fixture
def project_path(city: City, tmp_path: Path) -> Path:
    """The city as a saved project."""
    from twin.project.store import Project

    path = tmp_path / "hang-bac.gpkg"
    Project.create(path, city).close()
    return path


@pytest.fixture(autouse=True)
def _in_english_and_light(
    qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Every test starts in English and light, with user folders of its own."""
    for name in ("user_data_dir", "user_cache_dir"):
        folder = str(tmp_path / name)
        monkeypatch.setattr(platformdirs, name, lambda *_, folder=folder, **__: folder)
    set_language("en")
    apply_theme("light")
    yield
    set_language("en")


@pytest.fixture
def no_threads_left() -> Iterator[None]:
    """After the test no worker of ours lives."""
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and t.name.startswith("dothi")]
    assert left == []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A warning of Qt fails the tests of the window."""
    for item in items:
        if item.path.parent == Path(__file__).parent and "scene" not in item.path.name:
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))

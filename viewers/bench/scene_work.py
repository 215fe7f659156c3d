"""What the benchmarks of the scene do, each alone in a fresh process that prints one JSON line.

`python -m viewers.bench.scene_work first|moving|memory COUNT` or `… tiles COUNT`.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from viewers.bench.measure import STARTED

SIZE = (1920, 1080)


def city_file(count: int) -> Path:
    """The project of `big_city(count)` with all its tiles, made once in the user's cache."""
    import platformdirs

    which = "real" if "DOTHI_DATA" in os.environ else "drawn"
    folder = Path(platformdirs.user_cache_dir("dothi", appauthor=False)) / "bench"
    return folder / f"{which}-{count}.gpkg"


def make(count: int) -> dict[str, Any]:
    """Build the city and its tiles; seconds of the second."""
    from twin.project.store import Project
    from twin.pyramids import build_pyramids
    from viewers.bench.cities import big_city

    path = city_file(count)
    path.parent.mkdir(parents=True, exist_ok=True)
    with Project.create(path, big_city(count)) as project:
        started = time.perf_counter()
        tiles = build_pyramids(project)
    return {"tiles": tiles, "seconds": time.perf_counter() - started}


def tiles(count: int) -> dict[str, Any]:
    """Core seconds to make the tiles of `count` buildings, in this process, on the disk."""
    import tempfile

    from layers.tiles.pyramid import open_pyramid
    from viewers.bench.cities import big_city

    city = big_city(count)
    with tempfile.TemporaryDirectory() as folder:
        layer = city.buildings_layer("buildings")
        wall, core = time.perf_counter(), time.process_time()
        pyramid = open_pyramid(layer, origin=city.frame.origin, folder=Path(folder) / "tiles")
        assert pyramid is not None
        made = pyramid.build()
        return {
            "tiles": made,
            "core_s": time.process_time() - core,
            "wall_s": time.perf_counter() - wall,
        }


def first(count: int) -> dict[str, Any]:
    """From the start of the process to the first picture, complete in the frame buffer."""
    scene, close = _opened(city_file(count))
    scene.window.WaitForCompletion()
    said = {"seconds": time.time() - float(os.environ[STARTED]), "drawn": scene.drawn()}
    close()
    return said


def moving(count: int) -> dict[str, Any]:
    """Frames of a flight over the whole city, tiles streaming in as they do for a user."""
    import numpy as np

    from viewers.bench.flight import fly

    scene, close = _opened(city_file(count))
    scene.patient = False
    bounds = scene.city.bounds
    scene.set_moving()
    look = _looker(scene)
    fly(bounds, look, scene.render)  # shaders, buffers and the budget find their size
    seconds = fly(bounds, look, scene.render)
    said = {
        "median_ms": float(np.median(seconds)) * 1000,
        "p95_ms": float(np.percentile(seconds, 95)) * 1000,
        "drawn": scene.drawn(),
    }
    close()
    return said


def memory(count: int) -> dict[str, Any]:
    """Resident memory with a big city open and looked at, and after it was closed.

    "Before" is what the program holds once a small city was open and closed again: shaders, libraries
    and the driver's own memory are there then, whatever is opened.
    """
    from layers.memory import give_back
    from viewers.bench.flight import fly

    def one(path: Path) -> float:
        scene, close = _opened(path)
        scene.set_moving()
        fly(scene.city.bounds, _looker(scene), scene.render)
        scene.set_still()
        held = _resident()
        close()
        return held

    one(city_file(SMALL))
    gc.collect()
    give_back()
    before = _resident()
    opened = one(city_file(count))
    gc.collect()
    give_back()
    return {"before_mb": before, "open_mb": opened, "closed_mb": _resident()}


SMALL = 25_000


def _opened(path: Path) -> tuple[Any, Callable[[], None]]:
    """A scene that shows the project, drawn once, and what closes both."""
    from twin.project.store import Project
    from viewers.scene.off_screen import OffScreen
    from viewers.scene.scene import Scene
    from viewers.view_state import ViewState

    window = OffScreen(SIZE)
    scene = Scene(window)
    project = Project.open(path, read_only=True)
    scene.folder_for = project.tile_folder
    scene.show(project.city, ViewState())

    def close() -> None:
        scene.close()
        window.close()
        project.close()

    return scene, close


def _looker(scene: Any) -> Callable[[Any], None]:
    def look(pose: Any) -> None:
        scene.camera.pose = pose

    return look


def _resident() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss / 2**20)


if __name__ == "__main__":
    works = {
        "make": make, "tiles": tiles, "first": first, "moving": moving, "memory": memory,
    }  # fmt: skip
    print(json.dumps(works[sys.argv[1]](int(sys.argv[2]))))

"""Thousands of random flights with layers opened and closed between, and what memory does meanwhile.

`python -m viewers.bench.scene_flights COUNT [LOG]` prints one JSON line; LOG gets one for each check.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from layers.memory import give_back, live_long
from twin.city import City
from viewers.bench import flown_city
from viewers.bench.scene_work import SMALL

SIZE = (480, 270)
BUILDINGS = SMALL
SETTLED = 200
"""Flights after which memory must not grow any more."""
CHECKS = (0, SETTLED, 500, 1000, 1500, 2000)
REOPEN, REST = 10, 25
"""After so many flights the project is closed and opened; the last flight of so many ends at rest."""
STEPS = 3
"""Frames of a flight."""
MIB = 2**20


def flights(count: int, *, buildings: int = BUILDINGS, log: Path | None = None) -> dict[str, Any]:
    """Fly `count` times over ever other layers; memory at `CHECKS`.

    Before each flight every layer is open, hidden or closed by chance. At a check all layers are
    opened and looked at from above until the picture is complete ("open"), then all are closed
    ("closed"): memory of the same state is compared, not of whatever chance opened last.
    """
    from viewers.rendering import without_display
    from viewers.scene.off_screen import OffScreen
    from viewers.scene.scene import Scene
    from viewers.view_state import ViewState

    live_long()
    flown_city.make(buildings)
    without_display()
    rng = np.random.default_rng(11)
    window = OffScreen(SIZE)
    scene = Scene(window)
    scene.patient = False
    checks: list[dict[str, float]] = []
    project = ExitStack()
    city = None
    started = time.perf_counter()
    for number in range(count + 1):
        checked = number in CHECKS or number == count
        if checked or number % REOPEN == 0:
            if city is not None:
                scene.show(without_layers(city), ViewState())
            project.close()
            city, scene.folder_for = project.enter_context(flown_city.opened(buildings))
        if checked:
            assert city is not None
            found = _open(scene, city)
            # Nothing of it may be held by names of this function either.
            city = None
            scene.folder_for = lambda _: None
            project.close()
            found |= _resident("closed")
            checks.append({"flights": number, **found, "seconds": time.perf_counter() - started})
            if log is not None:
                with log.open("a") as file:
                    file.write(json.dumps(checks[-1]) + "\n")
            city, scene.folder_for = project.enter_context(flown_city.opened(buildings))
        if number < count:
            assert city is not None
            _fly(scene, city, rng, rest=number % REST == REST - 1)
    scene.close()
    window.close()
    project.close()
    return {"flights": count, "checks": checks}


def without_layers(city: City) -> City:
    """The same place with nothing in it."""
    return replace(city, layers={}, styles={}, changes={})


def _fly(scene: Any, city: City, rng: np.random.Generator, *, rest: bool) -> None:
    from viewers.view_state import CameraPose, ViewState

    fate = dict(zip(city.layers, rng.choice(3, len(city.layers), p=(0.6, 0.15, 0.25)), strict=True))
    there = {k: v for k, v in city.layers.items() if fate[k] != 2}
    hidden = frozenset(k for k in there if fate[k] == 1)
    scene.set_moving()
    scene.show(replace(city, layers=there), ViewState(hidden=hidden))
    west, south, east, north = city.bounds or (0.0, 0.0, 1.0, 1.0)
    end = np.array([rng.uniform(west, east), rng.uniform(south, north), 0.0])
    start = end + rng.uniform((-3000, -3000, 150), (3000, 3000, 2500))
    for step in np.linspace(0.0, 0.85, STEPS):
        eye = start + (end - start) * step + (0.0, 0.0, 30.0)
        scene.camera.pose = CameraPose(eye=tuple(eye), target=tuple(end))
        scene.render()
    if rest:
        scene.set_still()


def _open(scene: Any, city: City) -> dict[str, float]:
    """MiB with all open, seen from above and at rest; all is closed afterwards."""
    from viewers.view_state import ViewState

    scene.set_moving()
    scene.show(city, ViewState())
    scene.camera.pose = scene.camera.overview()
    for _ in range(3):
        scene.set_still()
        if not scene.owes:
            break
    found = _resident("open")
    scene.set_moving()
    scene.show(without_layers(city), ViewState())
    scene.loader.finish(60.0)
    for _ in range(2):
        scene.render()
    return found


def _resident(state: str) -> dict[str, float]:
    """All, and of it what is not pages of files (libraries, tiles)."""
    import psutil

    gc.collect()
    give_back()
    said = psutil.Process().memory_info()
    found = {f"{state}_mb": said.rss / MIB}
    if hasattr(said, "shared"):
        found[f"{state}_own_mb"] = (said.rss - said.shared) / MIB
    return found


if __name__ == "__main__":
    given = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    print(json.dumps(flights(int(sys.argv[1]), log=given)))

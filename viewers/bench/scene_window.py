"""How long the window does not answer while a big city streams, beside the drawing of its frames.

`python -m viewers.bench.scene_window COUNT` prints one JSON line; it needs a display.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

MOVES = 80
STILL_S = 8.0
PICKS = 60


def measure(count: int) -> dict[str, Any]:
    """Open, fly, rest and pick in a window as a user does."""
    from PySide6.QtCore import QEventLoop

    from viewers.app import App
    from viewers.bench.heartbeat import listening
    from viewers.bench.scene_work import city_file
    from viewers.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        app = App(Settings(Path(folder) / "settings.ini"))
        app.window.resize(1600, 950)
        app.show()

        def spin(seconds: float) -> None:
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                app.qt.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)

        app.open_project(city_file(count))
        while app.stage.scene is None or app.stage.scene.renders < 2 or app.tasks.running:
            spin(0.05)
        canvas, scene = app.stage.canvas, app.stage.scene
        spin(2.0)
        with listening(scene.window) as heart:
            for _ in range(MOVES):
                scene.camera.orbit(4.0, 0.3)
                scene.camera.zoom(1.04)
                canvas.redraw()
                spin(0.01)
            spin(STILL_S)
            longest = heart.longest
        picks = []
        width, height = scene.window.GetSize()
        rng = np.random.default_rng(5)
        for x, y in rng.uniform((0, 0), (width, height * 0.7), (PICKS, 2)):
            started = time.perf_counter()
            scene.pick(x, y)
            picks.append(time.perf_counter() - started)
        app.close()
    return {
        "silence_ms": longest.beyond * 1000,
        "pick_ms": float(np.percentile(picks, 95)) * 1000,
        "pick_median_ms": float(np.median(picks)) * 1000,
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))

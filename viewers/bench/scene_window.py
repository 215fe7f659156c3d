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
MOVE_MS = 16
"""As often as a hand moves the mouse."""
STILL_S = 8.0
PICKS = 60


def measure(count: int) -> dict[str, Any]:
    """Open, fly, rest and pick in a window as a user does."""
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtOpenGLWidgets import QOpenGLWidget

    from viewers.app import App
    from viewers.bench.heartbeat import listening
    from viewers.bench.scene_work import city_file
    from viewers.settings import Settings
    from viewers.start import settle

    with tempfile.TemporaryDirectory() as folder:
        app = App(Settings(Path(folder) / "settings.ini"))
        settle()  # as every window does that is started
        app.window.resize(1600, 950)
        app.show()

        def spin(seconds: float) -> None:
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                app.qt.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)

        spin(2.0)
        canvas = app.stage.canvas
        with listening() as heart:

            def know() -> None:
                assert canvas.scene is not None  # it was made just now
                heart.know(canvas.scene.window, canvas.findChild(QOpenGLWidget))

            canvas.made.connect(know)
            app.open_project(city_file(count))
            while canvas.scene is None or canvas.scene.renders < 2 or app.tasks.running:
                spin(0.05)
            spin(2.0)
            opening = heart.longest
        scene = canvas.scene
        moves = iter(range(MOVES))
        hand = QTimer()
        hand.setInterval(MOVE_MS)

        def move() -> None:
            if next(moves, None) is None:
                hand.stop()
                return
            scene.camera.orbit(4.0, 0.3)
            scene.camera.zoom(1.04)
            canvas.redraw()

        hand.timeout.connect(move)
        with listening(scene.window, canvas.findChild(QOpenGLWidget)) as heart:
            hand.start()
            while hand.isActive():
                spin(0.05)
            spin(STILL_S)
            longest, with_screen = heart.longest, heart.longest_with_screen
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
        "with_screen_ms": with_screen * 1000,
        "opening_ms": opening.beyond * 1000,
        "pick_ms": float(np.percentile(picks, 95)) * 1000,
        "pick_median_ms": float(np.median(picks)) * 1000,
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))

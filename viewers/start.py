"""Starts the window and stays until it is closed."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QTimer

from viewers.app import App
from viewers.tidying import set_aside

SWITCH_S = 0.0005


def run(*, project: Path | None = None, demo: bool = False, screenshot: Path | None = None) -> int:
    """Open the window and stay until it is closed; the exit status.

    Parameters
    ----------
    project
        Opened at once; None opens the last one, or the welcome page.
    demo
        Open the demo instead.
    screenshot
        Write a picture of the window there once its city is drawn, then close.
    """
    app = App()
    settle()
    app.show()
    if demo:
        app.opening.open_demo()
    elif project is not None:
        app.open_project(project)
    elif app.settings.recent:
        app.open_project(app.settings.recent[0])
    if screenshot is not None:
        _picture_then_close(app, screenshot)
    status = app.qt.exec()
    app.close()
    return status


def settle() -> None:
    """Once the window is made: let it wait less for Python's lock and its collector.

    A worker that computes in Python gives the lock back after this time, and the window asks for it
    hundreds of times when it is filled.
    """
    set_aside()
    sys.setswitchinterval(SWITCH_S)


def _picture_then_close(app: App, path: Path) -> None:
    timer = QTimer(app)
    timer.setInterval(400)

    def look() -> None:
        busy = app.tasks.running or (app.session.city is not None and app.stage.scene is None)
        if not busy:
            timer.stop()
            app.window.grab_all().save(str(path))
            app.window.close()

    timer.timeout.connect(look)
    timer.start()

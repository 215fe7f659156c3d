"""Shadows and soft light cast by a worker while the window lives on, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from layers.errors import CityError
from viewers.scene.rays import LightMaps
from viewers.scene.refinement import Step
from viewers.scene.scene import Scene

Run = Callable[..., Any]
"""`Tasks.run(label, function(progress) -> result, done=…, failed=…)`."""


class Casting:
    """Casts what a scene wants to be cast.

    Parameters
    ----------
    run
        `Tasks.run` of the window; None casts in the window's thread.
    cast
        Called in the window's thread with what was cast.
    """

    def __init__(self, run: Run | None, cast: Callable[[LightMaps], None]) -> None:
        self._run, self._cast = run, cast
        self._busy = False

    def __bool__(self) -> bool:
        """Whether something is being cast."""
        return self._busy

    def go_on(self, scene: Scene) -> None:
        """Begin to cast what is missing, once all of the city is drawn."""
        job = scene.light_job() if scene.step >= Step.WHOLE else None
        if job is not None and self._run is None:
            scene.apply_light(job())
        elif job is not None and self._run is not None and not self._busy:
            self._busy = True
            self._run("Shadows", lambda _: job(), done=self._done, failed=self._failed)

    def _done(self, maps: LightMaps) -> None:
        self._busy = False
        self._cast(maps)

    def _failed(self, _error: CityError) -> None:
        self._busy = False

"""The same camera flight for us and for the rival, and the rival itself: one raw PyVista mesh.

`python -m viewers.bench.flight ours|rival COUNT` prints one JSON line: median milliseconds a frame.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyvista as pv

from layers.builders.solids import solids_of
from viewers.bench.cities import big_city
from viewers.scene.scene import Scene
from viewers.view_state import CameraPose, ViewState

SIZE = (1920, 1080)
FRAMES = 36


def fly(
    bounds: tuple[float, float, float, float],
    look: Callable[[CameraPose], None],
    draw: Callable[[], None],
) -> list[float]:
    """Seconds of each frame of one round over the city at an oblique angle, coming nearer.

    Parameters
    ----------
    bounds
        Of the city, world metres.
    look, draw
        Set the camera (not timed); draw one frame, complete when it returns (timed).
    """
    low_x, low_y, high_x, high_y = bounds
    middle = ((low_x + high_x) / 2, (low_y + high_y) / 2, 0.0)
    reach = max(high_x - low_x, high_y - low_y)
    seconds = []
    for step in range(FRAMES):
        turn = 2 * np.pi * step / FRAMES
        far = reach * (0.9 - 0.7 * step / FRAMES)
        eye = (middle[0] + far * np.sin(turn), middle[1] - far * np.cos(turn), 0.45 * far + 60.0)
        look(CameraPose(eye=eye, target=middle))
        started = time.perf_counter()
        draw()
        seconds.append(time.perf_counter() - started)
    return seconds[2:]  # the first ones compile shaders and fill buffers


def ours(count: int) -> dict[str, Any]:
    """Our scene while moving."""
    city = big_city(count)
    bounds = city.bounds
    assert bounds is not None
    plotter = pv.Plotter(off_screen=True, window_size=list(SIZE), lighting="none")
    started = time.perf_counter()
    scene = Scene(plotter)
    scene.show(city, ViewState())
    first = time.perf_counter() - started
    while scene.refine():  # all buildings are there before it is measured how they move
        time.sleep(0.008)
    complete = time.perf_counter() - started
    scene.set_moving()

    def look(pose: CameraPose) -> None:
        scene.camera.pose = pose

    seconds = fly(bounds, look, scene.render)
    return _said(seconds, first) | {"complete_s": complete}


def rival(count: int) -> dict[str, Any]:
    """One PyVista mesh of the same city, one light, no multisampling."""
    city = big_city(count)
    bounds = city.bounds
    assert bounds is not None
    plotter = pv.Plotter(off_screen=True, window_size=list(SIZE), lighting="none")
    plotter.disable_anti_aliasing()
    window = plotter.render_window
    assert window is not None
    window.SetMultiSamples(0)
    plotter.add_light(pv.Light(light_type="headlight"))
    started = time.perf_counter()
    solids = solids_of(city.buildings_layer("buildings"), origin=city.frame.origin)
    faces = np.hstack([np.full((len(solids.triangles), 1), 3, np.int32), solids.triangles])
    mesh = pv.PolyData(np.array(solids.vertices), faces=faces)
    plotter.add_mesh(mesh, color="lightgrey", lighting=True, smooth_shading=False)
    plotter.render()
    first = time.perf_counter() - started
    origin = np.asarray(city.frame.origin)

    def look(pose: CameraPose) -> None:
        plotter.camera.position = tuple(np.asarray(pose.eye) - origin)
        plotter.camera.focal_point = tuple(np.asarray(pose.target) - origin)
        plotter.camera.up = pose.up
        plotter.camera.view_angle = pose.view_angle
        plotter.renderer.ResetCameraClippingRange()

    def draw() -> None:
        window.Render()
        window.WaitForCompletion()

    seconds = fly(bounds, look, draw)
    return _said(seconds, first)


def _said(seconds: list[float], first: float) -> dict[str, Any]:
    return {
        "median_ms": float(np.median(seconds)) * 1000,
        "p95_ms": float(np.percentile(seconds, 95)) * 1000,
        "first_s": first,
    }


if __name__ == "__main__":
    who = {"ours": ours, "rival": rival}[sys.argv[1]]
    print(json.dumps(who(int(sys.argv[2]))))

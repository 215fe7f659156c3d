"""Pictures of a city without a window, of any size."""

from __future__ import annotations

import time
from pathlib import Path

from layers.errors import CityError
from twin.city import City
from viewers.view_state import CameraPose, ViewState

MOST_PIXELS = 16384


def render_city(
    city: City,
    view: ViewState,
    size: tuple[int, int],
    out: Path,
    *,
    camera: CameraPose | str = "overview",
    furniture: bool = False,
) -> dict[str, float]:
    """Draw `city` to the picture `out` and say how long each part took, in seconds.

    Parameters
    ----------
    size : width, height in pixels, up to 16 384
    camera : a pose, or "overview", "close" or "top"
    furniture : whether compass, scale, legend and attribution are drawn over it

    Raises
    ------
    CityError
        The size is not one, or the file cannot be written.
    """
    import pyvista as pv

    from layers.atomic import atomic
    from viewers.scene.scene import Scene

    if not all(16 <= n <= MOST_PIXELS for n in size):
        raise CityError(
            f"A picture of {size[0]} × {size[1]} pixels cannot be drawn",
            hint=f"Choose sides between 16 and {MOST_PIXELS} pixels.",
        )
    started = time.perf_counter()
    plotter = pv.Plotter(off_screen=True, window_size=list(size), lighting="none")
    try:
        scene = Scene(plotter)
        scene.show(city, view)
        scene.camera.pose = scene.camera.named(camera) if isinstance(camera, str) else camera
        shown = time.perf_counter()
        pixels = scene.screenshot()
        drawn = time.perf_counter()
        if furniture:
            from viewers.scene.furniture import with_furniture

            pixels = with_furniture(pixels, scene)
        scene.close()
    finally:
        plotter.close()
    from PIL import Image

    with atomic(Path(out)) as temporary:
        Image.fromarray(pixels).save(
            temporary, format="PNG" if out.suffix.lower() == ".png" else None
        )
    return {"build": shown - started, "draw": drawn - shown, "write": time.perf_counter() - drawn}

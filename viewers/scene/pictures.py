"""A city on a stage of its own, off-screen, for pictures and films without a window."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from layers.errors import CityError
from layers.kinds.layer import Layer
from twin.city import City
from viewers.scene.off_screen import OffScreen
from viewers.scene.scene import Scene
from viewers.scene.tiles import window_size
from viewers.view_state import CameraPose, ViewState

LEAST, MOST = 16, 16384
"""Pixels of a side."""


def check_size(size: tuple[int, int]) -> None:
    """Refuse a size that is none.

    Raises
    ------
    CityError
        A side is shorter than `LEAST` or longer than `MOST`.
    """
    if not all(LEAST <= n <= MOST for n in size):
        raise CityError(
            f"A picture of {size[0]} × {size[1]} pixels cannot be drawn",
            hint=f"Choose sides between 16 and {MOST} pixels.",
        )


@contextlib.contextmanager
def off_screen(
    city: City,
    view: ViewState,
    size: tuple[int, int],
    *,
    camera: CameraPose | str = "overview",
    tile_folder: Callable[[Layer], Path | None] = lambda _: None,
) -> Iterator[Scene]:
    """A scene that shows `city` for pictures of `size` pixels; closed at the end.

    Its window is no larger than a part of a large picture.

    Parameters
    ----------
    camera : a pose, or "overview", "close" or "top"
    tile_folder : where tiles of a layer are kept, as `Project.tile_folder`

    Raises
    ------
    CityError
        The size is not one.
    """
    check_size(size)
    window = OffScreen(window_size(size))
    try:
        scene = Scene(window)
        scene.folder_for = tile_folder
        try:
            scene.show(city, view)
            scene.camera.pose = scene.camera.named(camera) if isinstance(camera, str) else camera
            yield scene
        finally:
            scene.close()
    finally:
        window.close()

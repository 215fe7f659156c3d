"""A picture larger than a window: the view cut into parts, each drawn as if it stood alone."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viewers.scene.capture import capture

if TYPE_CHECKING:
    from viewers.scene.scene import Scene

Pixels = NDArray[np.uint8]
MARGIN = 32
"""Pixels around each part that are drawn and cut off: what a shader takes from neighbours on the
screen (eye-dome lighting, smoothed edges) is the same on both sides of a seam then."""
LARGEST = (1920, 1080)
MOST_TURNS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One part: the box that is kept of the picture, and where the drawn window lies over it.

    Pixels from the upper left corner of the picture; the window may reach beyond its edges.
    """

    left: int
    top: int
    width: int
    height: int
    window_left: int
    window_top: int


def window_size(size: tuple[int, int], largest: tuple[int, int] = LARGEST) -> tuple[int, int]:
    """Size of the window that a picture of `size` is drawn in: itself, or a smaller one as wide."""
    share = min(largest[0] / size[0], largest[1] / size[1], 1.0)
    if share == 1.0:
        return size
    width, height = (max(round(n * share / 8) * 8, 4 * MARGIN) for n in size)
    return width, height


def tiles_of(size: tuple[int, int], window: tuple[int, int]) -> list[list[Tile]]:
    """Rows of parts that cover `size` once, drawn in windows of one size."""
    if window == size:
        return [[Tile(left=0, top=0, width=size[0], height=size[1], window_left=0, window_top=0)]]
    step = [n - 2 * MARGIN for n in window]
    return [
        [
            Tile(
                left=x,
                top=y,
                width=min(step[0], size[0] - x),
                height=min(step[1], size[1] - y),
                window_left=x - MARGIN,
                window_top=y - MARGIN,
            )
            for x in range(0, size[0], step[0])
        ]
        for y in range(0, size[1], step[1])
    ]


@contextlib.contextmanager
def part_of_view(
    camera: Any, size: tuple[int, int], left: int, top: int, window: tuple[int, int]
) -> Iterator[None]:
    """Have `camera` see what a window of `window` pixels at (left, top) of the picture shows.

    The window's centre is shifted, as in a view camera, and the angle narrowed: planes of depth,
    distances and metres a pixel are those of the whole picture, so levels of detail are too.
    """
    before = camera.GetViewAngle(), camera.GetParallelScale(), camera.GetWindowCenter()
    share = window[1] / size[1]
    half = np.tan(np.radians(before[0]) / 2) * share
    camera.SetViewAngle(float(np.degrees(2 * np.arctan(half))))
    camera.SetParallelScale(before[1] * share)
    camera.SetWindowCenter(
        (2 * left + window[0] - size[0]) / window[0], (size[1] - 2 * top - window[1]) / window[1]
    )
    try:
        yield
    finally:
        camera.SetViewAngle(before[0])
        camera.SetParallelScale(before[1])
        camera.SetWindowCenter(*before[2])


def bands(
    scene: Scene, size: tuple[int, int], window: tuple[int, int] | None = None
) -> Generator[tuple[float, Pixels | None]]:
    """Draw the view as a picture of `size`, from the top, in windows of `window` pixels.

    Without it the scene's window stays as large as it is.

    Yields
    ------
    done
        0 … 1.
    rows
        uint8 (n, width, 3) whenever a row of parts is whole, else None.
    """
    if scene.panes is not None and scene.panes.extra:
        # Several pictures share the window, each with an eye of its own.
        yield 1.0, capture(scene.window, lambda: whole(scene, cast=True), size)
        return
    if window is None:
        window = tuple(scene.window.GetSize())
    rows = tiles_of(size, window)
    count, drawn = sum(map(len, rows)), 0
    scene.set_still()  # casts light for the whole view, not for its parts
    for row in rows:
        band = np.empty((row[0].height, size[0], 3), np.uint8)
        for tile in row:
            picture = _draw(scene, size, tile, window)
            x, y = tile.left - tile.window_left, tile.top - tile.window_top
            band[:, tile.left : tile.left + tile.width] = picture[
                y : y + tile.height, x : x + tile.width
            ]
            drawn += 1
            yield drawn / count, band if tile is row[-1] else None


def _draw(scene: Scene, size: tuple[int, int], tile: Tile, window: tuple[int, int]) -> Pixels:
    camera = scene.renderer.GetActiveCamera()
    with part_of_view(camera, size, tile.window_left, tile.window_top, window):
        scene.camera.shift, scene.camera.in_parts = camera.GetWindowCenter(), True
        try:
            return capture(scene.window, lambda: whole(scene), window)
        finally:
            scene.camera.shift, scene.camera.in_parts = (0.0, 0.0), False


def whole(scene: Scene, *, cast: bool = False) -> None:
    """Draw the present view when still; what layers load for it is waited for."""
    for _ in range(MOST_TURNS):
        scene.set_still(cast=cast)
        if not scene.owes:
            return

"""Eye-dome lighting: what lies behind its surroundings is darker, so points show their shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkCommand, vtkFloatArray
from vtkmodules.vtkRenderingCore import vtkRenderer

RADII = (2, 5, 14)
"""Pixels to the neighbours that are looked at, in a picture of 1080 rows: edges, branches and the
crowns of trees in a wood."""
WEIGHTS = (0.44, 0.32, 0.24)
STEPS = ((1, 0), (0, 1), (1, 1), (1, -1))
"""Directions in which a pair of neighbours lies, one on either side."""
HALVES = (0.005, 0.006, 0.012)
"""Share of its distance by which a pixel lies behind for half of the darkness, for each radius: 5 m at
1 km beside an edge, 12 m between crowns."""
DARKEST = 0.64
_FADES = 5_000.0
"""Metres from which on it gets weaker."""
_ROWS = 1080
_STEP = 2.0**-23
"""Of depth: twice that of a buffer of 24 bits, for numbers here have no more than 24 either."""


def nearness(
    depth: NDArray[np.float32], near: float, far: float, *, parallel: bool
) -> NDArray[np.float32]:
    """What of depth (rows, cols; 0 near … 1 far) is even over the picture where a plane is flat.

    In perspective this is one over the distance, in a parallel picture the distance itself, turned
    round and in shares of the range.
    """
    if parallel:
        return np.asarray(1.0 - depth, dtype=np.float32)
    return np.asarray(1.0 / near - depth * (1.0 / near - 1.0 / far), dtype=np.float32)


def darkness(
    depth: NDArray[np.float32], near: float, far: float, *, parallel_height: float = 0.0
) -> NDArray[np.float32]:
    """How dark each pixel is to be, 0 … `DARKEST`, from the depth of a frame (rows, cols).

    A pixel is compared with the middle between two neighbours on either side of it: on a plane,
    however slanted, they are the same, so only hollows and what lies behind an edge darkens; after
    Boucheny 2009, *Visualisation scientifique de grands volumes de données*, who compares with each
    neighbour alone, in depth as it is stored.

    Parameters
    ----------
    parallel_height
        Metres that a parallel picture is high; 0 for one in perspective.
    """
    level = nearness(depth, near, far, parallel=parallel_height > 0)
    scale = (far - near) / parallel_height if parallel_height else 1.0
    # Far away whole hills differ by less than the buffer can tell: that is not to be seen.
    blur = np.float32(2 * _STEP if parallel_height else 2 * _STEP / near)
    sky = depth >= 1.0
    unit = max(depth.shape[0] / _ROWS, 0.5)
    total = np.zeros_like(level)
    for radius, weight, half in zip(RADII, WEIGHTS, HALVES, strict=True):
        reach = max(round(radius * unit), 1)
        for right, up in STEPS:
            behind = _middle(level, right * reach, up * reach)
            behind -= level
            behind -= blur
            if parallel_height:
                behind *= np.float32(scale)
            else:
                behind /= np.maximum(level, np.float32(1e-12))
            np.maximum(behind, 0.0, out=behind)
            total += np.float32(weight / len(STEPS)) * (behind / (behind + np.float32(half)))
    # Half of the directions saturated is as dark as it gets: an edge has a free side.
    dark = np.minimum(total * np.float32(1.3), 1.0) * np.float32(DARKEST)
    if not parallel_height:
        # Towards the horizon nothing has a shape any more, and the plain ends in a line.
        dark *= np.minimum((level * np.float32(_FADES)) ** 2, 1.0)
    dark[sky] = 0.0
    return np.asarray(dark, dtype=np.float32)


def _middle(level: NDArray[np.float32], right: int, up: int) -> NDArray[np.float32]:
    """Of each pixel the mean of those (right, up) and (−right, −up) of it; its own at the edges."""
    rows, cols = level.shape
    found = level.copy()
    a, b = abs(up), abs(right)
    if rows <= 2 * a or cols <= 2 * b:
        return found

    def moved(dy: int, dx: int) -> NDArray[np.float32]:
        return level[a + dy : rows - a + dy, b + dx : cols - b + dx]

    inner = found[a : rows - a, b : cols - b]
    np.add(moved(up, right), moved(-up, -right), out=inner)
    inner *= np.float32(0.5)
    return found


class EyeDome:
    """Darkens the frame that was just drawn, before it is shown; for pictures that stand still.

    Done with numpy on the depth that the frame left: VTK's own pass compares depth as it is
    stored, which in a city view differs by less than can be seen.
    """

    def __init__(
        self, renderer: vtkRenderer, window: Any, *, unless: Callable[[], bool] = lambda: False
    ) -> None:
        self._renderer, self._window = renderer, window
        self._unless = unless
        self.on = False
        self._tag: int | None = renderer.AddObserver(vtkCommand.EndEvent, self._darken)

    def _darken(self, *_: Any) -> None:
        if not self.on or self._unless():
            return
        width, height = self._window.GetSize()
        if min(width, height) < 16:
            return
        found = vtkFloatArray()
        self._window.GetZbufferData(0, 0, width - 1, height - 1, found)
        depth = vtk_to_numpy(found).reshape(height, width)
        camera = self._renderer.GetActiveCamera()
        near, far = camera.GetClippingRange()
        tall = 2 * camera.GetParallelScale() if camera.GetParallelProjection() else 0.0
        dark = darkness(depth, near, far, parallel_height=tall)
        shade = np.zeros((height, width, 4), dtype=np.uint8)
        np.multiply(dark, 255.0, out=shade[..., 3], casting="unsafe")
        flat = numpy_to_vtk(shade.reshape(-1, 4), deep=False)
        self._window.SetRGBACharPixelData(0, 0, width - 1, height - 1, flat, 0, 1)

    def close(self) -> None:
        """Darken no more."""
        self.on = False
        if self._tag is not None:
            self._renderer.RemoveObserver(self._tag)
            self._tag = None

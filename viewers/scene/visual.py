"""What every picture of a layer can do, and what it may ask of its surroundings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layers.frame import Frame
from layers.kinds.elevation import ElevationLayer
from layers.kinds.layer import Layer
from twin.style import Style
from viewers.scene.chunked_mesh import ChunkedMesh
from viewers.scene.eye import Eye
from viewers.scene.legend import Legend
from viewers.scene.loader import Loader
from viewers.scene.memory import Memory
from viewers.scene.point_places import Places
from viewers.scene.stage import Stage

Rays = tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]
"""Vertices (v, 3), triangles (t, 3) and the layer's row of each triangle."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surroundings:
    """What a visual may use: the stage, the frame, the ground to drape on (None for a plain), the
    workers that load tiles and the memory they share."""

    stage: Stage
    frame: Frame
    ground: ElevationLayer | None
    drawn: Callable[[ElevationLayer], ElevationLayer] = lambda layer: layer
    """What is drawn of heights: the ground does not stand through still water."""
    loader: Loader = field(default_factory=Loader)
    folder_for: Callable[[Layer], Path | None] = lambda _: None
    """Where the tiles of a layer may be kept on disk; None for nowhere."""
    memory: Memory = field(default_factory=Memory)


class Visual(ABC):
    """One layer on the stage.

    `show` is called with what should be seen; it draws what differs from what it showed before.
    """

    kind = "layer"
    casts_shadow = False
    drapes = False
    """Whether it lies on the ground, and so is drawn anew when the ground is another."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.legend: Legend | None = None
        self.visible = True

    @abstractmethod
    def show(self, layer: Layer, style: Style) -> bool:
        """Draw `layer` as it stands; True where anything changed."""

    @abstractmethod
    def remove(self) -> None:
        """Take it off the stage and free what it holds."""

    @abstractmethod
    def set_visible(self, visible: bool) -> None:
        """Hide or show; nothing is rebuilt."""

    @property
    @abstractmethod
    def box(self) -> NDArray[np.float64] | None:
        """min x, max x, min y, max y, min z, max z in scene metres; None where empty."""

    def rays(self) -> Rays | None:
        """Triangles that rays can hit; None where there are none."""
        return None

    def meshes(self) -> tuple[ChunkedMesh, ...]:
        """Chunked meshes whose levels the scene chooses each frame."""
        return ()

    def drawn(self) -> int:
        """Triangles in the last frame."""
        return sum(mesh.drawn() for mesh in self.meshes())

    def rays_later(self) -> Callable[[], Rays | None]:
        """What `rays` says of now, to be called in a worker."""
        found = self.rays()
        return lambda: found

    def complete(self, seconds: float) -> bool:
        """Draw more of what is owed for about so long; True when nothing is owed.

        Called between frames: with a few milliseconds while something moves, with infinity for a
        picture that must be complete (what is still being loaded is waited for then).
        """
        return True

    def highlight(self, row: int | None) -> None:  # noqa: B027  many have nothing to mark
        """Mark one row as selected; None for none."""

    def mark(self, rows: NDArray[np.int64]) -> bool:
        """Show these rows as chosen, and no others; True where that changed anything."""
        return False

    def hide(self, rows: NDArray[np.int64]) -> bool:
        """Leave these rows out of picture, rays and shadows, and no others; True where it changed."""
        return False

    def isolate(self, rows: NDArray[np.int64]) -> bool:
        """Where there are any, draw these rows and no others; True where that changed anything."""
        return False

    def places(self) -> Places | None:
        """Where things stand, where the picture counts its rows otherwise than the layer does."""
        return None

    def nbytes(self) -> int:
        """Bytes of arrays held."""
        return 0

    def look(self, eye: Eye) -> None:  # noqa: B027  what is small is drawn whole
        """Choose what the coming frame draws, and ask the loader for what is missing.

        Called before each frame; draws only what is there already.
        """

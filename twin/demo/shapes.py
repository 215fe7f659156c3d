"""The bodies of the demo's buildings: upright walls and flat or sloping roofs, as one triangle mesh."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import mapbox_earcut
import numpy as np
from numpy.typing import ArrayLike, NDArray

CONCRETE, TIN, TILE, PLAIN = 0, 1, 2, 3
"""Roof materials: what the orthophoto draws on them."""

Colour = tuple[int, int, int]


@dataclass(slots=True)
class Shapes:
    """Walls and roof faces; heights in metres above the ground of each owner.

    `owner` is the row of the building, or of the loose thing (car, boat, stall).
    """

    walls: list[tuple[NDArray[np.float64], float, float, int]] = field(default_factory=list)
    roofs: list[tuple[NDArray[np.float64], int, Colour, int, float]] = field(default_factory=list)

    def block(
        self,
        ring: ArrayLike,
        bottom: float,
        top: float,
        owner: int,
        colour: Colour,
        *,
        material: int = CONCRETE,
        parapet: float = 0.0,
    ) -> None:
        """An upright body over `ring` (n, 2) with a flat roof; walls rise `parapet` above it."""
        outline = np.asarray(ring, dtype=np.float64)
        self.walls.append((outline, bottom, top + parapet, owner))
        self.flat(outline, top, owner, colour, material=material)

    def flat(
        self,
        ring: NDArray[np.float64],
        height: float,
        owner: int,
        colour: Colour,
        *,
        material: int = CONCRETE,
    ) -> None:
        """A level roof face over `ring` (n, 2)."""
        face = np.column_stack([ring, np.full(len(ring), height)])
        self.roofs.append((face, owner, colour, material, 0.0))

    def gable(
        self,
        corners: ArrayLike,
        bottom: float,
        eaves: float,
        ridge: float,
        owner: int,
        colour: Colour,
        *,
        material: int = TIN,
        hip: float = 0.0,
    ) -> None:
        """A body on four `corners` with a ridge along the longer side.

        `hip` is how far the ridge stays back from the ends, as a share of the ridge's length;
        0 gives a gable.
        """
        box = np.asarray(corners, dtype=np.float64)
        if np.hypot(*(box[1] - box[0])) < np.hypot(*(box[2] - box[1])):
            box = np.roll(box, -1, axis=0)
        self.walls.append((box, bottom, eaves, owner))
        start, end = (box[0] + box[3]) / 2, (box[1] + box[2]) / 2
        start, end = start + (end - start) * hip, end + (start - end) * hip
        low = [np.array([*corner, eaves]) for corner in box]
        first, last = np.array([*start, ridge]), np.array([*end, ridge])
        along = float(np.arctan2(*(box[1] - box[0])[::-1]))
        for face, turn in (
            ((low[0], low[1], last, first), 0.0),
            ((low[2], low[3], first, last), 0.0),
            ((low[1], low[2], last), np.pi / 2),
            ((low[3], low[0], first), np.pi / 2),
        ):
            self.roofs.append((np.array(face), owner, colour, material, along + turn))

    def mesh(
        self, ground: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
        """Vertices (n, 3), triangles (m, 3), owner of each triangle (m,).

        `ground` is the height under each owner, metres.
        """
        wall_points, wall_faces, wall_owner = self._wall_triangles(ground)
        roof_points, roof_owner = self._roof_triangles(ground)
        roof_faces = np.arange(len(roof_points)).reshape(-1, 3) + len(wall_points)
        points = np.concatenate([wall_points, roof_points]).astype(np.float32)
        triangles = np.concatenate([wall_faces, roof_faces]).astype(np.int32)
        return points, triangles, np.concatenate([wall_owner, roof_owner]).astype(np.int32)

    def _wall_triangles(
        self, lift: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        if not self.walls:
            none = np.empty((0, 3))
            return none, none.astype(np.int64), np.empty(0, dtype=np.int64)
        sizes = np.array([len(wall[0]) for wall in self.walls])
        ring = np.concatenate([wall[0] for wall in self.walls])
        first = np.repeat(np.cumsum(sizes) - sizes, sizes)
        here = np.arange(len(ring))
        after = first + (here - first + 1) % np.repeat(sizes, sizes)
        owner = np.repeat([wall[3] for wall in self.walls], sizes)
        low = np.repeat([wall[1] for wall in self.walls], sizes) + lift[owner]
        high = np.repeat([wall[2] for wall in self.walls], sizes) + lift[owner]
        points = np.concatenate([np.column_stack([ring, low]), np.column_stack([ring, high])])
        c, d = after + len(ring), here + len(ring)
        faces = np.stack([here, after, c, here, c, d], axis=1).reshape(-1, 3)
        return points, faces, np.repeat(owner, 2)

    def _roof_triangles(self, lift: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        points: list[NDArray[Any]] = [np.empty((0, 3))]
        owners: list[NDArray[Any]] = [np.empty(0, dtype=np.int64)]
        for face, owner, *_ in self.roofs:
            if len(face) == 3:
                corners = face
            elif len(face) == 4:
                corners = face[[0, 1, 2, 0, 2, 3]]
            else:
                order = mapbox_earcut.triangulate_float64(
                    face[:, :2].copy(), np.array([len(face)], dtype=np.uint32)
                )
                corners = face[order]
            points.append(corners)
            owners.append(np.full(len(corners) // 3, owner))
        every, each = np.concatenate(points), np.concatenate(owners).astype(np.int64)
        every[:, 2] += np.repeat(lift[each], 3)
        return every, each


def rectangle(
    middle: NDArray[np.float64], along: NDArray[np.float64], length: float, width: float
) -> NDArray[np.float64]:
    """Four corners, counter-clockwise; `along` is a unit vector, `length` lies along it."""
    across = np.array([-along[1], along[0]])
    half_l, half_w = along * length / 2, across * width / 2
    return np.array(
        [
            middle - half_l - half_w,
            middle + half_l - half_w,
            middle + half_l + half_w,
            middle - half_l + half_w,
        ]
    )


def disc(middle: ArrayLike, radius: float, *, corners: int = 8) -> NDArray[np.float64]:
    """A regular polygon around `middle`, counter-clockwise, shape (corners, 2)."""
    turn = np.arange(corners) * 2 * np.pi / corners
    ring: NDArray[np.float64] = np.asarray(middle) + radius * np.column_stack(
        [np.cos(turn), np.sin(turn)]
    )
    return ring

"""The airborne scan: laser pulses of a simulated flight, cast on the true ward with Embree.

What an airborne scanner does not see is not in the cloud: walls that face away, the floor of narrow alleys
far from the flight line, the ground under thick crowns. A pulse is a ray without width.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray

from twin.demo.nature import SPECIES, Trees
from twin.demo.ortho import Ortho
from twin.demo.settle import Settled

ALTITUDE = 900.0
HALF_ANGLE = np.radians(20.0)
RANGE_NOISE = 0.03
"""Standard deviation along the ray, metres: what surveys of this kind state."""
PULSES_PER_M2 = 4.86
"""Of one swath; with the overlap and second returns the cloud gets about five points a square metre."""
LINES = (150.0, 750.0, 1350.0)
"""Where the aircraft flies, from south to north: x in local metres."""
PULSE_SECONDS = 1 / 400_000
STRIP_LENGTH = 62.5
GPS_START = 4.2e8
THROUGH_CROWN = 0.38
"""Share of pulses that reach what is under a crown."""

UNCLASSIFIED, GROUND, LOW, MEDIUM, HIGH, BUILDING, NOISE, WATER = 1, 2, 3, 4, 5, 6, 7, 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Points of one strip; local metres, one row each."""

    xyz: NDArray[np.float64]
    kind: NDArray[np.uint8]
    rgb: NDArray[np.uint8]
    intensity: NDArray[np.uint16]
    number: NDArray[np.uint8]
    returns: NDArray[np.uint8]
    angle: NDArray[np.float32]
    time: NDArray[np.float64]
    line: int


class Scanner:
    """The ward as bodies for rays, and the flight over it."""

    def __init__(self, settled: Settled, ortho: Ortho) -> None:
        self.settled, self.ortho = settled, ortho
        self.window = settled.window
        self._solid = EmbreeScene()
        ground = settled.relief.mesh(settled.window)
        houses = settled.ward.shapes.mesh(settled.ground_of_buildings())
        things = settled.ward.things.mesh(settled.ground_of_things())
        self._keep = [
            TriangleMesh(self._solid, ground[0], ground[1]),
            TriangleMesh(self._solid, houses[0], houses[1]),
            TriangleMesh(self._solid, things[0], things[1]),
        ]
        self._crowns = EmbreeScene()
        crown_points, crown_faces = _crown_mesh(settled.trees, settled)
        self._keep.append(TriangleMesh(self._crowns, crown_points, crown_faces))
        self._water = _WaterMap(settled)
        for scene in (self._solid, self._crowns):
            scene.run(
                np.array([[0, 0, 900]], dtype=np.float32), np.array([[0, 0, -1]], dtype=np.float32)
            )

    def strips(self) -> Iterator[tuple[int, float, float, float, float]]:
        """Number of the flight line, its x, and the reach and start of each strip, row by row.

        Strips run from south to north; each tells (line, x of the line, west, east, south).
        """
        x0, y0, x1, y1 = self.window
        half = ALTITUDE * np.tan(HALF_ANGLE)
        for south in np.arange(y0, y1, STRIP_LENGTH):
            for line, x in enumerate(LINES):
                if x - half >= x1 or x + half <= x0:
                    continue
                yield line, float(x), max(x - half, x0), min(x + half, x1), float(south)

    def cast(self, line: int, x: float, west: float, east: float, south: float) -> Points:
        """Send the pulses of one strip; the same strip always gives the same points."""
        _, y0, _, y1 = self.window
        rng = np.random.default_rng([self.settled.seed, 41, line, round((south - y0) * 10)])
        north = min(south + STRIP_LENGTH, y1)
        spacing = 1 / np.sqrt(PULSES_PER_M2)
        flat = self.settled.relief.heights.mean()
        angles = np.arctan((np.arange(west, east, spacing) - x) / ALTITUDE).astype(np.float64)
        tracks = np.arange(south, north, spacing)
        count = len(angles) * len(tracks)
        theta: NDArray[np.float64] = np.tile(angles, len(tracks))
        shift = np.repeat(np.where(np.arange(len(tracks)) % 2, 0.25, -0.25) * spacing, len(angles))
        theta = theta + (shift + rng.normal(0, 0.05, count)) / ALTITUDE * np.cos(theta) ** 2
        roll = 0.002 * np.sin(np.repeat(tracks, len(angles)) / 37.0 + line)
        start = np.empty((count, 3))
        start[:, 0] = x - np.tan(roll) * ALTITUDE
        start[:, 1] = np.repeat(tracks, len(angles)) + rng.normal(0, 0.05, count)
        start[:, 2] = flat + ALTITUDE
        aim = np.stack([np.sin(theta + roll), np.zeros(count), -np.cos(theta + roll)], axis=1)
        passed = np.arange(count, dtype=np.float64) + (south - y0) * 4000
        time = GPS_START + line * 300 + passed * PULSE_SECONDS
        return self._returns(start, aim, theta, time, line, rng)

    def _returns(
        self,
        start: NDArray[np.float64],
        aim: NDArray[np.float64],
        theta: NDArray[np.float64],
        time: NDArray[np.float64],
        line: int,
        rng: np.random.Generator,
    ) -> Points:
        origin, direction = start.astype(np.float32), aim.astype(np.float32)
        hit = self._solid.run(origin, direction, output=True)
        crown = self._crowns.run(origin, direction, query="DISTANCE")
        far, body = hit["tfar"].astype(np.float64), hit["geomID"]
        landed = body >= 0
        facing = np.abs(np.einsum("ij,ij->i", hit["Ng"], direction)) / np.maximum(
            np.linalg.norm(hit["Ng"], axis=1), 1e-9
        )
        depth = crown + rng.exponential(0.55, len(crown))
        leafy = (crown < far) & (rng.random(len(crown)) < 0.92)
        depth = np.minimum(depth, np.where(landed, far - 0.3, depth))
        through = ~leafy | (rng.random(len(crown)) < THROUGH_CROWN)
        water = landed & (body == 0) & self._water.at(start + aim * far[:, None])
        swallowed = water & (rng.random(len(far)) < 0.86 + 0.1 * (np.abs(theta) > 0.12))
        solid = landed & through & ~swallowed
        first, second = np.flatnonzero(leafy), np.flatnonzero(solid)
        ray = np.concatenate([first, second])
        reach = np.concatenate([depth[first], far[second]])
        reach += rng.normal(0, RANGE_NOISE, len(reach))
        xyz = start[ray] + aim[ray] * reach[:, None]
        ground = self.settled.relief.at(xyz[:, 0], xyz[:, 1])
        kind = np.empty(len(ray), dtype=np.uint8)
        above = xyz[: len(first), 2] - ground[: len(first)]
        kind[: len(first)] = np.where(above > 5, HIGH, np.where(above > 2, MEDIUM, LOW))
        what = np.array([GROUND, BUILDING, UNCLASSIFIED], dtype=np.uint8)[body[second]]
        kind[len(first) :] = np.where(water[second], WATER, what)
        rgb = self.ortho.at(xyz[:, 0], xyz[:, 1])
        self._grass(xyz, kind, rgb, len(first), rng)
        bright = 300 + 5.5 * rgb.mean(axis=1) * np.concatenate(
            [rng.uniform(0.5, 1.0, len(first)), 0.35 + 0.65 * facing[second]]
        )
        both = leafy & solid
        order = np.argsort(ray * 2 + (np.arange(len(ray)) >= len(first)), kind="stable")
        made = Points(
            xyz=xyz,
            kind=kind,
            rgb=rgb,
            intensity=np.clip(bright + rng.normal(0, 40, len(ray)), 20, 4000).astype(np.uint16),
            number=np.where((np.arange(len(ray)) >= len(first)) & both[ray], 2, 1).astype(np.uint8),
            returns=np.where(both[ray], 2, 1).astype(np.uint8),
            angle=np.degrees(theta[ray]).astype(np.float32),
            time=time[ray],
            line=line,
        )
        return self._within(made, order, rng)

    def _grass(
        self,
        xyz: NDArray[np.float64],
        kind: NDArray[np.uint8],
        rgb: NDArray[np.uint8],
        start: int,
        rng: np.random.Generator,
    ) -> None:
        """Some pulses stop in tall grass and shrubs instead of on the soil; changed in place."""
        tone = rgb[start:].astype(np.int16)
        green = (tone[:, 1] > tone[:, 0] + 10) & (tone[:, 1] > tone[:, 2] + 25)
        caught = green & (kind[start:] == GROUND) & (rng.random(len(green)) < 0.22)
        rows = np.flatnonzero(caught) + start
        xyz[rows, 2] += rng.gamma(2.0, 0.11, len(rows)) + 0.06
        kind[rows] = LOW

    def _within(self, made: Points, order: NDArray[np.int64], rng: np.random.Generator) -> Points:
        """The points inside the window in the order of the pulses, with a little noise in the air."""
        x0, y0, x1, y1 = self.window
        x, y = made.xyz[order, 0], made.xyz[order, 1]
        order = order[(x >= x0) & (x < x1) & (y >= y0) & (y < y1)]
        stray = np.flatnonzero(rng.random(len(order)) < 4e-5)
        made.xyz[order[stray], 2] += np.where(
            rng.random(len(stray)) < 0.75,
            rng.uniform(25, 160, len(stray)),
            rng.uniform(-7, -3, len(stray)),
        )
        made.kind[order[stray]] = NOISE
        fields = ("xyz", "kind", "rgb", "intensity", "number", "returns", "angle", "time")
        return Points(line=made.line, **{name: getattr(made, name)[order] for name in fields})


class _WaterMap:
    """Where there is water, as a grid of one metre over the window."""

    def __init__(self, settled: Settled) -> None:
        plan = settled.ward.map
        x0, y0, x1, y1 = settled.window
        self._west, self._south = x0 - 5, y0 - 5
        x, y = np.meshgrid(np.arange(x0 - 5, x1 + 5), np.arange(y0 - 5, y1 + 5))
        lake = plan.lake.difference(plan.islet)
        self._wet = np.zeros(x.shape, dtype=bool)
        for area in (lake, plan.pond, plan.river):
            shapely.prepare(area)
            self._wet |= shapely.contains_xy(area, x + 0.5, y + 0.5)

    def at(self, xyz: NDArray[np.float64]) -> NDArray[np.bool_]:
        column = np.clip((xyz[:, 0] - self._west).astype(int), 0, self._wet.shape[1] - 1)
        row = np.clip((xyz[:, 1] - self._south).astype(int), 0, self._wet.shape[0] - 1)
        found: NDArray[np.bool_] = self._wet[row, column]
        return found


def _crown_mesh(trees: Trees, settled: Settled) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Every crown as a lumpy ellipsoid that fills the upper two thirds of its tree."""
    rings, sides = 5, 7
    up = np.linspace(-np.pi / 2, np.pi / 2, rings + 1)
    turn = np.arange(sides) * 2 * np.pi / sides
    unit = np.stack(
        [
            np.outer(np.cos(up), np.cos(turn)),
            np.outer(np.cos(up), np.sin(turn)),
            np.repeat(np.sin(up)[:, None], sides, axis=1),
        ],
        axis=-1,
    ).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(rings), np.arange(sides), indexing="ij")
    a, b = i * sides + j, i * sides + (j + 1) % sides
    faces = np.concatenate(
        [
            np.stack([a, b, b + sides], -1).reshape(-1, 3),
            np.stack([a, b + sides, a + sides], -1).reshape(-1, 3),
        ]
    )
    rng = np.random.default_rng([settled.seed, 43])
    count = len(trees.xy)
    lumps = rng.uniform(0.86, 1.1, (count, len(unit), 1))
    palm = np.array([s[0] in ("Cau vua", "Chuối") for s in SPECIES])[trees.species]
    low = np.where(palm, 0.7, 0.36) * trees.height
    half = (trees.height - low) / 2
    ground = settled.relief.at(trees.xy[:, 0], trees.xy[:, 1])
    size = np.stack([trees.crown, trees.crown, half], axis=1)[:, None, :]
    middle = np.column_stack([trees.xy, ground + low + half])[:, None, :]
    points = middle + unit * size * lumps
    triangles = faces[None] + (np.arange(count) * len(unit))[:, None, None]
    return points.reshape(-1, 3).astype(np.float32), triangles.reshape(-1, 3).astype(np.int32)

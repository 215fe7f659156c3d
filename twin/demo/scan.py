"""The airborne scan: laser pulses of a simulated flight, cast on the true ward with Embree.

What an airborne scanner does not see is not in the cloud: walls that face away, the floor of narrow alleys
far from the flight line, the ground under thick crowns. A pulse is a ray without width.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import from_origin

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
        track = np.repeat(tracks.astype(np.float32), len(angles))
        zigzag = np.where(np.arange(len(tracks)) % 2, 0.25, -0.25) * spacing
        aside = np.repeat(zigzag.astype(np.float32), len(angles)) + _normal(rng, count, 0.05)
        theta = np.tile(angles.astype(np.float32), len(tracks))
        theta += aside / np.float32(ALTITUDE) * np.cos(theta) ** 2
        roll = np.float32(0.002) * np.sin(track / np.float32(37.0) + line)
        start = np.empty((count, 3), dtype=np.float32)
        start[:, 0] = x - np.tan(roll) * ALTITUDE
        start[:, 1] = track + _normal(rng, count, 0.05)
        start[:, 2] = flat + ALTITUDE
        aim = np.zeros((count, 3), dtype=np.float32)
        aim[:, 0], aim[:, 2] = np.sin(theta + roll), -np.cos(theta + roll)
        passed = np.arange(count, dtype=np.float64) + (south - y0) * 4000
        time = GPS_START + line * 300 + passed * PULSE_SECONDS
        return self._returns(start, aim, theta, time, line, rng)

    def _returns(
        self,
        start: NDArray[np.float32],
        aim: NDArray[np.float32],
        theta: NDArray[np.float32],
        time: NDArray[np.float64],
        line: int,
        rng: np.random.Generator,
    ) -> Points:
        """What comes back: from a crown, from what is under it, or both."""
        hit = self._solid.run(start, aim, output=True)
        crown = self._crowns.run(start, aim, query="DISTANCE")
        far, body, luck = hit["tfar"], hit["geomID"], rng.random(len(aim), dtype=np.float32)
        landed = body >= 0
        leafy = (crown < far) & (luck < 0.92)
        solid = landed & (~leafy | (luck < 0.92 * THROUGH_CROWN))
        level = np.flatnonzero(solid & (body == 0))
        wet = level[self._water.at(start[level] + aim[level] * far[level, None])]
        solid[wet] = rng.random(len(wet)) > 0.86 + 0.1 * (np.abs(theta[wet]) > 0.12)
        first, second = np.flatnonzero(leafy), np.flatnonzero(solid)
        depth = crown[first] + rng.exponential(0.55, len(first)).astype(np.float32)
        depth = np.where(landed[first], np.minimum(depth, far[first] - 0.3), depth)
        water = np.zeros(len(aim), dtype=bool)
        water[wet] = True
        ray = np.concatenate([first, second])
        reach = np.concatenate([depth, far[second]]) + _normal(rng, len(ray), RANGE_NOISE)
        xyz = start[ray].astype(np.float64) + aim[ray] * reach[:, None]
        high = xyz[: len(first)]
        above = high[:, 2] - self.settled.relief.at(high[:, 0], high[:, 1])
        kind = np.empty(len(ray), dtype=np.uint8)
        kind[: len(first)] = np.where(above > 5, HIGH, np.where(above > 2, MEDIUM, LOW))
        what = np.array([GROUND, BUILDING, UNCLASSIFIED], dtype=np.uint8)[body[second]]
        kind[len(first) :] = np.where(water[second], WATER, what)
        rgb = self.ortho.at(xyz[:, 0], xyz[:, 1])
        self._grass(xyz, kind, rgb, len(first), rng)
        both = leafy & solid
        under = np.arange(len(ray)) >= len(first)
        made = Points(
            xyz=xyz,
            kind=kind,
            rgb=rgb,
            intensity=_intensity(rgb, hit["Ng"][second], aim[second], rng),
            number=np.where(under & both[ray], 2, 1).astype(np.uint8),
            returns=np.where(both[ray], 2, 1).astype(np.uint8),
            angle=np.degrees(theta[ray]),
            time=time[ray],
            line=line,
        )
        return self._within(made, np.argsort(ray * 2 + under, kind="stable"), rng)

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


def _normal(rng: np.random.Generator, count: int, spread: float) -> NDArray[np.float32]:
    return rng.standard_normal(count, dtype=np.float32) * np.float32(spread)


def _intensity(
    rgb: NDArray[np.uint8],
    normal: NDArray[np.float32],
    aim: NDArray[np.float32],
    rng: np.random.Generator,
) -> NDArray[np.uint16]:
    """Brighter for bright surfaces that face the scanner; leaves scatter.

    The last rows of `rgb` are those of `normal` and `aim`; the ones before are leaves.
    """
    facing = np.abs(normal[:, 0] * aim[:, 0] + normal[:, 2] * aim[:, 2])
    facing /= np.maximum(np.sqrt(np.einsum("ij,ij->i", normal, normal)), 1e-9)
    leaves = len(rgb) - len(aim)
    share = np.concatenate([rng.uniform(0.5, 1.0, leaves), 0.35 + 0.65 * facing])
    tone = rgb[:, 0].astype(np.float32) + rgb[:, 1] + rgb[:, 2]
    bright = 300 + 1.8 * tone * share + _normal(rng, len(rgb), 40)
    clipped: NDArray[np.uint16] = np.clip(bright, 20, 4000).astype(np.uint16)
    return clipped


class _WaterMap:
    """Where there is water, as a grid of one metre over the window."""

    def __init__(self, settled: Settled) -> None:
        plan = settled.ward.map
        x0, y0, x1, y1 = settled.window
        self._west, self._south = x0 - 5, y0 - 5
        wet = rasterize(
            [plan.lake.difference(plan.islet), plan.pond, plan.river],
            out_shape=(round(y1 - y0) + 10, round(x1 - x0) + 10),
            transform=from_origin(x0 - 5, y1 + 5, 1.0, 1.0),
            dtype="uint8",
        )
        self._wet = wet[::-1] > 0

    def at(self, xyz: NDArray[np.floating]) -> NDArray[np.bool_]:
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

"""The city as meshes of a page: colours at vertices, no more triangles than a browser takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.ground import decimated
from layers.builders.solids import solids_of
from layers.builders.terrain import terrain_mesh
from layers.builders.trees import trees_from_features
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.imagery import ImageryLayer
from layers.kinds.layer import Layer
from layers.kinds.mesh import FLOOR, MeshLayer
from layers.kinds.pointcloud import PointCloudLayer
from layers.progress import SILENT, Progress
from layers.writers.gltf import GltfMesh
from twin.city import City
from twin.style import Style
from viewers.scene.colouring import by_column, of_buildings
from viewers.scene.facades import patterns_of, sites, wall_lengths
from viewers.scene.feature_shapes import line_widths, shapes_of
from viewers.scene.features_visual import COLOURS
from viewers.scene.ramps import rgb

MOST_TRIANGLES = 1_600_000
"""What browsers on office computers turn smoothly, and a file of some 25 MB."""
GROUND_CELLS = 90_000
CROWN = rgb("#7c9a63")
GROUND = rgb("#c4beb0")
TREE_TRIANGLES = 20

MOST_POINTS = 300_000
"""Of all point clouds together: some 2 MB of the file."""
BYTES_A_POINT = 9

Colours = NDArray[np.uint8]
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What a page will hold, before it is made.

    Attributes
    ----------
    triangles : of everything, before anything is left out
    kept : share of buildings and trees that stay, the most visible ones
    bytes : about so large will the file be
    points : how many of the clouds stay
    """

    triangles: int
    kept: float
    bytes: int
    points: int = 0


BARE_BYTES = 900_000
"""Of a page without a city: the viewer's code."""
BYTES_A_TRIANGLE = 17
"""Packed and written as letters: wards of Hà Nội and Delft became 9 to 40 % smaller than this says."""


def weigh(city: City, layers: Iterable[str], *, most: int = MOST_TRIANGLES) -> Weight:
    """Count what `layers` of the city would take, from their outlines alone."""
    large = small = points = 0
    for layer in (city.layers[name] for name in layers):
        if isinstance(layer, BuildingsLayer):
            corners = int(shapely.get_num_coordinates(layer.footprints).sum())
            model = 0 if layer.model is None else len(layer.model.triangles)
            small += max(3 * corners, model)
        elif isinstance(layer, FeatureLayer) and layer.role == "trees":
            small += TREE_TRIANGLES * layer.count
        elif isinstance(layer, FeatureLayer):
            large += 4 * int(shapely.get_num_coordinates(layer.geometry).sum())
        elif isinstance(layer, ElevationLayer) and layer.surface == "ground":
            large += 2 * min(int(layer.heights.size), GROUND_CELLS)
        elif isinstance(layer, MeshLayer):
            large += len(layer.triangles)
        elif isinstance(layer, PointCloudLayer):
            points += layer.count
    kept = min(1.0, max(most - large, most / 4) / max(small, 1))
    shown = large + small * kept
    size = BARE_BYTES + BYTES_A_TRIANGLE * shown
    size += sum(len(city.pictures[key]) for key in _pictures(city)) * 4 / 3
    points = min(points, MOST_POINTS)
    size += BYTES_A_POINT * points
    return Weight(triangles=large + small, kept=float(kept), bytes=int(size), points=points)


def _pictures(city: City) -> set[str]:
    return {stop.picture for story in city.stories.values() for stop in story.stops} - {""}


def meshes_of(
    city: City,
    layers: Iterable[str],
    *,
    kept: float = 1.0,
    numbered: frozenset[str] = frozenset(),
    progress: Progress = SILENT,
) -> list[GltfMesh]:
    """Meshes of `layers`, each with its layer's id in `extras`.

    Parameters
    ----------
    kept : share of buildings and trees that are taken, the most visible ones
    numbered : ids of layers of buildings whose vertices say which row they belong to, so that the
        page can colour them otherwise
    """
    names = list(layers)
    ground = next(
        (
            layer
            for layer in city.layers.values()
            if isinstance(layer, ElevationLayer) and layer.surface == "ground"
        ),
        None,
    )
    drawn = None if ground is None else decimated(ground, max_cells=GROUND_CELLS)
    made: list[GltfMesh] = []
    for place, name in enumerate(names):
        layer = city.layers[name]
        progress.step(place / max(len(names), 1), f"Preparing {layer.name}")
        made += _of(city, layer, drawn, kept, name in numbered)
    return made


def _of(
    city: City, layer: Layer, ground: ElevationLayer | None, kept: float, numbered: bool
) -> list[GltfMesh]:
    origin, style = city.frame.origin, city.style(layer.id)
    if isinstance(layer, BuildingsLayer):
        return _buildings(city.standing(layer.id), style, origin, kept, numbered)
    if isinstance(layer, FeatureLayer) and layer.role == "trees":
        return _trees(layer, style, ground, origin, kept)
    if isinstance(layer, FeatureLayer):
        return _features(layer, style, ground, origin)
    if isinstance(layer, ElevationLayer) and layer.surface == "ground" and ground is not None:
        return _terrain(city, layer, ground, style, origin)
    if isinstance(layer, MeshLayer):
        return _mesh(layer, style, origin)
    return []


def linear(colours: Colours) -> Colours:
    """sRGB (n, 3) as the linear red, green, blue and alpha (n, 4) that glTF wants."""
    share = colours.astype(np.float64) / 255.0
    flat = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    out = np.full((len(colours), 4), 255, np.uint8)
    out[:, :3] = np.rint(flat * 255)
    return out


def _buildings(
    layer: BuildingsLayer, style: Style, origin: Triple, kept: float, numbered: bool
) -> list[GltfMesh]:
    batch = solids_of(layer, origin=origin, sink=1.0)
    size = layer.height + 0.5 * np.sqrt(shapely.area(layer.footprints))
    stays = _largest(size, kept)
    faces = (batch.face_kind != FLOOR) & stays[batch.face_solid]
    triangles, row = batch.triangles[faces], batch.face_solid[faces]
    of_vertex = np.zeros(len(batch.vertices), np.int64)
    for corner in range(3):
        of_vertex[triangles[:, corner]] = row
    colours, _ = of_buildings(layer, style)
    drawn_own = None
    if layer.model is not None:
        drawn_own = np.zeros(layer.count, bool)
        drawn_own[layer.model.face_solid] = True
    wall = wall_lengths(batch.vertices, batch.triangles, batch.face_kind)
    return [
        GltfMesh(
            name=layer.name,
            own=sites(
                of_vertex,
                wall,
                patterns_of(layer),
                layer.floors,
                layer.ground,
                layer.height,
                drawn_own,
                origin_z=origin[2],
            ),
            vertices=batch.vertices,
            triangles=triangles,
            colour=(1.0, 1.0, 1.0, style.opacity),
            vertex_colours=linear(colours)[of_vertex],
            feature=row if numbered else None,
            bare=True,
            extras={"layer": layer.id, "shadow": True},
        )
    ]


def _largest(size: NDArray[np.floating], share: float) -> NDArray[np.bool_]:
    """The `share` of rows with the largest `size`."""
    count = round(share * len(size))
    stays = np.ones(len(size), bool)
    if count < len(size):
        stays[:] = False
        stays[np.argsort(-size, kind="stable")[:count]] = True
    return stays


def _trees(
    layer: FeatureLayer, style: Style, ground: ElevationLayer | None, origin: Triple, kept: float
) -> list[GltfMesh]:
    trees = trees_from_features(layer, ground)
    if not trees.count:
        return []
    lot = np.random.default_rng(5).uniform(0.4, 1.0, trees.count)
    stays = np.flatnonzero(_largest(trees.height * lot, kept))
    points, faces = crown()
    xyz = trees.xyz[stays] - np.asarray(origin)
    turn = np.random.default_rng(11).uniform(0, 2 * np.pi, len(stays))[:, None]
    wide = trees.crown[stays].astype(float)[:, None]
    x = xyz[:, :1] + wide * (points[:, 0] * np.cos(turn) - points[:, 1] * np.sin(turn))
    y = xyz[:, 1:2] + wide * (points[:, 0] * np.sin(turn) + points[:, 1] * np.cos(turn))
    z = xyz[:, 2:] + trees.height[stays].astype(float)[:, None] * points[:, 2]
    vertices = np.stack([x, y, z], axis=2).reshape(-1, 3).astype(np.float32)
    triangles = (faces[None] + np.arange(len(stays))[:, None, None] * len(points)).reshape(-1, 3)
    if style.color_by in layer.columns:
        colours = by_column(layer.columns[style.color_by], style, layer=layer.id, title="")[0]
        shown = colours[trees.row[stays]]
    else:
        base = rgb(style.color) if style.color else CROWN
        shade = np.random.default_rng(3).uniform(0.82, 1.14, (len(stays), 1))
        shown = np.clip(base * shade, 0, 255).astype(np.uint8)
    return [
        GltfMesh(
            name=layer.name,
            vertices=vertices,
            triangles=triangles.astype(np.int32),
            colour=(1.0, 1.0, 1.0, style.opacity),
            vertex_colours=linear(np.repeat(shown, len(points), axis=0)),
            bare=True,
            extras={"layer": layer.id, "shadow": True},
        )
    ]


def crown() -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """A tree of height 1 and crown 1: a tip below, two rings of five, a tip above."""
    angle = 2 * np.pi * np.arange(5) / 5
    low = np.column_stack([0.40 * np.cos(angle), 0.40 * np.sin(angle), np.full(5, 0.42)])
    high = np.column_stack(
        [0.45 * np.cos(angle + 0.6), 0.45 * np.sin(angle + 0.6), np.full(5, 0.70)]
    )
    points = np.vstack([[[0.0, 0.0, 0.08]], low, high, [[0.0, 0.0, 1.0]]])
    faces = []
    for k in range(5):
        a, b = 1 + k, 1 + (k + 1) % 5
        c, d = a + 5, b + 5
        faces += [[0, b, a], [a, b, c], [b, d, c], [c, d, 11]]
    return points, np.array(faces, np.int32)


def _features(
    layer: FeatureLayer, style: Style, ground: ElevationLayer | None, origin: Triple
) -> list[GltfMesh]:
    shapes = shapes_of(layer, line_widths(layer, style), ground, origin, marker=style.size or 2.2)
    colours = None
    if style.color_by in layer.columns:
        colours = by_column(layer.columns[style.color_by], style, layer=layer.id, title="")[0]
    made = []
    for shape in shapes:
        base = rgb(style.color or COLOURS.get(layer.role, COLOURS["features"]))
        of_vertex = np.zeros(len(shape.vertices), np.int64)
        for corner in range(3):
            of_vertex[shape.triangles[:, corner]] = shape.face_row
        shown = np.tile(base, (len(of_vertex), 1)) if colours is None else colours[of_vertex]
        made.append(
            GltfMesh(
                name=layer.name,
                vertices=shape.vertices,
                triangles=shape.triangles,
                colour=(1.0, 1.0, 1.0, style.opacity),
                vertex_colours=linear(shown),
                bare=True,
                extras={"layer": layer.id, "bias": shape.bias, "water": layer.role == "water"},
            )
        )
    return made


def _terrain(
    city: City, layer: ElevationLayer, ground: ElevationLayer, style: Style, origin: Triple
) -> list[GltfMesh]:
    vertices, triangles, _ = terrain_mesh(ground, origin=origin, max_cells=GROUND_CELLS)
    colours = np.tile(rgb(style.color) if style.color else GROUND, (len(vertices), 1))
    plain = GltfMesh(
        name=layer.name,
        vertices=vertices,
        triangles=triangles,
        colour=(1.0, 1.0, 1.0, style.opacity),
        vertex_colours=linear(colours),
        smooth=True,
        extras={"layer": layer.id, "ground": True},
    )
    pictures = [one for one in city.layers.values() if isinstance(one, ImageryLayer)]
    world = vertices[:, :2] + np.asarray(origin[:2])
    made = [plain]
    for picture in pictures:
        inside, seen = _under(picture, world)
        whole = inside[triangles].all(axis=1)
        if whole.any():
            made.append(
                GltfMesh(
                    name=picture.name,
                    vertices=vertices + np.array([0.0, 0.0, 0.03], np.float32),
                    triangles=triangles[whole],
                    vertex_colours=linear(seen),
                    smooth=True,
                    extras={"layer": picture.id, "bias": 2},
                )
            )
    return made


def _under(picture: ImageryLayer, xy: NDArray[np.float64]) -> tuple[NDArray[np.bool_], Colours]:
    """Which places lie under the picture, and its colour there."""
    rows, columns, _ = picture.pixels.shape
    row = np.floor((picture.north - xy[:, 1]) / picture.cell_y).astype(np.int64)
    column = np.floor((xy[:, 0] - picture.west) / picture.cell_x).astype(np.int64)
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    seen = picture.pixels[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)]
    return inside, seen


def _mesh(layer: MeshLayer, style: Style, origin: Triple) -> list[GltfMesh]:
    shift = (np.asarray(layer.offset) - np.asarray(origin)).astype(np.float32)
    base = rgb(style.color) if style.color else rgb("#cfc8bb")
    return [
        GltfMesh(
            name=layer.name,
            vertices=layer.vertices + shift,
            triangles=layer.triangles,
            colour=(1.0, 1.0, 1.0, style.opacity),
            vertex_colours=linear(np.tile(base, (len(layer.vertices), 1))),
            bare=True,
            extras={"layer": layer.id, "shadow": True},
        )
    ]


def recoloured(city: City, styles: Mapping[str, Style]) -> dict[str, Colours]:
    """Colours (rows, 3) of the layers of buildings that have another look in `styles`."""
    found = {}
    for name, style in styles.items():
        layer = city.layers.get(name)
        if isinstance(layer, BuildingsLayer):
            found[name] = of_buildings(city.standing(name), style)[0]
    return found

"""The tile pyramids of a project's layers, all made at once, so that no flight waits for a tile."""

from __future__ import annotations

import os
from pathlib import Path

from layers.builders.waters import with_water
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.imagery import ImageryLayer
from layers.progress import SILENT, Progress
from layers.tiles.heights import LayerHeights
from layers.tiles.imagery import Picture
from layers.tiles.picture_levels import FIRST, FOLDER, build_levels, wanted
from layers.tiles.pyramid import open_pyramid
from layers.tiles.terrain import AT_ONCE, TerrainPyramid
from twin.city import City
from twin.project.store import Project

LEAST = 20_000
"""Buildings from which on tiles are made ahead; fewer are made in a moment when they are looked at."""
DONE = "done"
"""An empty file beside the tiles of a layer that were all made once."""
TERRAIN = "terrain"
"""The folder of a terrain's tiles in that of its layer."""
MANY_TILES = 200
"""From so many on it is worth starting processes."""


def build_pyramids(project: Project, *, workers: int = 0, progress: Progress = SILENT) -> int:
    """Make the tiles that are not in the cache yet; how many were made.

    It goes on where it was stopped: tiles that are there are not made again.

    Parameters
    ----------
    workers : processes, 0 for as many as there are processors

    Raises
    ------
    Cancelled
        `progress` was cancelled.
    """
    city = project.city
    grounds, pictures = _grounds(project), _pictures(project)
    large = [city.standing(layer.id) for layer in _large(project)]
    made, all_of_them = 0, len(grounds) + len(large) + len(pictures)
    for number, ground in enumerate(grounds):
        part = progress.part(number / all_of_them, (number + 1) / all_of_them)
        made += _build_terrain(project, ground, part)
    for number, layer in enumerate(large, len(grounds)):
        part = progress.part(number / all_of_them, (number + 1) / all_of_them)
        folder = project.tile_folder(layer)
        part.step(0.0, f"Tiles of {layer.name}")
        pyramid = open_pyramid(layer, origin=city.frame.origin, folder=folder)
        if pyramid is None or pyramid.folder is None:
            continue
        many = len(pyramid.tree) >= MANY_TILES
        count = workers or os.cpu_count() or 1
        made += pyramid.build(workers=count if many else 0, progress=part)
        (pyramid.folder / DONE).touch()
    for number, (photo, place) in enumerate(pictures, len(grounds) + len(large)):
        part = progress.part(number / all_of_them, (number + 1) / all_of_them)
        made += _build_copies(photo, place, part)
    return made


def unprepared(project: Project) -> bool:
    """Whether a large layer's tiles were never made; quick, for it looks at folders alone."""
    folders = [project.tile_folder(layer) for layer in _large(project)]
    grounds = [project.tile_folder(layer) for layer in _grounds(project)]
    folders += [folder / TERRAIN for folder in grounds if folder is not None]
    folders += [folder for _, folder in _pictures(project)]
    return any(folder is not None and not (folder / DONE).exists() for folder in folders)


def drawn_ground(city: City, ground: ElevationLayer) -> ElevationLayer:
    """What is drawn of `ground`: it does not stand through the city's still waters."""
    waters = [
        layer.geometry
        for layer in city.layers.values()
        if isinstance(layer, FeatureLayer) and layer.role == "water"
    ]
    return with_water(ground, waters) if ground.surface == "ground" else ground


def _build_terrain(project: Project, ground: ElevationLayer, progress: Progress) -> int:
    folder = project.tile_folder(ground)
    if folder is None:
        return 0
    progress.step(0.0, f"Tiles of {ground.name}")
    drawn = drawn_ground(project.city, ground)
    pyramid = TerrainPyramid(LayerHeights(drawn), folder / TERRAIN)
    pyramid.build(progress)
    (folder / TERRAIN / DONE).touch()
    return pyramid.rebuilt


def _build_copies(layer: ImageryLayer, folder: Path, progress: Progress) -> int:
    picture = Picture(layer)
    made = build_levels(picture, folder, progress) if wanted(picture) else 0
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DONE).touch()
    return made


def _pictures(project: Project) -> list[tuple[ImageryLayer, Path]]:
    """Pictures whose file is much finer than their overview, and where copies of them are kept."""
    found = []
    for layer in project.city.layers.values():
        if isinstance(layer, ImageryLayer):
            folder = project.tile_folder(layer)
            if folder is not None and layer.full_size[0] > FIRST * layer.pixels.shape[0]:
                found.append((layer, folder / FOLDER))
    return found


def _grounds(project: Project) -> list[ElevationLayer]:
    return [
        layer
        for layer in project.city.layers.values()
        if isinstance(layer, ElevationLayer)
        and layer.surface in ("ground", "surface")
        and layer.heights.size > AT_ONCE
    ]


def _large(project: Project) -> list[BuildingsLayer]:
    return [
        layer
        for layer in project.city.layers.values()
        if isinstance(layer, BuildingsLayer) and layer.count >= LEAST
    ]

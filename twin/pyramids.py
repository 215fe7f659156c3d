"""The tile pyramids of a project's layers, all made at once, so that no flight waits for a tile."""

from __future__ import annotations

import os

from layers.kinds.buildings import BuildingsLayer
from layers.progress import SILENT, Progress
from layers.tiles.pyramid import open_pyramid
from twin.project.store import Project

LEAST = 20_000
"""Buildings from which on tiles are made ahead; fewer are made in a moment when they are looked at."""
DONE = "done"
"""An empty file beside the tiles of a layer that were all made once."""
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
    large = [city.standing(layer.id) for layer in _large(project)]
    made = 0
    for number, layer in enumerate(large):
        part = progress.part(number / len(large), (number + 1) / len(large))
        folder = project.tile_folder(layer)
        part.step(0.0, f"Tiles of {layer.name}")
        pyramid = open_pyramid(layer, origin=city.frame.origin, folder=folder)
        if pyramid is None or pyramid.folder is None:
            continue
        many = len(pyramid.tree) >= MANY_TILES
        count = workers or os.cpu_count() or 1
        made += pyramid.build(workers=count if many else 0, progress=part)
        (pyramid.folder / DONE).touch()
    return made


def unprepared(project: Project) -> bool:
    """Whether a large layer's tiles were never made; quick, for it looks at folders alone."""
    folders = [project.tile_folder(layer) for layer in _large(project)]
    return any(folder is not None and not (folder / DONE).exists() for folder in folders)


def _large(project: Project) -> list[BuildingsLayer]:
    return [
        layer
        for layer in project.city.layers.values()
        if isinstance(layer, BuildingsLayer) and layer.count >= LEAST
    ]

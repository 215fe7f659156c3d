"""What a worker process does for the window: builds cities into files. No Qt here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from layers.health.records import Assessment
from layers.notices import Notice
from layers.progress import Progress
from layers.readers.registry import ReadOptions
from twin.recipe import SourceRequest


def make_city(
    sources: Sequence[SourceRequest], name: str, crs: str, path: Path, progress: Progress
) -> tuple[Notice, ...]:
    """Build a city of files and keep it at `path`, as `dothi build` does; what is worth knowing."""
    from twin.build import city_from_files
    from twin.first_view import first_view
    from twin.project.store import Project

    result = city_from_files(sources, name=name, crs=crs, progress=progress.part(0.0, 0.9))
    progress.step(0.9, "Writing the city")
    view = first_view(result.city, result.hidden)
    writing = progress.part(0.9, 1.0)
    Project.create(path, result.city, options=result.options, view=view, progress=writing).close()
    return result.notices


def make_addition(
    project: Path, sources: Sequence[SourceRequest], path: Path, progress: Progress
) -> tuple[tuple[Notice, ...], dict[str, ReadOptions], frozenset[str]]:
    """Build layers for the city in `project`, on its ground, and keep them at `path`.

    The project is only looked at.

    Returns
    -------
    What is worth knowing, how each layer's file was read, and ids of layers hidden at first.
    """
    from twin.build import add_files
    from twin.city import City
    from twin.project.store import Project

    with Project.open(project, read_only=True, progress=progress.part(0.0, 0.2)) as opened:
        city = opened.city
        added = add_files(city, sources, progress=progress.part(0.2, 0.9))
    progress.step(0.9, "Writing the layers")
    alone = City(name=city.name, frame=city.frame, layers={one.id: one for one in added.layers})
    writing = progress.part(0.9, 1.0)
    Project.create(path, alone, options=added.options, progress=writing).close()
    return added.notices, dict(added.options), added.hidden


def make_demo(progress: Progress) -> Path:
    """The demo's project, made where it does not stand yet."""
    from twin.demo.project import demo_city

    return demo_city(progress=progress)


def make_point_tiles(
    source: Path, options: ReadOptions, crs: str, folder: Path, progress: Progress
) -> None:
    """Arrange the points of a file as an octree; see `twin.project.point_tiles`."""
    from twin.project.point_tiles import make_tiles

    make_tiles(source, options, crs, folder, progress)


def assess_project(project: Path, progress: Progress) -> Mapping[str, Assessment]:
    """The health of all layers of a project as it stands; the project is only looked at."""
    from layers.health.assess import assess_city
    from twin.project.store import Project

    with Project.open(project, read_only=True, progress=progress.part(0.0, 0.1)) as opened:
        city = opened.city
        layers = {
            layer_id: city.standing(layer_id) if layer.kind == "buildings" else layer
            for layer_id, layer in city.layers.items()
        }
        return dict(assess_city(layers, progress.part(0.1, 1.0)))

"""Files to cities and pictures: Delft, Autzen, Hoàn Kiếm, and outlines to solids."""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from layers.errors import CityError
from viewers.bench.measure import Figure, run_alone

_ROOT = Path(__file__).parents[2]
REPEATS = 3


def _data() -> Path:
    if "DOTHI_DATA" not in os.environ:
        raise CityError(
            "This benchmark needs real files",
            hint="Set DOTHI_DATA to the folder that holds delft/.",
        )
    return Path(os.environ["DOTHI_DATA"])


def _recipe(name: str) -> str:
    return str(_ROOT / "docs" / "recipes" / f"{name}.toml")


def delft() -> list[Figure]:
    """The whole `dothi build` of Delft, against what reading its points alone costs."""
    points = sorted(str(path) for path in (_data() / "delft" / "lidar").glob("*.laz"))
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "delft.gpkg")
        whole = run_alone(["-m", "viewers.cli", "build", _recipe("delft"), "-o", out, "--json"])
    reading = run_alone(["-m", "viewers.bench.files", "laspy", *points])
    size = f"{whole.said['points_read']:,} points, {whole.said['buildings']['count']} buildings"
    build_s = whole.said["elapsed_s"]["build"]
    alone = reading.said["seconds"]
    return [
        Figure(
            name="delft", size=size, metric="whole build", value=whole.seconds, unit="s", limit=4.0
        ),
        Figure(
            name="delft",
            size=size,
            metric="building work",
            value=build_s,
            unit="s",
            limit=1.0,
        ),
        Figure(
            name="delft",
            size=size,
            metric="building work against reading",
            value=build_s,
            unit="s",
            against="laspy.read of the same points",
            ratio=build_s / alone,
        ),
        Figure(
            name="delft",
            size=size,
            metric="peak memory",
            value=whole.peak_mb,
            unit="MB",
            limit=500.0,
        ),
    ]


def autzen() -> list[Figure]:
    """5.8 million points from file to first picture, against `laspy.read` alone."""
    path = str(_data() / "autzen" / "autzen_south.laz")
    readings, pictures = [], []
    for _ in range(REPEATS):  # in turns, so that a busy moment meets both
        readings.append(run_alone(["-m", "viewers.bench.files", "laspy", path]).said["seconds"])
        pictures.append(run_alone(["-m", "viewers.bench.files", "points", path]))
    alone = median(readings)
    first = median([picture.said["first_s"] for picture in pictures])
    complete = median([picture.said["complete_s"] for picture in pictures])
    size = f"{pictures[0].said['total']:,} points"
    return [
        Figure(
            name="autzen",
            size=size,
            metric="file to first picture",
            value=first,
            unit="s",
            against="laspy.read alone",
            ratio=first / alone,
            limit=1.5,
        ),
        Figure(
            name="autzen",
            size=size,
            metric="file to complete picture",
            value=complete,
            unit="s",
            against="laspy.read alone",
            ratio=complete / alone,
        ),
        Figure(
            name="autzen",
            size=size,
            metric="peak memory",
            value=median([picture.peak_mb for picture in pictures]) * 2**20 / 1e6,
            unit="MB",
            limit=700.0,
        ),
    ]


def hoan_kiem() -> list[Figure]:
    """Hoàn Kiếm and Phúc Xá: from opening the project to its first picture."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "hoan_kiem.gpkg")
        _data()
        run_alone(["-m", "viewers.cli", "build", _recipe("hoan_kiem"), "-o", out, "--json"])
        opened = run_alone(["-m", "viewers.bench.files", "project", out])
    size = f"{opened.said['buildings']:,} footprints"
    return [
        Figure(
            name="hoan_kiem",
            size=size,
            metric="project open to first picture",
            value=opened.said["first_s"],
            unit="s",
            limit=2.0,
        ),
        Figure(
            name="hoan_kiem",
            size=size,
            metric="the same with starting Python and its libraries",
            value=opened.seconds,
            unit="s",
        ),
        Figure(name="hoan_kiem", size=size, metric="peak memory", value=opened.peak_mb, unit="MB"),
    ]


def extrude() -> list[Figure]:
    """100 000 outlines to closed solids."""
    done = run_alone(["-m", "viewers.bench.files", "extrude", "100000"])
    return [
        Figure(
            name="extrude",
            size="100,000 outlines",
            metric="outlines to closed solids",
            value=done.said["seconds"],
            unit="s",
            limit=2.0,
        )
    ]


# -- what runs alone -------------------------------------------------------------------------


def _laspy(paths: list[str]) -> dict[str, Any]:
    import laspy

    started = time.perf_counter()
    count = sum(len(laspy.read(path).points) for path in paths)
    return {"seconds": time.perf_counter() - started, "points": count}


def _extrude(count: int) -> dict[str, Any]:
    from layers.builders.solids import extrude as to_solids
    from viewers.bench.cities import big_city

    city = big_city(count)
    layer = city.buildings_layer("buildings")
    started = time.perf_counter()
    solids = to_solids(layer.footprints, layer.ground, layer.height, origin=city.frame.origin)
    return {"seconds": time.perf_counter() - started, "triangles": len(solids.triangles)}


def _points(path: str) -> dict[str, Any]:
    from layers.frame import Frame
    from layers.kinds.pointcloud import PointCloudLayer
    from layers.readers import registry
    from twin.city import City
    from viewers.rendering import without_display
    from viewers.scene.off_screen import OffScreen
    from viewers.scene.scene import Scene
    from viewers.view_state import ViewState

    without_display()
    scene = Scene(OffScreen((1920, 1080)))
    scene.render()  # the window is there before a file is opened
    said: dict[str, Any] = {}
    importlib.import_module("layers.readers.pointcloud")  # laspy's import is not counted either
    started = time.perf_counter()
    # The first picture shows colours alone; what it does not show need not be decompressed.
    wishes = {
        "first_s": registry.ReadOptions(max_points=500_000, fields=("rgb",)),
        "complete_s": registry.ReadOptions(),
    }
    for name, wish in wishes.items():
        (layer,) = registry.read(Path(path), wish)
        assert isinstance(layer, PointCloudLayer)
        frame = Frame.around(layer.crs, layer.bounds)
        scene.show(City(name="points", frame=frame, layers={layer.id: layer}), ViewState())
        # `show` looks at the whole city at first and draws it, complete when it returns.
        said[name] = time.perf_counter() - started
        said["total"] = layer.total
    return said


def _project(path: str) -> dict[str, Any]:
    import pyvista as pv

    from twin.project.store import Project
    from viewers.scene.scene import Scene
    from viewers.view_state import ViewState

    plotter = pv.Plotter(off_screen=True, window_size=[1920, 1080], lighting="none")
    scene = Scene(plotter)
    scene.render()
    started = time.perf_counter()
    project = Project.open(Path(path), read_only=True)
    scene.folder_for = project.tile_folder
    scene.show(project.city, ViewState())  # looks at the whole city and draws it
    assert scene.renders == 2
    first = time.perf_counter() - started
    buildings = sum(x.count for x in project.city.layers.values() if x.kind == "buildings")
    project.close()
    return {"first_s": first, "buildings": buildings}


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    works = {
        "laspy": lambda: _laspy(rest),
        "points": lambda: _points(rest[0]),
        "project": lambda: _project(rest[0]),
        "extrude": lambda: _extrude(int(rest[0])),
    }
    print(json.dumps(works[what]()))

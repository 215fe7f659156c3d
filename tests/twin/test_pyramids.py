"""Tiles of a project are made ahead once, in its cache, and follow what is edited."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import rasterio
from cities import CRS, make_buildings, make_city, make_ground
from rasterio.transform import from_origin

from layers.errors import Cancelled
from layers.progress import Progress
from layers.readers import registry
from layers.readers.registry import ReadOptions
from layers.tiles.heights import LayerHeights
from layers.tiles.terrain import TerrainPyramid
from twin import pyramids
from twin.edits.buildings import SetBuildingHeight
from twin.project.store import Project
from twin.pyramids import build_pyramids, unprepared


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(pyramids, "LEAST", 1000)
    made = tmp_path / "a.gpkg"
    Project.create(made, make_city(make_buildings(6000))).close()
    return made


def test_tiles_are_made_once_and_again_where_the_plan_changed(path):
    with Project.open(path) as project:
        assert unprepared(project)
        made = build_pyramids(project)
        assert made > 8 and not unprepared(project)
        assert build_pyramids(project) == 0
        project.document.do(SetBuildingHeight(layer="buildings", building="nhà-7", height=50.0))
        assert 1 < build_pyramids(project) < made
    tiles = list((path.parent / "a.cache" / "tiles").glob("*/*.tile"))
    assert len(tiles) == made + 1  # and the plan


def test_a_stopped_making_goes_on(path):
    with Project.open(path) as project:
        stop = Progress(lambda fraction, _: stop.cancel() if fraction > 0.5 else None)
        with pytest.raises(Cancelled):
            build_pyramids(project, progress=stop)
        assert unprepared(project)
        rest = build_pyramids(project)
        assert rest > 0 and not unprepared(project)


def test_tiles_of_a_layer_that_is_gone_are_swept(path):
    from twin.edits.layers import RemoveLayer

    with Project.open(path) as project:
        build_pyramids(project)
        project.document.do(RemoveLayer(layer="buildings"))
        project.save()
    assert not list((path.parent / "a.cache").glob("tiles/*/*.tile"))


@pytest.fixture
def hilly(tmp_path, monkeypatch):
    monkeypatch.setattr(pyramids, "AT_ONCE", 100_000)
    y, x = np.mgrid[:600, :500]
    heights = (20 + 4 * np.sin(x / 30) + 3 * np.cos(y / 17)).astype(np.float32)
    made = tmp_path / "b.gpkg"
    Project.create(made, make_city(replace(make_ground(), heights=heights, filled=None))).close()
    return made


def test_tiles_of_a_large_terrain_are_made_ahead_with_progress(hilly):
    with Project.open(hilly) as project:
        assert unprepared(project)
        told = []
        made = build_pyramids(project, progress=Progress(lambda at, what: told.append((at, what))))
        # 5 × 4 tiles of its own cells, then 3 × 2, 2 × 1 and the one above all.
        assert made == 20 + 6 + 2 + 1
        assert told[-1][0] > 0.8 and "Preparing the terrain" in {what for _, what in told}
        assert not unprepared(project) and build_pyramids(project) == 0


def test_who_stops_the_making_of_a_terrain_stops_it_for_the_picture_too(hilly):
    with Project.open(hilly) as project:
        (ground,) = pyramids._grounds(project)
        folder = project.tile_folder(ground)
        stop = Progress(lambda at, _: stop.cancel() if at > 0.5 else None)
        watching = TerrainPyramid(LayerHeights(ground), folder / pyramids.TERRAIN)
        with pytest.raises(Cancelled):
            build_pyramids(project, progress=stop)
        assert watching.build() is False and not watching.complete
        # It goes on the next time, and what the one made the other finds.
        assert 0 < build_pyramids(project) < 29
        assert watching.complete
        assert watching.build() is True and watching.rebuilt == 0


def test_copies_of_a_large_picture_are_made_ahead_in_the_cache(tmp_path):
    y, x = np.mgrid[:1000, :1000]
    pixels = np.stack([x % 256, y % 256, (x + y) % 256]).astype(np.uint8)
    with rasterio.open(
        tmp_path / "photo.tif", "w", driver="GTiff", width=1000, height=1000, count=3,
        dtype="uint8", crs=CRS, transform=from_origin(588_000, 2_326_000, 0.5, 0.5),
        photometric="RGB",
    ) as file:  # fmt: skip
        file.write(pixels)
    (photo,) = registry.read(tmp_path / "photo.tif", ReadOptions(max_pixels=10_000))
    Project.create(tmp_path / "c.gpkg", make_city(photo)).close()
    with Project.open(tmp_path / "c.gpkg") as project:
        (layer,) = project.city.layers.values()
        assert unprepared(project)
        assert build_pyramids(project) == 2  # of 2 and 4 m cells; the layer's own are 5 m
        assert not unprepared(project) and build_pyramids(project) == 0
        kept = sorted(p.name for p in (project.tile_folder(layer) / "picture").glob("*.tif"))
        assert [name.split("-")[1] for name in kept] == ["4", "8"]
    assert sorted(p.name for p in tmp_path.glob("photo*")) == ["photo.tif"]

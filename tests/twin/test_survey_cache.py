"""Many buildings open from the cache, and from their table once someone wrote it."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace

import numpy as np
import pytest
import shapely

from layers.frame import Frame
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.tiles.stored import StoredBuildings, Texts
from twin.city import City
from twin.edits.buildings import SetBuildingHeight, SetBuildingUse
from twin.project import survey_cache
from twin.project.store import Project

COUNT = 60


@pytest.fixture
def project_path(tmp_path, monkeypatch):
    monkeypatch.setattr(survey_cache, "LEAST", 10)
    x = np.arange(COUNT) * 20.0 + 580_000
    shapes = shapely.box(x, 2_320_000, x + 10, 2_320_012).astype(object)
    shapes[3] = shapely.MultiPolygon([shapes[3], shapely.box(0, 0, 1, 1)])
    layer = BuildingsLayer(
        id="nha",
        name="Nhà",
        crs="EPSG:5897",
        ids=np.array([f"nhà-{i}" for i in range(COUNT)], object),
        footprints=shapes,
        ground=np.linspace(5, 6, COUNT),
        height=np.linspace(3, 30, COUNT).astype(np.float32),
        method=np.full(COUNT, METHODS.index("attribute"), np.uint8),
        points=np.zeros(COUNT, np.int32),
        rmse=np.full(COUNT, np.nan, np.float32),
        floors=(np.arange(COUNT) % 7).astype(np.int16),
        use=np.array(["ở", "", "chợ"] * (COUNT // 3), object),
        lod=np.ones(COUNT, np.uint8),
        columns={
            "tên": np.array([None if i % 5 else f"Số {i}" for i in range(COUNT)], object),
            "năm": np.arange(COUNT),
            "tags": np.array([{"a": i} if i % 2 else None for i in range(COUNT)], object),
        },
    )
    path = tmp_path / "city.gpkg"
    frame = Frame.around(layer.crs, (580_000, 2_320_000, 581_000, 2_320_100))
    Project.create(path, City(name="C", frame=frame, layers={"nha": layer})).close()
    return path, layer


def opened(path):
    with Project.open(path) as project:
        return project.city.layers["nha"]


def same(a, b):
    assert a.ids.tolist() == b.ids.tolist() and a.use.tolist() == b.use.tolist()
    assert shapely.equals_exact(a.footprints, b.footprints).all()
    assert [g.geom_type for g in a.footprints] == [g.geom_type for g in b.footprints]
    for name in ("ground", "height", "method", "points", "rmse", "floors", "lod"):
        assert np.array_equal(getattr(a, name), getattr(b, name), equal_nan=name == "rmse"), name
    assert list(a.columns) == list(b.columns)
    for name, values in a.columns.items():
        assert values.tolist() == b.columns[name].tolist(), name
    assert a.bounds == b.bounds and a.count == b.count


def test_many_buildings_open_from_the_cache_and_are_the_same(project_path):
    path, layer = project_path
    stored = opened(path)
    assert isinstance(stored, StoredBuildings)
    assert stored.id_at(7) == "nhà-7" and stored.use_at(2) == "chợ"
    rows = [stored.row_of(name) for name in ("nhà-7", f"nhà-{COUNT - 1}", "nhà-", "", "nha-7")]
    assert rows == [7, COUNT - 1, None, None, None]
    same(stored, layer)
    # What replaces a field, lazily or not, leaves the others as they are.
    higher = np.full(COUNT, 9.0, np.float32)
    for other in (stored.with_fields(height=higher), replace(stored, height=higher)):
        assert (other.height == 9.0).all() and other.ids.tolist() == layer.ids.tolist()
        assert other.bounds == layer.bounds
    assert stored.with_fields(name="N").same_outlines(stored)


def test_a_text_is_found_at_its_first_row_and_none_is_no_text():
    values = np.array(["b", None, "ab", "", "đô", "ab", "ba"], object)
    texts = Texts(Texts.arrays(values))
    found = [texts.find(text) for text in ("ab", "b", "", "đô", "đ", "aba", "bb")]
    assert found == [2, 0, 3, 4, None, None, None]


def test_without_its_cache_the_table_is_read_and_cached_again(project_path):
    path, layer = project_path
    shutil.rmtree(path.with_name("city.cache"))
    first = opened(path)
    assert not isinstance(first, StoredBuildings)
    same(first, layer)
    assert isinstance(opened(path), StoredBuildings)


def test_a_row_that_another_program_wrote_is_seen(project_path):
    path, _ = project_path
    database = sqlite3.connect(path)
    database.execute("UPDATE nha SET surveyed_height = 77, height = 77 WHERE id = 'nhà-4'")
    database.execute("DELETE FROM nha WHERE id = 'nhà-5'")
    database.commit()
    database.close()
    after = opened(path)
    assert not isinstance(after, StoredBuildings)
    assert after.count == COUNT - 1 and after.height[4] == 77


def test_our_own_edits_do_not_make_the_cache_stale(project_path):
    path, _ = project_path
    with Project.open(path) as project:
        project.document.do(SetBuildingHeight(layer="nha", building="nhà-2", height=44.0))
        project.save()
    with Project.open(path) as project:
        assert isinstance(project.city.layers["nha"], StoredBuildings)
        assert project.city.building("nha", "nhà-2").height == 44.0
        assert project.city.standing("nha").height[2] == 44.0
        project.document.do(SetBuildingUse(layer="nha", building="nhà-2", use="trường"))
        assert project.city.standing("nha").use[2] == "trường"


def test_a_cut_column_is_not_believed(project_path):
    path, layer = project_path
    (entry,) = path.with_name("city.cache").glob("*-columns")
    file = entry / "height.npy"
    file.write_bytes(file.read_bytes()[:-8])
    same(opened(path), layer)

"""A project file: what goes in comes out, for us, for ogrinfo and for QGIS."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from cities import (
    SOUTH,
    WEST,
    differences,
    make_buildings,
    make_city,
    make_ground,
    make_mesh,
    make_picture,
    make_points,
    make_roads,
)
from rasterio.transform import from_origin

from layers.builders.reproject import to_crs
from layers.errors import CityError, ReadError
from layers.frame import Frame
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.imagery import ImageryLayer
from layers.kinds.pointcloud import PointCloudLayer
from layers.readers.registry import ReadOptions, read
from twin.city import City
from twin.edits.registry import (
    AddLayer,
    MoveLayer,
    RemoveLayer,
    RenameLayer,
    SetBuildingFloors,
    SetBuildingHeight,
    SetBuildingUse,
    SetStyle,
    Several,
)
from twin.project import fingerprint
from twin.project.store import Project
from twin.style import Style

RAISE = SetBuildingHeight(layer="buildings", building="nhà-1", height=30.3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hoàn kiếm.gpkg"


def reopened(project: Project) -> Project:
    project.close()
    return Project.open(project.path)


def left_over(folder: Path) -> set[str]:
    return {found.name for found in folder.iterdir()}


@pytest.mark.parametrize(
    "layer",
    [
        make_ground(),
        replace(make_ground(), filled=None, surface="canopy-above-ground"),
        make_picture(),
        make_points(),
        replace(make_points(), classification=None, intensity=None, rgb=None),
        make_mesh(),
        make_roads(),
        make_buildings(),
        make_buildings(model=True),
    ],
    ids=lambda layer: layer.kind,
)
def test_a_layer_of_each_kind_comes_back_as_it_was(path: Path, layer) -> None:
    Project.create(path, make_city(layer)).close()
    with Project.open(path) as project:
        assert project.notices == []
        assert differences(layer, project.city.layers[layer.id]) == []


def test_a_layer_of_each_kind_comes_back_from_an_edit(path: Path) -> None:
    layers = [make_ground(), make_picture(), make_points(), make_mesh(), make_roads()]
    layers.append(make_buildings(model=True))
    project = Project.create(path, make_city())
    project.document.do(
        Several(what="import", edits=tuple(AddLayer(layer=layer) for layer in layers))
    )
    with reopened(project) as again:
        assert again.notices == []
        assert list(again.city.layers) == [layer.id for layer in layers]
        for layer in layers:
            assert differences(layer, again.city.layers[layer.id]) == []
        assert again.document.undo_label == "import"
        again.document.undo()
        assert list(again.city.layers) == []


def test_name_frame_order_and_styles_come_back(path: Path, city: City) -> None:
    city = city.with_style("roads", Style(color="#336699", size=2.5, low=1.5))
    city = city.with_order(("roads", "ground", "buildings"))
    Project.create(path, city).close()
    with Project.open(path) as project:
        assert (project.city.name, project.city.frame) == (city.name, city.frame)
        assert list(project.city.layers) == ["roads", "ground", "buildings"]
        assert dict(project.city.styles) == dict(city.styles)


def test_creating_keeps_the_very_same_city_in_hand(path: Path, city: City) -> None:
    with Project.create(path, city) as project:
        assert project.city is city


@pytest.mark.parametrize("saved", [False, True])
def test_every_edit_is_there_after_reopening(path: Path, city: City, saved: bool) -> None:
    project = Project.create(path, city)
    for edit in (
        RAISE,
        SetBuildingUse(layer="buildings", building="nhà-1", use="trường học"),
        SetBuildingFloors(layer="buildings", building="nhà-0", floors=7),
        RenameLayer(layer="buildings", name="Nhà"),
        MoveLayer(layer="roads", index=0),
        SetStyle(layer="ground", style=Style(ramp="terrain", opacity=0.25)),
        AddLayer(layer=make_points(), style=Style(color_by="class")),
        RemoveLayer(layer="ground"),
    ):
        project.document.do(edit)
    if saved:
        project.save()
    before = project.city
    with reopened(project) as again:
        assert again.notices == []
        assert list(again.city.layers) == ["roads", "buildings", "points"]
        assert again.city.changes == before.changes
        assert again.city.styles == before.styles
        assert again.city.layer("buildings").name == "Nhà"
        building = again.city.building("buildings", "nhà-1")
        assert (building.height, building.use, building.floors) == (30.3, "trường học", 1)
        assert building.changed == ("height", "use")
        for name in before.layers:
            assert differences(before.layers[name], again.city.layers[name]) == []


def test_undo_and_redo_go_on_after_reopening(path: Path, city: City) -> None:
    project = Project.create(path, city)
    project.document.do(RAISE)
    project.document.do(RemoveLayer(layer="roads"))
    project.document.do(RenameLayer(layer="ground", name="G"))
    project.document.undo()
    with reopened(project) as again:
        assert again.document.redo_label == "rename layer ground to G"
        again.document.redo()
        assert again.city.layer("ground").name == "G"
        for _ in range(3):
            again.document.undo()
        assert again.document.undo_label is None
        assert differences(city.layers["roads"], again.city.layers["roads"]) == []
        assert again.city.building("buildings", "nhà-1").height == pytest.approx(10.3)
        again.document.redo()
        assert again.city.building("buildings", "nhà-1").height == 30.3


def test_undo_beyond_the_last_save_is_safe_too(path: Path, city: City) -> None:
    project = Project.create(path, city)
    project.document.do(RAISE)
    project.document.do(RemoveLayer(layer="roads"))
    project.save()
    project.document.undo()  # the roads' table went with the save; it must be there again
    project.document.undo()
    assert project.city is city
    with reopened(project) as again:
        assert again.city.building("buildings", "nhà-1").changed == ()
        assert differences(city.layers["roads"], again.city.layers["roads"]) == []
        assert again.journal_intact()


def test_redo_after_undo_beyond_the_last_save_is_safe_too(path: Path, city: City) -> None:
    project = Project.create(path, city)
    project.document.do(RAISE)
    project.save()
    project.document.undo()
    project.document.redo()
    project.document.do(RemoveLayer(layer="roads"))
    with reopened(project) as again:
        assert again.city.building("buildings", "nhà-1").height == 30.3
        assert "roads" not in again.city.layers
        again.document.undo()
        assert "roads" in again.city.layers


def test_saving_writes_changes_beside_the_survey(path: Path, city: City) -> None:
    project = Project.create(path, city)
    project.document.do(RAISE)
    project.document.do(SetBuildingFloors(layer="buildings", building="nhà-2", floors=9))
    project.save()
    project.close()
    frame = pyogrio.read_dataframe(path, layer="buildings").set_index("id")
    raised, floored = frame.loc["nhà-1"], frame.loc["nhà-2"]
    assert (raised["height"], raised["method"], raised["changed"]) == (30.3, "edited", "height")
    assert (raised["surveyed_height"], raised["surveyed_method"]) == (10.3, "dsm")
    assert (floored["floors"], floored["surveyed_floors"], floored["height"]) == (9, 2, 11.3)
    assert frame.loc["nhà-0", "method"] == "lidar"
    assert frame.loc["nhà-0", "rmse"] == 0.12
    assert frame.loc["nhà-3", "source_height"] == 2.5  # the source's own, no metres


def test_saving_after_taking_a_change_back_writes_the_survey(path: Path, city: City) -> None:
    project = Project.create(path, city)
    project.document.do(RAISE)
    project.save()
    project.document.undo()
    project.save()
    project.close()
    frame = pyogrio.read_dataframe(path, layer="buildings").set_index("id")
    assert (frame.loc["nhà-1", "height"], frame.loc["nhà-1", "method"]) == (10.3, "dsm")
    assert frame["changed"].isna().all()


def test_a_height_set_in_qgis_counts_as_a_change(path: Path, city: City) -> None:
    Project.create(path, city).close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE buildings SET height = 44.5 WHERE id = 'nhà-3'")
        database.execute("UPDATE buildings SET height = -3 WHERE id = 'nhà-2'")
    with Project.open(path) as project:
        assert project.city.building("buildings", "nhà-3").height == 44.5
        assert project.city.building("buildings", "nhà-3").changed == ("height",)
        assert project.city.building("buildings", "nhà-2").height == pytest.approx(11.3)


def test_a_row_without_outline_is_left_out_and_told(path: Path, city: City) -> None:
    Project.create(path, city).close()
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO buildings (id, height, ground) VALUES ('new', 5, 5)")
        database.execute("UPDATE roads SET geom = x'00' WHERE fid = 1")
    with Project.open(path) as project:
        assert project.city.layer("buildings").count == 4
        assert project.city.layer("roads").count == 2
        assert [(one.code, one.count) for one in project.notices] == [("rows-left-out", 1)] * 2


def test_a_dropped_table_is_told_and_the_rest_opens(path: Path, city: City) -> None:
    Project.create(path, city).close()
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE roads")
    with Project.open(path) as project:
        assert list(project.city.layers) == ["ground", "buildings"]
        assert [one.id for one in project.absent] == ["roads"]
        assert any("Đường is absent" in one.what for one in project.notices)
        project.document.do(RAISE)
        project.save()
    with Project.open(path) as project:
        assert [one.id for one in project.absent] == ["roads"]
        assert project.city.building("buildings", "nhà-1").height == 30.3


# -- other programs -------------------------------------------------------------------------


def test_gdal_lists_our_layers_and_the_journal_only(path: Path, city: City) -> None:
    Project.create(path, city).close()
    listed = {str(name): kind for name, kind in pyogrio.list_layers(path)}
    assert set(listed) == {"buildings", "roads", "dothi_journal"}
    assert listed["buildings"] == "Polygon"
    assert listed["dothi_journal"] is None


def test_gdal_reads_what_was_written(path: Path, city: City) -> None:
    Project.create(path, city).close()
    roads = city.layers["roads"]
    assert isinstance(roads, FeatureLayer)
    frame = pyogrio.read_dataframe(path, layer="roads")
    assert frame.crs.to_epsg() == 5897
    assert list(frame["osm_id"]) == [11, -4, 2**53 + 1]
    assert list(frame["name"].fillna("–")) == ["Phố Huế", "–", ""]
    assert list(frame["oneway"]) == [True, False, True]
    assert frame["width"].tolist()[::2] == [3.1, 7.25]
    assert str(frame["seen"].iloc[0]).startswith("2023-12-13 06:30:00.25")
    assert shapely.to_wkb(frame.geometry.array).tolist() == shapely.to_wkb(roads.geometry).tolist()


def test_ogrinfo_opens_it_without_a_word_of_warning(path: Path, city: City) -> None:
    ogrinfo = shutil.which("ogrinfo")
    if ogrinfo is None:
        pytest.skip("ogrinfo (gdal-bin) is not installed")
    project = Project.create(path, city)
    project.document.do(RAISE)
    project.document.do(AddLayer(layer=make_roads("paths", "Lối đi")))
    project.save()
    project.close()
    said = subprocess.run(
        [ogrinfo, "-so", "-al", str(path)], capture_output=True, text=True, encoding="utf-8"
    )
    assert said.returncode == 0
    assert said.stderr == ""
    for expected in ("Layer name: buildings", "Feature Count: 4", "Layer name: paths", "Lối đi"):
        assert expected in said.stdout
    assert "surveyed_height: Real" in said.stdout


def test_the_file_says_it_is_a_geopackage(path: Path, city: City) -> None:
    Project.create(path, city).close()
    head = path.read_bytes()[:100]
    assert head[68:72] == b"GPKG"  # OGC 12-128r17, requirement 2
    assert int.from_bytes(head[60:64], "big") == 10300
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_crs_without_a_number_is_kept(path: Path) -> None:
    wkt = (
        'PROJCRS["Own grid",BASEGEOGCRS["WGS 84",DATUM["World Geodetic System 1984",'
        'ELLIPSOID["WGS 84",6378137,298.257223563]]],CONVERSION["c",METHOD["Transverse Mercator"],'
        'PARAMETER["Longitude of natural origin",105.5],PARAMETER["Scale factor at natural origin",1]],'
        'CS[Cartesian,2],AXIS["(E)",east],AXIS["(N)",north],LENGTHUNIT["metre",1]]'
    )
    roads = replace(make_roads(), crs=wkt)
    city = replace(make_city(roads), frame=replace(make_city().frame, crs=wkt))
    Project.create(path, city).close()
    with Project.open(path) as project:
        assert project.city.frame.crs == wkt
        assert differences(roads, project.city.layers["roads"]) == []
    assert "Own grid" in pyogrio.read_info(path, layer="roads")["crs"]


def test_awkward_names_of_layers_and_columns_come_back(path: Path) -> None:
    awkward = ["fid", "geom", "Name", "name", "NAME", 'a"b', "x;--", "ờ", "", "select"]
    layer = replace(
        make_roads('gpkg_"x'),
        columns={name: np.arange(3) + n for n, name in enumerate(awkward)},
    )
    other = make_roads("roads 2", layer.name)
    Project.create(path, make_city(layer, other, make_roads("dothi_journal", layer.name))).close()
    with Project.open(path) as project:
        assert differences(layer, project.city.layers[layer.id]) == []
        assert project.journal_intact()
    assert len(pyogrio.list_layers(path)) == 4


# -- view, files ------------------------------------------------------------------------------


def test_a_view_is_kept_without_a_step_of_undo(path: Path, city: City) -> None:
    view = {"hidden": ["roads"], "bookmarks": [{"name": "Hồ", "eye": [1.5, 2.0, 3.0]}]}
    project = Project.create(path, city)
    assert project.view == {}
    project.save_view(view)
    assert project.journal_rows() == []
    assert project.document.undo_label is None
    with reopened(project) as again:
        assert again.view == view


def test_nothing_but_the_project_is_left_beside_it(path: Path, city: City) -> None:
    project = Project.create(path, city)
    assert left_over(path.parent) == {path.name, f"{path.name}-lock"}
    project.document.do(RAISE)
    project.save()
    project.close()
    project.close()
    assert left_over(path.parent) == {path.name}


def test_creating_over_a_project_replaces_it(path: Path, city: City) -> None:
    Project.create(path, city).close()
    Project.create(path, make_city(make_mesh())).close()
    with Project.open(path) as project:
        assert list(project.city.layers) == ["relief"]
        assert project.journal_rows() == []


def test_save_as_goes_on_in_the_new_file(path: Path, city: City) -> None:
    project = Project.create(path, city)
    project.document.do(RAISE)
    other = path.with_name("b.gpkg")
    project.save_as(other)
    assert project.path == other
    project.document.do(RemoveLayer(layer="roads"))
    project.document.undo()
    project.document.undo()
    assert project.city is city
    project.close()
    with Project.open(path) as old:
        assert old.city.building("buildings", "nhà-1").height == 30.3
        assert len(old.journal_rows()) == 1
    with Project.open(other) as new:
        assert new.city.building("buildings", "nhà-1").changed == ()
        assert [row.action for row in new.journal_rows()] == ["do", "do", "undo", "undo"]
        assert new.journal_intact()
    assert left_over(path.parent) == {path.name, "b.gpkg"}


# -- sources outside --------------------------------------------------------------------------


def write_photo(file: Path, rows: int = 64) -> np.ndarray:
    pixels = (np.arange(3 * rows * 48) % 256).astype(np.uint8).reshape(3, rows, 48)
    with rasterio.open(
        file,
        "w",
        driver="GTiff",
        width=48,
        height=rows,
        count=3,
        dtype="uint8",
        crs="EPSG:5897",
        transform=from_origin(WEST, SOUTH + rows, 1.0, 1.0),
        photometric="RGB",
    ) as raster:
        raster.write(pixels)
    return pixels


@pytest.fixture
def photo(tmp_path: Path) -> ImageryLayer:
    """An orthophoto that was read from a GeoTIFF."""
    file = tmp_path / "photos" / "ortho.tif"
    file.parent.mkdir()
    pixels = write_photo(file)
    (layer,) = read(file)
    assert isinstance(layer, ImageryLayer)
    assert layer.pixels[0, 1].tolist() == pixels[:, 0, 1].tolist()
    return replace(layer, id="photo", name="Ảnh")


def test_a_picture_stays_outside_and_is_mapped_from_the_cache(
    path: Path, photo: ImageryLayer
) -> None:
    Project.create(path, make_city(photo)).close()
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM dothi_blobs").fetchone() == (0,)
        (source,) = database.execute("SELECT source FROM dothi_layers").fetchone()
    assert '"path":"photos/ortho.tif"' in source
    with Project.open(path) as project:
        assert differences(photo, project.city.layers["photo"]) == []
        again = project.city.layers["photo"]
        assert isinstance(again, ImageryLayer) and isinstance(again.pixels.base, np.memmap)


def test_without_the_cache_a_picture_is_read_from_its_file(path: Path, photo: ImageryLayer) -> None:
    Project.create(path, make_city(photo)).close()
    shutil.rmtree(path.with_suffix(".cache"))
    with Project.open(path) as project:
        assert project.notices == []
        assert differences(photo, project.city.layers["photo"]) == []
    assert path.with_suffix(".cache").is_dir()


def test_a_damaged_cache_is_made_again(path: Path, photo: ImageryLayer) -> None:
    Project.create(path, make_city(photo)).close()
    (file,) = path.with_suffix(".cache").glob("*/pixels.npy")
    file.write_bytes(file.read_bytes()[:500])
    with Project.open(path) as project:
        assert differences(photo, project.city.layers["photo"]) == []


def test_a_project_may_move_together_with_its_sources(path: Path, photo: ImageryLayer) -> None:
    Project.create(path, make_city(photo)).close()
    home = path.parent / "elsewhere"
    home.mkdir()
    shutil.move(path.parent / "photos", home / "photos")
    path.rename(home / path.name)
    with Project.open(home / path.name) as project:
        assert project.notices == []
        source = project.city.layers["photo"].source
        assert source is not None and Path(source.path) == home / "photos" / "ortho.tif"
        assert differences(replace(photo, source=source), project.city.layers["photo"]) == []


def test_a_moved_source_is_told_asked_for_and_found(
    path: Path, photo: ImageryLayer, city: City
) -> None:
    project = Project.create(path, city.with_layer(photo))
    project.document.do(SetStyle(layer="photo", style=Style(opacity=0.5)))
    project.document.do(RAISE)
    project.close()
    shutil.rmtree(path.with_suffix(".cache"))
    shutil.move(path.parent / "photos" / "ortho.tif", path.parent / "moved.tif")

    with Project.open(path) as project:
        assert {one.code for one in project.notices} == {"source-moved", "edits-waiting"}
        assert all(one.hint for one in project.notices)
        assert "photo" not in project.city.layers
        assert project.city.building("buildings", "nhà-1").height == 30.3
        with pytest.raises(CityError, match="stays in the journal"):
            project.save()
        told = []
        project.document.changed.connect(lambda change: told.append(change.action))
        project.relocate("photo", path.parent / "moved.tif")
        assert told == ["load"]
        assert project.notices == [] and project.absent == ()
        assert project.city.style("photo").opacity == 0.5
        assert list(project.city.layers) == ["ground", "buildings", "roads", "photo"]
        project.document.undo()
        project.document.undo()
        assert project.city.style("photo").opacity == 1.0
        project.save()
    with Project.open(path) as project:
        assert project.notices == []
        source = project.city.layers["photo"].source
        assert source is not None and Path(source.path).name == "moved.tif"


def test_an_absent_layer_can_be_given_up(path: Path, photo: ImageryLayer, city: City) -> None:
    project = Project.create(path, city.with_layer(photo))
    project.document.do(SetStyle(layer="photo", style=Style(opacity=0.5)))
    project.document.do(RAISE)
    project.close()
    shutil.rmtree(path.with_suffix(".cache"))
    shutil.rmtree(path.parent / "photos")
    with Project.open(path) as project:
        with pytest.raises(CityError):
            project.give_up("ground")
        project.give_up("photo")
        assert project.absent == () and project.notices == []
        project.save()
    with Project.open(path) as project:
        assert project.notices == []
        assert list(project.city.layers) == ["ground", "buildings", "roads"]
        assert project.city.building("buildings", "nhà-1").height == 30.3


def test_a_cache_keeps_a_picture_whose_file_is_gone(path: Path, photo: ImageryLayer) -> None:
    Project.create(path, make_city(photo)).close()
    shutil.rmtree(path.parent / "photos")
    with Project.open(path) as project:
        assert [one.code for one in project.notices] == ["source-moved"]
        assert project.absent == ()
        assert differences(photo, project.city.layers["photo"]) == []


def test_another_file_does_not_pass_for_the_source(path: Path, photo: ImageryLayer) -> None:
    Project.create(path, make_city(photo)).close()
    original = path.parent / "photos" / "ortho.tif"
    other = path.parent / "other.tif"
    data = bytearray(original.read_bytes())
    data[-1] ^= 1
    other.write_bytes(data)
    with Project.open(path) as project:
        with pytest.raises(ReadError) as refused:
            project.relocate("photo", other)
        assert refused.value.code == "source-differs"
        project.relocate("photo", other, accept_changed=True)
        again = project.city.layers["photo"]
        assert isinstance(again, ImageryLayer)
        assert not np.array_equal(again.pixels, photo.pixels)
        project.document.do(SetStyle(layer="photo", style=Style(opacity=0.5)))
    with Project.open(path) as project:
        assert project.notices == []
        assert differences(again, project.city.layers["photo"]) == []


def test_a_file_that_cannot_be_read_does_not_take_the_place_of_the_source(
    path: Path, photo: ImageryLayer
) -> None:
    project = Project.create(path, make_city(photo))
    broken = path.parent / "broken.tif"
    broken.write_bytes((path.parent / "photos" / "ortho.tif").read_bytes()[:200])
    for wrong in (broken, path.parent / "gone.tif"):
        with pytest.raises(ReadError):
            project.relocate("photo", wrong, accept_changed=True)
    assert project.city.layers["photo"] is photo
    with reopened(project) as again:
        assert again.notices == []
        assert differences(photo, again.city.layers["photo"]) == []


def test_a_larger_file_may_take_the_place_of_the_source(path: Path, photo: ImageryLayer) -> None:
    project = Project.create(path, make_city(photo))
    larger = path.parent / "larger.tif"
    write_photo(larger, rows=80)
    project.relocate("photo", larger, accept_changed=True)
    with reopened(project) as again:
        assert again.notices == []
        now = again.city.layers["photo"]
        assert isinstance(now, ImageryLayer) and now.pixels.shape == (80, 48, 3)


def test_without_the_cache_a_changed_source_is_read_and_told(
    path: Path, photo: ImageryLayer
) -> None:
    Project.create(path, make_city(photo)).close()
    shutil.rmtree(path.with_suffix(".cache"))
    write_photo(path.parent / "photos" / "ortho.tif", rows=70)
    with Project.open(path) as project:
        assert {one.code for one in project.notices} == {"source-changed"}
        now = project.city.layers["photo"]
        assert isinstance(now, ImageryLayer) and now.pixels.shape == (70, 48, 3)


def test_a_source_read_again_as_something_else_is_refused(path: Path, photo: ImageryLayer) -> None:
    """As when its options were not stated, and the file alone gives other numbers."""
    Project.create(path, make_city(replace(photo, pixels=255 - photo.pixels))).close()
    shutil.rmtree(path.with_suffix(".cache"))
    with Project.open(path) as project:
        assert [one.code for one in project.notices] == ["source-read-otherwise"]
        assert [one.id for one in project.absent] == ["photo"]


def test_a_changed_source_is_told_and_the_plan_stands_on_the_old_one(
    path: Path, photo: ImageryLayer
) -> None:
    Project.create(path, make_city(photo)).close()
    file = path.parent / "photos" / "ortho.tif"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with Project.open(path) as project:
        assert [one.code for one in project.notices] == ["source-changed"]
        assert differences(photo, project.city.layers["photo"]) == []


def test_a_source_that_was_only_touched_is_no_news(path: Path, photo: ImageryLayer) -> None:
    Project.create(path, make_city(photo)).close()
    file = path.parent / "photos" / "ortho.tif"
    file.touch()
    with Project.open(path) as project:
        assert project.notices == []


def test_large_sources_are_hashed_in_the_background(path: Path, photo: ImageryLayer) -> None:
    file = path.parent / "photos" / "ortho.tif"
    marked = fingerprint.mark(file, path.parent, hash_up_to=10)
    assert marked.sha256 == ""
    assert fingerprint.state(marked, path.parent) == "same"
    ((state, known),) = fingerprint.check({"k": marked}, path.parent).values()
    assert (state, len(known.sha256)) == ("same", 64)
    file.touch()
    assert fingerprint.state(marked, path.parent) == "touched"
    assert fingerprint.state(known, path.parent) == "same"

    with Project.create(path, make_city(photo)) as project:
        found = fingerprint.check(project.source_files(), path.parent)
        assert project.note_sources(found) == []
        file.unlink()
        found = fingerprint.check(project.source_files(), path.parent)
        assert [one.code for one in project.note_sources(found)] == ["source-moved"]


def test_save_as_into_another_folder_keeps_the_way_to_sources(
    path: Path, photo: ImageryLayer
) -> None:
    project = Project.create(path, make_city(photo))
    folder = path.parent / "a" / "b"
    folder.mkdir(parents=True)
    project.save_as(folder / "copy.gpkg")
    project.close()
    shutil.rmtree(folder / "copy.cache")
    with Project.open(folder / "copy.gpkg") as again:
        assert again.notices == []
        assert differences(photo, again.city.layers["photo"]) == []


def test_a_grid_too_large_for_the_file_is_read_again_as_what_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.project.content.INSIDE", 1000)
    file = path.parent / "surface.tif"
    heights = np.linspace(3, 30, 50 * 40, dtype=np.float32).reshape(50, 40)
    place = from_origin(WEST, SOUTH + 50, 1.0, 1.0)
    shape = {"width": 40, "height": 50, "count": 1, "dtype": "float32"}
    with rasterio.open(file, "w", "GTiff", crs="EPSG:5897", transform=place, **shape) as raster:
        raster.write(heights, 1)
    (layer,) = read(file, ReadOptions(role="surface"))
    Project.create(path, make_city(layer)).close()
    shutil.rmtree(path.with_suffix(".cache"))
    with Project.open(path) as project:
        assert project.notices == []
        assert project.city.layers[layer.id].surface == "surface"
        assert differences(layer, project.city.layers[layer.id]) == []


def test_options_say_how_a_file_is_read_again(path: Path, photo: ImageryLayer) -> None:
    with Project.create(
        path, make_city(photo), options={"photo": ReadOptions(role="imagery", licence="CC0")}
    ):
        pass
    with sqlite3.connect(path) as database:
        (record,) = database.execute("SELECT record FROM dothi_contents").fetchone()
    assert '"role":"imagery"' in record and '"licence":"CC0"' in record


# -- speed and threads ------------------------------------------------------------------------


def test_opening_needs_none_of_the_slow_libraries(path: Path, city: City) -> None:
    Project.create(path, city).close()
    script = """
import sys
from pathlib import Path
from twin.edits.registry import RemoveLayer
from twin.project.store import Project
project = Project.open(Path(sys.argv[1]))
project.document.do(RemoveLayer(layer="roads"))
project.save()
project.close()
slow = ("pandas", "geopandas", "pyogrio", "rasterio", "pyproj", "scipy", "laspy", "pyarrow", "vtk")
print([name for name in slow if name in sys.modules])
"""
    said = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert said.stdout.strip() == "[]"


def test_a_project_opened_by_a_worker_is_used_by_the_window(path: Path, city: City) -> None:
    Project.create(path, city).close()
    with ThreadPoolExecutor(1) as worker:
        project = worker.submit(Project.open, path).result()
    project.document.do(RAISE)
    with reopened(project) as again:
        assert again.city.building("buildings", "nhà-1").height == 30.3


# -- real data --------------------------------------------------------------------------------


@pytest.mark.data
def test_real_points_stay_outside_and_come_back_without_the_cache(
    tmp_path: Path, data: Path
) -> None:
    options = ReadOptions(crs="EPSG:28992", max_points=20_000)
    (points,) = read(data / "delft" / "lidar" / "ahn3_cropped_2.laz", options)
    assert isinstance(points, PointCloudLayer)
    path = tmp_path / "delft.gpkg"
    city = City(name="Delft", frame=Frame.around("EPSG:28992", points.bounds))
    with Project.create(path, city) as project:
        project.document.do(AddLayer(layer=points, options=options))
    assert path.stat().st_size < 300_000
    shutil.rmtree(tmp_path / "delft.cache")
    with Project.open(path) as project:
        assert project.notices == []
        assert differences(points, project.city.layers[points.id]) == []


@pytest.mark.data
def test_a_real_picture_in_another_crs_comes_back_reprojected(tmp_path: Path, data: Path) -> None:
    file = data / "france_lidarhd" / "ortho" / "test_data_rgb.tif"
    options = ReadOptions(crs="EPSG:2154", force_crs=True)
    (picture,) = read(file, options)
    picture = to_crs(picture, "EPSG:32631")
    path = tmp_path / "montpellier.gpkg"
    city = City(name="M", frame=Frame.around("EPSG:32631", picture.bounds)).with_layer(picture)
    Project.create(path, city, options={picture.id: options}).close()
    shutil.rmtree(tmp_path / "montpellier.cache")
    with Project.open(path) as project:
        assert project.notices == []
        assert differences(picture, project.city.layers[picture.id]) == []


@pytest.mark.data
def test_a_real_city_model_comes_back_with_its_roofs(tmp_path: Path, data: Path) -> None:
    found = read(data / "cityjson" / "DenHaag_01.city.json.zip")
    city = City(name="Den Haag", frame=Frame.around(found[0].crs, found[0].bounds))
    for layer in found:
        city = city.with_layer(layer)
    path = tmp_path / "denhaag.gpkg"
    Project.create(path, city).close()
    with Project.open(path) as project:
        assert project.notices == []
        for layer in found:
            assert differences(layer, project.city.layers[layer.id]) == []
            if isinstance(layer, BuildingsLayer):
                assert layer.model is not None


@pytest.mark.data
def test_real_footprints_with_all_their_columns_come_back(tmp_path: Path, data: Path) -> None:
    for file, layer_name in (
        (data / "hanoi" / "hoan_kiem" / "buildings.shp", ""),
        (data / "delft" / "bgt_delft.gpkg", "pand"),
        (data / "hanoi" / "osm" / "centre_roads.gpkg", ""),
    ):
        layers = read(file, ReadOptions(layer=layer_name, role="features"))
        city = City(name="x", frame=Frame.around(layers[0].crs, layers[0].bounds))
        for layer in layers:
            city = city.with_layer(layer)
        path = tmp_path / f"{file.stem}.gpkg"
        Project.create(path, city).close()
        with Project.open(path) as project:
            assert project.notices == []
            for layer in layers:
                assert differences(layer, project.city.layers[layer.id]) == []

"""The octree beside a project: made from the source, found at the next opening, forgotten with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import laspy
import numpy as np
import pytest
from pyproj import CRS

from layers.errors import ReadError
from layers.frame import Frame
from layers.kinds.pointcloud import PointCloudLayer
from layers.readers.copc_tree import open_tree, read_node
from layers.readers.point_window import point_shown, points_inside
from layers.readers.registry import ReadOptions, read
from twin.city import City
from twin.project import point_tiles
from twin.project.point_tiles import make_tiles, tiles_in, tiles_of
from twin.project.sources import source_path
from twin.project.store import Project

CRS_OF = "EPSG:5897"


def write_las(path: Path, count: int = 60_000) -> laspy.LasData:
    rng = np.random.default_rng(4)
    header = laspy.LasHeader(point_format=7, version="1.4")
    header.scales, header.offsets = [0.01] * 3, [587_000.0, 2_325_000.0, 0.0]
    header.add_crs(CRS.from_user_input(CRS_OF))
    las = laspy.LasData(header)
    las.xyz = rng.random((count, 3)) * (200.0, 200.0, 30.0) + (587_000.0, 2_325_000.0, 5.0)
    las.classification = rng.choice([2, 6], count).astype(np.uint8)
    las.write(path)
    return las


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(point_tiles, "SAMPLE", 20_000)
    write_las(tmp_path / "scan.laz")
    (layer,) = read(tmp_path / "scan.laz", ReadOptions())
    city = City(name="town", frame=Frame.around(layer.crs, layer.bounds), layers={layer.id: layer})
    with Project.create(tmp_path / "town.gpkg", city) as made:
        yield made


def arrange(project: Project) -> Path:
    (layer,) = project.city.layers.values()
    source, folder = source_path(layer), project.tile_folder(layer)
    assert source is not None and folder is not None
    options = project.options_of(layer)
    assert options is not None
    make_tiles(source, options, project.city.frame.crs, folder)
    return folder


def test_a_reopened_project_holds_some_points_and_knows_where_all_are(project: Project) -> None:
    folder, path = arrange(project), project.path
    (before,) = project.city.layers.values()
    project.close()
    with Project.open(path) as again:
        (layer,) = again.city.layers.values()
        assert isinstance(layer, PointCloudLayer)
        assert layer.tiles == tiles_in(folder)
        assert layer.total == 60_000 and layer.count <= 20_000
        assert set(np.unique(layer.classification)) == {2, 6}
        np.testing.assert_allclose(layer.bounds, before.bounds, atol=2.0)
        assert again.city.frame == project.city.frame


def test_nothing_is_written_anew_when_a_thinned_layer_is_saved(project: Project) -> None:
    arrange(project)
    path = project.path
    project.close()
    with Project.open(path) as again:
        again.save()
        (layer,) = again.city.layers.values()
        assert layer.tiles is not None and layer.tiles.path.is_file()
    with Project.open(path) as once_more:
        (layer,) = once_more.city.layers.values()
        assert layer.total == 60_000 and layer.tiles is not None


def test_without_its_octree_the_source_is_read_again(project: Project) -> None:
    folder, path = arrange(project), project.path
    project.close()
    shutil.rmtree(folder)
    with Project.open(path) as again:
        (layer,) = again.city.layers.values()
        assert layer.count == 60_000 and layer.tiles is None


def test_another_file_in_its_place_has_no_octree_yet(project: Project, tmp_path: Path) -> None:
    folder = arrange(project)
    (layer,) = project.city.layers.values()
    write_las(tmp_path / "other.laz", count=50_000)
    project.relocate(layer.id, tmp_path / "other.laz", accept_changed=True)
    (layer,) = project.city.layers.values()
    assert layer.count == 50_000 and tiles_of(layer, folder) is None


def test_all_points_of_a_window_come_from_the_octree(project: Project) -> None:
    (full,) = project.city.layers.values()
    bounds = (587_050.0, 2_325_050.0, 587_080.0, 2_325_090.0)
    wanted = points_inside(full, bounds)
    arrange(project)
    path = project.path
    project.close()
    with Project.open(path) as again:
        (layer,) = again.city.layers.values()
        found = points_inside(layer, bounds)
        assert points_inside(layer, (0.0, 0.0, 1.0, 1.0)) is None
    assert wanted is not None and found is not None and found.count == wanted.count
    np.testing.assert_allclose(
        np.sort(found.world()[:, 2]), np.sort(wanted.world()[:, 2]), atol=1e-3
    )


def test_a_copc_source_in_the_citys_system_is_good_as_it_is(
    project: Project, tmp_path: Path
) -> None:
    folder = arrange(project)
    source = tmp_path / "given.copc.laz"
    shutil.copyfile(folder / point_tiles.FILE, source)
    there = tmp_path / "tiles"
    make_tiles(source, ReadOptions(), CRS_OF, there)
    assert not (there / point_tiles.FILE).exists()
    found = tiles_in(there)
    assert found is not None and found.path == source
    source.write_bytes(source.read_bytes() + b"x")  # changed: what was found in it may be gone
    assert tiles_in(there) is None


def test_a_point_shown_is_found_whichever_it_was_drawn_from(project: Project) -> None:
    (full,) = project.city.layers.values()
    folder, path = arrange(project), project.path
    tree = open_tree(folder / point_tiles.FILE)
    node = len(tree) - 1
    points = read_node(tree, node)
    where = tuple((points.xyz[7] + np.array(tree.offset)).tolist())
    row, code = int(tree.starts[node]) + 7, int(points.classification[7])
    project.close()
    with Project.open(path) as again:
        (light,) = again.city.layers.values()
        for layer in (full, light):
            found = point_shown(layer, row, where)
            assert found.count == 1 and int(found.classification[0]) == code
            np.testing.assert_allclose(found.world()[0], where, atol=0.01)
        own = tuple(light.world()[11].tolist())
        assert int(point_shown(light, 11, own).classification[0]) == light.classification[11]
    with pytest.raises(ReadError):
        point_shown(full, 3, (0.0, 0.0, 0.0))


def test_heights_are_in_the_unit_the_file_was_read_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_las(tmp_path / "feet.laz")
    told = ReadOptions(height_unit="ft")
    (layer,) = read(tmp_path / "feet.laz", told)
    city = City(name="feet", frame=Frame.around(layer.crs, layer.bounds), layers={layer.id: layer})
    path = tmp_path / "feet.gpkg"
    with Project.create(path, city, options={layer.id: told}) as project:
        arrange(project)
    with Project.open(path) as again:
        (light,) = again.city.layers.values()
        assert light.tiles is not None
        # 5 to 35 ft.
        assert light.world()[:, 2].min() >= 5 * 0.3048 - 0.01
        assert light.world()[:, 2].max() <= 35 * 0.3048 + 0.01

"""The pyramid of buildings: tiles on disk, a quadtree over them, rays without tiles."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.builders.solids import extrude, open_edges
from layers.errors import Cancelled
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.progress import Progress
from layers.tiles.blocks import SINK, plan_of, survey_of, tile
from layers.tiles.outlines import Outlines
from layers.tiles.pyramid import open_pyramid
from layers.tiles.quadtree import KEPT, LEAF
from layers.tiles.rays import first_building
from layers.tiles.store import read_tile, write_tile

ORIGIN = (0.0, 0.0, 0.0)


def town(count: int, *, seed: int = 1, step: float = 20.0) -> BuildingsLayer:
    """Boxes of 10 × 12 m in rows, `step` apart, with heights drawn by lot."""
    side = int(np.ceil(np.sqrt(count)))
    x, y = (np.arange(count) % side) * step, (np.arange(count) // side) * step
    rng = np.random.default_rng(seed)
    return BuildingsLayer(
        id="b",
        name="Town",
        crs="EPSG:32648",
        ids=np.array([f"b{i}" for i in range(count)], object),
        footprints=shapely.box(x, y, x + 10, y + 12),
        ground=np.zeros(count),
        height=rng.uniform(3, 40, count).astype(np.float32),
        method=np.full(count, METHODS.index("default"), np.uint8),
        points=np.zeros(count, np.int32),
        rmse=np.full(count, np.nan, np.float32),
        floors=np.zeros(count, np.int16),
        use=np.full(count, "", object),
        lod=np.ones(count, np.uint8),
    )


# -- a tile on disk --------------------------------------------------------------------------


def test_a_tile_is_read_as_it_was_written(tmp_path):
    arrays = {
        "a": np.arange(7, dtype=np.float32).reshape(7, 1),
        "none": np.empty((0, 3), np.int32),
        "b": np.array([1, 2], np.uint8),
    }
    write_tile(tmp_path / "one.tile", arrays, {"state": 5, "name": "hồ"})
    found = read_tile(tmp_path / "one.tile")
    assert found is not None
    assert found[1] == {"state": 5, "name": "hồ"}
    for name, array in arrays.items():
        assert found[0][name].dtype == array.dtype and np.array_equal(found[0][name], array)
        assert not len(array) or not found[0][name].flags.writeable


@pytest.mark.parametrize("harm", ["missing", "empty", "cut", "longer", "other", "lying"])
def test_a_damaged_tile_counts_as_none(tmp_path, harm):
    path = tmp_path / "one.tile"
    write_tile(path, {"a": np.arange(1000, dtype=np.float64)}, {})
    whole = path.read_bytes()
    texts = {
        "empty": b"",
        "cut": whole[:-1],
        "longer": whole + b"0",
        "other": b"PK" + whole[2:],
        "lying": whole.replace(b"[1000]", b"[9999]"),
    }
    path.unlink()
    if harm != "missing":
        path.write_bytes(texts[harm])
    assert read_tile(path) is None


def test_nothing_is_left_of_a_tile_that_could_not_be_written(tmp_path):
    with pytest.raises(Exception, match="could not be written"):
        write_tile(tmp_path / "nowhere" / "one.tile", {"a": np.zeros(3)}, {})
    assert list(tmp_path.iterdir()) == []


# -- outlines --------------------------------------------------------------------------------

WITH_HOLE = shapely.Polygon(
    [(0, 0), (10, 0), (10, 10), (0, 10)], [[(2, 2), (4, 2), (4, 4), (2, 4)]]
)
TWO = shapely.MultiPolygon([shapely.box(20, 0, 23, 4), shapely.box(30, 0, 31, 1)])


def test_outlines_keep_holes_parts_and_types():
    shapes = np.array([WITH_HOLE, TWO, shapely.box(50, 50, 60, 61)], object)
    outlines = Outlines.of(shapes)
    assert outlines.areas().tolist() == [96.0, 13.0, 110.0]
    assert outlines.corners().tolist() == [8, 8, 4]
    assert outlines.boxes().tolist() == [[0, 0, 10, 10], [20, 0, 31, 4], [50, 50, 60, 61]]
    back = Outlines.from_arrays(outlines.arrays()).take()
    assert shapely.equals_exact(back, shapes).all()
    assert [g.geom_type for g in back] == ["Polygon", "MultiPolygon", "Polygon"]
    some = outlines.take(np.array([2, 0]))
    assert shapely.equals_exact(some, shapes[[2, 0]]).all()
    assert [g.geom_type for g in some] == ["Polygon", "Polygon"]


# -- the quadtree ----------------------------------------------------------------------------


def test_every_building_lies_in_exactly_one_leaf_and_its_box():
    survey = survey_of(town(5000))
    tree = plan_of(survey)
    leaves = np.flatnonzero(tree.leaf)
    rows = np.concatenate([tree.rows(n) for n in leaves])
    assert sorted(rows.tolist()) == list(range(5000))
    boxes = survey.outlines.boxes()
    for node in range(len(tree)):
        part = tree.rows(node)
        assert (boxes[part, :2] >= tree.low[node, :2]).all()
        assert (boxes[part, 2:] <= tree.high[node, :2]).all()
        assert tree.high[node, 2] == pytest.approx(survey.height[part].max())
        assert not tree.leaf[node] or len(part) <= LEAF
    inner = np.flatnonzero(tree.parent >= 0)
    assert (tree.error[tree.parent[inner]] > tree.error[inner]).all()
    assert sum(len(c) for c in tree.children()) == len(tree) - 1


def test_many_buildings_on_one_spot_end_the_splitting():
    layer = town(3000, step=0.0)
    tree = plan_of(survey_of(layer))
    assert tree.leaf.sum() == 1 and len(tree) < 20


def test_a_far_tile_keeps_the_tallest_and_the_volume_of_the_others():
    layer = town(5000)
    survey = survey_of(layer)
    tree = plan_of(survey)
    chunk = tile(survey, tree, 0, origin=ORIGIN)
    assert chunk is not None
    tallest = set(np.argsort(-survey.size)[:KEPT].tolist())
    assert tallest <= set(chunk.rows.tolist())
    # Volume over the ground by the divergence theorem, walls reaching SINK below it.
    a, b, c = (chunk.vertices[chunk.triangles[:, k]].astype(float) for k in range(3))
    closed = float(
        np.einsum("ij,ij->i", a + np.array([0, 0, SINK]), np.cross(b - a, c - a)).sum() / 6
    )
    lot = survey.area.astype(float) * (survey.height + SINK)
    assert closed == pytest.approx(lot.sum(), rel=0.01)
    assert len(chunk.triangles) < 0.5 * 10 * 5000


def test_a_leaf_holds_closed_solids_without_their_floors():
    layer = town(300)
    survey = survey_of(layer)
    chunk = tile(survey, plan_of(survey), 0, origin=ORIGIN)
    assert chunk is not None and len(chunk.triangles) == 300 * 10
    batch = extrude(layer.footprints, layer.ground, layer.height, origin=ORIGIN, sink=SINK)
    assert (open_edges(batch) == 0).all()
    assert (np.diff(chunk.size) <= 0).all()


# -- the pyramid -----------------------------------------------------------------------------


def files(folder):
    return {p.name: p.stat().st_mtime_ns for p in folder.glob("*.tile")}


def test_tiles_are_made_once_and_again_only_where_the_plan_changed(tmp_path):
    layer = town(9000)
    pyramid = open_pyramid(layer, origin=ORIGIN, folder=tmp_path / "t")
    made = pyramid.build()
    assert made == len(pyramid.tree) > 5
    before = files(tmp_path / "t")
    again = open_pyramid(layer, origin=ORIGIN, folder=tmp_path / "t")
    assert again.build() == 0 and files(tmp_path / "t") == before
    height = np.array(layer.height)
    height[7] = 99.0
    other, nodes = again.changed(replace(layer, height=height))
    assert 1 < len(nodes) < len(again.tree) / 2
    assert other.build() == len(nodes)
    changed = {name for name, at in files(tmp_path / "t").items() if at != before[name]}
    assert changed == {f"{n}.tile" for n in nodes}
    leaf = next(int(n) for n in nodes if other.tree.leaf[n])
    assert other.tile(leaf).vertices[:, 2].max() == pytest.approx(99.0)


def test_building_goes_on_where_it_was_stopped(tmp_path):
    layer = town(4000)
    pyramid = open_pyramid(layer, origin=ORIGIN, folder=tmp_path / "t")
    progress = Progress(lambda fraction, message: progress.cancel() if fraction > 0.4 else None)
    with pytest.raises(Cancelled):
        pyramid.build(progress=progress)
    had = len(files(tmp_path / "t")) - 1
    assert 0 < had < len(pyramid.tree)
    assert open_pyramid(layer, origin=ORIGIN, folder=tmp_path / "t").build() == (
        len(pyramid.tree) - had
    )


def test_worker_processes_make_the_same_tiles(tmp_path):
    layer = town(30_000)
    alone = open_pyramid(layer, origin=ORIGIN, folder=tmp_path / "one")
    alone.build()
    shared = open_pyramid(layer, origin=ORIGIN, folder=tmp_path / "two")
    assert shared.build(workers=2) == len(shared.tree)
    for node in range(0, len(shared.tree), 5):
        a, b = (read_tile(tmp_path / f / f"{node}.tile") for f in ("one", "two"))
        assert a[1] == b[1] and all(np.array_equal(a[0][k], b[0][k]) for k in a[0])
    assert not (tmp_path / "two" / "shared.tile").exists()


def test_two_that_open_a_new_city_at_once_share_one_plan(tmp_path, monkeypatch):
    """The picture's worker and the task that makes all tiles: neither empties the folder of the other."""
    layer = town(2000)
    planned: list[int] = []
    both = threading.Barrier(2)

    def plan(survey):
        planned.append(1)
        time.sleep(0.2)  # as for a million: the other comes meanwhile
        return plan_of(survey)

    monkeypatch.setattr("layers.tiles.pyramid.plan_of", plan)

    def open_one() -> int:
        both.wait(10)
        pyramid = open_pyramid(layer, origin=ORIGIN, folder=tmp_path / "t")
        (tmp_path / "t" / f"{threading.get_ident()}.tile").touch()
        return len(pyramid.tree)

    with ThreadPoolExecutor(2) as pool:
        one, other = [job.result() for job in [pool.submit(open_one) for _ in range(2)]]
    assert one == other and planned == [1]
    assert len(list((tmp_path / "t").glob("*.tile"))) == 3  # the plan, and what each put beside it


def test_other_outlines_empty_the_folder(tmp_path):
    open_pyramid(town(2000), origin=ORIGIN, folder=tmp_path).build()
    before = len(files(tmp_path))
    open_pyramid(town(10), origin=ORIGIN, folder=tmp_path).build()
    assert len(files(tmp_path)) == 2 < before


# -- rays ------------------------------------------------------------------------------------


def test_a_ray_meets_the_nearer_of_two_buildings_at_its_wall_and_its_roof():
    layer = town(4)  # boxes at x 0–10, 20–30 and y 0–12, 20–32
    pyramid = open_pyramid(layer, origin=ORIGIN)
    level = first_building(pyramid, np.array([-50.0, 6.0, 1.0]), np.array([1.0, 0, 0]))
    assert level.row == 0 and level.distance == pytest.approx(50.0)
    assert level.normal.tolist() == pytest.approx([-1, 0, 0])
    down = first_building(pyramid, np.array([25.0, 6.0, 500.0]), np.array([0.0, 0, -1]))
    assert down.row == 1 and down.distance == pytest.approx(500 - layer.height[1], abs=1e-4)
    assert first_building(pyramid, np.array([15.0, 6.0, 500.0]), np.array([0.0, 0, -1])) is None
    hidden = np.zeros(4, bool)
    hidden[0] = True
    behind = first_building(
        pyramid, np.array([-50.0, 6.0, 1.0]), np.array([1.0, 0, 0]), hidden=hidden
    )
    assert behind.row == 1 and behind.distance == pytest.approx(70.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_rays_find_what_embree_finds(seed):
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    layer = town(1500, seed=3)
    pyramid = open_pyramid(layer, origin=ORIGIN)
    batch = extrude(layer.footprints, layer.ground, layer.height, origin=ORIGIN, sink=SINK)
    scene = EmbreeScene()
    TriangleMesh(scene, batch.vertices[batch.triangles])
    rng = np.random.default_rng(seed)
    start = rng.uniform((-100, -100, 30), (900, 900, 200))
    way = rng.uniform((0, 0, 0), (780, 780, 20)) - start
    way /= np.linalg.norm(way)
    found = scene.run(
        start.astype(np.float32)[None], way.astype(np.float32)[None], query="INTERSECT", output=True
    )
    met = first_building(pyramid, start, way)
    if int(found["primID"][0]) < 0:
        assert met is None or met.distance > 0
        return
    assert met is not None and met.distance == pytest.approx(float(found["tfar"][0]), abs=0.05)

"""Point clouds of any size to COPC: other readers find every point, and a kill costs little."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import laspy
import numpy as np
import pytest
from pyproj import CRS, Transformer
from scipy.spatial import cKDTree

from layers.errors import Cancelled, ReadError
from layers.progress import Progress
from layers.readers import laz_chunks
from layers.readers.copc_tree import open_tree, point_at, read_node
from layers.readers.pointcloud import read
from layers.readers.registry import ReadOptions
from layers.writers import copc_levels, copc_spill
from layers.writers.copc import to_copc

UTM48 = "EPSG:32648"


def write_las(
    path: Path, xyz: np.ndarray, *, coloured: bool = True, crs: str = UTM48, scale: float = 0.01
) -> laspy.LasData:
    header = laspy.LasHeader(point_format=7 if coloured else 6, version="1.4")
    header.scales, header.offsets = [scale] * 3, np.floor(xyz.min(axis=0))
    header.add_crs(CRS.from_user_input(crs))
    las = laspy.LasData(header)
    las.xyz = xyz
    rng = np.random.default_rng(3)
    las.classification = rng.choice([2, 5, 6], len(xyz)).astype(np.uint8)
    las.intensity = rng.integers(0, 60_000, len(xyz))
    if coloured:
        for name in ("red", "green", "blue"):
            las[name] = rng.integers(0, 65_536, len(xyz))
    las.write(path)
    return las


def town(count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.random((count, 3)) * (400.0, 300.0, 40.0) + (587_000.0, 2_325_000.0, 5.0)


def rows_of(las: laspy.LasData) -> np.ndarray:
    """X, Y, Z, class, intensity of all points, sorted."""
    columns = [las.X, las.Y, las.Z, np.asarray(las.classification), las.intensity]
    table = np.stack([np.asarray(column, dtype=np.int64) for column in columns], axis=1)
    return table[np.lexsort(table.T[::-1])]


def test_laspy_finds_every_point_as_it_was(tmp_path: Path) -> None:
    las = write_las(tmp_path / "a.laz", town(120_000))
    out = tmp_path / "a.copc.laz"
    assert to_copc([(tmp_path / "a.laz", ReadOptions())], out, crs=UTM48) == 120_000
    with laspy.CopcReader.open(out) as reader:
        found = reader.query()
        assert reader.header.parse_crs().to_epsg() == 32648
        assert reader.header.point_count == 120_000
        np.testing.assert_allclose(reader.header.maxs, las.xyz.max(axis=0), atol=1e-6)
        np.testing.assert_allclose(reader.header.mins, las.xyz.min(axis=0), atol=1e-6)
    # The same scale and offset, so the whole numbers are the same, bit by bit.
    with laspy.open(out) as file:
        again = file.read()
    np.testing.assert_array_equal(rows_of(again), rows_of(las))
    assert np.asarray(found.red, dtype=np.int64).sum() == np.asarray(las.red, dtype=np.int64).sum()
    assert not list(tmp_path.glob("*.work"))


def test_a_window_of_it_is_read_from_the_chunks_it_needs(tmp_path: Path) -> None:
    las = write_las(tmp_path / "a.laz", town(150_000))
    out = tmp_path / "a.copc.laz"
    to_copc([(tmp_path / "a.laz", ReadOptions())], out, crs=UTM48)
    bounds = (587_100.0, 2_325_050.0, 587_150.0, 2_325_120.0)
    (layer,) = read(out, ReadOptions(bounds=bounds))
    inside = (
        (las.x >= bounds[0]) & (las.x <= bounds[2]) & (las.y >= bounds[1]) & (las.y <= bounds[3])
    )
    assert layer.count == int(inside.sum())


def test_each_level_is_thinner_by_four_and_covers_the_place(tmp_path: Path) -> None:
    """One point a cell of 1/128 of a node: on a plane 128² = 16 384 at most in the root."""
    rng = np.random.default_rng(5)
    flat = rng.random((300_000, 3)) * (400.0, 400.0, 0.0) + (587_000.0, 2_325_000.0, 5.0)
    write_las(tmp_path / "flat.laz", flat, coloured=False)
    out = tmp_path / "flat.copc.laz"
    to_copc([(tmp_path / "flat.laz", ReadOptions())], out, crs=UTM48)
    tree = open_tree(out)
    assert tree.points.sum() == 300_000
    assert 15_500 <= tree.points[0] <= 128 * 128
    assert tree.spacing[0] == pytest.approx(400.0 / 128, rel=0.01)
    root = read_node(tree, 0).xyz
    cells = np.unique((root[:, :2] // 25.0).astype(int), axis=0)
    assert len(cells) >= 16 * 16  # everywhere
    assert set(tree.level) == {0, 1, 2} or set(tree.level) == {0, 1}
    inside = np.all(
        [
            (read_node(tree, n).xyz >= tree.low[n] - 0.02).all()
            and (read_node(tree, n).xyz <= tree.high[n] + 0.02).all()
            for n in range(len(tree))
        ]
    )
    assert inside, "points lie in the box of their node"


def test_a_first_part_of_a_node_is_a_thinner_cloud(tmp_path: Path) -> None:
    write_las(tmp_path / "a.laz", town(60_000))
    out = tmp_path / "a.copc.laz"
    to_copc([(tmp_path / "a.laz", ReadOptions())], out, crs=UTM48)
    tree = open_tree(out)
    xyz = read_node(tree, 0).xyz
    part = xyz[: len(xyz) // 8]
    whole, _, _ = np.histogram2d(xyz[:, 0], xyz[:, 1], bins=5)
    thin, _, _ = np.histogram2d(part[:, 0], part[:, 1], bins=5)
    np.testing.assert_allclose(thin / thin.sum(), whole / whole.sum(), atol=0.015)


def test_several_tiles_in_two_systems_become_one_cloud(tmp_path: Path) -> None:
    xyz = town(40_000)
    west, east = xyz[xyz[:, 0] < 587_200], xyz[xyz[:, 0] >= 587_200]
    there = Transformer.from_crs(UTM48, "EPSG:3405", always_xy=True)
    x, y = there.transform(east[:, 0], east[:, 1])
    write_las(tmp_path / "west.laz", west)
    write_las(tmp_path / "east.laz", np.column_stack([x, y, east[:, 2]]), crs="EPSG:3405")
    out = tmp_path / "both.copc.laz"
    sources = [(tmp_path / name, ReadOptions()) for name in ("west.laz", "east.laz")]
    assert to_copc(sources, out, crs=UTM48) == 40_000
    with laspy.CopcReader.open(out) as reader:
        found = reader.query()
        placed = np.column_stack([found.x, found.y, found.z])
    # 0.2 m apart on the average: the nearest of the points laid down is the point itself.
    away, _ = cKDTree(xyz).query(placed)
    assert away.max() < 0.02


def test_feet_of_height_become_metres(tmp_path: Path) -> None:
    xyz = town(3_000)
    write_las(tmp_path / "ft.laz", xyz)
    out = tmp_path / "m.copc.laz"
    to_copc([(tmp_path / "ft.laz", ReadOptions(height_unit="ft"))], out, crs=UTM48)
    with laspy.CopcReader.open(out) as reader:
        z = np.asarray(reader.query().z)
    np.testing.assert_allclose(np.sort(z), np.sort(xyz[:, 2]) * 0.3048, atol=0.004)


def test_a_head_that_lies_about_its_extent_is_found_out(tmp_path: Path) -> None:
    las = write_las(tmp_path / "liar.las", town(20_000))
    raw = bytearray((tmp_path / "liar.las").read_bytes())
    # LAS 1.4 R15, table 3: max x and min x stand at bytes 179 and 187.
    raw[179:195] = np.array([587_010.0, 587_000.0]).tobytes()
    (tmp_path / "liar.las").write_bytes(raw)
    out = tmp_path / "true.copc.laz"
    to_copc([(tmp_path / "liar.las", ReadOptions())], out, crs=UTM48)
    with laspy.CopcReader.open(out) as reader:
        assert len(reader.query()) == 20_000
        assert reader.header.maxs[0] == pytest.approx(las.x.max(), abs=0.01)


def test_points_deep_in_one_spot_get_nodes_of_their_own(tmp_path: Path) -> None:
    """One far outlier makes the root 60 km wide; the town then stands twelve levels below."""
    xyz = np.concatenate([town(90_000), [[647_000.0, 2_325_000.0, 5.0]]])
    write_las(tmp_path / "far.laz", xyz)
    out = tmp_path / "far.copc.laz"
    to_copc([(tmp_path / "far.laz", ReadOptions())], out, crs=UTM48)
    tree = open_tree(out)
    assert tree.points.sum() == 90_001
    keys = {(int(a), *np.round(b).tolist()) for a, b in zip(tree.level, tree.low, strict=True)}
    assert len(keys) == len(tree), "no node is there twice"


def test_codes_are_cut_only_where_they_may_be() -> None:
    """More points than bits: sorted anew where cells finer than the cut are needed."""
    rng = np.random.default_rng(2)
    code = rng.integers(0, 1 << 24, 70_000).astype(np.uint64)  # all in one cell of level 12
    found = copc_levels.levelled(code, top=0, rng=rng)
    assert sorted(found.order.tolist()) == list(range(70_000))
    nodes = list(zip(found.level.tolist(), found.code.tolist(), strict=True))
    assert len(set(nodes)) == len(nodes)
    for number, (level, node) in enumerate(nodes):
        rows = found.order[found.starts[number] : found.starts[number + 1]]
        assert (code[rows] >> np.uint64(3 * (copc_levels.DEPTH - level)) == node).all()


def test_the_levels_of_nodes_are_those_that_plain_counting_gives() -> None:
    """Level after level: a node with few points keeps all, else one a cell, the others go down."""
    rng = np.random.default_rng(8)
    depth, grid = copc_levels.DEPTH, copc_levels.GRID
    spots = rng.integers(0, 1 << 60, 400, dtype=np.uint64)
    code = spots[rng.integers(0, 400, 90_000)] ^ rng.integers(0, 1 << 44, 90_000, dtype=np.uint64)
    found = copc_levels.levelled(code, top=0, rng=rng)
    level = np.empty(90_000, dtype=int)
    level[found.order] = np.repeat(found.level, np.diff(found.starts))
    left = np.arange(90_000)
    for here in range(int(level.max()) + 1):
        node = code[left] >> np.uint64(3 * (depth - here))
        _, inverse, counts = np.unique(node, return_inverse=True, return_counts=True)
        small = (counts <= copc_levels.LEAF)[inverse]
        assert (level[left[small]] == here).all()
        left = left[~small]
        cells = np.unique(code[left] >> np.uint64(3 * (depth - here - grid)))
        kept = code[left[level[left] == here]] >> np.uint64(3 * (depth - here - grid))
        np.testing.assert_array_equal(np.sort(kept), cells)
        left = left[level[left] > here]
    assert not len(left)


def test_points_of_many_batches_and_groups_give_the_same_file_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copc_spill, "GROUP", 20_000)
    monkeypatch.setattr(laz_chunks, "BATCH", 50_000)
    las = write_las(tmp_path / "a.laz", town(200_000))
    made = []
    for name in ("one.copc.laz", "other.copc.laz"):
        to_copc([(tmp_path / "a.laz", ReadOptions())], tmp_path / name, crs=UTM48)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    with laspy.open(tmp_path / "one.copc.laz") as file:
        again = file.read()
    np.testing.assert_array_equal(rows_of(again), rows_of(las))
    for nothing in ("gps_time", "user_data", "scan_angle", "point_source_id"):
        assert not np.asarray(again[nothing]).any(), f"{nothing} is not kept"
    assert (np.asarray(again.return_number) == 1).all()


def test_a_cancelled_conversion_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copc_spill, "GROUP", 20_000)
    las = write_las(tmp_path / "a.laz", town(150_000))
    out = tmp_path / "a.copc.laz"
    placed: list[float] = []
    progress = Progress(lambda fraction, message: stop(fraction))

    def stop(fraction: float) -> None:
        if fraction > 0.75:
            progress.cancel()

    with pytest.raises(Cancelled):
        to_copc([(tmp_path / "a.laz", ReadOptions())], out, crs=UTM48, progress=progress)
    assert not out.exists()
    again = Progress(lambda fraction, message: placed.append(fraction))
    to_copc([(tmp_path / "a.laz", ReadOptions())], out, crs=UTM48, progress=again)
    assert placed and min(placed) > 0.4, "nothing was read a second time"
    with laspy.open(out) as file:
        np.testing.assert_array_equal(rows_of(file.read()), rows_of(las))


@pytest.mark.slow
def test_a_killed_conversion_goes_on_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copc_spill, "GROUP", 20_000)
    las = write_las(tmp_path / "a.laz", town(400_000))
    code = (
        "import sys, os, signal; from pathlib import Path\n"
        "from layers.progress import Progress\n"
        "from layers.readers.registry import ReadOptions\n"
        "from layers.writers import copc_spill; copc_spill.GROUP = 20_000\n"
        "from layers.writers.copc import to_copc\n"
        "def told(f, m):\n    if f > 0.7: os.kill(os.getpid(), signal.SIGTERM)\n"
        f"to_copc([(Path(sys.argv[1]), ReadOptions())], Path(sys.argv[2]), crs={UTM48!r},"
        " progress=Progress(told))\n"
    )
    out = tmp_path / "a.copc.laz"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.laz"), str(out)], env=environment
    )
    assert ended.returncode != 0 and not out.exists()
    work = tmp_path / "a.copc.laz.work"
    assert (work / "place.jsonl").stat().st_size > 0
    with (work / "place.jsonl").open("ab") as journal:
        journal.write(b'{"entries": [[')  # the row it was at
    to_copc([(tmp_path / "a.laz", ReadOptions())], out, crs=UTM48)
    with laspy.open(out) as file:
        np.testing.assert_array_equal(rows_of(file.read()), rows_of(las))
    assert not work.exists()


def test_a_source_that_changed_is_read_anew(tmp_path: Path) -> None:
    write_las(tmp_path / "a.laz", town(20_000))
    out = tmp_path / "a.copc.laz"
    progress = Progress(lambda fraction, message: progress.cancel() if fraction > 0.44 else None)
    with pytest.raises(Cancelled):
        to_copc([(tmp_path / "a.laz", ReadOptions())], out, crs=UTM48, progress=progress)
    las = write_las(tmp_path / "a.laz", town(21_000, seed=9))
    assert to_copc([(tmp_path / "a.laz", ReadOptions())], out, crs=UTM48) == 21_000
    with laspy.open(out) as file:
        np.testing.assert_array_equal(rows_of(file.read()), rows_of(las))


def test_a_damaged_source_leaves_no_file(tmp_path: Path) -> None:
    write_las(tmp_path / "a.laz", town(150_000))
    raw = (tmp_path / "a.laz").read_bytes()
    (tmp_path / "a.laz").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(ReadError):
        to_copc([(tmp_path / "a.laz", ReadOptions())], tmp_path / "b.copc.laz", crs=UTM48)
    assert not (tmp_path / "b.copc.laz").exists()


def test_one_point_is_found_by_its_row(tmp_path: Path) -> None:
    write_las(tmp_path / "a.laz", town(70_000))
    out = tmp_path / "a.copc.laz"
    to_copc([(tmp_path / "a.laz", ReadOptions())], out, crs=UTM48)
    tree = open_tree(out)
    node = len(tree) - 1
    points = read_node(tree, node)
    one = point_at(out, int(tree.starts[node]) + 5)
    np.testing.assert_allclose(one.xyz[0], points.xyz[5] + np.array(tree.offset), atol=1e-3)
    assert one.intensity[0] == points.intensity[5]
    with pytest.raises(ReadError):
        point_at(out, 70_000)

"""Blocks from footprints: closed, outward, of the right volume, whatever the rings are like."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box

from layers.builders.rings import clean_rings, ring_areas
from layers.builders.solids import extrude, open_edges, solids_of, volumes
from layers.builders.triangulate import triangulate
from layers.errors import CityError
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.mesh import FLOOR, ROOF, WALL, SolidBatch

ORIGIN = (0.0, 0.0, 0.0)
# An L of 10 × 10 m without its 5 × 5 m corner, with a 2 × 2 m court: 75 − 4 = 71 m²
L_SHAPE = Polygon(
    [(0, 0), (10, 0), (10, 5), (5, 5), (5, 10), (0, 10)],
    [[(1, 1), (3, 1), (3, 3), (1, 3)]],
)


def areas_of(*geometries: object) -> np.ndarray:
    array = np.empty(len(geometries), dtype=object)
    array[:] = geometries
    return array


def test_a_block_with_a_court_has_the_volume_worked_out_by_hand() -> None:
    batch = extrude(areas_of(L_SHAPE), [2.0], [6.0], origin=ORIGIN)
    assert open_edges(batch).tolist() == [0]
    assert volumes(batch)[0] == pytest.approx(71 * 6, rel=1e-12)
    # 6 + 4 corners, one hole: 10 + 2 − 2 triangles for each cap, two for each of the ten walls
    assert np.bincount(batch.face_kind).tolist() == [10, 20, 10]
    assert len(batch.vertices) == 20
    assert set(batch.vertices[:, 2].tolist()) == {2.0, 8.0}


def test_every_face_looks_outward() -> None:
    batch = extrude(areas_of(box(0, 0, 4, 6)), [0.0], [3.0], origin=ORIGIN)
    corners = batch.vertices[batch.triangles].astype(float)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outward = corners.mean(axis=1) - [2, 3, 1.5]
    assert (np.einsum("ij,ij->i", normal, outward) > 0).all()
    assert (normal[batch.face_kind == FLOOR] @ [0, 0, 1] < 0).all()
    assert (normal[batch.face_kind == ROOF] @ [0, 0, 1] > 0).all()
    assert (normal[batch.face_kind == WALL] @ [0, 0, 1] == 0).all()


def test_the_direction_of_the_rings_does_not_matter() -> None:
    backwards = Polygon(
        list(L_SHAPE.exterior.coords)[::-1], [list(r.coords)[::-1] for r in L_SHAPE.interiors]
    )
    batch = extrude(areas_of(backwards), [0.0], [1.0], origin=ORIGIN)
    assert volumes(batch)[0] == pytest.approx(71)
    assert open_edges(batch)[0] == 0


def test_a_solid_of_several_parts_is_one_solid() -> None:
    parts = MultiPolygon([box(0, 0, 2, 2), L_SHAPE, box(20, 0, 21, 3)])
    batch = extrude(areas_of(box(50, 0, 51, 1), parts), [0.0, 1.0], [2.0, 10.0], origin=ORIGIN)
    assert volumes(batch) == pytest.approx([2.0, (4 + 71 + 3) * 10])
    assert open_edges(batch).tolist() == [0, 0]
    assert (np.diff(batch.face_solid) >= 0).all()


@pytest.mark.parametrize(
    "ring",
    [
        [(0, 0), (5, 0), (10, 0), (10, 10), (0, 10)],  # a corner on a straight edge
        [(0, 0), (10, 0), (10, 0), (10, 10), (10, 10), (10, 10), (0, 10)],  # repeats
        [(0, 0), (10, 0), (10, 10), (10, 15), (10, 10), (0, 10)],  # a spike
        [(0, 0), (2, 0), (4, 0), (6, 0), (8, 0), (10, 0), (10, 5), (10, 10), (5, 10), (0, 10)],
        [(0, 0), (10, 0), (10, 4), (13, 4), (16, 4), (13, 4), (10, 4), (10, 10), (0, 10)],
    ],
)
def test_repeats_straight_corners_and_spikes_still_close(ring: list[tuple[float, float]]) -> None:
    batch = extrude(areas_of(Polygon(ring)), [0.0], [1.0], origin=ORIGIN)
    assert open_edges(batch).tolist() == [0]
    assert volumes(batch)[0] == pytest.approx(100)
    assert len(batch.vertices) == 8  # nothing but the four corners is left


def test_courts_that_touch_the_outline_or_each_other_still_close() -> None:
    touching = Polygon(
        [(0, 0), (10, 0), (10, 10), (0, 10)],
        [[(0, 5), (3, 4), (3, 6)], [(3, 4), (5, 3), (5, 5)]],
    )
    assert touching.is_valid
    batch = extrude(areas_of(touching), [0.0], [2.0], origin=ORIGIN)
    assert open_edges(batch).tolist() == [0]
    # triangles of 3 × 2 / 2 = 3 m² and, from (3,4), 2 × 2 / 2 = 2 m²
    assert volumes(batch)[0] == pytest.approx(2 * (100 - 3 - 2))


def test_a_sliver_without_area_gives_no_faces_and_leaves_the_others_whole() -> None:
    flat = Polygon([(0, 0), (5, 5), (9, 9), (4, 4)])
    batch = extrude(areas_of(flat, box(0, 0, 1, 1)), 0.0, 1.0, origin=ORIGIN)
    assert set(batch.face_solid.tolist()) == {1}
    assert volumes(batch) == pytest.approx([0.0, 1.0])


def test_a_self_crossing_outline_closes_too() -> None:
    bow_tie = Polygon([(0, 0), (10, 10), (10, 0), (0, 6)])
    batch = extrude(areas_of(bow_tie), [0.0], [1.0], origin=ORIGIN)
    assert open_edges(batch).tolist() == [0]


def test_lines_and_impossible_heights_are_refused() -> None:
    with pytest.raises(CityError, match="areas"):
        extrude(areas_of(Point(0, 0)), [0.0], [1.0], origin=ORIGIN)
    for wrong in (0.0, -1.0, math.nan):
        with pytest.raises(CityError, match="above zero"):
            extrude(areas_of(box(0, 0, 1, 1)), [0.0], [wrong], origin=ORIGIN)


def test_nothing_gives_an_empty_batch() -> None:
    batch = extrude(np.array([], dtype=object), [], [], origin=ORIGIN)
    assert len(batch.triangles) == len(batch.vertices) == len(open_edges(batch)) == 0


def test_a_missing_face_is_counted_as_three_open_edges() -> None:
    batch = extrude(areas_of(box(0, 0, 1, 1), box(5, 0, 6, 1)), 0.0, 1.0, origin=ORIGIN)
    keep = np.arange(len(batch.triangles)) != len(batch.triangles) - 1
    holed = SolidBatch(
        origin=ORIGIN,
        vertices=batch.vertices,
        triangles=batch.triangles[keep],
        face_solid=batch.face_solid[keep],
        face_kind=batch.face_kind[keep],
    )
    assert open_edges(holed).tolist() == [0, 3]
    turned = batch.triangles.copy()
    turned[0] = turned[0, ::-1]  # one face inside out: its three edges run the same way twice
    inside_out = SolidBatch(
        origin=ORIGIN,
        vertices=batch.vertices,
        triangles=turned,
        face_solid=batch.face_solid,
        face_kind=batch.face_kind,
    )
    assert open_edges(inside_out).tolist() == [6, 0]


def test_the_floor_is_sunk_but_the_roof_stays() -> None:
    batch = extrude(areas_of(box(0, 0, 1, 1)), [10.0], [3.0], origin=(0, 0, 4.0), sink=2.0)
    assert set(batch.vertices[:, 2].tolist()) == {4.0, 9.0}


@st.composite
def star_shapes(draw: st.DrawFn) -> Polygon:
    """Rings around a point on a coarse grid, so that straight runs and repeats are common."""
    turns = sorted(draw(st.lists(st.integers(0, 359), min_size=3, max_size=24, unique=True)))
    reach = draw(st.lists(st.integers(1, 9), min_size=len(turns), max_size=len(turns)))
    ring = [
        (round(r * math.cos(math.radians(t))), round(r * math.sin(math.radians(t))))
        for t, r in zip(turns, reach, strict=True)
    ]
    holes = [[(40, 40), (41, 40), (41, 41)]] if draw(st.booleans()) else []
    return Polygon(ring, holes) if len(set(ring)) >= 3 else box(0, 0, 1, 1)


@settings(max_examples=150, deadline=None)
@given(st.lists(star_shapes(), min_size=1, max_size=4))
def test_any_ring_gives_a_closed_solid(shapes: list[Polygon]) -> None:
    batch = extrude(areas_of(*shapes), 0.0, 1.0, origin=ORIGIN)
    assert not open_edges(batch).any()


@settings(max_examples=150, deadline=None)
@given(star_shapes(), st.integers(-3, 3), st.floats(0.5, 300))
def test_the_volume_is_area_times_height(shape: Polygon, place: int, height: float) -> None:
    valid = shapely.make_valid(Polygon(shape.exterior)).buffer(0)
    if not valid.area > 0.1:
        return
    moved = shapely.transform(valid, lambda xy: xy + place * 1000)
    batch = extrude(areas_of(moved), [0.0], [height], origin=(place * 1000.0, place * 1000.0, 0.0))
    assert open_edges(batch).tolist() == [0]
    assert volumes(batch)[0] == pytest.approx(valid.area * height, rel=1e-5)


def test_triangles_are_those_of_the_area_itself() -> None:
    shapes = areas_of(L_SHAPE, Polygon([(0, 0), (10, 0), (3, 3), (0, 10)]), Point(0, 0).buffer(9))
    rings = clean_rings(shapes, origin=(0, 0))
    triangles, polygon, patched = triangulate(rings)
    assert patched == 0
    corners = rings.xy[triangles]
    starts = np.arange(0, 3 * len(corners) + 1, 3)
    area = ring_areas(corners.reshape(-1, 2), starts)
    assert (area > 0).all()
    assert np.bincount(polygon, area) == pytest.approx([s.area for s in shapes], rel=1e-6)
    for shape, row in zip(shapes, range(3), strict=True):
        mine = [Polygon(c) for c in corners[polygon == row]]
        assert shapely.union_all(mine).symmetric_difference(shape).area < 1e-4


def buildings_of(footprints: np.ndarray, **changed: object) -> BuildingsLayer:
    count = len(footprints)
    fields: dict[str, object] = {
        "id": "b",
        "name": "Buildings",
        "crs": "EPSG:28992",
        "ids": np.array([f"b{k}" for k in range(count)], dtype=object),
        "footprints": footprints,
        "ground": np.zeros(count),
        "height": np.full(count, 4.0),
        "method": np.full(count, METHODS.index("default")),
        "points": np.zeros(count),
        "rmse": np.full(count, np.nan),
        "floors": np.zeros(count),
        "use": np.full(count, "", dtype=object),
        "lod": np.ones(count),
    }
    return BuildingsLayer(**(fields | changed))


def test_own_roofs_stay_until_a_height_is_edited() -> None:
    shapes = areas_of(box(0, 0, 1, 1), box(10, 0, 11, 1), box(20, 0, 21, 1))
    # a pyramid of 1/3 × 1 m² × 9 m over the middle footprint, as a source would bring it
    pyramid = SolidBatch(
        origin=(10.0, 0.0, 100.0),
        vertices=[[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.5, 0.5, 9]],
        triangles=[[0, 2, 1], [0, 3, 2], [0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]],
        face_solid=[1] * 6,
        face_kind=[FLOOR, FLOOR, ROOF, ROOF, ROOF, ROOF],
    )
    method = np.array([METHODS.index(m) for m in ("default", "model", "default")])
    layer = buildings_of(shapes, lod=np.array([1, 2, 1]), method=method, model=pyramid)
    batch = solids_of(layer, origin=(0.0, 0.0, 100.0))
    assert volumes(batch) == pytest.approx([4.0, 3.0, 4.0])
    assert open_edges(batch).tolist() == [0, 0, 0]
    assert batch.vertices[:, 2].max() == 9.0
    assert (np.diff(batch.face_solid) >= 0).all()

    edited = np.array([METHODS.index(m) for m in ("default", "edited", "default")])
    layer = buildings_of(shapes, lod=np.array([1, 2, 1]), method=edited, model=pyramid)
    assert volumes(solids_of(layer, origin=ORIGIN)) == pytest.approx([4.0, 4.0, 4.0])


@pytest.mark.data
def test_all_hoan_kiem_outlines_close(data) -> None:
    import pyogrio

    frame = pyogrio.read_dataframe(data / "hanoi" / "hoan_kiem" / "buildings.shp")
    raw = np.asarray(shapely.force_2d(frame.geometry.values))
    x, y, *_ = shapely.total_bounds(raw)
    batch = extrude(raw, 5.0, 12.0, origin=(float(x), float(y), 0.0))
    assert not open_edges(batch).any()
    valid = shapely.is_valid(raw) & (shapely.area(raw) > 1)
    assert valid.sum() > 5000
    size = volumes(batch, count=len(raw))
    # float32 at up to 3 km moves a corner by at most 0.12 mm
    allowed = 12 * 0.00025 * shapely.length(raw) + 1e-6
    assert (np.abs(size - 12 * shapely.area(raw)) < allowed)[valid].all()

"""Solids with gaps or faces turned inward come out closed and outward, or are told to be open."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.builders.solids import extrude, open_edges, volumes
from layers.kinds.mesh import FLOOR, ROOF, WALL, SolidBatch
from layers.readers.closing import closed
from layers.readers.registry import ReadOptions, read

CUBE = extrude(np.array([shapely.box(0, 0, 2, 3)], dtype=object), 0.0, 4.0, origin=(0, 0, 0))
TOWERS = extrude(
    np.array(
        [
            shapely.Polygon([(0, 0), (9, 0), (9, 4), (4, 4), (4, 9), (0, 9)]),
            shapely.Point(30, 0).buffer(5.0, quad_segs=3),
            shapely.box(50, 0, 60, 10) - shapely.box(53, 3, 56, 6),
        ],
        dtype=object,
    ),
    0.0,
    [10.0, 20.0, 30.0],
    origin=(0, 0, 0),
)


def mended(batch: SolidBatch, triangles, owner=None, kind=None):
    """What `closed` makes of these triangles, and it as a batch."""
    owner = batch.face_solid if owner is None else owner
    kind = batch.face_kind if kind is None else kind
    vertices = batch.vertices.astype(np.float64)
    found = closed(vertices, np.asarray(triangles, np.int64), owner.astype(np.int64), kind)
    return found, SolidBatch(
        origin=batch.origin,
        vertices=batch.vertices,
        triangles=found.triangles.astype(np.int32),
        face_solid=found.owner.astype(np.int32),
        face_kind=found.kind,
    )


def test_what_is_closed_is_not_touched():
    found, _ = mended(TOWERS, TOWERS.triangles)
    assert (found.triangles == TOWERS.triangles).all()
    assert not len(found.mended) and not len(found.open)


@pytest.mark.parametrize("face", range(12))
def test_a_missing_triangle_is_filled_as_it_was(face):
    keep = np.arange(12) != face
    found, batch = mended(CUBE, CUBE.triangles[keep], CUBE.face_solid[keep], CUBE.face_kind[keep])
    assert found.mended.tolist() == [0]
    assert open_edges(batch).tolist() == [0]
    assert volumes(batch) == pytest.approx([24.0])
    assert sorted(batch.face_kind.tolist()) == [FLOOR] * 2 + [WALL] * 8 + [ROOF] * 2


def test_a_missing_floor_and_roof_are_filled():
    keep = CUBE.face_kind == WALL
    _, batch = mended(CUBE, CUBE.triangles[keep], CUBE.face_solid[keep], CUBE.face_kind[keep])
    assert open_edges(batch).tolist() == [0]
    assert volumes(batch) == pytest.approx([24.0])
    assert np.bincount(batch.face_kind).tolist() == [2, 8, 2]


@pytest.mark.parametrize("turned", list(itertools.combinations(range(0, 12, 3), 2)))
def test_faces_turned_inward_are_turned_back(turned):
    triangles = CUBE.triangles.copy()
    triangles[list(turned)] = triangles[list(turned), ::-1]
    _, batch = mended(CUBE, triangles)
    assert open_edges(batch).tolist() == [0]
    assert volumes(batch) == pytest.approx([24.0])


def test_corners_of_each_face_on_their_own_are_joined():
    vertices = CUBE.vertices[CUBE.triangles].reshape(-1, 3)
    soup = SolidBatch(
        origin=CUBE.origin, vertices=vertices, triangles=np.arange(36, dtype=np.int32).reshape(-1, 3),
        face_solid=CUBE.face_solid, face_kind=CUBE.face_kind,
    )  # fmt: skip
    found, batch = mended(soup, soup.triangles)
    assert len(found.triangles) == 12
    assert open_edges(batch).tolist() == [0]
    assert volumes(batch) == pytest.approx([24.0])


def test_a_face_there_twice_counts_once():
    extra = np.concatenate([CUBE.triangles, CUBE.triangles[:1]])
    kind = np.concatenate([CUBE.face_kind, CUBE.face_kind[:1]])
    found, batch = mended(CUBE, extra, np.zeros(13, np.int32), kind)
    assert len(found.triangles) == 12
    assert volumes(batch) == pytest.approx([24.0])


def test_an_edge_cut_on_one_side_only_is_closed():
    """A corner in the middle of an edge that the face on the other side does not know."""
    vertices = np.concatenate([CUBE.vertices, [[1.0, 0.0, 4.0]]]).astype(np.float32)
    a, b = (vertices.tolist().index(place) for place in ([0, 0, 4], [2, 0, 4]))
    faces = []
    for triangle, kind in zip(CUBE.triangles.tolist(), CUBE.face_kind.tolist(), strict=True):
        if kind == ROOF and {a, b} <= set(triangle):
            (c,) = set(triangle) - {a, b}
            at = {a, b}.__contains__
            first, second = (one for one in (triangle * 2)[triangle.index(c) :][1:3] if at(one))
            faces += [[first, 8, c], [8, second, c]]
        else:
            faces.append(triangle)
    batch = SolidBatch(
        origin=CUBE.origin, vertices=vertices, triangles=np.array(faces, np.int32),
        face_solid=np.zeros(13, np.int32), face_kind=np.full(13, WALL, np.uint8),
    )  # fmt: skip
    assert open_edges(batch).tolist() == [3]
    _, batch = mended(batch, batch.triangles)
    assert open_edges(batch).tolist() == [0]
    assert volumes(batch) == pytest.approx([24.0])


def test_a_lone_face_encloses_nothing_and_is_told():
    found, _ = mended(CUBE, CUBE.triangles[:1], np.zeros(1, np.int32), CUBE.face_kind[:1])
    assert found.open.tolist() == [0]
    assert len(found.triangles) == 1


def test_others_stay_as_they_are_when_one_is_mended():
    keep = np.ones(len(TOWERS.triangles), dtype=bool)
    keep[np.flatnonzero(TOWERS.face_solid == 1)[-1]] = False
    found, batch = mended(
        TOWERS, TOWERS.triangles[keep], TOWERS.face_solid[keep], TOWERS.face_kind[keep]
    )
    assert found.mended.tolist() == [1]
    for solid in (0, 2):
        mine = found.owner == solid
        assert (found.triangles[mine] == TOWERS.triangles[TOWERS.face_solid == solid]).all()
    assert open_edges(batch).tolist() == [0, 0, 0]
    assert volumes(batch) == pytest.approx(volumes(TOWERS), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_missing_or_turned_the_rest_is_closed_outward_or_told(data):
    count = len(TOWERS.triangles)
    fate = np.array(data.draw(st.lists(st.integers(0, 9), min_size=count, max_size=count)))
    triangles = TOWERS.triangles.copy()
    triangles[fate == 1] = triangles[fate == 1][:, ::-1]
    keep = fate != 0
    if not keep.any():
        return
    found, batch = mended(TOWERS, triangles[keep], TOWERS.face_solid[keep], TOWERS.face_kind[keep])
    there = np.setdiff1d(np.unique(TOWERS.face_solid[keep]), found.open)
    assert (open_edges(batch, count=3)[there] == 0).all()
    mended_ones = found.mended
    assert (volumes(batch, count=3)[mended_ones] > 0).all()
    assert (np.diff(found.owner) >= 0).all()


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "crs", "count"),
    [
        ("cityjson/DenHaag_01.city.json.zip", "", 844),
        ("cityjson/delft_3dbag.city.json", "", 159),
        ("cityjson/vienna.city.jsonl", "EPSG:31256", 149),
        ("cityjson/rotterdam/rotterdam_subset.json", "EPSG:28992", 16),
    ],
)
def test_every_building_of_real_files_is_closed_and_outward(data, file, crs, count):
    from layers.builders.solids import solids_of

    survey = read(data / file, ReadOptions(crs=crs))[0]
    batch = solids_of(survey, origin=(*survey.bounds[:2], 0.0))
    assert survey.count == count
    assert (open_edges(batch, count=count) == 0).all()
    assert (volumes(batch, count=count) > 0).all()
    told = {notice.code: notice.count for notice in survey.notices}
    # What could not be closed is a block, and says so.
    assert int((survey.lod == 1).sum()) >= told.get("solids-open", 0)

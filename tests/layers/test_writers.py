"""Files that other programs open: CityJSONSeq, GeoPackage, binary glTF."""

from __future__ import annotations

import errno
import itertools
import json
import struct
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from shapely import LineString, MultiPolygon, Point, Polygon, box

from layers.builders.solids import extrude, solids_of, volumes
from layers.errors import WriteError
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.mesh import FLOOR, ROOF, SolidBatch
from layers.readers import registry
from layers.writers.cityjsonseq import write_cityjsonseq
from layers.writers.geopackage import write_geopackage
from layers.writers.gltf import GltfMesh, solid_meshes, write_gltf

COURT = Polygon(
    [(0, 0), (10, 0), (10, 5), (5, 5), (5, 10), (0, 10)],
    [[(1, 1), (3, 1), (3, 3), (1, 3)]],
)
PARTS = MultiPolygon([box(20, 0, 24, 4), box(30, 0, 33, 3)])


def place(geometry: object) -> object:
    return shapely.transform(geometry, lambda xy: xy + np.array([587_000.25, 2_325_000.5]))


def buildings(**changed: object) -> BuildingsLayer:
    shapes = np.empty(3, dtype=object)
    shapes[:] = [place(COURT), place(PARTS), place(box(50, 0, 51, 1))]
    fields: dict[str, object] = {
        "id": "buildings",
        "name": "Nhà phố",
        "crs": "EPSG:32648",
        "ids": np.array(["A-1", "B/2", "số 3"], dtype=object),
        "footprints": shapes,
        "ground": np.array([6.0, 7.5, -1.25]),
        "height": np.array([9.0, 12.5, 3.0]),
        "method": np.array([METHODS.index(m) for m in ("lidar", "floors", "default")]),
        "points": np.array([120, 0, 0]),
        "rmse": np.array([0.25, np.nan, np.nan]),
        "floors": np.array([3, 4, 0]),
        "use": np.array(["nhà ở", "", ""], dtype=object),
        "lod": np.ones(3),
        "columns": {
            "Tên": np.array(["Đền Ngọc Sơn", None, "x"], dtype=object),
            "Height": np.array([0.6, 1.2, np.nan]),
            "nam": np.array([1865, 1990, 2001]),
        },
    }
    return BuildingsLayer(**(fields | changed))


def pyramid() -> SolidBatch:
    """9 m high over the third outline, 3 m³."""
    return SolidBatch(
        origin=(587_050.25, 2_325_000.5, -1.25),
        vertices=[[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.5, 0.5, 9]],
        triangles=[[0, 2, 1], [0, 3, 2], [0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]],
        face_solid=[2] * 6,
        face_kind=[FLOOR, FLOOR, ROOF, ROOF, ROOF, ROOF],
    )


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def solid_volume(geometry: dict, vertices: np.ndarray) -> float:
    """Volume of a CityJSON Solid, worked out from the rings alone: rings are fanned, and a hole
    (wound the other way) takes its share away."""
    total = 0.0
    for shell in geometry["boundaries"]:
        for surface in shell:
            for ring in surface:
                a, *rest = vertices[ring] - vertices[geometry["boundaries"][0][0][0][0]]
                total += sum(np.dot(a, np.cross(b, c)) / 6 for b, c in itertools.pairwise(rest))
    return total


def test_the_header_says_version_place_and_extent(tmp_path: Path) -> None:
    write_cityjsonseq(tmp_path / "a.city.jsonl", buildings())
    header, *features = lines(tmp_path / "a.city.jsonl")
    assert header["type"] == "CityJSON" and header["version"] == "2.0"
    assert header["CityObjects"] == {} and header["vertices"] == []
    assert header["transform"]["scale"] == [0.001] * 3
    metadata = header["metadata"]
    assert metadata["referenceSystem"] == "https://www.opengis.net/def/crs/EPSG/0/32648"
    assert metadata["geographicalExtent"] == [587000.25, 2325000.5, -1.25, 587051.25, 2325010.5, 20]
    assert [f["type"] for f in features] == ["CityJSONFeature"] * 3
    assert [f["id"] for f in features] == ["A-1", "B/2", "số 3"]


def test_blocks_are_closed_solids_of_the_right_volume(tmp_path: Path) -> None:
    write_cityjsonseq(tmp_path / "a.city.jsonl", buildings())
    _, *features = lines(tmp_path / "a.city.jsonl")
    wanted = {"A-1": 71 * 9, "B/2-part1": 16 * 12.5, "B/2-part2": 9 * 12.5, "số 3": 3.0}
    found = {}
    for feature in features:
        vertices = np.array(feature["vertices"]) * 0.001
        assert vertices.min() >= 0  # from the lower corner of all
        for name, thing in feature["CityObjects"].items():
            for geometry in thing.get("geometry", []):
                assert geometry["type"] == "Solid" and geometry["lod"] == "1"
                shell, marks = geometry["boundaries"][0], geometry["semantics"]["values"][0]
                assert len(shell) == len(marks)
                edges: dict[tuple[int, int], int] = {}
                for ring in (ring for surface in shell for ring in surface):
                    assert len(set(ring)) == len(ring) >= 3
                    for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
                        edges[a, b] = edges.get((a, b), 0) + 1
                assert all(edges.get((b, a)) == times == 1 for (a, b), times in edges.items())
                found[name] = solid_volume(geometry, vertices)
                kinds = [s["type"] for s in geometry["semantics"]["surfaces"]]
                assert [kinds[m] for m in marks[:3]] == [
                    "GroundSurface", "RoofSurface", "WallSurface",
                ]  # fmt: skip
    assert found == pytest.approx(wanted)
    parent = features[1]["CityObjects"]["B/2"]
    assert parent["children"] == ["B/2-part1", "B/2-part2"]
    assert features[1]["CityObjects"]["B/2-part1"]["parents"] == ["B/2"]


def test_what_was_found_out_is_written_with_each_building(tmp_path: Path) -> None:
    write_cityjsonseq(tmp_path / "a.city.jsonl", buildings())
    first = lines(tmp_path / "a.city.jsonl")[1]["CityObjects"]["A-1"]["attributes"]
    assert {k: first[k] for k in ("id", "height", "ground", "method", "rmse", "floors", "use")} == {
        "id": "A-1", "height": 9.0, "ground": 6.0, "method": "lidar", "rmse": 0.25, "floors": 3,
        "use": "nhà ở",
    }  # fmt: skip
    assert first["Tên"] == "Đền Ngọc Sơn" and first["nam"] == 1865
    last = lines(tmp_path / "a.city.jsonl")[3]["CityObjects"]["số 3"]["attributes"]
    assert last["rmse"] is None and last["floors"] is None and "Height" not in last


def test_own_surfaces_are_written_as_they_are(tmp_path: Path) -> None:
    layer = buildings(
        model=pyramid(),
        lod=np.array([1, 1, 2]),
        method=np.array([METHODS.index(m) for m in ("lidar", "floors", "model")]),
    )
    write_cityjsonseq(tmp_path / "a.city.jsonl", layer)
    feature = lines(tmp_path / "a.city.jsonl")[3]
    (geometry,) = feature["CityObjects"]["số 3"]["geometry"]
    assert geometry["lod"] == "2" and geometry["type"] == "Solid"
    assert solid_volume(geometry, np.array(feature["vertices"]) * 0.001) == pytest.approx(3.0)
    assert geometry["semantics"]["values"] == [[0, 0, 2, 2, 2, 2]]


def test_our_own_reader_reads_it_back(tmp_path: Path) -> None:
    before = buildings()
    write_cityjsonseq(tmp_path / "a.city.jsonl", before)
    (after,) = [
        layer
        for layer in registry.read(tmp_path / "a.city.jsonl")
        if isinstance(layer, BuildingsLayer)
    ]
    assert after.ids.tolist() == before.ids.tolist()
    assert after.crs == "EPSG:32648"
    np.testing.assert_allclose(after.ground, before.ground, atol=0.002)
    np.testing.assert_allclose(after.height, before.height, atol=0.002)
    np.testing.assert_allclose(
        shapely.area(after.footprints), shapely.area(before.footprints), rtol=1e-3
    )
    origin = (587_000.0, 2_325_000.0, 0.0)
    np.testing.assert_allclose(
        volumes(solids_of(after, origin=origin)),
        volumes(solids_of(before, origin=origin)),
        rtol=2e-3,
    )


def test_a_geopackage_holds_layers_that_any_gis_opens(tmp_path: Path) -> None:
    roads = np.empty(2, dtype=object)
    roads[:] = [LineString([(0, 0), (9, 9)]), LineString([(1, 1), (2, 5)])]
    features = FeatureLayer(
        id="roads",
        name="Đường",
        crs="EPSG:32648",
        geometry=roads,
        columns={
            "fid": np.array([7, 7]),
            "tên": np.array(["Hàng Bạc", None], dtype=object),
            "TÊN": np.array([1.5, np.nan]),
            "mở": np.array([True, False]),
            "ngày": np.array(["2024-02-29T10:00", "NaT"], dtype="datetime64[s]"),
        },
    )
    terrain = ElevationLayer(
        id="t", name="Terrain", crs="EPSG:32648", heights=[[1.0]], west=0, north=0, cell_x=1, cell_y=1
    )  # fmt: skip
    path = tmp_path / "city.gpkg"
    (notice,) = write_geopackage(path, [buildings(), features, terrain])
    assert notice.code == "layers-left-out" and "Terrain" in notice.what
    assert {tuple(row) for row in pyogrio.list_layers(path)} == {
        ("buildings", "MultiPolygon"), ("roads", "LineString"),
    }  # fmt: skip

    frame = pyogrio.read_dataframe(path, layer="buildings")
    assert frame.crs.to_epsg() == 32648
    assert frame["id"].tolist() == ["A-1", "B/2", "số 3"]
    assert frame["height"].tolist() == [9.0, 12.5, 3.0]
    assert frame["method"].tolist() == ["lidar", "floors", "default"]
    assert frame["rmse"].isna().tolist() == [False, True, True]
    assert frame["Height_source"].tolist()[:2] == [0.6, 1.2]
    assert frame["Tên"].tolist()[0] == "Đền Ngọc Sơn" and frame["Tên"].isna()[1]
    same = shapely.equals_exact(
        shapely.normalize(frame.geometry.values), shapely.normalize(
            np.array([g if g.geom_type == "MultiPolygon" else MultiPolygon([g])
                      for g in buildings().footprints])), 1e-9)  # fmt: skip
    assert np.all(same)

    frame = pyogrio.read_dataframe(path, layer="roads")
    assert frame["tên"].tolist()[0] == "Hàng Bạc"
    assert frame["fid_source"].tolist() == [7, 7]
    assert frame["TÊN_source"].tolist()[0] == 1.5
    assert frame["mở"].tolist() == [True, False]
    assert str(frame["ngày"][0]).startswith("2024-02-29 10:00")
    assert [p.name for p in tmp_path.iterdir()] == ["city.gpkg"]


def test_a_geopackage_replaces_the_old_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "city.gpkg"
    write_geopackage(path, [buildings(id="old")])
    write_geopackage(path, [buildings(id="new")])
    assert [row[0] for row in pyogrio.list_layers(path)] == ["new"]


def test_mixed_geometries_are_written_too(tmp_path: Path) -> None:
    shapes = np.empty(2, dtype=object)
    shapes[:] = [Point(1, 2), box(0, 0, 1, 1)]
    layer = FeatureLayer(id="mixed", name="Mixed", crs="EPSG:32648", geometry=shapes)
    write_geopackage(tmp_path / "m.gpkg", [layer])
    frame = pyogrio.read_dataframe(tmp_path / "m.gpkg")
    assert frame.geometry.geom_type.tolist() == ["Point", "Polygon"]


def test_nothing_to_write_is_said(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="no vector layer"):
        write_geopackage(tmp_path / "a.gpkg", [])
    with pytest.raises(WriteError, match="nothing"):
        write_gltf(tmp_path / "a.glb", [], origin=(0, 0, 0))
    assert list(tmp_path.iterdir()) == []


def read_glb(path: Path) -> tuple[dict, bytes]:
    """Parse by the letter of the glTF 2.0 specification, 4.4: header, JSON chunk, BIN chunk."""
    data = path.read_bytes()
    magic, version, length = struct.unpack_from("<4sII", data)
    assert (magic, version, length) == (b"glTF", 2, len(data))
    size, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON" and size % 4 == 0
    gltf = json.loads(data[20 : 20 + size])
    binary_size, kind = struct.unpack_from("<I4s", data, 20 + size)
    assert kind == b"BIN\0" and binary_size % 4 == 0
    binary = data[28 + size :]
    assert len(binary) == binary_size and gltf["buffers"] == [{"byteLength": binary_size}]
    return gltf, binary


def accessor(gltf: dict, binary: bytes, number: int) -> np.ndarray:
    described = gltf["accessors"][number]
    view = gltf["bufferViews"][described["bufferView"]]
    assert view["byteOffset"] % 4 == 0
    width = {"SCALAR": 1, "VEC3": 3}[described["type"]]
    dtype = {5125: "<u4", 5126: "<f4"}[described["componentType"]]
    values = np.frombuffer(binary, dtype, described["count"] * width, view["byteOffset"])
    assert values.nbytes == view["byteLength"]
    return values.reshape(-1, width)


def test_a_glb_is_what_the_specification_says(tmp_path: Path) -> None:
    shapes = np.array([COURT, box(20, 0, 24, 4)], dtype=object)
    batch = extrude(shapes, [0.0, 1.0], [5.0, 10.0], origin=(0.0, 0.0, 0.0))
    relief = GltfMesh(
        name="terrain",
        vertices=np.array([[0, 0, 0], [9, 0, 0], [0, 9, 3], [9, 9, 3]], np.float32),
        triangles=np.array([[0, 1, 3], [0, 3, 2]], np.int32),
        smooth=True,
        colour=(0.5, 1.0, 0.0, 0.5),
    )
    write_gltf(
        tmp_path / "a.glb",
        [*solid_meshes(batch, ["A", "số 2"]), relief],
        origin=(587000.0, 2325000.0, 0.0),
        crs="EPSG:32648",
    )
    gltf, binary = read_glb(tmp_path / "a.glb")
    assert gltf["asset"]["version"] == "2.0"
    assert gltf["asset"]["extras"]["origin"] == [587000.0, 2325000.0, 0.0]
    assert gltf["asset"]["extras"]["crs"] == "EPSG:32648"
    assert [m["name"] for m in gltf["meshes"]] == [
        "buildings-floors", "buildings-walls", "buildings-roofs", "terrain",
    ]  # fmt: skip
    assert gltf["extensionsUsed"] == ["EXT_mesh_features"]

    volume = np.zeros(2)
    for mesh in gltf["meshes"][:3]:
        (primitive,) = mesh["primitives"]
        attributes = primitive["attributes"]
        points = accessor(gltf, binary, attributes["POSITION"]).astype(float)
        normals = accessor(gltf, binary, attributes["NORMAL"]).astype(float)
        feature = accessor(gltf, binary, attributes["_FEATURE_ID_0"]).ravel()
        triangles = accessor(gltf, binary, primitive["indices"]).reshape(-1, 3)
        described = gltf["accessors"][attributes["POSITION"]]
        assert described["min"] == points.min(axis=0).tolist()
        assert described["max"] == points.max(axis=0).tolist()
        np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)
        a, b, c = (points[triangles[:, k]] for k in range(3))
        facing = np.cross(b - a, c - a)
        assert (np.einsum("ij,ij->i", facing, normals[triangles[:, 0]]) > 0).all()
        assert (feature[triangles] == feature[triangles[:, :1]]).all()
        owner = feature[triangles[:, 0]].astype(int)
        volume += np.bincount(owner, np.einsum("ij,ij->i", a, np.cross(b, c)) / 6, minlength=2)
        assert mesh["extras"]["names"] == ["A", "số 2"]
        (ids,) = primitive["extensions"]["EXT_mesh_features"]["featureIds"]
        assert ids == {"featureCount": 2, "attribute": 0}
    assert volume == pytest.approx([71 * 5, 16 * 10])  # y up: handedness is kept

    roofs = accessor(gltf, binary, gltf["meshes"][2]["primitives"][0]["attributes"]["POSITION"])
    assert set(roofs[:, 1].tolist()) == {5.0, 11.0}  # y is up
    assert roofs[:, 2].min() == -10.0  # z is south
    factor = gltf["materials"][3]["pbrMetallicRoughness"]["baseColorFactor"]
    assert factor == pytest.approx([0.2140, 1.0, 0.0, 0.5], abs=1e-4)  # sRGB 0.5 is linear 0.214
    assert gltf["materials"][3]["alphaMode"] == "BLEND"
    slope = accessor(gltf, binary, gltf["meshes"][3]["primitives"][0]["attributes"]["NORMAL"])
    # rises 3 in 9 northward: normal (0, 9, 3)/√90 in x, y up, z south
    np.testing.assert_allclose(slope, [np.array([0, 9, 3]) / np.sqrt(90)] * 4, atol=1e-6)


@pytest.mark.parametrize("suffix", [".city.jsonl", ".gpkg", ".glb"])
def test_what_stood_there_stays_when_the_disk_is_full(tmp_path, monkeypatch, suffix: str) -> None:
    path = tmp_path / f"city{suffix}"
    path.write_bytes(b"what stood there")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    layer = buildings()
    writers = {
        ".city.jsonl": lambda: write_cityjsonseq(path, layer),
        ".gpkg": lambda: write_geopackage(path, [layer]),
        ".glb": lambda: write_gltf(
            path, solid_meshes(solids_of(layer, origin=(0, 0, 0))), origin=(0, 0, 0)
        ),
    }
    with pytest.raises(WriteError, match="disk is full"):
        writers[suffix]()
    assert path.read_bytes() == b"what stood there"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".city.jsonl", ".gpkg", ".glb"])
def test_a_folder_that_is_not_there_is_said(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "nowhere" / f"city{suffix}"
    layer = buildings()
    with pytest.raises(WriteError, match="could not be written"):
        if suffix == ".gpkg":
            write_geopackage(path, [layer])
        elif suffix == ".glb":
            meshes = solid_meshes(solids_of(layer, origin=(0, 0, 0)))
            write_gltf(path, meshes, origin=(0, 0, 0))
        else:
            write_cityjsonseq(path, layer)

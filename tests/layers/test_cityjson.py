"""CityJSON of every version and packing becomes buildings with their own roofs."""

from __future__ import annotations

import gzip
import json
import zipfile

import numpy as np
import pytest
import shapely

from layers.errors import CrsError, ReadError
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.mesh import FLOOR, ROOF, WALL, MeshLayer
from layers.readers.cityjson_file import reference_system
from layers.readers.registry import ReadOptions, preview, read

# A house 10 × 6 m, walls to 4 m, a ridge along x at 7 m: volume 10 × 6 × (4 + 3 / 2) = 330 m³.
HOUSE = [
    *([0, 0, 0], [10, 0, 0], [10, 6, 0], [0, 6, 0]),
    *([0, 0, 4], [10, 0, 4], [10, 6, 4], [0, 6, 4]),
    *([0, 3, 7], [10, 3, 7]),
]
SHELL = [
    [[3, 2, 1, 0]],
    [[0, 1, 5, 4]],
    [[2, 3, 7, 6]],
    [[1, 2, 6, 9, 5]],
    [[3, 0, 4, 8, 7]],
    [[4, 5, 9, 8]],
    [[6, 7, 8, 9]],
]
KINDS = [0, 1, 1, 1, 1, 2, 2]
SURFACES = [{"type": "GroundSurface"}, {"type": "WallSurface"}, {"type": "RoofSurface"}]
CRS = "https://www.opengis.net/def/crs/EPSG/0/7415"
PLACE = [85000.0, 447000.0, 1.5]


def solid(lod="2.2", shell=SHELL, **more):
    semantics = {"surfaces": SURFACES, "values": [KINDS]}
    return {"type": "Solid", "lod": lod, "boundaries": [shell], "semantics": semantics, **more}


def city(objects=None, version="2.0", vertices=HOUSE, **more):
    return {
        "type": "CityJSON",
        "version": version,
        "metadata": {"referenceSystem": CRS},
        "transform": {"scale": [1.0, 1.0, 1.0], "translate": PLACE},
        "CityObjects": objects or {"house": {"type": "Building", "geometry": [solid()]}},
        "vertices": vertices,
        **more,
    }


def written(folder, document, name="a.city.json"):
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def only(layers):
    (layer,) = layers
    return layer


def volumes(layer):
    """Signed volume of each solid, m³: positive where triangles turn outward."""
    model = layer.model
    a, b, c = (model.vertices[model.triangles[:, k]].astype(float) for k in range(3))
    return np.bincount(model.face_solid, np.einsum("ij,ij->i", a, np.cross(b, c)) / 6)


def open_edges(layer):
    """Edges that are not shared by exactly two triangles of the same solid."""
    model = layer.model
    edges = np.concatenate([model.triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    keys = np.column_stack([np.tile(model.face_solid, 3), np.sort(edges, axis=1)])
    _, counts = np.unique(keys, axis=0, return_counts=True)
    return int((counts != 2).sum())


def check_house(layer):
    assert isinstance(layer, BuildingsLayer)
    assert layer.ids.tolist() == ["house"]
    assert layer.height.tolist() == [7.0]
    assert layer.ground.tolist() == [1.5]
    assert METHODS[layer.method[0]] == "model"
    assert layer.footprints[0].equals(shapely.box(85000, 447000, 85010, 447006))
    assert volumes(layer) == pytest.approx([330.0])
    assert open_edges(layer) == 0


def test_a_house_is_closed_outward_and_as_high_as_it_is(tmp_path):
    layer = only(read(written(tmp_path, city())))
    check_house(layer)
    assert (layer.crs, layer.vertical) == ("EPSG:28992", "NAP height")
    assert layer.lod.tolist() == [2]
    # ground 2 triangles; walls 2 + 2 + 3 + 3; roofs 2 + 2
    assert np.bincount(layer.model.face_kind).tolist() == [2, 10, 4]
    assert (FLOOR, WALL, ROOF) == (0, 1, 2)


@pytest.mark.parametrize("name", ["a.city.json", "a.json"])
@pytest.mark.parametrize("version", ["1.0", "1.1", "2.0"])
def test_all_versions_are_read(tmp_path, name, version):
    check_house(only(read(written(tmp_path, city(version=version), name))))


def test_gz_and_zip_are_read(tmp_path):
    plain = json.dumps(city()).encode()
    (tmp_path / "a.city.json.gz").write_bytes(gzip.compress(plain))
    with zipfile.ZipFile(tmp_path / "a.city.json.zip", "w") as archive:
        archive.writestr("folder/a.city.json", plain)
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("folder/b.city.json", plain)
    for name in ("a.city.json.gz", "a.city.json.zip", "b.zip"):
        check_house(only(read(tmp_path / name)))


def test_a_sequence_is_read_feature_by_feature(tmp_path):
    head = city(objects={}, vertices=[])
    head["CityObjects"] = {}
    features = []
    for name, shift in (("house", 0), ("other", 100)):
        features.append(
            {
                "type": "CityJSONFeature",
                "id": name,
                "CityObjects": {name: {"type": "Building", "geometry": [solid()]}},
                "vertices": [[x + shift, y, z] for x, y, z in HOUSE],
            }
        )
    path = tmp_path / "a.city.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in [head, *features]))
    layer = only(read(path))
    assert layer.ids.tolist() == ["house", "other"]
    assert volumes(layer) == pytest.approx([330.0, 330.0], rel=1e-4)
    assert layer.footprints[1].bounds == (85100, 447000, 85110, 447006)


def test_parts_are_one_building_under_the_parents_id(tmp_path):
    parts = {
        "parent": {
            "type": "Building",
            "children": ["p1", "p2"],
            "attributes": {"function": "school", "storeysAboveGround": 3},
            "geometry": [
                {"type": "MultiSurface", "lod": "0", "boundaries": [[[0, 1, 2, 3]]]},
            ],
        },
        "p1": {"type": "BuildingPart", "parents": ["parent"], "geometry": [solid()]},
        "p2": {
            "type": "BuildingPart",
            "parents": ["parent"],
            "attributes": {"roofType": "gable"},
            "geometry": [solid(shell=[[[i + 10 for i in r] for r in f] for f in SHELL])],
        },
    }
    twice = HOUSE + [[x, y + 6, z] for x, y, z in HOUSE]
    layer = only(read(written(tmp_path, city(parts, vertices=twice))))
    assert layer.ids.tolist() == ["parent"]
    assert layer.footprints[0].area == 120.0
    assert volumes(layer) == pytest.approx([660.0])
    assert layer.floors.tolist() == [3]
    assert layer.use.tolist() == ["school"]
    assert layer.columns["roofType"].tolist() == ["gable"]


def test_the_finest_level_of_detail_is_taken(tmp_path):
    block = [[[3, 2, 1, 0]], [[0, 1, 5, 4]], [[1, 2, 6, 5]], [[2, 3, 7, 6]], [[3, 0, 4, 7]]]
    coarse = {"type": "Solid", "lod": "1.2", "boundaries": [[*block, [[4, 5, 6, 7]]]]}
    house = {"house": {"type": "Building", "geometry": [coarse, solid(), coarse]}}
    check_house(only(read(written(tmp_path, city(house)))))
    block_only = {"house": {"type": "Building", "geometry": [coarse]}}
    layer = only(read(written(tmp_path, city(block_only))))
    assert (layer.lod.tolist(), layer.height.tolist()) == ([1], [4.0])
    assert np.bincount(layer.model.face_kind).tolist() == [2, 8, 2]  # by slope, nothing is told
    assert volumes(layer) == pytest.approx([240.0])


def test_holes_stay_open(tmp_path):
    outer = [[0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0]]
    hole = [[4, 4, 0], [4, 6, 0], [6, 6, 0], [6, 4, 0]]
    vertices = outer + hole + [[x, y, 5] for x, y, _ in outer + hole]
    ring, inner = [0, 1, 2, 3], [4, 5, 6, 7]
    faces = [[ring[::-1], inner[::-1]], [[8, 9, 10, 11], [12, 13, 14, 15]]]
    for loop in (ring, inner):
        for a, b in zip(loop, loop[1:] + loop[:1], strict=True):
            faces.append([[a, b, b + 8, a + 8]])
    court = {"court": {"type": "Building", "geometry": [{**solid(), "boundaries": [faces]}]}}
    del court["court"]["geometry"][0]["semantics"]
    layer = only(read(written(tmp_path, city(court, vertices=vertices))))
    assert layer.footprints[0].area == 96.0  # 10 × 10 less 2 × 2
    assert volumes(layer) == pytest.approx([480.0], rel=1e-5)
    assert open_edges(layer) == 0


def test_a_solid_inside_out_is_turned(tmp_path):
    wrong = [[ring[::-1] for ring in face] for face in SHELL]
    house = {"house": {"type": "Building", "geometry": [solid(shell=wrong)]}}
    layer = only(read(written(tmp_path, city(house))))
    check_house(layer)
    assert [notice.code for notice in layer.notices] == ["solids-turned"]


def test_faces_may_repeat_their_first_corner_and_be_flat(tmp_path):
    closed = [[[*ring, ring[0]] for ring in face] for face in SHELL]
    closed.append([[0, 1, 0]])
    geometry = solid(shell=closed)
    geometry["semantics"]["values"] = [[*KINDS, 1]]
    layer = only(
        read(written(tmp_path, city({"house": {"type": "Building", "geometry": [geometry]}})))
    )
    check_house(layer)
    assert {notice.code: notice.count for notice in layer.notices} == {"faces-flat": 1}


def test_a_building_of_no_height_is_kept_as_an_outline(tmp_path):
    flat = {"type": "MultiSurface", "lod": "0", "boundaries": [[[0, 1, 2, 3]]]}
    things = {
        "house": {"type": "Building", "geometry": [solid()]},
        "plan": {"type": "Building", "geometry": [flat]},
    }
    house, outlines = read(written(tmp_path, city(things)))
    check_house(house)
    assert isinstance(outlines, FeatureLayer)
    assert outlines.columns["cityjson_id"].tolist() == ["plan"]
    assert [notice.code for notice in house.notices] == ["buildings-flat"]


def test_ground_trees_and_areas_become_layers_of_their_role(tmp_path):
    def area(kind):
        surface = {"type": "MultiSurface", "lod": "1", "boundaries": [[[0, 1, 2]], [[0, 2, 3]]]}
        return {"type": kind, "geometry": [surface], "attributes": {"name": "Hồ Gươm"}}

    template = {"type": "GeometryInstance", "template": 0, "boundaries": [9]}
    things = {
        "ground": {**area("TINRelief")},
        "road": area("Road"),
        "lake": area("WaterBody"),
        "park": area("PlantCover"),
        "oak": {"type": "SolitaryVegetationObject", "geometry": [template]},
        "cloud": area("+Cloud"),
    }
    layers = {layer.id: layer for layer in read(written(tmp_path, city(things)))}
    ground = layers.pop("a-tinrelief")
    assert isinstance(ground, MeshLayer)
    assert (ground.count, ground.bounds) == (2, (85000, 447000, 85010, 447006))
    roles = {layer.role: layer for layer in layers.values()}
    assert set(roles) == {"roads", "water", "green", "trees"}
    assert roles["water"].geometry[0].area == 60.0
    assert roles["water"].columns["name"].tolist() == ["Hồ Gươm"]
    tree = roles["trees"].geometry[0]
    assert (tree.x, tree.y, tree.z) == (85010, 447003, 8.5)


def test_attributes_keep_their_types(tmp_path):
    def house(**attributes):
        return {"type": "Building", "geometry": [solid()], "attributes": attributes}

    things = {"a": house(n=1, h=2.5, t="Hµ Néi", x={"k": [1]}), "b": house(n=2, t="NguyÔn Tr·i")}
    layer = only(read(written(tmp_path, city(things))))
    assert layer.columns["n"].dtype.kind == "i"
    np.testing.assert_array_equal(layer.columns["h"], [2.5, np.nan])
    assert layer.columns["t"].tolist() == ["Hà Nội", "Nguyễn Trãi"]
    assert layer.columns["x"].tolist() == ['{"k":[1]}', None]


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ("https://www.opengis.net/def/crs/EPSG/0/7415", "EPSG:7415"),
        ("http://www.opengis.net/def/crs/EPSG/9.9.1/5897", "EPSG:5897"),
        ("urn:ogc:def:crs:EPSG::7415", "EPSG:7415"),
        ("EPSG:28992", "EPSG:28992"),
        (28992, "EPSG:28992"),
        (None, ""),
    ],
)
def test_reference_systems_are_understood_in_every_spelling(stated, meant):
    assert reference_system(stated) == meant


def test_without_a_reference_system_candidates_are_named(tmp_path):
    with pytest.raises(CrsError) as refused:
        read(written(tmp_path, city(metadata={})))
    assert "EPSG:28992" in refused.value.candidates
    path = written(tmp_path, city(metadata={}))
    assert only(read(path, ReadOptions(crs="EPSG:28992"))).crs == "EPSG:28992"
    assert only(preview(path)).crs == ""


def test_degrees_are_refused_with_a_way_out(tmp_path):
    metadata = {"referenceSystem": "EPSG:4979"}
    document = city(
        metadata=metadata, transform={"scale": [1e-6] * 3, "translate": [105.8, 21.0, 0]}
    )
    with pytest.raises(ReadError, match="degrees"):
        read(written(tmp_path, document))


# --- real files; counts are those of the data's README ------------------------------------------


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "crs", "count"),
    [
        ("cityjson/delft_3dbag.city.json", "", 159),
        ("cityjson/DenHaag_01.city.json.zip", "", 844),
        ("cityjson/rotterdam/rotterdam_subset.json", "EPSG:28992", 16),
        ("cityjson/vienna.city.jsonl", "EPSG:31256", 149),
        ("delft/delft_lod1.city.json", "", 160),
    ],
)
def test_real_cities_are_read_whole(data, name, crs, count):
    layers = read(data / name, ReadOptions(crs=crs))
    survey = layers[0]
    assert isinstance(survey, BuildingsLayer)
    assert survey.count == count
    assert shapely.is_valid(survey.footprints).all()
    assert len(set(survey.ids)) == count
    assert survey.model is not None
    blocks = sum(one.count for one in survey.notices if one.code == "solids-open")
    assert len(np.unique(survey.model.face_solid)) == count - blocks
    assert (np.diff(survey.model.face_solid) >= 0).all()
    assert preview(data / name)[0].count == count


@pytest.mark.data
def test_3dbag_agrees_with_its_own_attributes(data):
    survey = read(data / "cityjson/delft_3dbag.city.json")[0]
    assert (survey.lod == 2).all()
    # b3_opp_grond is the area of the ground surface that 3DBAG itself computed
    area = survey.columns["b3_opp_grond"]
    assert np.median(np.abs(shapely.area(survey.footprints) - area) / area) < 0.01
    # b3_h_dak_max is the highest roof point; b3_h_maaiveld the ground, both in metres NAP
    top = survey.ground + survey.height
    assert np.median(np.abs(top - survey.columns["b3_h_dak_max"])) < 0.3
    assert np.median(np.abs(survey.ground - survey.columns["b3_h_maaiveld"])) < 0.05
    assert (volumes(survey) > 0).all()


@pytest.mark.data
def test_lod1_delft_agrees_with_its_measured_heights(data):
    layers = read(data / "delft/delft_lod1.city.json")
    survey = layers[0]
    # 3dfier writes measuredHeight as the roof's height above NAP
    measured = np.array(survey.columns["measuredHeight"], dtype=float)
    np.testing.assert_allclose(survey.ground + survey.height, measured, atol=0.01)
    roles = {layer.role: layer.count for layer in layers[1:] if layer.role != "features"}
    assert roles == {"roads": 143, "green": 126, "water": 3}


@pytest.mark.data
def test_the_hague_has_its_terrain_and_closed_parts(data):
    survey, ground = read(data / "cityjson/DenHaag_01.city.json.zip")
    assert isinstance(ground, MeshLayer)
    assert (volumes(survey) > 0).all()
    low, high = 2.463, 37.481  # geographicalExtent of the file
    assert survey.ground.min() >= low - 0.001
    assert (survey.ground + survey.height).max() == pytest.approx(high, abs=0.001)
    assert survey.vertical == "NAP height"


@pytest.mark.data
def test_one_type_of_object_can_be_asked_for_alone(data):
    path = data / "delft/delft_lod1.city.json"
    lakes = only(read(path, ReadOptions(layer="WaterBody")))
    assert (lakes.role, lakes.count, lakes.source.layer) == ("water", 3, "WaterBody")
    assert only(read(path, ReadOptions(role="water"))).count == 3
    with pytest.raises(ReadError, match="no Tunnel") as refused:
        read(path, ReadOptions(layer="Tunnel"))
    assert "WaterBody" in refused.value.hint


@pytest.mark.data
def test_a_window_takes_the_buildings_and_the_ground_that_meet_it(data):
    path = data / "cityjson/DenHaag_01.city.json.zip"
    whole, ground = read(path)
    west, south, east, north = whole.footprints[100].bounds
    window = (west - 20, south - 20, east + 20, north + 20)
    part, piece = read(path, ReadOptions(bounds=window))
    meets = shapely.intersects(whole.footprints, shapely.box(*window))
    assert 0 < meets.sum() < 100
    assert part.ids.tolist() == whole.ids[meets].tolist()
    assert set(np.unique(part.model.face_solid)) == set(range(part.count))
    assert 0 < piece.count < ground.count
    with pytest.raises(ReadError, match="window"):
        read(path, ReadOptions(bounds=(0.0, 0.0, 1.0, 1.0)))


def test_a_filter_is_refused_not_passed_over(tmp_path):
    with pytest.raises(ReadError, match="filter"):
        read(written(tmp_path, city()), ReadOptions(where="height > 3"))

"""What the shader is told of façades: uses by their words, storeys by floors or height, walls by length."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from scene_city import CRS, EAST, NORTH, buildings, city_of

from layers.kinds.features import FeatureLayer
from layers.tiles.pyramid import open_pyramid
from viewers.scene.facades import CODES, PATTERNS, STOREY_M, pattern_of, site_of, wall_lengths
from viewers.scene.lamps import POOL_M, is_lamps, pools
from viewers.scene.night import lit_shares
from viewers.scene.pictures import off_screen
from viewers.view_state import ViewState


@pytest.mark.parametrize(
    ("use", "kind"),
    [
        ("nhà ở", "house"), ("Nhà ở riêng lẻ", "house"), ("biệt thự", "house"), ("chung cư", "apartments"),
        ("nhà tập thể", "apartments"), ("văn phòng", "office"), ("trụ sở cơ quan", "office"),
        ("kinh doanh kết hợp ở", "mixed"), ("khách sạn", "commercial"), ("chợ", "commercial"),
        ("trường học", "public"), ("Bệnh viện", "public"), ("đền", "religious"), ("chùa", "religious"),
        ("nhà xưởng", "industrial"), ("residential", "house"), ("mixed", "mixed"), ("office", "office"),
        ("school", "public"), ("health", "public"), ("", "unknown"), ("yes", "unknown"),
    ],
)  # fmt: skip
def test_a_use_is_known_by_its_words_in_vietnamese_and_english(use, kind):
    assert PATTERNS[pattern_of(use)] == kind


def tile_of(layer):
    pyramid = open_pyramid(layer, origin=(588_000.0, 2_326_000.0, 0.0), folder=None)
    chunk = pyramid.tile(0)
    assert chunk is not None
    return pyramid, chunk


def test_each_wall_is_as_long_at_its_own_corner_as_its_outline_says():
    _, chunk = tile_of(buildings([(0, 0, 10, 4), (20, 0, 27, 9)], [9.0, 12.0]))
    found = wall_lengths(chunk.vertices, chunk.triangles, chunk.face_kind)
    # Walls begin at their lower corner or at the one above it: each length is told twice.
    for row, sides in ((0, {10.0, 4.0}), (1, {7.0, 9.0})):
        mine = found[chunk.vertex_row == row]
        assert set(np.round(mine[mine > 0], 4).tolist()) == sides


def test_storeys_are_the_stated_floors_unless_the_height_denies_them():
    layer = buildings([(0, 0, 10, 10)] * 3, [9.9, 9.9, 9.9])
    pyramid, chunk = tile_of(layer)
    floors = np.array([4, 0, 30], np.int16)  # 30 floors of 33 cm cannot be
    patterns = np.array([1, 0, 3], np.uint8)
    survey = pyramid.survey
    site = site_of(chunk, patterns, floors, survey.ground, survey.height, origin_z=-2.0)
    told = {int(r): site[chunk.vertex_row == r][0] for r in range(3)}
    assert [told[r][0] for r in range(3)] == [2.0] * 3  # ground above the scene's origin
    assert [told[r][3] // CODES for r in range(3)] == [4, round(9.9 / STOREY_M), 3]
    assert [told[r][3] % CODES for r in range(3)] == [1, 0, 3]


def test_homes_are_lit_in_the_evening_offices_until_eight_and_few_at_night():
    homes, offices, shops = lit_shares(21.5)
    assert homes > 3 * offices and shops > homes
    assert lit_shares(18.0)[1] > 2 * lit_shares(21.0)[1]
    assert max(lit_shares(3.0)) < 0.15
    assert lit_shares(24.0) == lit_shares(0.0)


def test_lamps_are_known_by_the_name_of_their_layer_and_light_a_disc_round_each():
    def layer(name):
        return FeatureLayer(
            id="points", name=name, crs=CRS, role="features",
            geometry=np.array([shapely.Point(EAST, NORTH)], object),
        )  # fmt: skip

    names = ("Đèn đường", "street lamps", "Cột đèn chiếu sáng", "Đền Ngọc Sơn", "cameras")
    assert [is_lamps(layer(name)) for name in names] == [True, True, True, False, False]
    vertices, triangles, row = pools(
        np.array([[5.0, 5.0, 2.0], [90.0, 0.0, 3.0]]), np.array([4, 9])
    )
    middle = vertices[triangles[:, 2]]
    assert set(map(tuple, middle.tolist())) == {(5.0, 5.0, 2.5), (90.0, 0.0, 3.5)}
    rim = np.linalg.norm((vertices[triangles[:, 0]] - middle)[:, :2], axis=1)
    assert (rim >= POOL_M).all()  # the light fades out before the disc ends
    assert row.tolist() == [4] * (len(row) // 2) + [9] * (len(row) // 2)


def test_a_house_that_becomes_an_office_gets_its_windows():
    city = city_of(buildings([(0, 0, 10, 10), (30, 0, 40, 10)], [12.0, 12.0]))
    layer = city.buildings_layer("buildings")
    with off_screen(city, ViewState(), (64, 48)) as scene:
        scene.screenshot()
        later = replace(layer, use=np.array(["nhà ở", "văn phòng"], object))
        scene.show(city.with_layer(later), ViewState())
        scene.screenshot()
        chunk = scene.visual("buildings").mesh.chunks[0]
        of_row = [chunk._site[chunk.chunk.vertex_row == row, 3] % CODES for row in (0, 1)]
    assert [set(codes.tolist()) for codes in of_row] == [
        {float(PATTERNS.index("house"))}, {float(PATTERNS.index("office"))},
    ]  # fmt: skip

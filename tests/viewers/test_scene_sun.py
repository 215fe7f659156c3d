"""The sun stands where the published algorithm says, and shadows are as long as they must be."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from layers.errors import CityError
from viewers.scene import shadow
from viewers.scene.rays import RayWorld
from viewers.scene.shadow import ray_scene, shadow_map, sky_map
from viewers.scene.sun import atmosphere, direction, place_of, sun_position, sun_vector


def box(x0, x1, y0, y1, z0, z1):
    vertices = np.array(
        [[x, y, z] for z in (z0, z1) for y in (y0, y1) for x in (x0, x1)], np.float32
    )
    triangles = np.array(
        [[0, 2, 1], [1, 2, 3], [4, 5, 6], [5, 7, 6], [0, 1, 4], [1, 5, 4],
         [2, 6, 3], [3, 6, 7], [0, 4, 2], [2, 4, 6], [1, 3, 5], [3, 7, 5]], np.int32
    )  # fmt: skip
    return vertices, triangles


def test_the_sun_stands_where_reda_and_andreas_put_it():
    """Table A5.1 of NREL/TP-560-34302: zenith 50.11162°, azimuth 194.34024°."""
    when = datetime(2003, 10, 17, 12, 30, 30, tzinfo=timezone(timedelta(hours=-7)))
    sun = sun_position(
        39.742476,
        -105.1786,
        when,
        altitude=1830.14,
        pressure=82000.0,
        temperature=11.0,
        delta_t=67.0,
    )
    assert 90 - sun.elevation == pytest.approx(50.11162, abs=1e-4)
    assert sun.azimuth == pytest.approx(194.34024, abs=1e-4)


def test_a_time_without_offset_is_refused():
    with pytest.raises(CityError):
        sun_position(21.0, 105.8, datetime(2026, 6, 21, 9, 30))


def test_the_vector_points_east_in_the_morning_and_up_at_ninety_degrees():
    assert direction(90.0, 0.0) == pytest.approx([1, 0, 0], abs=1e-12)
    assert direction(0.0, 0.0) == pytest.approx([0, 1, 0], abs=1e-12)
    assert direction(123.0, 90.0) == pytest.approx([0, 0, 1], abs=1e-12)


def test_grid_convergence_follows_its_formula():
    """tan γ = tan(λ − λ0) sin φ on the sphere; zone 48 has its meridian at 105° E."""
    latitude, longitude, convergence = place_of("EPSG:32648", 588_000.0, 2_326_000.0)
    expected = np.degrees(
        np.arctan(np.tan(np.radians(longitude - 105.0)) * np.sin(np.radians(latitude)))
    )
    assert convergence == pytest.approx(expected, abs=1e-3)
    assert convergence > 0.25


def test_over_hanoi_the_noon_sun_of_midsummer_stands_almost_overhead():
    """Declination 23.44°, latitude 21.03°: 2.4° from the zenith, to the north."""
    noon = datetime(2026, 6, 21, 11, 59, tzinfo=timezone(timedelta(hours=7)))
    sun = sun_vector("EPSG:32648", 588_000.0, 2_326_000.0, noon)
    assert np.degrees(np.arccos(sun[2])) == pytest.approx(2.41, abs=0.35)
    assert sun[1] > 0


@pytest.mark.parametrize("azimuth", [180.0, 225.0, 90.0])
def test_a_tower_of_thirty_metres_throws_thirty_metres_at_forty_five_degrees(azimuth):
    vertices, triangles = box(-5, 5, -5, 5, 0, 30)
    sun = direction(azimuth, 45.0)
    found = shadow_map(vertices, triangles, sun, (-80, 80, -80, 80, 0, 30), 1024)
    away = -sun[:2] / np.linalg.norm(sun[:2])
    edge = 5.0 / np.abs(away).max()

    def dark(distance: float) -> bool:
        ground = np.array([*(away * distance), 0.0, 1.0])
        u, v, depth = found.matrix @ ground
        return bool(depth < found.depth[int(v * 1024), int(u * 1024)] - 0.2)

    dark_up_to = max(d for d in np.arange(edge + 0.5, 70, 0.1) if dark(d))
    assert dark_up_to - edge == pytest.approx(30.0, abs=3 * found.texel + 0.1)


def test_open_ground_sees_the_sky_and_a_courtyard_does_not():
    parts = [box(-20, -10, -20, 20, 0, 15), box(10, 20, -20, 20, 0, 15)]
    heights, scale, shift = sky_map(
        [(ray_scene(parts), None)], (-100, 100, -100, 100, 0, 15), 512, floor=0.0
    )

    def around(x: float, y: float) -> float:
        u, v = x * scale[0] + shift[0], y * scale[1] + shift[1]
        return float(heights[int(v * 512), int(u * 512), 1])

    assert around(0, 0) > 3.0
    assert around(-90, -90) == pytest.approx(0.0, abs=0.1)


def test_at_night_the_sun_gives_no_light_and_windows_are_lit():
    night, noon = atmosphere(direction(0, -30)), atmosphere(direction(180, 60))
    assert night.sun_light == (0, 0, 0) and night.night == 1.0
    assert noon.night == 0.0 and sum(noon.sun_light) > 2 * sum(noon.sky_light) - 0.2
    assert sum(night.zenith) < 0.1 * sum(noon.zenith)


def test_a_large_solid_is_cast_in_pieces_and_says_the_same(monkeypatch):
    """Embree's Python keeps the lock while it copies triangles and builds a tree of them."""
    rng = np.random.default_rng(3)
    rays = {}
    for name, count in (("a", 700), ("b", 30), ("c", 400)):
        corners = rng.uniform(0, 100, (count, 1, 3)) + rng.uniform(0, 6, (count, 3, 3))
        triangles = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
        rays[name] = (corners.reshape(-1, 3).astype(np.float32), triangles, np.arange(count) // 2)
    shuffled = rng.permutation(3 * 400)
    back = np.argsort(shuffled).astype(np.int32)
    rays["c"] = (rays["c"][0][shuffled], back[rays["c"][1]], rays["c"][2])
    whole = RayWorld(rays)
    assert len(whole.parts()) == 1
    monkeypatch.setattr(shadow, "PIECE", 40)
    monkeypatch.setattr(shadow, "TREE", 200)
    pieces = RayWorld(rays)
    assert len(pieces.parts()) == 6  # 1,130 triangles
    counted = [len(part) for part in shadow.in_trees([40] * 12)]
    assert counted == [5, 5, 2]
    for origin, towards in zip(
        rng.uniform(-20, 120, (300, 3)), rng.normal(size=(300, 3)), strict=True
    ):
        along = towards / np.linalg.norm(towards)
        one, other = whole.first(origin, along), pieces.first(origin, along)
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert (one.layer, one.row) == (other.layer, other.row)
            assert one.distance == pytest.approx(other.distance, abs=1e-4)
            assert one.normal == pytest.approx(other.normal, abs=1e-5)

"""A large picture drawn in parts is the picture drawn at once."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import pyvista as pv
from scene_city import EAST, NORTH, block_city, city_of
from small_layers import buildings_layer
from vtkmodules.vtkRenderingCore import vtkCamera

from layers.kinds.pointcloud import PointCloudLayer
from layers.source import Source
from twin.style import Style
from viewers.scene.capture import capture
from viewers.scene.overlay import FURNITURE, LABELS, Overlay
from viewers.scene.scene import Scene
from viewers.scene.tiles import bands, part_of_view, tiles_of, window_size
from viewers.view_state import CameraPose, ViewState

WHOLE, WINDOW = (640, 400), (256, 192)


def drawn(city, pose, size, window, view):
    """The picture of `size`, drawn in windows of `window` pixels on a stage of its own."""
    plotter = pv.Plotter(off_screen=True, window_size=window, lighting="none")
    scene = Scene(plotter)
    try:
        scene.show(city, view)
        scene.camera.pose = pose
        rows = [band for _, band in bands(scene, size) if band is not None]
    finally:
        scene.close()
        plotter.close()
    return np.concatenate(rows).astype(int)


def test_parts_cover_the_picture_once_and_share_one_window():
    for size in ((7680, 4320), (641, 403), (3000, 300)):
        window = window_size(size, (320, 240))
        count = np.zeros((size[1], size[0]), int)
        for row in tiles_of(size, window):
            for tile in row:
                count[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width] += 1
                assert tile.left - tile.window_left + tile.width <= window[0]
                assert tile.top - tile.window_top + tile.height <= window[1]
        assert (count == 1).all()


def test_8k_is_drawn_in_windows_of_full_hd_and_small_pictures_at_once():
    assert window_size((7680, 4320)) == (1920, 1080)
    assert window_size((1280, 720)) == (1280, 720)
    assert len(tiles_of((1280, 720), (1280, 720))) == 1


def test_a_part_looks_through_its_share_of_the_frustum():
    # The right upper quarter of a 200 × 100 picture of 90°: rays from 0 to 2 across, 0 to 1 up.
    camera = vtkCamera()
    camera.SetPosition(0, 0, 0)
    camera.SetFocalPoint(0, 1, 0)
    camera.SetViewUp(0, 0, 1)
    camera.SetViewAngle(90.0)
    with part_of_view(camera, (200, 100), 100, 0, (100, 50)):
        assert camera.GetViewAngle() == pytest.approx(2 * math.degrees(math.atan(0.5)))
        matrix = camera.GetCompositeProjectionTransformMatrix(2.0, -1, 1)
        for across, up, x, y in ((0, 0, -1, -1), (2, 1, 1, 1), (1, 0.5, 0, 0), (2, 0, 1, -1)):
            found = matrix.MultiplyPoint((across * 5.0, 5.0, up * 5.0, 1.0))
            assert found[0] / found[3] == pytest.approx(x, abs=1e-9)
            assert found[1] / found[3] == pytest.approx(y, abs=1e-9)
    assert camera.GetViewAngle() == 90.0 and camera.GetWindowCenter() == (0.0, 0.0)


CLOSE = CameraPose(eye=(EAST + 40, NORTH - 90, 70), target=(EAST + 100, NORTH + 100, 0))
ABOVE = CameraPose(
    eye=(EAST + 100, NORTH + 100, 300),
    target=(EAST + 100, NORTH + 100, 0),
    up=(0.0, 1.0, 0.0),
    parallel_scale=110.0,
)


@pytest.mark.parametrize("pose", [CLOSE, ABOVE], ids=["perspective", "plan"])
def test_parts_and_whole_are_the_same_picture_with_shadows_and_edges(pose):
    city = block_city(10).with_style("buildings", Style(color_by="height"))
    at_once = drawn(city, pose, WHOLE, WHOLE, ViewState())
    in_parts = drawn(city, pose, WHOLE, WINDOW, ViewState())
    assert in_parts.shape == at_once.shape
    apart = np.abs(in_parts - at_once).max(axis=2)
    # Noise against bands and the last bit of a float may differ; anything that is seen may not.
    assert (apart > 6).mean() < 0.002 and np.median(apart) <= 1
    for seam in (192, 384):  # window of 256 less two margins of 32
        near = apart[:, seam - 2 : seam + 2]
        assert (near > 6).mean() < 0.006


def test_points_lit_by_their_neighbours_on_the_screen_have_no_seam():
    rng = np.random.default_rng(4)
    xyz = np.column_stack([rng.uniform(0, 200, (40_000, 2)), np.zeros(40_000)])
    xyz[:, 2] = 12.0 * (np.hypot(xyz[:, 0] - 100, xyz[:, 1] - 100) < 45)
    cloud = PointCloudLayer(
        id="points",
        name="Points",
        crs="EPSG:32648",
        xyz=xyz.astype(np.float32),
        offset=np.array([EAST, NORTH, 0.0]),
    )
    plain = ViewState(shadows=False, occlusion=False)
    at_once = drawn(city_of(cloud), CLOSE, WHOLE, WHOLE, plain)
    in_parts = drawn(city_of(cloud), CLOSE, WHOLE, WINDOW, plain)
    apart = np.abs(in_parts - at_once).max(axis=2)
    assert (apart > 12).mean() < 0.01
    assert abs(in_parts[:, 186:198].mean() - at_once[:, 186:198].mean()) < 0.5


def test_words_and_marks_of_the_screen_are_no_part_of_a_picture():
    plotter = pv.Plotter(off_screen=True, window_size=(200, 150), lighting="none")
    scene = Scene(plotter)
    try:
        scene.show(block_city(2), ViewState(shadows=False, occlusion=False))
        plain = scene.screenshot()
        below, above = (Overlay(scene.window, layer=layer) for layer in (LABELS, FURNITURE))
        red = np.full((20, 30, 4), (255, 0, 0, 255), np.uint8)
        below.image("label", red, 10, 10)
        above.image("compass", red, 100, 100)
        pixels = scene.screenshot().astype(int)
        is_red = (pixels[..., 0] > 200) & (pixels[..., 1] < 60)
        assert is_red.sum() == 600 and is_red[120:140, 10:40].all()
        assert not ((plain[..., 0] > 200) & (plain[..., 1] < 60)).any()
        scene.render()  # the screen itself shows both
        shown = capture(scene.window, lambda: None).astype(int)
        assert ((shown[..., 0] > 200) & (shown[..., 1] < 60)).sum() == 1200
        below.close()
        above.close()
    finally:
        scene.close()
        plotter.close()


def test_a_label_lies_where_its_place_is_in_every_part():
    plotter = pv.Plotter(off_screen=True, window_size=WINDOW, lighting="none")
    scene = Scene(plotter)
    place = np.array([EAST + 110.0, NORTH + 90.0, 5.0])
    found = []
    try:
        scene.show(block_city(2), ViewState(shadows=False, occlusion=False))
        for pose in (CLOSE, ABOVE):
            scene.camera.pose = pose
            whole = scene.camera.project(place, WHOLE)
            found.clear()
            scene.each_frame.append(lambda: found.append(scene.camera.project(place, WINDOW)))
            list(bands(scene, WHOLE))
            del scene.each_frame[:]
            corners = [
                (tile.window_left, WHOLE[1] - tile.window_top - WINDOW[1])
                for row in tiles_of(WHOLE, WINDOW)
                for tile in row
            ]
            seen = [
                (x + a, y + b)
                for (x, y), (a, b) in zip(found[-len(corners) :], corners, strict=True)
            ]
            assert np.array(seen) == pytest.approx(np.tile(whole, (len(corners), 1)))
    finally:
        scene.close()
        plotter.close()


def test_sources_are_named_once_with_their_licence():
    from viewers.picture import sources_of

    source = Source(path="a.gpkg", attribution="© OpenStreetMap contributors", licence="ODbL 1.0")
    one = replace(buildings_layer(), source=source)
    bare = replace(one, id="c", source=Source(path="c.laz", licence="CC0 1.0"))
    assert sources_of([one, replace(one, id="b"), bare]) == (
        "© OpenStreetMap contributors (ODbL 1.0) · CC0 1.0"
    )

"""A moving frame of a quarter of the pixels shows the same, and nobody else is told."""

from __future__ import annotations

import numpy as np
import pytest
import pyvista as pv
from scene_city import block_city
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

from viewers.scene.overlay import Overlay
from viewers.scene.scene import Scene
from viewers.view_state import ViewState

SIZE = (400, 300)


@pytest.fixture
def scene():
    plotter = pv.Plotter(off_screen=True, window_size=SIZE, lighting="none")
    made = Scene(plotter)
    made.show(block_city(12), ViewState())
    made.set_moving()
    yield made
    made.close()
    plotter.close()


def frame(scene: Scene) -> np.ndarray:
    """What the window shows now, uint8 (height, width, 3), row 0 below."""
    scene.budget.triangles = 60_000
    scene.render()
    found = vtkUnsignedCharArray()
    width, height = scene.window.GetSize()
    scene.window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, found)
    return vtk_to_numpy(found).reshape(height, width, 4)[..., :3].astype(int)


def halved(picture: np.ndarray) -> np.ndarray:
    height, width, _ = picture.shape
    return picture.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))


def test_a_quarter_of_the_pixels_shows_the_same_picture(scene):
    whole = frame(scene)
    scene.budget.fewer_pixels = True
    fewer = frame(scene)
    assert fewer.shape == whole.shape
    # Edges are blurred over a pixel or two; what lies between them is where it was.
    off = np.abs(halved(fewer) - halved(whole)).max(axis=2)
    assert np.median(off) <= 2 and off.mean() < 12
    sharpness = [np.abs(np.diff(picture, axis=1)).max() for picture in (whole, fewer)]
    assert sharpness[1] < sharpness[0]
    # Quarter by quarter the same houses: nothing is shifted, or left in a corner.
    for rows in (slice(0, 75), slice(75, 150)):
        for cols in (slice(0, 100), slice(100, 200)):
            a, b = halved(whole)[rows, cols], halved(fewer)[rows, cols]
            assert np.abs(a.mean(axis=(0, 1)) - b.mean(axis=(0, 1))).max() < 3
    scene.budget.fewer_pixels = False
    assert np.array_equal(frame(scene), whole)


def test_what_lies_under_a_pixel_is_found_between_such_frames(scene):
    scene.camera.pose = scene.camera.overview()
    frame(scene)
    before = scene.pick(200, 140)
    scene.budget.fewer_pixels = True
    frame(scene)
    assert scene.renderer.GetViewport() == (0.0, 0.0, 1.0, 1.0)
    found = scene.pick(200, 140)
    assert before is not None and found == before


def test_a_still_picture_has_all_its_pixels_and_labels_stay_sharp(scene):
    label = np.zeros((20, 40, 4), np.uint8)
    label[:, ::2] = 255  # stripes of a pixel
    overlay = Overlay(scene.window)
    overlay.image("stripes", label, 10, 10)
    scene.budget.fewer_pixels = True
    stripes = frame(scene)[12:28, 12:48].mean(axis=2)
    assert (stripes[:, ::2] > 250).all() and not (stripes[:, 1::2] > 250).any()
    scene.set_still()
    fine = scene.screenshot()
    scene.budget.fewer_pixels = False
    scene.set_still()
    assert np.array_equal(scene.screenshot(), fine)
    overlay.close()

"""Names over pictures that are drawn without a window, whole and in parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scene_city import CRS, EAST, NORTH, city_of
from shapely import box

from layers.kinds.features import FeatureLayer
from twin.city import City
from twin.style import Style
from viewers.picture_labels import labelled
from viewers.rendering import OVER, USUAL, speak
from viewers.scene.pictures import off_screen
from viewers.scene.tiles import bands
from viewers.view_state import CameraPose, ViewState

ABOVE = CameraPose(
    eye=(EAST, NORTH, 900.0), target=(EAST, NORTH, 0.0), up=(0.0, 1.0, 0.0), parallel_scale=200.0
)


@pytest.fixture(autouse=True)
def _words() -> None:
    speak("en")


def parks(*, named: bool) -> City:
    """Four squares with names, one of them in the very middle of the picture."""
    places = [(0, 0), (-160, 90), (150, -100), (-150, -110)]
    shapes = [box(EAST + x - 40, NORTH + y - 40, EAST + x + 40, NORTH + y + 40) for x, y in places]
    layer = FeatureLayer(
        id="green",
        name="green",
        crs=CRS,
        role="green",
        geometry=np.array(shapes, dtype=object),
        columns={"name": np.array(["Vườn Giữa", "Tây", "Đông", "Nam"], dtype=object)},
    )
    city = city_of(layer)
    return city.with_style("green", Style(label_by="name")) if named else city


def drawn(city: City, size: tuple[int, int], window: tuple[int, int] | None) -> np.ndarray:
    with (
        off_screen(city, ViewState(), window or size, camera=ABOVE) as scene,
        labelled(scene, size, USUAL),
    ):
        rows = [band for _, band in bands(scene, size, window) if band is not None]
    return np.concatenate(rows).astype(int)


def written(size: tuple[int, int], window: tuple[int, int] | None = None) -> np.ndarray:
    """Where words stand: what differs from the same picture without them."""
    return (
        np.abs(drawn(parks(named=True), size, window) - drawn(parks(named=False), size, window))
    ).max(axis=2) > 40


def test_a_picture_shows_the_names_that_styles_ask_for() -> None:
    assert "labels" in OVER and "labels" in USUAL
    words = written((640, 360))
    rows, columns = np.nonzero(words)
    # A name stands over the middle of its park.
    middle = words[140:182, 270:370]
    assert middle.sum() > 100
    assert words.sum() > middle.sum()
    assert len(rows) and columns.min() >= 0


def test_a_picture_in_parts_has_the_same_names_in_the_same_places_as_a_whole_one() -> None:
    """Three by three parts: the middle one looks straight ahead, as the whole picture does."""
    size = (660, 372)
    whole, parts = written(size), written(size, (288, 188))
    assert whole.sum() > 300
    both = (whole & parts).sum()
    assert both > 0.9 * max(whole.sum(), parts.sum())


def test_nothing_is_written_where_labels_are_not_asked_for() -> None:
    city = parks(named=True)
    with off_screen(city, ViewState(), (320, 180), camera=ABOVE) as scene:
        with labelled(scene, (320, 180), ()):
            without = scene.screenshot()
        with labelled(scene, (320, 180), ("labels",)):
            named = scene.screenshot()
        again = scene.screenshot()
    assert np.array_equal(without, again)
    assert not np.array_equal(without, named)


def test_a_layer_that_a_stop_hides_has_no_names() -> None:
    city = parks(named=True)
    hidden = ViewState(hidden=frozenset({"green"}))
    with off_screen(city, hidden, (320, 180), camera=ABOVE) as scene:
        bare = scene.screenshot()
        with labelled(scene, (320, 180), USUAL):
            assert np.array_equal(scene.screenshot(), bare)
            scene.show(city, replace(hidden, hidden=frozenset()))
            assert not np.array_equal(scene.screenshot(), bare)

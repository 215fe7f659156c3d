"""Colours of very many buildings are found by a worker, and are those of the last style."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from scene_city import block_city

from twin.edits.registry import SetStyle
from twin.style import Style
from viewers.scene import buildings_visual
from viewers.scene.colouring import distinct, of_buildings
from viewers.scene.off_screen import OffScreen
from viewers.scene.scene import Scene
from viewers.view_state import ViewState

PLAIN = ViewState(shadows=False, occlusion=False, edges=False)


@pytest.fixture
def scene():
    window = OffScreen((300, 200))
    made = Scene(window)
    yield made
    made.close()
    window.close()


@pytest.fixture
def many(monkeypatch):
    """Every layer counts as one of very many buildings; names of the threads that coloured."""
    threads = []

    def spied(layer, style):
        threads.append(threading.current_thread().name)
        if style.color_by == "height":
            time.sleep(0.2)
        return of_buildings(layer, style)

    monkeypatch.setattr(buildings_visual, "AT_ONCE", 0)
    monkeypatch.setattr(buildings_visual, "of_buildings", spied)
    return threads


def painted(scene):
    """The colour of each building as its faces show it."""
    found = {}
    for actor in scene.visual("buildings").mesh.chunks.values():
        for row in actor.chunk.rows.tolist():
            faces = actor.colours[actor.chunk.face_row == row]
            assert (faces == faces[0]).all()
            found[row] = faces[0].tolist()
    return [found[row] for row in sorted(found)]


def styled(city, by):
    return SetStyle(layer="buildings", style=Style(color_by=by)).apply(city)


def test_workers_colour_and_the_picture_waits_for_them_where_it_may(scene, many):
    city = styled(block_city(3), "height")
    scene.show(city, PLAIN)
    layer = city.layers["buildings"]
    colours, legend = of_buildings(layer, city.style("buildings"))
    assert painted(scene) == colours.tolist()
    assert scene.legends == (legend,)
    assert many and all(name.startswith("dothi-tiles") for name in many)


def test_a_window_goes_on_with_the_colours_before_and_the_last_style_wins(scene, many):
    city = block_city(3)
    scene.show(city, PLAIN)
    before = painted(scene)
    scene.patient = False
    scene.show(styled(city, "height"), PLAIN)
    assert painted(scene) == before
    last = styled(city, "method")
    scene.show(last, PLAIN)
    scene.show(last, replace(PLAIN, hidden=frozenset({"buildings"})))
    scene.show(last, PLAIN)
    scene.set_still()
    colours, legend = of_buildings(last.layers["buildings"], last.style("buildings"))
    assert painted(scene) == colours.tolist()
    assert scene.legends == (legend,)


def test_texts_are_told_apart_as_people_read_them():
    values = np.array(["b", None, float("nan"), "a", "b", "", 3, np.nan], object)
    names, which, counts = distinct(values)
    assert names.tolist() == ["", "3", "a", "b"]
    assert which.tolist() == [3, 0, 0, 2, 3, 0, 1, 0]
    assert counts.tolist() == [4, 1, 1, 2]

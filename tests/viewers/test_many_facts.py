"""Counts and sums of many chosen things, checked by hand; very many are summed up in a worker."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from small_layers import EAST, NORTH, buildings_layer, points_layer, roads_layer

from layers.frame import Frame
from twin.city import City
from viewers.i18n import set_language
from viewers.panels import inspector
from viewers.panels.inspector import Inspector
from viewers.panels.many_facts import facts_of_many
from viewers.view_state import Rows


@pytest.fixture
def town() -> City:
    layer = buildings_layer()
    boxes = [shapely.box(EAST + 30 * i, NORTH, EAST + 30 * i + 10, NORTH + 20) for i in range(3)]
    layer = replace(
        layer,
        ids=np.array(["a", "b", "c"], object), footprints=np.array(boxes, object),
        ground=np.full(3, 5.0), height=np.array([10, 20, 6], np.float32),
        method=np.array([0, 3, 0], np.uint8), points=np.zeros(3, np.int32),
        rmse=np.full(3, np.nan, np.float32), floors=np.array([3, 0, 2], np.int16),
        use=np.array(["residential", "", "chợ"], object), lod=np.ones(3, np.uint8), columns={},
    )  # fmt: skip
    layers = [layer, roads_layer(), points_layer()]
    frame = Frame.around(layer.crs, layer.bounds)
    return City(name="x", frame=frame, layers={one.id: one for one in layers})


def test_buildings_are_summed_up(town):
    facts = facts_of_many(town, Rows({"buildings": [0, 1, 2], "roads": [0]}))
    said = dict(facts.measured)
    assert facts.title == "4 selected"
    assert said["Footprint area"] == "600.0 m²"
    assert said["Floor area"] == "1,000.0 m²"  # 200 × 3 + 200 × 2
    assert said["Floors known"] == "67 %"
    assert said["Volume"] == "7,200 m³"  # 200 × (10 + 20 + 6)
    assert said["Heights"] == "6.0 – 20.0 m" and said["Mean height"] == "12.0 m"
    assert said["Floors"] == "2 – 3" and said["Length"] == "60.0 m"
    kinds = dict(facts.attributes)
    assert kinds["residential"] == "1"
    assert kinds["chợ"] == "1" and kinds["Use unknown"] == "1"
    assert kinds["Measured by LiDAR"] == "2"


def test_edited_heights_count(town):
    edited = town.with_building_change("buildings", "a", height=14.0)
    said = dict(facts_of_many(edited, Rows({"buildings": [0, 2]})).measured)
    assert said["Heights"] == "6.0 – 14.0 m"


def test_points_have_a_range_of_heights(town):
    said = dict(facts_of_many(town, Rows({"points": [0, 2]})).measured)
    assert said["Heights"] == "6.0 – 18.0 m"


def test_very_many_are_asked_for_and_late_sums_are_dropped(qtbot, town, monkeypatch):
    monkeypatch.setattr(inspector, "SUMS_AT_ONCE", 2)
    panel = Inspector()
    qtbot.addWidget(panel)
    rows, fewer = Rows({"buildings": [0, 1, 2]}), Rows({"buildings": [0, 1]})
    with qtbot.waitSignal(panel.sums_asked, timeout=1000) as asked:
        assert panel.show_many(town, rows)
    assert panel._kind.text() == "Summing up…" and asked.args[1] == rows
    panel.show_sums(town, rows, facts_of_many(town, rows))
    assert panel._measured.rowCount() > 3
    panel.show_many(town, fewer)
    panel.show_sums(town, rows, facts_of_many(town, rows))
    assert panel._title.text() == "2 selected"
    set_language("vi")
    panel.retranslate()
    assert panel._title.text() == "Đã chọn 2"
    assert not panel.show_many(town, Rows({"buildings": [1]}))

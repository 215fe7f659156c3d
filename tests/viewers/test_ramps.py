"""Ramps and palettes: told apart by everyone; classes and legends say what they hold."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from colour_vision import VISION, difference, lab
from small_layers import buildings_layer

from twin.style import Palette, Ramp, Style
from viewers.i18n import set_language
from viewers.legends import said_entry
from viewers.scene.colouring import (
    METHOD_COLOURS,
    USE_COLOURS,
    by_category,
    by_number,
    of_buildings,
)
from viewers.scene.ramps import UNKNOWN, Scale, palette, rgb, table

NEIGHBOURS = {5: 8.0, 7: 5.0, 9: 4.0}
"""ΔE 2000 that neighbouring classes of a ramp keep at least, by how many classes there are."""
APART = {"calm": 12.0, "okabe": 10.0, "tol": 8.0}
"""ΔE 2000 between any two categories, and between each and “no value”."""


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [  # Sharma, Wu, Dalal 2005, table 1: pairs 1, 7, 9, 13, 17, 25, 31
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0009), 7.1792),
        ((50.0, -0.001, 2.49), (50.0, 0.0009, -2.49), 4.8045),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((90.8027, -2.0831, 1.441), (91.1528, -1.6435, 0.0447), 1.4441),
    ],
)
def test_the_measure_agrees_with_published_pairs(one, other, expected):
    assert difference(np.array(one), np.array(other)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("ramp", get_args(Ramp))
@pytest.mark.parametrize("vision", VISION)
def test_neighbouring_classes_of_every_ramp_differ_for_everyone(ramp, vision):
    for count, least in NEIGHBOURS.items():
        steps = Scale(ramp=ramp, low=0, high=1, inner=tuple(range(1, count))).steps()
        seen = lab(steps, vision)
        assert difference(seen[:-1], seen[1:]).min() >= least, count


@pytest.mark.parametrize("ramp", [r for r in get_args(Ramp) if r != "vik"])
def test_ramps_go_one_way_in_lightness_so_that_greys_keep_their_order(ramp):
    lightness = lab(table(ramp)[::8])[:, 0]
    turned = np.diff(lightness) * np.sign(lightness[-1] - lightness[0])
    assert turned.min() > -0.4


def test_the_ramp_with_two_ends_is_light_in_the_middle():
    lightness = lab(table("vik"))[:, 0]
    assert 120 <= int(np.argmax(lightness)) <= 136
    assert abs(lightness[0] - lightness[-1]) < 10


@pytest.mark.parametrize("name", ["viridis", "cividis", "magma"])
def test_ramps_of_matplotlib_are_matplotlibs(name):
    maps = pytest.importorskip("matplotlib", reason="compared with it where it is installed")
    theirs = maps.colormaps[name](np.linspace(0, 1, 256))[:, :3] * 255
    assert difference(lab(table(name)), lab(theirs)).max() < 5.0


def apart(colours: list[str], vision: str) -> float:
    seen = lab(np.array([rgb(c) for c in colours] + [UNKNOWN]), vision)
    between = difference(seen[:, None], seen[None])
    np.fill_diagonal(between, np.inf)
    return float(between.min())


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("name", get_args(Palette))
def test_any_two_categories_differ_for_everyone(name, vision):
    assert apart(palette(name), vision) >= APART[name]


@pytest.mark.parametrize("vision", VISION)
def test_uses_and_methods_differ_for_everyone(vision):
    assert apart(list(dict.fromkeys(USE_COLOURS.values())), vision) >= APART["calm"]
    methods = [c for name, c in METHOD_COLOURS.items() if name != "default"]
    assert (
        apart(methods, vision) >= APART["calm"]
    )  # the assumed ones are as grey as what is unknown


def test_a_reversed_ramp_begins_where_it_ended():
    assert (table("blues", True) == table("blues")[::-1]).all()
    plain = Scale(ramp="blues", low=0, high=1)
    turned = Scale(ramp="blues", low=0, high=1, reverse=True)
    assert (plain([0.0]) == turned([1.0])).all()


def test_each_class_has_one_colour_its_range_and_its_count():
    values = np.array([1.0, 2.0, 2.5, 7.0, 9.0, np.nan])
    style = Style(classing="manual", breaks=(2.0, 7.0), ramp="cividis", no_value="#ff0000")
    colours, legend = by_number(values, style, layer="a", title="Height", unit="m")
    assert [entry.count for entry in legend.entries] == [1, 2, 2, 1]
    assert [entry.label for entry in legend.entries] == ["1 – 2", "2 – 7", "7 – 9", "no value"]
    assert len(np.unique(colours[:5], axis=0)) == 3
    assert (colours[1] == colours[2]).all() and (colours[3] == colours[4]).all()
    assert colours[5].tolist() == [255, 0, 0]
    assert legend.entries[-1].color == "#ff0000"
    assert not legend.ramp


def test_limits_beyond_the_values_leave_open_classes():
    style = Style(classing="manual", breaks=(0.0, 100.0))
    _, legend = by_number(np.array([5.0, 6.0]), style, layer="a", title="t")
    assert [entry.label for entry in legend.entries] == ["< 0", "0 – 100", "≥ 100"]
    assert [entry.count for entry in legend.entries] == [0, 2, 0]


def test_limits_are_round_enough_to_be_read():
    rng = np.random.default_rng(1)
    style = Style(classing="natural", classes=5)
    _, legend = by_number(rng.gamma(2.0, 7.123, 4000), style, layer="a", title="t")
    for entry in legend.entries:
        assert entry.low == round(entry.low, 1)
    assert sum(entry.count for entry in legend.entries) == 4000


def test_ranges_are_written_as_the_language_writes_numbers():
    style = Style(classing="manual", breaks=(2.5,))
    _, legend = by_number(np.array([1.0, 1234.0]), style, layer="a", title="t")
    assert [said_entry(entry) for entry in legend.entries] == ["1 – 2.5", "2.5 – 1,234"]
    set_language("vi")
    assert [said_entry(entry) for entry in legend.entries] == ["1 – 2,5", "2,5 – 1.234"]


def test_own_colours_go_before_the_palette_and_rare_ones_share_grey():
    values = np.array(["a"] * 3 + ["b"] * 2 + [f"r{k}" for k in range(15)] + [""], dtype=object)
    style = Style(colors=(("b", "#123456"),), palette="okabe")
    colours, legend = by_category(values, style, layer="a", title="t")
    assert colours[3].tolist() == [0x12, 0x34, 0x56]
    assert colours[0].tolist() == rgb(palette("okabe")[0]).tolist()
    found = {entry.label: entry.count for entry in legend.entries}
    assert found["a"] == 3 and found["b"] == 2 and found["no value"] == 1
    assert found["other"] == 15 - (len(palette("okabe")) - 1)
    assert sum(found.values()) == len(values)


def test_buildings_are_coloured_by_classes():
    layer = buildings_layer()
    layer = replace(layer, height=np.linspace(4, 30, layer.count).astype(np.float32))
    style = Style(color_by="height", classing="quantile", classes=2)
    colours, legend = of_buildings(layer, style)
    assert len(np.unique(colours, axis=0)) == len(legend.entries) == 2
    assert sum(entry.count for entry in legend.entries) == layer.count


def test_a_style_of_before_is_read_as_it_was():
    import msgspec

    old = b'{"color":"","color_by":"height","ramp":"calm","low":0.0,"high":30.0,"opacity":0.5,"size":0.0}'
    style = msgspec.json.decode(old, type=Style)
    assert style == Style(color_by="height", ramp="calm", low=0.0, high=30.0, opacity=0.5)
    assert style.way is None

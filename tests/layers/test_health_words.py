"""Every sentence that an assessment says has its Vietnamese one."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import shapely

from layers.health.assess import assess
from layers.health.records import Assessment
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.pointcloud import PointCloudLayer
from layers.readers.registry import ReadOptions, read

WORDS = Path(__file__).parents[2] / "resources" / "translations" / "health.vi.json"
PLACE = re.compile(r"\{(\w+)\}")


@pytest.fixture(scope="module")
def words() -> dict[str, str]:
    return json.loads(WORDS.read_text(encoding="utf-8"))


def untold(one: Assessment, words: dict[str, str]) -> set[str]:
    patterns = [
        re.compile("(.+)".join(map(re.escape, re.split(r"\{\w+\}", english))), re.DOTALL)
        for english in words
    ]
    said = {sentence for issue in one.issues for sentence in (issue.what, issue.fix)}
    return {s for s in said if not any(pattern.fullmatch(s) for pattern in patterns)}


def test_translations_keep_their_places_and_are_composed(words):
    for english, said in words.items():
        assert set(PLACE.findall(english)) == set(PLACE.findall(said)), english
        assert said == unicodedata.normalize("NFC", said)
        assert english.endswith(".") == said.endswith("."), english


def test_what_is_said_of_bad_layers_can_be_said_in_vietnamese(words):
    outlines = shapely.box(np.arange(20) * 0.5, 0, np.arange(20) * 0.5 + 0.9, 1)
    bad = FeatureLayer(
        id="f",
        name=" F",
        crs="EPSG:5897",
        geometry=np.asarray(outlines, dtype=object),
        columns={
            "height": np.full(20, 1.2),
            "floors": np.full(20, 3),
            "name": np.array(["®­êng", "Hµ Néi"] * 10, dtype=object),
        },
        role="footprints",
    )
    cloud = PointCloudLayer(
        id="p",
        name="P",
        crs="EPSG:4326",
        offset=(105.0, 21.0, 0.0),
        xyz=np.zeros((9, 3), dtype=np.float32),
    )
    heights = np.array([[1, 7, np.nan], [2, -9999, 7], [1, 5, 1]])
    grid = ElevationLayer(
        id="e", name="E", crs="EPSG:5897", heights=heights, west=0, north=1, cell_x=1, cell_y=1
    )
    for layer in (bad, cloud, grid):
        one = assess(layer, context=[bad, cloud, grid], today=date(2026, 6, 1))
        assert untold(one, words) == set()


@pytest.mark.data
def test_what_is_said_of_hoan_kiem_can_be_said_in_vietnamese(data, words):
    path = data / "hanoi" / "hoan_kiem" / "buildings.shp"
    (layer,) = read(path, ReadOptions(role="footprints"))
    assert untold(assess(layer), words) == set()

"""Finding things by what is written about them."""

from __future__ import annotations

import time

import numpy as np
import pytest
import shapely

from layers.errors import Cancelled
from layers.frame import Frame
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.progress import Progress
from twin.city import City
from twin.search import MOST, Search, folded

CRS = "EPSG:5897"


def houses(ids, **columns) -> BuildingsLayer:
    count = len(ids)
    return BuildingsLayer(
        id="houses", name="Houses", crs=CRS, ids=np.array(ids, object),
        footprints=np.full(count, shapely.box(0, 0, 10, 10)), ground=np.zeros(count),
        height=np.full(count, 5, np.float32), method=np.zeros(count, np.uint8),
        points=np.zeros(count, np.int32), rmse=np.full(count, np.nan, np.float32),
        floors=np.zeros(count, np.int16), use=np.array(["residential"] * count, object),
        lod=np.ones(count, np.uint8), columns=columns,
    )  # fmt: skip


def roads(names) -> FeatureLayer:
    lines = [shapely.LineString([(0, i), (9, i)]) for i in range(len(names))]
    return FeatureLayer(
        id="roads", name="Roads", crs=CRS, role="roads", geometry=np.array(lines, object),
        columns={"name": np.array(names, object), "lanes": np.arange(len(names))},
    )  # fmt: skip


def city_of(*layers) -> City:
    return City(name="x", frame=Frame(crs=CRS), layers={one.id: one for one in layers})


def test_folding_leaves_plain_letters():
    assert folded("Hoàn Kiếm – ĐƯỜNG Trần Hưng Đạo") == "hoan kiem – duong tran hung dao"
    assert folded("Phường Hàng Bạc") == folded("PHƯỜNG HÀNG BẠC")


def test_words_without_marks_find_words_with_them():
    city = city_of(
        houses(["a1", "a2"], dia_chi=np.array(["12 Hàng Bạc, Hoàn Kiếm", "3 Hàng Đào"], object)),
        roads(["Hàng Bạc", "Đinh Tiên Hoàng", None]),
    )
    search = Search()
    found = search.ask(city, "hoan kiem").found
    assert [(f.layer, f.row, f.column) for f in found] == [("houses", 0, "dia_chi")]
    assert found[0].value == "12 Hàng Bạc, Hoàn Kiếm"
    assert [(f.layer, f.row) for f in search.ask(city, "Hàng bạc").found] == [
        ("roads", 0),
        ("houses", 0),
    ]
    assert search.ask(city, "hang dao").found[0].title == "3 Hàng Đào"
    assert [(f.layer, f.row) for f in search.ask(city, "kiem bac").found] == [("houses", 0)]
    assert search.ask(city, "DINH TIEN").found[0].title == "Đinh Tiên Hoàng"
    assert search.ask(city, "không có").found == () and search.ask(city, "  ").found == ()


def test_what_is_written_exactly_so_comes_first():
    city = city_of(houses(["b-10", "b-1", "x b-1", "ab-1"]))
    assert [f.row for f in Search().ask(city, "b-1").found] == [1, 0, 2, 3]


def test_numbers_are_found_and_line_breaks_split_nothing():
    city = city_of(
        houses(["1", "2"], parcel=np.array([4711, 12]), note=np.array(["a\nb", None], object))
    )
    assert [(f.row, f.column) for f in Search().ask(city, "4711").found] == [(0, "parcel")]
    assert [f.row for f in Search().ask(city, "a b").found] == [0]


def test_a_layer_is_read_again_only_when_it_is_another():
    one, other = houses(["a"]), roads(["x"])
    search = Search()
    search.ask(city_of(one, other), "a")
    kept = search._texts["houses"]
    search.ask(city_of(one), "a")
    assert search._texts == {"houses": kept}
    search.ask(city_of(houses(["b"])), "b")
    assert search._texts["houses"] is not kept


def test_many_answers_are_cut_and_said_to_be():
    city = city_of(houses([f"h{i}" for i in range(MOST + 50)]))
    answer = Search().ask(city, "h")
    assert len(answer.found) == MOST and answer.more


def test_reading_can_be_stopped():
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        Search().ask(city_of(houses(["a"])), "a", progress)


@pytest.mark.slow
def test_a_million_rows_answer_at_once_when_read():
    count = 1_000_000
    street = np.array([f"{i % 300} Phố Hàng Bạc, Hoàn Kiếm" for i in range(1000)], object)
    layer = houses([f"id-{i}" for i in range(count)], dia_chi=np.tile(street, count // 1000))
    city = city_of(layer)
    search = Search()
    search.read(city)
    for asked, row in (("id-999999", 999_999), ("id-500000", 500_000), ("299 pho hang bac", 299)):
        begun = time.process_time()  # of this process: others may keep the machine busy
        answer = search.ask(city, asked)
        assert time.process_time() - begun < 0.5
        assert answer.found[0].row == row

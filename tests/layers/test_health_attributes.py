"""Checks of attributes, texts and provenance on layers whose faults are written out."""

from __future__ import annotations

import os
import unicodedata
from datetime import UTC, date, datetime

import numpy as np
import pytest
import shapely

from layers.health.finding import Finding
from layers.health.place import metres_per_unit
from layers.health.provenance import survey_date
from layers.health.registry import check_of
from layers.health.subject import Subject
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from layers.notices import Notice
from layers.source import Source

TODAY = date(2026, 6, 1)
LYON_FEET = "EPSG:2277"  # Texas Central in US survey feet


def trees(columns=None, *, crs="EPSG:5897", source=None, n=12, x=587000.0, y=2325000.0, **more):
    places = shapely.points(x + np.arange(n), np.full(n, y))
    return FeatureLayer(
        id="t",
        name=more.pop("name", "Trees"),
        crs=crs,
        geometry=np.asarray(places, dtype=object),
        role="trees",
        columns=columns or {},
        source=source,
        **more,
    )


def run(code: str, layer: Layer, *context: Layer) -> Finding | None:
    return check_of(code).run(Subject(layer, context, today=TODAY))


def source(**more) -> Source:
    return Source(path="/nowhere/trees.gpkg", driver="GPKG", crs_from="file", **more)


def texts(*values: str | None) -> np.ndarray:
    return np.array(values, dtype=object)


# -- attributes -----------------------------------------------------------------------------


def test_empty_values_are_counted_in_every_column():
    columns = {
        "name": texts("a", "", None, " ", *["b"] * 8),  # 3 empty
        "height": np.array([np.nan, *range(11)], dtype=float),  # 1 empty
        "count": np.arange(12),  # none
    }
    finding = run("attributes-filled", trees(columns))
    assert finding.bad == pytest.approx(4 / 36)
    assert {found.what: found.count for found in finding.found} == {
        "“name” is empty in 3 of 12 rows": 3,
        "“height” is empty in 1 of 12 rows": 1,
    }
    assert finding.found[1].where == ((587000.0, 2325000.0),)


def test_a_column_that_always_says_the_same_tells_nothing():
    columns = {
        "type": texts(*["Polygon"] * 12),
        "nothing": texts(*[None] * 12),
        "id": np.arange(12),
        "zero": np.zeros(12),
    }
    finding = run("constant-columns", trees(columns))
    assert (finding.count, finding.total) == (3, 4)


def test_few_rows_prove_no_column_constant():
    assert run("constant-columns", trees({"type": np.zeros(3)}, n=3)) is None


def test_identifiers_must_be_there_and_differ():
    columns = {"code": texts("a", "a", "b", None, *"cdefghij")}
    layer = trees(columns, id_column="code")
    assert (run("ids-present", layer).count, run("ids-present", layer).total) == (1, 12)
    assert (run("ids-unique", layer).count, run("ids-unique", layer).total) == (1, 11)


def test_without_an_identifier_one_that_would_do_is_named():
    finding = run("ids-present", trees({"osm_id": np.arange(12)}))
    assert finding.count == 12
    assert "osm_id" in finding.found[0].what


def test_identifiers_that_the_builder_made_unique_were_not():
    notices = (Notice(code="ids-repeated", what="2 repeated", count=2),)
    layer = trees({"code": np.arange(12)}, id_column="code", notices=notices)
    assert run("ids-unique", layer).count == 2


def test_texts_read_with_the_wrong_encoding_are_found_among_good_ones():
    good = ["Hoàn Kiếm", "Đường Láng", "Phố Huế", "Ngõ 12"]
    bad = [name.encode().decode("cp1252", errors="replace") for name in ("Phố Vọng", "Cầu Gỗ")]
    finding = run("texts-readable", trees({"name": texts(*good, *bad, *good, None, "x")}))
    assert (finding.count, finding.total) == (2, 7)
    assert len(finding.found[0].where) == 2


def test_tcvn3_taken_for_latin_1_is_found_and_french_is_not():
    tcvn3 = ["®­êng", "Hµ Néi", "quËn Hoµn KiÕm", "ph­êng Cöa Nam"]
    assert run("texts-readable", trees({"name": texts(*tcvn3 * 3)})).count == 4
    french = ["Châtelaillon", "île de Ré", "église", "Besançon"]
    assert run("texts-readable", trees({"name": texts(*french * 3)})).count == 0


def test_decomposed_vietnamese_does_not_match_itself_and_is_found():
    name = "Hồ Hoàn Kiếm"
    layer = trees({"name": texts(*[name, unicodedata.normalize("NFD", name)] * 6)})
    finding = run("texts-composed", layer)
    assert (finding.count, finding.total) == (1, 2)


def test_names_of_layer_and_columns_must_be_tidy():
    layer = trees(
        {" id": np.arange(12), "ok": np.arange(12)}, name=unicodedata.normalize("NFD", "Cây")
    )
    finding = run("names-composed", layer)
    assert (finding.count, finding.total) == (2, 3)


def test_a_measure_says_its_unit_in_its_name():
    columns = {
        "height": np.arange(12.0),
        "height_m": np.arange(12.0),
        "area_m2": np.arange(12.0),
        "kind": texts(*"abcdefghijkl"),
        "count": np.arange(12),
    }
    finding = run("units-named", trees(columns))
    assert (finding.count, finding.total) == (1, 3)


# -- provenance -----------------------------------------------------------------------------


def test_a_crs_given_by_a_person_is_half_as_good_as_one_in_the_file():
    def bad(crs_from):
        return run("crs-stated", trees(source=Source(path="x", crs_from=crs_from))).bad

    assert [bad("file"), bad("given"), bad("")] == [0.0, 0.5, 1.0]
    assert run("crs-stated", trees(source=Source(path="", crs_from="derived"))) is None


def test_data_lies_inside_the_area_of_its_crs():
    assert run("crs-plausible", trees()).bad == 0.0
    # The same numbers in Lambert 93 lie in France's waters off Spain, far south of its area.
    assert run("crs-plausible", trees(crs="EPSG:2154")).bad == 1.0


def test_projected_numbers_are_no_degrees():
    assert run("crs-plausible", trees(crs="EPSG:4326")).bad == 1.0


def test_geocentric_coordinates_are_none_of_a_map():
    assert run("crs-plausible", trees(crs="EPSG:4978")).bad == 1.0


def test_feet_and_degrees_are_no_metres():
    assert run("unit-metre", trees()).bad == 0.0
    assert run("unit-metre", trees(crs="EPSG:4326", x=105.8, y=21.0)).bad == 0.3
    feet = run("unit-metre", trees(crs=LYON_FEET, x=3_100_000, y=10_070_000))
    assert feet.bad == 1.0
    assert "foot" in feet.found[0].what


def test_the_ground_under_a_unit_is_measured_on_the_ellipsoid():
    # WGS 84 at 21° N: one degree of longitude is 103 967 m, of latitude 110 706 m
    # (a cos φ / √(1 − e² sin² φ) and a (1 − e²) / (1 − e² sin² φ)^1.5, times π / 180).
    east, north = metres_per_unit("EPSG:4326", (105.0, 20.5, 106.0, 21.5))
    assert east == pytest.approx(103_967, rel=1e-4)
    assert north == pytest.approx(110_706, rel=1e-4)
    assert metres_per_unit("EPSG:32648", (587000, 2324000, 588000, 2325000)) == (1.0, 1.0)
    feet = metres_per_unit(LYON_FEET, (3_100_000, 10_070_000, 3_101_000, 10_071_000))
    assert feet == pytest.approx((0.3048, 0.3048), rel=1e-3)


def test_a_crs_without_a_code_is_not_registered():
    own = "+proj=tmerc +lat_0=0 +lon_0=105.123 +k=0.9999 +x_0=500000 +ellps=WGS84 +units=m"
    assert run("crs-registered", trees(crs=own)).bad == 1.0
    assert run("crs-registered", trees()).bad == 0.0


def test_layers_in_another_crs_are_counted():
    others = (trees(), trees(crs="EPSG:4326", x=105.8, y=21.0))
    finding = run("crs-common", trees(), *others)
    assert (finding.count, finding.total) == (1, 2)
    assert run("crs-common", trees()) is None


def test_licence_owner_and_date_must_be_stated():
    bare, full = source(), source(licence="ODbL 1.0", attribution="OSM", date="2025-11-30")
    assert [run(c, trees(source=bare)).bad for c in ("licence-stated", "date-stated")] == [1.0, 1.0]
    assert run("source-stated", trees(source=bare)).bad == 0.5
    assert run("source-stated", trees()).bad == 1.0
    for code in ("licence-stated", "source-stated", "date-stated"):
        assert run(code, trees(source=full)).bad == 0.0


def test_age_counts_beyond_the_first_year_over_ten_years():
    def bad(text):
        return run("source-age", trees(source=source(date=text))).bad

    assert bad("2026-05-01") == 0.0
    assert bad("2020-06-01") == pytest.approx(0.5, abs=0.002)  # six years: five of ten
    assert bad("2009") == 1.0
    assert bad("2031") == 1.0  # a date in the future is wrong
    assert run("source-age", trees(source=source(date="unknown"))) is None


def test_terrain_ages_half_as_fast():
    cloud = PointCloudLayer(
        id="p",
        name="P",
        crs="EPSG:5897",
        offset=(587000.0, 2325000.0, 0.0),
        xyz=np.zeros((3, 3), dtype=np.float32),
        source=source(date="2020-06-01"),
    )
    assert run("source-age", cloud).bad == pytest.approx(0.25, abs=0.002)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019", date(2019, 7, 1)),
        ("2019-03", date(2019, 3, 15)),
        ("2019-03-31", date(2019, 3, 31)),
        ("surveyed 2019", date(2019, 7, 1)),
        ("2019-13-45", date(2019, 7, 1)),
        ("", None),
        ("120190", None),
    ],
)
def test_dates_are_read_from_what_people_write(text, expected):
    assert survey_date(Source(path="", date=text)) == expected


def test_formats_are_open_lossy_or_closed():
    def bad(driver):
        return run("open-format", trees(source=Source(path="x", driver=driver))).bad

    assert [bad("GPKG"), bad("OpenStreetMap"), bad("ESRI Shapefile"), bad("DWG")] == [0, 0, 0.3, 1]


def test_texts_in_an_old_encoding_cost_half():
    def bad(encoding):
        layer = trees({"n": texts(*["Hồ"] * 12)}, source=source(encoding=encoding))
        return run("encoding-common", layer).bad

    assert [bad("utf-8"), bad("tcvn3"), bad("")] == [0.0, 0.5, 1.0]
    assert run("encoding-common", trees({"n": texts(*["lake"] * 12)}, source=source())) is None


def test_a_file_that_changed_after_reading_is_noticed(tmp_path):
    path = tmp_path / "trees.csv"
    path.write_text("a")
    stat = path.stat()
    read = Source(
        path=str(path),
        size=stat.st_size,
        modified=datetime.fromtimestamp(stat.st_mtime, UTC).isoformat(),
    )
    assert run("source-unchanged", trees(source=read)).bad == 0.0
    os.utime(path, (stat.st_atime, stat.st_mtime + 60))
    assert run("source-unchanged", trees(source=read)).bad == 1.0
    path.unlink()
    assert run("source-unchanged", trees(source=read)).bad == 0.5


def test_heights_say_what_they_are_above():
    def buildings(vertical):
        return BuildingsLayer(
            id="b",
            name="B",
            crs="EPSG:5897",
            vertical=vertical,
            ids=texts("a"),
            footprints=np.array([shapely.box(587000, 2325000, 587010, 2325010)], dtype=object),
            ground=[5.0],
            height=[10.0],
            method=[0],
            points=[10],
            rmse=[0.1],
            floors=[3],
            use=texts(""),
            lod=[1],
        )

    assert run("vertical-stated", buildings("")).bad == 1.0
    assert run("vertical-stated", buildings("Hon Dau 1972")).bad == 0.0
    assert run("vertical-stated", trees()) is None


def test_feet_that_were_assumed_are_half_stated():
    def bad(*codes):
        cloud = PointCloudLayer(
            id="p",
            name="P",
            crs="EPSG:5897",
            offset=(587000.0, 2325000.0, 0.0),
            xyz=np.zeros((3, 3), dtype=np.float32),
            notices=tuple(Notice(code=code, what=code) for code in codes),
        )
        return run("height-unit-stated", cloud).bad

    assert bad() == 0.0
    assert bad("heights-assumed-feet") == 0.5
    assert bad("heights-assumed-feet", "height-unit-unknown") == 1.0

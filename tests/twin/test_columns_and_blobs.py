"""Attributes, outlines and arrays come out of the file bit by bit as they went in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from cities import differences
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from layers.errors import CityError
from twin.project import blobs
from twin.project.cache import Cache
from twin.project.columns import decoded, encoded, spec_of, table_columns
from twin.project.database import Database
from twin.project.geometry import from_blobs, to_blobs, type_name, z_code

ONE_DIMENSION = npst.array_shapes(min_dims=1, max_dims=1, min_side=0, max_side=8)
NUMBERS = npst.arrays(
    st.one_of(
        npst.boolean_dtypes(),
        npst.integer_dtypes(endianness="<"),
        npst.unsigned_integer_dtypes(endianness="<"),
        npst.floating_dtypes(sizes=(16, 32, 64), endianness="<"),
        npst.datetime64_dtypes(endianness="<", max_period="D", min_period="us"),
        npst.timedelta64_dtypes(endianness="<", max_period="D", min_period="us"),
    ),
    ONE_DIMENSION,
)
LETTERS = st.text(st.characters(codec="utf-8"), max_size=12)
OBJECTS = st.one_of(
    st.lists(st.none() | LETTERS, max_size=8),
    st.lists(st.none() | st.booleans(), max_size=8),
    st.lists(st.none() | st.integers(-(2**63) + 1, 2**63 - 1), max_size=8),
    st.lists(st.none() | st.floats(allow_nan=False), max_size=8),
    st.lists(st.none() | st.binary(max_size=9), max_size=8),
    st.lists(st.none() | st.dictionaries(LETTERS, st.integers(0, 9)) | LETTERS, max_size=8),
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory):
    database = Database(tmp_path_factory.mktemp("d") / "x.db", readonly=False, fresh=True)
    database.execute(
        "CREATE TABLE IF NOT EXISTS dothi_blobs (content, name, part, data,"
        " PRIMARY KEY (content, name, part))"
    )
    yield database
    database.close()


def through(database: Database, values: np.ndarray) -> np.ndarray:
    spec = spec_of("x", "x", values)
    database.execute("DROP TABLE IF EXISTS t")
    database.execute(f"CREATE TABLE t (fid INTEGER PRIMARY KEY, x {spec.sql})")
    database.execute_many("INSERT INTO t (x) VALUES (?)", [(v,) for v in encoded(values, spec)])
    rows = database.rows("SELECT x FROM t ORDER BY fid")
    return decoded([row[0] for row in rows], spec)


def same(one: np.ndarray, other: np.ndarray) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.dtype.kind == "f":
        return np.array_equal(one, other, equal_nan=True)
    if one.dtype.kind in "mM":
        return np.array_equal(one.view(np.int64), other.view(np.int64))
    return np.array_equal(one, other)


@given(NUMBERS)
@settings(max_examples=300)
def test_numbers_and_times_come_back(database: Database, values: np.ndarray) -> None:
    if values.dtype.kind == "M":  # the calendar of ISO 8601 text has four-digit years
        values = values.astype("datetime64[us]")
        near = np.abs(values.view(np.int64)) < 10**16
        values = np.where(near, values, np.datetime64("NaT"))
    assert same(through(database, values), values)


@given(OBJECTS)
@settings(max_examples=300)
def test_texts_and_other_objects_come_back(database: Database, values: list) -> None:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    back = through(database, array)
    assert back.dtype == object
    assert [(type(v), v) for v in back] == [(type(v), v) for v in values]


@pytest.mark.parametrize(
    "values",
    [
        np.array([2**64 - 1, 0], dtype=np.uint64),
        np.array(["a", "ờ", ""], dtype="<U3"),
        np.array([b"\x00\x01", b"z"], dtype="S2"),
        np.array([9.3, np.pi, 1e-38, 3e38], dtype=np.float32),
        np.array([np.inf, -np.inf, np.nan]),
    ],
    ids=str,
)
def test_awkward_values_come_back(database: Database, values: np.ndarray) -> None:
    assert same(through(database, values), values)


def test_a_float32_is_written_as_people_read_it() -> None:
    values = np.array([9.3, 0.1], dtype=np.float32)
    assert encoded(values, spec_of("x", "x", values)) == [9.3, 0.1]


@given(st.lists(st.text(max_size=4), max_size=12, unique=True))
def test_no_two_columns_of_a_table_have_one_name(names: list[str]) -> None:
    given_names = table_columns(names, {"fid", "geom", "height"})
    lowered = [name.lower() for name in given_names]
    assert len(set(lowered)) == len(names)
    assert not {"fid", "geom", "height"} & set(lowered)
    assert all(name and "\0" not in name for name in given_names)


WKT = [
    "POINT (1.5 2.25)",
    "POINT Z (1 2 3)",
    "LINESTRING (0 0, 1 1)",
    "POLYGON ((0 0, 1 0, 1 1, 0 0), (0.1 0.1, 0.2 0.1, 0.2 0.2, 0.1 0.1))",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
    "GEOMETRYCOLLECTION Z (POINT Z (1 2 3), LINESTRING Z (0 0 0, 1 1 1))",
    "MULTIPOINT ((1 2), (3 4))",
]


def test_geometries_come_back() -> None:
    geometries = np.array(shapely.from_wkt(WKT), dtype=object)
    back = from_blobs(to_blobs(geometries, 5897))
    assert shapely.to_wkb(back).tolist() == shapely.to_wkb(geometries).tolist()
    assert type_name(geometries) == "GEOMETRY" and type_name(geometries[:2]) == "POINT"
    assert [z_code(geometries[some]) for some in (slice(1), slice(1, 2), slice(2))] == [0, 1, 2]


def test_a_blob_has_the_head_that_the_standard_asks_for() -> None:
    (blob,) = to_blobs(np.array([shapely.LineString([(1, 5), (3, 2)])], dtype=object), 5897)
    # OGC 12-128r17, 2.1.3: "GP", version 0, flags, srs, min x, max x, min y, max y
    assert blob[:4] == b"GP\x00\x03"
    assert int.from_bytes(blob[4:8], "little") == 5897
    assert np.frombuffer(blob[8:40]).tolist() == [1, 3, 2, 5]
    assert shapely.from_wkb(blob[40:]).wkt == "LINESTRING (1 5, 3 2)"


@given(st.lists(st.none() | st.binary(max_size=60) | st.text(max_size=3) | st.floats(), max_size=4))
def test_what_is_no_geometry_is_none(values: list) -> None:
    hostile = [b"GP" + v if isinstance(v, bytes) else v for v in values]
    for one in from_blobs([*hostile, *values]):
        assert one is None or isinstance(one, shapely.Geometry)


@given(
    npst.arrays(
        st.sampled_from(["<f4", "<f8", "<i4", "|u1", "<u2", "|b1"]),
        npst.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=9),
    )
)
def test_arrays_come_back_from_blobs_and_cache(
    database: Database, tmp_path_factory: pytest.TempPathFactory, array: np.ndarray
) -> None:
    database.execute("DELETE FROM dothi_blobs")
    blobs.write(database, "k", {"a": array})
    back = blobs.read(database, "k", {"a": blobs.spec(array)})
    assert differences(array, back["a"]) == []
    cache = Cache(tmp_path_factory.getbasetemp() / "x.cache")
    cache.put("k", {"a": array})
    mapped = cache.get("k")
    assert mapped is not None and differences(array, np.asarray(mapped["a"])) == []
    assert not mapped["a"].flags.writeable or array.size == 0


def test_an_array_of_several_parts_comes_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs, "PART", 1000)
    array = np.random.default_rng(3).random((37, 41), dtype=np.float32)
    database.execute("DELETE FROM dothi_blobs")
    blobs.write(database, "k", {"a": array})
    assert database.rows("SELECT count(*) FROM dothi_blobs") == [(7,)]  # 37 · 41 · 4 / 1000 = 6.07
    assert differences(array, blobs.read(database, "k", {"a": blobs.spec(array)})["a"]) == []
    database.execute("DELETE FROM dothi_blobs WHERE part = 3")
    with pytest.raises(CityError):
        blobs.read(database, "k", {"a": blobs.spec(array)})


@pytest.mark.parametrize("key", ["..", "../x", "a/b", "", ".hidden", "x" * 81, "a\\b", "C:x"])
def test_no_key_leads_out_of_the_cache(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError):
        Cache(tmp_path / "x.cache").put(key, {"a": np.zeros(3)})
    assert list(tmp_path.iterdir()) == []


def test_a_cache_keeps_nothing_that_is_no_longer_needed(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "x.cache")
    for key in ("a", "b"):
        cache.put(key, {"x": np.arange(3)})
    (tmp_path / "x.cache" / "notes.txt").write_text("mine")
    cache.keep_only({"b"})
    assert {found.name for found in (tmp_path / "x.cache").iterdir()} == {"b", "notes.txt"}

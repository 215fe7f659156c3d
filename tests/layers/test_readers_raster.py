"""Rasters: what rasterio wrote comes back north up and in metres; what is damaged says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from layers.errors import CrsError, ReadError
from layers.readers.registry import ReadOptions, preview, read

US_FOOT = 1200 / 3937
PLACE = Affine(2.0, 0, 587_000.25, 0, -2.5, 2_325_000.5)
HEIGHTS = np.arange(12, dtype=np.float32).reshape(3, 4)


def write(path: Path, values: Any, *, transform: Affine = PLACE, **options: Any) -> None:
    values = np.asarray(values)
    bands = values if values.ndim == 3 else values[None]
    profile = {"driver": "GTiff", "crs": "EPSG:5897", "dtype": bands.dtype, **options}
    extra = {name: profile.pop(name) for name in ("units", "colormap", "interp") if name in profile}
    with rasterio.open(
        path,
        "w",
        width=bands.shape[2],
        height=bands.shape[1],
        count=len(bands),
        transform=transform,
        **profile,
    ) as file:
        file.write(bands)
        if "units" in extra:
            file.units = extra["units"]
        if "colormap" in extra:
            file.write_colormap(1, extra["colormap"])
        if "interp" in extra:
            file.colorinterp = extra["interp"]


def one(path: Path, **options: Any) -> Any:
    (layer,) = read(path, ReadOptions(**options))
    return layer


def codes(layer: Any) -> set[str]:
    return {notice.code for notice in layer.notices}


def test_oblong_cells_and_odd_origins_stay_as_they_are(tmp_path):
    write(tmp_path / "dtm.tif", HEIGHTS)
    layer = one(tmp_path / "dtm.tif")
    np.testing.assert_array_equal(layer.heights, HEIGHTS)
    assert (layer.west, layer.north, layer.cell_x, layer.cell_y) == (587000.25, 2325000.5, 2.0, 2.5)
    assert layer.bounds == (587000.25, 2325000.5 - 7.5, 587008.25, 2325000.5)
    assert (layer.crs, layer.surface, layer.source.driver) == ("EPSG:5897", "ground", "GTiff")


@pytest.mark.parametrize("nodata", [-9999.0, -3.4028234663852886e38, None])
def test_cells_without_data_are_nan_stated_or_not(tmp_path, nodata):
    values = HEIGHTS.copy()
    values[1, 2] = -9999.0 if nodata is None else nodata
    write(tmp_path / "dtm.tif", values, nodata=nodata)
    layer = one(tmp_path / "dtm.tif")
    assert np.argwhere(np.isnan(layer.heights)).tolist() == [[1, 2]]
    assert ("nodata-guessed" in codes(layer)) is (nodata is None)


def test_south_up_and_west_going_files_come_north_up(tmp_path):
    turned = Affine(-2.0, 0, 587_008.25, 0, 2.5, 2_324_993.0)
    write(tmp_path / "dtm.tif", HEIGHTS[::-1, ::-1], transform=turned)
    layer = one(tmp_path / "dtm.tif")
    np.testing.assert_array_equal(layer.heights, HEIGHTS)
    assert (layer.west, layer.north) == (587000.25, 2325000.5)


def test_a_rotated_file_is_turned_and_it_is_said(tmp_path):
    x, y = np.meshgrid(np.arange(40) + 0.5, np.arange(30) + 0.5)
    rotated = Affine.translation(587_000, 2_325_000) * Affine.rotation(30) * Affine.scale(1, -1)
    east = rotated.a * x + rotated.b * y + rotated.c
    write(tmp_path / "dtm.tif", (east - 587_000).astype(np.float32), transform=rotated)
    layer = one(tmp_path / "dtm.tif")
    assert "raster-turned" in codes(layer)
    rows, cols = layer.heights.shape
    centres = layer.west + (np.arange(cols) + 0.5) * layer.cell_x - 587_000
    error = layer.heights - np.broadcast_to(centres, (rows, cols))
    assert np.nanmax(np.abs(error)) < 0.6  # a height is its easting, within half a cell at the rim
    assert np.nanmedian(np.abs(error)) < 0.01


@pytest.mark.parametrize(
    ("options", "band_unit", "factor"),
    [
        ({}, "ft", 0.3048),
        ({}, "US survey foot", US_FOOT),
        ({}, "m", 1.0),
        ({"height_unit": "ft"}, None, 0.3048),
        ({"height_unit": "us-ft"}, "m", US_FOOT),
    ],
)
def test_feet_become_metres(tmp_path, options, band_unit, factor):
    write(tmp_path / "dtm.tif", HEIGHTS, **({"units": (band_unit,)} if band_unit else {}))
    layer = one(tmp_path / "dtm.tif", **options)
    np.testing.assert_allclose(layer.heights, HEIGHTS * factor, rtol=1e-6)


def test_scale_and_offset_of_a_band_are_applied(tmp_path):
    write(tmp_path / "dtm.tif", HEIGHTS.astype(np.int16))
    with rasterio.open(tmp_path / "dtm.tif", "r+") as file:
        file.scales, file.offsets = (0.01,), (5.0,)
    np.testing.assert_allclose(one(tmp_path / "dtm.tif").heights, HEIGHTS * 0.01 + 5, rtol=1e-6)


def test_a_window_takes_whole_cells_that_it_meets(tmp_path):
    write(tmp_path / "dtm.tif", HEIGHTS)
    layer = one(tmp_path / "dtm.tif", bounds=(587002.25, 2324995.0, 587005.0, 2324998.1))
    np.testing.assert_array_equal(layer.heights, HEIGHTS[0:3, 1:3])
    assert (layer.west, layer.north) == (587002.25, 2325000.5)
    with pytest.raises(ReadError, match="does not reach"):
        one(tmp_path / "dtm.tif", bounds=(0, 0, 1, 1))


def test_an_overview_covers_the_same_ground(tmp_path):
    values = np.add.outer(np.arange(64.0), np.arange(64.0)).astype(np.float32)
    write(tmp_path / "dsm.tif", values)
    layer = one(tmp_path / "dsm.tif", max_pixels=256)
    assert layer.heights.shape == (16, 16)
    assert layer.bounds == one(tmp_path / "dsm.tif").bounds
    np.testing.assert_allclose(layer.heights, values.reshape(16, 4, 16, 4).mean(axis=(1, 3)))


@pytest.mark.parametrize(
    ("name", "surface"),
    [
        ("DSM_x", "surface"),
        ("my_dtm", "ground"),
        ("CDSM", "canopy-above-ground"),
        ("alexandria_hag", "buildings-above-ground"),
    ],
)
def test_the_name_tells_which_surface_and_the_role_overrules_it(tmp_path, name, surface):
    path = tmp_path / f"{name}.tif"
    write(path, HEIGHTS)
    assert one(path).surface == surface == preview(path)[0].role
    assert one(path, role="surface").surface == "surface"


def test_a_name_that_tells_nothing_is_said(tmp_path):
    write(tmp_path / "x.tif", HEIGHTS)
    assert "surface-guessed" in codes(one(tmp_path / "x.tif"))


# -- pictures -------------------------------------------------------------------------------


def test_colours_come_as_they_are(tmp_path):
    pixels = np.arange(36, dtype=np.uint8).reshape(3, 3, 4)
    write(tmp_path / "a.tif", pixels, photometric="RGB")
    np.testing.assert_array_equal(one(tmp_path / "a.tif").pixels, np.moveaxis(pixels, 0, -1))


def test_a_palette_becomes_its_colours(tmp_path):
    index = np.array([[0, 1], [2, 1]], np.uint8)
    colours = {0: (10, 20, 30, 255), 1: (40, 50, 60, 255), 2: (255, 0, 7, 255)}
    write(tmp_path / "a.tif", index, colormap=colours)
    pixels = one(tmp_path / "a.tif").pixels
    assert pixels[1, 0].tolist() == [255, 0, 7]
    assert pixels[0, 1].tolist() == [40, 50, 60]


def test_sixteen_bits_are_stretched_and_eight_bits_in_sixteen_are_not(tmp_path):
    ramp = np.linspace(1000, 5000, 3 * 100).reshape(3, 10, 10).astype(np.uint16)
    write(tmp_path / "a.tif", ramp)
    layer = one(tmp_path / "a.tif")
    assert layer.pixels.min() == 0
    assert layer.pixels.max() == 255
    assert "imagery-stretched" in codes(layer)
    dark = (ramp // 100).astype(np.uint16)
    write(tmp_path / "b.tif", dark)
    np.testing.assert_array_equal(one(tmp_path / "b.tif").pixels, np.moveaxis(dark, 0, -1))


def test_what_is_transparent_is_white(tmp_path):
    pixels = np.full((4, 2, 2), 9, np.uint8)
    pixels[3] = [[255, 0], [255, 255]]
    write(tmp_path / "a.tif", pixels, photometric="RGB", alpha="YES")
    layer = one(tmp_path / "a.tif")
    assert layer.pixels[0, 1].tolist() == [255, 255, 255]
    assert layer.pixels[0, 0].tolist() == [9, 9, 9]


# -- damage ---------------------------------------------------------------------------------


def test_without_a_crs_it_is_asked(tmp_path):
    write(tmp_path / "dtm.tif", HEIGHTS, crs=None)
    with pytest.raises(CrsError) as failure:
        one(tmp_path / "dtm.tif")
    assert failure.value.candidates[:2] == ("EPSG:5897", "EPSG:3405")
    assert one(tmp_path / "dtm.tif", crs="EPSG:3405").crs == "EPSG:3405"
    found = preview(tmp_path / "dtm.tif")[0]
    assert (found.crs, found.candidates[0]) == ("", "EPSG:5897")


def test_a_picture_of_nowhere_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        write(path, HEIGHTS, crs=None, transform=Affine.identity())
    with pytest.raises(ReadError, match="where its pixels lie"):
        one(path)


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"")
    with pytest.raises(ReadError, match="0 bytes"):
        one(tmp_path / "a.tif")


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95])
def test_a_cut_off_file_is_refused(tmp_path, share):
    path = tmp_path / "dtm.tif"
    noise = np.random.default_rng(1).random((300, 300)).astype(np.float32)
    write(path, noise, compress="deflate", tiled=True, blockxsize=64, blockysize=64)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])
    with pytest.raises(ReadError):
        one(path)


def test_no_measured_cell_is_refused(tmp_path):
    write(tmp_path / "dtm.tif", np.full((3, 3), -9999, np.float32), nodata=-9999)
    with pytest.raises(ReadError, match="no measured cell"):
        one(tmp_path / "dtm.tif")


def test_a_million_by_a_million_cells_are_refused_or_read_reduced(tmp_path):
    write(tmp_path / "dtm.tif", HEIGHTS)
    (tmp_path / "huge.vrt").write_text(
        '<VRTDataset rasterXSize="1000000" rasterYSize="1000000"><SRS>EPSG:5897</SRS>'
        "<GeoTransform>587000, 0.001, 0, 2325000, 0, -0.001</GeoTransform>"
        '<VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
        '<SourceFilename relativeToVRT="1">dtm.tif</SourceFilename><SourceBand>1</SourceBand>'
        '<SrcRect xOff="0" yOff="0" xSize="4" ySize="3"/>'
        '<DstRect xOff="0" yOff="0" xSize="1000000" ySize="1000000"/>'
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(ReadError, match="1 000 000 million cells") as failure:
        one(tmp_path / "huge.vrt")
    assert "max_pixels" in failure.value.hint
    layer = one(tmp_path / "huge.vrt", max_pixels=10_000)
    assert layer.heights.shape == (100, 100)
    assert layer.heights[-1, -1] == 11


# -- real files -----------------------------------------------------------------------------


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "crs", "shape", "low", "high", "surface"),
    [
        ("goteborg/DSM_KRbig.tif", "EPSG:3007", (223, 234), 0, 58.07, "surface"),
        ("goteborg/DEM_KRbig.tif", "EPSG:3007", (223, 234), 0.01, 23.21, "ground"),
        ("goteborg/CDSM_KRbig.tif", "EPSG:3007", (223, 234), 0, 24.37, "canopy-above-ground"),
        ("bilbao/DEM.tif", "EPSG:25830", (680, 680), -2, 103, "ground"),
        ("bilbao/BDSM.tif", "EPSG:25830", (1359, 1359), 0, 52, "buildings-above-ground"),
        ("bilbao/CDSM.tif", "EPSG:25830", (1359, 1359), 0, 49, "canopy-above-ground"),
        *(
            (f"france_lidarhd/raster/{n}_77055_627760_50CM.tif", "EPSG:2154", (100, 100), a, b, s)
            for n, a, b, s in (
                ("DTM", 20.78, 21.58, "ground"),
                ("DSM", 20.82, 39.37, "surface"),
                ("DHM", -0.02, 18.36, "buildings-above-ground"),
            )
        ),
        ("rasters/alexandria_dsm.tif", "EPSG:26918", (259, 283), 6.96, 39.05, "surface"),
        ("rasters/alexandria_dtm.tif", "EPSG:26918", (259, 283), 6.91, 22.12, "ground"),
        (
            "rasters/alexandria_hag.tif",
            "EPSG:26918",
            (259, 283),
            0,
            53.52,
            "buildings-above-ground",
        ),
    ],
)
def test_real_grids_are_as_stated(data, name, crs, shape, low, high, surface):
    layer = one(data / name)
    assert (layer.crs, layer.heights.shape, layer.surface) == (crs, shape, surface)
    assert float(np.nanmin(layer.heights)) == pytest.approx(low, abs=0.006)
    assert float(np.nanmax(layer.heights)) == pytest.approx(high, abs=0.006)


@pytest.mark.data
def test_an_ascii_grid_asks_for_its_crs_and_holds_what_the_geotiff_does(data):
    with pytest.raises(CrsError) as failure:
        one(data / "goteborg/CDSM_KRbig.asc")
    assert failure.value.candidates[0] == "EPSG:3007"
    ascii_grid = one(data / "goteborg/CDSM_KRbig.asc", crs="EPSG:3007")
    tiff = one(data / "goteborg/CDSM_KRbig.tif")
    np.testing.assert_allclose(ascii_grid.heights, tiff.heights, atol=1e-3)
    assert ascii_grid.bounds == tiff.bounds


@pytest.mark.data
def test_bilbaos_two_grids_keep_their_odd_cells(data):
    layer = one(data / "bilbao/BDSM.tif")
    assert (round(layer.cell_x, 6), round(layer.cell_y, 6)) == (2.502058, 2.502409)


@pytest.mark.data
@pytest.mark.parametrize("name", ["rgb", "irc"])
def test_the_french_orthophotos_hand_written_crs_is_recognised(data, name):
    layer = one(data / f"france_lidarhd/ortho/test_data_{name}.tif")
    assert layer.crs == "EPSG:2154"
    assert layer.pixels.shape == (252, 252, 3)
    assert layer.bounds == pytest.approx((770549.8, 6277549.8, 770600.2, 6277600.2))


@pytest.mark.data
def test_a_cog_is_read_from_its_overviews(data):
    layer = one(data / "rasters/cogeo.tif", max_pixels=128 * 128)
    assert layer.pixels.shape == (128, 128, 3)
    assert layer.full_size == (1024, 1024)
    whole = one(data / "rasters/cogeo.tif")
    assert layer.bounds == pytest.approx(whole.bounds)
    with rasterio.open(data / "rasters/cogeo.tif", overview_level=2) as eighth:  # 2, 4, 8
        np.testing.assert_array_equal(layer.pixels, np.moveaxis(eighth.read(), 0, -1))

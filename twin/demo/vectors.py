"""The ward's GeoPackage: outlines, parcels, streets, zoning, trees, water and green, named in Vietnamese."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from twin.demo.faults import Faults, faulty_outlines
from twin.demo.nature import SPECIES
from twin.demo.plan import Street
from twin.demo.settle import Settled

STAMP = "2025-11-22T00:00:00.000Z"
RANKS = {
    "vanh_dai": "đường vành đai", "dai_lo": "đại lộ", "pho_chinh": "phố chính", "pho": "phố",
    "duong_de": "đường đê", "ngo": "ngõ", "ngach": "ngách",
}  # fmt: skip
# block use -> code, purpose, floor area ratio, highest building (m), coverage (%)
ZONES = {
    "lang": ("DO", "Đất ở làng xóm đô thị hoá", 3.6, 21.0, 80),
    "pho_co": ("PC", "Đất ở phố cũ bảo tồn", 3.2, 18.0, 85),
    "lien_ke": ("LK", "Đất ở liền kề", 3.8, 20.0, 80),
    "bai": ("BX", "Đất ở ngoài bãi, hạn chế xây dựng", 1.6, 12.0, 60),
    "tap_the": ("TT", "Đất khu tập thể cũ, cải tạo", 2.4, 50.0, 45),
    "cao_tang": ("CT", "Đất hỗn hợp cao tầng", 9.0, 120.0, 55),
    "khach_san": ("TM", "Đất thương mại dịch vụ", 6.0, 54.0, 60),
    "biet_thu": ("BT", "Đất biệt thự cũ bảo tồn", 1.4, 16.0, 45),
    "truong": ("GD", "Đất giáo dục", 1.6, 20.0, 40),
    "cho": ("CH", "Đất chợ", 1.8, 15.0, 70),
    "chua": ("TG", "Đất tôn giáo", 0.6, 16.0, 30),
    "nha_hat": ("VH", "Đất văn hoá", 2.0, 30.0, 40),
    "cong_so": ("CQ", "Đất trụ sở cơ quan", 2.0, 22.0, 40),
    "cong_vien": ("CX", "Đất cây xanh công viên", 0.05, 6.0, 5),
    "vuon_hoa": ("CX", "Đất vườn hoa", 0.05, 6.0, 5),
    "cay": ("CX", "Đất cây xanh cách ly", 0.0, 0.0, 0),
    "ruong": ("NN", "Đất bãi nông nghiệp ngoài đê", 0.0, 0.0, 0),
}

Columns = Mapping[str, NDArray[Any] | list[Any]]


@contextmanager
def fixed_clock() -> Iterator[None]:
    """GDAL writes the same time stamp each time, so that a seed gives the same file."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": STAMP})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def write_vectors(
    path: Path,
    settled: Settled,
    chosen: NDArray[np.int64],
    ids: NDArray[np.object_],
    faults: Faults,
    *,
    origin: tuple[float, float],
    crs: str,
) -> None:
    """Write all layers; `chosen` are the rows of the buildings in the window, `ids` their numbers."""
    writer = _Writer(path, origin, crs)
    names = _Names(settled)
    with fixed_clock():
        _buildings(writer, settled, chosen, ids, faults, names)
        _parcels(writer, settled, names)
        _streets(writer, settled, names)
        _zoning(writer, settled)
        _trees(writer, settled)
        _areas(writer, settled)


class _Writer:
    def __init__(self, path: Path, origin: tuple[float, float], crs: str) -> None:
        self._path, self._origin, self._crs = path, np.array(origin), crs

    def layer(
        self,
        name: str,
        areas: NDArray[np.object_],
        columns: Columns,
        kind: str,
        *,
        masks: Mapping[str, NDArray[np.bool_]] | None = None,
    ) -> None:
        """Append one layer; `masks` tell where a column is NULL."""
        world = shapely.transform(areas, lambda points: np.round(points + self._origin, 3))
        data = [np.asarray(values) for values in columns.values()]
        data = [d.astype(object) if d.dtype.kind == "U" else d for d in data]
        pyogrio.raw.write(
            self._path,
            shapely.to_wkb(world),
            data,
            list(columns),
            field_mask=[(masks or {}).get(column) for column in columns],
            layer=name,
            driver="GPKG",
            geometry_type=kind,
            crs=self._crs,
            append=self._path.exists(),
            encoding="UTF-8",
        )


class _Names:
    """The address of a place: the nearest street, alleys numbered along it."""

    def __init__(self, settled: Settled) -> None:
        self.streets = settled.ward.map.streets
        self._near = shapely.STRtree([s.line for s in self.streets])

    def street(self, areas: NDArray[np.object_]) -> NDArray[np.int64]:
        """Row of the street nearest to each of `areas`."""
        rows: NDArray[np.int64] = np.asarray(self._near.nearest(areas), dtype=np.int64)
        return rows

    def number(self, points: NDArray[np.object_], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """House number along the street: even on the right, odd on the left, one per four metres."""
        lines = np.array([s.line for s in self.streets], dtype=object)[rows]
        along = shapely.line_locate_point(lines, points)
        here = shapely.get_coordinates(shapely.line_interpolate_point(lines, along))
        ahead = shapely.get_coordinates(shapely.line_interpolate_point(lines, along + 1.0))
        to = shapely.get_coordinates(points) - here
        way = ahead - here
        left = way[:, 0] * to[:, 1] - way[:, 1] * to[:, 0] > 0
        numbers: NDArray[np.int64] = 2 * (along // 4).astype(np.int64) + np.where(left, 1, 2)
        return numbers


def _buildings(
    writer: _Writer,
    settled: Settled,
    chosen: NDArray[np.int64],
    ids: NDArray[np.object_],
    faults: Faults,
    names: _Names,
) -> None:
    built = [settled.ward.buildings[row] for row in chosen]
    areas = faulty_outlines(built, faults)
    row = np.concatenate([np.arange(len(built)), faults.duplicates])
    points = shapely.point_on_surface(np.array([b.outline for b in built], dtype=object))
    street = names.street(points)
    number = names.number(points, street)
    floors = np.array([b.floors for b in built], dtype=np.int32)[row]
    missing = np.zeros(len(row), dtype=bool)
    missing[faults.no_floors] = True
    again = [f"{ids[i]}-2" for i in faults.duplicates]
    plots = np.array([b.plot for b in built])
    writer.layer(
        "nha",
        areas,
        {
            "ma_nha": [*ids, *again],
            "ma_thua": np.array([_plot_id(plot) for plot in plots], dtype=object)[row],
            "so_tang": floors,
            "cong_nang": np.array([b.use for b in built], dtype=object)[row],
            "nam_xay": np.array([b.year for b in built], dtype=np.int32)[row],
            "ten_duong": np.array([names.streets[s].name for s in street], dtype=object)[row],
            "so_nha": np.array([str(n) for n in number], dtype=object)[row],
            "loai_nha": np.array([_KINDS[b.kind] for b in built], dtype=object)[row],
        },
        "Polygon",
        masks={"so_tang": missing},
    )


_KINDS = {
    "nha_ong": "nhà ống", "nha_o": "nhà ở", "tap_the": "nhà tập thể", "thap": "tháp cao tầng",
    "khoi_de": "khối đế", "van_phong": "nhà văn phòng", "biet_thu": "biệt thự Pháp",
    "nha_phu": "nhà phụ", "truong_hoc": "trường học", "cho": "nhà chợ", "den_chua": "đền chùa",
    "nha_hat": "nhà hát", "cong_so": "công sở",
}  # fmt: skip


def _plot_id(plot: int) -> str:
    return f"T{plot // 200 + 1:02d}-{plot % 200 + 1:03d}" if plot >= 0 else ""


def _parcels(writer: _Writer, settled: Settled, names: _Names) -> None:
    plots = settled.ward.plots
    areas = np.array([plot.area for plot in plots], dtype=object)
    rows = np.flatnonzero(_inside(areas, settled))
    street = names.street(areas[rows])
    writer.layer(
        "thua_dat",
        areas[rows],
        {
            "ma_thua": [_plot_id(int(row)) for row in rows],
            "so_to": np.array([row // 200 + 1 for row in rows], dtype=np.int32),
            "so_thua": np.array([row % 200 + 1 for row in rows], dtype=np.int32),
            "loai_dat": [plots[row].use for row in rows],
            "dien_tich": np.round(shapely.area(areas[rows]), 1),
            "ten_duong": [names.streets[s].name for s in street],
        },
        "Polygon",
    )


def _streets(writer: _Writer, settled: Settled, names: _Names) -> None:
    alleys = settled.ward.alleys
    lines = np.array([a.line for a in alleys], dtype=object)
    near = names.street(lines)
    number = names.number(shapely.line_interpolate_point(lines, 0.0), near)
    streets = list(settled.ward.map.streets)
    for alley, street, home in zip(alleys, near, number, strict=True):
        word = "Ngõ" if alley.rank == "ngo" else "Ngách"
        streets.append(
            Street(name=f"{word} {home} {names.streets[street].name}", rank=alley.rank,
                   width=alley.width, pavement=0.0, line=alley.line)
        )  # fmt: skip
    window = shapely.box(*settled.window)
    pieces = [(part, s) for s in streets for part in shapely.get_parts(s.line.intersection(window))]
    pieces = [(part, s) for part, s in pieces if part.geom_type == "LineString" and part.length > 2]
    writer.layer(
        "duong",
        np.array([part for part, _ in pieces], dtype=object),
        {
            "ma_duong": [f"D{number:04d}" for number in range(1, len(pieces) + 1)],
            "ten_duong": [s.name for _, s in pieces],
            "cap_duong": [RANKS[s.rank] for _, s in pieces],
            "be_rong": np.array([round(s.width, 1) for _, s in pieces]),
            "via_he": np.array([s.pavement for _, s in pieces], dtype=np.float64),
        },
        "LineString",
    )


def _zoning(writer: _Writer, settled: Settled) -> None:
    window = shapely.box(*settled.window)
    found = [
        (part, block.use)
        for block in settled.ward.map.blocks
        for part in shapely.get_parts(block.area.intersection(window))
        if part.geom_type == "Polygon" and part.area > 20
    ]
    zones = [ZONES[use] for _, use in found]
    writer.layer(
        "quy_hoach",
        np.array([part for part, _ in found], dtype=object),
        {
            "ma_o": [f"{zone[0]}-{number:02d}" for number, zone in enumerate(zones, start=1)],
            "chuc_nang": [zone[1] for zone in zones],
            "he_so_sdd": np.array([zone[2] for zone in zones]),
            "chieu_cao_toi_da": np.array([zone[3] for zone in zones]),
            "mat_do_xd": np.array([zone[4] for zone in zones], dtype=np.int32),
        },
        "Polygon",
    )


def _trees(writer: _Writer, settled: Settled) -> None:
    trees = settled.trees
    points = shapely.points(trees.xy)
    rows = np.flatnonzero(_inside(points, settled))
    writer.layer(
        "cay_xanh",
        points[rows],
        {
            "ma_cay": [f"C{number:05d}" for number in range(1, len(rows) + 1)],
            "loai_cay": [SPECIES[trees.species[row]][0] for row in rows],
            "chieu_cao": np.round(trees.height[rows], 1),
            "duong_kinh_tan": np.round(2 * trees.crown[rows], 1),
        },
        "Point",
    )


def _areas(writer: _Writer, settled: Settled) -> None:
    plan, window = settled.ward.map, shapely.box(*settled.window)
    waters = [
        ("Hồ Sen Xanh", "hồ", plan.lake.difference(plan.islet)),
        ("Ao Công Viên", "ao", plan.pond),
        ("Sông Hữu", "sông", plan.river),
    ]
    parks = [("Vườn dạo ven hồ", "vườn hoa", plan.promenade)]
    for number, block in enumerate(plan.blocks):
        if block.use == "cong_vien":
            parks.append(("Công viên Hoa Sữa", "công viên", block.area.difference(plan.pond)))
        elif block.use in ("vuon_hoa", "cay"):
            parks.append((f"Vườn hoa số {number}", "vườn hoa", block.area))
    for name, areas in (("mat_nuoc", waters), ("cong_vien", parks)):
        found = [
            (title, kind, part)
            for title, kind, area in areas
            for part in shapely.get_parts(area.intersection(window))
            if part.geom_type == "Polygon" and part.area > 20
        ]
        if found:
            writer.layer(
                name,
                np.array([part for *_, part in found], dtype=object),
                {"ten": [f[0] for f in found], "loai": [f[1] for f in found]},
                "Polygon",
            )


def _inside(areas: NDArray[np.object_], settled: Settled) -> NDArray[np.bool_]:
    """Whether each middle lies in the window."""
    x, y = shapely.get_coordinates(shapely.centroid(areas)).T
    x0, y0, x1, y1 = settled.window
    inside: NDArray[np.bool_] = (x > x0) & (x < x1) & (y > y0) & (y < y1)
    return inside

"""The ward's map: streets, lake, park, dyke and river, and the blocks between them.

Lengths in metres from the ward's south-west corner, x east, y north. All names are made up from
words that any Vietnamese town uses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Point, Polygon

SIDE = 1500.0
DYKE_AXIS = ((1225, -80), (1205, 300), (1232, 640), (1205, 1000), (1235, 1300), (1220, 1580))
RIVER_BANK = ((1392, -80), (1368, 240), (1398, 520), (1412, 800), (1384, 1120), (1400, 1580))
RING_AXIS = ((-80, 760), (110, 930), (280, 1130), (450, 1330), (620, 1440), (740, 1580))
TOWER_DEPTH = 82.0

# name, class, carriageway width, pavement width, points
_STREETS = (
    ("Đường Vành Đai Xanh", "vanh_dai", 34, 6, RING_AXIS),
    ("Đại lộ Hoà Bình", "dai_lo", 22, 7,
     ((-80, 395), (250, 405), (560, 440), (850, 430), (1190, 415))),
    ("Đường Bờ Hồ Đông", "dai_lo", 18, 6,
     ((870, -80), (862, 250), (878, 560), (905, 850), (890, 1150), (870, 1400), (880, 1580))),
    ("Phố Cầu Mới", "pho_chinh", 13, 4,
     ((395, -80), (400, 200), (405, 405), (380, 620), (400, 860), (440, 1040), (435, 1310))),
    ("Phố Hàng Sen", "pho_chinh", 13, 4,
     ((195, 1025), (420, 962), (640, 952), (895, 942), (1185, 930))),
    ("Phố Hàng Lụa", "pho", 10, 3, ((435, 1160), (640, 1132), (885, 1142), (1175, 1120))),
    ("Phố Hàng Đèn", "pho", 11, 3, ((440, 1330), (640, 1290), (878, 1312), (1195, 1290))),
    ("Phố Hàng Giấy", "pho", 9, 2.5, ((560, 955), (572, 1140), (590, 1425))),
    ("Phố Hàng Mành", "pho", 9, 2.5, ((710, 950), (722, 1135), (735, 1300), (745, 1580))),
    ("Phố Hàng Trà", "pho", 9, 2.5, ((1030, 935), (1020, 1130), (1035, 1300), (1040, 1580))),
    ("Phố Hàng Gốm", "pho", 8, 2.5, ((565, 1048), (720, 1040), (890, 1046), (1175, 1030))),
    ("Phố Hàng Nón", "pho", 8, 2.5, ((572, 1215), (722, 1210), (885, 1226), (1180, 1205))),
    ("Phố Hàng Vải", "pho", 8, 2.5, ((800, 946), (805, 1040), (800, 1140))),
    ("Phố Hàng Chiếu Hoa", "pho", 8, 2.5, ((955, 1140), (962, 1226), (958, 1306))),
    ("Phố Hàng Tre", "pho", 8, 2.5, ((1106, 930), (1100, 1035), (1108, 1125), (1104, 1295))),
    ("Phố Hàng Mây", "pho", 8, 2.5, ((640, 1132), (652, 1212), (648, 1292))),
    ("Phố Gò Đa", "pho", 9, 2.5, ((590, 1400), (745, 1408), (876, 1412), (1200, 1400))),
    ("Phố Sen Tây", "pho", 9, 3, ((385, 640), (505, 655))),
    ("Phố Liễu Rủ", "pho", 9, 3, ((395, 805), (520, 790))),
    ("Phố Sen Đông", "pho", 10, 3, ((770, 650), (890, 640))),
    ("Phố Tràng Cờ", "pho", 10, 3, ((760, 800), (905, 805))),
    ("Phố Vườn Hoa", "pho_chinh", 12, 4, ((400, 185), (620, 180), (866, 190))),
    ("Phố Công Viên", "pho", 10, 4, ((600, 185), (592, 300), (600, 440))),
    ("Phố Cây Sấu", "pho_chinh", 13, 6, ((866, 120), (1015, 118), (1200, 112))),
    ("Phố Bằng Lăng", "pho", 12, 5, ((862, 268), (1018, 272), (1190, 266))),
    ("Phố Hoa Ban", "pho", 12, 5, ((880, 560), (1020, 556), (1205, 560))),
    ("Phố Xà Cừ", "pho_chinh", 13, 6, ((890, 690), (1025, 694), (1215, 688))),
    ("Phố Phượng Đỏ", "pho", 12, 5, ((905, 815), (1028, 812), (1205, 808))),
    ("Phố Hoa Sữa", "pho_chinh", 14, 6,
     ((1015, -80), (1018, 268), (1015, 425), (1022, 690), (1030, 935))),
    ("Phố Tập Thể", "pho", 11, 3, ((-80, 190), (200, 200), (400, 185))),
    ("Phố Nhà Máy Nước", "pho", 10, 3, ((200, -80), (205, 200), (212, 404))),
    ("Phố Giếng Đình", "pho", 9, 2.5, ((640, -80), (630, 70), (634, 182))),
    ("Phố Làng Sen", "pho", 9, 2, ((-80, 590), (90, 612), (190, 645), (290, 632), (385, 640))),
    ("Phố Đình Làng", "pho", 8, 2, ((192, 402), (178, 520), (190, 645), (210, 820), (200, 1022))),
    ("Đường Trục Mới", "pho_chinh", 18, 5, ((272, 1120), (150, 1210), (-80, 1330))),
    ("Phố Đô Thị Mới", "pho", 12, 4, ((100, 1245), (210, 1380), (300, 1580))),
    ("Phố Tây Bắc", "pho", 10, 3, ((-80, 1090), (30, 1150), (100, 1245))),
    ("Ngõ Bãi Giữa", "ngo", 5, 0, ((1288, -80), (1278, 400), (1302, 900), (1286, 1580))),
)  # fmt: skip

# a point in the block and what stands there
_SITES = (
    (740, 310, "cong_vien"), (690, 1252, "cho"), (500, 90, "truong"), (300, 300, "truong"),
    (760, 90, "lang"), (1090, 1160, "truong"), (830, 720, "khach_san"), (840, 560, "nha_hat"),
    (95, 95, "tap_the"), (300, 90, "tap_the"), (95, 300, "tap_the"), (300, 200, "tap_the"),
    (820, 1180, "chua"), (500, 300, "tap_the"), (440, 560, "khach_san"), (845, 880, "khach_san"),
    (945, 345, "cong_so"), (1100, 620, "vuon_hoa"), (20, 1470, "lien_ke"), (290, 520, "lang"),
    (150, 1450, "lien_ke"), (500, 1385, "cao_tang"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """A street or alley; `width` of the carriageway and `pavement` of each side in metres."""

    name: str
    rank: str
    width: float
    pavement: float
    line: LineString


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of land between streets, and what is built on it."""

    area: Polygon
    use: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """What lies where, before any house stands."""

    streets: tuple[Street, ...]
    blocks: tuple[Block, ...]
    lake: Polygon
    promenade: Polygon
    islet: Polygon
    pond: Polygon
    river: Polygon
    dyke: LineString
    flood_plain: Polygon


def smooth(
    points: NDArray[np.float64], *, times: int = 3, closed: bool = False
) -> NDArray[np.float64]:
    """Chaikin's corner cutting (1974); an open line keeps its ends."""
    for _ in range(times):
        if closed:
            after = np.roll(points, -1, axis=0)
            cut = np.stack([points * 0.75 + after * 0.25, points * 0.25 + after * 0.75], axis=1)
            points = cut.reshape(-1, 2)
        else:
            first, second = points[:-1], points[1:]
            cut = np.stack([first * 0.75 + second * 0.25, first * 0.25 + second * 0.75], axis=1)
            points = np.concatenate([points[:1], cut.reshape(-1, 2)[1:-1], points[-1:]])
    return points


def line_through(points: tuple[tuple[float, float], ...]) -> LineString:
    """A smooth line that starts and ends at the first and last of `points`."""
    return LineString(smooth(np.asarray(points, dtype=np.float64)))


def draw_map() -> Map:
    """Lay out the ward; the same every time."""
    dyke, bank = line_through(DYKE_AXIS), line_through(RIVER_BANK)
    lake = _lake()
    river = Polygon([*bank.coords, (SIDE + 80, SIDE + 80), (SIDE + 80, -80)])
    flood_plain = Polygon([*dyke.coords, *reversed(bank.coords)])
    streets = _streets(dyke, lake)
    land = shapely.box(-40, -40, SIDE + 40, SIDE + 40)
    corridors = shapely.union_all(
        [s.line.buffer(s.width / 2 + s.pavement, cap_style="flat") for s in streets]
    )
    taken = shapely.union_all([corridors, lake.buffer(37), river.buffer(6), dyke.buffer(24)])
    blocks = _blocks(land.difference(taken), river, dyke, lake)
    return Map(
        streets=streets,
        blocks=tuple(blocks),
        lake=lake,
        promenade=lake.buffer(24).difference(lake),
        islet=_blob((648, 800), 17, 13, 0.3, seed=4),
        pond=_blob((735, 300), 52, 26, 0.5, seed=2),
        river=river,
        dyke=dyke,
        flood_plain=flood_plain,
    )


def _streets(dyke: LineString, lake: Polygon) -> tuple[Street, ...]:
    streets = [
        Street(name=name, rank=rank, width=width, pavement=pavement, line=line_through(points))
        for name, rank, width, pavement, points in _STREETS
    ]
    around = LineString(lake.buffer(30, quad_segs=24).exterior.simplify(0.3).coords)
    streets += [
        Street(name="Phố Ven Hồ", rank="pho_chinh", width=11, pavement=4, line=around),
        Street(name="Đường Đê Hữu", rank="duong_de", width=8, pavement=0, line=dyke),
        Street(
            name="Phố Chân Đê",
            rank="pho_chinh",
            width=11,
            pavement=3,
            line=dyke.offset_curve(36).simplify(0.3),
        ),
    ]
    return tuple(streets)


def _lake() -> Polygon:
    turn = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    reach = 1 + 0.07 * np.sin(2 * turn + 1.0) + 0.10 * np.sin(3 * turn + 0.6)
    reach += 0.035 * np.sin(5 * turn + 2.0)
    along, across = 192 * reach * np.cos(turn), 112 * reach * np.sin(turn)
    lean = np.radians(72)
    x = 640 + along * np.cos(lean) - across * np.sin(lean)
    y = 705 + along * np.sin(lean) + across * np.cos(lean)
    return Polygon(np.column_stack([x, y]))


def _blob(
    middle: tuple[float, float], long: float, short: float, lean: float, *, seed: int
) -> Polygon:
    turn = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    phase = np.random.default_rng(seed).uniform(0, 6, 2)
    reach = 1 + 0.12 * np.sin(2 * turn + phase[0]) + 0.08 * np.sin(3 * turn + phase[1])
    along, across = long * reach * np.cos(turn), short * reach * np.sin(turn)
    return Polygon(
        np.column_stack(
            [
                middle[0] + along * np.cos(lean) - across * np.sin(lean),
                middle[1] + along * np.sin(lean) + across * np.cos(lean),
            ]
        )
    )


def _blocks(
    land: Polygon | MultiPolygon, river: Polygon, dyke: LineString, lake: Polygon
) -> list[Block]:
    blocks: list[Block] = []
    ring = line_through(RING_AXIS)
    frontage = ring.buffer(23 + TOWER_DEPTH)
    for part in shapely.get_parts(land):
        rounded = part.buffer(-3).buffer(3, join_style="mitre").buffer(0)
        for area in shapely.get_parts(rounded):
            if area.area < 150:
                continue
            middle = area.representative_point()
            stated = next((use for x, y, use in _SITES if area.contains(Point(x, y))), "")
            if middle.distance(ring) > 260 or stated in ("lien_ke", "cao_tang"):
                blocks.append(Block(area=area, use=stated or _use_at(middle, dyke, lake)))
                continue
            for piece in shapely.get_parts(area.intersection(frontage)):
                if piece.area < 60:
                    continue
                blocks.append(Block(area=piece, use="cao_tang" if piece.area > 900 else "cay"))
            for piece in shapely.get_parts(area.difference(frontage.buffer(3))):
                if piece.area < 60:
                    continue
                use = stated or _use_at(piece.representative_point(), dyke, lake)
                blocks.append(Block(area=piece, use=use))
    return blocks


def _use_at(middle: Point, dyke: LineString, lake: Polygon) -> str:
    """What usually stands here, by quarter."""
    x, y = middle.x, middle.y
    dyke_x = float(np.interp(y, *np.asarray(dyke.coords).T[::-1]))
    if x > dyke_x:
        return "bai" if x < dyke_x + 66 else "ruong"
    if x > 868 and y < 930:
        return "biet_thu"
    if y > 935 and x > 430:
        return "pho_co"
    if x < 200 and y > 1150:
        return "lien_ke"
    return "lang"

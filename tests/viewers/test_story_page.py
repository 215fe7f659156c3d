"""A story as a page: it opens offline in a real browser, is driven by keys, and asks nobody anything."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import shapely
from browser import browser
from scene_city import CRS, EAST, NORTH, block_city, buildings, city_of

from layers.errors import CityError
from layers.kinds.features import FeatureLayer
from layers.kinds.pointcloud import PointCloudLayer
from layers.source import Source
from twin.edits.stories import KeepPicture, PutStory
from twin.project.store import Project
from twin.story import Camera, Stop, Story, Words, picture_key
from twin.style import Style
from viewers.film.telling import dressed, pose_of
from viewers.page.geometry import _largest, crown, linear, meshes_of, weigh
from viewers.page.making import PageRequest, page, story_of
from viewers.page.points import packed_points, thinned
from viewers.page.words import notes
from viewers.scene.poses import between

NEAR = Camera(eye=(EAST + 40, NORTH - 120, 60), target=(EAST + 60, NORTH + 40, 5))
ABOVE = Camera(
    eye=(EAST + 60, NORTH + 60, 400), target=(EAST + 60, NORTH + 60, 0), up=(0.0, 1.0, 0.0)
)
STORY = Story(
    id="story-1",
    title=Words(vi="Khu nhà </script> “mới”", en="The new blocks"),
    stops=(
        Stop(
            id="stop-1",
            name="Gần",
            camera=NEAR,
            caption=Words(vi="Chào các bạn", en="Welcome"),
            flight=0.4,
            sun_time="2026-06-21T09:00:00+07:00",
        ),
        Stop(
            id="stop-2",
            name="Red",
            camera=NEAR,
            caption=Words(en="All red"),
            flight=0.4,
            styles={"buildings": Style(color="#ff0000")},
            sun_time="2026-06-21T09:00:00+07:00",
        ),
        Stop(
            id="stop-3",
            name="Trống",
            camera=ABOVE,
            hidden=("buildings",),
            transition="fade",
            sun_time="2026-06-21T20:00:00+07:00",
        ),
    ),
)


def a_city():
    city = block_city(6)
    source = Source(path="a.gpkg", attribution="Sở Quy hoạch", licence="CC BY 4.0")
    return city.with_layer(replace(city.layers["buildings"], source=source))


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    out = folder / "chuyện.html"
    with Project.create(folder / "city.gpkg", a_city()) as project:
        data = b"\x89PNG\r\n\x1a\n" + b"no matter"
        project.document.do(KeepPicture(key=picture_key(data), data=data))
        project.document.do(PutStory(story=STORY))
    report = page(PageRequest(city=folder / "city.gpkg", out=out, language="vi"))
    assert report["bytes"] == out.stat().st_size and report["stops"] == 3
    return out


def settled(shown) -> np.ndarray:
    shown.wait("dothi.still")
    time.sleep(0.7)  # words come in half a second
    return shown.picture().astype(int)


def test_the_page_names_no_place_outside(written):
    text = written.read_text(encoding="utf-8")
    found = set(re.findall(r"(?:https?|wss?)://[^\s\"'`)]+", text))
    assert found == {"http://www.w3.org/1999/xhtml"}  # the name of XHTML, never asked for
    assert "default-src 'none'" in text and " src=" not in text.replace(" src=data", "")


def test_a_title_cannot_end_the_script(written):
    text = written.read_text(encoding="utf-8")
    assert text.count("</script>") == 4 and "Khu nhà &lt;/script&gt;" in text


def test_a_browser_tells_the_story_offline(written, tmp_path):
    with browser(tmp_path) as shown:
        shown.open(written.as_uri() + "#vi", (640, 400))
        shown.wait("window.dothi && dothi.still")
        first = settled(shown)
        assert len(np.unique(first.reshape(-1, 3), axis=0)) > 300  # a city, not a blank canvas
        assert shown.value("document.getElementById('caption').textContent") == "Chào các bạn"
        assert shown.value("document.getElementById('title').textContent").startswith("Khu nhà </s")
        assert "Sở Quy hoạch (CC BY 4.0)" in shown.value("document.body.innerText")

        shown.press("PageDown")
        shown.wait("dothi.stop === 1")
        red = settled(shown)
        is_red = (red[..., 0] > 140) & (red[..., 1] < 90) & (red[..., 2] < 90)
        was_red = (first[..., 0] > 140) & (first[..., 1] < 90) & (first[..., 2] < 90)
        assert is_red.mean() > 0.05 > 0.001 > was_red.mean()

        shown.press("l")
        assert shown.value("document.getElementById('title').textContent") == "The new blocks"
        assert shown.value("document.getElementById('caption').textContent") == "All red"

        shown.press("End")
        shown.wait("dothi.stop === 2")
        night = settled(shown)
        assert night[150:250, 250:400].mean() < 0.6 * first[150:250, 250:400].mean()
        assert shown.value("document.getElementById('caption').hidden")

        shown.press("Home")
        again = settled(shown)
        assert np.abs(again[100:300] - first[100:300]).mean() < 20
        shown.drag((300, 180), (420, 180))
        assert np.abs(settled(shown)[100:300] - again[100:300]).mean() > 5

        shown.press("p")
        shown.value("CITY.stops.forEach((s) => { s.seconds = 0.2; })")
        shown.press("p")
        shown.press("p")
        shown.wait("dothi.stop === 2")
        assert not shown.complaints, shown.complaints[0]
        assert {url.split(":")[0] for url in shown.requests} <= {"file", "data", "blob"}


def test_the_page_flies_as_the_program_does(written, tmp_path):
    with browser(tmp_path) as shown:
        shown.open(written.as_uri(), (320, 200))
        shown.wait("window.dothi && dothi.still")
        a, b = pose_of(NEAR), pose_of(ABOVE)
        origin = np.array([EAST, NORTH, 0.0])
        for share in (0.1, 0.35, 0.8, 1.0):
            line = f"dothi.between(CITY.stops[0].pose, CITY.stops[2].pose, {share})"
            there, here = shown.value(line), between(a, b, share)
            assert there["eye"] == pytest.approx(np.subtract(here.eye, origin), abs=1e-6)
            assert there["target"] == pytest.approx(np.subtract(here.target, origin), abs=1e-6)
            assert there["angle"] == pytest.approx(here.view_angle)


def test_a_page_shows_names_points_and_storeys_and_says_what_it_leaves_out(tmp_path):
    """Names come from the styles and never cover each other; clouds are thinned and said to be."""
    rng = np.random.default_rng(2)
    # Without colours or classes: coloured by height, so it is told from ground and houses.
    xyz = rng.uniform((-60, -60, 0), (-20, 160, 30), (4000, 3)).astype(np.float32)
    cloud = PointCloudLayer(id="cloud", name="Điểm", crs=CRS, offset=(EAST, NORTH, 0.0), xyz=xyz)
    roads = [
        shapely.LineString([(EAST - 80, NORTH + 20 * k + 15), (EAST + 180, NORTH + 20 * k + 15)])
        for k in range(6)
    ]
    names = np.array([f"Phố số {k}" for k in range(6)], dtype=object)
    layer = FeatureLayer(
        id="roads", name="Đường", crs=CRS, role="roads",
        geometry=np.array(roads, dtype=object), columns={"ten": names},
    )  # fmt: skip
    city = a_city().with_layer(cloud).with_layer(layer)
    city = city.with_style("roads", Style(label_by="ten"))
    far = Camera(eye=(EAST + 40, NORTH - 220, 160), target=(EAST + 50, NORTH + 40, 5))
    stop = Stop(id="a", name="A", camera=far, sun_time="2026-06-21T09:00:00+07:00")
    with Project.create(tmp_path / "city.gpkg", city) as project:
        project.document.do(PutStory(story=Story(id="s", title=Words(en="S"), stops=(stop,))))
    out = tmp_path / "page.html"
    assert page(PageRequest(city=tmp_path / "city.gpkg", out=out))["points"] == 4000
    with browser(tmp_path / "profile") as shown:
        shown.open(out.as_uri() + "#vi", (800, 500))
        shown.wait("window.dothi && dothi.still")
        full = settled(shown)
        boxes = shown.value(
            "[...document.querySelectorAll('#names span, #bar, #title')].map((part) => {"
            " const b = part.getBoundingClientRect();"
            " return [b.left, b.top, b.right, b.bottom, part.textContent]; })"
        )
        written = [one[4] for one in boxes if one[4].startswith("Phố số ")]
        assert len(written) >= 3
        for k, one in enumerate(boxes):
            for other in boxes[k + 1 :]:
                apart = one[2] <= other[0] or other[2] <= one[0]
                assert apart or one[3] <= other[1] or other[3] <= one[1], (one, other)
        shown.value("CITY.stops[0].calm = ['buildings']; dothi.go(0, 'at once')")
        faint = settled(shown)
        assert 0.004 < (np.abs(full - faint).max(axis=2) > 12).mean() < 0.6
        shown.value("CITY.stops[0].hidden = ['cloud']; dothi.go(0, 'at once')")
        assert (np.abs(settled(shown) - faint).max(axis=2) > 30).mean() > 0.01
        assert not shown.complaints, shown.complaints[0]


def test_clouds_share_what_a_page_takes_and_the_page_says_so():
    assert thinned({"a": 300_000, "b": 900_000}, 300_000) == {"a": 75_000, "b": 225_000}
    assert thinned({"a": 10}, 300_000) == {"a": 10}
    assert notes(1.0, 10, 10) == {"en": "", "vi": ""}
    said = notes(0.5, 300_000, 1_200_000)
    assert "50 % of buildings" in said["en"] and "300.000 trong 1.200.000 điểm" in said["vi"]


def test_points_keep_their_places_and_colours_in_the_page():
    xyz = np.array([[0, 0, 0], [10, 20, 5], [30, 5, 2]], np.float32)
    rgb = np.array([[255, 0, 0], [0, 188, 0], [0, 0, 255]], np.uint8)
    cloud = PointCloudLayer(
        id="c", name="c", crs=CRS, offset=(EAST + 100, NORTH, 3.0), xyz=xyz, rgb=rgb
    )
    city = city_of(cloud)
    told = packed_points(city, ["c"])["clouds"][0]
    data = gzip.decompress(base64.b64decode(told["data"]))
    steps = np.frombuffer(data[:18], "<u2").reshape(3, 3)
    place = np.array(told["low"]) + steps / 65535 * np.array(told["span"])
    # x east, y up, z south
    expected = [[100, 3, 0], [110, 8, -20], [130, 5, -5]]
    shift = np.array(city.frame.origin) - (EAST, NORTH, 0.0)
    place = np.add(place, (shift[0], shift[2], -shift[1]))
    assert place == pytest.approx(np.array(expected), abs=1e-3)
    assert np.frombuffer(data[18:], np.uint8).reshape(3, 3).tolist() == [
        [255, 0, 0], [0, 128, 0], [0, 0, 255],
    ]  # fmt: skip


# -- geometry -------------------------------------------------------------------------------


def test_a_large_city_is_thinned_to_its_most_visible_buildings():
    city = a_city()
    whole = weigh(city, ["buildings"])
    assert whole.kept == 1.0
    few = weigh(city, ["buildings"], most=whole.triangles // 2)
    assert few.kept == pytest.approx(0.5, abs=0.01) and few.bytes < whole.bytes
    meshes = meshes_of(city, ["buildings"], kept=few.kept)
    boxes = 18  # of 36 blocks; each has 4 walls and a roof of 2 triangles each
    assert len(meshes[0].triangles) == boxes * 10
    heights = np.sort(city.layers["buildings"].height)
    assert meshes[0].vertices[meshes[0].triangles].max() >= heights[-1]
    assert _largest(np.array([3.0, 9.0, 5.0, 1.0]), 0.5).tolist() == [False, True, True, False]


def test_colours_are_brought_to_linear_light():
    # IEC 61966-2-1: 188 of 255 in sRGB is half the light.
    assert linear(np.array([[0, 188, 255]], np.uint8)).tolist() == [[0, 128, 255, 255]]


def test_a_tree_is_closed_and_as_high_as_it_should_be():
    points, faces = crown()
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    assert points[:, 2].max() == 1.0 and len(faces) == 20
    corner = points[faces]
    volume = np.einsum("ij,ij->i", np.cross(corner[:, 0], corner[:, 1]), corner[:, 2]).sum() / 6
    assert volume > 0  # outsides outside


def test_a_stop_can_only_be_told_if_there_is_one():
    city = city_of(buildings([(0, 0, 9, 9)], [9.0]))
    with pytest.raises(CityError):
        story_of(city, "")
    with pytest.raises(CityError):
        story_of(city.with_story(Story(id="a", title=Words(en="A"))), "")
    both = city.with_story(STORY).with_story(replace_id(STORY, "b"))
    with pytest.raises(CityError):
        story_of(both, "")
    assert story_of(both, "b").id == "b"


def replace_id(story: Story, other: str) -> Story:
    return Story(id=other, title=Words(en="Other"), stops=story.stops)


def test_the_city_in_the_page_is_a_glb_in_metres_from_the_origin(tmp_path):
    from viewers.page.making import _glb

    city = a_city()
    data = _glb(city, meshes_of(city, ["buildings"], numbered=frozenset({"buildings"})))
    magic, _, total = struct.unpack("<4sII", data[:12])
    length = struct.unpack("<I", data[12:16])[0]
    told = json.loads(data[20 : 20 + length])
    assert magic == b"glTF" and total == len(data)
    attributes = told["meshes"][0]["primitives"][0]["attributes"]
    assert set(attributes) == {"POSITION", "COLOR_0", "_FEATURE_ID_0", "_SITE"}
    place = told["accessors"][attributes["POSITION"]]
    # 6 × 6 blocks of 10 m every 20 m; glTF's y is up and its z is south.
    assert place["max"] == pytest.approx([110.0, float(city.layers["buildings"].height.max()), 0.0])
    assert place["min"][0] == 0.0 and place["min"][2] == -110.0
    colour = told["accessors"][attributes["COLOR_0"]]
    assert colour["componentType"] == 5121 and colour["normalized"]
    assert told["nodes"][0]["extras"]["layer"] == "buildings"


def test_what_cannot_be_written_is_said(written, tmp_path):
    with pytest.raises(CityError):
        page(PageRequest(city=written.with_name("city.gpkg"), out=tmp_path / "a.pdf"))
    with pytest.raises(CityError):
        page(PageRequest(city=written.with_name("city.gpkg"), out=tmp_path / "no" / "a.html"))
    assert not list(tmp_path.iterdir())


def test_dressing_keeps_everything_else():
    city = a_city()
    assert dressed(city, STORY.stops[0]) is city
    assert shapely.area(city.layers["buildings"].footprints).sum() == pytest.approx(3600)
    assert STORY.stops[0].when() == datetime.fromisoformat("2026-06-21T09:00:00+07:00")

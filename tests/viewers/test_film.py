"""Films: the frames that were asked for, the same each time, and nothing half."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image
from scene_city import EAST, NORTH, block_city

from layers.errors import Cancelled, CityError
from layers.progress import Progress
from twin.edits.stories import KeepPicture, PutStory
from twin.project.store import Project
from twin.story import Camera, Stop, Story, Words, picture_key
from viewers.film.making import FilmRequest, film
from viewers.film.overlay import dissolved
from viewers.film.recorder import even, record
from viewers.film.telling import FADE_S, Telling, dressed, seen
from viewers.saved_view import view_to
from viewers.view_state import Bookmark, CameraPose, ViewState

SIZE = (160, 90)
FAR = CameraPose(eye=(EAST + 50, NORTH - 250, 150), target=(EAST + 50, NORTH + 50, 0))
NEAR = CameraPose(eye=(EAST + 20, NORTH - 60, 40), target=(EAST + 50, NORTH + 50, 5))


def camera(pose: CameraPose) -> Camera:
    return Camera(eye=pose.eye, target=pose.target)


def a_story(**more: object) -> Story:
    stops = (
        Stop(
            id="stop-1",
            name="Far",
            camera=camera(FAR),
            seconds=1.0,
            caption=Words(vi="Từ xa", en="From afar"),
            sun_time="2026-06-21T08:00:00+07:00",
        ),
        Stop(
            id="stop-2",
            name="Near",
            camera=camera(NEAR),
            seconds=2.0,
            flight=2.0,
            hidden=("buildings",),
            sun_time="2026-06-21T12:00:00+07:00",
            **more,
        ),
    )
    return Story(id="story-1", title=Words(vi="Hai góc", en="Two views"), stops=stops)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("film") / "blocks.gpkg"
    marks = (Bookmark(name="Far", camera=FAR), Bookmark(name="Gần", camera=NEAR))
    view = view_to(ViewState(shadows=False), marks, FAR)
    with Project.create(path, block_city(5), view=view) as made:
        chart = path.with_name("chart.png")
        Image.new("RGB", (60, 40), (250, 20, 20)).save(chart)
        data = chart.read_bytes()
        made.document.do(KeepPicture(key=picture_key(data), data=data))
        made.document.do(PutStory(story=a_story(picture=picture_key(data))))
    return path


def frames_of(path: Path) -> list[np.ndarray]:
    reader = imageio_ffmpeg.read_frames(str(path))
    width, height = next(reader)["size"]
    return [np.frombuffer(f, np.uint8).reshape(height, width, 3) for f in reader]


def pngs(folder: Path) -> list[np.ndarray]:
    names = sorted(one.name for one in folder.iterdir())
    assert names == [f"{n:06d}.png" for n in range(len(names))]
    return [np.asarray(Image.open(folder / name)) for name in names]


# -- a story in time ------------------------------------------------------------------------


def test_a_story_lasts_as_long_as_its_stops_and_ways():
    telling = Telling(a_story())
    assert telling.duration == 1.0 + 2.0 + 2.0 and telling.starts() == [0.0, 3.0]
    assert telling.at(0.5).pose == FAR and telling.at(0.5).stop == 0
    assert telling.at(1.5).stop == 0 and telling.at(2.5).stop == 1
    assert telling.at(4.0).pose == NEAR and telling.at(99.0).pose == NEAR


def test_words_come_and_go_in_half_a_second_and_stay_at_the_end():
    telling = Telling(a_story())
    strength = [telling.at(t).words for t in (0.0, 0.25, 0.5, 0.75, 2.0, 3.0, 3.5, 5.0)]
    assert strength == pytest.approx([0.0, 0.5, 1.0, 0.5, 0.0, 0.0, 1.0, 1.0])


def test_the_sun_goes_on_during_a_flight_within_a_day():
    telling = Telling(a_story())
    half = telling.at(2.0)
    assert half.sun == datetime.fromisoformat("2026-06-21T10:00:00+07:00")


def test_a_cut_takes_no_time_and_a_fade_dissolves_what_was_before():
    cut = Telling(a_story(transition="cut"))
    assert cut.duration == 3.0 and cut.at(1.0).pose == NEAR
    fade = Telling(a_story(transition="fade"))
    assert fade.duration == pytest.approx(3.0 + FADE_S)
    assert fade.at(0.99).fade == 0.0 and fade.at(0.99).pose == FAR
    left = [fade.at(1.0 + FADE_S * share).fade for share in (0.0, 0.3, 0.5, 0.7, 0.999, 1.0)]
    assert left[0] == 1.0 and left[2] == pytest.approx(0.5) and left[-1] == 0.0
    assert left == sorted(left, reverse=True)
    # The next view lies under what is left of the last one from the start.
    assert fade.at(1.0 + FADE_S * 0.1).pose == NEAR and fade.at(1.0 + FADE_S * 0.1).stop == 1


def test_half_way_of_a_fade_a_pixel_is_half_of_each():
    before, after = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 200, np.uint8)
    assert (dissolved(before, after, 0.5) == 100).all()
    assert (dissolved(before, after, 1.0) == 0).all() and (
        dissolved(before, after, 0.0) == 200
    ).all()


def test_a_stop_hides_and_dresses_without_touching_the_plan():
    from twin.style import Style

    city = block_city(2)
    stop = Stop(id="a", name="A", camera=camera(FAR), styles={"buildings": Style(color="#ff0000")})
    assert dressed(city, stop).style("buildings").color == "#ff0000"
    assert city.style("buildings").color == ""
    view = ViewState(hidden=frozenset({"trees"}))
    assert seen(view, stop).hidden == {"trees"}
    assert seen(view, a_story().stops[1]).hidden == {"buildings"}


# -- files ----------------------------------------------------------------------------------


def test_a_film_has_the_frames_the_size_and_the_speed_that_were_asked_for(project, tmp_path):
    out = tmp_path / "phim.mp4"
    odd = (SIZE[0] + 1, SIZE[1] + 1)
    report = film(FilmRequest(city=project, out=out, seconds=2.0, fps=6, size=odd, draft=True))
    assert (report["frames"], report["width"], report["height"]) == (12, 160, 90)
    frames = frames_of(out)
    assert len(frames) == 12 and frames[0].shape == (90, 160, 3)
    meta = next(imageio_ffmpeg.read_frames(str(out)))
    assert meta["codec"] == "h264" and meta["pix_fmt"].startswith("yuv420p") and meta["fps"] == 6
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 3
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("draft", [False, True])
def test_the_same_request_gives_the_same_frames(project, tmp_path, draft):
    made = []
    for name in ("one", "two"):
        film(
            FilmRequest(
                city=project,
                out=tmp_path / name,
                path="Far, Gần",
                seconds=1.0,
                fps=3,
                size=SIZE,
                draft=draft,
            )
        )
        made.append(pngs(tmp_path / name))
    assert len(made[0]) == 3
    assert all((a == b).all() for a, b in zip(*made, strict=True))


def test_a_story_is_filmed_with_caption_picture_and_what_it_hides(project, tmp_path):
    said = []
    for captions in (True, False):
        out = tmp_path / f"frames-{captions}"
        film(
            FilmRequest(
                city=project, out=out, path="Two views", fps=2, size=SIZE, language="vi",
                captions=captions, over=(), draft=True,
            )
        )  # fmt: skip
        said.append(pngs(out))
    with_words, without = said
    assert len(without) == 10
    apart = [np.abs(a.astype(int) - b).max() for a, b in zip(with_words, without, strict=True)]
    assert apart[1] > 60 and apart[3] == 0  # at the first stop; on the way nothing is said
    red = (with_words[8][..., 0] > 200) & (with_words[8][..., 1] < 80)
    assert red.sum() > 100 and not ((without[8][..., 0] > 200) & (without[8][..., 1] < 80)).any()


def test_the_sun_can_be_let_go_on(project, tmp_path):
    film(
        FilmRequest(
            city=project, out=tmp_path / "day", path="Far", seconds=2.0, fps=2, size=SIZE, over=(),
            time=datetime.fromisoformat("2026-06-21T12:00"),
            until=datetime.fromisoformat("2026-06-21T22:00"),
        )
    )  # fmt: skip
    light = [frame.mean() for frame in pngs(tmp_path / "day")]
    assert light[0] > 1.5 * light[-1]


@pytest.mark.parametrize("name", ["film.mp4", "frames"])
def test_a_stopped_film_leaves_nothing(project, tmp_path, name):
    progress = Progress(lambda done, what: "Frame 3" in what and progress.cancel())
    request = FilmRequest(
        city=project, out=tmp_path / name, seconds=2.0, fps=5, size=SIZE, draft=True
    )
    with pytest.raises(Cancelled):
        film(request, progress)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_filmed_is_said_in_words(project, tmp_path):
    for wrong in (
        {"path": "Nowhere"},
        {"out": tmp_path / "film.avi"},
        {"fps": 0},
        {"size": (8, 8)},
        {"seconds": 1.0, "stay": 5.0},
        {"out": tmp_path / "no" / "film.mp4"},
    ):
        request = {"city": project, "out": tmp_path / "film.mp4", "size": SIZE, "draft": True}
        with pytest.raises(CityError) as told:
            film(FilmRequest(**(request | wrong)))
        assert told.value.hint or "frames a second" in told.value.what
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    with pytest.raises(CityError):
        record(full, iter(()), SIZE, 5)
    assert [one.name for one in tmp_path.iterdir()] == ["full"]


def test_sizes_are_made_even():
    assert even((1921, 1081)) == (1920, 1080) and even((640, 360)) == (640, 360)


@pytest.mark.slow
def test_the_command_films_without_a_display(project, tmp_path):
    out = tmp_path / "turn.mp4"
    given = ["--path", "turn", "--seconds", "1", "--fps", "4", "--size", "160x90", "--draft"]
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment.pop("QT_QPA_PLATFORM", None)
    done = subprocess.run(
        [sys.executable, "-m", "viewers.cli", "film", str(project), *given, "-o", str(out), "--json"],
        capture_output=True, text=True, env=environment, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["frames"] == 4 and len(frames_of(out)) == 4

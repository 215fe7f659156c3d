"""Labels: where they stand, that they never collide, that they stay while the eye moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QRawFont
from small_layers import CRS, EAST, NORTH, buildings_layer

from layers.kinds.features import FeatureLayer
from twin.style import Style
from viewers.label_paint import name_picture
from viewers.scene.camera import Camera
from viewers.scene.label_places import AGAIN_M, Labels, labels_of
from viewers.scene.labels import GAP, MOST, LabelStage, Wish, placed
from viewers.scene.off_screen import OffScreen
from viewers.scene.overlay import LABELS, Overlay

ORIGIN = (EAST, NORTH, 0.0)
SIZE = (800, 600)
VIETNAMESE = "Ngõ Ặ, đường Nguyễn Hữu Thọ, hồ Tây, Ỗ Ự ễ ỵ"


def features(shapes: list[shapely.Geometry], **columns: list[object]) -> FeatureLayer:
    return FeatureLayer(
        id="f",
        name="F",
        crs=CRS,
        geometry=np.array(shapes, dtype=object),
        columns={k: np.array(v, dtype=object) for k, v in columns.items()},
        role="roads",
    )


def line(*places: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([(EAST + x, NORTH + y) for x, y in places])


def found(layer, **style) -> Labels | None:
    return labels_of(layer, Style(**style), origin=ORIGIN, ground=None)


# -- where ------------------------------------------------------------------------------------


def test_pieces_of_one_road_are_named_once_in_the_middle():
    pieces = [line((0, 0), (100, 0)), line((100, 0), (200, 0)), line((0, 50), (60, 50))]
    labels = found(features(pieces, ten=["Phố Huế", "Phố Huế", "Ngõ 1"]), label_by="ten")
    assert labels.texts == ("Phố Huế", "Ngõ 1")  # the longer one is more important
    assert labels.where[0, :2] == pytest.approx([100, 0])
    assert labels.extent.tolist() == [200, 60]


def test_a_long_road_is_named_again_and_again():
    labels = found(features([line((0, 0), (4 * AGAIN_M, 0))], ten=["Đường"]), label_by="ten")
    assert sorted(labels.where[:, 0]) == pytest.approx([AGAIN_M * k for k in (0.5, 1.5, 2.5, 3.5)])


def test_what_has_no_name_has_no_label():
    shapes = [line((0, 0), (9, 0)), line((0, 5), (9, 5)), line((0, 9), (9, 9))]
    assert found(features(shapes, ten=[None, "", float("nan")]), label_by="ten") is None
    assert found(features(shapes, ten=["a", "b", "c"]), label_by="other") is None
    assert found(features(shapes, ten=["a", "b", "c"])) is None


def test_an_area_is_named_inside_and_a_building_above_its_roof():
    ring = shapely.box(EAST, NORTH, EAST + 100, NORTH + 100) - shapely.box(
        EAST + 5, NORTH + 5, EAST + 95, NORTH + 95
    )
    labels = found(features([ring], ten=["Hào"]), label_by="ten")
    place = shapely.Point(labels.where[0, :2] + ORIGIN[:2])
    assert ring.contains(place)
    houses = buildings_layer()
    name = next(iter(houses.columns))
    labels = found(houses, label_by=name)
    top = (houses.ground + houses.height).max()
    assert top < labels.where[:, 2].max() < top + 10


def test_an_attribute_says_what_is_more_important():
    shapes = [line((0, y), (50 * y + 50, y)) for y in range(3)]
    layer = features(shapes, ten=["a", "b", "c"])
    layer = replace(layer, columns={**layer.columns, "cap": np.array([2.0, 9.0, np.nan])})
    assert found(layer, label_by="ten", label_rank="cap").texts == ("b", "a", "c")


def test_long_texts_are_cut():
    labels = found(features([line((0, 0), (9, 0))], ten=["x" * 500]), label_by="ten")
    assert len(labels.texts[0]) < 60


# -- no collisions ----------------------------------------------------------------------------

wish = st.builds(
    Wish,
    st.tuples(st.just("f"), st.integers(0, 10_000)),
    st.sampled_from(["a", "b", "c", "d", "e"]).map(lambda t: t * 3),
    st.floats(-50, 850),
    st.floats(-50, 650),
    st.floats(8, 160),
    st.floats(10, 40),
)


def boxes(wishes: list[Wish]) -> np.ndarray:
    return np.array([(w.x - w.width / 2, w.y, w.x + w.width / 2, w.y + w.height) for w in wishes])


@settings(max_examples=80, deadline=None)
@given(st.lists(wish, max_size=60, unique_by=lambda w: w.key), st.data())
def test_labels_never_collide_and_never_reach_beyond_the_edge(wishes, data):
    keys = [w.key for w in wishes]
    before = (
        frozenset(data.draw(st.lists(st.sampled_from(keys), max_size=9))) if keys else frozenset()
    )
    chosen = placed(wishes, SIZE, before=before)
    if not chosen:
        return
    box = boxes(chosen)
    assert (box[:, :2] >= 0).all() and (box[:, 2] <= SIZE[0]).all() and (box[:, 3] <= SIZE[1]).all()
    for i in range(len(box)):
        for j in range(i):
            apart = (
                box[i, 0] >= box[j, 2] or box[j, 0] >= box[i, 2]
                or box[i, 1] >= box[j, 3] or box[j, 1] >= box[i, 3]
            )  # fmt: skip
            assert apart


def test_the_more_important_goes_first_but_what_is_seen_stays():
    one = Wish(("f", 1), "one", 100, 100, 60, 20)
    other = Wish(("f", 2), "other", 110, 105, 60, 20)
    assert placed([one, other], SIZE, before=frozenset()) == [one]
    assert placed([one, other], SIZE, before=frozenset({("f", 2)})) == [other]


def test_the_same_words_are_not_seen_twice_side_by_side():
    wishes = [Wish(("f", k), "Phố Huế", 100 + 120 * k, 100, 60, 20) for k in range(5)]
    assert [w.key[1] for w in placed(wishes, SIZE, before=frozenset())] == [0, 3]


def test_there_are_never_more_than_fit_the_eye():
    wishes = [
        Wish(("f", k), f"t{k}", 20 + 14 * (k % 55), 5 + 14 * (k // 55), 2, 2) for k in range(2000)
    ]
    assert GAP < 14 / 2
    assert len(placed(wishes, SIZE, before=frozenset())) == MOST


# -- on the stage -----------------------------------------------------------------------------


@pytest.fixture
def stage(qapp):
    window = OffScreen(SIZE)
    overlay = Overlay(window.render_window, layer=LABELS)
    painted: list[str] = []

    def paint(text: str, size: float) -> np.ndarray:
        painted.append(text)
        return np.full((18, 9 * len(text), 4), 255, np.uint8)

    made = LabelStage(overlay, paint)
    made.painted, made.overlay, made.window = painted, overlay, window
    made.camera = Camera(window.renderer)
    yield made
    overlay.close()
    window.close()


def grid(count: int) -> Labels:
    rng = np.random.default_rng(2)
    places = np.column_stack([rng.uniform(-400, 400, (count, 2)), np.full(count, 3.0)])
    return Labels(
        texts=tuple(f"Phố {k}" for k in range(count)),
        where=places,
        extent=np.linspace(200, 40, count),
        size=13.0,
    )


def look(stage, eye, target=(0.0, 0.0, 0.0), *, moving=False, **more) -> frozenset:
    stage.camera.look(np.array(eye, float), np.array(target, float))
    view = stage.window.renderer.GetActiveCamera()
    scale = SIZE[1] / (2 * np.tan(np.radians(view.GetViewAngle()) / 2))
    stage.look(stage.window.renderer, SIZE, moving=moving, pixels_per_radian=scale, **more)
    return stage.shown


def test_words_do_not_flicker_while_the_eye_moves_slowly(stage):
    stage.set_layers({"f": grid(400)})
    look(stage, (0, -600, 500))
    history = [look(stage, (k, -600 + k, 500 - k / 2), moving=True) for k in range(60)]
    assert 20 < len(history[0]) <= MOST
    flickers = 0
    for key in frozenset().union(*history):
        seen = [key in one for one in history]
        # Comes and goes at most once: never seen, unseen and seen again within the flight.
        changes = int(np.abs(np.diff(np.array(seen, int))).sum())
        flickers += changes > 2
    assert flickers == 0
    assert len(history[-1] & history[0]) > 0.6 * len(history[0])


def test_few_new_words_are_painted_for_a_frame_that_moves(stage):
    stage.set_layers({"f": grid(2000)})
    look(stage, (0, -600, 500), moving=True)
    assert 0 < len(stage.painted) <= 16


def test_each_word_is_painted_once(stage):
    stage.set_layers({"f": grid(200)})
    for k in range(5):
        look(stage, (5 * k, -600, 500))
    assert len(stage.painted) == len(set(stage.painted))


def test_what_is_small_on_the_screen_is_not_named(stage):
    stage.set_layers({"f": replace(grid(50), extent=np.full(50, 2.0))})
    assert look(stage, (0, -600, 500)) == frozenset()


def test_words_behind_buildings_are_faint(stage):
    stage.set_layers({"f": grid(30)})
    look(stage, (0, -600, 500), covered=lambda where: np.ones(len(where), bool))
    alpha = {image[0][..., 3].max() for image in stage.overlay._images.values()}
    assert alpha == {int(255 * 0.42)}
    look(stage, (0, -600, 500), covered=lambda where: np.zeros(len(where), bool))
    assert {image[0][..., 3].max() for image in stage.overlay._images.values()} == {255}


def test_nothing_is_left_when_they_are_turned_off(stage):
    stage.set_layers({"f": grid(30)})
    assert look(stage, (0, -600, 500))
    stage.on = False
    assert look(stage, (0, -600, 500)) == frozenset()
    assert stage.overlay.names() == set()


def test_a_part_of_a_larger_picture_has_the_labels_of_the_whole(stage):
    stage.set_layers({"f": grid(300)})
    before = look(stage, (0, -600, 500))
    look(stage, (0, -80, 60), frozen=True)
    assert stage.shown == before


# -- letters ----------------------------------------------------------------------------------


def test_the_font_has_every_vietnamese_letter(qapp):
    from viewers.theme import font

    raw = QRawFont.fromFont(font())
    assert [letter for letter in VIETNAMESE if not raw.supportsCharacter(ord(letter))] == []


def test_words_have_a_halo_that_is_lighter_than_the_letters(qapp):
    picture = name_picture(VIETNAMESE, 16, 1.0)
    assert picture.shape[1] > 200
    inked = picture[picture[..., 3] > 200][:, :3].astype(int).sum(axis=1)
    assert inked.min() < 200 < 700 < inked.max()  # dark letters, light halo
    assert picture[0, 0, 3] == 0


def test_the_window_labels_what_styles_ask_for_and_can_be_told_not_to(
    qtbot, tmp_path, project_path
):
    from twin.edits.registry import SetStyle
    from viewers.app import App
    from viewers.settings import Settings
    from viewers.tools.labels_tool import LabelsTool

    kept = Settings(tmp_path / "dothi.ini")
    kept.language, kept.theme = "en", "light"
    app = App(kept)
    app.window.resize(900, 600)
    app.show()
    app.open_project(project_path)
    qtbot.waitUntil(lambda: app.session.city is not None, timeout=20_000)
    qtbot.waitUntil(lambda: app.stage.scene is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not app.tasks.running, timeout=60_000)
    tool = next(one for one in app.tools if isinstance(one, LabelsTool))
    app.session.look(shadows=False, occlusion=False)
    app.session.do(SetStyle(layer="roads", style=Style(label_by="ten")))
    app.commands.top_view()
    app.stage.frame_layer(app.session.city, "roads")
    # Names have a stage once the view has drawn its first frame.
    qtbot.waitUntil(lambda: tool._stage is not None, timeout=30_000)
    qtbot.waitUntil(lambda: tool._stage.shown == {("roads", 0)}, timeout=30_000)
    assert "label roads 0" in tool._over.labels.names()
    app.commands.run("labels")
    qtbot.waitUntil(lambda: "label roads 0" not in tool._over.labels.names(), timeout=30_000)
    app.commands.run("labels")
    qtbot.waitUntil(lambda: bool(tool._stage.shown), timeout=30_000)
    app.session.undo()
    qtbot.waitUntil(lambda: not tool._stage.shown, timeout=30_000)
    app.close()

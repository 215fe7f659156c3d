"""The actions of the window itself; tools declare theirs beside what they do."""

from __future__ import annotations

from functools import partial

from viewers.action_spec import EDIT, FILE, HELP, VIEW, ActionSpec
from viewers.i18n import mark

A = ActionSpec
LOOK = partial(ActionSpec, menu=VIEW, needs="city", bar=True)
ACTIONS: tuple[ActionSpec | None, ...] = (
    A(id="new_project", text=mark("New city"), keys=("Ctrl+N",), icon="new", menu=FILE),
    A(id="ask_project", text=mark("Open project…"), keys=("Ctrl+O",), icon="file", menu=FILE),
    A(
        id="ask_files",
        text=mark("Open files…"),
        keys=("Ctrl+Shift+O",),
        icon="open",
        menu=FILE,
        bar=True,
        tip=mark("Maps, LiDAR, rasters, CityJSON, OpenStreetMap"),
    ),
    A(id="open_demo", text=mark("Open the demo"), icon="demo", menu=FILE),
    None,
    A(
        id="save",
        text=mark("Save"),
        keys=("Ctrl+S",),
        icon="save",
        menu=FILE,
        needs="city",
        bar=True,
    ),
    A(id="save_as", text=mark("Save as…"), keys=("Ctrl+Shift+S",), menu=FILE, needs="city"),
    None,
    A(
        id="take_picture",
        text=mark("Save a picture…"),
        keys=("Ctrl+P",),
        icon="screenshot",
        menu=FILE,
        needs="city",
    ),
    None,
    A(id="close_project", text=mark("Close city"), keys=("Ctrl+W",), menu=FILE, needs="city"),
    A(id="quit", text=mark("Quit"), keys=("Ctrl+Q",), icon="quit", menu=FILE),
    A(
        id="undo",
        text=mark("Undo"),
        keys=("Ctrl+Z",),
        icon="undo",
        menu=EDIT,
        needs="undo",
        bar=True,
    ),
    A(
        id="redo",
        text=mark("Redo"),
        keys=("Ctrl+Y", "Ctrl+Shift+Z"),
        icon="redo",
        menu=EDIT,
        needs="redo",
        bar=True,
    ),
    None,
    A(id="style_layer", text=mark("Style of the layer…"), icon="style", menu=EDIT, needs="layer"),
    A(id="remove_layer", text=mark("Remove the layer"), icon="remove", menu=EDIT, needs="layer"),
    None,
    A(id="preferences", text=mark("Preferences…"), keys=("Ctrl+,",), icon="settings", menu=EDIT),
    LOOK(id="show_all", text=mark("Show the whole city"), keys=("Home",), icon="home"),
    LOOK(id="frame_selection", text=mark("Frame the selection"), keys=("F",), icon="frame"),
    LOOK(id="north_up", text=mark("North up"), keys=("N",), icon="north"),
    LOOK(id="top_view", text=mark("From above"), keys=("T",), icon="top"),
    LOOK(
        id="walk",
        text=mark("Walk"),
        keys=("W",),
        icon="walk",
        checkable=True,
        tip=mark("Arrow keys or WASD to walk, Shift to run, drag to look around, Esc to leave"),
    ),
    LOOK(id="add_bookmark", text=mark("Keep this view"), keys=("B",), icon="bookmark"),
    A(id="clear_selection", text=mark("Select nothing"), keys=("Esc",), menu=VIEW, needs="city"),
    None,
    LOOK(id="shadows", text=mark("Shadows"), icon="shadow", checkable=True),
    LOOK(id="occlusion", text=mark("Soft light in corners"), icon="occlusion", checkable=True),
    LOOK(id="edges", text=mark("Edges"), icon="edges", checkable=True),
    None,
    A(id="check_health", text=mark("Check data health"), icon="health", menu=VIEW, needs="city"),
    A(
        id="toggle_theme",
        text=mark("Light or dark theme"),
        keys=("Ctrl+T",),
        icon="theme",
        menu=VIEW,
    ),
    A(
        id="toggle_language",
        text="Tiếng Việt / English",
        keys=("Ctrl+L",),
        icon="language",
        menu=VIEW,
    ),
    A(
        id="full_screen",
        text=mark("Full screen"),
        keys=("F11",),
        icon="fullscreen",
        menu=VIEW,
        checkable=True,
    ),
    A(id="search", text=mark("Find a command…"), keys=("Ctrl+K",), icon="search", menu=HELP),
    A(id="shortcuts", text=mark("Keyboard and mouse"), keys=("F1",), icon="keyboard", menu=HELP),
    A(id="about", text=mark("About Dothi"), icon="info", menu=HELP),
)
"""In the order of the menus; None is a separator."""

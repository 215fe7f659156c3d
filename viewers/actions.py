"""Every action of the window in one table: menus, tool bar, shortcuts and command search read it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence

from viewers.i18n import mark, say, tr
from viewers.theme import set_icon


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """One line of the table.

    Attributes
    ----------
    id : stable name; the method of `viewers.commands.Commands` that does it
    text : English, translated when shown; "…" where a dialog follows
    keys : shortcuts, the first one is shown
    icon : name of a file in `resources/icons`
    menu : which menu it stands in, "" for none
    needs : "city", "undo", "redo", "selection", "layer", "unsaved", or "" for always
    checkable : whether it stays pressed
    bar : whether it has a button in the tool bar
    tip : more words for the tooltip
    """

    id: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    menu: str = ""
    needs: str = ""
    checkable: bool = False
    bar: bool = False
    tip: str = ""


FILE, EDIT, VIEW, HELP = mark("File"), mark("Edit"), mark("View"), mark("Help")
MENUS = (FILE, EDIT, VIEW, HELP)

A = ActionSpec
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
    A(
        id="show_all",
        text=mark("Show the whole city"),
        keys=("Home",),
        icon="home",
        menu=VIEW,
        needs="city",
        bar=True,
    ),
    A(
        id="frame_selection",
        text=mark("Frame the selection"),
        keys=("F",),
        icon="frame",
        menu=VIEW,
        needs="city",
        bar=True,
    ),
    A(
        id="north_up",
        text=mark("North up"),
        keys=("N",),
        icon="north",
        menu=VIEW,
        needs="city",
        bar=True,
    ),
    A(
        id="top_view",
        text=mark("From above"),
        keys=("T",),
        icon="top",
        menu=VIEW,
        needs="city",
        bar=True,
    ),
    A(
        id="walk",
        text=mark("Walk"),
        keys=("W",),
        icon="walk",
        menu=VIEW,
        needs="city",
        bar=True,
        checkable=True,
        tip=mark("Arrow keys or WASD to walk, drag to look around, Esc to leave"),
    ),
    A(
        id="add_bookmark",
        text=mark("Keep this view"),
        keys=("B",),
        icon="bookmark",
        menu=VIEW,
        needs="city",
        bar=True,
    ),
    A(id="clear_selection", text=mark("Select nothing"), keys=("Esc",), menu=VIEW, needs="city"),
    None,
    A(
        id="shadows",
        text=mark("Shadows"),
        icon="shadow",
        menu=VIEW,
        needs="city",
        checkable=True,
        bar=True,
    ),
    A(
        id="occlusion",
        text=mark("Soft light in corners"),
        icon="occlusion",
        menu=VIEW,
        needs="city",
        checkable=True,
        bar=True,
    ),
    A(
        id="edges",
        text=mark("Edges"),
        icon="edges",
        menu=VIEW,
        needs="city",
        checkable=True,
        bar=True,
    ),
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

SPECS = {spec.id: spec for spec in ACTIONS if spec is not None}


class Actions(QObject):
    """The table as QActions; says which one was asked for."""

    asked = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.all: dict[str, QAction] = {}
        for spec in SPECS.values():
            action = QAction(self)
            action.setCheckable(spec.checkable)
            action.setShortcuts([QKeySequence(keys) for keys in spec.keys])
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            if spec.icon:
                set_icon(action, spec.icon)
            action.triggered.connect(lambda _=False, name=spec.id: self.asked.emit(name))
            self.all[spec.id] = action
        self.retranslate()

    def __getitem__(self, name: str) -> QAction:
        return self.all[name]

    def show_state(self, true: frozenset[str]) -> None:
        """Enable what can be done; `true` holds the needs that are met."""
        for spec in SPECS.values():
            self.all[spec.id].setEnabled(not spec.needs or spec.needs in true)

    def show_labels(self, undo: str | None, redo: str | None) -> None:
        """Say what undo and redo would do."""
        for name, label in (("undo", undo), ("redo", redo)):
            what = say(label or "")
            text = tr(SPECS[name].text)
            self.all[name].setText(f"{text}  “{what}”" if what else text)
            self.all[name].setToolTip(self._tip(SPECS[name], what))

    def show_walking(self, walking: bool) -> None:
        """While walking, W is a step ahead, not this action; Esc leaves."""
        self.all["walk"].setChecked(walking)
        self.all["walk"].setShortcuts([] if walking else [QKeySequence("W")])

    def retranslate(self) -> None:
        """Say everything in the language now."""
        for spec in SPECS.values():
            action = self.all[spec.id]
            action.setText(tr(spec.text))
            action.setToolTip(self._tip(spec, tr(spec.tip) if spec.tip else ""))

    def _tip(self, spec: ActionSpec, more: str) -> str:
        keys = f"  ({shown_keys(spec)})" if spec.keys else ""
        text = tr(spec.text).rstrip("…") + keys
        return f"{text}\n{more}" if more else text


def shown_keys(spec: ActionSpec) -> str:
    """The first shortcut as the computer writes it; "" for none."""
    if not spec.keys:
        return ""
    return QKeySequence(spec.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)

"""What each action of the table does; one method per action, named as its id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from layers.frame import Frame
from twin.city import City
from twin.edits.registry import RemoveLayer, SetStyle
from viewers.action_spec import shown_keys
from viewers.dialogs.about import AboutDialog, ShortcutsDialog
from viewers.dialogs.crs_field import titled
from viewers.dialogs.preferences import Preferences, PreferencesDialog
from viewers.dialogs.properties import PropertiesDialog
from viewers.dialogs.screenshot import ScreenshotDialog, ScreenshotRequest
from viewers.dialogs.style_dialog import StyleDialog
from viewers.i18n import language, set_language, tr
from viewers.opening import Opening
from viewers.saving import Saving
from viewers.session import Session
from viewers.settings import Settings
from viewers.stage_view import StageView
from viewers.theme import ThemeName, apply_theme, theme
from viewers.tools.tool import Tool
from viewers.view_state import Bookmark
from viewers.window import Window

ZOOM_TO_PLACE_M = 120.0


@dataclass(eq=False)
class Commands:
    """The hands of the window; every long thing goes to `opening`, every edit to `session`."""

    window: Window
    session: Session
    opening: Opening
    saving: Saving
    settings: Settings
    stage: StageView
    tools: Mapping[str, Tool] = field(default_factory=dict)
    """Action id → the tool that does it."""

    def run(self, action: str) -> None:
        """Do the action with this id."""
        method: Callable[[], None] = getattr(self.tools.get(action, self), action)
        method()

    # -- file -------------------------------------------------------------------------------

    def new_project(self) -> None:
        self.close_project()

    def ask_project(self) -> None:
        self.opening.ask_project()

    def ask_files(self) -> None:
        self.opening.ask_files()

    def open_demo(self) -> None:
        self.opening.open_demo()

    def save(self) -> None:
        self.saving.save()

    def save_as(self) -> None:
        self.saving.save_as()

    def close_project(self) -> None:
        if self.saving.may_leave():
            self.opening.leave()

    def quit(self) -> None:
        self.window.close()

    def take_picture(self) -> None:
        dialog = ScreenshotDialog(self.stage.size(), self.window)
        if dialog.exec():
            name, _ = QFileDialog.getSaveFileName(
                self.window,
                tr("Save a picture"),
                str(Path(self.settings.folder) / f"{self._city().name}.png"),
                tr("Picture") + " (*.png)",
            )
            if name:
                self.settings.folder = str(Path(name).parent)
                self.save_picture(Path(name), dialog.chosen())
        dialog.deleteLater()

    def save_picture(self, path: Path, request: ScreenshotRequest) -> None:
        """Write the view to `path` as asked."""
        self.stage.save_picture(path.with_suffix(".png"), request, self.session.city, self.window)

    # -- edit -------------------------------------------------------------------------------

    def undo(self) -> None:
        self.session.undo()

    def redo(self) -> None:
        self.session.redo()

    def style_layer(self, layer_id: str = "") -> None:
        city = self._city()
        layer_id = layer_id or self.window.layers.current()
        if layer_id not in city.layers:
            return
        dialog = StyleDialog(
            city.layers[layer_id], city.style(layer_id), self.stage.legend_of, self.window
        )
        if dialog.exec():
            self.session.do(SetStyle(layer=layer_id, style=dialog.style_chosen()))
        dialog.deleteLater()

    def remove_layer(self, layer_id: str = "") -> None:
        layer_id = layer_id or self.window.layers.current()
        if layer_id in self._city().layers:
            self.session.do(RemoveLayer(layer=layer_id))

    def show_properties(self, layer_id: str) -> None:
        city = self._city()
        if layer_id in city.layers:
            grade = self.session.grades().get(layer_id, "")
            layer = city.layers[layer_id]
            dialog = PropertiesDialog(layer, titled(layer.crs), grade=grade, parent=self.window)
            dialog.exec()
            dialog.deleteLater()

    def preferences(self) -> None:
        now = Preferences(theme=theme(), language=language(), memory_mb=self.settings.memory_mb)
        dialog = PreferencesDialog(now, self.window)
        if dialog.exec():
            chosen = dialog.chosen()
            self.settings.memory_mb = chosen.memory_mb
            self.stage.set_memory(chosen.memory_mb * 2**20)
            self.set_theme(chosen.theme)
            self.set_language(chosen.language)
        dialog.deleteLater()

    # -- view -------------------------------------------------------------------------------

    def show_all(self) -> None:
        self.stage.show_all()

    def frame_selection(self) -> None:
        selected, chosen = self.session.view.selected, self.session.view.chosen
        if chosen.count > 1:
            self.stage.frame_rows(self._city(), chosen)
        elif selected is None:
            self.stage.show_all()
        else:
            self.stage.frame_picked(self._city(), selected)

    def zoom_to_layer(self, layer_id: str) -> None:
        self.stage.frame_layer(self._city(), layer_id)

    def fly_to_place(self, where: tuple[float, float], _source: str = "") -> None:
        x, y = where
        box = (x - ZOOM_TO_PLACE_M, y - ZOOM_TO_PLACE_M, x + ZOOM_TO_PLACE_M, y + ZOOM_TO_PLACE_M)
        self.stage.frame_box(box)

    def fly_to(self, bookmark: Bookmark) -> None:
        self.stage.fly_to(bookmark.camera)

    def north_up(self) -> None:
        self.stage.north_up()

    def top_view(self) -> None:
        self.stage.top()

    def walk(self) -> None:
        self.stage.set_walking(self.window.actions_table["walk"].isChecked())

    def clear_selection(self) -> None:
        if self.stage.canvas.hand is not None:
            self.stage.canvas.set_hand(None)
        elif self.stage.walking:
            self.stage.set_walking(False)
        elif self.window.isFullScreen():
            self.full_screen()
        else:
            self.session.select(None)

    def add_bookmark(self) -> None:
        camera = self.stage.pose()
        if camera is None:
            return
        taken = {bookmark.name for bookmark in self.session.bookmarks}
        number = len(taken) + 1
        while tr("View {number}", number=number) in taken:
            number += 1
        made = Bookmark(name=tr("View {number}", number=number), camera=camera)
        self.session.keep((*self.session.bookmarks, made))
        self.window.show_panel("bookmarks")

    def rename_bookmark(self, index: int, name: str) -> None:
        kept = list(self.session.bookmarks)
        if name and 0 <= index < len(kept):
            kept[index] = replace(kept[index], name=name)
        self.session.keep(tuple(kept))

    def remove_bookmark(self, index: int) -> None:
        kept = list(self.session.bookmarks)
        del kept[index : index + 1]
        self.session.keep(tuple(kept))

    def shadows(self) -> None:
        self.session.look(shadows=not self.session.view.shadows)

    def occlusion(self) -> None:
        self.session.look(occlusion=not self.session.view.occlusion)

    def edges(self) -> None:
        self.session.look(edges=not self.session.view.edges)

    def check_health(self) -> None:
        self.opening.check_health()
        self.window.show_panel("health")

    def toggle_theme(self) -> None:
        self.set_theme("dark" if theme() == "light" else "light")

    def set_theme(self, name: ThemeName) -> None:
        """Dress window and scene."""
        if name != theme():
            apply_theme(name)
        self.settings.theme = name
        self.session.look(theme=name)

    def toggle_language(self) -> None:
        self.set_language("en" if language() == "vi" else "vi")

    def set_language(self, code: str) -> None:
        """Speak another language."""
        if code != language():
            set_language(code)
        self.settings.language = code

    def full_screen(self) -> None:
        if self.window.isFullScreen():
            self.window.showNormal()
        else:
            self.window.showFullScreen()

    # -- help -------------------------------------------------------------------------------

    def search(self) -> None:
        self.window.search()

    def shortcuts(self) -> None:
        specs = self.window.actions_table.specs.values()
        pairs = [(tr(spec.text), shown_keys(spec)) for spec in specs if spec.keys]
        self._show(ShortcutsDialog(pairs, self.window))

    def about(self) -> None:
        self._show(AboutDialog(self.window))

    def _show(self, dialog: AboutDialog | ShortcutsDialog) -> None:
        dialog.exec()
        dialog.deleteLater()

    def _city(self) -> City:
        city = self.session.city
        return city if city is not None else City(name="", frame=Frame(crs="EPSG:5897"))

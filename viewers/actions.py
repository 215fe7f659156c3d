"""Every action of the window: menus, tool bar, shortcuts and command search read it here."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence

from viewers.action_spec import ActionSpec, Table, shown_keys
from viewers.i18n import say, tr
from viewers.theme import set_icon


class Actions(QObject):
    """Tables of actions as QActions; says which one was asked for."""

    asked = Signal(str)

    def __init__(self, parent: QObject, table: Table) -> None:
        super().__init__(parent)
        self.table = tuple(table)
        self.specs = {spec.id: spec for spec in self.table if spec is not None}
        self.all: dict[str, QAction] = {}
        for spec in self.specs.values():
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
        for spec in self.specs.values():
            self.all[spec.id].setEnabled(not spec.needs or spec.needs in true)

    def show_labels(self, undo: str | None, redo: str | None) -> None:
        """Say what undo and redo would do."""
        for name, label in (("undo", undo), ("redo", redo)):
            what = say(label or "")
            text = tr(self.specs[name].text)
            self.all[name].setText(f"{text}  “{what}”" if what else text)
            self.all[name].setToolTip(self._tip(self.specs[name], what))

    def show_walking(self, walking: bool) -> None:
        """While walking, W is a step ahead, not this action; Esc leaves."""
        self.all["walk"].setChecked(walking)
        self.all["walk"].setShortcuts([] if walking else [QKeySequence("W")])

    def retranslate(self) -> None:
        """Say everything in the language now."""
        for spec in self.specs.values():
            action = self.all[spec.id]
            action.setText(tr(spec.text))
            action.setToolTip(self._tip(spec, tr(spec.tip) if spec.tip else ""))

    def _tip(self, spec: ActionSpec, more: str) -> str:
        keys = f"  ({shown_keys(spec)})" if spec.keys else ""
        text = tr(spec.text).rstrip("…") + keys
        return f"{text}\n{more}" if more else text

"""One line of the table of actions, and the menus they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtGui import QKeySequence

from viewers.i18n import mark


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """One line of the table.

    Attributes
    ----------
    id : stable name; the method of `viewers.commands.Commands`, or of the tool that declares it, that
        does it
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


FILE, EDIT, VIEW, CAMERA, TOOLS, HELP = (
    mark("File"), mark("Edit"), mark("View"), mark("Camera"), mark("Tools"), mark("Help"),
)  # fmt: skip
MENUS = (FILE, EDIT, VIEW, CAMERA, TOOLS, HELP)

Table = Sequence[ActionSpec | None]
"""In the order of the menus; None is a separator."""


def shown_keys(spec: ActionSpec) -> str:
    """The first shortcut as the computer writes it; "" for none."""
    if not spec.keys:
        return ""
    return QKeySequence(spec.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)

"""Model signals (psygnal) become Qt signals."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from twin.document import Change, Document


class Bridge(QObject):
    """Tells Qt what the document says; listens to one document at a time."""

    changed = Signal(object)  # Change

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document: Document | None = None

    def listen(self, document: Document | None) -> None:
        """Listen to `document` from now on, and to no other."""
        if self._document is not None:
            self._document.changed.disconnect(self._pass_on)
        self._document = document
        if document is not None:
            document.changed.connect(self._pass_on)

    def close(self) -> None:
        """Say nothing more."""
        self.listen(None)

    def _pass_on(self, change: Change) -> None:
        self.changed.emit(change)

"""A layer's picture that is painted anew, as a whole, where something in it is selected."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from viewers.scene.visual import Surroundings, Visual
from viewers.view_state import NO_ROWS


class MarkedVisual(Visual):
    """Keeps what is selected, chosen and hidden; says when to paint and when to leave rows out."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._selected: int | None = None
        self._chosen = self._hidden = NO_ROWS

    @abstractmethod
    def _write(self) -> None:
        """Write the colours of all rows, those selected and chosen standing out."""

    @abstractmethod
    def _leave_out(self) -> bool:
        """Leave the hidden rows out of picture and rays; True where that changed anything."""

    def highlight(self, row: int | None) -> None:
        """See `Visual.highlight`."""
        if row != self._selected:
            self._selected = row
            self._write()

    def mark(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.mark`."""
        if rows is self._chosen:
            return False
        self._chosen = rows
        self._write()
        return True

    def hide(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.hide`."""
        if rows is self._hidden:
            return False
        self._hidden = rows
        return self._leave_out()

"""What pictures of layers owe still, and when it is settled."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Protocol

from viewers.scene.loader import Loader


class Owing(Protocol):
    """Something that draws more of itself between frames; see `Visual.complete`."""

    def complete(self, seconds: float) -> bool:
        """True when nothing is owed."""


class Debts:
    """Remembers that something was owed, so that its coming is noticed whenever it comes."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._owed = False

    def settle(self, those: Sequence[Owing], seconds: float) -> tuple[bool, bool]:
        """Let each go on, all together for about so long.

        Returns
        -------
        Whether nothing is owed now, and whether something was before.
        """
        self._owed |= any(self._loader.owes(one) for one in those)
        done = _go_on(those, 0.0)
        # Who can wait without a limit waits for more than what holds up the refining of a picture.
        if seconds > 0 and (not done or math.isinf(seconds)):
            self._owed = True
            done = _go_on(those, seconds)
        owed, self._owed = self._owed or not done, not done
        return done, owed


def _go_on(those: Sequence[Owing], seconds: float) -> bool:
    """Let each go on; none waits because another owes something."""
    until, done = time.perf_counter() + seconds, True
    for one in those:
        done &= one.complete(max(until - time.perf_counter(), 0.0) if seconds else 0.0)
    return done

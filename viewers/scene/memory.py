"""What tiles on the stage cost, and which go first when it is too much."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from layers.memory import live_long

MOST_BYTES = 768 * 2**20


class Memory:
    """Bytes that resident tiles of all layers hold, under one limit that the user may set.

    A tile is dropped when the limit is passed, the one longest out of use first; never one that the
    present frame uses.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        live_long()
        self.most = most
        self.held = 0
        self._frame = 0
        self._tiles: dict[tuple[object, Hashable], tuple[int, Callable[[], None]]] = {}
        self._used: dict[tuple[object, Hashable], int] = {}

    def next_frame(self) -> None:
        """A new frame begins."""
        self._frame += 1

    def hold(self, owner: object, key: Hashable, nbytes: int, drop: Callable[[], None]) -> None:
        """A tile came: `nbytes` in numpy, VTK and the driver; `drop` takes it off the stage."""
        self.release(owner, key)
        self._tiles[owner, key] = (nbytes, drop)
        self._used[owner, key] = self._frame
        self.held += nbytes

    def use(self, owner: object, key: Hashable) -> None:
        """The present frame draws it."""
        if (owner, key) in self._used:
            self._used[owner, key] = self._frame

    def release(self, owner: object, key: Hashable) -> None:
        """Its owner dropped it."""
        known = self._tiles.pop((owner, key), None)
        self._used.pop((owner, key), None)
        if known is not None:
            self.held -= known[0]

    def fit(self) -> int:
        """Drop tiles until the limit is kept, as far as the present frame allows; bytes dropped."""
        before = self.held
        if self.held <= self.most:
            return 0
        oldest = sorted((frame, n) for n, frame in enumerate(self._used.values()))
        places = list(self._used)
        for frame, n in oldest:
            if self.held <= self.most or frame >= self._frame:
                break
            _, drop = self._tiles[places[n]]
            self.release(*places[n])
            drop()
        return before - self.held

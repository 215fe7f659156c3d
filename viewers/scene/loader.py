"""Loads tiles in workers, the most wanted first; hands them over in the window's thread."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import partial
from typing import Any

from viewers.giving_way import give_way

log = logging.getLogger(__name__)

Work = Callable[[Callable[[], bool]], Any]
"""Makes a tile from numpy alone. It is given `wanted()`, false once nobody wants the tile any more,
and may return None then; it must neither touch nor hold anything of Qt or VTK: a worker may be the
last to let go of it, and a texture that goes in a thread without OpenGL stays in the driver."""
Place = tuple[int, Hashable]
"""Number of an owner, and key. Workers never hold the owner itself: it owns what is on the stage."""


class Loader:
    """A few threads and one queue for all layers of a scene.

    `ask` and `want` are called in the window's thread before each frame, `take` in slices after it.
    Asking for what is asked for already changes its urgency alone.

    Parameters
    ----------
    threads
        Workers; they start with the first request.
    """

    def __init__(self, threads: int = 2) -> None:
        self._picture: Hashable = None
        self._owners: weakref.WeakKeyDictionary[object, int] = weakref.WeakKeyDictionary()
        self._wants: dict[int, dict[Hashable, set[Hashable]]] = {}
        """What of each owner each picture wants: a tile is given up when none does any more."""
        self._most = threads
        self._threads: list[threading.Thread] = []
        self._lock = threading.Condition()
        self._waiting: dict[Place, tuple[float, int, Work]] = {}
        self._working: set[Place] = set()
        self._unwanted: set[Place] = set()
        self._done: deque[tuple[int, Hashable, Any]] = deque()
        self._numbers = itertools.count()
        self._closed = False

    def ask(self, owner: object, key: Hashable, urgency: float, work: Work) -> None:
        """Load `key` for `owner`; the highest urgency (pixels of error) goes first."""
        with self._lock:
            if self._closed:
                return
            number = self._number_of(owner)
            place = (number, key)
            self._wants.setdefault(number, {}).setdefault(self._picture, set()).add(key)
            if any(done[:2] == place for done in self._done):
                return
            if place in self._working and place not in self._unwanted:
                return
            self._waiting[place] = (-urgency, next(self._numbers), work)
            if len(self._threads) < self._most and len(self._waiting) > self._idle():
                thread = threading.Thread(target=self._run, name="dothi-tiles", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._lock.notify()

    def _number_of(self, owner: object) -> int:
        return self._owners.setdefault(owner, next(self._numbers))

    def _idle(self) -> int:
        return len(self._threads) - len(self._working)

    @contextlib.contextmanager
    def seen_in(self, picture: Hashable) -> Iterator[None]:
        """Count what is asked for and forgotten as another picture's of the same layers.

        The first picture's name is None; what it forgets, all forget.
        """
        before, self._picture = self._picture, picture
        try:
            yield
        finally:
            self._picture = before

    def want(self, owner: object, keys: Iterable[Hashable]) -> None:
        """Forget what `owner` asked for and does not want any more, in no picture."""
        with self._lock:
            number = self._number_of(owner)
            self._wants.setdefault(number, {})[self._picture] = set(keys)
            self._give_up(number)

    def leave(self, picture: Hashable) -> None:
        """Forget what only `picture` wants: it is gone."""
        with self._lock:
            for owner, wants in list(self._wants.items()):
                if wants.pop(picture, None) is not None:
                    self._give_up(owner)

    def _give_up(self, owner: int) -> None:
        kept = self._wanted_of(owner)
        if not kept:
            self._wants.pop(owner, None)
        for place in [p for p in self._waiting if p[0] == owner and p[1] not in kept]:
            del self._waiting[place]
        # One that was told so may have given up already: it is worked on again if asked for.
        self._unwanted |= {p for p in self._working if p[0] == owner and p[1] not in kept}

    def _wanted_of(self, owner: int) -> set[Hashable]:
        return set().union(*self._wants.get(owner, {}).values())

    def take(self, owner: object) -> tuple[Any, Any] | None:
        """One loaded tile of `owner`: (key, what the work returned, or its exception)."""
        with self._lock:
            number = self._number_of(owner)
            for index, (whose, key, result) in enumerate(self._done):
                if whose == number:
                    del self._done[index]
                    self._served(number, key)
                    return key, result
        return None

    def _served(self, owner: int, key: Hashable) -> None:
        """Nothing is kept for an owner that wants nothing more."""
        wants = self._wants.get(owner, {})
        for keys in wants.values():
            keys.discard(key)
        if not any(wants.values()):
            self._wants.pop(owner, None)

    def owes(self, owner: object) -> bool:
        """Whether something of `owner` is still to be loaded or taken."""
        with self._lock:
            return self._owes(self._number_of(owner))

    def _owes(self, owner: int) -> bool:
        return (
            any(place[0] == owner for place in self._waiting)
            or any(p[0] == owner and p not in self._unwanted for p in self._working)
            or any(whose == owner for whose, _, _ in self._done)
        )

    def wait(self, owner: object, seconds: float) -> bool:
        """Wait until something of `owner` can be taken; False where nothing is owed or it took longer."""
        with self._lock:
            number = self._number_of(owner)
            return self._lock.wait_for(
                lambda: (
                    any(whose == number for whose, _, _ in self._done) or not self._owes(number)
                ),
                min(seconds, threading.TIMEOUT_MAX),
            ) and any(whose == number for whose, _, _ in self._done)

    def finish(self, seconds: float) -> bool:
        """Wait until the workers have nothing to do, also nothing that nobody wants any more."""
        with self._lock:
            return self._lock.wait_for(lambda: not (self._waiting or self._working), seconds)

    def forget(self, owner: object) -> None:
        """Drop all that `owner` asked for; what is in work is thrown away when it is done."""
        with self._lock:
            number = self._number_of(owner)
            if self._picture is None:
                self._wants.pop(number, None)
            else:
                self._wants.get(number, {}).pop(self._picture, None)
            self._give_up(number)
            kept = self._wanted_of(number)
            self._done = deque(done for done in self._done if done[0] != number or done[1] in kept)

    def close(self) -> None:
        """End the workers and wait for them."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            self._wants.clear()
            self._unwanted |= self._working
            self._lock.notify_all()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._done.clear()

    # -- workers ----------------------------------------------------------------------------

    def _run(self) -> None:
        give_way()
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._closed or self._free() is not None)
                if self._closed:
                    return
                place = self._free()
                assert place is not None
                _, _, work = self._waiting.pop(place)
                self._working.add(place)
            try:
                result: Any = work(partial(self._wanted, place))
            except Exception as damage:  # told to the owner, who knows what to do without the tile
                log.debug("A tile could not be loaded", exc_info=damage)
                result = damage
            with self._lock:
                self._working.discard(place)
                dropped = place in self._unwanted or self._closed
                self._unwanted.discard(place)
                if not dropped:
                    self._done.append((*place, result))
                self._lock.notify_all()
            del place, work, result  # nothing is held while there is nothing to do

    def _wanted(self, place: Place) -> bool:
        return place not in self._unwanted

    def _free(self) -> Place | None:
        """The most urgent request that nobody works on."""
        waiting = [p for p in self._waiting if p not in self._working]
        return min(waiting, key=lambda p: self._waiting[p][:2], default=None)

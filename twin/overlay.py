"""A small map that is never changed: each new one shares almost all of the one before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

V = TypeVar("V")


class Overlay(Mapping[str, V]):
    """Text → value; `with_item` gives a new map and costs about as much as one item.

    Copying a whole dict for each edit would make a day's undo stack grow with the square of the
    edits. Here a map is a few dicts, each at least twice as large as the newer one over it (a
    logarithmic merge, Bentley & Saxe 1980), and maps share those dicts.
    """

    __slots__ = ("_levels",)

    def __init__(self, items: Mapping[str, V] | None = None) -> None:
        self._levels: tuple[dict[str, V], ...] = (dict(items),) if items else ()

    @classmethod
    def of(cls, items: Mapping[str, V]) -> Overlay[V]:
        """`items` as an overlay; the very same one if it is one."""
        return items if isinstance(items, cls) else cls(items)

    def with_item(self, key: str, value: V) -> Overlay[V]:
        """All of this, and `value` at `key`."""
        newest, levels = {key: value}, self._levels
        while levels and len(levels[0]) < 2 * len(newest):
            newest = {**levels[0], **newest}
            levels = levels[1:]
        made: Overlay[V] = Overlay()
        made._levels = (newest, *levels)
        return made

    def __getitem__(self, key: str) -> V:
        for level in self._levels:
            if key in level:
                return level[key]
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        seen: dict[str, None] = {}
        for level in reversed(self._levels):
            seen.update(dict.fromkeys(level))
        return iter(seen)

    def __len__(self) -> int:
        if len(self._levels) < 2:
            return sum(map(len, self._levels))
        return len(set().union(*self._levels))

    def __repr__(self) -> str:
        return f"Overlay({dict(self)!r})"

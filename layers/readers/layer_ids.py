"""Ids and names of several layers out of one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from layers.readers.place import layer_id, layer_name


def ids_and_names(path: Path, inner: Sequence[str]) -> list[tuple[str, str]]:
    """(id, name) for each layer `inner` of `path`; ids are unique among them.

    A layer that is the only one, or is called as the file is, gets the file's name.
    """
    used: set[str] = set()
    result = []
    for title in inner:
        same = not title or title.casefold() == layer_name(path).casefold()
        wanted = base = layer_id(path, "" if same else title)
        number = 2
        while wanted in used:
            wanted, number = f"{base}-{number}", number + 1
        used.add(wanted)
        result.append((wanted, layer_name(path) if same else f"{layer_name(path)} · {title}"))
    return result

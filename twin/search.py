"""Finding things of a city by what is written about them: id, name, address, any attribute."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.kinds.buildings import BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.progress import SILENT, Progress
from twin.city import City

MOST = 200
"""Things told of one question."""
MOST_HITS = 20_000
"""Rows looked at for a question of several words."""
ROWS_AT_ONCE = 4_000
FIELD, ROW = b"\x1f", b"\n"
NAMES = ("name", "ten", "tên", "name:vi", "ten_duong", "tenduong", "street", "address", "dia_chi")
_MARKS = re.compile("[\u0300-\u036f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that fits.

    Attributes
    ----------
    layer, row : which thing
    title : what it is called
    column : attribute that fits, "" for the id
    value : as it is written there
    """

    layer: str
    row: int
    title: str
    column: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found, best first; `more` tells that there was more than is told."""

    found: tuple[Found, ...]
    more: bool = False


def folded(text: str) -> str:
    """Lower case, without diacritics, Đ as d: "Hoàn Kiếm" → "hoan kiem"."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return _MARKS.sub("", parts)


class LayerText:
    """All that is written about the things of one layer, folded, as one run of bytes."""

    def __init__(self, layer: Layer, progress: Progress = SILENT) -> None:
        self.layer = layer
        self.columns = tuple(_columns(layer).items())
        parts = []
        for start in range(0, layer.count, ROWS_AT_ONCE):
            progress.step(start / layer.count, f"Reading {layer.name}")
            parts.append(self._rows(start, min(start + ROWS_AT_ONCE, layer.count)))
        self.text = b"".join(parts)
        breaks = np.flatnonzero(np.frombuffer(self.text, np.uint8) == ROW[0])
        self.starts: NDArray[np.int64] = np.concatenate([[0], breaks + 1])

    def _rows(self, start: int, end: int) -> bytes:
        """One part at a time, so that other threads go on between."""
        texts = [
            ["" if v is None else str(v) for v in values[start:end].tolist()]
            for _, values in self.columns
        ]
        between = FIELD.decode()
        lines = [
            between + between.join(row).replace("\n", " ") + between
            for row in zip(*texts, strict=True)
        ]
        return (folded("\n".join(lines)) + "\n").encode()

    def row_text(self, row: int) -> bytes:
        """What is written about one row, folded."""
        return self.text[self.starts[row] : self.starts[row + 1] - 1]

    def rows_with(self, needle: bytes) -> Iterator[int]:
        """Rows that hold `needle`, each once, in their order."""
        at, last = self.text.find(needle), -1
        while at >= 0:
            row = int(np.searchsorted(self.starts, at, side="right")) - 1
            if row != last:
                yield row
            last = row
            at = self.text.find(needle, int(self.starts[row + 1]) - 1)

    def found(self, row: int, words: list[bytes]) -> Found:
        """A row as something to show: its title, and the attribute that fits best."""
        fields = self.row_text(row).split(FIELD)[1:-1]
        fits = [sum(word in field for word in words) for field in fields]
        best = int(np.argmax(fits)) if fits else 0
        column, values = self.columns[best]
        return Found(
            layer=self.layer.id,
            row=row,
            title=self._title(row),
            column=column,
            value=str(values[row]),
        )

    def _title(self, row: int) -> str:
        known = dict(self.columns)
        for name in NAMES:
            for column in known:
                if column.lower() == name and str(known[column][row] or "").strip():
                    return str(known[column][row]).strip()
        first = known.get("")
        return str(first[row]) if first is not None else f"{self.layer.name} {row + 1}"


def _columns(layer: Layer) -> Mapping[str, NDArray[Any]]:
    """Attributes worth searching, the id first under the name ""."""
    if isinstance(layer, BuildingsLayer):
        return {"": layer.ids, "use": layer.use, **_words(layer.columns)}
    if isinstance(layer, FeatureLayer):
        own = layer.columns.get(layer.id_column)
        return {**({} if own is None else {"": own}), **_words(layer.columns, layer.id_column)}
    return {}


def _words(columns: Mapping[str, NDArray[Any]], but: str = "") -> dict[str, NDArray[Any]]:
    return {k: v for k, v in columns.items() if k != but and v.dtype.kind in "OUiu"}


class Search:
    """Answers questions about a city; what is written in a layer is read once. Safe in threads."""

    def __init__(self) -> None:
        self._texts: dict[str, LayerText] = {}
        self._reading = threading.Lock()

    def forget(self) -> None:
        """Let go of what was read."""
        with self._reading:
            self._texts = {}

    def read(self, city: City, progress: Progress = SILENT) -> None:
        """Read what is new in `city`, and forget what is gone."""
        with self._reading:
            kept = {k: v for k, v in self._texts.items() if city.layers.get(k) is v.layer}
            due = [one for one in city.layers.values() if one.id not in kept and _columns(one)]
            for number, layer in enumerate(due):
                part = progress.part(number / len(due), (number + 1) / len(due))
                kept[layer.id] = LayerText(layer, part)
                self._texts = dict(kept)
            self._texts = kept

    def ask(self, city: City, question: str, progress: Progress = SILENT) -> Answer:
        """Things with all words of `question`: written exactly so first, then beginning so, then
        with a word that begins so, then anywhere.

        Case and diacritics do not matter.
        """
        self.read(city, progress)
        asked = " ".join(folded(question).split()).encode()
        if not asked:
            return Answer(found=())
        words, texts = asked.split(), tuple(self._texts.values())
        seen: dict[tuple[str, int], Found] = {}
        for needle in (FIELD + asked + FIELD, FIELD + asked, b" " + asked, asked, None):
            for text in texts:
                rows = self._together(text, words) if needle is None else text.rows_with(needle)
                for row in rows:
                    progress.step(1.0)
                    if len(seen) > MOST:
                        return Answer(found=tuple(seen.values())[:MOST], more=True)
                    if (text.layer.id, row) not in seen:
                        given = words if needle is None else [asked]
                        seen[text.layer.id, row] = text.found(row, given)
        return Answer(found=tuple(seen.values()))

    @staticmethod
    def _together(text: LayerText, words: list[bytes]) -> Iterator[int]:
        if len(words) < 2:
            return
        longest = max(words, key=len)
        for number, row in enumerate(text.rows_with(longest)):
            if number >= MOST_HITS:
                return
            written = text.row_text(row)
            if all(word in written for word in words):
                yield row

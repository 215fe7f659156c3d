"""Attribute columns as they should be: texts in Unicode, names that can be told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from layers.notices import Notice
from layers.text import Detection, decoded, detect, known_encoding, mended, unmangled

_TITLES = {
    "utf-8": "UTF-8",
    "cp1258": "CP1258 (Vietnamese)",
    "tcvn3": "TCVN3 (ABC)",
    "vni": "VNI",
    "cp1252": "CP1252",
    "latin-1": "Latin-1",
}
_UNSURE = 0.6


class Attributes(NamedTuple):
    """Columns, and the encoding their texts were in."""

    columns: dict[str, NDArray[Any]]
    encoding: str
    notices: tuple[Notice, ...]


def attributes(
    names: Sequence[str],
    values: Sequence[NDArray[Any]],
    *,
    raw: bool,
    stated: str = "",
    asked: str = "",
    source: str = "",
) -> Attributes:
    """Columns by name, texts decoded and NFC.

    Parameters
    ----------
    raw
        Texts hold one character per byte of the file (as if Latin-1), nothing decoded yet.
    stated
        Encoding the file claims; believed where the texts do not contradict.
    asked
        Encoding the user states; "" to find out from all texts together.
    """
    texts = _distinct(names, values)
    if raw:
        encoding, found = _raw_encoding(texts, stated, asked)
        first = {text: decoded(text.encode("latin-1", "replace"), encoding) for text in texts}
    else:
        encoding, found = "utf-8", Detection("", 1.0)
        first = {text: text for text in texts}
    again = Detection(known_encoding(asked), 1.0) if asked and not raw else Detection("", 1.0)
    if not asked:
        again = unmangled(first.values())
    table = {text: mended(read, again.encoding) for text, read in first.items()}

    def turn(text: str) -> str:
        return table[text]

    columns: dict[str, NDArray[Any]] = {}
    for name, column in zip(names, values, strict=True):
        columns[_free_name(turn(name), columns)] = _turned(column, turn)
    final = again.encoding or encoding
    sure = min(found.confidence, again.confidence)
    changed = sum(text != read for text, read in table.items())
    lost = sum("\ufffd" in read for read in table.values())
    notices = _notices(final, sure, changed, lost, source, told=bool(asked))
    return Attributes(columns, final, notices)


def _raw_encoding(texts: Iterable[str], stated: str, asked: str) -> tuple[str, Detection]:
    if asked:
        return known_encoding(asked), Detection(asked, 1.0)
    rows = [text.encode("latin-1", "replace") for text in texts]
    found = detect(rows)
    if found.encoding in ("latin-1", "cp1252") and stated and _reads(rows, stated):
        return known_encoding(stated), Detection(stated, 1.0)
    return found.encoding, found


def _reads(rows: Iterable[bytes], encoding: str) -> bool:
    """Whether every row is possible in `encoding`, a name that Python knows."""
    try:
        for row in rows:
            row.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _distinct(names: Sequence[str], values: Sequence[NDArray[Any]]) -> set[str]:
    texts = set(names)
    for column in values:
        if column.dtype.kind == "O":
            texts.update(text for text in column.tolist() if isinstance(text, str))
    return texts


def _turned(column: NDArray[Any], turn: Callable[[str], str]) -> NDArray[Any]:
    if column.dtype.kind != "O":
        return column
    listed = [turn(value) if isinstance(value, str) else value for value in column.tolist()]
    result = np.empty(len(listed), dtype=object)
    result[:] = listed
    return result


def _free_name(name: str, taken: dict[str, NDArray[Any]]) -> str:
    wanted, number = name, 2
    while wanted in taken:
        wanted, number = f"{name}_{number}", number + 1
    return wanted


def _notices(
    encoding: str, sure: float, changed: int, lost: int, source: str, *, told: bool
) -> tuple[Notice, ...]:
    found = []
    title = _TITLES.get(encoding, encoding)
    if changed and encoding not in ("utf-8", "latin-1", "cp1252") and not told:
        doubt = sure < _UNSURE
        found.append(
            Notice(
                code="texts-converted",
                what=f"{changed} different texts were in {title} and have been converted to Unicode",
                hint="Not sure: if names look wrong, state the encoding." if doubt else "",
                source=source,
                count=changed,
                severity="warning" if doubt else "info",
            )
        )
    if lost:
        found.append(
            Notice(
                code="letters-lost",
                what=f"{lost} different texts hold bytes that {title} does not know",
                hint="State the encoding of the file if names look wrong.",
                source=source,
                count=lost,
            )
        )
    return tuple(found)

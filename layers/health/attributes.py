"""Checks of attributes: filled, telling something, identifying, readable by others."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.health.finding import Finding, Found, share
from layers.health.subject import Subject
from layers.health.values import missing, repeated
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.readers.columns import id_column
from layers.text import mended, unmangled

MOST_COLUMNS = 20
"""Columns named one by one; the share counts all of them."""

MIN_ROWS = 10
"""Fewer rows than this say nothing about whether a column is constant."""

_MEASURE = re.compile(
    r"(height|width|length|depth|area|distance|dist|speed|maxspeed|volume|elevation|"
    r"chieu_?cao|chieu_?rong|chieu_?dai|dien_?tich|hoehe|hoogte|perimeter)",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"[_\s\[(:](m|mm|cm|km|m2|m3|ha|km2|ft|feet|kmh|km_h|mph|kn|metre|metres|meter|meters|sqm)[\])]?$",
    re.IGNORECASE,
)
_BEYOND_LATIN = re.compile("[^\x00-\xff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")


def attributes_filled(subject: Subject) -> Finding | None:
    """Empty values, column by column."""
    rows = len(subject.geometry)
    if not subject.columns or not rows:
        return None
    counts = {name: int(missing(v).sum()) for name, v in subject.columns.items()}
    found = tuple(
        Found(
            what=f"“{name}” is empty in {count:,} of {rows:,} rows",
            count=count,
            fix="Fill it from the source, or leave the column out where nobody needs it.",
            where=subject.at(np.flatnonzero(missing(subject.columns[name])))
            if count < rows
            else (),
        )
        for name, count in sorted(counts.items(), key=lambda item: -item[1])[:MOST_COLUMNS]
        if count
    )
    total = rows * len(counts)
    return Finding(bad=sum(counts.values()) / total, total=total, found=found)


def constant_columns(subject: Subject) -> Finding | None:
    """Columns that say the same in every row, or nothing in any."""
    rows = len(subject.geometry)
    if not subject.columns or rows < MIN_ROWS:
        return None
    silent = []
    for name, values in subject.columns.items():
        known = values[~missing(values)]
        if not len(known):
            silent.append(f"“{name}” is always empty")
        elif len(known) >= MIN_ROWS and _all_same(known):
            silent.append(f"“{name}” is always “{known[0]}”")
    return share(
        len(silent),
        len(subject.columns),
        f"{len(silent)} of {len(subject.columns)} columns tell nothing apart: "
        + "; ".join(silent[:5])
        + ("; …" if len(silent) > 5 else ""),
        "Drop them, or say it once in the layer's description.",
    )


def ids_present(subject: Subject) -> Finding | None:
    """Features without an identifier that lasts."""
    rows = subject.layer.count
    if isinstance(subject.layer, BuildingsLayer):
        empty = missing(subject.layer.ids)
        where = subject.at(np.flatnonzero(empty))
        return share(int(empty.sum()), rows, _no_id(int(empty.sum()), rows), _ID_FIX, where=where)
    if not isinstance(subject.layer, FeatureLayer) or not rows:
        return None
    ids = subject.layer.columns.get(subject.layer.id_column)
    if ids is None:
        guess = id_column(subject.columns)
        hint = f"; “{guess}” would do: it differs in every row" if guess else ""
        what = f"No column is named that identifies the {rows:,} features{hint}"
        return share(rows, rows, what, _ID_FIX)
    empty = missing(ids)
    count = int(empty.sum())
    return share(count, rows, _no_id(count, rows), _ID_FIX, where=subject.at(np.flatnonzero(empty)))


def ids_unique(subject: Subject) -> Finding | None:
    """Identifiers that more than one feature has."""
    if isinstance(subject.layer, BuildingsLayer):
        ids = subject.layer.ids
    elif isinstance(subject.layer, FeatureLayer) and subject.layer.id_column in subject.columns:
        ids = subject.columns[subject.layer.id_column]
    else:
        return None
    known = ~missing(ids)
    again = np.zeros(len(ids), dtype=bool)
    again[known] = repeated(ids[known])
    made_unique = sum(n.count for n in subject.layer.notices if n.code == "ids-repeated")
    count = min(int(again.sum()) + made_unique, int(known.sum()))
    return share(
        count,
        int(known.sum()),
        f"{count:,} features carry an identifier that another one has, or had when it was read",
        "Give each its own identifier: links, edits and live readings go by it.",
        where=subject.at(np.flatnonzero(again)),
    )


def texts_readable(subject: Subject) -> Finding | None:
    """Texts that were read with the wrong encoding."""
    return _texts(
        subject,
        _mangled,
        "{count:,} different texts in “{name}” were read with the wrong encoding, e.g. “{example}”",
        "Import again and choose the encoding the file was written in (TCVN3, VNI, CP1258 …).",
    )


def texts_composed(subject: Subject) -> Finding | None:
    """Texts that are not in Unicode's composed form."""
    return _texts(
        subject,
        lambda texts: {t for t in texts if not unicodedata.is_normalized("NFC", t)},
        "{count:,} different texts in “{name}” are not NFC, so that equal names do not match, "
        "e.g. “{example}”",
        "Normalise the texts to NFC (UAX 15).",
    )


def names_composed(subject: Subject) -> Finding | None:
    """Names of the layer and its columns: NFC, no spaces around, no control characters."""
    names = [subject.layer.name, *subject.columns]
    wrong = [name for name in names if not _tidy(name)]
    return share(
        len(wrong),
        len(names),
        f"{len(wrong):,} names are not tidy Unicode: {', '.join(map(repr, wrong[:5]))}",
        "Rename them: NFC, no control characters, no spaces at the ends.",
    )


def units_named(subject: Subject) -> Finding | None:
    """Columns of measures whose name does not say the unit."""
    measures = [
        name
        for name, values in subject.columns.items()
        if np.issubdtype(values.dtype, np.number) and _MEASURE.search(name)
    ]
    if not measures:
        return None
    silent = [name for name in measures if not _UNIT.search(name)]
    return share(
        len(silent),
        len(measures),
        f"The unit is not said of {', '.join(f'“{name}”' for name in silent[:10])}",
        "Put the unit at the end of the name, such as height_m.",
    )


_ID_FIX = "Name the column that identifies a feature when importing (id in the recipe)."


def _no_id(count: int, rows: int) -> str:
    return f"{count:,} of {rows:,} features have no identifier"


def _all_same(known: NDArray[Any]) -> bool:
    first = known[0]
    try:
        return bool((known == first).all())
    except (TypeError, ValueError, AttributeError):
        return False


def _texts(
    subject: Subject, find: Callable[[set[str]], set[str]], what: str, fix: str
) -> Finding | None:
    texts = {
        name: {v for v in values if isinstance(v, str)}
        for name, values in subject.columns.items()
        if values.dtype == object
    }
    total = sum(len(t) for t in texts.values())
    if not total:
        return None
    found = []
    count = 0
    for name, distinct in texts.items():
        wrong = find({text for text in distinct if not text.isascii()})
        if not wrong:
            continue
        count += len(wrong)
        rows = np.fromiter((v in wrong for v in subject.columns[name]), bool)
        sentence = what.format(count=len(wrong), name=name, example=min(wrong)[:60])
        found.append(
            Found(what=sentence, count=len(wrong), fix=fix, where=subject.at(np.flatnonzero(rows)))
        )
    return Finding(bad=count / total, total=total, found=tuple(found))


def _mangled(texts: set[str]) -> set[str]:
    """Those that hold signs of a wrong encoding; `texts` are the ones beyond ASCII.

    Texts with letters beyond CP1252 were read rightly and would outvote wrong ones beside them, as
    in a table joined of two; so they are left out of the vote.
    """
    wrong = {t for t in texts if "\ufffd" in t or _is_utf8_taken_for_latin(t)}
    doubtful = {t for t in texts - wrong if _latin_bytes(t) is not None}
    encoding = unmangled(doubtful).encoding
    if encoding:
        wrong |= {t for t in doubtful if mended(t, encoding) != unicodedata.normalize("NFC", t)}
    return wrong


def _is_utf8_taken_for_latin(text: str) -> bool:
    raw = _latin_bytes(text)
    if raw is None:
        return False
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _latin_bytes(text: str) -> bytes | None:
    if _BEYOND_LATIN.search(text):  # much faster than failing to encode, and most texts fail
        return None
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding)
        except UnicodeEncodeError:
            continue
    return None


def _tidy(name: str) -> bool:
    return (
        unicodedata.is_normalized("NFC", name)
        and name == name.strip()
        and "\ufffd" not in name
        and not any(unicodedata.category(c) == "Cc" for c in name)
    )

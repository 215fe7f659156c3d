"""CityJSON 1.0–2.0 and CityJSON text sequences as chunks of objects with world coordinates."""

from __future__ import annotations

import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import orjson
from numpy.typing import NDArray

from layers.errors import ReadError
from layers.readers.archive import members

MOST_BYTES = 512 * 2**20
"""A whole CityJSON larger than this would fill the memory once it is parsed; a sequence may be
larger, for it is read line by line."""
MOST_SEQUENCE_BYTES = 8 * 2**30
MOST_LINE_BYTES = 64 * 2**20
_CODE = re.compile(r"(?:EPSG(?:::?|/[\d.]*/)|^)(\d{4,6})\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """City objects and the vertices their indices mean: float64 (n, 3), world."""

    objects: Mapping[str, Any]
    vertices: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CityFile:
    """What the head of a CityJSON says; `chunks` can be walked through once.

    Attributes
    ----------
    crs : "EPSG:n" as stated, compound where it is, "" where nothing is stated
    """

    version: str
    crs: str
    title: str
    date: str
    sequence: bool
    chunks: Iterator[Chunk] = field(repr=False)


@contextmanager
def open_city(path: Path) -> Iterator[CityFile]:
    """Open `path`: plain, .gz, or the one CityJSON in a .zip.

    Raises
    ------
    ReadError
        It is not CityJSON, is damaged, nests beyond sense, or is too large.
    """
    with _bytes_of(path) as file, _json_errors(path.name):
        first = _line(file, path.name)
        head = _parsed_line(first)
        if head is None or not _is_sequence(head, file):
            head = _whole(head, first, file, path.name)
            city = _city(head, path.name, chunks=iter(()), sequence=False)
            yield _with(city, _one_chunk(head, path.name))
        else:
            city = _city(head, path.name, chunks=iter(()), sequence=True)
            yield _with(city, _sequence(head, file, path.name))


def world(values: Any, transform: Any, name: str) -> NDArray[np.float64]:
    """Vertices of a CityJSON as world coordinates, shape (n, 3).

    Raises
    ------
    ReadError
        They are not rows of three finite numbers.
    """
    if not isinstance(values, list):
        raise _wrong(name, "its “vertices” are no list")
    try:
        places = np.array(values, dtype=np.float64).reshape(len(values), -1)
    except (ValueError, TypeError):
        raise _wrong(name, "its “vertices” are not rows of three numbers") from None
    if not len(places):
        return np.empty((0, 3))
    if places.shape[1] != 3 or not np.isfinite(places).all():
        raise _wrong(name, "its “vertices” are not rows of three finite numbers")
    if transform is None:
        return places
    try:
        scale = np.array(transform["scale"], dtype=np.float64)
        shift = np.array(transform["translate"], dtype=np.float64)
        good = scale.shape == shift.shape == (3,) and np.isfinite([*scale, *shift]).all()
    except (KeyError, TypeError, ValueError):
        good = False
    if not good:
        raise _wrong(name, "its “transform” is not two times three numbers")
    result: NDArray[np.float64] = places * scale + shift
    return result


def reference_system(stated: Any) -> str:
    """A CityJSON reference system (URL, URN or "EPSG:n") as "EPSG:n"; others as they stand."""
    if isinstance(stated, int) and not isinstance(stated, bool):
        return f"EPSG:{stated}"
    if not isinstance(stated, str):
        return ""
    found = _CODE.search(stated.strip())
    return f"EPSG:{found[1]}" if found else stated.strip()


def _with(city: CityFile, chunks: Iterator[Chunk]) -> CityFile:
    return CityFile(
        version=city.version,
        crs=city.crs,
        title=city.title,
        date=city.date,
        sequence=city.sequence,
        chunks=chunks,
    )


@contextmanager
def _bytes_of(path: Path) -> Iterator[IO[bytes]]:
    suffix = path.suffix.lower()
    try:
        if suffix == ".gz":
            with gzip.open(path) as unpacked:
                # Reads as IO[bytes] does, though its type does not say so.
                yield unpacked  # type: ignore[misc]
        elif suffix == ".zip":
            found = [info for info in members(path) if _may_be_city(info.filename)]
            if len(found) != 1:
                raise ReadError(
                    f"{path.name} holds {len(found)} CityJSON files where one is expected",
                    hint="Unpack it and open one after the other.",
                    code="zip-not-one",
                )
            with zipfile.ZipFile(path) as archive, archive.open(found[0]) as member:
                yield member
        else:
            with path.open("rb") as file:
                yield file
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as damage:
        raise ReadError(
            f"{path.name} is damaged: {damage}", hint="Download or copy it again."
        ) from damage


def _may_be_city(name: str) -> bool:
    return name.lower().endswith((".json", ".jsonl"))


@contextmanager
def _json_errors(name: str) -> Iterator[None]:
    try:
        yield
    except orjson.JSONDecodeError as damage:
        deep = "recursion" in str(damage).lower()
        what = "nests lists beyond all measure" if deep else f"is no proper JSON: {damage.msg}"
        raise ReadError(
            f"{name} {what}",
            hint="It may be cut off: copy it again, or check it with cjval.",
            code="json-too-deep" if deep else "json-damaged",
        ) from damage


def _line(file: IO[bytes], name: str) -> bytes:
    line = file.readline(MOST_LINE_BYTES + 1)
    return line if len(line) <= MOST_LINE_BYTES else line + _rest(file, name, len(line))


def _rest(file: IO[bytes], name: str, already: int) -> bytes:
    rest = file.read(MOST_BYTES - already + 1)
    if already + len(rest) > MOST_BYTES:
        raise ReadError(
            f"{name} is larger than {MOST_BYTES / 2**20:.0f} MiB once unpacked",
            hint="Convert it to a sequence (cjseq cat), which is read piece by piece, or split it.",
            code="file-too-large",
        )
    return rest


def _parsed_line(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _is_sequence(head: Any, file: IO[bytes]) -> bool:
    """Whether a first line that is whole JSON is followed by features."""
    if not isinstance(head, dict) or head.get("type") != "CityJSON" or head.get("CityObjects"):
        return False
    return bool(file.peek(1)) if hasattr(file, "peek") else True


def _whole(head: Any, first: bytes, file: IO[bytes], name: str) -> dict[str, Any]:
    rest = _rest(file, name, len(first))
    if head is None or rest.strip():
        head = orjson.loads(first + rest)
    if not isinstance(head, dict) or head.get("type") != "CityJSON":
        kind = head.get("type") if isinstance(head, dict) else type(head).__name__
        raise ReadError(
            f"{name} is JSON but no CityJSON (its type is {str(kind)[:40]!r})",
            hint="Check that it is the file you meant.",
            code="not-cityjson",
        )
    return head


def _city(head: dict[str, Any], name: str, *, chunks: Iterator[Chunk], sequence: bool) -> CityFile:
    version = str(head.get("version", ""))
    if not version.startswith(("1.", "2.")):
        raise ReadError(
            f"{name} is CityJSON {version[:10] or 'of no stated version'}; 1.0, 1.1, 2.0 are known",
            hint="Upgrade it with cjio: cjio in.json upgrade save out.json.",
            code="cityjson-version",
        )
    facts = head.get("metadata")
    facts = facts if isinstance(facts, dict) else {}
    return CityFile(
        version=version,
        crs=reference_system(facts.get("referenceSystem")),
        title=str(facts.get("title") or ""),
        date=str(facts.get("referenceDate") or ""),
        sequence=sequence,
        chunks=chunks,
    )


def _one_chunk(head: dict[str, Any], name: str) -> Iterator[Chunk]:
    yield Chunk(
        objects=_objects(head, name),
        vertices=world(head.get("vertices"), head.get("transform"), name),
    )


def _sequence(head: dict[str, Any], file: IO[bytes], name: str) -> Iterator[Chunk]:
    transform = head.get("transform")
    total = 0
    for number in range(2, 1 << 62):
        line = file.readline(MOST_LINE_BYTES + 1)
        total += len(line)
        if not line:
            return
        if len(line) > MOST_LINE_BYTES or total > MOST_SEQUENCE_BYTES:
            raise ReadError(
                f"{name}: line {number} goes beyond what can be read",
                hint="Split the file.",
                code="file-too-large",
            )
        if not line.strip():
            continue
        feature = orjson.loads(line)
        if not isinstance(feature, dict) or feature.get("type") != "CityJSONFeature":
            raise _wrong(name, f"line {number} is no CityJSONFeature")
        yield Chunk(
            objects=_objects(feature, name),
            vertices=world(feature.get("vertices"), transform, name),
        )


def _objects(holder: dict[str, Any], name: str) -> Mapping[str, Any]:
    objects = holder.get("CityObjects")
    if not isinstance(objects, dict):
        raise _wrong(name, "its “CityObjects” are no object")
    for id, thing in objects.items():
        if not isinstance(thing, dict) or not isinstance(thing.get("type"), str):
            raise _wrong(name, f"the city object “{id[:60]}” has no type")
    return objects


def _wrong(name: str, what: str) -> ReadError:
    return ReadError(
        f"{name} is no valid CityJSON: {what}",
        hint="Check it with cjval, or export it again.",
        code="cityjson-invalid",
    )

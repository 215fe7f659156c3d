"""Sources that moved or changed: noticed, asked for, found again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from layers.errors import CityError, ReadError
from layers.notices import Notice
from layers.progress import Progress
from layers.source import Source
from twin.project import blobs, fingerprint, parts
from twin.project.content import Content
from twin.project.contents import Contents
from twin.project.database import Database
from twin.project.fingerprint import SourceFile, State
from twin.project.snapshot import AbsentLayer


def files(contents: Contents) -> dict[str, SourceFile]:
    """Files outside, by the key of the data that is made from them."""
    return {key: one.file for key, one in contents.records().items() if one.file is not None}


def notices(contents: Contents, absent: Iterable[AbsentLayer]) -> list[Notice]:
    """What is wrong with the files outside, and which layers are absent."""
    states = {
        key: fingerprint.state(file, contents.folder) for key, file in files(contents).items()
    }
    found = notices_of(contents, states)
    told = {one.source for one in found}
    found += [
        Notice(
            code=one.code or "layer-absent",
            what=f"{one.name} is absent: {one.why}",
            hint=one.hint or "Show where its file is now, or remove the layer.",
            source=one.id,
        )
        for one in absent
        if one.id not in told
    ]
    return found


def notices_of(contents: Contents, states: Mapping[str, State]) -> list[Notice]:
    """A notice for each file that is not the same."""
    result = []
    for key, state in states.items():
        if state == "same":
            continue
        record = contents.record(key)
        path = fingerprint.absolute(record.file.path, contents.folder) if record.file else Path()
        result.append(_notice(record, path, state))
    return result


def note(contents: Contents, found: Mapping[str, tuple[State, SourceFile]]) -> None:
    """Keep the fingerprints of files that are the same, in the caller's transaction."""
    for key, (state, file) in found.items():
        record = contents.record(key)
        if state == "same" and record.file != file:
            contents.change_record(key, msgspec.structs.replace(record, file=file))


def relocate(
    contents: Contents, key: str, path: Path, *, accept_changed: bool, progress: Progress
) -> None:
    """Make `path` the file of the data under `key`, once it could be read; raises as `moved`."""
    before = contents.record(key) if key else None
    after = _moved(before, contents, path, accept_changed=accept_changed)
    if accept_changed:
        layer = contents.read_anew(key, after, progress)
        after = msgspec.structs.replace(
            after,
            scalars=parts.scalars_of(layer),
            arrays={name: blobs.spec(array) for name, array in parts.arrays_of(layer).items()},
            sample=parts.sample_of(layer),
        )
    with contents.unless_failed(), contents.database.transaction():
        _write(contents, key, after)
        contents.forget(key)
        contents.find(key, progress)


def _moved(
    record: Content | None, contents: Contents, path: Path, *, accept_changed: bool
) -> Content:
    """What is to be written about the data of `record` when its file is `path`.

    Raises
    ------
    ReadError
        `path` is missing, or not the same file and `accept_changed` is False.
    CityError
        The data is not made from a file outside.
    """
    if record is None or record.file is None:
        name = record.head.name if record is not None else "The layer"
        raise CityError(f"{name} is kept in the project and needs no file", code="no-source")
    if not path.is_file():
        raise ReadError(
            f"{path.name} is not there", hint=f"Look for it: {path}", code="file-missing"
        )
    now = fingerprint.mark(path.absolute(), contents.folder)
    before = record.file
    if before.sha256 and not now.sha256:
        now = msgspec.structs.replace(now, sha256=fingerprint.sha256(path))
    same = now.size == before.size and (not before.sha256 or now.sha256 == before.sha256)
    if not same and not accept_changed:
        raise ReadError(
            f"{path.name} is not the file that {record.head.name} was read from",
            hint="Choose the unchanged file, or say that this one takes its place.",
            code="source-differs",
        )
    head = record.head
    if head.source is not None:
        source = msgspec.structs.replace(head.source, path=now.path)
        head = replace(head, source=source)
    return msgspec.structs.replace(record, head=head, file=now)


def _write(contents: Contents, key: str, record: Content) -> None:
    """Write that the data under `key` comes from `record.file`, in the caller's transaction."""
    contents.change_record(key, record)
    if record.head.source is not None:
        contents.database.execute(
            "UPDATE dothi_layers SET source = ? WHERE content = ?",
            (msgspec.json.encode(record.head.source).decode(), key),
        )


def move_paths(database: Database, old: Path, new: Path) -> None:
    """Rewrite all paths of sources in a copy of the project that lies in another folder."""
    if old == new:
        return

    def again(path: str) -> str:
        return fingerprint.relative(fingerprint.absolute(path, old), new) if path else path

    for key, text in database.rows("SELECT key, record FROM dothi_contents"):
        record: dict[str, Any] = msgspec.json.decode(str(text))
        for part in (record.get("file"), record["head"].get("source")):
            if part is not None:
                part["path"] = again(part["path"])
        database.execute(
            "UPDATE dothi_contents SET record = ? WHERE key = ?",
            (msgspec.json.encode(record).decode(), key),
        )
    for layer, text in database.rows(
        "SELECT id, source FROM dothi_layers WHERE source IS NOT NULL"
    ):
        source = msgspec.json.decode(str(text), type=Source)
        source = msgspec.structs.replace(source, path=again(source.path))
        database.execute(
            "UPDATE dothi_layers SET source = ? WHERE id = ?",
            (msgspec.json.encode(source).decode(), layer),
        )


def _notice(record: Content, path: Path, state: State) -> Notice:
    name = record.head.name
    if state == "moved":
        return Notice(
            code="source-moved",
            what=f"The file of {name} is not where it was: {path.name}",
            hint=f"Show where it is now; it was {path}.",
            source=record.head.id,
        )
    if state == "changed":
        return Notice(
            code="source-changed",
            what=f"{path.name}, the file of {name}, has changed since it was read",
            hint="Go back to the file as it was, or say that the new one takes its place.",
            source=record.head.id,
        )
    return Notice(
        code="source-touched",
        what=f"{path.name}, the file of {name}, may have changed: its time is another",
        hint="Check the sources to be sure; a large file takes a while.",
        source=record.head.id,
        severity="info",
    )

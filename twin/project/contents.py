"""The data of layers in a project: each kept once, found again by its key."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from layers.errors import CityError, ReadError, WriteError
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from layers.notices import Notice
from layers.progress import SILENT, Progress
from layers.readers.registry import ReadOptions
from layers.tiles.stored import StoredBuildings
from twin.city import BuildingChange
from twin.edits.registry import header
from twin.project import blobs, fingerprint, parts, point_tiles, sources, survey_cache, tables
from twin.project.cache import Cache
from twin.project.content import Content, belongs_outside, fields_of, specs_of, unknown
from twin.project.database import Database
from twin.project.headers import with_absolute_path, with_path


class Contents:
    """Keeps and finds the data of layers; knows the key of each layer it has in hand."""

    def __init__(self, database: Database, *, folder: Path, cache: Cache, crs: str) -> None:
        self.database = database
        self.folder = folder
        self.cache = cache
        self.crs = crs
        self.notices: list[Notice] = []
        # Keyed by the identity of arrays, so the layer that holds them must live as long.
        self._known: dict[tuple[Any, ...], tuple[str, Layer]] = {}
        self._loaded: dict[str, Layer] = {}

    def moved_to(self, database: Database, *, folder: Path, cache: Cache) -> Contents:
        """The same data in a copy of the file."""
        other = Contents(database, folder=folder, cache=cache, crs=self.crs)
        other._known, other._loaded = dict(self._known), dict(self._loaded)
        other.notices = list(self.notices)
        return other

    @contextlib.contextmanager
    def unless_failed(self) -> Iterator[None]:
        """Forget again what the block kept, where its transaction fails."""
        known, loaded = dict(self._known), dict(self._loaded)
        try:
            yield
        except BaseException:
            for key in self._loaded.keys() - loaded.keys():
                self.cache.drop(key)
                self.cache.drop(survey_cache.name_of(key))
            self._known, self._loaded = known, loaded
            raise

    def key_of(self, layer: Layer) -> str:
        """Key of the layer's data, "" where it is not in the file."""
        known = self._known.get(parts.identity_of(layer))
        return known[0] if known is not None else ""

    def keep(
        self, layer: Layer, options: ReadOptions | None = None, progress: Progress = SILENT
    ) -> str:
        """Write the layer's data, if it is not there yet, in the caller's transaction; its key.

        Raises
        ------
        WriteError
            The disk is full or read-only.
        Cancelled
            `progress` was cancelled.
        """
        known = self.key_of(layer)
        if known:
            return known
        key = uuid.uuid4().hex
        record = self._write(key, layer, options, progress)
        self.database.execute(
            "INSERT INTO dothi_contents VALUES (?, ?, ?)",
            (key, record.table or None, msgspec.json.encode(record).decode()),
        )
        self._know(key, layer)
        return key

    def find(self, key: str, progress: Progress = SILENT) -> Layer:
        """The layer kept under `key`; the very same object as long as it is in hand.

        Raises
        ------
        ReadError
            Its table, or its source outside, is gone or damaged.
        """
        if key not in self._loaded:
            self._know(key, self._read(key, self.record(key), progress))
        return self._loaded[key]

    def read_anew(self, key: str, record: Content, progress: Progress = SILENT) -> Layer:
        """Read the data under `key` from `record.file`, whatever it was before, and put it into the
        cache in place of that; raises as `find`."""
        fields, _ = fields_of(self.database, record)
        head = with_absolute_path(record.head, self.folder)
        record = msgspec.structs.replace(record, arrays={}, sample={}, file=unknown(record.file))
        told = len(self.notices)
        layer = self._from_source(key, record, head, fields, progress)
        point_tiles.forget(self.cache, key)
        new = self.notices[told:]
        del self.notices[told:]  # that it is not what it was is what was asked for
        for one in new:
            if one.code == "model-missing":
                raise ReadError(one.what, hint="Choose another file.", code="source-changed")
        return layer

    def record(self, key: str) -> Content:
        """Where the data under `key` is."""
        found = self.database.rows("SELECT record FROM dothi_contents WHERE key = ?", (key,))
        if not found:
            raise ReadError("The data of a layer is gone from the project", code="layer-gone")
        try:
            record = msgspec.json.decode(str(found[0][0]), type=Content)
        except msgspec.MsgspecError as damage:
            raise ReadError(
                f"{self.database.path.name} is damaged: {damage}",
                hint="Go back to a copy of it.",
                code="project-damaged",
            ) from damage
        return record

    def records(self) -> dict[str, Content]:
        """Those that can be read, by key."""
        found = {}
        for (key,) in self.database.rows("SELECT key FROM dothi_contents"):
            with contextlib.suppress(ReadError):
                found[str(key)] = self.record(str(key))
        return found

    def changes(self, key: str) -> Mapping[str, BuildingChange]:
        """What people changed of the buildings under `key`, as of the last save."""
        record = self.record(key)
        if record.kind != BuildingsLayer.kind:
            return {}
        # Nobody wrote the table since its columns were put into the cache.
        untouched = isinstance(self._loaded.get(key), StoredBuildings)
        return tables.read_changes(self.database, record.table, only_stated=untouched)

    def write_changes(self, key: str, changes: Mapping[str, BuildingChange]) -> None:
        """Write what people changed of the buildings under `key` into their table."""
        tables.write_changes(self.database, self.record(key).table, changes)

    def rename(self, key: str, name: str) -> None:
        """Let other programs see the layer's name."""
        if table := self.record(key).table:
            tables.rename(self.database, table, name)

    def drop_all_but(self, keys: Collection[str]) -> None:
        """Take all other data out of the file, in the caller's transaction."""
        for key, table in self.database.rows("SELECT key, table_name FROM dothi_contents"):
            if key in keys:
                continue
            if table:
                tables.drop(self.database, str(table))
            blobs.drop(self.database, str(key))
            self.database.execute("DELETE FROM dothi_contents WHERE key = ?", (key,))
            self.forget(str(key))

    def forget(self, key: str) -> None:
        """Read it from the file when it is needed next."""
        self._loaded.pop(key, None)
        self._known = {one: known for one, known in self._known.items() if known[0] != key}

    def change_record(self, key: str, record: Content) -> None:
        """Replace what is written about `key`."""
        self.database.execute(
            "UPDATE dothi_contents SET record = ? WHERE key = ?",
            (msgspec.json.encode(record).decode(), key),
        )

    @contextlib.contextmanager
    def cached_in(self, cache: Cache, progress: Progress = SILENT) -> Iterator[None]:
        """Put what is in hand and was made from outside sources into another `cache`, too; it is
        taken out again where the block fails."""
        outside = [key for key in self._loaded if self.record(key).place == "source"]
        put: list[str] = []
        try:
            for place, key in enumerate(outside):
                part = progress.part(place / len(outside), (place + 1) / len(outside))
                arrays = parts.arrays_of(self._loaded[key])
                if specs_of(cache.get(key) or {}) != specs_of(arrays):
                    put.append(key)
                    self._put(key, self._loaded[key], part, cache)
            yield
        except BaseException:
            for key in put:
                cache.drop(key)
            raise

    # -- one layer --------------------------------------------------------------------------

    def _write(
        self, key: str, layer: Layer, options: ReadOptions | None, progress: Progress
    ) -> Content:
        head = with_path(header(layer), self.folder)
        arrays = parts.arrays_of(layer)
        record = Content(
            kind=layer.kind,
            head=head,
            scalars=parts.scalars_of(layer),
            arrays={name: blobs.spec(array) for name, array in arrays.items()},
            options=options,
        )
        if isinstance(layer, (FeatureLayer, BuildingsLayer)):
            table = tables.free_table(self.database, layer.id)
            write: Any = tables.write_features
            if isinstance(layer, BuildingsLayer):
                write = tables.write_buildings
            columns = write(self.database, table, layer, progress.part(0.0, 0.5))
            record = msgspec.structs.replace(record, table=table, columns=columns)
            if isinstance(layer, BuildingsLayer):
                survey_cache.keep(self.database, self.cache, key, table, layer)
        path = sources.source_path(layer)
        if arrays and path is not None and belongs_outside(layer, record):
            try:
                file = fingerprint.mark(path, self.folder)
            except OSError as damage:
                raise ReadError(f"{path.name} could not be read: {damage}") from damage
            self._put(key, layer, progress.part(0.5, 1.0))
            return msgspec.structs.replace(
                record,
                place="source",
                file=file,
                options=options or sources.options_for(layer),
                sample=parts.sample_of(layer),
            )
        blobs.write(self.database, key, arrays, progress.part(0.5, 1.0))
        return record

    def _read(self, key: str, record: Content, progress: Progress) -> Layer:
        head = with_absolute_path(record.head, self.folder)
        if record.kind == PointCloudLayer.kind:
            cloud = point_tiles.light(self.cache, key, head, record.scalars)
            if cloud is not None:
                return cloud
        arrays: Mapping[str, Any] | None = self.cache.get(key)
        if record.place == "inside":
            arrays = blobs.read(self.database, key, record.arrays)
        elif arrays is not None and record.arrays.items() != specs_of(arrays).items():
            arrays = None
        if arrays is not None and record.kind == BuildingsLayer.kind:
            model = parts.model_of(record.scalars, arrays)
            found = survey_cache.find(self.database, self.cache, key, record.table, head, model)
            if found is not None:
                return found
        fields, notices = fields_of(self.database, record)
        self.notices += notices
        if arrays is None:
            return self._from_source(key, record, head, fields, progress)
        layer = parts.put_together(record.kind, head, record.scalars, arrays, fields)
        if isinstance(layer, BuildingsLayer) and not notices:
            with self.database.transaction() if self.cache.writable else contextlib.nullcontext():
                survey_cache.keep(self.database, self.cache, key, record.table, layer)
        return layer

    def _from_source(
        self, key: str, record: Content, head: Layer, fields: dict[str, Any], progress: Progress
    ) -> Layer:
        if record.file is None:
            raise ReadError(f"{head.name} does not say where it came from", code="source-moved")
        try:
            again = sources.read_again(
                fingerprint.absolute(record.file.path, self.folder),
                kind=record.kind,
                inside=head.source.layer if head.source is not None else "",
                crs=self.crs,
                options=record.options or ReadOptions(),
                progress=progress,
            )
        except CityError as problem:
            if record.kind != BuildingsLayer.kind:
                raise
            # Outlines and heights are here; only the surfaces they came with are not.
            self.notices.append(
                Notice(
                    code="model-missing",
                    what=f"The roofs of {head.name} could not be read again: {problem.what}",
                    hint="Show where the file is now; blocks are drawn until then.",
                    source=head.id,
                )
            )
            return parts.put_together(record.kind, head, record.scalars, {}, fields)
        if isinstance(again, BuildingsLayer):
            arrays = parts.arrays_of(again)
            scalars = parts.scalars_of(again)
            layer = parts.put_together(record.kind, head, scalars, arrays, fields)
        else:
            layer = sources.under_name(again, head)
        self._compare(record, layer)
        self._put(key, layer)
        return layer

    def _compare(self, record: Content, layer: Layer) -> None:
        """Tell that the data is not what it was, or refuse it where its file is what it was."""
        same_size = specs_of(parts.arrays_of(layer)) == record.arrays
        if same_size and parts.alike(parts.sample_of(layer), record.sample):
            return
        name = record.head.name
        if record.file is not None and fingerprint.state(record.file, self.folder) == "same":
            raise ReadError(
                f"{name} was read from its file in another way than is known here",
                hint="Import the file again as it was imported then.",
                code="source-read-otherwise",
            )
        self.notices.append(
            Notice(
                code="source-changed",
                what=f"{name} was read again and is not what it was",
                hint="Show where the unchanged file is, or go on with this one.",
                source=record.head.id,
            )
        )

    def _put(
        self, key: str, layer: Layer, progress: Progress = SILENT, cache: Cache | None = None
    ) -> None:
        try:
            (cache or self.cache).put(key, parts.arrays_of(layer), progress)
        except WriteError as problem:
            self.notices.append(
                Notice(
                    code="cache-not-written",
                    what=f"{layer.name} will be read from its file again next time: {problem.what}",
                    hint=problem.hint,
                    source=layer.id,
                    severity="info",
                )
            )

    def _know(self, key: str, layer: Layer) -> None:
        self._loaded[key] = layer
        self._known[parts.identity_of(layer)] = (key, layer)

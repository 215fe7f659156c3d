"""A project: a city in a file, each edit safe on the disk before it shows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from layers.errors import CityError, WriteError
from layers.kinds.layer import Layer
from layers.notices import Notice
from layers.progress import SILENT, Progress
from layers.readers.registry import ReadOptions
from twin.city import City
from twin.document import Change, Document, LayerFound
from twin.edits.edit import Edit
from twin.edits.registry import encode
from twin.project import journal, relocation, snapshot
from twin.project import view as views
from twin.project.cache import Cache, cache_folder
from twin.project.contents import Contents
from twin.project.copying import write_copy
from twin.project.database import Database
from twin.project.fingerprint import SourceFile, State
from twin.project.journal import JournalRow
from twin.project.opening import Opened, lock_for_new, open_file
from twin.project.replaying import Replayed, replayed
from twin.project.snapshot import AbsentLayer
from twin.project.view import View
from twin.project.writing import write_new


class Project:
    """One open project file; made by `create` and `open`, ended by `close`.

    Attributes
    ----------
    path : the file
    document : the one door for changes; each is committed to the journal first
    notices : what was found while opening
    absent : layers whose data could not be had; the rest is open
    read_only : edits, `save` and `save_view` are refused; `save_as` is not
    """

    def __init__(self, path: Path, opened: Opened, contents: Contents, *, author: str) -> None:
        """For `create` and `open` only."""
        self.path = path
        self.notices: list[Notice] = list(opened.notices)
        self.absent: tuple[AbsentLayer, ...] = ()
        self._opened = opened
        self._contents = contents
        self._author = author or journal.login_name()
        self._steps = (0, 0)  # that can be undone and redone by replaying from the last save
        self._progress = SILENT
        self._waiting = False  # some recorded edits could not be done again

    # -- making and opening -----------------------------------------------------------------

    @classmethod
    def create(
        cls,
        path: Path,
        city: City,
        *,
        options: Mapping[str, ReadOptions] = MappingProxyType({}),
        view: View | None = None,
        author: str = "",
        progress: Progress = SILENT,
    ) -> Project:
        """Write `city` to a new file at `path`, in place of what was there; it is open then.

        `options` say for each layer's id how its file was read, where that was not with what its
        source tells. `author` is written into the journal, the login name where it is "".

        Raises
        ------
        WriteError
            The folder or the disk does not take it, or the project at `path` is open; what was
            there is untouched.
        """
        path = path.absolute()
        opened, contents = write_new(path, city, options=options, view=view, progress=progress)
        project = cls(path, opened, contents, author=author)
        project._collect()
        project.document = Document(city, record=project._record)
        return project

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        read_only: bool = False,
        author: str = "",
        progress: Progress = SILENT,
    ) -> Project:
        """Open `path` as it stood after the last recorded edit, with its undo since the last save.

        A project that is open elsewhere, or may not be written, opens read-only with a notice.

        Raises
        ------
        ReadError
            It is missing, cut, damaged, no project, or written by a newer version.
        """
        path = path.absolute()
        opened = open_file(path, read_only=read_only)
        try:
            contents = Contents(
                opened.database,
                folder=path.parent,
                cache=Cache(cache_folder(path), writable=opened.lock is not None),
                crs=snapshot.frame_of(opened.database).crs,
            )
            project = cls(path, opened, contents, author=author)
            found = project._replay(progress)
            if found.broken:
                opened.look_only()
                contents.cache.writable = False
            project.document = Document(
                found.city, record=project._record, done=found.done, undone=found.undone
            )
            project.notices += relocation.notices(contents, project.absent)
        except BaseException:
            opened.close()
            raise
        return project

    document: Document

    @property
    def city(self) -> City:
        """The city now."""
        return self.document.city

    @property
    def read_only(self) -> bool:
        """Whether the file can only be looked at."""
        return self._opened.lock is None

    def tile_folder(self, layer: Layer) -> Path | None:
        """Where tiles of a layer of the city are kept; None for nowhere."""
        known = self.city.layers.get(layer.id)
        key = self._contents.key_of(known) if known is not None else ""
        return self._contents.cache.tiles(key) if key else None

    def options_of(self, layer: Layer) -> ReadOptions | None:
        """How the file was read that a layer of the city comes from."""
        return self._contents.record(self._contents.key_of(layer)).options

    @property
    def version(self) -> str:
        """Seal of the last recorded change."""
        return journal.hash_at(self._database, journal.last(self._database))

    # -- saving -----------------------------------------------------------------------------

    def do(self, edit: Edit, progress: Progress = SILENT) -> None:
        """`document.do`, for edits that write much; raises `Cancelled` too, and nothing happened."""
        self._progress = progress
        try:
            self.document.do(edit)
        finally:
            self._progress = SILENT

    def save(self, progress: Progress = SILENT) -> None:
        """Write the city as it stands into the layers others see; the journal starts from here.

        Edits are safe without it. After it, undo works as long as the project stays open.

        Raises
        ------
        WriteError
            The file cannot be written; it is as it was before.
        CityError
            Edits wait for a layer that is absent.
        Cancelled
            `progress` was cancelled; the file is as it was before, edits and all.
        """
        self._check_writable()
        if self._waiting:
            raise CityError(
                "The plan holds edits of a layer that is absent, so it stays in the journal",
                hint="Nothing is lost. Show where the layer's file is, then save again.",
                code="save-waits",
            )
        with self._writing():
            snapshot.write(self._contents, self.city, self.absent, progress=progress)
        self._steps = (0, 0)
        self._contents.cache.keep_only(self._contents.records())

    def save_as(self, path: Path, progress: Progress = SILENT) -> None:
        """Write all of it, with its journal, to another file, and go on there.

        Raises
        ------
        WriteError
            It cannot be written there; the project stays open as and where it was.
        Cancelled
            `progress` was cancelled; likewise, and what was at `path` is as it was.
        """
        path = path.absolute()
        if path == self.path and not self.read_only:
            self.save(progress)
            return
        lock = lock_for_new(path, self.city)
        city = None if self._waiting else self.city
        try:
            database = write_copy(
                self._contents, city, self.absent, source=self.path, path=path, progress=progress
            )
        except BaseException:
            lock.release()
            raise
        self._opened.close()
        self._opened, self.path = Opened(database=database, lock=lock), path
        self._contents = self._contents.moved_to(
            database, folder=path.parent, cache=Cache(cache_folder(path))
        )
        self._collect()
        if not self._waiting:
            self._steps = (0, 0)
        self.notices = [one for one in self.notices if not one.code.startswith("project-")]

    def close(self) -> None:
        """Close the file and let others in. Nothing is asked: what was done is in the file."""
        self._opened.close()

    def __enter__(self) -> Project:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- view and journal -------------------------------------------------------------------

    @property
    def view(self) -> View:
        """What `save_view` kept: camera, bookmarks, hidden layers, sun time."""
        return views.read(self._database)

    def save_view(self, view: View) -> None:
        """Keep how the city is looked at; not a step of undo, nothing where it is read-only."""
        if not self.read_only:
            with self._database.transaction():
                views.write(self._database, view)

    def journal_rows(self) -> list[JournalRow]:
        """All that was ever done, oldest first."""
        return journal.rows(self._database)

    def journal_intact(self) -> bool:
        """Whether no row was changed or removed since it was written."""
        return journal.intact(self._database)

    # -- sources outside --------------------------------------------------------------------

    def source_files(self) -> dict[str, SourceFile]:
        """Files outside that layers are read from, by the key of their data; see `fingerprint.check`,
        which may run in a worker, and `note_sources`."""
        return relocation.files(self._contents)

    def note_sources(self, found: Mapping[str, tuple[State, SourceFile]]) -> list[Notice]:
        """Keep the fingerprints that `fingerprint.check` computed; what is wrong with the files."""
        if not self.read_only:
            with self._writing():
                relocation.note(self._contents, found)
        return relocation.notices_of(
            self._contents, {key: state for key, (state, _) in found.items()}
        )

    def relocate(
        self,
        layer_id: str,
        path: Path,
        *,
        accept_changed: bool = False,
        progress: Progress = SILENT,
    ) -> None:
        """Say where the file of a layer is now; the layer is read from there if it was absent.

        Raises
        ------
        ReadError
            The file is not the same and `accept_changed` is False (code "source-differs"), or
            cannot be read.
        CityError
            The layer has no file outside.
        """
        self._check_writable()
        relocation.relocate(
            self._contents,
            self._key_of(layer_id),
            path,
            accept_changed=accept_changed,
            progress=progress,
        )
        self.notices = [one for one in self.notices if one.source not in (layer_id, self.path.name)]
        # Not to be stopped here: the file is taken already.
        found = self._replay(SILENT)
        self.document.load(
            found.city, LayerFound(layer=layer_id), done=found.done, undone=found.undone
        )

    def give_up(self, layer_id: str, progress: Progress = SILENT) -> None:
        """Take an absent layer, and recorded edits that need it, out of the project for good.

        Not a step of undo: ask first.

        Raises
        ------
        CityError
            The layer is not absent; one that is there is removed by an edit.
        """
        self._check_writable()
        if layer_id not in {one.id for one in self.absent}:
            raise CityError(f"There is no absent layer {layer_id}", code="layer-unknown")
        rest = tuple(one for one in self.absent if one.id != layer_id)
        with self._writing():
            snapshot.write(self._contents, self.city, rest, progress=progress)
        self.absent, self._waiting, self._steps = rest, False, (0, 0)
        self.notices = [one for one in self.notices if one.source not in (layer_id, self.path.name)]

    # -- inside -----------------------------------------------------------------------------

    @property
    def _database(self) -> Database:
        return self._opened.database

    def _record(self, change: Change) -> None:
        self._check_writable()
        undoable, redoable = self._steps
        kept = partial(self._contents.keep, progress=self._progress)
        with self._writing():
            if change.action == "do":
                steps = (undoable + 1, 0)
                text = encode(change.edit, lambda add: kept(add.layer, add.options)).decode()
            else:
                back = change.action == "undo"
                steps = (undoable - 1, redoable + 1) if back else (undoable + 1, redoable - 1)
                text = encode(change.edit, lambda add: self._contents.key_of(add.layer)).decode()
            journal.append(self._database, author=self._author, action=change.action, edit=text)
            if min(steps) < 0:
                # Back beyond the last save: no replay can lead there, so the city is saved.
                snapshot.write(self._contents, change.after, self.absent)
                steps = (0, 0)
        self._steps = steps
        self._collect()

    def _collect(self) -> None:
        self.notices += self._contents.notices
        self._contents.notices.clear()

    def _replay(self, progress: Progress) -> Replayed:
        found = replayed(self._contents, progress)
        self.absent, self._waiting = found.absent, found.waiting
        self._steps = (len(found.done), len(found.undone))
        self.notices += found.notices
        return found

    def _key_of(self, layer_id: str) -> str:
        for one in self.absent:
            if one.id == layer_id:
                return one.content
        return self._contents.key_of(self.city.layer(layer_id))

    def _check_writable(self) -> None:
        if self.read_only:
            raise WriteError(
                f"{self.path.name} can only be looked at",
                hint="Use Save as… to put it where you may write, and change it there.",
                code="project-read-only",
            )

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._contents.unless_failed(), self._database.transaction():
            yield

"""Buildings whose columns lie on a disk: read as they are used, not when the city is opened."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.arrays import frozen
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.layer import Bounds, Layer
from layers.kinds.mesh import SolidBatch
from layers.tiles.outlines import Outlines

NUMBERS = ("ground", "height", "method", "points", "rmse", "floors", "lod")
LAZY = ("ids", "footprints", "use", "columns")


class Texts:
    """Many texts as UTF-8 bytes and where each begins; None where the mask says so."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._bytes, self._starts = arrays["bytes"], arrays["starts"]
        self._none = arrays.get("none")

    @staticmethod
    def arrays(values: NDArray[np.object_]) -> dict[str, NDArray[Any]]:
        """`values` (n,), texts or None, as numbers."""
        none = np.array([value is None for value in values], bool)
        encoded = [b"" if value is None else str(value).encode() for value in values]
        starts = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(one) for one in encoded], out=starts[1:])
        found: dict[str, NDArray[Any]] = {
            "bytes": np.frombuffer(b"".join(encoded), np.uint8),
            "starts": starts,
        }
        return found | ({"none": none.view(np.uint8)} if none.any() else {})

    def __len__(self) -> int:
        return len(self._starts) - 1

    def at(self, row: int) -> str | None:
        """One text."""
        if self._none is not None and self._none[row]:
            return None
        return self._bytes[self._starts[row] : self._starts[row + 1]].tobytes().decode()

    def find(self, text: str) -> int | None:
        """The first row of `text`; None where there is none. Nothing is decoded."""
        sought = text.encode()
        starts = np.asarray(self._starts)
        rows = np.flatnonzero(np.diff(starts) == len(sought))
        if self._none is not None:
            rows = rows[np.asarray(self._none)[rows] == 0]
        # Ids that are counted differ most at their end.
        for place in range(len(sought) - 1, -1, -1):
            rows = rows[self._bytes[starts[rows] + place] == sought[place]]
        return int(rows[0]) if len(rows) else None

    def all(self) -> NDArray[np.object_]:
        """All of them, object (n,)."""
        whole, ends = self._bytes.tobytes(), self._starts.tolist()
        made = np.empty(len(self), object)
        made[:] = [whole[a:b].decode() for a, b in itertools.pairwise(ends)]
        if self._none is not None:
            made[self._none.view(bool)] = None
        return made


class Categories:
    """Texts of which there are few different ones."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.codes = arrays["codes"]
        self.names = Texts(arrays).all()

    @staticmethod
    def arrays(values: NDArray[np.object_]) -> dict[str, NDArray[Any]]:
        """`values` (n,), texts, as numbers."""
        known: dict[str, int] = {}
        codes = np.array([known.setdefault(value, len(known)) for value in values], np.int32)
        names = np.empty(len(known), object)
        names[:] = list(known)
        return {"codes": codes} | Texts.arrays(names)

    def at(self, row: int) -> str:
        """One text."""
        return str(self.names[self.codes[row]])

    def all(self) -> NDArray[np.object_]:
        """All of them, object (n,)."""
        return np.asarray(self.names[self.codes], object)


class Columns:
    """What the lazy fields of a `StoredBuildings` are made of.

    Attributes
    ----------
    bounds, areas, mark : of all outlines; m² of each; what tells them from others
    """

    def __init__(
        self,
        *,
        ids: Texts,
        use: Categories,
        outlines: Outlines,
        bounds: Bounds,
        areas: NDArray[np.float32],
        mark: str,
        attributes: Callable[[], Mapping[str, NDArray[Any]]],
    ) -> None:
        self.ids, self.use, self.outlines, self.bounds = ids, use, outlines, bounds
        self.areas, self.mark = areas, mark
        self._attributes = attributes
        self._made: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """The value of a lazy field; made once, shared by all layers over these columns."""
        if name not in self._made:
            made: Any
            if name == "columns":
                made = MappingProxyType(dict(self._attributes()))
            else:
                makers: dict[str, Callable[[], NDArray[np.object_]]] = {
                    "ids": self.ids.all, "use": self.use.all, "footprints": self.outlines.take,
                }  # fmt: skip
                made = makers[name]()
                made.flags.writeable = False
            self._made[name] = made
        return self._made[name]


class _Field:
    """A field that is taken from the columns until it is set."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, layer: StoredBuildings, _: type) -> Any:
        given: dict[str, Any] | None = getattr(layer, "_given", None)
        if given is not None and self._name in given:
            return given[self._name]
        return layer._stored.get(self._name)

    def __set__(self, layer: StoredBuildings, value: Any) -> None:
        given = getattr(layer, "_given", None)
        if given is None:
            object.__setattr__(layer, "_given", {self._name: value})
        else:
            given[self._name] = value


class StoredBuildings(BuildingsLayer):
    """A `BuildingsLayer` with `ids`, `footprints`, `use` and `columns` made when they are first asked.

    Everything else is as there. `with_fields` shares what is stored; `dataclasses.replace` works and
    reads it all.
    """

    __slots__ = ("_given", "_stored")
    _stored: Columns
    _given: dict[str, Any]

    ids = _Field("ids")
    footprints = _Field("footprints")
    use = _Field("use")
    columns = _Field("columns")

    @classmethod
    def over(
        cls,
        head: Layer,
        stored: Columns,
        numbers: Mapping[str, NDArray[Any]],
        model: SolidBatch | None = None,
    ) -> StoredBuildings:
        """The layer `head` speaks of, over `stored` and `numbers` (see `NUMBERS`), all of a length."""
        made = object.__new__(cls)
        setting = object.__setattr__
        for name in ("id", "name", "crs", "vertical", "source", "notices"):
            setting(made, name, getattr(head, name))
        setting(made, "_given", {})
        setting(made, "_stored", stored)
        setting(made, "model", model)
        for name in NUMBERS:
            array = numbers[name]
            fixed = frozen(array, dtype=array.dtype, ndim=1, name=name, length=len(stored.ids))
            setting(made, name, fixed)
        return made

    def with_fields(self, **changes: Any) -> StoredBuildings:
        """See `Layer.with_fields`."""
        made = object.__new__(type(self))
        setting = object.__setattr__
        setting(made, "_given", dict(getattr(self, "_given", {})))
        if self.stored is not None:
            setting(made, "_stored", self._stored)
        plain = ("id", "name", "crs", "vertical", "source", "notices", "model", *NUMBERS)
        for name in plain:
            setting(made, name, getattr(self, name))
        for name, value in changes.items():
            if isinstance(value, np.ndarray):
                value = frozen(value, dtype=value.dtype, ndim=1, name=name, length=self.count)
            setting(made, name, value)
        return made

    @property
    def stored(self) -> Columns | None:
        """What lies on the disk; None where all was given."""
        found: Columns | None = getattr(self, "_stored", None)
        return found

    @property
    def given(self) -> tuple[Any, ...]:
        """Values that were set in place of what is stored."""
        return tuple(getattr(self, "_given", {}).values())

    @property
    def outlines(self) -> Outlines | None:
        """The outlines as they lie on the disk; None where others were given."""
        if self.stored is None or "footprints" in getattr(self, "_given", {}):
            return None
        return self._stored.outlines

    @property
    def stored_use(self) -> Categories | None:
        """The uses as they lie on the disk; None where others were given."""
        if self.stored is None or "use" in getattr(self, "_given", {}):
            return None
        return self._stored.use

    @property
    def bounds(self) -> Bounds:
        return self._stored.bounds if self.outlines is not None else super().bounds

    @property
    def count(self) -> int:
        return len(self.height)

    def id_at(self, row: int) -> str:
        """See `BuildingsLayer.id_at`."""
        if self.stored is None or "ids" in self._given:
            return super().id_at(row)
        return str(self._stored.ids.at(row))

    def row_of(self, name: str) -> int | None:
        """See `BuildingsLayer.row_of`."""
        if self.stored is None or "ids" in self._given:
            return super().row_of(name)
        return self._stored.ids.find(name)

    def use_at(self, row: int) -> str:
        """See `BuildingsLayer.use_at`."""
        if self.stored is None or "use" in self._given:
            return super().use_at(row)
        return self._stored.use.at(row)

    def same_outlines(self, other: BuildingsLayer) -> bool:
        """See `BuildingsLayer.same_outlines`."""
        if isinstance(other, StoredBuildings) and self.outlines is not None:
            return self.outlines is other.outlines
        return super().same_outlines(other)

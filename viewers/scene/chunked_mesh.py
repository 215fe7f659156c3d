"""One layer's chunks as actors: one set of vertices each, one index range per level."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkDataArray, vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkDataObject, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from layers.tiles.chunks import LEVELS, Chunk
from viewers.scene.edges import solid_edges
from viewers.scene.material import Material
from viewers.scene.textures import mapper_for

COLOURS = "colours"


def points_of(vertices: NDArray[np.float32]) -> vtkPoints:
    """VTK points over the array itself, no copy."""
    points = vtkPoints()
    points.SetDataTypeToFloat()
    points.SetData(numpy_to_vtk(vertices, deep=False))
    return points


def named(values: NDArray[Any], name: str) -> vtkDataArray:
    """A VTK array over the array itself, no copy, under a name."""
    array: vtkDataArray = numpy_to_vtk(np.ascontiguousarray(values), deep=False)
    array.SetName(name)
    return array


def cells_of(corners: NDArray[np.int32]) -> vtkCellArray:
    """Lines (n, 2) or triangles (n, 3) over the array itself, no copy."""
    cells = vtkCellArray()
    cells.SetData(corners.shape[1], numpy_to_vtk(corners.reshape(-1), deep=False))
    return cells


def smooth_normals(
    vertices: NDArray[np.float32], triangles: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Unit normal (v, 3) at each vertex: the mean of its faces', by their area."""
    corners = vertices[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    index, count = triangles.ravel(), len(vertices)
    summed = np.stack(
        [np.bincount(index, np.repeat(across[:, k], 3), minlength=count) for k in range(3)], axis=1
    )
    length: NDArray[np.float64] = np.linalg.norm(summed, axis=1, keepdims=True)
    return (summed / np.maximum(length, 1e-12)).astype(np.float32)


class ChunkActor:
    """One chunk on the stage; draws the first part of its faces, as long as its level says."""

    def __init__(
        self,
        chunk: Chunk,
        material: Material,
        line_material: Material | None,
        site: NDArray[np.float32] | None = None,
    ) -> None:
        self.chunk = chunk
        self.corners = chunk.triangles
        """Those of the chunk; faces of hidden rows are shrunk to nothing."""
        self.colours: NDArray[np.uint8] = np.full((len(chunk.triangles), 3), 200, np.uint8)
        self.low, self.high = (corner.astype(np.float64) for corner in chunk.box)
        self.triangles = chunk.level_triangles()
        self.error = chunk.level_error()
        self.level = -1
        self._points = points_of(chunk.vertices)
        self._site = site
        self._data: dict[int, vtkPolyData] = {}
        self._mappers: dict[tuple[int, bool], vtkPolyDataMapper] = {}
        self._line_material = line_material
        self._round = material.kind == "tree"
        self.lines: vtkActor | None = None
        # A plain actor for moving frames and a fine one for still ones: VTK ties a
        # shader to a mapper, and would build it anew at each change of one actor's shader.
        self.plain, self.fine = vtkActor(), vtkActor()
        for actor, fine in ((self.plain, False), (self.fine, True)):
            material.dress(actor, fine=fine)
            actor.VisibilityOff()

    def show(self, level: int, *, fine: bool) -> None:
        """Draw this level; −1, or one without a face, draws nothing."""
        seen = level >= 0 and bool(self.triangles[level])
        self.level = level
        self.plain.SetVisibility(seen and not fine)
        self.fine.SetVisibility(seen and fine)
        if seen:
            actor, mapper = (self.fine if fine else self.plain), self._mapper(level, fine)
            if actor.GetMapper() is not mapper:
                actor.SetMapper(mapper)

    def _mapper(self, level: int, fine: bool) -> vtkPolyDataMapper:
        if (level, fine) not in self._mappers:
            self._mappers[level, fine] = self._make_mapper(level, round=fine and self._round)
        return self._mappers[level, fine]

    def _make_mapper(self, level: int, *, round: bool) -> vtkPolyDataMapper:
        data = self._level_data(level)
        mapper = mapper_for(data, colours=COLOURS)
        if round:
            data.GetPointData().AddArray(self._normals_array())
            mapper.MapDataArrayToVertexAttribute(
                "dtNormalMC", "normals", vtkDataObject.FIELD_ASSOCIATION_POINTS, -1
            )
        if self._site is not None:
            mapper.MapDataArrayToVertexAttribute(
                "dtSiteMC", "site", vtkDataObject.FIELD_ASSOCIATION_POINTS, -1
            )
        return mapper

    def _level_data(self, level: int) -> vtkPolyData:
        if level in self._data:
            return self._data[level]
        count = int(self.triangles[level])
        data = vtkPolyData()
        data.SetPoints(self._points)
        data.SetPolys(cells_of(self.corners[:count]))
        data.GetCellData().AddArray(named(self.colours[:count], COLOURS))
        if self._site is not None:
            data.GetPointData().AddArray(self._site_array())
        self._data[level] = data
        return data

    def _normals_array(self) -> Any:
        if not hasattr(self, "_normals_vtk"):
            self._normals = smooth_normals(self.chunk.vertices, self.chunk.triangles)
            self._normals_vtk = named(self._normals, "normals")
        return self._normals_vtk

    def _site_array(self) -> Any:
        if not hasattr(self, "_site_vtk"):
            self._site_vtk = numpy_to_vtk(self._site, deep=False)
            self._site_vtk.SetName("site")
        return self._site_vtk

    def recolour(
        self, of_row: NDArray[np.uint8], kinds: Mapping[int, NDArray[np.uint8]] | None = None
    ) -> None:
        """Colours (rows of the layer, 3) written to the faces; no geometry is touched.

        `kinds` gives faces of a kind a colour of their own.
        """
        self.colours[:] = of_row[self.chunk.face_row]
        for kind, colour in (kinds or {}).items():
            self.colours[self.chunk.face_kind == kind] = colour
        self._touch()

    def paint(self, row: int, colour: NDArray[np.uint8]) -> None:
        """Colour one thing; nothing is done where it is not in this chunk."""
        place = np.flatnonzero(self.chunk.rows == row)
        if not len(place):
            return
        start, end = self.chunk.face_start[place[0]], self.chunk.face_start[place[0] + 1]
        self.colours[start:end] = colour
        self._touch()

    def hide(self, hidden: NDArray[np.bool_]) -> bool:
        """Draw the faces of these rows (mask over the layer) as nothing; True where that changed."""
        out = hidden[self.chunk.face_row]
        if not out.any() and self.corners is self.chunk.triangles:
            return False
        corners = self.chunk.triangles
        if out.any():
            corners = np.where(out[:, None], corners[:, :1], corners)
        if np.array_equal(corners, self.corners):
            return False
        self.corners = corners
        self._data, self._mappers = {}, {}
        level, fine = self.level, bool(self.fine.GetVisibility())
        self.show(level, fine=fine)
        return True

    def standing(self) -> NDArray[np.int32]:
        """Faces that are not hidden."""
        if self.corners is self.chunk.triangles:
            return self.corners
        shown: NDArray[np.int32] = self.corners[self.corners[:, 0] != self.corners[:, 1]]
        return shown

    def _touch(self) -> None:
        for data in self._data.values():
            data.GetCellData().GetArray(COLOURS).Modified()
            data.Modified()

    def edge_actor(self) -> vtkActor:
        """Outlines of roofs and corners as lines over the same vertices."""
        if self.lines is None:
            data = vtkPolyData()
            data.SetPoints(self._points)
            data.SetLines(cells_of(solid_edges(self.chunk.vertices, self.standing())))
            self.lines = vtkActor()
            self.lines.SetMapper(mapper_for(data))
            assert self._line_material is not None
            self._line_material.dress(self.lines, fine=True)
        return self.lines

    def release(self, window: Any) -> None:
        """Give back what the driver holds of it."""
        for mapper in self._mappers.values():
            mapper.ReleaseGraphicsResources(window)
        for actor in (self.plain, self.fine, self.lines):
            if actor is not None:
                actor.ReleaseGraphicsResources(window)
        self._mappers, self._data = {}, {}

    def nbytes(self) -> int:
        """Bytes of the arrays held here."""
        held = (self.chunk.vertices, self.chunk.triangles, self.colours, self._site)
        return sum(array.nbytes for array in held if array is not None)


class Table:
    """What is asked of all chunks before each frame, as arrays; made anew when a chunk comes or goes."""

    def __init__(self, chunks: Mapping[int, ChunkActor]) -> None:
        self.numbers = list(chunks)
        self.order = list(chunks.values())
        self.low = np.array([c.low for c in self.order]).reshape(-1, 3)
        self.high = np.array([c.high for c in self.order]).reshape(-1, 3)
        self.error = np.array([c.error for c in self.order]).reshape(-1, len(LEVELS))
        self.triangles = np.array([c.triangles for c in self.order], np.int64)
        self.triangles = self.triangles.reshape(-1, len(LEVELS))


class ChunkedMesh:
    """The actors of one layer. Say what to draw with `show_levels`; nothing is drawn before."""

    def __init__(
        self, renderer: vtkRenderer, material: Material, line_material: Material | None = None
    ) -> None:
        self._renderer = renderer
        self.material = material
        self.line_material = line_material
        self.chunks: dict[int, ChunkActor] = {}
        self._known: Table | None = None
        self._edges_shown: set[int] = set()

    def put(self, chunks: Mapping[int, Chunk]) -> None:
        """Add or replace these chunks; others stay as they are."""
        for number, chunk in chunks.items():
            self.put_one(number, chunk)

    def put_one(self, number: int, chunk: Chunk, site: NDArray[np.float32] | None = None) -> None:
        """Add or replace one chunk; buildings bring what their façades need: see `facades.site_of`."""
        self.drop(number)
        made = ChunkActor(chunk, self.material, self.line_material, site)
        self.chunks[number] = made
        self._renderer.AddActor(made.plain)
        self._renderer.AddActor(made.fine)
        self._known = None

    def drop(self, number: int) -> None:
        """Take one chunk off the stage, and what it holds out of the driver."""
        old = self.chunks.pop(number, None)
        if old is None:
            return
        self._known = None
        self._edges_shown.discard(id(old))
        for actor in (old.plain, old.fine, old.lines):
            if actor is not None:
                self._renderer.RemoveActor(actor)
        old.release(self._renderer.GetRenderWindow())

    def _table(self) -> Table:
        if self._known is None:
            self._known = Table(self.chunks)
        return self._known

    @property
    def _order(self) -> list[ChunkActor]:
        return self._table().order

    @property
    def numbers(self) -> list[int]:
        """Numbers of the chunks, in the order of `low`, `high`, `error`, `triangles`, `levels`."""
        return self._table().numbers

    @property
    def low(self) -> NDArray[np.float64]:
        """Lowest corner of each chunk (n, 3)."""
        return self._table().low

    @property
    def high(self) -> NDArray[np.float64]:
        """Highest corner of each chunk (n, 3)."""
        return self._table().high

    @property
    def error(self) -> NDArray[np.float64]:
        """Metres lost at each level of each chunk (n, levels)."""
        return self._table().error

    @property
    def triangles(self) -> NDArray[np.int64]:
        """Triangles of each level of each chunk (n, levels)."""
        return self._table().triangles

    def levels(self) -> NDArray[np.int64]:
        """The level each chunk shows now, −1 for none."""
        return np.array([c.level for c in self._order], np.int64)

    def show_levels(self, levels: NDArray[np.int64], *, fine: bool = False) -> None:
        """Level per chunk, −1 for not drawn; fine with shadows."""
        for chunk, level in zip(self._order, levels, strict=True):
            chunk.show(int(level), fine=fine)

    def show_edges(self, which: NDArray[np.bool_]) -> None:
        """Outline these chunks and no others; nothing where the layer has no lines."""
        if self.line_material is None:
            return
        for chunk, wanted in zip(self._order, which, strict=True):
            shown = id(chunk) in self._edges_shown
            if wanted and not shown:
                self._renderer.AddActor(chunk.edge_actor())
                self._edges_shown.add(id(chunk))
            elif shown and not wanted and chunk.lines is not None:
                self._renderer.RemoveActor(chunk.lines)
                self._edges_shown.discard(id(chunk))

    def drawn(self) -> int:
        """Triangles the present levels draw."""
        return int(sum(c.triangles[c.level] for c in self._order if c.level >= 0))

    def recolour(
        self, of_row: NDArray[np.uint8], kinds: Mapping[int, NDArray[np.uint8]] | None = None
    ) -> None:
        """Write the colours of all rows (n, 3), and of all faces of some kinds."""
        for chunk in self._order:
            chunk.recolour(of_row, kinds)

    @property
    def box(self) -> NDArray[np.float64] | None:
        """min x, max x, min y, max y, min z, max z; None where empty."""
        if not self._order:
            return None
        low, high = self.low.min(axis=0), self.high.max(axis=0)
        return np.array([low[0], high[0], low[1], high[1], low[2], high[2]])

    def rays(
        self, numbers: Collection[int] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]] | None:
        """All triangles (those of some chunks) in one set of arrays, and the row of each; None where
        there are none."""
        order = self._order
        if numbers is not None:
            order = [self.chunks[number] for number in numbers if number in self.chunks]
        chunks = [actor.chunk for actor in order]
        if not chunks:
            return None
        shift = np.cumsum([0] + [len(c.vertices) for c in chunks[:-1]])
        return (
            np.concatenate([c.vertices for c in chunks]),
            np.concatenate([a.corners + np.int32(s) for a, s in zip(order, shift, strict=True)]),
            np.concatenate([c.face_row for c in chunks]),
        )

    def hide(self, hidden: NDArray[np.bool_]) -> bool:
        """Leave rows (mask over the layer) out of picture and rays; True where that changed."""
        changed = [chunk for chunk in self._order if chunk.hide(hidden)]
        for chunk in changed:
            if chunk.lines is not None:
                self._renderer.RemoveActor(chunk.lines)
                self._edges_shown.discard(id(chunk))
                chunk.lines = None
        return bool(changed)

    def paint(self, row: int, colour: NDArray[np.uint8]) -> None:
        """Colour one row, in each chunk: a tower stands in the coarse tile and in the fine one."""
        for chunk in self._order:
            chunk.paint(row, colour)

    def nbytes(self) -> int:
        """Bytes of all arrays held."""
        return sum(chunk.nbytes() for chunk in self._order)

    def clear(self) -> None:
        """Take everything off the stage and let go of it."""
        for number in list(self.chunks):
            self.drop(number)

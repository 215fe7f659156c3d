"""Lines, dots and words over the city: measured, found, drawn; never picked, never in the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkDataObject, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from viewers.scene.chunked_mesh import cells_of, points_of
from viewers.scene.projecting import project_many
from viewers.scene.tags import Tag, TagActor

Shape = Literal["disc", "square", "diamond", "ring"]
Colour = tuple[float, float, float]
MAGENTA: Colour = (0.78, 0.07, 0.36)
WHITE: Colour = (1.0, 1.0, 1.0)
SHAPES: dict[str, int] = {"disc": 0, "square": 1, "diamond": 2, "ring": 3}
LINE_WIDE, CASING_WIDE, DOT_WIDE = 3.0, 5.5, 10.0
PULL, CASING_PULL = 0.006, 0.005
"""Share of its distance that a line comes nearer, so that what it lies on never cuts into it."""
GAP = 4
"""Pixels kept free around words."""

_VERTEX = """//VTK::PositionVC::Impl
  gl_Position.z -= pull;
"""
_ON_TOP = """//VTK::PositionVC::Impl
  gl_Position.z = -0.9995 * gl_Position.w;
"""
_DASH = """//VTK::Light::Impl
  float dash = exp2(ceil(log2(max(fwidth(dtAlong), 0.00001)))) * 4.0;
  if (mod(dtAlong, 2.0 * dash) > dash) discard;
"""
_DOT = """//VTK::Light::Impl
  vec2 c = gl_PointCoord * 2.0 - 1.0;
  float r = shape == 1 ? max(abs(c.x), abs(c.y)) : shape == 2 ? abs(c.x) + abs(c.y) : length(c);
  if (r > 1.0 || (shape != 0 && r < 0.42)) discard;
  if (r > 0.76 || (shape != 0 && r < 0.56)) fragOutput0 = vec4(1.0);
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mark:
    """One thing drawn over the city; world coordinates.

    Attributes
    ----------
    line : float64 (n, 3), through these places; empty for none
    closed : whether the last place is joined to the first
    dots : float64 (k, 3)
    shape, size : of the dots; pixels
    tags : words at places
    colour : red, green, blue, 0 … 1
    """

    line: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 3)))
    closed: bool = False
    dots: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 3)))
    shape: Shape = "disc"
    size: float = DOT_WIDE
    tags: tuple[Tag, ...] = ()
    colour: Colour = MAGENTA


class Marks:
    """Owns the actors of all marks on one renderer.

    What stands behind buildings is seen as thin dashes; what is on top of the renderer alone
    (`over`) is always drawn whole. `look` is called before each frame.
    """

    def __init__(
        self, renderer: vtkRenderer, origin: NDArray[np.float64], *, over: bool = False
    ) -> None:
        self._renderer = renderer
        self._origin = np.asarray(origin, float)
        self._over = over
        self.ratio = 1.0
        """Device pixels of a logical one."""
        self._marks: dict[str, Mark] = {}
        self._actors: dict[str, list[vtkActor]] = {}
        self._tags: dict[str, list[TagActor]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._marks

    @property
    def marks(self) -> Mapping[str, Mark]:
        """What is drawn now."""
        return self._marks

    def move_to(self, origin: NDArray[np.float64]) -> None:
        """Stand in another frame from now on; what was drawn is forgotten."""
        self.clear()
        self._origin = np.asarray(origin, float)

    def put(self, key: str, mark: Mark) -> None:
        """Draw `mark` in the place of what is called `key`; seen with the next frame."""
        self.remove(key)
        self._marks[key] = mark
        self._actors[key] = self._lines(mark) + self._dots(mark)
        for actor in self._actors[key]:
            actor.PickableOff()
            actor.UseBoundsOff()
            self._renderer.AddActor(actor)
        self._tags[key] = [TagActor(tag, self.ratio) for tag in mark.tags]
        for tag in self._tags[key]:
            self._renderer.AddViewProp(tag.actor)

    def remove(self, key: str) -> None:
        """Take a mark away, if it is there."""
        self._marks.pop(key, None)
        for actor in self._actors.pop(key, []):
            self._renderer.RemoveActor(actor)
            actor.ReleaseGraphicsResources(self._renderer.GetRenderWindow())
        for tag in self._tags.pop(key, []):
            self._renderer.RemoveViewProp(tag.actor)
            tag.actor.ReleaseGraphicsResources(self._renderer.GetRenderWindow())

    def clear(self) -> None:
        """Take all marks away."""
        for key in list(self._marks):
            self.remove(key)

    def restyle(self) -> None:
        """Draw all anew: other colours, another size of letters."""
        for key, mark in list(self._marks.items()):
            self.put(key, mark)

    def look(self) -> None:
        """Fit marks to the coming frame: how far they come nearer, and where words have room."""
        if not self._marks:
            return
        camera = self._renderer.GetActiveCamera()
        near, far = camera.GetClippingRange()
        # In clip coordinates a share s of any distance is 2 · near · s.
        unit = 0.4 if camera.GetParallelProjection() else 2.0 * near * far / max(far - near, 1e-6)
        for actors in self._actors.values():
            for actor in actors:
                uniforms = actor.GetShaderProperty().GetVertexCustomUniforms()
                pull = (
                    PULL
                    if actor.GetProperty().GetLineWidth() <= LINE_WIDE * self.ratio
                    else CASING_PULL
                )
                uniforms.SetUniformf("pull", unit * pull)
        self._place_tags()

    def _place_tags(self) -> None:
        tags = [tag for group in self._tags.values() for tag in group]
        if not tags:
            return
        width, height = self._renderer.GetRenderWindow().GetSize()
        size = (width, height)
        local = np.array([tag.tag.where for tag in tags]) - self._origin
        pixels, _ = project_many(local, self._renderer, size)
        taken: list[tuple[float, float, float, float]] = []
        for index in sorted(range(len(tags)), key=lambda i: -tags[i].tag.rank):
            box = tags[index].box_at(pixels[index])
            free = box is not None and _inside(box, size) and not any(_meet(box, b) for b in taken)
            tags[index].show(box if free else None)
            if free and box is not None:
                taken.append(box)

    # -- actors -----------------------------------------------------------------------------

    def _lines(self, mark: Mark) -> list[vtkActor]:
        if len(mark.line) < 2:
            return []
        ring = np.vstack([mark.line, mark.line[:1]]) if mark.closed else mark.line
        local = (ring - self._origin).astype(np.float32)
        number = np.arange(len(local) - 1, dtype=np.int32)
        cells = np.column_stack([number, number + 1])
        along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(local, axis=0), axis=1))])
        made = []
        for wide, colour in ((CASING_WIDE, WHITE), (LINE_WIDE, mark.colour)):
            actor = _actor(local, cells, colour, wide * self.ratio)
            actor.GetShaderProperty().AddVertexShaderReplacement(
                "//VTK::PositionVC::Impl", True, _ON_TOP if self._over else _VERTEX, False
            )
            made.append(actor)
        if not self._over:
            made.append(_dashes(local, cells, mark.colour, along.astype(np.float32)))
        return made

    def _dots(self, mark: Mark) -> list[vtkActor]:
        if not len(mark.dots):
            return []
        local = (mark.dots - self._origin).astype(np.float32)
        cells = np.arange(len(local), dtype=np.int32).reshape(-1, 1)
        actor = _actor(local, cells, mark.colour, 1.0)
        actor.GetProperty().SetPointSize(mark.size * self.ratio)
        shader = actor.GetShaderProperty()
        # Beside clouds of points, whose corners say how wide they are, the property says nothing.
        wide = _ON_TOP + "  gl_PointSize = dotWide;\n"
        shader.AddVertexShaderReplacement("//VTK::PositionVC::Impl", True, wide, False)
        shader.GetVertexCustomUniforms().SetUniformf("dotWide", mark.size * self.ratio)
        shader.AddFragmentShaderReplacement("//VTK::Light::Impl", True, _DOT, False)
        shader.GetFragmentCustomUniforms().SetUniformi("shape", SHAPES[mark.shape])
        return [actor]


def _actor(places: Any, cells: Any, colour: Colour, wide: float) -> vtkActor:
    data = vtkPolyData()
    data.SetPoints(points_of(np.ascontiguousarray(places)))
    (data.SetLines if cells.shape[1] == 2 else data.SetVerts)(cells_of(np.ascontiguousarray(cells)))
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(data)
    mapper.ScalarVisibilityOff()
    mapper.SetVBOShiftScaleMethod(0)
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().LightingOff()
    actor.GetProperty().SetColor(*colour)
    actor.GetProperty().SetLineWidth(wide)
    return actor


def _dashes(places: Any, cells: Any, colour: Colour, along: NDArray[np.float32]) -> vtkActor:
    """The same line over everything, thin and dashed: seen where the whole one is hidden."""
    # One pixel wide: wider lines are made by a geometry shader on some drivers, which would
    # not hand on how far along the line a pixel is.
    actor = _actor(places, cells, colour, 1.0)
    mapper: Any = actor.GetMapper()
    array = numpy_to_vtk(along, deep=True)
    array.SetName("along")
    mapper.GetInput().GetPointData().AddArray(array)
    mapper.MapDataArrayToVertexAttribute(
        "dtAlongMC", "along", vtkDataObject.FIELD_ASSOCIATION_POINTS, -1
    )
    shader = actor.GetShaderProperty()
    shader.AddVertexShaderReplacement(
        "//VTK::PositionVC::Dec", True,
        "//VTK::PositionVC::Dec\nin float dtAlongMC;\nout float dtAlong;\n", False,
    )  # fmt: skip
    shader.AddVertexShaderReplacement(
        "//VTK::PositionVC::Impl", True, _ON_TOP + "  dtAlong = dtAlongMC;\n", False
    )
    shader.AddFragmentShaderReplacement(
        "//VTK::PositionVC::Dec", True, "//VTK::PositionVC::Dec\nin float dtAlong;\n", False
    )
    shader.AddFragmentShaderReplacement("//VTK::Light::Impl", True, _DASH, False)
    return actor


def _inside(box: tuple[float, float, float, float], size: tuple[int, ...]) -> bool:
    return box[2] > 0 and box[3] > 0 and box[0] < size[0] and box[1] < size[1]


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] + GAP and b[0] < a[2] + GAP and a[1] < b[3] + GAP and b[1] < a[3] + GAP

"""What is drawn of a cut over the view: outlines, and handles that move its sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from viewers.scene.cut import Cut, cut_of
from viewers.scene.overlay import Overlay
from viewers.scene.scene import Scene
from viewers.scene.section import facets
from viewers.sprites import Pixels
from viewers.tools.views_grips import Grip, Grips
from viewers.view_state import ClipBox, SectionPlane, ViewState

Vector = NDArray[np.float64]
HANDLE = 20.0
"""Logical pixels."""
SMALLEST_M = 1.0
EDGES = np.array(
    [(i, j) for i in range(8) for j in range(i) if bin(i ^ j).count("1") == 1], np.int64
)
"""Corners numbered by bits: across, along, up."""


def along_axis(origin: Vector, direction: Vector, point: Vector, axis: Vector) -> float | None:
    """Metres from `point` along the unit `axis` to where it passes nearest to a ray; None if parallel."""
    lean = float(direction @ axis)
    if 1.0 - lean * lean < 1e-4:
        return None
    away = point - origin
    return (lean * float(direction @ away) - float(axis @ away)) / (1.0 - lean * lean)


def pushed(box: ClipBox, axis: int, end: float, metres: float) -> ClipBox:
    """The box with one side moved outwards along its own axis; the other sides stay."""
    size = list(box.size)
    metres = max(metres, SMALLEST_M - size[axis])
    size[axis] += metres
    own = Cut(origin=(0.0, 0.0, 0.0), box=box).axes[axis]
    x, y, z = (np.array(box.middle) + own * end * metres / 2).tolist()
    return replace(box, size=(size[0], size[1], size[2]), middle=(x, y, z))


def shifted(plane: SectionPlane, metres: float) -> SectionPlane:
    """The plane moved along its normal."""
    x, y, z = (np.array(plane.point) + np.array(plane.normal) * metres).tolist()
    return replace(plane, point=(x, y, z))


class Handle(Grip):
    """A disc that slides along an axis; says how far from where it was taken."""

    def __init__(self, ask: Callable[[float, bool], None], scene: Scene) -> None:
        self._ask, self._scene = ask, scene
        self.where = np.zeros(3)
        self.axis = np.array([0.0, 0.0, 1.0])
        self.pixel: tuple[float, float] | None = None
        self.reach = HANDLE
        self._start: tuple[Vector, Vector, float] | None = None

    def holds(self, x: float, y: float) -> bool:
        if self.pixel is None:
            return False
        return float(np.hypot(x - self.pixel[0], y - self.pixel[1])) <= self.reach * 0.6

    def _along(self, x: float, y: float) -> float | None:
        point, axis = (self.where, self.axis) if self._start is None else self._start[:2]
        origin, direction = self._scene.camera.ray(x, y, self._scene.window.GetSize())
        return along_axis(origin, direction, point, axis)

    def pressed(self, x: float, y: float) -> None:
        at = self._along(x, y)
        self._start = (self.where.copy(), self.axis.copy(), 0.0 if at is None else at)

    def dragged(self, x: float, y: float) -> None:
        at = self._along(x, y)
        if at is not None and self._start is not None:
            self._ask(at - self._start[2], False)

    def released(self, x: float, y: float, *, moved: bool) -> None:
        at, start, self._start = self._along(x, y), self._start, None
        if moved and at is not None and start is not None:
            self._ask(at - start[2], True)


class CutHandles:
    """Owns outlines and handles of the cut that `view` has.

    Parameters
    ----------
    ask
        Called with the changed fields of `ViewState`, and whether the hand let go.
    """

    def __init__(
        self,
        scene: Scene,
        overlay: Overlay,
        grips: Grips,
        disc: Callable[[str], Pixels],
        ask: Callable[[dict[str, object], bool], None],
    ) -> None:
        self._scene, self._overlay, self._grips = scene, overlay, grips
        self._disc, self._ask = disc, ask
        self._view = ViewState()
        self._from = self._view
        self.plane = Handle(self._move_plane, scene)
        self.sides = [
            Handle(partial(self._push, a, e), scene)
            for a in range(3) for e in (-1.0, 1.0)
        ]  # fmt: skip
        self._offered: list[Handle] = []

    def show_view(self, view: ViewState) -> None:
        """Offer handles for what `view` cuts; None are left without a cut."""
        self._view = view
        if not any(handle._start is not None for handle in self._offered):
            self._from = view
        wanted = ([self.plane] if view.section else []) + (self.sides if view.clip else [])
        for handle in self._offered:
            if handle not in wanted:
                handle.pixel = None
                self._grips.remove(handle)
        for handle in wanted:
            self._grips.add(handle)
        self._offered = wanted

    def _move_plane(self, metres: float, done: bool) -> None:
        if self._from.section is not None:
            self._ask({"section": shifted(self._from.section, metres)}, done)

    def _push(self, axis: int, end: float, metres: float, done: bool) -> None:
        if self._from.clip is not None:
            self._ask({"clip": pushed(self._from.clip, axis, end, metres)}, done)

    # -- drawing ----------------------------------------------------------------------------

    def draw(self) -> None:
        """Put everything where it is seen now; before each frame."""
        scene, names = self._scene, set()
        cut = cut_of(self._view, scene.camera.origin)
        if cut is not None and scene.camera.bounds is not None:
            if cut.box is not None:
                names |= self._draw_box(cut)
            if cut.plane is not None:
                names |= self._draw_plane(cut, scene.camera.bounds)
        self._overlay.keep(names, of="cut")

    def _draw_box(self, cut: Cut) -> set[str]:
        signs = np.array([[1 if i >> k & 1 else -1 for k in range(3)] for i in range(8)])
        names = self._outline("cut.box", cut.middle + (signs * cut.half) @ cut.axes, EDGES)
        for number, handle in enumerate(self.sides):
            axis, end = number // 2, 1.0 if number % 2 else -1.0
            handle.axis = end * cut.axes[axis]
            handle.where = cut.middle + handle.axis * cut.half[axis]
            names |= self._put(handle, f"cut.side{number}", "accent")
        return names

    def _draw_plane(self, cut: Cut, bounds: Vector) -> set[str]:
        from viewers.scene.section import outline_in

        assert cut.plane is not None
        side = facets(Cut(origin=cut.origin, plane=cut.plane))[0]
        ring = outline_in(side, bounds)
        ends = np.stack([np.arange(len(ring)), np.roll(np.arange(len(ring)), -1)], axis=1)
        names = self._outline("cut.plane", ring, ends)
        self.plane.where = np.subtract(cut.plane.point, cut.origin)
        self.plane.axis = cut.normal
        return names | self._put(self.plane, "cut.handle", "danger")

    def _put(self, handle: Handle, name: str, role: str) -> set[str]:
        scene = self._scene
        handle.pixel = scene.camera.project(
            handle.where + scene.camera.origin, scene.window.GetSize()
        )
        if handle.pixel is None:
            return set()
        disc = self._disc(role)
        handle.reach = float(disc.shape[0])
        x, y = handle.pixel
        self._overlay.image(name, disc, x - disc.shape[1] / 2, y - disc.shape[0] / 2)
        return {name}

    def _outline(self, name: str, points: Vector, pairs: NDArray[np.int64]) -> set[str]:
        camera, size = self._scene.camera, self._scene.window.GetSize()
        seen = [camera.project(point + camera.origin, size) for point in points]
        kept = [pair for pair in pairs if seen[pair[0]] is not None and seen[pair[1]] is not None]
        if not kept:
            return set()
        flat = np.array([(0.0, 0.0) if one is None else one for one in seen])
        self._overlay.lines(
            name, flat, np.array(kept), colour=(0.04, 0.45, 0.52), width=1.6, opacity=0.8
        )
        return {name}

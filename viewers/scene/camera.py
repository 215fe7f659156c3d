"""The eye of a scene: orbit, pan, zoom to the cursor, fly, walk, frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from viewers.scene.poses import (
    HIGHEST,
    LOWEST,
    Vector,
    framing,
    from_polar,
    orbited,
    parallel,
    to_polar,
    triple,
    up_of,
    zoomed,
)
from viewers.view_state import CameraPose

NEAREST_M = 25.0
"""A double click comes no nearer than this."""
EYE_HEIGHT = 1.7
"""Metres above ground of a walking person's eye."""


class Camera:
    """Moves the renderer's camera; poses are in world coordinates, everything else in scene metres."""

    def __init__(self, renderer: Any) -> None:
        self.stands_at = renderer
        """The renderer whose eye hands move: the scene's own, or that of another picture."""
        self.below = False
        """Whether the eye may go below the ground."""
        self.panes: tuple[tuple[float, float, float, float], ...] = ()
        """Parts of the window (left, bottom, right, top) that show this eye's picture, each whole;
        () for the part of the renderer alone."""
        self.origin: Vector = np.zeros(3)
        self.bounds: Vector | None = None
        self.shift = (0.0, 0.0)
        """Where a part of a large picture looks, in halves of the part: see `tiles`."""
        self.in_parts = False
        """Whether such a part is being drawn."""
        self.home: Vector | None = None
        """What a first look should show, where that is less than everything: the buildings."""
        self._camera.SetViewAngle(35.0)

    @property
    def _camera(self) -> Any:
        return self.stands_at.GetActiveCamera()

    def size_of(self, renderer: Any) -> tuple[int, int]:
        """Width and height of a renderer's part of the window, pixels."""
        width, height = renderer.GetVTKWindow().GetSize()
        a, b, c, d = renderer.GetViewport()
        return max(round((c - a) * width), 1), max(round((d - b) * height), 1)

    @property
    def pixel_m(self) -> float:
        """Metres that a pixel covers without perspective, 0 with it."""
        if not self._camera.GetParallelProjection():
            return 0.0
        return 2.0 * float(self._camera.GetParallelScale()) / self.size_of(self.stands_at)[1]

    def _part(
        self, size: tuple[int, int], at: tuple[float, float] | None = None
    ) -> tuple[float, float, float, float]:
        """Left, bottom, width and height in pixels of the picture under a pixel, or of the first."""
        parts = self.panes or (self.stands_at.GetViewport(),)
        x, y = (0.0, 0.0) if at is None else (at[0] / max(size[0], 1), at[1] / max(size[1], 1))
        under = [p for p in parts if p[0] <= x < p[2] and p[1] <= y < p[3]] if at else []
        a, b, c, d = (under or parts)[0]
        return a * size[0], b * size[1], max((c - a) * size[0], 1.0), max((d - b) * size[1], 1.0)

    @property
    def eye(self) -> Vector:
        """Scene position of the eye."""
        return np.array(self._camera.GetPosition())

    @property
    def target(self) -> Vector:
        """Scene position looked at."""
        return np.array(self._camera.GetFocalPoint())

    @property
    def pose(self) -> CameraPose:
        """Where the eye is, in world coordinates."""
        parallel = bool(self._camera.GetParallelProjection())
        return CameraPose(
            eye=triple(self.eye + self.origin),
            target=triple(self.target + self.origin),
            up=triple(np.array(self._camera.GetViewUp())),
            view_angle=float(self._camera.GetViewAngle()),
            parallel_scale=float(self._camera.GetParallelScale()) if parallel else 0.0,
        )

    @pose.setter
    def pose(self, pose: CameraPose) -> None:
        camera = self._camera
        camera.SetPosition(*(np.array(pose.eye) - self.origin))
        camera.SetFocalPoint(*(np.array(pose.target) - self.origin))
        camera.SetViewUp(*pose.up)
        camera.SetViewAngle(pose.view_angle)
        camera.SetParallelProjection(pose.parallel_scale > 0)
        if pose.parallel_scale > 0:
            camera.SetParallelScale(pose.parallel_scale)

    def look(self, eye: Vector, target: Vector) -> None:
        """Put the eye at `eye` and look at `target`, scene metres."""
        self._camera.SetPosition(*eye)
        self._camera.SetFocalPoint(*target)
        self._camera.SetViewUp(*up_of(eye, target))

    # -- movements of a hand ----------------------------------------------------------------

    def orbit(self, dx: float, dy: float) -> None:
        """Turn around the target by a drag of (dx, dy) pixels."""
        low = -HIGHEST if self.below else LOWEST
        eye = orbited(self.eye, self.target, dx * 0.005, -dy * 0.005, lowest=low)
        self.look(eye, self.target)

    def pan(self, before: Vector, after: Vector) -> None:
        """Move so that the ground point `before` comes to lie where `after` was."""
        shift = before - after
        shift[2] = 0.0
        self.look(self.eye + shift, self.target + shift)

    def drag(self, anchor: Vector, origin: Vector, direction: Vector) -> None:
        """Move so that `anchor` comes to lie under the ray of the cursor."""
        if self._camera.GetParallelProjection():
            self._slide(anchor - origin)
        elif direction[2] < -0.02:
            now = origin + direction * (anchor[2] - origin[2]) / direction[2]
            self.pan(anchor.copy(), now)

    def _slide(self, shift: Vector) -> None:
        """Move across the direction of view by what of `shift` lies across it."""
        forward = np.array(self._camera.GetDirectionOfProjection())
        across = shift - forward * float(shift @ forward)
        up = self._camera.GetViewUp()
        self._camera.SetPosition(*(self.eye + across))
        self._camera.SetFocalPoint(*(self.target + across))
        self._camera.SetViewUp(*up)

    def after(self, move: Callable[[], None]) -> CameraPose:
        """The pose that `move` leads to; the eye stays where it is."""
        before = self.pose
        move()
        found, self.pose = self.pose, before
        return found

    def step(self, right: float, ahead: float) -> None:
        """Move by shares of the picture's height: over the ground, or within an upright picture."""
        forward = np.array(self._camera.GetDirectionOfProjection())
        up = np.array(self._camera.GetViewUp())
        side = np.cross(forward, up)
        side /= max(float(np.linalg.norm(side)), 1e-9)
        if self._camera.GetParallelProjection():
            height = 2.0 * float(self._camera.GetParallelScale())
            self._slide((side * right + np.cross(side, forward) * ahead) * height)
            return
        half = np.tan(np.radians(self._camera.GetViewAngle()) / 2)
        height = 2.0 * half * float(np.linalg.norm(self.target - self.eye))
        flat = np.array([-side[1], side[0], 0.0])
        shift = (side * right + flat * ahead) * height
        self.look(self.eye + shift, self.target + shift)

    def zoom(self, factor: float, about: Vector | None = None) -> None:
        """Come closer by `factor` to `about`, or to the target."""
        if self._camera.GetParallelProjection():
            scale = self._camera.GetParallelScale() / factor
            if 1.0 < scale < 60_000:
                self._camera.SetParallelScale(scale)
                if about is not None:
                    self._slide((about - self.target) * (1 - 1 / factor))
            return
        eye, target = zoomed(self.eye, self.target, self.target if about is None else about, factor)
        if np.linalg.norm(eye - target) > 2.0 and np.linalg.norm(eye) < 60_000:
            self.look(eye, target)

    def turn_head(self, turn: float, tilt: float) -> None:
        """Look elsewhere from where the eye stands (walking); radians to the right and upwards."""
        distance, heading, elevation = to_polar(self.target - self.eye)
        look = from_polar(
            distance,
            heading + turn,
            float(np.clip(elevation + tilt, -HIGHEST * 0.95, HIGHEST * 0.95)),
        )
        self.look(self.eye, self.eye + look)

    # -- places to go -----------------------------------------------------------------------

    def frame(self, bounds: Vector | None = None, *, heading: float | None = None) -> CameraPose:
        """The pose that shows `bounds` (6, scene metres), or everything, from the present side."""
        box = self.bounds if bounds is None else np.asarray(bounds, float)
        if box is None:
            return self.pose
        _, now, tilt = to_polar(self.eye - self.target)
        width, height = self.size_of(self.stands_at)
        flat = bool(self._camera.GetParallelProjection())
        eye, target = framing(
            box,
            view_angle=self._camera.GetViewAngle(),
            aspect=max(width, 1) / max(height, 1),
            heading=now if heading is None else heading,
            elevation=tilt if flat else float(np.clip(tilt, np.radians(25), np.radians(60))),
        )
        pose = self._pose_at(eye, target)
        return parallel(pose) if flat else pose

    def overview(self) -> CameraPose:
        """The first look at a city: from the south-south-west, a little above the roofs."""
        found = self._first_look()
        if found is None:
            return self.pose
        eye, middle = found
        # The horizon stays in the picture, but near its top: little of the plain around is seen.
        _, heading, elevation = to_polar(eye - middle)
        gaze = elevation
        height = float(eye[2] - middle[2])
        return self._pose_at(eye, eye - from_polar(height / np.sin(gaze), heading, gaze))

    def _first_look(self) -> tuple[Vector, Vector] | None:
        """Eye and middle of what a first look shows, scene metres; None in an empty city."""
        box = self.bounds if self.home is None else self.home
        if box is None:
            return None
        # Over few tall houses one looks from higher, or the picture would be all wall.
        tall = float(np.ptp(box[4:6]) / max(np.ptp(box[:2]), np.ptp(box[2:4]), 1.0))
        width, height = self.size_of(self.stands_at)
        eye, target = framing(
            box,
            view_angle=self._camera.GetViewAngle(),
            aspect=max(width, 1) / max(height, 1),
            heading=np.radians(205),
            elevation=np.radians(13.0 + 12.0 * min(1.0, 1.5 * tall)),
        )
        return target + (eye - target) * 0.62, target

    def named(self, view: str) -> CameraPose:
        """A view that every city has: "overview", "close" (nearer and lower) or "top"."""
        found = self._first_look()
        if view == "overview" or found is None:
            return self.overview()
        eye, target = found
        distance, heading, elevation = to_polar(eye - target)
        if view == "top":
            return self._pose_at(target + np.array([0.0, 0.0, 1.6 * distance]), target)
        return self._pose_at(
            target + from_polar(0.42 * distance, heading, 0.75 * elevation), target
        )

    def nearer(self, point: Vector) -> CameraPose:
        """Half as far from `point` (scene metres) as now, looking at it the present way."""
        now = self.eye - self.target
        away = max(0.5 * float(np.linalg.norm(self.eye - point)), NEAREST_M)
        return self._pose_at(point + now / max(float(np.linalg.norm(now)), 1e-9) * away, point)

    def north_up(self) -> CameraPose:
        """The same view with north ahead."""
        distance, _, elevation = to_polar(self.eye - self.target)
        return self._kept(self.target + from_polar(distance, np.pi, elevation))

    def top(self) -> CameraPose:
        """Straight down on the target, north up."""
        distance, _, _ = to_polar(self.eye - self.target)
        return self._kept(self.target + np.array([0.0, 0.0, distance]))

    def _kept(self, eye: Vector) -> CameraPose:
        """Looking at the target from `eye`, with or without perspective as now."""
        pose, scale = self._pose_at(eye, self.target), self._camera.GetParallelScale()
        return replace(pose, parallel_scale=scale if self._camera.GetParallelProjection() else 0.0)

    def street(self, ground: Vector) -> CameraPose:
        """Standing at a ground point, looking the present way."""
        ahead = self.target - self.eye
        flat = np.array([ahead[0], ahead[1], 0.0])
        flat = flat / max(float(np.linalg.norm(flat)), 1e-9) * 30.0
        eye = ground + np.array([0.0, 0.0, EYE_HEIGHT])
        return self._pose_at(eye, eye + flat)

    def _pose_at(self, eye: Vector, target: Vector) -> CameraPose:
        return CameraPose(
            eye=triple(eye + self.origin),
            target=triple(target + self.origin),
            up=up_of(eye, target),
            view_angle=float(self._camera.GetViewAngle()),
        )

    # -- rays -------------------------------------------------------------------------------

    def ray(self, x: float, y: float, size: tuple[int, int]) -> tuple[Vector, Vector]:
        """Origin and unit direction of the ray through pixel (x, y) from the lower left corner."""
        camera = self._camera
        forward = np.array(camera.GetDirectionOfProjection())
        right = np.cross(forward, np.array(camera.GetViewUp()))
        right /= max(float(np.linalg.norm(right)), 1e-9)
        up = np.cross(right, forward)
        left, bottom, width, height = self._part(size, (x, y))
        u = (x + 0.5 - left) / width * 2 - 1
        v = (y + 0.5 - bottom) / height * 2 - 1
        aspect = width / height
        if camera.GetParallelProjection():
            scale = camera.GetParallelScale()
            start = self.eye + right * u * scale * aspect + up * v * scale
            return start - forward * 20_000.0, forward
        half = np.tan(np.radians(camera.GetViewAngle()) / 2)
        direction = forward + right * u * half * aspect + up * v * half
        return self.eye, direction / np.linalg.norm(direction)

    def project(self, world: Vector, size: tuple[int, int]) -> tuple[float, float] | None:
        """Pixel of a world position from the lower left corner; None behind the eye."""
        camera = self._camera
        forward = np.array(camera.GetDirectionOfProjection())
        right = np.cross(forward, np.array(camera.GetViewUp()))
        right /= max(float(np.linalg.norm(right)), 1e-9)
        up = np.cross(right, forward)
        offset = np.asarray(world, float) - self.origin - self.eye
        left, bottom, width, height = self._part(size)
        aspect = width / height
        if camera.GetParallelProjection():
            scale = camera.GetParallelScale()
            u, v = offset @ right / (scale * aspect), offset @ up / scale
        else:
            depth = float(offset @ forward)
            if depth <= 0:
                return None
            half = np.tan(np.radians(camera.GetViewAngle()) / 2)
            u, v = offset @ right / depth / (half * aspect), offset @ up / depth / half
        u, v = u - self.shift[0], v - self.shift[1]
        return float(left + (u + 1) / 2 * width - 0.5), float(bottom + (v + 1) / 2 * height - 0.5)

    def area(self) -> tuple[Vector, float]:
        """Middle and radius, scene metres, of the ground worth sharp shadows."""
        eye, target = self.eye, self.target
        if self._camera.GetParallelProjection():
            return target, float(self._camera.GetParallelScale() * 1.6)
        distance = float(np.linalg.norm(eye - target))
        low = eye[2] - (self.bounds[4] if self.bounds is not None else 0.0)
        if low < 60.0:
            ahead = (target - eye) / max(distance, 1e-9)
            return eye + ahead * 120.0, 260.0
        return target, float(np.clip(distance * 0.62, 120.0, 2500.0))

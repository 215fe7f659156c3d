"""The eye: orbit, pan, zoom to the cursor, fly, walk, frame. Maths in plain functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewers.view_state import CameraPose

Vector = NDArray[np.float64]
NEAREST_M = 25.0
"""A double click comes no nearer than this."""
EYE_HEIGHT = 1.65
"""Metres above ground of a walking person's eye."""
LOWEST, HIGHEST = np.radians(-15.0), np.radians(89.9)
UP = (0.0, 0.0, 1.0)


def ease(t: float) -> float:
    """0 … 1 with a soft start and end; exactly 0 at 0 and 1 at 1."""
    t = min(max(t, 0.0), 1.0)
    return t * t * t * (t * (6.0 * t - 15.0) + 10.0)


def to_polar(offset: Vector) -> tuple[float, float, float]:
    """Distance, heading (radians clockwise from north of where the eye stands) and elevation."""
    distance = float(np.linalg.norm(offset))
    heading = float(np.arctan2(offset[0], offset[1]))
    elevation = float(np.arcsin(np.clip(offset[2] / max(distance, 1e-9), -1.0, 1.0)))
    return distance, heading, elevation


def from_polar(distance: float, heading: float, elevation: float) -> Vector:
    """The inverse of `to_polar`."""
    flat = distance * np.cos(elevation)
    return np.array([flat * np.sin(heading), flat * np.cos(heading), distance * np.sin(elevation)])


def up_of(eye: Vector, target: Vector) -> tuple[float, float, float]:
    """Which way is up in the picture: the sky, or north when looking straight down."""
    forward = target - eye
    length = float(np.linalg.norm(forward))
    if length and abs(forward[2]) / length > 0.9998:
        heading = np.arctan2(eye[0] - target[0], eye[1] - target[1])
        return (
            (float(-np.sin(heading)), float(-np.cos(heading)), 0.0)
            if _flat(forward)
            else (0.0, 1.0, 0.0)
        )
    return UP


def _flat(forward: Vector) -> bool:
    return float(np.hypot(forward[0], forward[1])) > 1e-6


def orbited(eye: Vector, target: Vector, turn: float, tilt: float) -> Vector:
    """The eye after a turn around `target` (radians, clockwise from above) and a tilt upwards."""
    distance, heading, elevation = to_polar(eye - target)
    return target + from_polar(
        distance, heading + turn, float(np.clip(elevation + tilt, LOWEST, HIGHEST))
    )


def zoomed(eye: Vector, target: Vector, about: Vector, factor: float) -> tuple[Vector, Vector]:
    """Eye and target after coming closer to `about` by `factor`: what is under the cursor stays there."""
    return about + (eye - about) / factor, about + (target - about) / factor


def between(a: CameraPose, b: CameraPose, t: float) -> CameraPose:
    """The pose at `t` of an eased flight from `a` to `b`; exactly `b` at 1.

    Turns the short way round, and rises on long ways so that the city is seen passing below.
    """
    if t >= 1.0:
        return b
    s = ease(t)
    start, end = np.array(a.target), np.array(b.target)
    target = start + (end - start) * s
    da, ha, ea = to_polar(np.array(a.eye) - start)
    db, hb, eb = to_polar(np.array(b.eye) - end)
    turn = (hb - ha + np.pi) % (2 * np.pi) - np.pi
    rise = float(np.linalg.norm(end - start)) * 0.25 * np.sin(np.pi * s)
    distance = float(np.exp(np.log(da) * (1 - s) + np.log(db) * s)) + rise
    eye = target + from_polar(distance, ha + turn * s, ea + (eb - ea) * s)
    return CameraPose(
        eye=_triple(eye),
        target=_triple(target),
        up=up_of(eye, target),
        view_angle=a.view_angle + (b.view_angle - a.view_angle) * s,
        parallel_scale=b.parallel_scale if s > 0.5 else a.parallel_scale,
    )


def framing(
    bounds: Vector, *, view_angle: float, aspect: float, heading: float, elevation: float
) -> tuple[Vector, Vector]:
    """Eye and target that bring a box (6,) into the picture from `heading` and `elevation`."""
    low, high = bounds[0::2], bounds[1::2]
    middle = (low + high) / 2
    back = from_polar(1.0, heading, elevation)
    right = np.array([-back[1], back[0], 0.0])
    right /= max(float(np.linalg.norm(right)), 1e-9)
    above = np.cross(back, right)
    half = np.tan(np.radians(view_angle) / 2)
    corners = (
        np.array([[x, y, z] for x in bounds[0:2] for y in bounds[2:4] for z in bounds[4:6]])
        - middle
    )
    needed = np.maximum(np.abs(corners @ above) / half, np.abs(corners @ right) / (half * aspect))
    distance = float(np.max(needed + corners @ back))
    return middle + back * max(distance, 5.0), middle


def _triple(v: Vector) -> tuple[float, float, float]:
    return (float(v[0]), float(v[1]), float(v[2]))


class Camera:
    """Moves the renderer's camera; poses are in world coordinates, everything else in scene metres."""

    def __init__(self, renderer: Any) -> None:
        self._renderer = renderer
        self.origin: Vector = np.zeros(3)
        self.bounds: Vector | None = None
        self.home: Vector | None = None
        """What a first look should show, where that is less than everything: the buildings."""
        self._camera.SetViewAngle(35.0)

    @property
    def _camera(self) -> Any:
        return self._renderer.GetActiveCamera()

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
            eye=_triple(self.eye + self.origin),
            target=_triple(self.target + self.origin),
            up=_triple(np.array(self._camera.GetViewUp())),
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
        self.look(orbited(self.eye, self.target, dx * 0.005, -dy * 0.005), self.target)

    def pan(self, before: Vector, after: Vector) -> None:
        """Move so that the ground point `before` comes to lie where `after` was."""
        shift = before - after
        shift[2] = 0.0
        self.look(self.eye + shift, self.target + shift)

    def zoom(self, factor: float, about: Vector | None = None) -> None:
        """Come closer by `factor` to `about`, or to the target."""
        if self._camera.GetParallelProjection():
            self._camera.SetParallelScale(self._camera.GetParallelScale() / factor)
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

    def walk(self, forward: float, right: float, ground_z: float | None) -> None:
        """Step by metres forward and to the right, eyes `EYE_HEIGHT` above `ground_z`."""
        ahead = self.target - self.eye
        flat = np.array([ahead[0], ahead[1], 0.0])
        flat /= max(float(np.linalg.norm(flat)), 1e-9)
        side = np.array([flat[1], -flat[0], 0.0])
        eye = self.eye + flat * forward + side * right
        if ground_z is not None:
            eye[2] = ground_z + EYE_HEIGHT
        self.look(eye, eye + ahead)

    # -- places to go -----------------------------------------------------------------------

    def frame(self, bounds: Vector | None = None, *, heading: float | None = None) -> CameraPose:
        """The pose that shows `bounds` (6, scene metres), or everything, from the present side."""
        box = self.bounds if bounds is None else np.asarray(bounds, float)
        if box is None:
            return self.pose
        _, now, tilt = to_polar(self.eye - self.target)
        width, height = self._renderer.GetVTKWindow().GetSize()
        eye, target = framing(
            box,
            view_angle=self._camera.GetViewAngle(),
            aspect=max(width, 1) / max(height, 1),
            heading=now if heading is None else heading,
            elevation=float(np.clip(tilt, np.radians(25), np.radians(60))),
        )
        return self._pose_at(eye, target)

    def overview(self) -> CameraPose:
        """The first look at a city: from the south-south-west, a little above the roofs."""
        found = self._first_look()
        if found is None:
            return self.pose
        eye, middle = found
        # The gaze goes over the middle of the city, so that the horizon is in the picture.
        _, heading, elevation = to_polar(eye - middle)
        gaze = elevation - np.radians(2.0)
        height = float(eye[2] - middle[2])
        return self._pose_at(eye, eye - from_polar(height / np.sin(gaze), heading, gaze))

    def _first_look(self) -> tuple[Vector, Vector] | None:
        """Eye and middle of what a first look shows, scene metres; None in an empty city."""
        box = self.bounds if self.home is None else self.home
        if box is None:
            return None
        # Over few tall houses one looks from higher, or the picture would be all wall.
        tall = float(np.ptp(box[4:6]) / max(np.ptp(box[:2]), np.ptp(box[2:4]), 1.0))
        width, height = self._renderer.GetVTKWindow().GetSize()
        eye, target = framing(
            box,
            view_angle=self._camera.GetViewAngle(),
            aspect=max(width, 1) / max(height, 1),
            heading=np.radians(205),
            elevation=np.radians(15.5 + 12.0 * min(1.0, 1.5 * tall)),
        )
        return target + (eye - target) * 0.66, target

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
        return self._pose_at(self.target + from_polar(distance, np.pi, elevation), self.target)

    def top(self) -> CameraPose:
        """Straight down on the target, north up."""
        distance, _, _ = to_polar(self.eye - self.target)
        return self._pose_at(self.target + np.array([0.0, 0.0, distance]), self.target)

    def street(self, ground: Vector) -> CameraPose:
        """Standing at a ground point, looking the present way."""
        ahead = self.target - self.eye
        flat = np.array([ahead[0], ahead[1], 0.0])
        flat = flat / max(float(np.linalg.norm(flat)), 1e-9) * 30.0
        eye = ground + np.array([0.0, 0.0, EYE_HEIGHT])
        return self._pose_at(eye, eye + flat)

    def _pose_at(self, eye: Vector, target: Vector) -> CameraPose:
        return CameraPose(
            eye=_triple(eye + self.origin),
            target=_triple(target + self.origin),
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
        u = (x + 0.5) / max(size[0], 1) * 2 - 1
        v = (y + 0.5) / max(size[1], 1) * 2 - 1
        aspect = size[0] / max(size[1], 1)
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
        aspect = size[0] / max(size[1], 1)
        if camera.GetParallelProjection():
            scale = camera.GetParallelScale()
            u, v = offset @ right / (scale * aspect), offset @ up / scale
        else:
            depth = float(offset @ forward)
            if depth <= 0:
                return None
            half = np.tan(np.radians(camera.GetViewAngle()) / 2)
            u, v = offset @ right / depth / (half * aspect), offset @ up / depth / half
        return float((u + 1) / 2 * size[0] - 0.5), float((v + 1) / 2 * size[1] - 0.5)

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

"""Where an eye can stand and what leads from one place to another: plain functions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from viewers.view_state import CameraPose

Vector = NDArray[np.float64]
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


def orbited(
    eye: Vector, target: Vector, turn: float, tilt: float, *, lowest: float = float(LOWEST)
) -> Vector:
    """The eye after a turn around `target` (radians, clockwise from above) and a tilt upwards."""
    distance, heading, elevation = to_polar(eye - target)
    return target + from_polar(
        distance, heading + turn, float(np.clip(elevation + tilt, lowest, HIGHEST))
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
        eye=triple(eye),
        target=triple(target),
        up=up_of(eye, target),
        view_angle=a.view_angle + (b.view_angle - a.view_angle) * s,
        parallel_scale=_scale_between(a.parallel_scale, b.parallel_scale, s),
    )


def _scale_between(a: float, b: float, s: float) -> float:
    if a > 0 and b > 0:
        return float(np.exp(np.log(a) * (1 - s) + np.log(b) * s))
    return b if s > 0.5 else a


def parallel(pose: CameraPose) -> CameraPose:
    """The same view without perspective: what lies in the plane of the target keeps its size."""
    if pose.parallel_scale > 0:
        return pose
    eye, target = np.array(pose.eye), np.array(pose.target)
    distance = float(np.linalg.norm(eye - target))
    scale = distance * float(np.tan(np.radians(pose.view_angle) / 2))
    return upright(pose, eye - target, scale)


def perspective(pose: CameraPose) -> CameraPose:
    """The inverse of `parallel`."""
    if pose.parallel_scale <= 0:
        return pose
    eye, target = np.array(pose.eye), np.array(pose.target)
    back = (eye - target) / max(float(np.linalg.norm(eye - target)), 1e-9)
    distance = pose.parallel_scale / float(np.tan(np.radians(pose.view_angle) / 2))
    return replace(pose, eye=triple(target + back * distance), parallel_scale=0.0)


def upright(pose: CameraPose, back: Vector, scale: float) -> CameraPose:
    """A view without perspective from the direction `back`, `scale` metres half its height.

    The eye stands far enough outside that light and haze see it as parallel, too.
    """
    back = back / max(float(np.linalg.norm(back)), 1e-9)
    target = np.array(pose.target)
    eye = target + back * (4.0 * scale + 500.0)
    up = up_of(eye, target)
    return replace(pose, eye=triple(eye), up=up, parallel_scale=float(scale))


def scale_for(denominator: float, height: int, dots_per_inch: float) -> float:
    """Half the height in metres of a picture of `height` dots at 1 : `denominator`.

    An inch is 0.0254 m, so a dot covers `denominator * 0.0254 / dots_per_inch` metres.
    """
    return denominator * 0.0254 / dots_per_inch * height / 2


def denominator_of(scale: float, height: int, dots_per_inch: float) -> float:
    """The inverse of `scale_for`."""
    return scale * 2 / height * dots_per_inch / 0.0254


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


def triple(v: Vector) -> tuple[float, float, float]:
    """As plain numbers."""
    return (float(v[0]), float(v[1]), float(v[2]))

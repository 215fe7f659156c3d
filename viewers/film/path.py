"""A smooth way of the eye through given poses, and when it is where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator

from layers.errors import CityError
from viewers.scene.poses import Vector, ease, from_polar, up_of
from viewers.view_state import CameraPose

SAMPLES = 96
"""Per piece between two poses, to measure its length."""
Speed = Literal["eased", "constant"]
WIDEST_TURN, STEEPEST, NEAREST, MOVED = np.radians(100.0), np.radians(86.0), 0.3, 0.5
"""A gaze follows its target unless it turns further than this between two views, one of them looks
straight down, the target comes nearer than such a share of how near it is in both, or the eye moves
less than such a share of that: it turns on the spot."""


def _gaze(pose: CameraPose) -> tuple[float, float, float]:
    """Distance to the target, heading and elevation of the gaze; radians, clockwise from north."""
    ahead = np.subtract(pose.target, pose.eye)
    distance = float(np.linalg.norm(ahead))
    flat = ahead[:2] if np.hypot(ahead[0], ahead[1]) > 1e-3 * distance else np.array(pose.up[:2])
    heading = float(np.arctan2(flat[0], flat[1]))
    return distance, heading, float(np.arcsin(np.clip(ahead[2] / distance, -1.0, 1.0)))


class CameraPath:
    """The eye's way through `poses`: through each of them exactly, with no jerk between.

    Positions of the eye, and of what it looks at, follow centripetal Catmull-Rom splines (Yuksel,
    Schaefer and Keyser 2011, "Parameterization and applications of Catmull-Rom curves": no loops, no
    overshoot): coming down from above the whole city, the eye keeps what it comes to in sight. Where
    it turns on the spot instead, headings, elevations and distances follow a monotone cubic (Fritsch
    and Carlson 1980), headings the short way round. How far the eye has come counts metres moved, and
    where it turns the metres that its target moves across the view.
    """

    def __init__(self, poses: Sequence[CameraPose]) -> None:
        if not poses:
            raise CityError("A path needs a view to begin with", code="path-empty")
        self.poses = tuple(poses)
        gaze = np.array([_gaze(pose) for pose in poses])
        gaze[:, 1] = np.unwrap(gaze[:, 1])
        self._eyes = np.array([pose.eye for pose in poses], float)
        self._gaze = np.column_stack(
            [np.log(gaze[:, 0]), gaze[:, 1], gaze[:, 2], [pose.view_angle for pose in poses]]
        )
        self._scale = np.array([pose.parallel_scale for pose in poses])
        apart = [
            _apart(self._eyes[i : i + 2], self._gaze[i : i + 2]).sum()
            for i in range(len(poses) - 1)
        ]
        self._knots = np.concatenate([[0.0], np.cumsum(np.sqrt(np.maximum(apart, 1e-9)))])
        if len(poses) > 1:
            self._move = CubicHermiteSpline(
                self._knots, self._eyes, _tangents(self._knots, self._eyes)
            )
            targets = np.array([pose.target for pose in poses], float)
            self._aim = CubicHermiteSpline(self._knots, targets, _tangents(self._knots, targets))
            self._turn = PchipInterpolator(self._knots, self._gaze)
            self._aims = [self._may_aim(i) for i in range(len(poses) - 1)]
            self._measure()

    def _measure(self) -> None:
        pieces = [
            np.linspace(a, b, SAMPLES, endpoint=False)
            for a, b in zip(self._knots[:-1], self._knots[1:], strict=True)
        ]
        self._at = np.append(np.concatenate(pieces), self._knots[-1])
        steps = _apart(self._move(self._at), self._gazes(self._at))
        self._come = np.concatenate([[0.0], np.cumsum(steps)])

    def _may_aim(self, piece: int) -> bool:
        """Whether the gaze may follow the target from one view to the next."""
        before, after = self._gaze[piece], self._gaze[piece + 1]
        if abs(after[1] - before[1]) > WIDEST_TURN:
            return False
        if max(abs(before[2]), abs(after[2])) > STEEPEST:
            return False
        near = float(np.exp(min(before[0], after[0])))
        if np.linalg.norm(self._eyes[piece + 1] - self._eyes[piece]) < MOVED * near:
            return False
        knots = np.linspace(self._knots[piece], self._knots[piece + 1], SAMPLES)
        ahead = np.linalg.norm(self._aim(knots) - self._move(knots), axis=1)
        return bool(ahead.min() > NEAREST * near)

    def _gazes(self, knots: Vector) -> Vector:
        """Log distance, heading, elevation and angle of view at `knots`; headings without a leap."""
        gazes: Vector = np.array(self._turn(knots))
        ahead = self._aim(knots) - self._move(knots)
        piece = np.clip(
            np.searchsorted(self._knots, knots, side="right") - 1, 0, len(self._aims) - 1
        )
        aims = np.array(self._aims)[piece]
        distance = np.maximum(np.linalg.norm(ahead, axis=1), 1e-9)
        heading = np.arctan2(ahead[:, 0], ahead[:, 1])
        # As the other way of turning has it, whole turns apart.
        heading += 2 * np.pi * np.round((gazes[:, 1] - heading) / (2 * np.pi))
        elevation = np.arcsin(np.clip(ahead[:, 2] / distance, -1.0, 1.0))
        followed = np.column_stack([np.log(distance), heading, elevation])
        gazes[aims, :3] = followed[aims]
        return gazes

    @property
    def lengths(self) -> NDArray[np.float64]:
        """How far the eye goes from each pose to the next, metres; one fewer than poses."""
        if len(self.poses) == 1:
            return np.zeros(0)
        return np.diff(self._come[::SAMPLES])

    def at(self, metres: float) -> CameraPose:
        """The pose after so many metres from the first; exactly the given poses at theirs."""
        if len(self.poses) == 1:
            return self.poses[0]
        knot = float(np.interp(metres, self._come, self._at))
        place = int(np.argmin(np.abs(self._knots - knot)))
        if abs(self._knots[place] - knot) < 1e-9 * max(1.0, self._knots[-1]):
            return self.poses[place]
        eye = self._move(knot)
        log_distance, heading, elevation, angle = self._gazes(np.array([knot]))[0]
        target = eye + from_polar(float(np.exp(log_distance)), heading, elevation)
        up = up_of(eye, target)
        if abs(elevation) > np.radians(89.0):
            side = -np.sign(elevation)
            up = (float(side * np.sin(heading)), float(side * np.cos(heading)), 0.0)
        return CameraPose(
            eye=_triple(eye),
            target=_triple(target),
            up=up,
            view_angle=float(angle),
            parallel_scale=self._scale_at(knot, place),
        )

    def _scale_at(self, knot: float, nearest: int) -> float:
        right = int(np.clip(np.searchsorted(self._knots, knot), 1, len(self._knots) - 1))
        a, b = self._scale[right - 1], self._scale[right]
        if a <= 0 or b <= 0:
            return float(self._scale[nearest])
        share = (knot - self._knots[right - 1]) / (self._knots[right] - self._knots[right - 1])
        return float(np.exp(np.log(a) * (1 - share) + np.log(b) * share))


def _apart(eyes: Vector, gaze: Vector) -> Vector:
    """Metres between following places: of the eye, and of what it sees as it turns."""
    moved = np.linalg.norm(np.diff(eyes, axis=0), axis=1)
    tilt = np.cos((gaze[1:, 2] + gaze[:-1, 2]) / 2)
    turned = np.hypot(np.diff(gaze[:, 1]) * tilt, np.diff(gaze[:, 2]))
    distance = np.exp((gaze[1:, 0] + gaze[:-1, 0]) / 2)
    return np.asarray(np.hypot(moved, turned * distance))


def _tangents(knots: Vector, points: Vector) -> Vector:
    """Catmull-Rom tangents for uneven knots; along the end pieces at both ends."""
    slope = np.diff(points, axis=0) / np.diff(knots)[:, None]
    if len(points) == 2:
        return np.vstack([slope, slope])
    before, after = np.diff(knots)[:-1, None], np.diff(knots)[1:, None]
    inner = (slope[:-1] * after + slope[1:] * before) / (before + after)
    return np.vstack([slope[:1], inner, slope[-1:]])


def _triple(v: Vector) -> tuple[float, float, float]:
    return (float(v[0]), float(v[1]), float(v[2]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How a path is flown.

    Attributes
    ----------
    seconds : from the first pose to the last, stays included; 0 for a calm
        flight over the city, see `VIEWS_A_SECOND`
    speed : "eased" starts and ends softly, at every stay too; "constant" does not
    stay : seconds at each pose
    """

    seconds: float = 0.0
    speed: Speed = "eased"
    stay: float = 0.0


VIEWS_A_SECOND = 0.14
"""A calm flight: the eye goes so much of its distance to the target in a second."""


class Flight:
    """A path with its timing: the pose at each second.

    Raises
    ------
    CityError
        The stays take longer than the whole.
    """

    def __init__(self, path: CameraPath, timing: Timing) -> None:
        self.path = path
        lengths = path.lengths
        stays = timing.stay * len(path.poses)
        flown = timing.seconds - stays if timing.seconds else _calm(path)
        if flown < 0 or (flown == 0 and len(lengths)):
            raise CityError(
                f"{len(path.poses)} stays of {timing.stay:g} s take longer than {timing.seconds:g} s",
                hint="Choose shorter stays or a longer film.",
            )
        if not len(lengths):
            flown, stays = 0.0, max(timing.seconds, timing.stay)
        self.duration = flown + stays
        self._come = np.concatenate([[0.0], np.cumsum(lengths)])
        self._stay, self._speed = timing.stay, timing.speed
        self._flown = flown

    def at(self, seconds: float) -> CameraPose:
        """The pose after so many seconds; the last one from the end on."""
        total = float(self._come[-1])
        if total <= 0:
            return self.path.at(0.0)
        if not self._stay:
            share = min(max(seconds / self._flown, 0.0), 1.0)
            return self.path.at(total * (ease_ends(share) if self._speed == "eased" else share))
        begin = 0.0
        for start, end in zip(self._come[:-1], self._come[1:], strict=True):
            if seconds <= begin + self._stay:
                return self.path.at(start)
            begin += self._stay
            takes = self._flown * (end - start) / total
            if seconds < begin + takes:
                share = (seconds - begin) / takes
                share = ease(share) if self._speed == "eased" else share
                return self.path.at(start + (end - start) * share)
            begin += takes
        return self.path.at(total)


SOFT = 0.15
"""Share of the time in which an eased flight gains its speed, and in which it loses it."""


def ease_ends(share: float) -> float:
    """How far one has come at `share` of the time: gaining speed evenly, even speed, losing it.

    The even speed is 1 / (1 − `SOFT`), so that the whole is 1.
    """
    even = 1.0 / (1.0 - SOFT)
    if share < SOFT:
        return even * share * share / (2 * SOFT)
    if share > 1.0 - SOFT:
        left = 1.0 - share
        return 1.0 - even * left * left / (2 * SOFT)
    return even * (share - SOFT / 2)


def _calm(path: CameraPath) -> float:
    """Seconds of a calm flight: what is far away may pass faster than what is near."""
    distance = [float(np.linalg.norm(np.subtract(pose.target, pose.eye))) for pose in path.poses]
    pieces = [
        length / (VIEWS_A_SECOND * np.sqrt(a * b))
        for length, a, b in zip(path.lengths, distance[:-1], distance[1:], strict=True)
    ]
    return float(np.clip(sum(pieces), 2.0 * len(pieces), 12.0 * len(pieces))) if pieces else 0.0


class Turntable:
    """The eye goes round its target once, at even speed, and ends where it began."""

    def __init__(self, pose: CameraPose, seconds: float) -> None:
        self.pose, self.duration = pose, seconds

    def at(self, seconds: float) -> CameraPose:
        """The pose after so many seconds."""
        turn = 2 * np.pi * seconds / self.duration
        x, y, z = np.subtract(self.pose.eye, self.pose.target)
        sin, cos = np.sin(turn), np.cos(turn)
        eye = np.add(self.pose.target, (x * cos + y * sin, y * cos - x * sin, z))
        return CameraPose(
            eye=_triple(eye),
            target=self.pose.target,
            view_angle=self.pose.view_angle,
            parallel_scale=self.pose.parallel_scale,
            up=self.pose.up
            if abs(self.pose.up[2]) > 0.5
            else up_of(eye, np.array(self.pose.target)),
        )

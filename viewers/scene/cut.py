"""What is cut away, as shader, rays and caps need it: one box, one plane, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewers.view_state import ClipBox, SectionPlane, ViewState

Vector = NDArray[np.float64]
Span = tuple[Vector, Vector]
"""First and last kept distance along each ray (n,); nothing is kept where the first is not less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A box and a plane in scene coordinates; hashable, so that maps can say what they hold for.

    Attributes
    ----------
    origin : the scene's origin in the world
    box, plane : as in `ViewState`, None for none
    ground : whether the ground is cut as well
    """

    origin: tuple[float, float, float]
    box: ClipBox | None = None
    plane: SectionPlane | None = None
    ground: bool = True

    # -- the box ----------------------------------------------------------------------------

    @property
    def middle(self) -> Vector:
        """Middle of the box, scene metres."""
        return np.subtract(self.box.middle, self.origin) if self.box else np.zeros(3)

    @property
    def half(self) -> Vector:
        """Half the size of the box along its own axes."""
        return np.array(self.box.size) / 2 if self.box else np.zeros(3)

    @property
    def axes(self) -> NDArray[np.float64]:
        """Rows: across, along, up as unit vectors (3, 3)."""
        turn = np.radians(self.box.heading if self.box else 0.0)
        sin, cos = float(np.sin(turn)), float(np.cos(turn))
        return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])

    @property
    def sign(self) -> float:
        """1 where the inside of the box is kept, −1 where the outside is, 0 without a box."""
        return 0.0 if self.box is None else -1.0 if self.box.flipped else 1.0

    # -- the plane --------------------------------------------------------------------------

    @property
    def normal(self) -> Vector:
        """Towards what the plane cuts away; zero without one."""
        if self.plane is None:
            return np.zeros(3)
        normal = np.array(self.plane.normal, float)
        return normal / max(float(np.linalg.norm(normal)), 1e-12)

    @property
    def offset(self) -> float:
        """`normal · p` of the points p on the plane."""
        if self.plane is None:
            return 0.0
        return float(self.normal @ np.subtract(self.plane.point, self.origin))

    # -- questions --------------------------------------------------------------------------

    def keeps(self, points: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Which points (n, 3) are left."""
        kept = np.ones(len(points), bool)
        if self.box is not None:
            local = (points - self.middle) @ self.axes.T
            inside = (np.abs(local) <= self.half).all(axis=1)
            kept &= ~inside if self.box.flipped else inside
        if self.plane is not None:
            kept &= points @ self.normal <= self.offset
        return kept

    def spans(self, origin: Vector, direction: Vector) -> list[Span]:
        """The kept parts of rays (n, 3) from near to far: one, or two around a box cut out."""
        low, high = np.zeros(len(origin)), np.full(len(origin), np.inf)
        if self.plane is not None:
            low, high = self._plane_span(origin, direction)
        if self.box is None:
            return [(low, high)]
        enter, leave = self._box_span(origin, direction)
        if not self.box.flipped:
            return [(np.maximum(low, enter), np.minimum(high, leave))]
        met = enter < leave
        before = (low, np.minimum(high, np.where(met, enter, np.inf)))
        after = (np.maximum(low, leave), np.where(met, high, -np.inf))
        return [before, after]

    def _plane_span(self, origin: Vector, direction: Vector) -> Span:
        along, away = direction @ self.normal, self.offset - origin @ self.normal
        with np.errstate(divide="ignore", invalid="ignore"):
            at = away / along
        flat = np.abs(along) < 1e-12
        low = np.where(~flat & (along < 0), np.maximum(at, 0.0), 0.0)
        high = np.where(~flat & (along > 0), at, np.inf)
        return low, np.where(flat & (away < 0), -np.inf, high)

    def _box_span(self, origin: Vector, direction: Vector) -> Span:
        local, ahead = (origin - self.middle) @ self.axes.T, direction @ self.axes.T
        ahead = np.where(np.abs(ahead) < 1e-12, 1e-12, ahead)
        one, other = (-self.half - local) / ahead, (self.half - local) / ahead
        enter, leave = np.minimum(one, other).max(axis=1), np.maximum(one, other).min(axis=1)
        return np.maximum(enter, 0.0), leave


def cut_of(view: ViewState, origin: Sequence[float] | Vector) -> Cut | None:
    """What `view` cuts away from a scene at `origin`; None where it cuts nothing."""
    if view.clip is None and view.section is None:
        return None
    x, y, z = (float(v) for v in origin)
    return Cut(origin=(x, y, z), box=view.clip, plane=view.section, ground=view.cut_ground)

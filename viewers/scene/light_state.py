"""Sun, shadow and open sky of the moment; knows which maps are out of date."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from layers.errors import CityError
from twin.city import City
from viewers.scene.camera import Camera
from viewers.scene.cut import Cut
from viewers.scene.night import hour_of
from viewers.scene.rays import LightMaps, RayWorld, light_maps
from viewers.scene.stage import NO_SHADOW, Stage
from viewers.scene.sun import sun_vector
from viewers.scene.visual import Visual
from viewers.view_state import ViewState

_TOWARDS = np.array([-0.55, -0.45, 0.70])
AFTERNOON: NDArray[np.float64] = _TOWARDS / np.linalg.norm(_TOWARDS)
"""Stands in where the place on Earth is not known."""
LOWEST_SUN = 0.035


class LightState:
    """Owns the sun of the scene and the maps cast for it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.sun: NDArray[np.float64] = AFTERNOON
        self._told: tuple[object, ...] = ()
        self._casters: dict[str, Visual] = {}
        self._maps: LightMaps | None = None
        self._beside: LightMaps | None = None
        self.map_size = 2048
        self.cut: Cut | None = None
        """What is cut away from the casters; maps of another cut are cast anew."""

    @property
    def ready(self) -> bool:
        """Whether there are maps of the present sun and solids."""
        return self._maps is not None

    @property
    def world(self) -> RayWorld | None:
        """What the present maps were cast over; None where there are none."""
        return self._maps.world if self._maps is not None else None

    def set_time(self, city: City, view: ViewState, *, force: bool = False) -> bool:
        """Put the sun where it stands over the city at `view.sun_time`; True where it moved."""
        told = (city.frame.crs, city.frame.origin, view.sun_time, view.theme)
        if told == self._told and not force:
            return False
        self._told = told
        sun = self.sun_at(city, view)
        moved = not np.allclose(sun, self.sun, atol=1e-6)
        self.sun = sun
        hour = hour_of(view.sun_time)
        self._stage.set_sun(sun, theme=view.theme, hour=hour)
        if self._maps is None:
            self._stage.set_sky_map(None)  # there may be another picture's
        elif moved:
            self._put_sky(self._maps)
        else:
            self._put(self._maps)
        return True

    @staticmethod
    def sun_at(city: City, view: ViewState) -> NDArray[np.float64]:
        """Unit vector towards the sun over the city at `view.sun_time`."""
        try:
            return sun_vector(city.frame.crs, *city.frame.origin[:2], view.sun_time)
        except CityError:
            return AFTERNOON

    def set_casters(self, casters: Mapping[str, Visual]) -> None:
        """What throws shadows from now on."""
        self._casters = dict(casters)
        if not casters:
            self._maps = None
            self._stage.set_sky_map(None)
            self._stage.set_shadows(NO_SHADOW, NO_SHADOW)

    def _identity(self) -> tuple[object, ...]:
        return tuple((k, id(v), getattr(v, "version", 0)) for k, v in self._casters.items())

    def job(self, camera: Camera) -> Callable[[], LightMaps] | None:
        """What must be cast for the present view; None where the maps still hold."""
        if not self._casters:
            return None
        solids = self._identity()
        middle, radius = camera.area()
        sun, before = self.sun_name, self._maps
        if before is None or (before.of[0] != solids and self._beside is not None):
            before = self._beside
        same_world = before is not None and before.of[0] == solids
        same_sun = before is not None and before.of[1] == sun
        cut = self.cut
        same_cut = before is not None and before.cut == cut
        holds = before is not None and _holds(before.area, middle, radius)
        if same_world and same_sun and same_cut and holds:
            return None
        rays = None
        if not same_world:
            rays = {k: v.rays_later() for k, v in self._casters.items()}
        ground = [k for k, v in self._casters.items() if getattr(v, "is_ground", False)]
        size, floor = self.map_size, self._stage.ground_z
        direction = self.sun if self.sun[2] > LOWEST_SUN else AFTERNOON

        def cast() -> LightMaps:
            world = before.world if before is not None and rays is None else None
            if world is None:
                found = {k: later() for k, later in (rays or {}).items()}
                solid = {k: v for k, v in found.items() if v is not None}
                world = RayWorld(solid, ground=ground)
            return light_maps(
                world, direction, middle, radius, of=(solids, sun), size=size,
                floor=None if np.isnan(floor) else floor, before=before, same_sun=same_sun,
                cut=cut,
            )  # fmt: skip

        return cast

    # -- beside another ---------------------------------------------------------------------

    @property
    def sun_name(self) -> tuple[float, ...]:
        """By which maps of this sun are known."""
        return tuple(np.round(self.sun, 6).tolist())

    def fits(self, maps: LightMaps) -> bool:
        """Whether maps were cast for this sun and these solids."""
        return maps.of == (self._identity(), self.sun_name)

    def stand_for(self, other: LightState, hidden: Collection[str] = ()) -> None:
        """Cast over what `other` casts over but for what is `hidden`; share its tree of rays."""
        self._casters = {k: v for k, v in other._casters.items() if k not in hidden}
        self.cut, self._beside = other.cut, other._maps
        if not self._casters:
            self._maps = None  # nothing would be cast in its stead

    def casts_over(self, names: Collection[str]) -> bool:
        """Whether any of these layers throws shadows."""
        return any(name in self._casters for name in names)

    def keep(self, maps: LightMaps) -> None:
        """Have these maps for when this sun shines again."""
        self._maps = maps

    def apply(self, maps: LightMaps) -> None:
        """Use these maps from the next frame on."""
        self._maps = maps
        self._put(maps)

    def _put(self, maps: LightMaps) -> None:
        down = self.sun[2] <= LOWEST_SUN
        self._stage.set_shadows(NO_SHADOW if down else maps.near, NO_SHADOW if down else maps.far)
        self._put_sky(maps)

    def _put_sky(self, maps: LightMaps) -> None:
        self._stage.set_sky_map(maps.sky_code, maps.sky_scale, maps.sky_shift)


def _holds(area: tuple[float, float, float], middle: NDArray[np.float64], radius: float) -> bool:
    """Whether maps cast for `area` (x, y, radius) are sharp and wide enough for this view."""
    x, y, had = area
    near = float(np.hypot(middle[0] - x, middle[1] - y)) < had * 0.35
    return near and had * 0.4 < radius < had * 1.3

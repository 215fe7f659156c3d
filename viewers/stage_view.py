"""The window's side of the 3D view: what to look at, where the cursor is, pictures of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from layers.crs import describe, transformer
from layers.errors import CityError
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Bounds, Layer
from twin.city import City
from twin.style import Style
from viewers.dialogs.screenshot import ScreenshotRequest
from viewers.scene.canvas import Canvas
from viewers.scene.legend import Legend
from viewers.scene.scene import Scene
from viewers.tasks import Tasks
from viewers.view_state import CameraPose, Picked, Rows, ViewState

NEAR_M = 18.0
"""Half the width of what is framed around a single point."""


class StageView(QObject):
    """Asks the canvas for what the window wants, and says where the cursor is in words."""

    place_changed = Signal(object, object, str)  # world, (latitude, longitude), CRS name
    speed_changed = Signal(object)  # frames per second while moving, else None
    legends_changed = Signal()
    walking_changed = Signal(bool)

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)

        def run(label: str, work: Callable[..., Any], **callbacks: Any) -> Any:
            return tasks.run(label, work, quiet=True, **callbacks)

        self._tasks = tasks
        self.canvas = Canvas(run=run)
        self._city: City | None = None
        self._view = ViewState()
        self._wanted: CameraPose | None = None
        self._told: tuple[Legend, ...] = ()
        self._system = ""
        self._frames: list[tuple[float, float]] = []
        self.canvas.ready.connect(self._tell_legends)
        self.canvas.hovered.connect(self._tell_place)
        self.canvas.left_ground.connect(self._tell_no_place)
        self.canvas.camera_changed.connect(self._count_frame)
        self.canvas.still.connect(self._rests)

    @property
    def scene(self) -> Scene | None:
        """The scene; None before the view was on screen."""
        return self.canvas.scene

    @property
    def walking(self) -> bool:
        """Whether the eye walks the street."""
        return self.canvas.walking

    # -- show -------------------------------------------------------------------------------

    def open(self, city: City, view: ViewState, camera: CameraPose | None) -> None:
        """Show another city, from `camera` or as a first look at everything."""
        self._wanted = camera
        self.canvas.look_anew(camera)
        self._system = _system_name(city.frame.crs)
        if self.canvas.walking:
            self.set_walking(False)
        self.show(city, view)
        self._tell_no_place()

    def show(self, city: City, view: ViewState) -> None:
        """Make the view equal to `city`."""
        self._city, self._view = city, view
        self.canvas.show_city(city, view)
        if self.scene is not None:
            self._tell_legends()

    def _rests(self) -> None:
        self.speed_changed.emit(None)
        if self.scene is not None and self.scene.legends != self._told:
            self._tell_legends()  # a worker found them

    def _tell_legends(self) -> None:
        self._told = self.scene.legends if self.scene is not None else ()
        self.legends_changed.emit()

    def legends(self) -> list[tuple[str, Legend]]:
        """(name of the layer, legend) pairs, top layer first."""
        if self.scene is None or self._city is None:
            return []
        layers = self._city.layers
        found = [(layers[one.layer].name, one) for one in self.scene.legends if one.layer in layers]
        return found[::-1]

    def legend_of(self, layer: Layer, style: Style) -> Legend | None:
        """The legend that `layer` would have with `style`."""
        from viewers.legends import legend_of

        return legend_of(layer, style)

    def set_memory(self, most: int) -> None:
        """Bytes that tiles on the stage may take."""
        self.canvas.most_memory = most
        if self.scene is not None:
            self.scene.memory.most = most

    # -- go ---------------------------------------------------------------------------------

    def pose(self) -> CameraPose | None:
        """Where the eye is now; None before the view was on screen."""
        return self.scene.camera.pose if self.scene is not None else self._wanted

    def fly_to(self, pose: CameraPose) -> None:
        """Fly to a bookmark."""
        self.set_walking(False)
        self.canvas.fly_to(pose)

    def show_all(self) -> None:
        """Fly to the first look at everything."""
        if self.scene is not None:
            self.set_walking(False)
            self.canvas.fly_to(self.scene.camera.overview())

    def north_up(self) -> None:
        """Fly to the same view with north ahead."""
        if self.scene is not None:
            self.canvas.fly_to(self.scene.camera.north_up())

    def top(self) -> None:
        """Fly to look straight down."""
        self.set_walking(False)
        if self.scene is not None:
            self.canvas.fly_to(self.scene.camera.top())

    def set_walking(self, walking: bool) -> None:
        """Go down to the street, or leave it."""
        if walking != self.canvas.walking:
            self.canvas.set_walking(walking)
        self.walking_changed.emit(walking)

    def frame_layer(self, city: City, layer_id: str) -> None:
        """Fly to the whole layer."""
        if layer_id in city.layers:
            self.frame_box(city.layers[layer_id].bounds)

    def frame_box(self, box: Bounds, low: float | None = None, high: float | None = None) -> None:
        """Fly to a box in world coordinates; heights in metres, those of the ground if None."""
        scene = self.scene
        if scene is None or self._city is None:
            return
        ox, oy, oz = self._city.frame.origin
        west, south, east, north = box
        middle = np.array([(west + east) / 2 - ox, (south + north) / 2 - oy, 0.0])
        ground = float(scene.picker.ground_below(middle))
        bottom = ground if low is None or low != low else low - oz
        top = bottom + 10.0 if high is None or high != high else high - oz
        bounds = np.array([west - ox, east - ox, south - oy, north - oy, bottom, top])
        if self.walking:
            self.set_walking(False)
        self.canvas.frame(bounds)

    def frame_picked(self, city: City, picked: Picked) -> None:
        """Fly to what is selected."""
        layer = city.layers.get(picked.layer)
        x, y, z = picked.where
        box = (x - NEAR_M, y - NEAR_M, x + NEAR_M, y + NEAR_M)
        low, high = z, z + 5.0
        if isinstance(layer, BuildingsLayer) and picked.row < layer.count:
            building = city.building_at(layer.id, picked.row)
            box = _around(layer.footprints[picked.row])
            low, high = building.ground, building.ground + building.height
        elif isinstance(layer, FeatureLayer) and picked.row < layer.count:
            box = _around(layer.geometry[picked.row])
        self.frame_box(box, low, high)

    def frame_rows(self, city: City, rows: Rows) -> None:
        """Fly to many things at once."""
        from viewers.scene.choosing import box_of, places_of

        box = box_of(city, rows, partial(places_of, self.scene))
        if box is not None:
            west, south, east, north, low, high = (float(v) for v in box)
            self.frame_box((west, south, east, north), low, high)

    def sun(self, view: ViewState) -> tuple[float, float] | None:
        """(Height above the horizon, bearing) of the sun over the middle of the city, degrees."""
        from viewers.scene.sun import place_of, sun_position

        city = self._city
        if city is None:
            return None
        try:
            latitude, longitude, _ = place_of(city.frame.crs, *city.frame.origin[:2])
        except CityError:
            return None
        found = sun_position(latitude, longitude, view.sun_time)
        return found.elevation, found.azimuth

    # -- cursor -----------------------------------------------------------------------------

    def _tell_place(self, x: float, y: float, z: float) -> None:
        city = self._city
        if city is None:
            return
        lon, lat = transformer(city.frame.crs, "EPSG:4326").transform(x, y)
        self.place_changed.emit((x, y, z), (float(lat), float(lon)), self._system)

    def _tell_no_place(self) -> None:
        self.place_changed.emit(None, None, self._system)

    def _count_frame(self, _pose: CameraPose) -> None:
        """Say how many frames a second the last ones took to draw allow."""
        if self.scene is None:
            return
        now = time.perf_counter()
        self._frames = [(at, s) for at, s in self._frames if now - at < 1.0]
        self._frames.append((now, self.scene.seconds))
        spent = sum(seconds for _, seconds in self._frames)
        if len(self._frames) >= 3 and spent > 0:
            self.speed_changed.emit(len(self._frames) / spent)

    # -- pictures ---------------------------------------------------------------------------

    def size(self) -> tuple[int, int]:
        """Size of the view in device pixels."""
        ratio = self.canvas.devicePixelRatioF()
        return round(self.canvas.width() * ratio), round(self.canvas.height() * ratio)

    def picture(self, size: tuple[int, int] | None = None) -> NDArray[np.uint8] | None:
        """The view when still, uint8 (height, width, 3); None before it was on screen."""
        scene = self.scene
        if scene is None or not scene.renders or min(scene.window.GetActualSize()) < 1:
            return None
        return scene.screenshot(size)

    def save_picture(
        self, path: Path, request: ScreenshotRequest, city: City | None, parent: QWidget
    ) -> None:
        """Write the view to a PNG of any size, with what was asked for drawn over it.

        It is drawn here in parts and written by a worker; `Tasks.failed` tells where that fails.

        Raises
        ------
        CityError
            Nothing was drawn yet.
        """
        from viewers.rendering import furniture_of
        from viewers.shooting import Shooting

        scene = self.scene
        if scene is None or not scene.renders or min(scene.window.GetActualSize()) < 1:
            raise CityError("There is nothing to take a picture of yet", code="no-picture")
        title = city.name if city is not None else ""
        furniture = furniture_of(scene, request.over)
        Shooting(scene, self._tasks, path, request.size, furniture, title=title, parent=parent)

    def close(self) -> None:
        """End the view."""
        self.canvas.close_scene()


def _around(shape: shapely.Geometry) -> Bounds:
    low_x, low_y, high_x, high_y = (float(v) for v in shapely.bounds(shape))
    grow = max((NEAR_M - max(high_x - low_x, high_y - low_y)) / 2, 3.0)
    return (low_x - grow, low_y - grow, high_x + grow, high_y + grow)


def _system_name(crs: str) -> str:
    try:
        info = describe(crs)
    except CityError:
        return crs[:40]
    return info.name or info.authority

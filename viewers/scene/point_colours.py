"""Colours of points by class, height, intensity or their own; chosen once for a layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layers.kinds.pointcloud import PointCloudLayer
from twin.style import Style
from viewers.scene.colouring import by_number, hex_of
from viewers.scene.legend import Legend, LegendEntry
from viewers.scene.ramps import UNKNOWN, Scale, of_numbers, rgb

CLASSES = {
    0: ("never classified", "#b9b4aa"), 1: ("unclassified", "#b5aea2"), 2: ("ground", "#a88f72"),
    3: ("low vegetation", "#b5c48f"), 4: ("medium vegetation", "#8fae72"),
    5: ("high vegetation", "#5f8a55"), 6: ("building", "#c9694f"), 7: ("noise", "#c2587a"),
    9: ("water", "#5b8fb0"), 10: ("rail", "#7a6f8a"), 11: ("road", "#8a8a8a"), 17: ("bridge", "#d1a35c"),
    18: ("high noise", "#c2587a"),
}  # fmt: skip
"""ASPRS LAS 1.4 R15, table 17."""
SAMPLE = 100_000


class PointColours:
    """What a style makes of a cloud; legend and ramp are found in a sample of it.

    Attributes
    ----------
    by : "class", "rgb", "intensity", "height" or "plain"
    fields : which of the fields of points `of` needs
    """

    def __init__(self, layer: PointCloudLayer, style: Style) -> None:
        self.legend: Legend | None = None
        self._style = style
        by = style.color_by
        if not by and style.color:
            by = "plain"
        elif not by:
            by = "class" if layer.classification is not None else "rgb"
        given = {"class": layer.classification, "rgb": layer.rgb, "intensity": layer.intensity}
        if by not in (*given, "plain") or (by in given and given[by] is None):
            by = "height"
        self.by = by
        field = {"class": "classification", "rgb": "rgb", "intensity": "intensity"}.get(by)
        self.fields: tuple[str, ...] = (field,) if field else ()
        self._table = np.zeros((256, 3), dtype=np.uint8)
        self._range = (0.0, 1.0)
        self._scale: Scale | None = None
        step = max(1, layer.count // SAMPLE)
        if by == "class":
            self._by_class(layer)
        elif by == "intensity":
            assert layer.intensity is not None
            low, high = np.percentile(layer.intensity[::step], (2, 98))
            self._range = (-float(high), -float(low) + 1e-6)
        elif by == "height":
            sample = layer.xyz[::step, 2].astype(float) + layer.offset[2]
            _, self.legend = by_number(sample, style, layer=layer.id, title="Height", unit="m")
            assert self.legend is not None
            self._scale = self.legend.scale

    def of(
        self,
        heights: NDArray[np.float32],
        offset: float,
        *,
        classification: NDArray[np.uint8] | None,
        intensity: NDArray[np.uint16] | None,
        rgb_: NDArray[np.uint8] | None,
    ) -> NDArray[np.uint8]:
        """Colours of some points, uint8 (n, 4); `heights` are metres above `offset`."""
        made = np.full((len(heights), 4), 255, dtype=np.uint8)
        if self.by == "class" and classification is not None:
            made[:, :3] = self._table[classification]
        elif self.by == "rgb" and rgb_ is not None:
            made[:, :3] = rgb_
        elif self.by == "intensity" and intensity is not None:
            made[:, :3] = of_numbers(-intensity.astype(float), "grey", *self._range)
        elif self.by == "plain":
            made[:, :3] = rgb(self._style.color)
        elif self.by == "height" and self._scale is not None:
            made[:, :3] = self._scale(heights.astype(float) + offset)
        else:
            made[:, :3] = UNKNOWN
        return made

    def _by_class(self, layer: PointCloudLayer) -> None:
        assert layer.classification is not None
        self._table[:] = UNKNOWN
        for number, (_, colour) in CLASSES.items():
            self._table[number] = rgb(colour)
        present = np.flatnonzero(np.bincount(layer.classification, minlength=256))
        self.legend = Legend(
            layer=layer.id,
            title="Class",
            unit="",
            entries=tuple(
                LegendEntry(
                    color=hex_of(self._table[number]),
                    label=CLASSES.get(int(number), (f"class {number}", ""))[0],
                )
                for number in present
            ),
        )

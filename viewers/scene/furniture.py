"""What goes over a picture: north arrow, scale bar, legends, sources."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from layers.kinds.layer import Layer
from viewers.scene.legend import Legend

if TYPE_CHECKING:
    from viewers.scene.scene import Scene

INK, PAPER = (52, 50, 46, 255), (255, 255, 255, 205)
STEPS = (1, 2, 5)


@lru_cache(maxsize=16)
def font_of(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A typeface that has all letters of Vietnamese: DejaVu Sans, which comes with PyVista's plots.

    Pillow's own has none of ế, ộ, ữ. Without matplotlib one of the computer's faces stands in.
    """
    package = find_spec("matplotlib")
    places = [] if package is None else package.submodule_search_locations or []
    own = [str(Path(place) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf") for place in places]
    for name in (*own, "DejaVuSans.ttf", "segoeui.ttf", "arial.ttf", "Arial.ttf"):
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size=size)


def round_length(metres: float) -> float:
    """The longest of 1, 2, 5 × 10ⁿ metres that is not longer than `metres`."""
    power = 10.0 ** np.floor(np.log10(max(metres, 1e-6)))
    return float(max(step * power for step in STEPS if step * power <= metres * (1 + 1e-9)))


def metres_per_pixel(scene: Scene) -> float:
    """Metres that a pixel covers across the view at the distance of the target."""
    pose = scene.camera.pose
    height = scene.window.GetSize()[1]
    if pose.parallel_scale > 0:
        return 2 * pose.parallel_scale / height
    distance = float(np.linalg.norm(np.subtract(pose.target, pose.eye)))
    return float(2 * distance * np.tan(np.radians(pose.view_angle) / 2) / height)


def sources(layers: list[Layer]) -> str:
    """Attributions of the layers, each once."""
    texts = [layer.source.attribution for layer in layers if layer.source is not None]
    return " · ".join(dict.fromkeys(text for text in texts if text))


def with_furniture(pixels: NDArray[np.uint8], scene: Scene) -> NDArray[np.uint8]:
    """The picture with north arrow, scale, legends and sources drawn over it."""
    picture = Image.fromarray(pixels).convert("RGBA")
    over = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(over)
    unit = max(picture.height / 60, 9.0)
    font = font_of(unit)
    _north(draw, scene, picture.width - 3 * unit, 3.2 * unit, unit)
    _scale(draw, scene, unit, picture.height - 1.6 * unit, picture.width, font, unit)
    left = unit
    for legend in scene.legends:
        left = _legend(draw, legend, left, unit, font, unit)
    if scene.city is not None:
        shown = [layer for k, layer in scene.city.layers.items() if k not in scene.view.hidden]
        text = sources(shown)
        if text:
            small = font_of(unit * 0.75)
            width = draw.textlength(text, font=small)
            at = (picture.width - width - unit, picture.height - 1.5 * unit)
            pad = unit / 4
            box = (at[0] - pad, at[1] - pad, at[0] + width + pad, at[1] + unit)
            draw.rectangle(box, fill=PAPER)
            draw.text(at, text, fill=INK, font=small)
    return np.asarray(Image.alpha_composite(picture, over).convert("RGB"))


def _north(draw: ImageDraw.ImageDraw, scene: Scene, x: float, y: float, unit: float) -> None:
    ahead = scene.camera.target - scene.camera.eye
    if np.hypot(ahead[0], ahead[1]) < 1e-3:
        ahead = np.array(scene.camera.pose.up)
    turn = np.arctan2(ahead[0], ahead[1])
    across, along = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), -np.cos(turn)])
    middle = np.array([x, y])
    tip, tail = middle + along * 1.7 * unit, middle - along * 1.1 * unit
    side = across * 0.75 * unit
    draw.ellipse((x - 2.2 * unit, y - 2.2 * unit, x + 2.2 * unit, y + 2.2 * unit), fill=PAPER)
    draw.polygon([tuple(tip), tuple(tail + side), tuple(middle)], fill=INK)
    draw.polygon(
        [tuple(tip), tuple(tail - side), tuple(middle)], outline=INK, width=max(1, round(unit / 12))
    )


def _scale(
    draw: ImageDraw.ImageDraw,
    scene: Scene,
    x: float,
    y: float,
    width: int,
    font: object,
    unit: float,
) -> None:
    per_pixel = metres_per_pixel(scene)
    length = round_length(width * 0.16 * per_pixel)
    end = x + length / per_pixel
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    pad, line = unit / 3, max(2, round(unit / 8))
    draw.rectangle((x - pad, y - 1.6 * unit, end + pad, y + 0.6 * unit), fill=PAPER)
    draw.line((x, y, end, y), fill=INK, width=line)
    for tick in (x, end):
        draw.line((tick, y - unit * 0.4, tick, y + unit * 0.2), fill=INK, width=line)
    draw.text((x + pad, y - 1.45 * unit), text, fill=INK, font=font)  # type: ignore[arg-type]


def _legend(
    draw: ImageDraw.ImageDraw, legend: Legend, x: float, y: float, font: object, unit: float
) -> float:
    title = f"{legend.title} ({legend.unit})" if legend.unit else legend.title
    texts = [title, *(entry.label for entry in legend.entries)]
    width = max(draw.textlength(text, font=font) for text in texts) + 2.4 * unit  # type: ignore[arg-type]
    row, pad = unit * 1.4, unit / 2
    draw.rectangle((x - pad, y - pad, x + width, y + row * len(texts) + pad), fill=PAPER)
    draw.text((x, y), title, fill=INK, font=font)  # type: ignore[arg-type]
    for number, entry in enumerate(legend.entries, start=1):
        top = y + row * number
        draw.rectangle((x, top + unit * 0.15, x + unit * 1.2, top + unit), fill=entry.color)
        draw.text((x + unit * 1.7, top), entry.label, fill=INK, font=font)  # type: ignore[arg-type]
    return x + width + unit

"""Pools of light below street lamps, for layers that say they are lamps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layers.kinds.features import FeatureLayer
from viewers.scene.facades import folded

WORDS = ("street lamp", "street light", "streetlamp", "streetlight", "lamp", "lamppost", "luminaire",
         "den duong", "den chieu sang", "chieu sang", "cot den")  # fmt: skip
POOL_M = 12.0
"""Radius of what a lamp of 8 to 10 m lights noticeably, metres."""
SIDES = 12
LIFT_M = 0.5
"""Pools float above what lies on the ground, metres."""


def is_lamps(layer: FeatureLayer) -> bool:
    """Whether a layer's role, name or id says that its points are street lamps."""
    said = (folded(str(text)).replace("-", " ") for text in (layer.role, layer.name, layer.id))
    return any(f" {word}" in f" {text}" for text in said for word in WORDS)


def pools(
    xyz: NDArray[np.float64], row: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
    """A disc below each lamp at (n, 3): vertices, triangles, row per face.

    Every triangle ends in the middle of its disc: the shader knows by it how far a point is off.
    """
    angle = np.linspace(0.0, 2 * np.pi, SIDES, endpoint=False)
    reach = POOL_M / np.cos(np.pi / SIDES)
    shape = np.zeros((SIDES + 1, 3))
    shape[:, 2] = LIFT_M
    shape[1:, 0], shape[1:, 1] = reach * np.cos(angle), reach * np.sin(angle)
    edge = 1 + np.arange(SIDES)
    faces = np.column_stack([edge, np.roll(edge, -1), np.zeros(SIDES, np.int64)])
    vertices = (xyz[:, None, :] + shape[None]).reshape(-1, 3).astype(np.float32)
    triangles = (faces[None] + np.arange(len(xyz))[:, None, None] * len(shape)).reshape(-1, 3)
    return vertices, triangles.astype(np.int32), np.repeat(row, SIDES).astype(np.int32)


VERTEX_DEC = "flat out vec3 dtLamp;\n"
VERTEX_IMPL = "  dtLamp = vertexMC.xyz;\n"
INTO = "flat in vec3 dtLamp;\n"
POOL = f"""
  float fall = max(1.0 - length(dtPos.xy - dtLamp.xy) / {POOL_M}, 0.0);
  fall *= fall;
  if (fall * night < 0.004) discard;
  vec3 colour = vec3(1.0, 0.72, 0.42) * (0.30 + 0.60 * fall);
  fragOutput0 = vec4(dtShow(colour), opacity * min(0.8 * fall, 0.6) * night);
"""

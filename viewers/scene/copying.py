"""Textures copied to a frame outside of what VTK draws itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, cast

from vtkmodules.vtkRenderingOpenGL2 import vtkTextureObject

_UNSIGNED_CHAR = 3  # VTK_UNSIGNED_CHAR in vtkType.h
_DEPTH_TEST, _BLEND, _SCISSOR_TEST = 0x0B71, 0x0BE2, 0x0C11


def smooth_texture(window: Any, wide: int, high: int) -> vtkTextureObject:
    """A texture of `window` with nothing in it that is stretched smoothly."""
    texture = vtkTextureObject()
    texture.SetContext(window)
    texture.SetMinificationFilter(vtkTextureObject.Linear)
    texture.SetMagnificationFilter(vtkTextureObject.Linear)
    texture.SetWrapS(vtkTextureObject.ClampToEdge)
    texture.SetWrapT(vtkTextureObject.ClampToEdge)
    texture.Allocate2D(wide, high, 4, _UNSIGNED_CHAR, 0)
    return texture


@contextlib.contextmanager
def copying(window: Any) -> Iterator[None]:
    """Nothing is tested, mixed or cut off meanwhile; as it was before afterwards."""
    state = window.GetState()
    changed = (_DEPTH_TEST, _BLEND, _SCISSOR_TEST)
    was = [state.GetEnumState(name) for name in changed]
    for name in changed:
        state.vtkglDisable(name)
    try:
        yield
    finally:
        for name, on in zip(changed, was, strict=True):
            if on:
                state.vtkglEnable(name)


def stretch(texture: vtkTextureObject, wide: int, high: int) -> None:
    """Draw all of `texture` over the `wide` × `high` pixels of the frame from its lower left."""
    its_own = cast(Any, None)  # the texture's own shader
    texture.Activate()
    texture.CopyToFrameBuffer(
        0, 0, texture.GetWidth() - 1, texture.GetHeight() - 1,
        0, 0, wide - 1, high - 1, wide, high, its_own, its_own,
    )  # fmt: skip
    texture.Deactivate()

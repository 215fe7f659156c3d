"""Which renderer draws: a graphics card, or software."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from typing import Any

SOFTWARE = (
    "llvmpipe",
    "softpipe",
    "swiftshader",
    "swrast",
    "microsoft basic render",
    "gdi generic",
)
"""Names of renderers without a graphics card."""
GL_RENDERER = 0x1F01


def renderer_name(window: Any) -> str:
    """What OpenGL calls the renderer of a VTK window; "" where it cannot be had."""
    report = window.ReportCapabilities()  # makes the window's context the current one
    for line in report.splitlines():
        if line.startswith("OpenGL renderer string"):
            return str(line.partition(":")[2].strip())
    return _of_current_context()  # through EGL, VTK does not tell


def is_software(window: Any) -> bool:
    """Whether a VTK window is drawn without a graphics card."""
    name = renderer_name(window).lower()
    return any(known in name for known in SOFTWARE)


def _of_current_context() -> str:
    library = ctypes.util.find_library("GL") or ctypes.util.find_library("OpenGL")
    if library is None or sys.platform == "win32":
        return ""
    try:
        told = ctypes.CDLL(library).glGetString
    except (OSError, AttributeError):
        return ""
    told.restype = ctypes.c_char_p
    return (told(GL_RENDERER) or b"").decode(errors="replace")

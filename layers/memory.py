"""Give memory that was freed back to the system, so that it can be had by others."""

from __future__ import annotations

import ctypes
import functools
import linecache
import sys
from collections.abc import Callable


def give_back() -> None:
    """Return freed heap pages after something large was let go.

    The GNU C library keeps them for itself otherwise: after reading 5.8 million points tens of
    megabytes stay with the process. Elsewhere (Windows, macOS, musl) nothing more is done
    than to forget lines of source code that are kept for tracebacks.
    """
    # PySide reads the source of each module imported after it, and the lines stay: 20 MB.
    linecache.clearcache()
    trim = _trim()
    if trim is not None:
        trim(0)


@functools.cache
def _trim() -> Callable[[int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    trim.argtypes, trim.restype = [ctypes.c_size_t], ctypes.c_int
    return trim

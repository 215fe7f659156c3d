"""Give memory that was freed back to the system, so that it can be had by others."""

from __future__ import annotations

import contextlib
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


LARGE = 4 * 2**20
"""Bytes from which on a block of memory is the system's again as soon as it is freed."""


@functools.cache
def keep_large_apart() -> None:
    """Have large arrays lie beside the heap from now on, for a process that lives long; does so once.

    The GNU C library puts blocks of up to 32 MiB among small ones once some were freed; each small one
    that lives on keeps pages of theirs. After 400 flights over a city 80 of 540 MiB were such pages.
    Elsewhere nothing is done.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(ctypes.c_int(_MMAP_THRESHOLD), ctypes.c_int(LARGE))


_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD in malloc.h


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

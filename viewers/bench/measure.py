"""One figure, and how a piece of work is run alone in a fresh process to get it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import orjson
import psutil

from layers.errors import CityError

STARTED = "DOTHI_STARTED"
"""Tells a process when it was started, seconds since 1970: the system knows it to a second only."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A measured value, and its ratio to what it is measured against.

    Attributes
    ----------
    name, size : which benchmark, on how much
    metric, value, unit : what was measured
    against, ratio : the alternative measured in the same run, and `value` ÷ its value; "" and None
        where there is none
    limit : what the ratio (or, without one, the value) must not exceed; None where not asked
    """

    name: str
    size: str
    metric: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None
    limit: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the limit is kept; None where there is none."""
        if self.limit is None:
            return None
        return (self.value if self.ratio is None else self.ratio) <= self.limit


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """What a process printed (its last line, JSON), how long it ran, and its peak memory."""

    said: dict[str, Any]
    seconds: float
    peak_mb: float


def run_alone(
    arguments: Sequence[str], *, timeout: float = 600.0, under: Sequence[str] = ()
) -> Ran:
    """Run `python ARGUMENTS` in a fresh process and watch its memory (children included).

    `under` is a command that starts it, as xvfb-run.

    Raises
    ------
    CityError
        It failed, or took longer than `timeout` seconds.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        [*under, sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, STARTED: repr(time.time())},
    )
    peak = 0
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        peak = max(peak, _resident(watched))
        if time.perf_counter() - started > timeout:
            process.kill()
            raise CityError(f"A benchmark took longer than {timeout:.0f} s: {' '.join(arguments)}")
        time.sleep(0.01)
    seconds = time.perf_counter() - started
    assert process.stdout is not None and process.stderr is not None
    output, errors = process.stdout.read(), process.stderr.read()
    if process.returncode != 0:
        raise CityError(f"A benchmark failed: {errors.decode(errors='replace').strip()[-800:]}")
    lines = output.decode().strip()
    said = orjson.loads(lines if lines.startswith("{\n") else lines.splitlines()[-1])
    return Ran(said=said, seconds=seconds, peak_mb=peak / 2**20)


def _resident(process: psutil.Process) -> int:
    try:
        family = [process, *process.children(recursive=True)]
        return sum(one.memory_info().rss for one in family)
    except psutil.Error:
        return 0

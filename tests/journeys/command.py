"""Runs `dothi` in a folder and holds it to the manners every command has."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a command ended; `peak` is its memory in bytes."""

    status: int
    out: str
    said: str
    seconds: float = 0.0
    peak: int = 0


def contents(folder: Path) -> dict[str, bytes | None]:
    """All that is in `folder`; None stands for a folder."""
    return {
        found.relative_to(folder).as_posix(): found.read_bytes() if found.is_file() else None
        for found in sorted(folder.rglob("*"))
    }


def dothi(*arguments: str | Path, environment: dict[str, str] | None = None, **more: Any) -> Answer:
    """The real command in a process of its own, without a display."""
    known = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "viewers.cli", *map(str, arguments)],
        env=known | (environment or {}),
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
    )
    watched = psutil.Process(process.pid)
    peak = [0]

    def watch() -> None:
        while True:
            try:
                peak[0] = max(peak[0], watched.memory_info().rss)
            except psutil.Error:
                return
            time.sleep(0.01)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    out, said = process.communicate(timeout=120)
    watcher.join(timeout=5)
    return Answer(
        status=process.returncode,
        out=(out or b"").decode("utf-8"),
        said=(said or b"").decode("utf-8"),
        seconds=time.perf_counter() - started,
        peak=peak[0],
    )


def check_refusal(answer: Answer, *words: str) -> None:
    """Status 1, nothing on standard output, one or two plain lines with all `words` in them."""
    assert answer.status == 1, (answer.status, answer.said, answer.out)
    assert answer.out == ""
    lines = answer.said.strip().splitlines()
    assert 1 <= len(lines) <= 2, answer.said
    assert lines[0].startswith("dothi: ")
    for sign in ("Traceback", "Error:", 'File "'):
        assert sign not in answer.said
    for word in words:
        assert word in answer.said, (word, answer.said)


def unprivileged() -> dict[str, Any]:
    """What `dothi` needs so that the rights of files bind it, as they bind anybody but root."""
    if os.name == "nt":
        pytest.skip("Windows: rights of a folder are set in another way")
    if os.geteuid() != 0:
        return {}
    if sys.platform != "linux":
        pytest.skip("only Linux lets root give up its right to write anywhere")
    return {"preexec_fn": _bound_by_rights}


def _bound_by_rights() -> None:
    """CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH (1 and 2) leave the bounding set, see capabilities(7);
    a program started from here does not have them."""
    drop_from_bounding_set = 24  # PR_CAPBSET_DROP
    for capability in (1, 2):
        if ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0):
            os._exit(99)

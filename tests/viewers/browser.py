"""A real browser without a window, driven over its own pipe; only what the tests of pages need.

Chrome DevTools Protocol (chromedevtools.github.io/devtools-protocol), messages end with a zero byte.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE_S = 120.0


def found() -> str:
    """The browser of this computer; without one the test is skipped, but fails in CI."""
    name = next((path for path in map(shutil.which, NAMES) if path), None)
    if name is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs a browser: install chromium")
        pytest.skip("no browser: install chromium")
    return name


class Browser:
    """One page of a browser, with all that it asked for and complained of."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive = send, receive
        self._number, self._left = 0, b""
        self._session = ""
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def open(self, url: str, size: tuple[int, int]) -> None:
        """Load `url` in a page of `size` pixels."""
        page = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=size[0], height=size[1], deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        self.ask("Page.navigate", url=url)

    def ask(self, method: str, **given: Any) -> dict[str, Any]:
        """Call a method of the protocol; its answer."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": given}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + PATIENCE_S
        while True:
            told = self._next(end)
            if told.get("id") == self._number:
                assert "error" not in told, told
                return told["result"]
            self._hear(told)

    def _next(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._left:
            assert select.select([self._receive], [], [], max(end - time.monotonic(), 0))[0], (
                "silent"
            )
            part = os.read(self._receive, 1 << 20)
            assert part, "the browser has gone"
            self._left += part
        told, _, self._left = self._left.partition(b"\0")
        return json.loads(told)

    def _hear(self, told: dict[str, Any]) -> None:
        method, given = told.get("method", ""), told.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(given["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(given["exceptionDetails"])[:500])
        elif method == "Runtime.consoleAPICalled" and given["type"] in ("error", "assert"):
            self.complaints.append(json.dumps(given["args"])[:500])
        elif method == "Log.entryAdded" and given["entry"]["level"] == "error":
            self.complaints.append(given["entry"]["text"])

    def value(self, expression: str) -> Any:
        """What a line of script gives in the page."""
        told = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until the line of script is true."""
        end = time.monotonic() + PATIENCE_S
        while not self.value(expression):
            assert time.monotonic() < end, (expression, self.complaints)
            time.sleep(0.1)

    def press(self, key: str) -> None:
        """A key of the keyboard, as JavaScript names it."""
        numbers = {"PageDown": 34, "PageUp": 33, "Home": 36, "End": 35, "Escape": 27, " ": 32}
        code = numbers.get(key, ord(key[0].upper()))
        for kind in ("rawKeyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """The left button pressed, moved, released."""
        for kind, (x, y) in (
            ("mousePressed", start), ("mouseMoved", end), ("mouseReleased", end),
        ):  # fmt: skip
            self.ask(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1,
                clickCount=1,
            )  # fmt: skip

    def picture(self) -> NDArray[np.uint8]:
        """What is seen: uint8 (height, width, 3)."""
        data = base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@contextlib.contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser with a profile of its own in `folder`, drawing in software; ended at the end."""
    import fcntl  # not on Windows, where this test has no browser

    program = found()
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    options = (
        "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={folder}", "--no-sandbox",
        "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage",
        "--disable-background-networking", "--no-first-run", "--lang=en", "about:blank",
    )  # fmt: skip
    high_read, high_write = (fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (to_read, from_write))

    def ends() -> None:  # the browser reads from 3 and writes to 4
        os.dup2(high_read, 3)
        os.dup2(high_write, 4)

    process = subprocess.Popen(
        [program, *options],
        preexec_fn=ends,
        pass_fds=(3, 4),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(high_read)
    os.close(high_write)
    os.close(to_read)
    os.close(from_write)
    try:
        yield Browser(to_write, from_read)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()
        os.close(to_write)
        os.close(from_read)

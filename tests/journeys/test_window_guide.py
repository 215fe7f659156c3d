"""The guide of the window says what the program does: keys, pictures, links."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtGui import QImage

from viewers.action_table import ACTIONS as OWN
from viewers.tools import registry

GUIDE = Path(__file__).parents[2] / "docs" / "guide"


def test_the_guide_lists_every_shortcut_and_no_other():
    text = (GUIDE / "window.md").read_text(encoding="utf-8").split("## Keyboard")[1]
    rows = re.findall(r"^\| (`.+) \| (.+) \|$", text, re.MULTILINE)
    said = {what: tuple(re.findall(r"`([^`]+)`", keys)) for keys, what in rows}
    table = [spec for spec in (*OWN, *registry.table()) if spec is not None]
    assert said == {spec.text.rstrip("…"): spec.keys for spec in table if spec.keys}


def test_every_picture_and_page_the_guide_names_is_there_and_light():
    for page in GUIDE.glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            if "://" in target:
                continue
            path = (page.parent / target).resolve()
            assert path.exists(), f"{page.name} names {target}"
            if path.suffix == ".jpg":
                assert not QImage(str(path)).isNull(), target
                assert path.stat().st_size <= 350_000, target

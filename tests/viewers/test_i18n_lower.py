"""What lower floors say on the way of every import is said in Vietnamese."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from layers.readers.registry import reader_for
from viewers import i18n

ROOT = Path(i18n.__file__).parents[1]
SAID = ("layers/builders", "layers/readers/registry.py", "layers/atomic.py", "twin/edits")
ERRORS = ("CityError", "ReadError", "CrsError", "WriteError", "Notice")


def sentences() -> list[str]:
    """Constants and f-strings given as `what` or `hint`, with X for each place."""
    found: list[str] = []
    for start in SAID:
        folder = ROOT / start
        for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS:
                    given = [
                        *node.args,
                        *(k.value for k in node.keywords if k.arg in ("what", "hint")),
                    ]
                    found += [text for value in given if (text := _text(value)) and " " in text]
    return found


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        parts = [v.value if isinstance(v, ast.Constant) else "X7" for v in node.values]
        return "".join(str(part) for part in parts)
    return ""


def test_most_sentences_of_builders_edits_and_writing_are_known():
    i18n.set_language("vi")
    said = {text for text in sentences() if not re.fullmatch(r"(X7\W*)+", text)}
    unknown = sorted(text for text in said if i18n.say(text) == text)
    assert len(said) > 60
    # What a developer's mistake says (an array of the wrong shape) may stay English.
    assert len(unknown) <= len(said) * 0.1, unknown


def test_the_trap_of_heights_is_said_with_its_reason():
    i18n.set_language("vi")
    said = i18n.say(
        "The column “height” does not hold heights of buildings in metres: "
        "half of the values are below 1.3, and no city is 2.2 m high"
    )
    assert said == (
        "Cột “height” không phải chiều cao công trình theo mét: "
        "một nửa giá trị dưới 1,3, mà không thành phố nào chỉ cao 2,2 m"
    )


def test_numbers_inside_sentences_follow_the_language():
    i18n.set_language("vi")
    assert i18n.say("75 outlines are smaller than 1 m²") == "75 đường bao nhỏ hơn 1 m²"
    assert i18n.say("5,299 of 5,299 heights are not measured (5,299 by default)") == (
        "5.299 trên 5.299 chiều cao không đo đạc (5.299 theo giả định)"
    )


def test_undo_labels_are_said():
    from twin.edits.registry import SetBuildingHeight

    i18n.set_language("vi")
    label = SetBuildingHeight(layer="b", building="h-0", height=27.5).label
    assert i18n.say(label) == "đặt h-0 cao 27,5 m"


def test_a_real_error_of_the_registry_is_said(tmp_path):
    i18n.set_language("vi")
    with pytest.raises(Exception, match="not known") as refused:
        reader_for(tmp_path / "plan.xyz9")
    what, hint = i18n.said_error(refused.value)
    assert what == "plan.xyz9: không hỗ trợ loại tệp này"
    assert hint.startswith("Hỗ trợ: ")

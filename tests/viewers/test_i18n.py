"""Words: the Vietnamese table is complete and keeps its placeholders."""

from __future__ import annotations

import ast
import re
import unicodedata
from pathlib import Path

import pytest

from layers.errors import CityError, ReadError
from viewers import i18n

VIEWERS = Path(i18n.__file__).parent
LOWER = [VIEWERS.parent / floor for floor in ("layers", "twin")]
PLACE = re.compile(r"\{(\w+)\}")


def said_strings() -> dict[str, str]:
    """Every constant given to `tr` or `mark` in viewers, and where it stands."""
    found: dict[str, str] = {}
    for path in sorted(VIEWERS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("tr", "mark"):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found[first.value] = f"{path.name}:{node.lineno}"
    return found


def test_the_walk_finds_the_strings():
    found = said_strings()
    assert len(found) > 200
    assert "Open files…" in found


def test_every_string_of_the_window_is_translated():
    known = i18n.table("vi")["window"]
    missing = {text: where for text, where in said_strings().items() if text not in known}
    assert missing == {}


def test_no_translation_is_left_over_or_empty():
    said = said_strings()
    known = i18n.table("vi")["window"]
    assert [text for text in known if text not in said] == []
    assert [text for text, words in known.items() if not words.strip()] == []


@pytest.mark.parametrize("section", ["window", "messages"])
def test_translations_keep_the_placeholders(section):
    for text, words in i18n.table("vi")[section].items():
        assert set(PLACE.findall(words)) <= set(PLACE.findall(text)), text
        if section == "window":
            assert set(PLACE.findall(words)) == set(PLACE.findall(text)), text


def test_translations_are_in_composed_unicode():
    for section in i18n.table("vi").values():
        for words in section.values():
            assert words == unicodedata.normalize("NFC", words)


def test_ellipsis_follows_the_english_word():
    for text, words in i18n.table("vi")["window"].items():
        assert text.endswith("…") == words.endswith("…"), text


def test_numbers_and_dates_follow_the_language(qapp):
    from datetime import date

    assert i18n.number(1234.5, 1) == "1,234.5"
    assert i18n.day(date(2026, 6, 21)) == "21 Jun 2026"
    i18n.set_language("vi")
    assert i18n.number(1234.5, 1) == "1.234,5"
    assert i18n.day(date(2026, 6, 21)) == "21/06/2026"
    assert i18n.tr("Save") == "Lưu"


def test_an_error_of_a_lower_floor_is_said_in_vietnamese(qapp):
    i18n.set_language("vi")
    error = ReadError("cau.tif is empty (0 bytes)", hint="Copy or download it again.")
    what, hint = i18n.said_error(error)
    assert what == "cau.tif rỗng (0 byte)"
    assert hint == "Hãy sao chép hoặc tải lại tệp."


def test_a_sentence_nobody_knows_is_shown_as_it_is(qapp):
    i18n.set_language("vi")
    assert i18n.said_error(CityError("Quite unheard of"))[0] == "Quite unheard of"


def test_an_unexpected_failure_says_what_to_try(qapp):
    what, hint = i18n.said_error(ZeroDivisionError("division by zero"))
    assert "division by zero" in what
    assert hint


def test_the_legend_says_methods_in_the_words_of_the_inspector():
    from viewers.i18n import say, set_language
    from viewers.panels.kinds import METHODS
    from viewers.scene.colouring import METHOD_WORDS

    assert METHOD_WORDS == METHODS
    set_language("vi")
    try:
        assert say(METHOD_WORDS["lidar"]) == "Đo bằng LiDAR"
    finally:
        set_language("en")

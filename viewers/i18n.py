"""Words on the screen: English in the source, Vietnamese from a table, switchable at run time."""

from __future__ import annotations

import functools
import json
import re
from datetime import date, datetime
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from layers.errors import CityError
from layers.notices import Notice
from layers.plurals import agreed
from viewers.resource import RESOURCES

LANGUAGES = {"en": "English", "vi": "Tiếng Việt"}

_language = "en"
_translator: _QtWords | None = None


@functools.cache
def table(code: str) -> dict[str, dict[str, str]]:
    """The three tables of a language: "window" (ours), "messages" (lower floors), "qt"."""
    if code == "en":
        return {"window": {}, "messages": {}, "qt": {}}
    loaded: dict[str, dict[str, str]] = _words(f"{code}.json")
    # Where two files say the same sentence, the main one goes first and is heard.
    for name in (f"notices.{code}.json", f"health.{code}.json"):
        for english, said in _words(name).items():
            loaded["messages"].setdefault(english, said)
    return loaded


def _words(name: str) -> Any:
    return json.loads((RESOURCES / "translations" / name).read_text(encoding="utf-8"))


def language() -> str:
    """Code of the language now: "en" or "vi"."""
    return _language


def system_language() -> str:
    """The language of the computer if we speak it, else English."""
    code = QLocale.system().name().split("_")[0]
    return code if code in LANGUAGES else "en"


def set_language(code: str) -> None:
    """Speak `code` from now on; every widget gets a `LanguageChange` event."""
    global _language, _translator
    _language = code if code in LANGUAGES else "en"
    QLocale.setDefault(locale())
    app = QCoreApplication.instance()
    if app is None:
        return
    if _translator is None:
        _translator = _QtWords()
        app.installTranslator(_translator)
    if isinstance(app, QApplication):
        for widget in app.topLevelWidgets():
            app.sendEvent(widget, QEvent(QEvent.Type.LanguageChange))


def forget_translator() -> None:
    """Take our words out of Qt; part of closing."""
    global _translator
    app = QCoreApplication.instance()
    if _translator is not None and app is not None:
        app.removeTranslator(_translator)
    _translator = None


def tr(text: str, **values: object) -> str:
    """`text` in the language now, with {placeholders} filled from `values`."""
    said = table(_language)["window"].get(text, text)
    return said.format(**values) if values else said


def mark(text: str) -> str:
    """`text` as it is: it stands in a table and is given to `tr` when shown."""
    return text


# -- sentences of the lower floors ----------------------------------------------------------------


@functools.cache
def _patterns(code: str) -> list[tuple[re.Pattern[str], str]]:
    """English sentences with {places} as patterns; the ones with most fixed text first."""
    found = []
    for english, said in table(code)["messages"].items():
        if "{" not in english:
            continue
        parts = re.split(r"\{(\w+)\}", english)
        fixed = sum(len(part) for part in parts[::2])
        seen: set[str] = set()
        pattern = ""
        for index, part in enumerate(parts):
            if index % 2 == 0:
                pattern += re.escape(part)
            elif part in seen:
                pattern += f"(?P=p{part})"
            else:
                seen.add(part)
                pattern += f"(?P<p{part}>.+?)"
        found.append((fixed, re.compile(pattern, re.DOTALL), said))
    found.sort(key=lambda entry: -entry[0])
    return [(pattern, said) for _, pattern, said in found]


def prepare() -> None:
    """Make ready what takes a while, for all languages; for a worker, before it is needed."""
    for code in LANGUAGES:
        _patterns(code)


def say(sentence: str) -> str:
    """A sentence from a lower floor in the language now; the sentence itself where unknown."""
    if _language == "en" or not sentence:
        return agreed(sentence)
    known = table(_language)
    exact = known["messages"].get(sentence) or known["window"].get(sentence)
    if exact is not None:
        return exact
    for pattern, said in _patterns(_language):
        match = pattern.fullmatch(sentence)
        if match:
            return _filled(said, match)
    return sentence


_PLACE = re.compile(r"\{(\w+)\}")


def _filled(said: str, match: re.Match[str]) -> str:
    return _PLACE.sub(lambda place: _word(match[f"p{place[1]}"]), said)


def _word(value: str) -> str:
    """What stands in a placeholder: a sentence of its own, or a number."""
    if _ENGLISH_NUMBER.fullmatch(value):
        return value.translate(_SWAPPED)
    return say(value)


_ENGLISH_NUMBER = re.compile(r"-?\d{1,3}(,\d{3})*(\.\d+)?")
_SWAPPED = str.maketrans(",.", ".,")


def said_error(error: BaseException) -> tuple[str, str]:
    """(what happened, what to try) of `error`, in the language now."""
    if isinstance(error, CityError):
        return say(error.what), say(error.hint)
    return (
        tr("Something unexpected went wrong: {error}", error=f"{type(error).__name__}: {error}"),
        tr(
            "Save your project, then try again. If it happens again, tell the people who make Dothi."
        ),
    )


def said_notice(notice: Notice) -> tuple[str, str]:
    """(what, hint) of `notice`, in the language now."""
    return say(notice.what), say(notice.hint)


# -- numbers and dates ----------------------------------------------------------------------------


def locale() -> QLocale:
    """Numbers and dates of the language now."""
    if _language == "vi":
        return QLocale(QLocale.Language.Vietnamese, QLocale.Country.Vietnam)
    return QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom)


def number(value: float, digits: int = 0) -> str:
    """`value` with `digits` decimals as the language writes it: 1,234.5 or 1.234,5."""
    if value != value:
        return "–"
    return locale().toString(float(value), "f", digits)


def whole(value: int) -> str:
    """A count as the language writes it."""
    return locale().toString(int(value))


def day(value: date | datetime) -> str:
    """A date as the language writes it: 21 Jun 2026 or 21/06/2026."""
    if _language == "vi":
        return f"{value.day:02}/{value.month:02}/{value.year}"
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class _QtWords(QTranslator):
    """Qt's own words ("Cancel", "Copy", file dialogs) from our table."""

    def translate(
        self, context: str, text: str, disambiguation: str | None = None, n: int = -1
    ) -> str:
        return table(_language)["qt"].get(text, text)

    def isEmpty(self) -> bool:
        return False

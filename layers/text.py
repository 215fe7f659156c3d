"""Which of the old encodings a file's texts are in, and the same texts in Unicode, NFC.

Known are UTF-8, CP1258 (tone marks behind their letter), TCVN3 (ABC), VNI, and Latin-1 or CP1252
for other languages; also texts that somebody has already read with the wrong one: TCVN3, VNI,
CP1258 or UTF-8 taken for Latin-1, as in "Hµ Néi", "Haø Noäi" and "HÃ\xa0 Ná»™i" for "Hà Nội".

Limits: TCVN3 has no capitals with a tone, its capital fonts draw the small letters. A text with a
word in capitals around such a letter ("NéI") is therefore written in capitals as a whole; a lone
"Hµ" stays "Hà".
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from layers.errors import ReadError
from layers.vietnamese import TCVN3, VNI, VNI_CODE, is_syllable

ENCODINGS = ("utf-8", "cp1258", "tcvn3", "vni", "cp1252", "latin-1")
MANGLED = ("tcvn3", "vni", "cp1258", "utf-8")
"""What may have been taken for Latin-1 or CP1252 before it came to us."""

_LATIN_PRIOR = 0.4  # share of proper syllables above which Vietnamese beats any Western language
_SMOOTHING = 1.6  # one marked word proves nothing, two proper syllables do
_MOST_TOKENS = 20_000  # a file's distinct words beyond these change no score
_TOKEN = re.compile(rb"[A-Za-z\x80-\x9f\xa1-\xff]+")
_BEYOND = re.compile("[^\x00-\xff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
_LATIN_EDGES = "²³°º½¼¾·´`“”‘’„‚–—…«»•™"
_ALIASES = {
    "utf8": "utf-8",
    "abc": "tcvn3",
    "tcvn-5712-3": "tcvn3",
    "vni-windows": "vni",
    "windows-1258": "cp1258",
    "windows-1252": "cp1252",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "ascii": "latin-1",
}


class Detection(NamedTuple):
    """The encoding found, one of `ENCODINGS` or "" for "as it is", and how sure that is (0…1)."""

    encoding: str
    confidence: float


def detect(raw: Iterable[bytes]) -> Detection:
    """The encoding of all texts of one file together; texts of pure ASCII say nothing.

    Valid UTF-8 wins (a last letter cut off by a narrow field is tolerated). Else each Vietnamese
    encoding is scored by the share of marked words that become proper syllables, against
    Latin-1 by the share of words that are made of letters in sensible case.
    """
    texts = {text for text in raw if not text.isascii()}
    if not texts:
        return Detection("utf-8", 1.0)
    good = sum(_utf8_kind(text) for text in texts)
    bad = sum(_utf8_kind(text) < 0 for text in texts)
    if good > 0 and bad <= 0.01 * len(texts):
        return Detection("utf-8", 1.0 - bad / len(texts))
    tokens = _marked_tokens(texts)
    scores = {name: _syllables(tokens, name) for name in ("cp1258", "tcvn3", "vni")}
    western = "cp1252" if any(0x80 <= b < 0xA0 for token in tokens for b in token) else "latin-1"
    scores[western] = _LATIN_PRIOR * _western(tokens)
    return _best(scores, western)


def unmangled(texts: Iterable[str]) -> Detection:
    """The encoding that texts were in before somebody took them for Latin-1; "" if none.

    Texts with letters beyond Latin-1 and CP1252 were read rightly and speak for "".
    """
    distinct = {text for text in texts if not text.isascii()}
    raw = {text: _as_bytes(text) for text in distinct}
    known = {data for data in raw.values() if data is not None}
    if not known:
        return Detection("", 1.0)
    twice = sum(_utf8_kind(data) > 0 for data in known)
    if twice and twice >= 0.9 * len(known):
        return Detection("utf-8", twice / len(known))
    tokens = _marked_tokens(known)
    share = len(known) / len(distinct)
    scores = {name: share * _syllables(tokens, name) for name in ("cp1258", "tcvn3", "vni")}
    scores[""] = max(_LATIN_PRIOR * _western(tokens), _syllables(tokens, "latin-1"))
    return _best(scores, "")


def decoded(raw: bytes, encoding: str) -> str:
    """`raw` as Unicode, NFC; what the encoding does not define becomes U+FFFD.

    Raises
    ------
    ReadError
        `encoding` is unknown.
    """
    name = known_encoding(encoding)
    if name == "utf-8":
        text = raw[: len(raw) - _cut_off(raw)].decode("utf-8", errors="replace")
    elif name in ("tcvn3", "vni"):
        text = _from_latin(raw.decode("latin-1"), name)
    else:
        text = raw.decode(name, errors="replace")
    return unicodedata.normalize("NFC", text)


def mended(text: str, encoding: str) -> str:
    """`text` that was in `encoding` but taken for Latin-1, put right, NFC; "" only normalises.

    A text with letters that the encoding does not know was read rightly and stays.
    """
    raw = _as_bytes(text) if encoding and not text.isascii() else None
    if raw is None:
        return unicodedata.normalize("NFC", text)
    better = decoded(raw, encoding)
    return unicodedata.normalize("NFC", text) if "\ufffd" in better else better


def encoded(text: str, encoding: str) -> bytes:
    """`text` in one of `ENCODINGS`; capitals with a tone become small in TCVN3, which has none.

    Raises
    ------
    UnicodeEncodeError
        A letter does not exist in that encoding.
    """
    name = known_encoding(encoding)
    text = unicodedata.normalize("NFC", text)
    if name == "tcvn3":
        table = {letter: code for code, letter in TCVN3.items()}
        small = (c if c in table or c.isascii() else c.lower() for c in text)
        return "".join(table.get(c, c) for c in small).encode("latin-1")
    if name == "vni":
        codes = {letter: code for code, letter in VNI.items()}  # the last is the all-capital one
        return "".join(codes.get(c, c) for c in text).encode("latin-1")
    if name == "cp1258":
        return "".join(map(_tone_behind, text)).encode("cp1258")
    return text.encode(name)


def known_encoding(name: str) -> str:
    """`name` as one of `ENCODINGS`, or a name that Python knows.

    Raises
    ------
    ReadError
        Nobody knows it.
    """
    folded = name.strip().lower().replace("_", "-").replace(" ", "-")
    folded = _ALIASES.get(folded, folded)
    if folded in ENCODINGS:
        return folded
    try:
        "".encode(folded)
    except LookupError:
        raise ReadError(
            f"The text encoding “{name}” is not known",
            hint=f"Choose one of {', '.join(ENCODINGS)}, or leave it empty to find out.",
            code="encoding-unknown",
        ) from None
    return folded


def _best(scores: dict[str, float], fallback: str) -> Detection:
    name = max(scores, key=lambda key: (scores[key], key == fallback))
    total = sum(scores.values())
    return Detection(name, scores[name] / total) if total > 0 else Detection(fallback, 0.0)


def _marked_tokens(raw: Iterable[bytes]) -> Sequence[bytes]:
    tokens = {t for text in raw for t in _TOKEN.findall(text) if not t.isascii()}
    return sorted(tokens)[:: len(tokens) // _MOST_TOKENS + 1]


def _syllables(tokens: Sequence[bytes], encoding: str) -> float:
    proper = sum(is_syllable(decoded(token, encoding)) for token in tokens)
    return proper / (len(tokens) + _SMOOTHING)


def _western(tokens: Sequence[bytes]) -> float:
    return sum(map(_is_western, tokens)) / len(tokens) if tokens else 0.0


def _is_western(token: bytes) -> bool:
    word = token.decode("cp1252", errors="replace").strip(_LATIN_EDGES)
    if any(not c.isalpha() or c in "µª" for c in word):
        return False
    return not any(a.islower() and b.isupper() for a, b in itertools.pairwise(word))


def _utf8_kind(raw: bytes) -> int:
    """1 for UTF-8 with marked letters, 0 where only a cut-off letter remains, −1 for others."""
    try:
        return 0 if raw[: len(raw) - _cut_off(raw)].decode("utf-8").isascii() else 1
    except UnicodeDecodeError:
        return -1


def _cut_off(raw: bytes) -> int:
    """How many bytes at the end are the beginning of a letter whose rest was cut off."""
    for back in range(1, min(3, len(raw)) + 1):
        byte = raw[-back]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if back < length else 0
        if byte < 0x80:
            return 0
    return 0


def _as_bytes(text: str) -> bytes | None:
    """The bytes that Latin-1 or CP1252 shows as `text`, None where neither does."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        pass
    if _BEYOND.search(text):
        return None
    return b"".join(
        letter.encode("latin-1" if ord(letter) < 0x100 else "cp1252") for letter in text
    )


def _from_latin(text: str, encoding: str) -> str:
    if encoding == "vni":
        parts = VNI_CODE.split(text)
        codes = [VNI[code] for code in VNI_CODE.findall(text)] + [""]
        return "".join(_unknown(part) + code for part, code in zip(parts, codes, strict=True))
    result = "".join(TCVN3.get(c) or _unknown(c) for c in text)
    return result.upper() if _drawn_as_capitals(result) else result


def _unknown(text: str) -> str:
    return "".join(c if c.isascii() or c == "\xa0" else "\ufffd" for c in text)


def _drawn_as_capitals(text: str) -> bool:
    """Whether a TCVN3 text was meant for a font of capitals: see the module's limits."""
    if any(c.isascii() and c.islower() for c in text):
        return False
    return any(
        sum(c.isascii() and c.isupper() for c in word) >= 2 and any(c.islower() for c in word)
        for word in text.split()
    )


def _tone_behind(letter: str) -> str:
    """A letter as CP1258 has it: one code, or its base and the tone mark behind."""
    try:
        letter.encode("cp1258")
    except UnicodeEncodeError:
        parts = unicodedata.normalize("NFD", letter)
        tones = [c for c in parts if c in "\u0300\u0301\u0303\u0309\u0323"]
        rest = "".join(c for c in parts if c not in "\u0300\u0301\u0303\u0309\u0323")
        return unicodedata.normalize("NFC", rest) + "".join(tones)
    return letter

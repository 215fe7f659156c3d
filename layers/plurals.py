"""English sentences about one thing: "1 geometries were repaired" said as people say it."""

from __future__ import annotations

import re

_ONE = re.compile(
    r"(?<![\d.,/])\b1 (?P<what>(?:[a-z-]+ ){0,2}?[a-z]+s)\b(?P<rest>[^;:.(]*)", re.IGNORECASE
)
_ONE_OF = re.compile(r"(?<![\d.,/])\b1 of (?P<all>[\d.,]+ (?:[a-z]+ )?[a-z]+s)\b(?P<rest>[^;:.(]*)")
_VERBS = {
    "were": "was",
    "are": "is",
    "have": "has",
    "carry": "carries",
    "do": "does",
    "lie": "lies",
    "stand": "stands",
    "hold": "holds",
    "share": "shares",
    "repeat": "repeats",
    "overlap": "overlaps",
    "miss": "misses",
    "stop": "stops",
    "stick": "sticks",
    "need": "needs",
    "name": "names",
    "enclose": "encloses",
}
_VERB = re.compile(rf"\b({'|'.join(_VERBS)})\b")
_SAME = frozenset({"metres", "was", "is", "has", "this", "its", "across", "us", "yes"})


def agreed(sentence: str) -> str:
    """`sentence` with noun and verb in the singular wherever it counts one thing."""
    if "1 " not in sentence:
        return sentence
    said = _ONE_OF.sub(lambda m: f"1 of {m['all']}{_singular_verbs(m['rest'])}", sentence)
    return _ONE.sub(_one, said)


def _one(match: re.Match[str]) -> str:
    words = match["what"].split(" ")
    if words[0] == "of" or words[-1].lower() in _SAME or words[-1].endswith("ss"):
        return match[0]
    words[-1] = _singular(words[-1])
    return f"1 {' '.join(words)}{_singular_verbs(match['rest'])}"


def _singular_verbs(clause: str) -> str:
    return _VERB.sub(lambda verb: _VERBS[verb[0]], clause)


def _singular(noun: str) -> str:
    if noun.endswith("ies"):
        return f"{noun[:-3]}y"
    if noun.endswith(("ches", "shes", "xes", "sses")):
        return noun[:-2]
    return noun[:-1]
